"""The page layouts as data: labels, headings, markers. A new label or layout is a row here, not a branch elsewhere.

Source of every row: the survey of real pages, one layout a generation of the project bank.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from esf_etl.errors import UsageError
from esf_etl.pages.records import HEADER_FIELDS, LIST_FIELDS
from esf_etl.pages.values import READERS

__all__ = [
    "COLON_2014",
    "COLON_2021",
    "GLUED_2007",
    "LAYOUTS",
    "LINES_2014",
    "Heading",
    "Label",
    "Layout",
]


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a header block.

    `fields` are the record fields its value fills (a period fills two); with none, the value is kept as an attribute.
    `reader` names the function of `esf_etl.pages.values` that reads it. `aliases` are other words for the same.
    `yields` marks a label whose fields another label of the page may fill better, wherever that stands. `personal`
    marks values that must not be shown.
    """

    text: str
    fields: tuple[str, ...] = ()
    reader: str = "text"
    aliases: tuple[str, ...] = ()
    yields: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """One section heading: its stable key, its words on the page, and what stands under it.

    A `list` fills the record field named by `key`; `prose` becomes a section.
    """

    key: str
    text: str
    kind: Literal["prose", "list"] = "prose"


@dataclass(frozen=True)
class Layout:
    """One generation of pages.

    `form` says how labels and values stand: `glued` is `LabelValue` on one line with nothing between, `lines` a line
    for the label and one for the value, `colon` the same with `:` after the label. `labels` and `headings` stand in the
    order of the page. `boilerplate` are the lines that say nothing about a project: the first is the logo's, the last
    may follow the header block. `number` is a regular expression for the diary numbers of this generation; where the
    title line begins with one and ` - `, the rest is the title.
    """

    key: str
    programme_period: str
    form: Literal["glued", "lines", "colon"]
    labels: tuple[Label, ...]
    headings: tuple[Heading, ...] = ()
    boilerplate: tuple[str, ...] = ()
    number: str | None = None

    def __post_init__(self) -> None:
        """Refuse a layout that could not be read, when it is made and not when a page comes; raises `UsageError`."""
        words = [*self.label_of, *self.heading_texts]
        if not self.labels or not all(words):
            msg = f"the layout {self.key!r} has no labels, or a label or heading without words."
            raise UsageError(msg)
        for label in self.labels:
            if label.reader not in READERS:
                readers = ", ".join(READERS)
                msg = f"the label {label.text!r} names the reader {label.reader!r}, which is none of {readers}."
                raise UsageError(msg)
            unknown = [name for name in label.fields if name not in HEADER_FIELDS]
            if unknown:
                msg = f"the label {label.text!r} fills {', '.join(unknown)}, which no record has in its header."
                raise UsageError(msg)
        for heading in self.headings:
            if heading.kind == "list" and heading.key not in LIST_FIELDS:
                msg = f"the list {heading.text!r} fills {heading.key}, which is none of {', '.join(LIST_FIELDS)}."
                raise UsageError(msg)

    def __hash__(self) -> int:
        """Of the key alone: the rest is long, and layouts are looked up for every page."""
        return hash(self.key)

    @cached_property
    def label_of(self) -> dict[str, Label]:
        """The label of each word that stands for one, aliases included."""
        return {word: label for label in self.labels for word in (label.text, *label.aliases)}

    @cached_property
    def heading_texts(self) -> tuple[str, ...]:
        """The words of all headings."""
        return tuple(heading.text for heading in self.headings)

    @cached_property
    def heading_ranks(self) -> dict[str, int]:
        """The place of each heading in the order of the page, from 0."""
        return {text: rank for rank, text in enumerate(self.heading_texts)}

    @cached_property
    def list_ranks(self) -> frozenset[int]:
        """The places of the headings that stand over lists."""
        return frozenset(rank for rank, heading in enumerate(self.headings) if heading.kind == "list")

    @cached_property
    def heading_last_letters(self) -> frozenset[str]:
        """The letters headings end in: a line that ends otherwise is none."""
        return frozenset(text[-1] for text in self.heading_texts)

    @cached_property
    def numbered_value(self) -> re.Pattern[str] | None:
        """A value that is a diary number."""
        return None if self.number is None else re.compile(self.number)

    @cached_property
    def numbered_title(self) -> re.Pattern[str] | None:
        """A title line that begins with a diary number: the groups `number` and `title`."""
        return None if self.number is None else re.compile(rf"(?P<number>{self.number})\s+-\s+(?P<title>.+)")


_LOGO = "Logotyp på utskrifter"

HEADINGS_2007 = (
    Heading("summary", "Sammanfattning"),
    Heading("background", "Bakgrund"),
    Heading("purpose", "Syfte"),
    Heading("objectives", "Målsättning"),
    Heading("accessibility", "Tillgänglighet för personer med funktionsnedsättning"),
    Heading("gender_equality", "Jämställdhetsintegrering"),
    Heading("transnational", "Transnationellt samarbete"),
    Heading("co_financiers", "Medfinansiärer", "list"),
    Heading("partners", "Samarbetspartners", "list"),
    Heading("municipalities", "Kommun", "list"),
)

_PERIOD = ("period_start", "period_end")
_REGION = ("region", "nuts2_code")
_AREA = ("programme_area_code", "programme_area")
_OWNER = ("owner", "owner_org_number")

GLUED_2007 = Layout(
    key="glued-2007",
    programme_period="2007-2013",
    form="glued",
    labels=(
        Label("Programområde", _AREA, "named_area"),
        Label("Projektfas", ("phase",)),
        Label("Projektägare", ("owner",)),
        Label("Kontaktperson", ("contact.name",), personal=True),
        Label("E-post", ("contact.email",), personal=True),
        Label("Telefonnummer", ("contact.phone",), personal=True),
        Label("Beviljat ESF-stöd", ("grant_sek",), "kronor"),
        Label("Total projektbudget", ("budget_sek",), "kronor"),
        Label("Projektperiod", _PERIOD, "period"),
        Label("Region", _REGION, "region"),
    ),
    headings=HEADINGS_2007,
    boilerplate=(_LOGO, "In English"),
)

LINES_2014 = Layout(
    key="lines-2014",
    programme_period="2014-2020",
    form="lines",
    labels=(
        Label("Programområde", _AREA, "coded_area"),
        Label("Region", _REGION, "region"),
        Label("Utlysning"),
        Label("Projektägare", _OWNER, "owner"),
        Label("Projektnummer", ("project_number",)),
        Label("Planerat antal deltagare", ("participants_planned",), "count"),
        Label("Projektperiod", _PERIOD, "period"),
        Label("Total projektbudget", ("budget_sek",), "kronor_or_goal"),
        Label("Beviljat ESF-stöd", ("grant_sek",), "kronor_or_goal"),
        Label("Kontaktperson", ("contact.name",), personal=True),
        Label("E-post", ("contact.email",), personal=True),
        Label("Telefonnummer", ("contact.phone",), personal=True),
    ),
    headings=HEADINGS_2007,
    boilerplate=(_LOGO,),
    number=r"[0-9]{4}/[0-9]{3,6}",
)

COLON_2014 = Layout(
    key="colon-2014",
    programme_period="2014-2020",
    form="colon",
    labels=(
        Label("Diarienummer", ("diary_number",)),
        Label("Namn", ("title",), aliases=("Name",)),
        Label("Startdatum", ("period_start",), "date"),
        Label("Slutdatum", ("period_end",), "date"),
        Label("Projektnummer", ("project_number",)),
        Label("Projektägare", _OWNER, "owner"),
        Label("Region", _REGION, "region"),
        Label("Planerat antal deltagare", ("participants_planned",), "count"),
        Label("Projektperiod", _PERIOD, "period", yields=True),
        Label("Total projektbudget", ("budget_sek",), "kronor_or_goal"),
        Label("Total Kostnader"),
        Label("Beviljat ESF-stöd", ("grant_sek",), "kronor_or_goal"),
        Label("Kontaktperson", ("contact.name",), personal=True),
        Label("E-post", ("contact.email",), personal=True),
        Label("Telefonnummer", ("contact.phone",), personal=True),
        Label("Stödmottagare postnr"),
        Label("Stödmottagarens address"),
        Label("Programområde", _AREA, "coded_area"),
        Label("Specifikt mål", ("specific_objective",)),
        Label("Unionens medfinansieringsgrad", ("cofinancing_rate",), "percent"),
        Label("Interventionstyp"),
    ),
    boilerplate=(_LOGO,),
    number=r"[0-9]{4}/[0-9]{3,6}",
)

COLON_2021 = Layout(
    key="colon-2021",
    programme_period="2021-2027",
    form="colon",
    labels=(
        Label("Diarienummer", ("diary_number",)),
        Label("Namn", ("title",), aliases=("Name",)),
        Label("Startdatum", ("period_start",), "date"),
        Label("Slutdatum", ("period_end",), "date"),
        Label("Land som berörs"),
        Label("Berörd fond", aliases=("Fond",)),
        Label("Programperiod"),
        Label("Program CCI"),
        Label(
            "Projektägare organisationsnummer",
            ("owner_org_number",),
            "org_number",
            aliases=("Projektägare org.nr.", "Projektägare org.nr"),
            personal=True,
        ),
        Label("Projektägare", _OWNER, "owner", yields=True),
        Label("Unionens medfinansieringsgrad", ("cofinancing_rate",), "percent"),
        Label("Programområde", _AREA, "coded_area"),
        Label("Specifikt mål", ("specific_objective",)),
        Label("Sekundärtema - Motverka barnfattigdom"),
        Label("Region", _REGION, "region", yields=True),
        Label("NUTS-2 kod", ("nuts2_code",), "nuts2"),
        Label("Stödmottagare postnr"),
        Label("Stödmottagare ort"),
        Label("Interventionstyp"),
        Label("Antal deltagare", ("participants_planned",), "count"),
        Label("Insats av strategisk betydelse"),
        Label("Projektnummer", ("project_number",)),
        Label("Total projektbudget", ("budget_sek",), "kronor_or_goal"),
        Label("Beviljat ESF-stöd", ("grant_sek",), "kronor_or_goal"),
        Label("Kontaktperson", ("contact.name",), personal=True),
        Label("E-post", ("contact.email",), personal=True),
        Label("Telefonnummer", ("contact.phone",), personal=True),
    ),
    boilerplate=(_LOGO,),
    number=r"[0-9]{2}-[0-9]{3}-[A-Z][0-9]{2}",
)

LAYOUTS: tuple[Layout, ...] = (GLUED_2007, LINES_2014, COLON_2014, COLON_2021)
"""The layouts `parse` knows, in the order in which they are tried."""

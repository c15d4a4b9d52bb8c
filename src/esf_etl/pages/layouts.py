"""The page layouts as data: labels, headings, markers. A new label or layout is a row here, not a branch elsewhere.

Source of every row: the survey of real pages, one layout a generation of the project bank.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

__all__ = ["GLUED_2007", "LAYOUTS", "Heading", "Label", "Layout"]


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a header block.

    `fields` are the record fields its value fills (a period fills two), `reader` names the function of
    `esf_etl.pages.values` that reads it, `personal` marks values that must not be shown.
    """

    text: str
    fields: tuple[str, ...]
    reader: str = "text"
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

    `form` says how labels and values stand: `glued` is `LabelValue` on one line, with nothing between. `labels` and
    `headings` stand in the order of the page; the last label is the one whose absence at the end of a page means
    that the page was cut off. `boilerplate` are the lines that say nothing about a project.
    """

    key: str
    programme_period: str
    form: Literal["glued"]
    labels: tuple[Label, ...]
    headings: tuple[Heading, ...]
    boilerplate: tuple[str, ...] = ()

    @cached_property
    def label_words(self) -> tuple[str, ...]:
        """The words of all labels."""
        return tuple(label.text for label in self.labels)

    @cached_property
    def heading_texts(self) -> tuple[str, ...]:
        """The words of all headings."""
        return tuple(heading.text for heading in self.headings)

    @cached_property
    def heading_ranks(self) -> dict[str, int]:
        """The place of each heading in the order of the page, from 0."""
        return {text: rank for rank, text in enumerate(self.heading_texts)}

    @cached_property
    def heading_last_letters(self) -> frozenset[str]:
        """The letters headings end in: a line that ends otherwise is none."""
        return frozenset(text[-1] for text in self.heading_texts)

    @cached_property
    def labels_longest_first(self) -> tuple[Label, ...]:
        """The labels so sorted that one never hides another that it is the beginning of."""
        return tuple(sorted(self.labels, key=lambda label: -len(label.text)))


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

GLUED_2007 = Layout(
    key="glued-2007",
    programme_period="2007-2013",
    form="glued",
    labels=(
        Label("Programområde", ("programme_area_code", "programme_area"), "programme_area"),
        Label("Projektfas", ("phase",)),
        Label("Projektägare", ("owner",)),
        Label("Kontaktperson", ("contact.name",), personal=True),
        Label("E-post", ("contact.email",), personal=True),
        Label("Telefonnummer", ("contact.phone",), personal=True),
        Label("Beviljat ESF-stöd", ("grant_sek",), "kronor"),
        Label("Total projektbudget", ("budget_sek",), "kronor"),
        Label("Projektperiod", ("period_start", "period_end"), "period"),
        Label("Region", ("region", "nuts2_code"), "region"),
    ),
    headings=HEADINGS_2007,
    boilerplate=("Logotyp på utskrifter", "In English"),
)

LAYOUTS: tuple[Layout, ...] = (GLUED_2007,)
"""The layouts `parse` knows, in the order in which they are tried."""

"""Which project a page is of, and whether two pages say the same. The pins must never change."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from esf_etl import Attribute, Contact, Diagnostic, Project, Section, content_digest, parse, project_id
from esf_etl.pages import identity
from esf_etl.pages.identity import title_key

Page = Callable[..., str]

BRIDGES = Project(
    layout="glued-2007",
    programme_period="2007-2013",
    title="Broar till arbete",
    programme_area_code="2",
    programme_area="Ökat arbetskraftsutbud",
    phase="Genomförande",
    owner="Exempelby kommun",
    contact=Contact("Ada Exempel", "ada.exempel@example.se", "0123-456789"),
    grant_sek=Decimal(5222650),
    budget_sek=Decimal(13056000),
    period_start=date(2008, 8, 1),
    period_end=date(2010, 3, 31),
    region="Sydsverige",
    nuts2_code="SE22",
    sections=(Section("background", "Bakgrund", "Text.\nMer text."),),
    co_financiers=("Skolan", "Skolan"),
    partners=("Föreningen",),
    municipalities=("Laholm",),
)
NAMELESS = Project(layout="glued-2007", programme_period="2007-2013")
PLUS = Project(
    layout="glued-2007",
    programme_period="2007-2013",
    title='"Vägen + vidare!"',
    phase="Förprojektering",
    nuts2_code="SE33",
    period_start=date(2013, 12, 31),
    attributes=(Attribute("Övrigt", None), Attribute("Insats", "Nej")),
)
NUMBERED = Project(
    layout="colon-2021",
    programme_period="2021-2027",
    title="Vägen",
    diary_number="22-017-S04",
    project_number="2022/00017",
    cofinancing_rate=Decimal("0.90"),
    participants_planned=0,
)


# ---- project_id -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("project", "pinned"),
    [(BRIDGES, "esf-e569acfa58137ec5"), (NAMELESS, "esf-e2e520174d52366d"), (PLUS, "esf-5d0b5b881d9b72ee")],
    ids=["bridges", "nameless", "plus"],
)
def test_the_id_of_a_project_never_changes(project: Project, pinned: str) -> None:
    assert project_id(project) == pinned


@pytest.mark.parametrize(
    ("diary_number", "project_number", "expected"),
    [
        ("2016/00648", None, "esf-2016-00648"),
        ("22-017-S04", None, "esf-22-017-s04"),
        (" 2016 / 00648 ", None, "esf-2016-00648"),
        (None, "2015/00002", "esf-2015-00002"),
        ("2016/00648", "2015/00002", "esf-2016-00648"),
    ],
)
def test_a_page_with_a_number_has_its_id_from_that(
    diary_number: str | None, project_number: str | None, expected: str
) -> None:
    project = replace(BRIDGES, diary_number=diary_number, project_number=project_number)

    assert project_id(project) == expected
    assert project_id(replace(project, title="Annat", phase=None, nuts2_code=None)) == expected


def test_a_number_without_a_letter_or_a_digit_makes_no_id() -> None:
    assert project_id(replace(BRIDGES, diary_number="–")) == project_id(BRIDGES)
    assert project_id(replace(BRIDGES, diary_number="–", project_number="2015/00002")) == "esf-2015-00002"


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Broar till studier"},
        {"nuts2_code": "SE11"},
        {"phase": "Förprojektering"},
        {"period_start": date(2008, 8, 2)},
        {"title": None},
        {"nuts2_code": None},
        {"phase": None},
        {"period_start": None},
    ],
    ids=str,
)
def test_title_region_phase_and_first_day_make_the_project(change: dict[str, Any]) -> None:
    assert project_id(replace(BRIDGES, **change)) != project_id(BRIDGES)


@pytest.mark.parametrize(
    "change",
    [
        {"source": "b.txt"},
        {"layout": "other"},
        {"programme_area_code": "1"},
        {"owner": "Annan"},
        {"contact": None},
        {"grant_sek": Decimal(1)},
        {"budget_sek": Decimal(1)},
        {"period_end": date(2011, 1, 1)},
        {"region": "Skåne-Blekinge"},
        {"sections": ()},
        {"municipalities": ()},
    ],
    ids=str,
)
def test_nothing_else_does(change: dict[str, Any]) -> None:
    assert project_id(replace(BRIDGES, **change)) == project_id(BRIDGES)


def test_parts_of_the_id_do_not_run_into_each_other() -> None:
    one, other = replace(NAMELESS, title="A", phase="B"), replace(NAMELESS, title="AB")

    assert project_id(one) != project_id(other)


# ---- the title's key ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Broar till arbete", "broar till arbete"),
        ("BROAR TILL ARBETE", "broar till arbete"),
        ("  Broar \u00a0 till\tarbete ", "broar till arbete"),
        ('"Broar till arbete"', "broar till arbete"),
        ("”Broar” till ’arbete’", "broar till arbete"),
        ("«Broar» till ‹arbete›", "broar till arbete"),
        ("Ada's väg", "adas väg"),
        ("Broar - till/arbete!", "broar till arbete"),
        ("Broar– till: (arbete).", "broar till arbete"),
        ("Arbete & studier", "arbete studier"),
        ("50+", "50+"),
        ("Vägen +", "vägen +"),
        ("Vägen", "vägen"),
        ("Öar, åar", "öar åar"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("100 %", "100"),
        ("!", ""),
    ],
)
def test_a_titles_key_drops_what_deliveries_differ_in(title: str, key: str) -> None:
    assert title_key(title) == key


@pytest.mark.parametrize("title", ["Åtta öar", "Élan på café", "Vägen \u212b", "İstanbul"])
def test_composed_and_decomposed_titles_have_one_key(title: str) -> None:
    assert title_key(unicodedata.normalize("NFD", title)) == title_key(unicodedata.normalize("NFC", title))
    assert unicodedata.is_normalized("NFC", title_key(title))


def test_a_plus_tells_titles_apart() -> None:
    assert project_id(replace(BRIDGES, title="Broar +")) != project_id(replace(BRIDGES, title="Broar"))


def test_swedish_letters_tell_titles_apart() -> None:
    assert len({title_key(title) for title in ("Häst", "Hast", "Håst")}) == 3


# ---- content_digest -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("project", "pinned"),
    [
        (BRIDGES, "9e226b856334b47a9c79ca56a5b80fcc"),  # pragma: allowlist secret
        (NAMELESS, "3eb760f21e2ede4bb201aebe4983e6b0"),  # pragma: allowlist secret
        (PLUS, "ce8ceff1fbc358497f8fefaf1af93af9"),  # pragma: allowlist secret
        (NUMBERED, "bb8a39919bc8fa586d06b6e88f7da925"),  # pragma: allowlist secret
    ],
    ids=["bridges", "nameless", "plus", "numbered"],
)
def test_the_digest_of_what_a_page_says_never_changes(project: Project, pinned: str) -> None:
    assert content_digest(project) == pinned


@pytest.mark.parametrize(
    "change",
    [
        {"contact": None},
        {"contact": Contact("Bo Exempel")},
        {"source": "b.txt"},
        {"layout": "colon-2014"},
        {"diagnostics": (Diagnostic("banner-line", "info", 3, "…"),)},
        {"grant_sek": Decimal("5222650.00")},
    ],
    ids=str,
)
def test_contact_source_layout_and_diagnostics_are_no_content(change: dict[str, Any]) -> None:
    assert content_digest(replace(BRIDGES, **change)) == content_digest(BRIDGES)


def test_the_order_of_attributes_is_no_content() -> None:
    turned = replace(PLUS, attributes=PLUS.attributes[::-1])

    assert turned.attributes != PLUS.attributes
    assert content_digest(turned) == content_digest(PLUS)


def test_a_second_contact_line_is_no_content_either(page: Page) -> None:
    one, other = (page().replace("E-post", f"Kontaktperson{name}\nE-post") for name in ("Bo Ek", "Cecilia Ek"))

    assert content_digest(parse(one)) == content_digest(parse(other))


@pytest.mark.parametrize(
    "change",
    [
        {"programme_period": "2014-2020"},
        {"diary_number": "1"},
        {"project_number": "1"},
        {"title": "Broar till arbete!"},
        {"programme_area_code": "1"},
        {"programme_area": "Annat"},
        {"specific_objective": "1"},
        {"phase": None},
        {"owner": None},
        {"owner_org_number": "2120000000"},
        {"grant_sek": Decimal("5222650.5")},
        {"budget_sek": None},
        {"cofinancing_rate": Decimal("0.5")},
        {"period_start": date(2008, 8, 2)},
        {"period_end": None},
        {"region": None},
        {"nuts2_code": None},
        {"participants_planned": 0},
        {"sections": (Section("background", "Bakgrund", "Text."),)},
        {"sections": (Section("purpose", "Bakgrund", "Text.\nMer text."),)},
        {"sections": (Section("background", None, "Text.\nMer text."),)},
        {"co_financiers": ("Skolan",)},
        {"partners": ("Föreningen", "Skolan")},
        {"municipalities": ()},
        {"attributes": (Attribute("Insats"),)},
    ],
    ids=str,
)
def test_everything_else_is_content(change: dict[str, Any]) -> None:
    assert content_digest(replace(BRIDGES, **change)) != content_digest(BRIDGES)


def test_the_order_of_a_list_is_content() -> None:
    one, other = replace(BRIDGES, partners=("A", "B")), replace(BRIDGES, partners=("B", "A"))

    assert content_digest(one) != content_digest(other)


def test_an_item_that_moves_to_another_list_is_content() -> None:
    one, other = replace(NAMELESS, partners=("A",)), replace(NAMELESS, co_financiers=("A",))

    assert content_digest(one) != content_digest(other)


@pytest.mark.parametrize(
    "text", ['sa "ja"', "a\\b", "rad\nrad", "\ttab", "\x00", "\x1f\x7f", "å\u2028\U0001f600", "\ud800", ""]
)
def test_what_is_hashed_of_a_text_is_its_json(text: str) -> None:
    whole = json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")

    assert identity._json_text(text) == whole

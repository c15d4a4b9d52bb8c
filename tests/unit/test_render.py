"""Rendering: the page of a project says what the project says, also where much is absent or odd."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from esf_etl import LAYOUTS, Attribute, Contact, Diagnostic, Layout, Project, Section, parse, parse_bytes, render
from esf_etl.pages.render import NotRenderable

EMPTY = Project(layout="glued-2007", programme_period="2007-2013")
FULL = Project(
    layout="glued-2007",
    programme_period="2007-2013",
    title="Lyftet i dalen",
    programme_area_code="2",
    programme_area="Ökat arbetskraftsutbud",
    phase="Genomförande",
    owner="Föreningen Gärdsgården",
    contact=Contact("Ivar Exempelgren", "ivar.exempelgren@example.se", "08-46500412"),
    grant_sek=Decimal(5222650),
    budget_sek=Decimal(13120391),
    period_start=date(2008, 8, 1),
    period_end=date(2010, 3, 31),
    region="Västsverige",
    nuts2_code="SE23",
    sections=(
        Section("summary", "Sammanfattning", "Ett projekt."),
        Section("background", "Bakgrund", "Så var det.\n\nSå är det."),
        Section("purpose", "Syfte", "Att pröva."),
        Section("objectives", "Målsättning", "• Det första.\n• Det andra."),
        Section("accessibility", "Tillgänglighet för personer med funktionsnedsättning", "Hörslinga finns."),
        Section("gender_equality", "Jämställdhetsintegrering", "Könen är två av tio grunder."),
        Section("transnational", "Transnationellt samarbete", "Ett besök i Finland."),
    ),
    co_financiers=("Näringslivskontoret", "Bygderådet"),
    partners=("Vuxenutbildningen",),
    municipalities=("Laholm", "Falkenberg"),
)
NO_LISTS = replace(FULL, co_financiers=(), partners=(), municipalities=())


def test_a_page_of_a_full_project_reads_as_pages_of_its_layout_do() -> None:
    assert render(replace(FULL, sections=FULL.sections[:1], partners=())).splitlines() == [
        "Logotyp på utskrifter",
        "",
        "Lyftet i dalen",
        "",
        "ProgramområdeProgramområde 2 Ökat arbetskraftsutbud",
        "ProjektfasGenomförande",
        "ProjektägareFöreningen Gärdsgården",
        "KontaktpersonIvar Exempelgren",
        "E-postivar.exempelgren@example.se",
        "Telefonnummer08-46500412",
        "Beviljat ESF-stöd5\u00a0222\u00a0650 kr",
        "Total projektbudget13\u00a0120\u00a0391 kr",
        "Projektperiod2008-08-01 till 2010-03-31",
        "RegionVästsverige",
        "In English",
        "",
        "Sammanfattning",
        "",
        "Ett projekt.",
        "",
        "Medfinansiärer",
        "",
        "  • Näringslivskontoret",
        "  • Bygderådet",
        "",
        "Kommun",
        "",
        "  • Laholm",
        "  • Falkenberg",
    ]


def test_the_page_ends_with_a_line_end() -> None:
    assert render(EMPTY).endswith("\n")


@pytest.mark.parametrize(
    "project",
    [
        pytest.param(EMPTY, id="nothing is given"),
        pytest.param(FULL, id="everything is given"),
        pytest.param(replace(FULL, title=None), id="no title"),
        pytest.param(replace(FULL, owner=None, phase=None, region=None, nuts2_code=None), id="no owner, phase, region"),
        pytest.param(replace(FULL, contact=None), id="no contact"),
        pytest.param(replace(FULL, contact=Contact(None, "info@example.org")), id="an e-mail address only"),
        pytest.param(replace(FULL, contact=Contact("Signe Provdahl", None, "0980 - 319 212")), id="no e-mail address"),
        pytest.param(replace(FULL, grant_sek=None, budget_sek=None), id="no amounts"),
        pytest.param(replace(FULL, period_start=None, period_end=None), id="no period"),
        pytest.param(replace(FULL, programme_area_code=None, programme_area=None), id="no programme area"),
        pytest.param(
            replace(FULL, programme_area_code=None, programme_area="Särskilda medel"), id="an area without code"
        ),
        pytest.param(replace(FULL, region="Nordvästra Riket", nuts2_code=None), id="an unknown region"),
        pytest.param(NO_LISTS, id="no lists"),
        pytest.param(replace(NO_LISTS, municipalities=("Håbo",)), id="the last list only"),
        pytest.param(replace(FULL, sections=()), id="no sections"),
        pytest.param(replace(NO_LISTS, sections=()), id="neither sections nor lists"),
        pytest.param(replace(FULL, sections=FULL.sections[3:4]), id="one section"),
    ],
)
def test_what_is_absent_stays_absent(project: Project) -> None:
    assert parse(render(project)) == project


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Decimal(0), "0 kr"),
        (Decimal(194990), "194\u00a0990 kr"),
        (Decimal(56753391), "56\u00a0753\u00a0391 kr"),
        (Decimal("5222650.50"), "5\u00a0222\u00a0650,50 kr"),
        (Decimal("0.05"), "0,05 kr"),
        (Decimal("9999999999999.99"), "9\u00a0999\u00a0999\u00a0999\u00a0999,99 kr"),
        (Decimal(-1500), "-1\u00a0500 kr"),
    ],
)
def test_amounts_keep_every_ore_and_are_grouped_by_hard_blanks(amount: Decimal, written: str) -> None:
    project = replace(FULL, grant_sek=amount)
    assert f"Beviljat ESF-stöd{written}\n" in render(project)
    assert parse(render(project)).grant_sek == amount


def test_prose_without_a_heading_stands_before_the_first_heading() -> None:
    opening = Section("description", None, "En text utan rubrik.\n\nI två stycken.")
    project = replace(FULL, sections=(opening, *FULL.sections))
    page = render(project)
    assert page.index("I två stycken.") < page.index("Sammanfattning")
    assert parse(page) == project
    assert parse(render(replace(EMPTY, sections=(opening,)))).sections == (opening,)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("En mening\nbruten mitt i.", id="hard line breaks"),
        pytest.param("Före.\n\n\nEfter.", id="two blank lines"),
        pytest.param("- ett\n* två\n• tre\n1. fyra", id="lists of all kinds"),
        pytest.param("  • indragen punkt\n  • en till", id="a list as those at the end of the page"),
        pytest.param("Yrke    Antal\nSvetsare    12", id="a plain-text table"),
        pytest.param("BAKGRUND\nDet började tidigt.", id="a heading's word in capitals"),
        pytest.param("Syfte\nAtt stödja.\n\nMer text.", id="a heading's word with text right below"),
        pytest.param("Mål\n\nAtt nå fram.", id="a sub-heading that is nobody's heading"),
        pytest.param("Kommunen leder.\nRegion och län följer.", id="lines that start with a label or heading"),
        pytest.param("Projektfas: Genomförande\n\nProjektperiod och annat.", id="a label inside prose"),
        pytest.param(". En punkt för mycket.", id="a stray full stop"),
        pytest.param("https://example.se/projekt?id=1", id="a bare address"),
        pytest.param("„Citat” – tankstreck … ½ €", id="signs beyond the keyboard"),
    ],
)
def test_prose_comes_back_to_the_letter(text: str) -> None:
    project = replace(FULL, sections=(Section("background", "Bakgrund", text),))
    assert parse(render(project)) == project


@pytest.mark.parametrize(
    "title",
    [
        '"Alla i jobb!"',
        "9 steg till arbete",
        "vägen in",
        "Framåt +",
        "Kraft -",
        "Region och arbete",
        "Projektägare i samverkan",
        "Syfte",
        'Hälsa: kropp/själ & (liv) – "idag"',
        "Mycket " * 60 + "långt",
    ],
)
def test_titles_come_back_to_the_letter(title: str) -> None:
    project = replace(FULL, title=title)
    assert parse(render(project)) == project


def test_an_organisation_that_stands_twice_in_a_list_stands_twice_on_the_page() -> None:
    project = replace(FULL, partners=("Vuxenutbildningen", "Bygderådet", "Vuxenutbildningen"))
    assert render(project).count("  • Vuxenutbildningen\n") == 2
    assert parse(render(project)) == project


def test_long_lists_keep_their_order() -> None:
    project = replace(FULL, co_financiers=tuple(f"Förening {number}" for number in range(200, 0, -1)))
    assert parse(render(project)) == project


def test_list_items_may_look_like_bullets_or_headings() -> None:
    project = replace(FULL, partners=("- Strecket", "• Punkten", "Kommun", "Syfte AB", "1. Etta"))
    assert parse(render(project)) == project


def test_the_bytes_of_a_page_come_back_too() -> None:
    assert parse_bytes(render(FULL).encode()) == FULL


def test_a_page_of_ours_needs_no_diagnostics() -> None:
    assert parse(render(FULL)).diagnostics == ()


def test_source_and_diagnostics_have_no_place_on_a_page() -> None:
    noted = replace(FULL, source="landing/x.txt", diagnostics=(Diagnostic("banner-line", "info", 3, "A line."),))
    assert render(noted) == render(FULL)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"attributes": (Attribute("Okänd etikett", "värde"),)}, "attributes"),
        ({"period_end": None}, "period_start"),
        ({"diary_number": "2008/00001"}, "diary_number"),
        ({"owner": "saknas"}, "owner"),
        ({"co_financiers": ("-",)}, "co_financiers"),
        ({"sections": (Section("summary", "Sammanfattning", "Ett.\n\nBakgrund\n\nTvå."),)}, "sections"),
        ({"sections": (Section("unheard-of", None, "Ett."),)}, "sections"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_page_of_the_layout_can_say_is_refused_by_name(change: dict[str, Any], field: str) -> None:
    with pytest.raises(NotRenderable, match=field):
        render(replace(FULL, **change))


def test_a_project_of_an_unknown_layout_is_refused_naming_the_known_ones() -> None:
    with pytest.raises(NotRenderable, match=r"'cards-1999'.*glued-2007") as caught:
        render(replace(FULL, layout="cards-1999"))
    assert caught.value.code == "not-renderable"


def test_only_the_layouts_that_are_passed_are_known() -> None:
    with pytest.raises(NotRenderable):
        render(FULL, layouts=())


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.key)
def test_every_layout_can_be_rendered_and_read_again(layout: Layout) -> None:
    project = Project(
        layout=layout.key, programme_period=layout.programme_period, title="Ett projekt", owner="En ägare"
    )
    assert parse(render(project)) == project

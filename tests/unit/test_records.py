"""The records, and their form as plain dictionaries: what `esf-etl parse` prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from esf_etl import Attribute, Contact, Diagnostic, Project, Section, parse, render
from esf_etl.pages.records import RECORD_VERSION, RecordError
from esf_etl.pages.render import NotRenderable

Page = Callable[..., str]

FULL = Project(
    layout="colon-2021",
    programme_period="2021-2027",
    source="in/a.txt",
    diary_number="22-017-S04",
    project_number="2022/00017",
    title="Broar till arbete",
    programme_area_code="C",
    programme_area="Insatser",
    specific_objective="C1",
    phase="Genomförande",
    owner="Exempelby kommun",
    owner_org_number="2120000142",
    contact=Contact("Ada Exempel", "ada.exempel@example.se", "0123-456789"),
    grant_sek=Decimal("5222650.50"),
    budget_sek=Decimal(13056000),
    cofinancing_rate=Decimal("0.90"),
    period_start=date(2022, 8, 1),
    period_end=date(2024, 3, 31),
    region="Sydsverige",
    nuts2_code="SE22",
    participants_planned=0,
    sections=(Section("description", None, "En text.\nMer."), Section("purpose", "Syfte", "Text.")),
    co_financiers=("Skolan", "Skolan"),
    partners=("Föreningen",),
    municipalities=("Åmål",),
    attributes=(Attribute("Insats", "Nej"), Attribute("Rad utan värde")),
    diagnostics=(Diagnostic("banner-line", "info", 3, "En rad."), Diagnostic("not-utf-8", "info", None, "Hela.")),
)

# DESIGN §5 and §9: other programs rely on these names.
KEYS = {
    "source",
    "layout",
    "programme_period",
    "diary_number",
    "project_number",
    "title",
    "programme_area_code",
    "programme_area",
    "specific_objective",
    "phase",
    "owner",
    "owner_org_number",
    "grant_sek",
    "budget_sek",
    "cofinancing_rate",
    "period_start",
    "period_end",
    "region",
    "nuts2_code",
    "participants_planned",
    "sections",
    "co_financiers",
    "partners",
    "municipalities",
    "attributes",
    "diagnostics",
}


# ---- to_dict --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("project", [FULL, Project("glued-2007", "2007-2013")], ids=["full", "bare"])
def test_a_dictionary_has_every_field_by_its_name_and_the_contact_only_when_asked_for(project: Project) -> None:
    assert set(project.to_dict()) == KEYS | {"schema_version"}
    assert set(project.to_dict(with_contact=True)) == KEYS | {"schema_version", "contact"}


def test_the_fields_of_the_record_are_those_of_the_dictionary() -> None:
    assert {spec.name for spec in fields(Project)} == KEYS | {"contact"}


def test_a_dictionary_is_json_with_money_as_digits_and_iso_dates() -> None:
    values = FULL.to_dict(with_contact=True)

    assert json.loads(json.dumps(values)) == values
    assert values["schema_version"] == RECORD_VERSION == 1
    assert (values["grant_sek"], values["budget_sek"]) == ("5222650.50", "13056000")
    assert values["cofinancing_rate"] == "0.90"
    assert (values["period_start"], values["period_end"]) == ("2022-08-01", "2024-03-31")
    assert values["participants_planned"] == 0
    assert values["contact"] == {"name": "Ada Exempel", "email": "ada.exempel@example.se", "phone": "0123-456789"}
    assert values["sections"] == [
        {"key": "description", "heading": None, "text": "En text.\nMer."},
        {"key": "purpose", "heading": "Syfte", "text": "Text."},
    ]
    assert values["co_financiers"] == ["Skolan", "Skolan"]
    assert values["attributes"] == [{"label": "Insats", "value": "Nej"}, {"label": "Rad utan värde", "value": None}]
    assert values["diagnostics"] == [
        {"code": "banner-line", "severity": "info", "line": 3, "message": "En rad."},
        {"code": "not-utf-8", "severity": "info", "line": None, "message": "Hela."},
    ]


def test_digits_never_turn_into_an_exponent() -> None:
    assert replace(FULL, grant_sek=Decimal("1E+6")).to_dict()["grant_sek"] == "1000000"


def test_absent_is_null_or_an_empty_list() -> None:
    values = Project("glued-2007", "2007-2013").to_dict(with_contact=True)

    assert {key for key, value in values.items() if value == []} == {
        "sections",
        "co_financiers",
        "partners",
        "municipalities",
        "attributes",
        "diagnostics",
    }
    assert {key for key, value in values.items() if value not in (None, [])} == {
        "schema_version",
        "layout",
        "programme_period",
    }


def test_without_the_contact_no_attribute_that_looks_personal_is_shown(page: Page) -> None:
    project = parse(page().replace("E-post", "KontaktpersonBo Exempel\nE-post"))
    assert project.attributes == (Attribute("Kontaktperson", "Bo Exempel"),)

    assert "Bo Exempel" not in json.dumps(project.to_dict())
    assert "Bo Exempel" in json.dumps(project.to_dict(with_contact=True))


# ---- from_dict ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("project", [FULL, Project("glued-2007", "2007-2013")], ids=["full", "bare"])
def test_a_record_comes_back_whole_from_its_dictionary(project: Project) -> None:
    again = Project.from_dict(json.loads(json.dumps(project.to_dict(with_contact=True))))

    assert again == project
    assert (again.source, again.diagnostics) == (project.source, project.diagnostics)
    assert [type(value) for value in (again.sections, again.co_financiers, again.attributes)] == [tuple] * 3
    assert again.to_dict(with_contact=True) == project.to_dict(with_contact=True)


def test_without_the_contact_all_but_the_contact_comes_back() -> None:
    assert Project.from_dict(FULL.to_dict()) == replace(FULL, contact=None)


def test_a_missing_key_means_absent() -> None:
    values = {"layout": "glued-2007", "programme_period": "2007-2013"}

    assert Project.from_dict(values) == Project("glued-2007", "2007-2013")


def test_a_dictionary_of_another_version_is_refused_by_its_number() -> None:
    with pytest.raises(RecordError, match="99") as caught:
        Project.from_dict(FULL.to_dict() | {"schema_version": 99})

    assert caught.value.code == "record-invalid"
    assert caught.value.advice


def test_unknown_keys_are_refused_by_name() -> None:
    with pytest.raises(RecordError, match="colour, weight"):
        Project.from_dict(FULL.to_dict() | {"weight": 1, "colour": 2})


@pytest.mark.parametrize(
    "wrong",
    [
        {"layout": None},
        {"title": 5},
        {"owner": ["Exempelby kommun"]},
        {"grant_sek": "fem"},
        {"grant_sek": "NaN"},
        {"grant_sek": 0.1},
        {"budget_sek": []},
        {"cofinancing_rate": "90%"},
        {"period_start": "1 augusti 2022"},
        {"period_end": 20240331},
        {"participants_planned": "400"},
        {"contact": "Ada Exempel"},
        {"contact": {"namn": "Ada Exempel"}},
        {"sections": "Text."},
        {"sections": [{"key": "purpose", "heading": "Syfte"}]},
        {"sections": [{"key": "purpose", "heading": "Syfte", "text": "Text.", "size": 1}]},
        {"co_financiers": "Skolan"},
        {"partners": [1]},
        {"municipalities": {"Åmål": 1}},
        {"attributes": ["Insats"]},
        {"diagnostics": [{"code": "banner-line"}]},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RecordError) as caught:
        Project.from_dict(FULL.to_dict() | wrong)

    assert caught.value.code == "record-invalid"


@pytest.mark.parametrize("values", [[], "x", None])
def test_what_is_no_dictionary_is_refused(values: Any) -> None:
    with pytest.raises(RecordError):
        Project.from_dict(values)


# ---- the records themselves -----------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [FULL, FULL.contact, FULL.sections[0], FULL.attributes[0], FULL.diagnostics[0]])
def test_a_record_does_not_change(record: Any) -> None:
    name = fields(record)[0].name

    with pytest.raises(FrozenInstanceError):
        setattr(record, name, "other")
    assert not hasattr(record, "__dict__")


def test_a_section_is_found_by_its_key() -> None:
    assert FULL.section("purpose") == "Text."
    assert FULL.section("summary") is None


def test_equality_leaves_source_and_diagnostics_out_and_nothing_else() -> None:
    assert replace(FULL, source=None, diagnostics=()) == FULL
    bare = Project("", "")
    for name in KEYS - {"source", "diagnostics"} | {"contact"}:
        assert replace(FULL, **{name: getattr(bare, name)}) != FULL, name


# ---- render ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"programme_area": None},
        {"programme_area_code": None},
        {"period_start": None},
        {"period_end": None},
        {"grant_sek": Decimal("100.50")},
        {"grant_sek": Decimal("100.5")},
        {"grant_sek": Decimal("100.505")},
        {"budget_sek": Decimal("1E+6")},
    ],
    ids=str,
)
def test_a_value_that_has_a_label_is_rendered_whole_or_not_at_all(page: Page, change: dict[str, Any]) -> None:
    project = replace(parse(page("Bakgrund\n\nText.")), **change)

    try:
        text = render(project)
    except NotRenderable:
        return
    assert parse(text) == project

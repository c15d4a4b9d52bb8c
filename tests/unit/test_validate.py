"""Validation: each rule with rows that break it and rows that do not, and what is made of a broken one."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pandera.config
import pyarrow as pa
import pytest

from esf_etl.errors import ContractError
from esf_etl.validate import MASK, Validated, validate
from esf_schemas import FALLBACK, FILE_NO, RULES, STAGED_TABLES, arrow_schema, contract, staged_arrow_schema

Row = dict[str, Any]
Case = tuple[str, Row, str, str | None]
"""Code of a rule, changes that break it, the field at fault, what was found."""

LARGEST = Decimal("9999999999999.99")

PROJECT: Row = {
    "project_id": "esf-1",
    "title": "Ett projekt",
    "programme_period": "2007-2013",
    "phase": "Genomförande",
    "owner": "Exempelkommunen",
    "grant_sek": Decimal("4000.00"),
    "budget_sek": Decimal("5000.00"),
    "cofinancing_rate": Decimal("0.40"),
    "period_start": date(2008, 8, 1),
    "period_end": date(2010, 3, 31),
    "region": "Sydsverige",
    "nuts2_code": "SE22",
    "participants_planned": 10,
    "content_digest": "d1",
    "layout": "glued-2007",
}
CHILDREN: dict[str, Row] = {
    "project_section": {
        "project_id": "esf-1",
        "section_key": "summary",
        "ordinal": 1,
        "heading": "Sammanfattning",
        "body": "En text.",
    },
    "project_organisation": {
        "project_id": "esf-1",
        "role": "owner",
        "ordinal": 1,
        "name": "Exempelkommunen",
    },
    "project_municipality": {
        "project_id": "esf-1",
        "ordinal": 1,
        "name": "Laholm",
        "municipality_code": "1381",
        "county_code": "13",
        "nuts2_code": "SE23",
    },
    "project_attribute": {"project_id": "esf-1", "ordinal": 1, "label": "Land", "value": None},
    "contact": {
        "project_id": "esf-1",
        "name": "Namn Namnsson",
        "email": "namn@example.org",
        "phone": "0410-733095",
    },
}


def page(file_no: int = 1, **changes: Any) -> dict[str, list[Row]]:
    """The staged rows of one page; `changes` go to the project, or, by a table's name, to its one row."""
    rows = {"project": PROJECT, **CHILDREN}
    for name, change in changes.items():
        if name not in rows:
            rows["project"] = rows["project"] | {name: change}
    return {
        name: [{FILE_NO: file_no} | row | (changes[name] if isinstance(changes.get(name), Mapping) else {})]
        for name, row in rows.items()
    }


def period(programme: str, first: date | None, last: date | None) -> Row:
    """The changes that give a project this programme and these days."""
    return {"programme_period": programme, "period_start": first, "period_end": last}


def batch(*pages: dict[str, list[Row]]) -> dict[str, pa.Table]:
    """Staged tables with the rows of the pages."""
    return {
        model.table().name: pa.Table.from_pylist(
            [row for rows in pages for row in rows[model.table().name]], schema=staged_arrow_schema(model)
        )
        for model in STAGED_TABLES
    }


def contract_names() -> list[str]:
    """The names of the staged tables."""
    return [model.table().name for model in STAGED_TABLES]


def reasons(validated: Validated) -> list[tuple[str, str, str | None]]:
    """Code, field and what was found of each reject."""
    return [(row["code"], row["field"], row["found"]) for row in validated.rejects.to_pylist()]


def oddities(validated: Validated) -> list[tuple[str, str, str | None]]:
    """Rule, field and what was found of each finding."""
    return [(row["rule"], row["field"], row["found"]) for row in validated.findings.to_pylist()]


def test_a_page_that_breaks_no_rule_passes_whole() -> None:
    staged = batch(page())

    validated = validate(staged)

    assert reasons(validated) == []
    assert oddities(validated) == []
    assert validated.tables == staged


# ---- hard rules --------------------------------------------------------------------------------------------

HARD: dict[str, Case] = {
    "no title": ("title-missing", {"title": None}, "title", None),
    "a title of blanks": ("title-missing", {"title": " \u00a0"}, "title", " \u00a0"),
    "a last day before the first": (
        "period-reversed",
        {"period_start": date(2010, 4, 1)},
        "period_start",
        "period_start 2010-04-01 > period_end 2010-03-31",
    ),
    "a grant below zero": ("amount-negative", {"grant_sek": Decimal("-0.01")}, "grant_sek", "-0.01"),
    "a budget below zero": (
        "amount-negative",
        {"grant_sek": None, "budget_sek": Decimal("-1.00")},
        "budget_sek",
        "-1.00",
    ),
    "a grant one öre above the budget": (
        "grant-above-budget",
        {"grant_sek": Decimal("5000.01")},
        "grant_sek",
        "grant_sek 5000.01 > budget_sek 5000.00",
    ),
    "no programme period": (FALLBACK, {"programme_period": None}, "programme_period", None),
    "an unknown programme period": (
        FALLBACK,
        {"programme_period": "2028-2034"},
        "programme_period",
        "2028-2034",
    ),
    "no content digest": (FALLBACK, {"content_digest": None}, "content_digest", None),
    "more than all paid by the Union": (
        FALLBACK,
        {"cofinancing_rate": Decimal("1.000001")},
        "cofinancing_rate",
        "1.000001",
    ),
    "less than no participants": (FALLBACK, {"participants_planned": -1}, "participants_planned", "-1"),
    "a section without text": (
        FALLBACK,
        {"project_section": {"body": None}},
        "project_section.body",
        None,
    ),
    "a section in place 0": (
        FALLBACK,
        {"project_section": {"ordinal": 0}},
        "project_section.ordinal",
        "0",
    ),
    "an unknown role": (
        FALLBACK,
        {"project_organisation": {"role": "boss"}},
        "project_organisation.role",
        "boss",
    ),
    "a municipality without a name": (
        FALLBACK,
        {"project_municipality": {"name": None}},
        "project_municipality.name",
        None,
    ),
    "an attribute without a label": (
        FALLBACK,
        {"project_attribute": {"label": None}},
        "project_attribute.label",
        None,
    ),
}


@pytest.mark.parametrize(("code", "changes", "field", "found"), HARD.values(), ids=HARD)
def test_a_row_that_breaks_a_hard_rule_rejects_its_file(code: str, changes: Row, field: str, found: str | None) -> None:
    validated = validate(batch(page(**changes)))

    assert (code, field, found) in reasons(validated)
    assert {name: table.num_rows for name, table in validated.tables.items()} == dict.fromkeys(validated.tables, 0)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"title": "-"}, id="a title of one mark"),
        pytest.param({"period_end": date(2008, 8, 1)}, id="a project of one day"),
        pytest.param({"period_start": None}, id="a period without its first day"),
        pytest.param({"period_end": None}, id="a period without its last day"),
        pytest.param({"grant_sek": Decimal("5000.00")}, id="a grant of the whole budget"),
        pytest.param({"grant_sek": None}, id="a budget without a grant"),
        pytest.param({"budget_sek": None}, id="a grant without a budget"),
        pytest.param({"grant_sek": Decimal(0), "budget_sek": Decimal(0)}, id="amounts of nothing"),
        pytest.param({"cofinancing_rate": Decimal(1)}, id="all paid by the Union"),
        pytest.param({"cofinancing_rate": Decimal(0)}, id="nothing paid by the Union"),
        pytest.param({"participants_planned": 0}, id="no participants"),
        pytest.param({"grant_sek": LARGEST, "budget_sek": LARGEST}, id="amounts as large as they may be"),
        pytest.param({"project_section": {"heading": None}}, id="prose without a heading"),
        pytest.param({"project_organisation": {"role": "co_financier"}}, id="a co-financier"),
    ],
)
def test_what_only_comes_near_to_a_hard_rule_is_accepted_without_a_word(changes: Row) -> None:
    validated = validate(batch(page(**changes)))

    assert reasons(validated) == []
    assert oddities(validated) == []


@pytest.mark.parametrize("name", ["project", *CHILDREN])
def test_a_key_that_comes_twice_in_one_file_rejects_it(name: str) -> None:
    rows = page()
    rows[name] = rows[name] * 2

    validated = validate(batch(rows))

    (last_key,) = contract(name).table().key[-1:]
    field = last_key if name == "project" else f"{name}.{last_key}"
    assert [(code, where) for code, where, _ in reasons(validated)] == [("key-duplicate", field)] * 2
    assert validated.tables[name].num_rows == 0


def test_a_key_that_comes_twice_is_shown_whole() -> None:
    rows = page()
    rows["project_organisation"] = rows["project_organisation"] * 2

    assert reasons(validate(batch(rows)))[0][2] == "project_id esf-1, role owner, ordinal 1"


def test_rows_without_a_project_id_are_told_so_and_nothing_else() -> None:
    nobody: Row = {name: {"project_id": None} for name in CHILDREN}

    validated = validate(batch(page(project_id=None, **nobody)))

    assert {code for code, _, _ in reasons(validated)} == {FALLBACK}
    assert len(reasons(validated)) == len(contract_names())


def test_two_files_may_hold_the_same_project() -> None:
    validated = validate(batch(page(1), page(2)))

    assert reasons(validated) == []
    assert validated.tables["project"].num_rows == 2


@pytest.mark.parametrize("name", CHILDREN)
def test_a_child_without_its_project_rejects_the_file(name: str) -> None:
    changes: Row = {name: {"project_id": "esf-2"}}

    validated = validate(batch(page(**changes)))

    assert ("parent-missing", f"{name}.project_id", "esf-2") in reasons(validated)


def test_a_project_in_another_file_is_no_parent() -> None:
    orphan = page(2)
    orphan["project"] = []

    validated = validate(batch(page(1), orphan))

    assert {code for code, _, _ in reasons(validated)} == {"parent-missing"}
    assert set(validated.rejects["file_no"].to_pylist()) == {2}
    assert validated.tables["project_section"]["file_no"].to_pylist() == [1]


# ---- soft rules --------------------------------------------------------------------------------------------

SOFT: dict[str, Case] = {
    "a first day before the programme": (
        "period-outside-programme",
        period("2007-2013", date(2006, 12, 31), date(2010, 3, 31)),
        "period_start",
        "2006-12-31 to 2010-03-31, programme 2007-2013",
    ),
    "a last day three years after 2013": (
        "period-outside-programme",
        period("2007-2013", date(2008, 8, 1), date(2016, 1, 1)),
        "period_end",
        "2008-08-01 to 2016-01-01, programme 2007-2013",
    ),
    "a last day three years after 2020": (
        "period-outside-programme",
        period("2014-2020", date(2014, 1, 1), date(2023, 1, 1)),
        "period_end",
        "2014-01-01 to 2023-01-01, programme 2014-2020",
    ),
    "a first day before 2021": (
        "period-outside-programme",
        period("2021-2027", date(2020, 12, 31), date(2029, 1, 1)),
        "period_start",
        "2020-12-31 to 2029-01-01, programme 2021-2027",
    ),
    "a first day after the programme, without a last one": (
        "period-outside-programme",
        period("2007-2013", date(2016, 1, 1), None),
        "period_start",
        "2016-01-01 to nothing, programme 2007-2013",
    ),
    "no region": ("region-missing", {"region": None, "nuts2_code": None}, "region", None),
    "an unknown region": (
        "region-unknown",
        {"region": "Skåneland", "nuts2_code": None},
        "region",
        "Skåneland",
    ),
    "no phase": ("phase-missing", {"phase": None}, "phase", None),
    "an unknown phase": ("phase-unknown", {"phase": "Avslut"}, "phase", "Avslut"),
    "no owner": ("owner-missing", {"owner": None}, "owner", None),
    "a grant of less than a tenth": (
        "grant-share-low",
        {"grant_sek": Decimal("499.99")},
        "grant_sek",
        "grant_sek 499.99, budget_sek 5000.00",
    ),
    "an unknown municipality": (
        "municipality-unknown",
        {"project_municipality": {"name": "Ankeborg", "municipality_code": None}},
        "project_municipality.name",
        "Ankeborg",
    ),
    "a contact of nothing": (
        "contact-missing",
        {"contact": {"name": None, "email": None, "phone": None}},
        "contact.name",
        None,
    ),
    "an address without @": (
        "email-malformed",
        {"contact": {"email": "namn.example.org"}},
        "contact.email",
        MASK,
    ),
    "a phone number of five digits": (
        "phone-malformed",
        {"contact": {"phone": "12345"}},
        "contact.phone",
        MASK,
    ),
}


@pytest.mark.parametrize(("rule", "changes", "field", "found"), SOFT.values(), ids=SOFT)
def test_a_row_that_breaks_a_soft_rule_is_accepted_with_a_finding(
    rule: str, changes: Row, field: str, found: str | None
) -> None:
    staged = batch(page(**changes))

    validated = validate(staged)

    assert oddities(validated) == [(rule, field, found)]
    assert reasons(validated) == []
    assert validated.tables == staged


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(period("2007-2013", date(2007, 1, 1), date(2015, 12, 31)), id="all of 2007 to 2015"),
        pytest.param(period("2014-2020", date(2014, 1, 1), date(2022, 12, 31)), id="all of 2014 to 2022"),
        pytest.param(period("2021-2027", date(2021, 1, 1), date(2029, 12, 31)), id="all of 2021 to 2029"),
        pytest.param(period("2007-2013", None, None), id="no period"),
        pytest.param({"region": None}, id="a region known by its code alone"),
        pytest.param({"phase": "Förprojektering"}, id="the other phase"),
        pytest.param({"grant_sek": Decimal("500.00")}, id="a grant of a tenth"),
        pytest.param({"contact": {"email": None, "phone": None}}, id="a contact with only a name"),
        pytest.param({"contact": {"name": None, "email": None}}, id="a contact with only a phone number"),
    ],
)
def test_what_only_comes_near_to_a_soft_rule_leaves_no_finding(changes: Row) -> None:
    assert oddities(validate(batch(page(**changes)))) == []


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("project_municipality", ("municipality-missing", "project_municipality", None)),
        ("contact", ("contact-missing", "contact", None)),
    ],
)
def test_a_project_without_any_row_where_one_is_expected_leaves_a_finding(
    name: str, finding: tuple[str, str, str | None]
) -> None:
    rows = page()
    rows[name] = []

    assert oddities(validate(batch(rows))) == [finding]


@pytest.mark.parametrize("name", ["project_section", "project_organisation", "project_attribute"])
def test_a_project_may_have_no_rows_elsewhere(name: str) -> None:
    rows = page()
    rows[name] = []

    assert oddities(validate(batch(rows))) == []


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("glued-2007", {"phase-missing", "municipality-missing", "contact-missing"}),
        ("lines-2014", {"contact-missing"}),
        ("colon-2014", {"contact-missing"}),
        ("colon-2021", set()),
    ],
)
def test_what_pages_of_a_layout_never_have_is_not_missed_on_them(layout: str, expected: set[str]) -> None:
    rows = page(layout=layout, phase=None)
    rows["project_municipality"] = []
    rows["contact"] = []

    assert {rule for rule, _, _ in oddities(validate(batch(rows)))} == expected


@pytest.mark.parametrize(
    "phone",
    [
        "0410-733095",
        "043026524",
        "010-4860016",
        "0410 - 73 30 95",
        "0410\u00a0733095",
        "0410\u2011733095",
        "0410–73 30 95",
        "0410/733095",
        "070-123 45 67",
        "+46 (0)70-123 45 67",
        "08-123 45 67 ankn 12",
        "08-123 45 67, 070-123 45 67",
        "08-1234567/070-1234567",
        "123456",
    ],
)
def test_a_phone_number_may_be_written_in_many_ways(phone: str) -> None:
    assert oddities(validate(batch(page(contact={"phone": phone})))) == []


@pytest.mark.parametrize("phone", ["okänt", "-", "12 34", "0410-7", "12345678901234", "namn@example.org"])
def test_what_holds_no_plausible_phone_number_is_malformed(phone: str) -> None:
    assert oddities(validate(batch(page(contact={"phone": phone})))) == [("phone-malformed", "contact.phone", MASK)]


@pytest.mark.parametrize("email", ["a.b-c@kommun.example.se", "åsa@exempel.se", "A_B@EXAMPLE.ORG", "a@b.se"])
def test_an_address_may_have_capitals_dots_and_swedish_letters(email: str) -> None:
    assert oddities(validate(batch(page(contact={"email": email})))) == []


@pytest.mark.parametrize(
    "email", ["a@b", "@b.se", "a@", "a b@c.se", "a@b.se, c@d.se", "a@b.se.", "a@b..se", "a@@b.se", "www.b.se"]
)
def test_what_is_no_single_address_is_malformed(email: str) -> None:
    assert oddities(validate(batch(page(contact={"email": email})))) == [("email-malformed", "contact.email", MASK)]


# ---- what is made of broken rules --------------------------------------------------------------------------


def test_one_bad_child_takes_all_rows_of_its_file_and_none_of_the_others() -> None:
    pages = [page(number) for number in (1, 2, 3)]
    second = pages[1]["project_section"]
    pages[1]["project_section"] = [*second, second[0] | {"section_key": "purpose", "body": None}]

    validated = validate(batch(*pages))

    assert {name: table["file_no"].to_pylist() for name, table in validated.tables.items()} == {
        name: [1, 3] for name in validated.tables
    }


def test_a_rejected_file_leaves_no_findings() -> None:
    validated = validate(batch(page(1, title=None, owner=None), page(2, owner=None)))

    assert [row["file_no"] for row in validated.findings.to_pylist()] == [2]


def test_the_reasons_of_a_file_are_numbered_and_files_stand_in_order() -> None:
    validated = validate(
        batch(
            page(7, title=None, grant_sek=Decimal(-1), project_section={"body": None}),
            page(3, title=None),
        )
    )

    assert [(row["file_no"], row["ordinal"], row["code"]) for row in validated.rejects.to_pylist()] == [
        (3, 1, "title-missing"),
        (7, 1, "title-missing"),
        (7, 2, "amount-negative"),
        (7, 3, "value-not-in-contract"),
    ]


def test_a_reject_says_what_is_wrong_what_was_expected_and_of_which_project() -> None:
    (reject,) = validate(batch(page(5, grant_sek=Decimal(6000)))).rejects.to_pylist()

    assert reject == {
        "file_no": 5,
        "ordinal": 1,
        "code": "grant-above-budget",
        "line": None,
        "field": "grant_sek",
        "found": "grant_sek 6000.00 > budget_sek 5000.00",
        "expected": RULES["grant-above-budget"].expected,
        "message": RULES["grant-above-budget"].sentence,
        "project_id": "esf-1",
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"project_organisation": {"role": "boss"}}, "one of: owner, co_financier, partner"),
        ({"project_section": {"ordinal": 0}}, "at least 1"),
        ({"cofinancing_rate": Decimal(2)}, "from 0 to 1"),
        ({"content_digest": None}, "a value: the column may not be empty"),
        ({"title": None}, "a title"),
    ],
)
def test_what_the_contract_of_a_column_expects_is_said_in_its_own_words(changes: Row, expected: str) -> None:
    (reject,) = validate(batch(page(**changes))).rejects.to_pylist()

    assert reject["expected"] == expected


def test_a_finding_says_what_is_odd_and_of_which_project() -> None:
    (finding,) = validate(batch(page(5, phase="Avslut"))).findings.to_pylist()

    assert finding == {
        "file_no": 5,
        "rule": "phase-unknown",
        "field": "phase",
        "line": None,
        "message": RULES["phase-unknown"].sentence,
        "found": "Avslut",
        "project_id": "esf-1",
    }


@pytest.mark.parametrize("rejected", [0, 1])
def test_rejects_and_findings_have_the_types_of_their_contracts(rejected: int) -> None:
    pages = [page(1, owner=None), page(2, title=None)] if rejected else [page(1)]
    validated = validate(batch(*pages))

    for table, name in ((validated.rejects, "reject"), (validated.findings, "finding")):
        assert table.num_rows == rejected
        theirs = {field.name: field.type for field in arrow_schema(contract(name))}
        ours = {field.name: field.type for field in table.schema if field.name != FILE_NO}
        assert ours.items() <= theirs.items()
        assert table.schema.field(FILE_NO).type == pa.int64()


def test_a_long_value_is_cut() -> None:
    ((_, _, found),) = oddities(validate(batch(page(phase="lång " * 100))))

    assert found is not None
    assert len(found) == 120
    assert found.startswith("lång lång ")
    assert found.endswith("…")


def test_no_value_of_a_contact_is_shown_whatever_is_wrong_with_it() -> None:
    secret = {"name": "HEMLIGT NAMN", "email": "HEMLIGT-EPOST", "phone": "HEMLIGT-TEL"}
    rows = page(contact=secret)
    twice = page(2, contact=secret)
    twice["contact"] = twice["contact"] * 2

    validated = validate(batch(rows, twice))

    shown = str(validated.rejects.to_pylist()) + str(validated.findings.to_pylist())
    assert {code for code, _, _ in reasons(validated)} == {"key-duplicate"}
    assert {rule for rule, _, _ in oddities(validated)} == {"email-malformed", "phone-malformed"}
    assert "HEMLIGT" not in shown


def test_a_batch_without_rows_is_valid() -> None:
    validated = validate(batch())

    assert validated.rejects.num_rows == validated.findings.num_rows == 0
    assert set(validated.tables) == {model.table().name for model in STAGED_TABLES}


@pytest.mark.parametrize("step", [2, 700])
def test_rows_of_accepted_files_stay_in_order_however_many_files_are_rejected(step: int) -> None:
    staged = batch(*(page(number, title=None if number % step == 0 else "Titel") for number in range(2100)))

    validated = validate(staged)

    accepted = [number for number in range(2100) if number % step]
    assert validated.tables["project_section"]["file_no"].to_pylist() == accepted
    assert validated.tables["project_section"].schema == staged["project_section"].schema
    assert set(validated.rejects["file_no"].to_pylist()) == set(range(0, 2100, step))


def test_prose_is_not_copied_for_the_sake_of_a_few_rejected_files() -> None:
    staged = batch(page(1), page(2, title=None), page(3))

    validated = validate(staged)

    (before,) = staged["project_section"]["body"].chunks
    accepted = [chunk for chunk in validated.tables["project_section"]["body"].chunks if len(chunk)]
    assert [chunk.to_pylist() for chunk in accepted] == [["En text."], ["En text."]]
    assert {chunk.buffers()[2].address for chunk in accepted} == {before.buffers()[2].address}


# ---- tables that do not fit --------------------------------------------------------------------------------


def with_column(staged: dict[str, pa.Table], name: str, values: pa.Array) -> dict[str, pa.Table]:
    """The batch with another column of that name in the project table."""
    project = staged["project"]
    index = project.schema.get_field_index(name)
    return staged | {"project": project.set_column(index, name, values)}


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("title", pa.array([5]), "title: wrong datatype (Int64)"),
        ("grant_sek", pa.array([1.5]), "grant_sek: wrong datatype (Float64)"),
        ("period_start", pa.array(["HEMLIGT"]), "period_start: wrong datatype (String)"),
        (FILE_NO, pa.array([1], pa.int32()), "no int64 column 'file_no'"),
        (FILE_NO, pa.array([None], pa.int64()), "'file_no' holds nulls"),
    ],
)
def test_a_column_of_another_type_is_an_error_of_ours(column: str, values: pa.Array, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        validate(with_column(batch(page()), column, values))

    assert message in str(caught.value)
    assert "project" in str(caught.value)


def test_a_column_too_few_is_an_error_of_ours() -> None:
    staged = batch(page())

    with pytest.raises(ContractError, match=r"column not in dataframe \(title\)"):
        validate(staged | {"project": staged["project"].drop_columns(["title"])})


def test_a_column_too_many_is_an_error_of_ours() -> None:
    staged = batch(page())

    with pytest.raises(ContractError, match=r"column not in schema \(colour\)"):
        validate(staged | {"project": staged["project"].append_column("colour", pa.array(["red"]))})


def test_a_table_too_few_is_an_error_of_ours() -> None:
    staged = batch(page())
    del staged["contact"]

    with pytest.raises(ContractError, match="no table 'contact'"):
        validate(staged)


def test_an_error_of_ours_holds_no_row_not_even_behind_it() -> None:
    staged = with_column(batch(page(title="HEMLIGT")), "period_start", pa.array(["HEMLIGT"]))

    with pytest.raises(ContractError) as caught:
        validate(staged)

    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert b"HEMLIGT" not in pickle.dumps(caught.value)


@pytest.mark.parametrize("setting", [{"validation_enabled": False}, {"validation_depth": "SCHEMA_ONLY"}])
def test_settings_of_pandera_in_the_environment_do_not_switch_validation_off(setting: Any) -> None:
    with pandera.config.config_context(**setting):
        validated = validate(batch(page(title=" ")))

    assert reasons(validated) == [("title-missing", "title", " ")]


def test_the_checks_keep_no_copies_of_the_rows_that_fail() -> None:
    checks = [check for model in STAGED_TABLES for each in model.to_schema().columns.values() for check in each.checks]

    assert {check.n_failure_cases for check in checks} == {0}

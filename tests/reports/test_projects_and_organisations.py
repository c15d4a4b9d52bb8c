"""Time, organisations and operations: each view worked out again in Python from the project tables."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from statistics import median
from typing import Any

from tests.reports.conftest import SUMMARY, TRADER, Reported, grouped, summed


def first_of_month(day: date | None) -> date | None:
    return day and day.replace(day=1)


def months(first: date, last: date) -> set[date]:
    return {(first + timedelta(days=count)).replace(day=1) for count in range((last - first).days + 1)}


# ---- time -----------------------------------------------------------------------------------------------------


def test_a_month_has_the_projects_that_ran_on_one_of_its_days(reported: Reported) -> None:
    projects = reported.projects()
    running = Counter(
        month
        for each in projects
        if each["period_start"] and each["period_end"]
        for month in months(each["period_start"], each["period_end"])
    )
    undated = sum(not (each["period_start"] and each["period_end"]) for each in projects)

    rows = reported.view("active_projects_by_month")

    [*dated, unplaced] = rows
    assert {row["month"]: row["running"] for row in dated if row["running"]} == running
    assert (unplaced["month"], unplaced["running"]) == (None, undated)
    assert undated > 0


def test_starting_and_ending_projects_are_all_there_and_each_under_its_month(reported: Reported) -> None:
    projects = reported.projects()
    rows = reported.view("active_projects_by_month")

    for column, day in (("starting", "period_start"), ("ending", "period_end")):
        counts = Counter(first_of_month(each[day]) for each in projects)
        assert {row["month"]: row[column] for row in rows if row[column]} == counts
        assert sum(row[column] for row in rows) == len(projects)
    by_start = grouped(projects, lambda each: first_of_month(each["period_start"]))
    assert {row["month"]: row["starting_grant_sek"] for row in rows if row["starting"]} == {
        month: summed(mine, "grant_sek") for month, mine in by_start.items()
    }
    assert reported.total("active_projects_by_month", "starting_grant_sek") == summed(projects, "grant_sek")


def test_the_months_follow_each_other_without_a_gap(reported: Reported) -> None:
    [*shown, last] = [row["month"] for row in reported.view("active_projects_by_month")]

    days = [each[name] for each in reported.projects() for name in ("period_start", "period_end") if each[name]]
    assert last is None
    assert shown == sorted(months(min(days), max(days)))


def test_the_days_of_a_project_count_the_first_and_the_last(reported: Reported) -> None:
    projects = reported.projects()
    expected = {}
    for key, mine in grouped(projects, lambda each: (each["programme_period"], each["phase"])).items():
        days = [
            (each["period_end"] - each["period_start"]).days + 1
            for each in mine
            if each["period_start"] and each["period_end"]
        ]
        tenth = Decimal("0.1")
        expected[key] = (
            len(mine),
            len(days),
            min(days, default=None),
            max(days, default=None),
            Decimal(median(days)).quantize(tenth) if days else None,
            round(sum(days) / len(days), 1) if days else None,
            sum(days) if days else None,
        )

    rows = reported.view("project_duration")

    assert len(rows) == len(expected)
    assert {
        (row["programme_period"], row["phase"]): (
            row["projects"],
            row["dated_projects"],
            row["shortest_days"],
            row["longest_days"],
            row["median_days"],
            row["mean_days"] and float(row["mean_days"]),
            row["total_days"],
        )
        for row in rows
    } == expected
    assert reported.total("project_duration", "projects") == len(projects)


# ---- organisations --------------------------------------------------------------------------------------------


def members(reported: Reported) -> dict[str, dict[str, set[str]]]:
    """For each project its organisations by a key that forgives capitals and blanks, with their roles."""
    found: dict[str, dict[str, set[str]]] = {each["project_id"]: {} for each in reported.projects()}
    for row in reported.rows("FROM project_organisation"):
        key = " ".join(row["name"].split()).lower()
        if key != TRADER.lower():
            found[row["project_id"]].setdefault(key, set()).add(row["role"])
    return found


def key_of(name: str | None) -> str | None:
    return None if name is None else " ".join(name.split()).lower()


def test_every_project_has_one_owner_row_shown_or_not(reported: Reported) -> None:
    owners = [row for row in reported.view("project_role") if row["role"] == "owner"]

    assert sorted(row["project_id"] for row in owners) == [each["project_id"] for each in reported.projects()]
    assert {row["listed"] for row in owners if row["organisation"] is None} == {0}


def test_the_roles_are_those_of_the_pages_each_once_with_how_often_it_is_listed(reported: Reported) -> None:
    rows = [row for row in reported.view("project_role") if row["organisation"] is not None]

    found = {
        (project_id, role, key)
        for project_id, roles_of in members(reported).items()
        for key, roles in roles_of.items()
        for role in roles
    }
    assert {(row["project_id"], row["role"], key_of(row["organisation"])) for row in rows} == found
    assert len(rows) == len(found)
    withheld = 3  # the sole trader as owner of two and, by name, as partner in another
    assert sum(row["listed"] for row in rows) + withheld == len(reported.rows("FROM project_organisation"))
    assert max(row["listed"] for row in rows) == 2


def test_spellings_that_differ_in_capitals_and_blanks_are_one_organisation(reported: Reported) -> None:
    rows = {row["organisation"]: row for row in reported.view("organisations")}

    # Two pages have it as owner, one in small letters and one with two blanks, a third in capitals as partner.
    alfa = rows["Stiftelsen Alfa"]
    assert (alfa["projects"], alfa["as_owner"], alfa["as_co_financier"], alfa["as_partner"]) == (3, 2, 0, 1)
    # Twice in small letters, once with a capital: the spelling that pages use most often.
    assert rows["betagruppen"]["projects"] == 2
    assert {"stiftelsen alfa", "STIFTELSEN ALFA", "Betagruppen"}.isdisjoint(rows)


def test_an_organisation_has_its_projects_by_role_and_the_money_of_those_it_owns(reported: Reported) -> None:
    project_of = {each["project_id"]: each for each in reported.projects()}
    roles: dict[str | None, list[tuple[str, dict[str, Any]]]] = {}
    for project_id, roles_of in members(reported).items():
        for key, mine in roles_of.items():
            roles.setdefault(key, []).extend((role, project_of[project_id]) for role in mine)
        if not any("owner" in mine for mine in roles_of.values()):
            roles.setdefault(None, []).append(("owner", project_of[project_id]))
    expected = {}
    for who, taken in roles.items():
        counts = Counter(role for role, _ in taken)
        owned = [each for role, each in taken if role == "owner"]
        starts = [each["period_start"] for _, each in taken if each["period_start"]]
        ends = [each["period_end"] for _, each in taken if each["period_end"]]
        expected[who] = (
            len({each["project_id"] for _, each in taken}),
            counts["owner"],
            counts["co_financier"],
            counts["partner"],
            summed(owned, "grant_sek"),
            summed(owned, "budget_sek"),
            min(starts, default=None),
            max(ends, default=None),
        )

    rows = reported.view("organisations")

    columns = (
        "projects",
        "as_owner",
        "as_co_financier",
        "as_partner",
        "grant_sek",
        "budget_sek",
        "first_day",
        "last_day",
    )
    assert {key_of(row["organisation"]): tuple(row[name] for name in columns) for row in rows} == expected
    assert len(rows) == len(expected)


def test_the_owned_projects_and_their_money_are_all_projects(reported: Reported) -> None:
    projects = reported.projects()

    assert reported.total("organisations", "as_owner") == len(projects)
    assert reported.total("organisations", "grant_sek") == summed(projects, "grant_sek")
    assert reported.total("organisations", "budget_sek") == summed(projects, "budget_sek")


def test_an_organisation_number_is_shown_where_the_owner_has_exactly_one(reported: Reported) -> None:
    numbers = {row["organisation"]: row["org_number"] for row in reported.view("organisations")}

    assert {name: number for name, number in numbers.items() if number} == {
        "Rörelsen i Exempelby": "8020000009",
        "Deltagruppen": "5560000035",
    }
    assert {"Två nummer AB", "Gammagruppen", None} <= set(numbers)


def test_each_pair_that_shares_a_project_stands_once_and_nobody_vanishes(reported: Reported) -> None:
    project_of = {each["project_id"]: each for each in reported.projects()}
    shared: dict[tuple[str | None, ...], list[tuple[bool, dict[str, Any]]]] = {}
    for project_id, roles_of in members(reported).items():
        # Alone, or nobody at all: a row without a partner.
        pairs: list[tuple[str | None, ...]] = [*combinations(sorted(roles_of), 2)]
        for pair in pairs or [(next(iter(roles_of), None), None)]:
            is_owned = any("owner" in roles_of[name] for name in pair if name)
            shared.setdefault(pair, []).append((is_owned, project_of[project_id]))
    expected = {
        pair: (
            len(together),
            sum(is_owned for is_owned, _ in together),
            min((each["period_start"] for _, each in together if each["period_start"]), default=None),
            max((each["period_end"] for _, each in together if each["period_end"]), default=None),
        )
        for pair, together in shared.items()
    }

    rows = reported.view("partnerships")

    found: dict[tuple[str | None, ...], tuple[Any, ...]] = {}
    for row in rows:
        names = key_of(row["organisation"]), key_of(row["partner"])
        found[names if row["partner"] is None else tuple(sorted(filter(None, names)))] = (
            row["projects"],
            row["owned_projects"],
            row["first_day"],
            row["last_day"],
        )
    assert found == expected
    assert len(rows) == len(expected)
    assert (None, None) in expected
    assert all(row["organisation"] < row["partner"] for row in rows if row["partner"] is not None)
    assert any(count > 1 and first != last for count, _, first, last in expected.values())


def test_no_view_names_a_sole_trader(reported: Reported) -> None:
    secrets = (TRADER.lower(), "8001019876", "222 22", "avskildby")
    for name in ("project_role", "organisations", "partnerships", "list_of_operations", "data_quality"):
        text = repr(reported.view(name)).lower()
        assert [secret for secret in secrets if secret in text] == [], name


# ---- operations -----------------------------------------------------------------------------------------------


def operation(reported: Reported, title: str) -> dict[str, Any]:
    (row,) = (row for row in reported.view("list_of_operations") if row["operation_name"] == title)
    return row


def test_every_project_is_one_operation_with_its_amounts_and_days(reported: Reported) -> None:
    rows = {row["operation_code"]: row for row in reported.view("list_of_operations")}
    projects = {each["project_id"]: each for each in reported.projects()}

    assert len(reported.view("list_of_operations")) == len(projects)
    same = {
        "operation_name": "title",
        "total_cost_sek": "budget_sek",
        "grant_sek": "grant_sek",
        "start_date": "period_start",
        "end_date": "period_end",
        "nuts2_code": "nuts2_code",
        "programme_period": "programme_period",
        "programme_area_code": "programme_area_code",
        "specific_objective": "specific_objective",
        "union_cofinancing_rate": "cofinancing_rate",
        "diary_number": "diary_number",
    }
    for code, each in projects.items():
        assert {name: rows[code][name] for name in same} == {name: each[column] for name, column in same.items()}
        if each["owner"] != TRADER:
            assert rows[code]["beneficiary"] == each["owner"]


def test_an_operation_has_what_its_page_says_of_fund_country_and_intervention(reported: Reported) -> None:
    row = operation(reported, "Rörelse")

    assert (row["beneficiary"], row["beneficiary_org_number"]) == ("Rörelsen i Exempelby", "8020000009")
    assert (row["beneficiary_postcode"], row["beneficiary_town"]) == ("111 11", "Exempelby")
    assert (row["fund"], row["cci"], row["country"]) == ("ESF+", "2021SE05SFPR", "Sverige")
    assert (row["type_of_intervention"], row["strategic_importance"]) == ("163", False)
    assert row["union_cofinancing_rate"] == Decimal("0.9")
    assert (row["operation_summary"], row["purpose"]) == ("Vi rör oss.", None)


def test_an_operation_of_2007_has_its_sections_and_what_its_programme_says(reported: Reported) -> None:
    row = operation(reported, "Tre delar")

    assert row["operation_summary"] == SUMMARY.text
    assert (row["purpose"], row["expected_achievements"]) == (None, None)
    assert (row["fund"], row["cci"], row["country"]) == ("ESF", "2007SE052PO001", "Sverige")
    assert (row["region"], row["municipalities"]) == ("Sydsverige", "Håbo; Bjuv; Malmö")
    assert (row["type_of_intervention"], row["strategic_importance"]) == (None, None)


def test_the_purpose_and_the_objectives_are_those_of_the_page(reported: Reported) -> None:
    bodies = {
        (row["project_id"], row["section_key"]): row["body"]
        for row in reported.rows("FROM project_section WHERE section_key IN ('summary', 'purpose', 'objectives')")
    }

    for row in reported.view("list_of_operations"):
        for column, key in (
            ("operation_summary", "summary"),
            ("purpose", "purpose"),
            ("expected_achievements", "objectives"),
        ):
            if (row["operation_name"], key) != ("Rörelse", "summary"):
                assert row[column] == bodies.get((row["operation_code"], key))


def test_an_operation_was_last_updated_when_its_version_was_loaded(reported: Reported) -> None:
    days = {each["project_id"]: each["valid_from"].date() for each in reported.projects()}

    assert {row["operation_code"]: row["last_updated"] for row in reported.view("list_of_operations")} == days


def test_a_sole_trader_is_an_operation_without_a_name_and_a_place(reported: Reported) -> None:
    row = operation(reported, "Enskild")

    names = ("beneficiary", "beneficiary_org_number", "beneficiary_postcode", "beneficiary_town")
    assert [row[name] for name in names] == [None] * 4
    assert row["grant_sek"] == 90

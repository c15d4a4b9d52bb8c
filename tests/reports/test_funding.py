"""The views of money hold what `project` holds: worked out again in Python, project by project, and to the öre."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from esf_etl.pages.places import counties, find_municipality, municipalities, regions
from tests.reports.conftest import Reported, grouped, share, summed

REGION = {place.nuts2_code: place.name for place in regions()}
COUNTY = {place.county_code: place for place in counties()}
ORE = Decimal("0.01")

FUNDING = ("funding_by_region_year", "funding_by_municipality", "funding_by_programme_area")


def granted(project: dict[str, Any]) -> Decimal:
    amount = project["grant_sek"]
    assert isinstance(amount, Decimal)
    return amount


@pytest.mark.parametrize("view", [*FUNDING, "municipality_share", "co_financing", "coverage"])
@pytest.mark.parametrize("column", ["grant_sek", "budget_sek"])
def test_the_amounts_of_all_rows_are_those_of_project_to_the_ore(view: str, column: str, reported: Reported) -> None:
    if (view, column) != ("coverage", "budget_sek"):
        assert reported.total(view, column) == summed(reported.projects(), column)


@pytest.mark.parametrize("view", ["funding_by_region_year", "funding_by_programme_area", "co_financing", "coverage"])
def test_every_project_counts_once(view: str, reported: Reported) -> None:
    assert reported.total(view, "projects") == len(reported.projects())


def test_a_region_and_year_has_the_projects_that_started_there_then(reported: Reported) -> None:
    expected = {
        key: (len(projects), summed(projects, "grant_sek"), summed(projects, "budget_sek"), share(projects, granted))
        for key, projects in grouped(
            reported.projects(), lambda each: (each["nuts2_code"], each["period_start"] and each["period_start"].year)
        ).items()
    }

    rows = reported.view("funding_by_region_year")

    assert len(rows) == len(expected)
    assert {
        (row["nuts2_code"], row["start_year"]): (
            row["projects"],
            row["grant_sek"],
            row["budget_sek"],
            row["grant_share"],
        )
        for row in rows
    } == expected
    assert (None, None) in expected
    assert {row["nuts2_code"]: row["region"] for row in rows} == {
        row["nuts2_code"]: REGION.get(row["nuts2_code"]) for row in rows
    }


def test_a_programme_area_has_the_projects_of_its_code_in_its_period(reported: Reported) -> None:
    expected = {
        key: (len(projects), summed(projects, "grant_sek"), summed(projects, "budget_sek"), share(projects, granted))
        for key, projects in grouped(
            reported.projects(),
            lambda each: (
                each["programme_period"],
                each["programme_area_code"],
                each["programme_area"] if each["programme_area_code"] is None else None,
            ),
        ).items()
    }

    rows = reported.view("funding_by_programme_area")

    assert len(rows) == len(expected)
    assert {
        (
            row["programme_period"],
            row["programme_area_code"],
            row["programme_area"] if row["programme_area_code"] is None else None,
        ): (row["projects"], row["grant_sek"], row["budget_sek"], row["grant_share"])
        for row in rows
    } == expected


def test_a_programme_area_is_named_by_the_reference_table_or_else_by_the_pages(reported: Reported) -> None:
    names = {
        (row["programme_period"], row["programme_area_code"]): row["programme_area"]
        for row in reported.view("funding_by_programme_area")
        if row["programme_area_code"] is not None
    }

    assert names == {
        ("2007-2013", "1"): "Kompetensförsörjning",
        ("2007-2013", "2"): "Ökat arbetskraftsutbud",
        ("2014-2020", "2"): "Ökade övergångar till arbete",
        ("2021-2027", "C"): None,
    }


# ---- municipalities -------------------------------------------------------------------------------------------


def places_of(reported: Reported) -> dict[str, list[str]]:
    """For each project its municipalities, as on the page."""
    found: dict[str, list[str]] = {each["project_id"]: [] for each in reported.projects()}
    for row in reported.rows("FROM project_municipality ORDER BY project_id, ordinal"):
        found[row["project_id"]].append(row["name"])
    return found


def parts_of(reported: Reported, title: str) -> list[tuple[str | None, str | None, Decimal, Decimal]]:
    query = (
        "SELECT share.* FROM report.municipality_share AS share JOIN project USING (project_id)"
        f" WHERE title = '{title}' ORDER BY share.grant_sek DESC, municipality"
    )
    return [
        (row["municipality_code"], row["municipality"], row["grant_sek"], row["budget_sek"])
        for row in reported.rows(query)
    ]


def test_what_does_not_divide_goes_to_the_municipalities_named_first(reported: Reported) -> None:
    # 100.01 = 33.34 + 33.34 + 33.33; 200.02 = 66.68 + 66.67 + 66.67. The page names Håbo, Bjuv, Malmö.
    assert parts_of(reported, "Tre delar") == [
        ("1260", "Bjuv", Decimal("33.34"), Decimal("66.67")),
        ("0305", "Håbo", Decimal("33.34"), Decimal("66.68")),
        ("1280", "Malmö", Decimal("33.33"), Decimal("66.67")),
    ]


def test_a_municipality_named_twice_counts_once_and_each_unknown_name_by_itself(reported: Reported) -> None:
    # Håbo, Atlantis, Håbo kommun, Lemurien: three places.
    assert parts_of(reported, "Två gånger") == [
        ("0305", "Håbo", Decimal("133333.34"), Decimal("333333.34")),
        (None, "Atlantis", Decimal("133333.33"), Decimal("333333.33")),
        (None, "Lemurien", Decimal("133333.33"), Decimal("333333.33")),
    ]


def test_a_project_without_municipalities_stands_whole_under_null(reported: Reported) -> None:
    assert parts_of(reported, "Hela budgeten") == [(None, None, Decimal(500), Decimal(500))]
    assert reported.rows(
        "SELECT municipalities FROM report.municipality_share JOIN project USING (project_id)"
        " WHERE title = 'Hela budgeten'"
    ) == [{"municipalities": 0}]


def test_the_parts_of_each_project_add_up_to_its_amounts_and_differ_by_an_ore_at_most(reported: Reported) -> None:
    parts = grouped(reported.view("municipality_share"), lambda row: row["project_id"])

    for each in reported.projects():
        for column in ("grant_sek", "budget_sek"):
            mine = [row[column] for row in parts[each["project_id"]]]
            if each[column] is None:
                assert set(mine) == {None}
            else:
                assert sum(mine) == each[column]
                assert max(mine) - min(mine) <= ORE
    assert len(parts) == len(reported.projects())


def test_a_municipality_has_every_project_that_names_it_whole(reported: Reported) -> None:
    counts: dict[str | None, int] = {}
    shared: dict[str | None, int] = {}
    for names in places_of(reported).values():
        codes = {(place.municipality_code if (place := find_municipality(name)) else None) for name in names} or {None}
        several = len({(find_municipality(name) or name) for name in names}) > 1
        for code in codes:
            counts[code] = counts.get(code, 0) + 1
            shared[code] = shared.get(code, 0) + several

    rows = {row["municipality_code"]: row for row in reported.view("funding_by_municipality")}

    assert {code: row["projects"] for code, row in rows.items()} == counts
    assert {code: row["shared_projects"] for code, row in rows.items()} == shared
    assert counts[None] > 3


def test_the_money_of_a_municipality_is_that_of_its_parts(reported: Reported) -> None:
    parts = grouped(reported.view("municipality_share"), lambda row: row["municipality_code"])

    rows = reported.view("funding_by_municipality")

    assert {row["municipality_code"]: (row["grant_sek"], row["budget_sek"], row["grant_share"]) for row in rows} == {
        code: (summed(mine, "grant_sek"), summed(mine, "budget_sek"), share(mine, granted))
        for code, mine in parts.items()
    }
    assert len(rows) == len(parts)


def test_a_municipality_is_named_with_the_county_and_region_it_lies_in(reported: Reported) -> None:
    known = {
        place.municipality_code: (
            place.name,
            COUNTY[place.county_code].name,
            place.county_code,
            REGION[COUNTY[place.county_code].nuts2_code],
            COUNTY[place.county_code].nuts2_code,
        )
        for place in municipalities()
    }
    columns = ("municipality", "county", "county_code", "region", "nuts2_code")

    for row in reported.view("funding_by_municipality"):
        told = tuple(row[column] for column in columns)
        assert told == (known[row["municipality_code"]] if row["municipality_code"] else (None,) * 5)


# ---- co-financing and coverage --------------------------------------------------------------------------------


def test_co_financing_is_the_budget_less_the_grant(reported: Reported) -> None:
    named: dict[str, int] = {}
    for row in reported.rows("FROM project_organisation WHERE role = 'co_financier'"):
        named[row["project_id"]] = named.get(row["project_id"], 0) + 1
    expected = {}
    for key, projects in grouped(
        reported.projects(), lambda each: (each["programme_period"], each["programme_area_code"], each["nuts2_code"])
    ).items():
        both = [each for each in projects if None not in (each["grant_sek"], each["budget_sek"])]
        expected[key] = {
            "projects": len(projects),
            "co_financed_projects": sum(each["budget_sek"] > each["grant_sek"] for each in both),
            "wholly_granted_projects": sum(each["budget_sek"] == each["grant_sek"] for each in both),
            "unknown_projects": len(projects) - len(both),
            "naming_projects": sum(each["project_id"] in named for each in projects),
            "co_financiers": sum(named.get(each["project_id"], 0) for each in projects),
            "grant_sek": summed(projects, "grant_sek"),
            "budget_sek": summed(projects, "budget_sek"),
            "co_financing_sek": summed(both, "budget_sek") - summed(both, "grant_sek") if both else None,
            "co_financing_share": share(projects, lambda each: each["budget_sek"] - each["grant_sek"]),
            "region": REGION.get(key[2]),
        }

    rows = reported.view("co_financing")

    assert len(rows) == len(expected)
    for row in rows:
        key = (row.pop("programme_period"), row.pop("programme_area_code"), row.pop("nuts2_code"))
        assert row == expected[key], key


def test_coverage_sets_what_is_loaded_beside_what_is_known(reported: Reported) -> None:
    rows = {row["programme_period"]: row for row in reported.view("coverage")}

    loaded = grouped(reported.projects(), lambda each: each["programme_period"])
    assert {period: row["projects"] for period, row in rows.items()} == {
        period: len(projects) for period, projects in loaded.items()
    }
    assert [row["known_projects"] for row in rows.values()] == [4000, 997, 288]
    first = rows["2007-2013"]
    assert first["cci"] == "2007SE052PO001"
    assert first["projects_coverage"] == (Decimal(first["projects"]) / 4000).quantize(Decimal("0.0001"))
    assert first["grant_coverage"] == (first["grant_sek"] / 6_200_000_000).quantize(Decimal("0.0001"))
    assert rows["2021-2027"]["grant_coverage"] is None
    assert all(row["source"] for row in rows.values())

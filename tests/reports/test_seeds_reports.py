"""What the reports say of the five real pages, worked out by hand from what the pages say: numbers and codes only.

| page | region | grant | budget | days | municipalities | owner, co-financiers, partners |
| --- | --- | ---: | ---: | --- | ---: | --- |
| 000 | SE23 | 450,000 | 450,000 | 2014-07-01 to 2014-12-31 | 1 | 1, 0, 0 |
| 001 | SE22 | 5,222,650 | 13,120,391 | 2008-08-01 to 2010-03-31 | 1 | 1, 1 (the owner), 1 |
| 002 | SE21 | 5,172,130 | 12,929,174 | 2009-01-15 to 2011-01-15 | 8 | 0, 11 (one twice), 0 |
| 003 | SE23 | 451,546 | 619,546 | 2008-07-01 to 2008-12-31 | 8 | 1, 1, 0; the only Förprojektering |
| 004 | SE22 | 10,638,862 | 25,397,159 | 2012-02-01 to 2014-12-31 | 2 | 1 (co-finances 003), 2, 4 (all three above) |
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.conftest import SEEDS, Job
from tests.reports.conftest import Reported

pytestmark = [
    pytest.mark.seeds,
    pytest.mark.skipif(not SEEDS.is_dir(), reason="the real pages are not beside this checkout (../shared/seeds)"),
]

GRANT_SEK, BUDGET_SEK = Decimal(21_935_188), Decimal(52_516_270)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """The seeds as delivered, in a warehouse of their own."""
    job = Job(SEEDS, tmp_path_factory.mktemp("seeds") / "warehouse")
    assert job.ingest(settle_s=0).loaded == 5
    return Reported(job)


def table(seeds: Reported, view: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in seeds.view(view)]


def test_funding_by_region_year(seeds: Reported) -> None:
    assert table(
        seeds,
        "funding_by_region_year",
        "nuts2_code",
        "start_year",
        "projects",
        "grant_sek",
        "budget_sek",
        "grant_share",
    ) == [
        ("SE21", 2009, 1, 5_172_130, 12_929_174, Decimal("0.400036")),
        ("SE22", 2008, 1, 5_222_650, 13_120_391, Decimal("0.398056")),
        ("SE22", 2012, 1, 10_638_862, 25_397_159, Decimal("0.418900")),
        ("SE23", 2008, 1, 451_546, 619_546, Decimal("0.728834")),
        ("SE23", 2014, 1, 450_000, 450_000, 1),
    ]


def test_funding_by_municipality(seeds: Reported) -> None:
    eighth_of_002 = (1, 1, Decimal("646516.25"), Decimal("1616146.75"))
    eighth_of_003 = (1, 1, Decimal("56443.25"), Decimal("77443.25"))
    half_of_004 = (1, 1, Decimal(5_319_431), Decimal("12698579.50"))
    assert table(
        seeds, "funding_by_municipality", "municipality_code", "projects", "shared_projects", "grant_sek", "budget_sek"
    ) == [
        *((code, *eighth_of_002) for code in ("0760", "0761", "0763", "0764", "0765", "0767", "0780", "0781")),
        ("1287", 1, 0, 5_222_650, 13_120_391),
        ("1290", *half_of_004),
        ("1293", *half_of_004),
        ("1381", 1, 0, 450_000, 450_000),
        *((code, *eighth_of_003) for code in ("1421", "1427", "1430", "1438", "1460", "1484", "1487", "1488")),
    ]
    assert seeds.total("municipality_share", "grant_sek") == GRANT_SEK


def test_funding_by_programme_area(seeds: Reported) -> None:
    assert table(
        seeds, "funding_by_programme_area", "programme_area_code", "projects", "grant_sek", "budget_sek", "grant_share"
    ) == [("2", 5, GRANT_SEK, BUDGET_SEK, Decimal("0.417684"))]


def test_co_financing(seeds: Reported) -> None:
    columns = ("co_financed_projects", "wholly_granted_projects", "co_financiers", "co_financing_sek")
    assert table(seeds, "co_financing", "nuts2_code", *columns) == [
        ("SE21", 1, 0, 11, 7_757_044),
        ("SE22", 2, 0, 3, 22_656_038),
        ("SE23", 1, 1, 1, 168_000),
    ]
    assert seeds.total("co_financing", "co_financing_sek") == BUDGET_SEK - GRANT_SEK


def test_active_projects_by_month(seeds: Reported) -> None:
    rows = seeds.view("active_projects_by_month")
    changes = [
        (row["month"], row["running"])
        for before, row in zip([None, *rows], rows, strict=False)
        if before is None or before["running"] != row["running"]
    ]

    assert len(rows) == 78
    assert seeds.total("active_projects_by_month", "running") == 6 + 20 + 25 + 6 + 35
    assert changes == [
        (date(2008, 7, 1), 1),
        (date(2008, 8, 1), 2),
        (date(2010, 4, 1), 1),
        (date(2011, 2, 1), 0),
        (date(2012, 2, 1), 1),
        (date(2014, 7, 1), 2),
    ]


def test_project_duration(seeds: Reported) -> None:
    columns = ("projects", "shortest_days", "median_days", "mean_days", "longest_days", "total_days")
    assert table(seeds, "project_duration", "phase", *columns) == [
        ("Förprojektering", 1, 184, 184, 184, 184, 184),
        ("Genomförande", 4, 184, Decimal("669.5"), 647, 1065, 184 + 608 + 731 + 1065),
    ]


def test_organisations_and_their_roles(seeds: Reported) -> None:
    roles = table(seeds, "project_role", "role", "listed")
    assert {role: sum(1 for each, _ in roles if each == role) for role in ("owner", "co_financier", "partner")} == {
        "owner": 5,
        "co_financier": 14,
        "partner": 5,
    }
    assert sorted(listed for _, listed in roles) == [0, *[1] * 22, 2]
    rows = table(seeds, "organisations", "projects", "as_owner", "as_co_financier", "as_partner", "grant_sek")
    assert len(rows) == 19
    assert (2, 1, 1, 1, Decimal(10_638_862)) in rows
    (nobody,) = (row for row in seeds.view("organisations") if row["organisation"] is None)
    assert (nobody["projects"], nobody["grant_sek"]) == (1, 5_172_130)


def test_partnerships(seeds: Reported) -> None:
    rows = seeds.view("partnerships")

    assert len(rows) == 1 + 1 + 10 * 9 // 2 + 1 + 4 * 3 // 2
    assert {row["projects"] for row in rows} == {1}
    assert sum(row["partner"] is None for row in rows) == 1
    assert sum(row["owned_projects"] for row in rows) == 1 + 1 + 0 + 1 + 3


def test_coverage(seeds: Reported) -> None:
    columns = ("programme_period", "projects", "projects_coverage", "grant_sek", "grant_coverage")
    assert table(seeds, "coverage", *columns) == [
        ("2007-2013", 5, Decimal("0.0013"), GRANT_SEK, Decimal("0.0035")),
        ("2014-2020", 0, 0, None, None),
        ("2021-2027", 0, 0, None, None),
    ]


def test_list_of_operations(seeds: Reported) -> None:
    columns = ("start_date", "end_date", "total_cost_sek", "grant_sek", "fund", "country")
    assert sorted(table(seeds, "list_of_operations", *columns)) == [
        (date(2008, 7, 1), date(2008, 12, 31), 619_546, 451_546, "ESF", "Sverige"),
        (date(2008, 8, 1), date(2010, 3, 31), 13_120_391, 5_222_650, "ESF", "Sverige"),
        (date(2009, 1, 15), date(2011, 1, 15), 12_929_174, 5_172_130, "ESF", "Sverige"),
        (date(2012, 2, 1), date(2014, 12, 31), 25_397_159, 10_638_862, "ESF", "Sverige"),
        (date(2014, 7, 1), date(2014, 12, 31), 450_000, 450_000, "ESF", "Sverige"),
    ]
    assert [
        sum(row[name] is None for row in seeds.view("list_of_operations")) for name in ("beneficiary", "purpose")
    ] == [
        1,
        2,
    ]
    assert sorted(row["municipalities"].count("; ") + 1 for row in seeds.view("list_of_operations")) == [1, 1, 2, 8, 8]


def test_data_quality(seeds: Reported) -> None:
    rows = seeds.view("data_quality")

    assert {(row["kind"], row["code"]): row["affected"] for row in rows if row["affected"]} == {
        ("absent", "diary_number"): 5,
        ("absent", "owner"): 1,
        ("finding", "owner-missing"): 1,
    }
    assert {row["total"] for row in rows} == {5}


def test_load_history(seeds: Reported) -> None:
    columns = ("outcome", "files_seen", "loaded", "new_projects", "changed_projects", "projects")
    assert table(seeds, "load_history", *columns) == [("published", 5, 5, 5, 0, 5)]

"""What is absent, odd or refused, and what the runs did."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.conftest import Job, project
from tests.reports.conftest import Reported, grouped


def quality(reported: Reported, kind: str) -> dict[tuple[str, str | None], dict[str, Any]]:
    return {(row["code"], row["programme_period"]): row for row in reported.view("data_quality") if row["kind"] == kind}


def test_an_absent_value_counts_the_projects_of_the_period_that_lack_it(reported: Reported) -> None:
    placed = {row["project_id"] for row in reported.rows("FROM project_municipality")}
    told = {row["project_id"] for row in reported.rows("FROM project_section")}
    columns = (
        "programme_area_code",
        "phase",
        "owner",
        "grant_sek",
        "budget_sek",
        "period_start",
        "period_end",
        "nuts2_code",
    )

    def lacks(each: dict[str, Any], code: str) -> bool:
        if code == "diary_number":
            return each["diary_number"] is None and each["project_number"] is None
        if code in ("municipality", "prose"):
            return each["project_id"] not in (placed if code == "municipality" else told)
        return each[code] is None

    codes = (*columns, "diary_number", "municipality", "prose")

    found = quality(reported, "absent")

    assert len(found) == len(codes) * 3
    for period, projects in grouped(reported.projects(), lambda each: each["programme_period"]).items():
        for code in codes:
            affected = sorted(each["project_id"] for each in projects if lacks(each, code))
            row = found[code, period]
            assert (row["affected"], row["occurrences"], row["total"]) == (len(affected), len(affected), len(projects))
            assert row["example"] == (affected[0] if affected else None)
            assert row["share"] == (Decimal(len(affected)) / len(projects)).quantize(Decimal("0.000001"))


def test_the_total_of_an_absent_value_over_all_periods_is_the_number_of_projects(reported: Reported) -> None:
    totals: Counter[str] = Counter()
    for (code, _), row in quality(reported, "absent").items():
        totals[code] += row["total"]

    assert set(totals.values()) == {len(reported.projects())}


def test_a_finding_counts_projects_and_occurrences(reported: Reported) -> None:
    period_of = {each["project_id"]: each["programme_period"] for each in reported.projects()}
    findings = reported.rows("FROM etl.finding")
    by_rule = grouped(findings, lambda row: (row["rule"], period_of[row["project_id"]]))

    found = quality(reported, "finding")

    assert {key: (row["affected"], row["occurrences"], row["example"]) for key, row in found.items()} == {
        key: (len({row["project_id"] for row in mine}), len(mine), min(row["project_id"] for row in mine))
        for key, mine in by_rule.items()
    }
    counts = Counter(period_of.values())
    assert {key: row["total"] for key, row in found.items()} == {key: counts[key[1]] for key in by_rule}
    assert all(row["message"] in {each["message"] for each in by_rule[key]} for key, row in found.items())
    assert any(row["occurrences"] > row["affected"] for row in found.values())


def test_a_reject_counts_files(reported: Reported) -> None:
    found = quality(reported, "reject")

    files = reported.rows("SELECT count(*) AS files FROM etl.landing_file")[0]["files"]
    assert {key: (row["affected"], row["occurrences"], row["total"], row["example"]) for key, row in found.items()} == {
        ("grant-above-budget", None): (1, 1, files, "dear.txt"),
        ("header-missing", None): (2, 2, files, "article.txt"),
        ("amount-unreadable", None): (1, 2, files, "unread.txt"),
    }
    assert all(row["message"].endswith(".") for row in found.values())


def test_each_run_says_which_projects_were_new_and_which_changed(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.put("b.txt", project("Beta"), on_day=1)
    job.ingest()
    job.ingest()
    job.put("a.txt", project("Alfa", phase="Förprojektering"), on_day=2)  # another phase: another project
    job.put("b.txt", project("Beta", owner="Ny ägare"), on_day=2)
    job.put("c.txt", project("Gamma"), on_day=2)
    job.ingest()
    reported = Reported(job)

    rows = reported.view("load_history")

    assert [(row["outcome"], row["loaded"], row["new_projects"], row["changed_projects"]) for row in rows] == [
        ("published", 2, 2, 0),
        ("idle", 0, 0, 0),
        ("published", 3, 2, 1),
    ]
    assert reported.total("load_history", "new_projects") == len(reported.projects()) == 4
    runs = reported.rows("SELECT *, epoch(ended_at - started_at) AS elapsed FROM etl.run ORDER BY run_id")
    same = ("run_id", "started_at", "files_seen", "unchanged", "rejected", "projects", "findings", "parser_version")
    assert [[row[name] for name in same] for row in rows] == [[run[name] for name in same] for run in runs]
    assert [float(row["elapsed_s"]) for row in rows] == pytest.approx([run["elapsed"] for run in runs], abs=0.001)

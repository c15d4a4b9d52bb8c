"""The real pages, from the landing folder to the tables: counts only, nothing of what they say."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from esf_etl import parse_file
from esf_etl.warehouse.status import read_status
from tests.integration.conftest import SEEDS, Job, day

pytestmark = [
    pytest.mark.seeds,
    pytest.mark.skipif(not SEEDS.is_dir(), reason="the real pages are not beside this checkout (../shared/seeds)"),
]


@pytest.fixture
def seeded(job: Job) -> Job:
    """The seeds in a landing folder of their own, loaded."""
    for place, path in enumerate(sorted(SEEDS.glob("*.txt"))):
        copy = job.landing / path.name
        shutil.copyfile(path, copy)
        os.utime(copy, ns=(day(10 + place), day(10 + place)))
    assert job.ingest().loaded == 5
    return job


def first_page(job: Job) -> Path:
    return min(job.landing.glob("*.txt"))


def without_banner(path: Path) -> str:
    """The page with its title right below the logo line."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    title = parse_file(path).title
    at = next(number for number, line in enumerate(lines) if line.strip() == title)
    return "".join([lines[0], "\n", *lines[at:]])


def test_the_seeds_give_the_rows_that_were_counted_by_eye(seeded: Job) -> None:
    counts = {
        "projects": "SELECT count(*) FROM project",
        "owners": "SELECT count(*) FROM project_organisation WHERE role = 'owner'",
        "co-financiers": "SELECT count(*) FROM project_organisation WHERE role = 'co_financier'",
        "partners": "SELECT count(*) FROM project_organisation WHERE role = 'partner'",
        "municipalities": "SELECT count(*) FROM project_municipality",
        "municipalities with a code": "SELECT count(municipality_code) FROM project_municipality",
        "sections": "SELECT count(*) FROM project_section",
        "attributes": "SELECT count(*) FROM project_attribute",
        "rejects": "SELECT count(*) FROM etl.reject",
    }
    assert {name: seeded.value(query) for name, query in counts.items()} == {
        "projects": 5,
        "owners": 4,
        "co-financiers": 15,
        "partners": 5,
        "municipalities": 20,
        "municipalities with a code": 20,
        "sections": 27,
        "attributes": 0,
        "rejects": 0,
    }


def test_the_seeds_as_delivered_are_loaded_by_the_command(job: Job) -> None:
    result = job.command("ingest", "--landing", str(SEEDS), "--warehouse", str(job.warehouse))
    assert result.returncode == 0, result.stderr
    assert result.stdout == "Published: 5 loaded.\n"


def test_the_seeds_again_are_unchanged_and_status_says_so(seeded: Job) -> None:
    snapshots = seeded.snapshots()

    again = seeded.ingest()

    assert (again.outcome, again.unchanged) == ("idle", 5)
    assert seeded.snapshots() == snapshots
    assert [entry["event"] for entry in seeded.journal()] == ["started", "ended"] * 2
    assert "found nothing new: 5 unchanged" in read_status(seeded.warehouse)["sentence"]


def test_a_seed_under_another_name_without_its_banner_is_the_same_content(seeded: Job) -> None:
    bare = {path: without_banner(path) for path in sorted(seeded.landing.glob("*.txt"))}
    assert any(text != path.read_text(encoding="utf-8") for path, text in bare.items()), "one of them has a banner"
    for number, text in enumerate(bare.values()):
        seeded.put(f"copies/{number}.txt", text, on_day=30)

    summary = seeded.ingest()

    assert (summary.loaded, summary.same_content, summary.unchanged) == (0, 5, 5)
    assert seeded.value("SELECT count(*) FROM history.project") == 5


def test_a_seed_with_another_budget_is_one_new_version_if_it_is_later(seeded: Job) -> None:
    path = first_page(seeded)
    page = parse_file(path)
    text = re.sub(r"(?m)^Total projektbudget.*$", "Total projektbudget99 000 000 kr", path.read_text(encoding="utf-8"))
    [(started_at, project_id)] = seeded.rows(
        f"SELECT started_at, project_id FROM etl.run, project WHERE source_path = '{path.name}'"
    )
    budget = f"SELECT budget_sek FROM {{}} WHERE project_id = '{project_id}'"

    seeded.put("earlier.txt", text, on_day=1)
    assert seeded.ingest().superseded == 1
    assert seeded.column(budget.format("project")) == [page.budget_sek]

    seeded.put("later.txt", text, on_day=40)
    later = seeded.ingest()
    assert later.loaded == 1
    assert seeded.column(budget.format("project")) == [99_000_000]
    history = f"SELECT budget_sek, valid_to FROM history.project WHERE project_id = '{project_id}' ORDER BY valid_from"
    assert seeded.rows(history) == [(page.budget_sek, later.started_at), (99_000_000, None)]
    assert seeded.column(budget.format(f"project_as_of(TIMESTAMP '{started_at}')")) == [page.budget_sek]

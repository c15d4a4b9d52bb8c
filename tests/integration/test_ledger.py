"""The ledger says of every file what became of it, and the runs say what they did."""

from __future__ import annotations

import hashlib
import os

import pytest

import esf_etl.run
from esf_etl import PARSER_VERSION, Project, project_id
from esf_etl.errors import LandingError
from esf_etl.pipeline import ingest
from esf_etl.progress import Silent
from tests.integration.conftest import Job, day, project


def test_a_file_that_was_read_has_one_row(job: Job) -> None:
    path = job.put("sub/a.txt", project("Alfa"), on_day=4)
    summary = job.ingest()

    info = path.stat()
    assert job.rows("FROM etl.landing_file") == [
        (
            "default",
            "sub/a.txt",
            info.st_size,
            day(4),
            info.st_ctime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
            "loaded",
            project_id(project("Alfa")),
            summary.parser_version,
            summary.run_id,
            summary.started_at,
            summary.started_at,
            None,
            None,
        )
    ]


def test_a_touched_file_is_unchanged_and_its_row_learns_the_new_times(job: Job) -> None:
    path = job.put("a.txt", project("Alfa"), on_day=1)
    first = job.ingest()
    job.touch("a.txt", on_day=5)
    job.put("b.txt", project("Beta"), on_day=1)

    second = job.ingest()

    assert (second.unchanged, second.loaded) == (1, 1)
    columns = "mtime_ns, ctime_ns, run_id, last_read_at"
    assert job.rows(f"SELECT {columns} FROM etl.landing_file WHERE path = 'a.txt'") == [
        (day(5), path.stat().st_ctime_ns, first.run_id, first.started_at)
    ]


def test_a_touched_file_alone_is_no_news(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()
    job.touch("a.txt", on_day=5)
    assert (job.ingest().outcome, job.ingest().outcome) == ("idle", "idle")


def test_a_changed_file_keeps_the_time_it_was_first_seen(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    first = job.ingest()
    job.put("a.txt", project("Alfa", owner="En annan ägare"), on_day=2)
    second = job.ingest()
    assert job.rows("SELECT first_seen_at, last_read_at, run_id FROM etl.landing_file") == [
        (first.started_at, second.started_at, second.run_id)
    ]


def test_a_file_that_left_is_missing_since_the_first_run_without_it(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", project("Beta"))
    job.ingest()
    (job.landing / "b.txt").unlink()
    without = job.ingest()
    assert (without.outcome, without.vanished, without.unchanged) == ("published", 1, 1)
    assert job.ingest().vanished == 0
    job.put("c.txt", project("Gamma"))
    job.ingest()

    assert job.rows("SELECT path, missing_since FROM etl.landing_file ORDER BY path") == [
        ("a.txt", None),
        ("b.txt", without.started_at),
        ("c.txt", None),
    ]
    assert job.column("SELECT title FROM project ORDER BY title") == ["Alfa", "Beta", "Gamma"]


def test_a_renamed_file_is_the_same_content_under_a_new_name(job: Job) -> None:
    path = job.put("a.txt", project("Alfa"))
    job.ingest()
    path.rename(job.landing / "b.txt")

    summary = job.ingest()

    assert (summary.loaded, summary.same_content, summary.vanished) == (0, 1, 1)
    assert job.rows("SELECT path, outcome, missing_since IS NULL FROM etl.landing_file ORDER BY path") == [
        ("a.txt", "loaded", False),
        ("b.txt", "same-content", True),
    ]


def test_names_that_are_no_utf_8_are_known_again(job: Job) -> None:
    raw = os.fsencode(job.landing) + b"/sk\xe5ne.txt"
    with open(raw, "wb") as file:  # noqa: PTH123 - pathlib takes no bytes
        file.write(job.put("a.txt", project("Alfa")).read_bytes())
    os.utime(raw, ns=(day(2), day(2)))

    summary = job.ingest()

    assert (summary.loaded, summary.same_content) == (1, 1)
    assert job.column("SELECT path FROM etl.landing_file ORDER BY path") == ["a.txt", "sk\\xe5ne.txt"]
    assert job.ingest().unchanged == 2


def test_decomposed_and_composed_names_are_two_files(job: Job) -> None:
    job.put("sk\u00e5ne.txt", project("Alfa"))
    job.put("ska\u030ane.txt", project("Beta"))
    assert job.ingest().loaded == 2
    assert job.ingest().unchanged == 2


def test_every_run_stands_in_the_run_table_also_those_that_published_nothing(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", "Ingen projektsida.\n")
    job.ingest()
    job.ingest()
    job.landing.rename(job.landing.with_name("away"))
    with pytest.raises(LandingError):
        job.ingest()
    job.landing.with_name("away").rename(job.landing)

    class Interrupted(Silent):
        def stage(self, name: str) -> None:
            if name == "write":
                raise KeyboardInterrupt

    job.put("c.txt", project("Gamma"))
    with pytest.raises(KeyboardInterrupt):
        ingest(job.settings(), progress=Interrupted())
    monkeypatch.setattr(esf_etl.run, "PARSER_VERSION", "next")
    job.ingest()

    counts = "files_seen, unchanged, loaded, same_content, superseded, rejected, deferred, vanished, projects"
    rows = job.rows(f"SELECT outcome, error_code, parser_version, {counts} FROM etl.run ORDER BY run_id")
    nothing = (None,) * 9
    assert rows == [
        ("published", None, PARSER_VERSION, 2, 0, 1, 0, 0, 1, 0, 0, 1),
        ("idle", None, PARSER_VERSION, 2, 2, 0, 0, 0, 0, 0, 0, 1),
        ("failed", "landing-missing", PARSER_VERSION, *nothing),
        ("failed", "KeyboardInterrupt", PARSER_VERSION, *nothing),
        ("published", None, "next", 3, 1, 1, 0, 0, 1, 0, 0, 2),
    ]
    assert job.column("SELECT run_id FROM etl.run WHERE ended_at < started_at OR ended_at IS NULL") == []


def test_the_counts_of_every_finished_run_add_up_in_the_table(job: Job) -> None:
    pages: list[Project | str] = [project("Alfa"), project("Alfa"), "Ingen projektsida.\n", project("Beta")]
    for number, page in enumerate(pages):
        job.put(f"{number}.txt", page, on_day=number)
        job.ingest()
    assert job.value("SELECT count(*) FROM etl.run") == 4
    assert (
        job.rows(
            "FROM etl.run WHERE files_seen <> unchanged + deferred + loaded + same_content + superseded + rejected"
        )
        == []
    )


def test_a_file_too_large_to_be_read_whole_has_no_hash(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("large.txt", "x" * 5000)
    summary = job.ingest(max_page_bytes=4000)
    assert (summary.loaded, summary.rejected) == (1, 1)
    assert job.rows("SELECT content_sha256, size_bytes FROM etl.landing_file WHERE path = 'large.txt'") == [
        (None, 5000)
    ]

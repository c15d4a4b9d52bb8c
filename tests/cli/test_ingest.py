"""`esf-etl ingest`: what it prints, and what it ends with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from esf_etl import render
from esf_etl.progress import STAGES
from tests.cli.conftest import ARTICLE, CONTACT, Place, Run, environment, esf_etl, project, put, tree

STAGE_LINE = re.compile(r" +[0-9]+\.[0-9] s  [A-Z].+")


@pytest.fixture
def one_page(place: Place) -> Place:
    put(place.landing, "a.txt", project())
    return place


def test_it_prints_its_sentence_and_a_line_a_stage_on_stderr(one_page: Place, run: Run) -> None:
    done = run("ingest", *one_page.options)

    assert (done.code, done.out) == (0, "Published: 1 loaded.\n")
    lines = done.err.splitlines()
    assert len(lines) == len(STAGES)
    assert all(STAGE_LINE.fullmatch(line) for line in lines), done.err
    assert (one_page.warehouse / "current" / "esf.duckdb").is_file()


def test_a_second_run_says_that_nothing_is_new(own: Place, run: Run) -> None:
    before = (own.warehouse / "current").readlink()

    done = run("ingest", *own.options)

    assert done.code == 0
    assert done.out.startswith("Nothing new: 5 unchanged.\n")
    assert (own.warehouse / "current").readlink() == before


def test_it_points_to_the_rejects_and_ends_with_0(one_page: Place, run: Run) -> None:
    put(one_page.landing, "b.txt", ARTICLE)

    done = run("ingest", *one_page.options)

    assert done.code == 0
    assert done.out.startswith("Published: 1 loaded, 1 rejected.\n")
    assert "`esf-etl rejects`" in done.out


def test_fail_on_reject_ends_with_4_and_still_publishes(one_page: Place, run: Run) -> None:
    put(one_page.landing, "b.txt", ARTICLE)

    done = run("ingest", *one_page.options, "--fail-on-reject")

    assert done.code == 4
    assert done.out.startswith("Published: 1 loaded, 1 rejected.\n")
    assert (one_page.warehouse / "current").is_symlink()


def test_fail_on_reject_ends_with_0_where_nothing_is_rejected(one_page: Place, run: Run) -> None:
    assert run("ingest", *one_page.options, "--fail-on-reject").code == 0


def test_json_is_one_document_and_stdout_holds_nothing_else(one_page: Place) -> None:
    put(one_page.landing, "b.txt", ARTICLE)

    done = esf_etl("ingest", *one_page.options, "--json")

    assert done.returncode == 0
    summary = json.loads(done.stdout)
    assert (summary["outcome"], summary["files_seen"], summary["loaded"], summary["rejected"]) == ("published", 2, 1, 1)
    assert summary["law_holds"] is True
    assert set(summary["stages_s"]) <= set(STAGES)
    assert len(done.stderr.splitlines()) == len(STAGES)


def test_a_missing_landing_folder_ends_with_1_and_advice(place: Place, run: Run) -> None:
    place.landing.rmdir()

    done = run("ingest", *place.options)

    assert (done.code, done.out) == (1, "")
    assert "[landing-missing]" in done.err
    assert str(place.landing) in done.err
    assert "Name the folder with --landing." in done.err
    assert "Traceback" not in done.err


def test_an_empty_landing_folder_on_a_first_run_is_said_and_ends_with_0(place: Place, run: Run) -> None:
    done = run("ingest", *place.options)

    assert (done.code, done.out) == (0, "Nothing new: no page files.\n")
    assert f"Note: The landing folder {place.landing} has no page files" in done.err
    assert not (place.warehouse / "current").exists()


def test_an_empty_landing_folder_where_pages_were_known_ends_with_1(own: Place, run: Run) -> None:
    empty = own.landing.with_name("empty")
    empty.mkdir()

    done = run("ingest", "--landing", empty, "--warehouse", own.warehouse)

    assert done.code == 1
    assert "[landing-empty]" in done.err
    assert "Is its disk mounted" in done.err


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (["--workers", "0"], "workers is 0"),
        (["--workers", "many"], "--workers"),
        (["--settle-s", "-1"], "settle_s is -1"),
        (["--settle-s", "nan"], "settle"),
        (["--settle-s", "inf"], "settle"),
        (["--keep-snapshots", "0"], "keep_snapshots is 0"),
        (["--no-such-option"], "--no-such-option"),
        (["a.txt"], "a.txt"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_does_nothing(wrong: list[str], named: str, one_page: Place, run: Run) -> None:
    done = run("ingest", *one_page.options, *wrong)

    assert (done.code, done.out) == (2, "")
    assert named in done.err
    assert not one_page.warehouse.exists()


@pytest.fixture
def held(one_page: Place) -> Iterator[int]:
    """Another process holds the lock of the warehouse: its id."""
    hold = (
        "import sys; from pathlib import Path; from esf_etl.warehouse.folder import WarehouseFolder\n"
        "folder = WarehouseFolder(Path(sys.argv[1])); folder.create()\n"
        "with folder.locked(): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(one_page.warehouse)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.communicate("")


def test_it_ends_with_3_at_once_and_names_who_holds_the_lock(held: int, one_page: Place, run: Run) -> None:
    since = time.monotonic()
    done = run("ingest", *one_page.options)

    assert time.monotonic() - since < 2
    assert (done.code, done.out) == (3, "")
    assert "[lock-held]" in done.err
    assert f"process {held} on " in done.err
    assert not (one_page.warehouse / "runs.jsonl").exists()


def test_a_lock_that_was_let_go_holds_nobody(held: int, one_page: Place, run: Run) -> None:
    assert run("ingest", *one_page.options).code == 3
    os.kill(held, 9)
    until = time.monotonic() + 10
    while (done := run("ingest", *one_page.options)).code == 3:
        assert time.monotonic() < until
        time.sleep(0.05)

    assert done.code == 0


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(one_page: Place, run: Run) -> None:
    before = tree(one_page.landing)

    done = run("ingest", *one_page.options, "--dry-run")

    assert (done.code, done.out) == (0, "Would publish: 1 loaded.\n")
    assert not one_page.warehouse.exists()
    assert tree(one_page.landing) == before


def test_a_dry_run_leaves_what_is_published_to_the_byte(own: Place, run: Run) -> None:
    put(own.landing, "new.txt", project("Gamma"))
    before = tree(own.warehouse)

    done = run("ingest", *own.options, "--dry-run", "--json")

    assert done.code == 0
    assert (done.json["dry_run"], done.json["loaded"], done.json["unchanged"]) == (True, 1, 5)
    assert tree(own.warehouse) == before


def test_young_pages_wait_and_settle_s_0_takes_them(one_page: Place, run: Run) -> None:
    os.utime(one_page.landing / "a.txt")
    assert run("ingest", *one_page.options, "--dry-run").out == "Would publish nothing: 1 deferred.\n"

    assert run("ingest", *one_page.options, "--dry-run", "--settle-s", "0").out == "Would publish: 1 loaded.\n"


def test_reprocess_reads_every_file_again_and_rebuild_begins_anew(own: Place, run: Run) -> None:
    again = run("ingest", *own.options, "--reprocess", "--json").json
    assert (again["unchanged"], again["same_content"], again["rejected"]) == (0, 3, 2)

    anew = run("ingest", *own.options, "--rebuild", "--json").json
    assert (anew["loaded"], anew["rejected"], anew["outcome"]) == (3, 2, "published")


def test_keep_snapshots_is_how_many_stay(own: Place, run: Run) -> None:
    put(own.landing, "new.txt", project("Gamma"))

    assert run("ingest", *own.options, "--keep-snapshots", "1").code == 0

    (left,) = (own.warehouse / "snapshots").iterdir()
    assert left == (own.warehouse / "current").resolve()


def test_the_landing_name_is_what_the_ledger_knows_the_folder_by(one_page: Place, run: Run) -> None:
    assert run("ingest", *one_page.options, "--landing-name", "north").code == 0

    names = run("sql", "SELECT DISTINCT landing FROM etl.landing_file", "--warehouse", one_page.warehouse, "--json")
    assert names.json == [{"landing": "north"}]


def test_settings_come_from_the_environment(one_page: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_LANDING", str(one_page.landing))
    monkeypatch.setenv("ESF_ETL_WAREHOUSE", str(one_page.warehouse))
    monkeypatch.setenv("ESF_ETL_DRY_RUN", "yes")

    done = run("ingest")

    assert (done.code, done.out) == (0, "Would publish: 1 loaded.\n")
    assert not one_page.warehouse.exists()


def test_an_option_wins_over_the_environment(one_page: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_LANDING", "/nowhere")
    monkeypatch.setenv("ESF_ETL_WAREHOUSE", "/nowhere")
    monkeypatch.setenv("ESF_ETL_SETTLE_S", "1e9")
    monkeypatch.setenv("ESF_ETL_LANDING_NAME", "south")

    done = run("ingest", *one_page.options, "--settle-s", "0", "--landing-name", "north", "--dry-run", "--json")

    assert (done.code, done.json["loaded"], done.json["landing_name"]) == (0, 1, "north")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ESF_ETL_WORKERS", "many"),
        ("ESF_ETL_WORKERS", "0"),
        ("ESF_ETL_SETTLE_S", "soon"),
        ("ESF_ETL_REBUILD", "perhaps"),
        ("ESF_ETL_KEEP_SNAPSHOTS", "1.5"),
        ("ESF_ETL_MAX_PAGE_BYTES", "5MB"),
    ],
)
def test_a_variable_of_the_wrong_form_is_named(
    name: str, value: str, one_page: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    done = run("ingest", *one_page.options)

    assert (done.code, done.out) == (2, "")
    assert name in done.err
    assert value in done.err
    assert not one_page.warehouse.exists()


def test_a_warehouse_that_is_a_file_ends_with_1(one_page: Place, run: Run) -> None:
    one_page.warehouse.write_text("no folder", encoding="utf-8")

    done = run("ingest", *one_page.options)

    assert done.code == 1
    assert "[warehouse-unusable]" in done.err


def test_nobody_who_is_named_on_a_page_is_named_in_what_it_prints(place: Place, run: Run) -> None:
    put(place.landing, "a.txt", render(project()).replace("2008-08-01 till", "snart till"))
    put(place.landing, "b.txt", project())

    done = run("ingest", *place.options, "--json")

    assert (done.code, done.json["rejected"]) == (0, 1)
    for value in (CONTACT.name, CONTACT.email, CONTACT.phone):
        assert value is not None
        assert value not in done.out + done.err

"""`esf-etl status`: what the last runs did, and what is published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import HARMFUL, HOSTILE_TITLE, Place, Run, esf_etl, put


def test_before_any_run_it_says_how_to_start_one(tmp_path: Path, run: Run) -> None:
    done = run("status", "--warehouse", tmp_path / "warehouse")

    assert (done.code, done.out, done.err) == (0, "No run yet: start one with `esf-etl ingest`.\n", "")
    assert not (tmp_path / "warehouse").exists()


def test_json_before_any_run(tmp_path: Path, run: Run) -> None:
    found = run("status", "--json", "--warehouse", tmp_path / "warehouse").json

    assert (found["published"], found["runs"], found["warnings"]) == (None, [], [])
    assert found["sentence"].startswith("No run yet")


def test_after_a_publishing_run_it_says_what_is_published(published: Place, run: Run) -> None:
    done = run("status", "--warehouse", published.warehouse)

    assert done.code == 0
    sentence, state, names, row = done.out.splitlines()
    assert sentence.endswith("published 3 new versions, 2 rejected (`esf-etl rejects` says why).")
    assert state.startswith(f"Published: snapshots/{(published.warehouse / 'current').resolve().name}, 3 projects,")
    assert "2 rejected files" in state
    said = dict(zip(names.split("\t"), row.split("\t"), strict=True))
    assert (said["outcome"], said["files_seen"], said["loaded"], said["rejected"]) == ("published", "5", "3", "2")
    assert float(said["seconds"]) > 0


def test_json_is_one_document_on_stdout(published: Place) -> None:
    done = esf_etl("status", "--json", "--warehouse", published.warehouse)

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["published"]["rows"]["main.project"] == 3
    assert found["published"]["standing_rejects"] == 2
    assert [one["outcome"] for one in found["runs"]] == ["published"]


def test_after_a_run_without_news_it_says_so(own: Place, run: Run) -> None:
    assert run("ingest", *own.options).code == 0

    done = run("status", "--warehouse", own.warehouse)

    assert "found nothing new: 5 unchanged, 0 deferred." in done.out.splitlines()[0]
    assert [one["outcome"] for one in run("status", "--json", "--warehouse", own.warehouse).json["runs"]] == [
        "idle",
        "published",
    ]


def test_after_a_failed_run_it_says_why_and_what_is_still_published(own: Place, run: Run) -> None:
    nowhere = own.landing / "nowhere"
    assert run("ingest", "--landing", nowhere, "--warehouse", own.warehouse).code == 1

    done = run("status", "--warehouse", own.warehouse)

    assert done.code == 0
    first, second, *_ = done.out.splitlines()
    assert f"failed: {nowhere}: the landing folder does not exist." in first
    assert second.startswith("Published: snapshots/")
    latest = run("status", "--json", "--warehouse", own.warehouse).json["runs"][0]
    assert (latest["outcome"], latest["error_code"]) == ("failed", "landing-missing")


def test_the_option_runs_is_how_many_it_tells_of(own: Place, run: Run) -> None:
    for _ in range(2):
        assert run("ingest", *own.options).code == 0

    told = run("status", "--runs", "2", "--json", "--warehouse", own.warehouse).json["runs"]

    assert [one["outcome"] for one in told] == ["idle", "idle"]
    assert len(run("status", "--runs", "9", "--json", "--warehouse", own.warehouse).json["runs"]) == 3


@pytest.mark.parametrize("count", ["0", "-1"])
def test_a_number_of_runs_below_one_is_wrong_usage(count: str, published: Place, run: Run) -> None:
    done = run("status", "--runs", count, "--warehouse", published.warehouse)

    assert (done.code, done.out) == (2, "")


def test_a_foreign_write_ahead_log_is_named(with_foreign_wal: Place, run: Run) -> None:
    wal = (with_foreign_wal.warehouse / "current").resolve() / "esf.duckdb.wal"

    done = run("status", "--warehouse", with_foreign_wal.warehouse)

    assert done.code == 0
    (note,) = (line for line in done.out.splitlines() if line.startswith("Note: "))
    assert wal.name in note
    assert wal.parent.name in note
    assert "Remove it." in note
    assert len(run("status", "--json", "--warehouse", with_foreign_wal.warehouse).json["warnings"]) == 1


def test_a_current_that_points_to_nothing_ends_with_1(own: Place, run: Run) -> None:
    (own.warehouse / "current").unlink()
    (own.warehouse / "current").symlink_to("snapshots/gone")

    done = run("status", "--warehouse", own.warehouse)

    assert (done.code, done.out) == (1, "")
    assert "snapshots/gone" in done.err


def test_the_environment_names_the_warehouse(published: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_WAREHOUSE", str(published.warehouse))

    assert run("status").out == run("status", "--warehouse", published.warehouse).out


def test_what_could_steer_a_terminal_is_written_out(place: Place, run: Run) -> None:
    nowhere = place.landing / HOSTILE_TITLE
    failed = run("ingest", "--landing", nowhere, "--warehouse", place.warehouse)
    done = run("status", "--warehouse", place.warehouse)

    assert failed.code == 1
    assert r"Ond\u001b[31m" in failed.err
    assert r"Ond\u001b[31m" in done.out
    assert not any(character in failed.err + done.out for character in HARMFUL)


def test_a_reject_in_a_hostile_file_name_is_shown_harmlessly(place: Place, run: Run) -> None:
    put(place.landing, f"{HOSTILE_TITLE}.txt", "Ingen sida.\n")
    assert run("ingest", *place.options).code == 0

    done = run("rejects", "--warehouse", place.warehouse)

    assert r"\u001b[31m" in done.out
    assert not any(character in done.out for character in HARMFUL)

"""`esf-etl status`: what the last runs did, and what is published."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import HARMFUL, HOSTILE_TITLE, Place, Run, environment, esf_etl, put


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
    assert first.startswith("The last run failed, ")
    assert f"ago): {nowhere}: the landing folder does not exist." in first
    assert " What is published is from " in first
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


# ---- for monitors ----------------------------------------------------------------------------------------------


def age_by(place: Place, hours: int) -> None:
    """Let the journal say that all runs were so many hours ago."""
    journal = place.warehouse / "runs.jsonl"
    then = f"{datetime.now(UTC) - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S.%fZ}"
    entries = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    lines = [json.dumps(entry | ({"written_at": then} if "written_at" in entry else {})) for entry in entries]
    journal.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_fresh_run_satisfies_a_monitor(own: Place, run: Run) -> None:
    age_by(own, hours=5)
    done = run("status", "--max-age", "26h", "--warehouse", own.warehouse)

    assert done.code == 0
    assert done.out.startswith("The last run worked, ")
    assert " (5 h ago): it published 3 new versions" in done.out


@pytest.mark.parametrize("max_age", ["26h", "1d2h", "90m", "1d12h", "1d"])
def test_a_run_of_the_day_before_yesterday_is_stale_for_a_monitor(max_age: str, own: Place, run: Run) -> None:
    age_by(own, hours=40)
    plain = run("status", "--warehouse", own.warehouse)
    watched = run("status", "--max-age", max_age, "--warehouse", own.warehouse)

    assert plain.code == 0
    assert "That is longer ago than a night." in plain.out.splitlines()[0]
    assert watched.code == 1
    assert watched.out.startswith("Stale: the last run that worked was ")
    assert run("status", "--max-age", "41h", "--warehouse", own.warehouse).code == 0
    assert run("status", "--max-age", "2d", "--warehouse", own.warehouse).code == 0


def test_a_failed_run_alarms_however_new_what_is_published_is(own: Place, run: Run) -> None:
    assert run("ingest", "--landing", own.landing / "nowhere", "--warehouse", own.warehouse).code == 1

    assert run("status", "--max-age", "26h", "--warehouse", own.warehouse).code == 1


def test_a_reader_who_wants_the_first_line_alone_does_not_change_the_verdict(own: Place) -> None:
    age_by(own, hours=40)
    command = [sys.executable, "-m", "esf_etl.cli", "status", "--max-age", "26h", "--warehouse", str(own.warehouse)]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, env=environment(), stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)

    assert (done.returncode, done.stderr) == (1, "")


def test_no_run_at_all_alarms(tmp_path: Path, run: Run) -> None:
    done = run("status", "--max-age", "26h", "--warehouse", tmp_path / "warehouse")

    assert (done.code, done.out) == (1, "No run yet: start one with `esf-etl ingest`.\n")


def test_a_damaged_manifest_alarms_in_the_first_line(own: Place, run: Run) -> None:
    (own.warehouse / "current").resolve().chmod(0o755)
    (own.warehouse / "current" / "manifest.json").unlink()

    done = run("status", "--max-age", "26h", "--warehouse", own.warehouse)

    assert done.code == 1
    assert done.out.splitlines()[0].startswith("What is published is damaged: ")
    assert "esf-etl restore" in done.out.splitlines()[0]


def test_json_has_the_facts_of_the_first_line(own: Place, run: Run) -> None:
    age_by(own, hours=40)
    done = run("status", "--max-age", "26h", "--json", "--warehouse", own.warehouse)

    assert (done.code, done.err) == (1, "")
    found = done.json
    assert (found["state"], found["ok"], found["max_age_s"]) == ("stale", False, 26 * 3600)
    assert 40 * 3600 <= found["age_s"] < 41 * 3600
    assert datetime.fromisoformat(found["last_success_at"]).utcoffset() == timedelta(0)


@pytest.mark.parametrize("wrong", ["", "26", "h", "0h", "-1h", "1.5h", "12h1d", "26 h", "1w", "٣h", "9" * 40 + "h"])
def test_a_duration_of_another_form_is_wrong_usage(wrong: str, published: Place, run: Run) -> None:
    done = run("status", f"--max-age={wrong}", "--warehouse", published.warehouse)

    assert (done.code, done.out) == (2, "")
    assert "like 26h, 90m or 1d12h" in done.err


def test_a_run_at_work_is_told_from_one_that_was_killed(own: Place) -> None:
    # The process holds the lock in the midst of its run, until it is killed.
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from esf_etl.pipeline import ingest\n"
        "from esf_etl.progress import Silent\n"
        "from esf_etl.settings import IngestSettings\n"
        "class Waiting(Silent):\n"
        "    def stage(self, name):\n"
        "        print('at work', flush=True)\n"
        "        time.sleep(600)\n"
        "ingest(IngestSettings(landing=Path(sys.argv[1]), warehouse=Path(sys.argv[2])), progress=Waiting())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(own.landing), str(own.warehouse)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "at work\n"
            during = esf_etl("status", "--max-age", "26h", "--warehouse", own.warehouse)
        finally:
            process.kill()
    after = esf_etl("status", "--max-age", "26h", "--warehouse", own.warehouse)
    healed = esf_etl("ingest", *own.options)
    then = esf_etl("status", "--max-age", "26h", "--warehouse", own.warehouse)

    assert during.returncode == 0
    assert during.stdout.startswith("A run is at work; it began ")
    assert "The last run worked, " in during.stdout.splitlines()[0]
    assert after.returncode == 1
    assert after.stdout.startswith("The last run was killed; it had begun ")
    assert (healed.returncode, then.returncode) == (0, 0)
    assert "it found nothing new" in then.stdout.splitlines()[0]


def test_a_lock_that_another_machine_holds_cannot_be_seen(own: Place, run: Run) -> None:
    journal = own.warehouse / "runs.jsonl"
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"event":"started","run_id":"29991231T000000.000000Z","started_at":"2026-11-24T02:30:00Z"}\n')
    holder = {"pid": 1, "host": "somewhere-else", "since": "2026-11-24T02:30:00Z"}
    (own.warehouse / "run.lock.json").write_text(json.dumps(holder), encoding="utf-8")

    done = run("status", "--warehouse", own.warehouse)

    assert done.out.startswith("A run is at work on another machine, or was killed there; it began 2026-11-24")

"""`esf-etl ingest --log-format json` and `--log-file`: one JSON object a line, and nothing of a page in any."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from esf_etl.cli.json_lines import JsonLines
from esf_etl.progress import STAGES
from esf_etl.summary import COUNTS
from tests.cli.conftest import ARTICLE, CONTACT, HARMFUL, HOSTILE_TITLE, Place, Run, environment, esf_etl, project, put
from tests.promises import Tally


def lines_of(text: str) -> list[dict[str, Any]]:
    """The lines, each of which must be one JSON object in plain ASCII."""
    assert text.isascii()
    found = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(line, dict) for line in found)
    return found


def assert_whole(lines: list[dict[str, Any]], run_id: str) -> None:
    """Each line says when, how grave, what and of which run."""
    for line in lines:
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)
        assert line["level"] in {"INFO", "WARNING", "ERROR"}
        assert {"event", "message", "counts"} <= set(line)
        assert tuple(line["counts"]) == COUNTS
        assert line["run_id"] == run_id
    assert [line["timestamp"] for line in lines] == sorted(line["timestamp"] for line in lines)


def test_a_run_in_json_lines_from_begin_to_end(published: Place, tmp_path: Path) -> None:
    done = esf_etl("ingest", "--landing", published.landing, "--warehouse", tmp_path / "w", "--log-format", "json")

    assert done.returncode == 0
    lines = lines_of(done.stderr)
    first, *middle, last = lines
    assert_whole(lines, (tmp_path / "w" / "current").resolve().name)
    assert (first["event"], first["landing"]) == ("run-started", str(published.landing))
    stages = [line["stage"] for line in middle if line["event"] == "stage"]
    assert stages == [name for name in STAGES if name in stages]
    assert (last["event"], last["outcome"], last["law_holds"], last["level"]) == (
        "run-ended",
        "published",
        True,
        "INFO",
    )
    assert (last["counts"]["files_seen"], last["counts"]["loaded"], last["counts"]["rejected"]) == (5, 3, 2)
    assert set(last["stages_s"]) == set(stages)
    assert last["elapsed_s"] > 0
    assert done.stdout.startswith("Published: 3 loaded, 2 rejected.")


def test_a_file_gets_the_lines_of_each_run_and_stderr_stays_as_it_is(own: Place, tmp_path: Path, run: Run) -> None:
    log = tmp_path / "log.jsonl"
    first = run("ingest", *own.options, "--log-file", log)
    log.rename(tmp_path / "rotated.jsonl")
    again = [run("ingest", *own.options, "--log-file", log) for _ in range(2)]

    assert [first.code, *(done.code for done in again)] == [0, 0, 0]
    assert "Looking at the landing folder" in first.err
    lines = lines_of(log.read_text(encoding="utf-8"))
    assert [line["event"] for line in lines].count("run-ended") == 2
    assert len({line["run_id"] for line in lines}) == 2
    assert lines_of((tmp_path / "rotated.jsonl").read_text(encoding="utf-8"))[-1]["outcome"] == "idle"


def test_the_environment_asks_for_both(own: Place, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log.jsonl"
    monkeypatch.setenv("ESF_ETL_LOG_FORMAT", "json")
    monkeypatch.setenv("ESF_ETL_LOG_FILE", str(log))

    done = run("ingest", *own.options)

    assert lines_of(done.err) == lines_of(log.read_text(encoding="utf-8"))


def test_a_failed_run_ends_with_its_code_and_what_to_do(own: Place, run: Run) -> None:
    nowhere = own.landing / HOSTILE_TITLE
    done = run("ingest", "--landing", nowhere, "--warehouse", own.warehouse, "--log-format", "json")

    assert (done.code, done.out) == (1, "")
    lines = lines_of(done.err)
    last = lines[-1]
    assert_whole(lines, last["run_id"])
    assert (last["event"], last["level"], last["outcome"]) == ("run-ended", "ERROR", "failed")
    assert last["error_code"] == "landing-missing"
    assert last["advice"] == "Is the disk mounted? Name the folder with --landing."
    assert not any(character in done.err for character in HARMFUL)


def test_a_run_that_may_not_begin_has_one_line_without_an_id(own: Place, run: Run) -> None:
    (own.warehouse / "current").unlink()
    (own.warehouse / "current").symlink_to("snapshots/gone")

    done = run("ingest", *own.options, "--log-format", "json")

    assert (done.code, done.out) == (1, "")
    (line,) = lines_of(done.err)
    assert (line["event"], line["outcome"], line["error_code"]) == ("run-refused", "refused", "warehouse-unusable")
    assert "run_id" not in line


def test_a_warning_is_a_line_of_its_own_level(place: Place, run: Run) -> None:
    done = run("ingest", *place.options, "--log-format", "json")

    (warning,) = (line for line in lines_of(done.err) if line["event"] == "warning")
    assert warning["level"] == "WARNING"
    assert "has no page files" in warning["message"]


def test_an_error_that_nobody_foresaw_is_told_without_its_message(
    own: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quote_a_page(*_: object) -> None:
        msg = "Vi bygger broar."
        raise ZeroDivisionError(msg)

    monkeypatch.setattr("esf_etl.pipeline._carry_out", quote_a_page)

    done = run("ingest", *own.options, "--log-format", "json")

    assert (done.code, done.out) == (1, "")
    last = lines_of(done.err)[-1]
    assert (last["error_code"], last["message"]) == ("ZeroDivisionError", "Unexpected ZeroDivisionError")
    assert any("quote_a_page" in place for place in last["way"])
    assert "broar" not in done.err


def test_a_run_that_is_stopped_ends_with_130_and_a_last_line(own: Place) -> None:
    script = (
        "import sys, time\n"
        "import esf_etl.pipeline as pipeline\n"
        "from esf_etl.cli import main\n"
        "pipeline._carry_out = lambda *_: (print('at work', flush=True), time.sleep(600))\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, "ingest", *own.options, "--log-format", "json"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)

    assert process.returncode == 130
    assert [line["event"] for line in lines_of(told)] == ["run-started", "run-ended"]
    assert lines_of(told)[-1]["error_code"] == "KeyboardInterrupt"


@pytest.mark.parametrize("taken", ["folder", "below a file"])
def test_a_log_that_cannot_be_written_fails_no_run_and_is_told_on_stderr(
    taken: str, own: Place, tmp_path: Path, run: Run
) -> None:
    log = tmp_path / "log"
    if taken == "folder":
        log.mkdir()
    else:
        (tmp_path / "file").write_text("", encoding="utf-8")
        log = tmp_path / "file" / "log"

    done = run("ingest", *own.options, "--log-format", "json", "--log-file", log)

    assert done.code == 0
    lines = lines_of(done.err)
    assert "the log cannot be written" in lines[0]["message"]
    assert lines[-1]["outcome"] == "idle"


def test_a_disk_that_fills_under_the_log_fails_no_run(own: Place, run: Run) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")

    done = run("ingest", *own.options, "--log-file", full)

    assert done.code == 0
    assert done.err.count("/dev/full: the log cannot be written any more.") == 1
    assert "Traceback" not in done.err


def test_another_form_is_wrong_usage(own: Place, run: Run) -> None:
    done = run("ingest", *own.options, "--log-format", "xml")

    assert (done.code, done.out) == (2, "")
    assert "expected text or json" in done.err


def test_a_listener_of_nothing_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonLines(stderr=False, path=None) as lines:
        lines.stage("look")
        lines.warn("Something.")

    assert capsys.readouterr() == ("", "")


@pytest.mark.promise("personal")
def test_nothing_of_a_page_stands_in_a_line_or_a_metric_whatever_the_pages_hold(place: Place, tally: Tally) -> None:
    marked = "hemlig uppgift om kugghjul"
    contact = (str(CONTACT.name), str(CONTACT.email), str(CONTACT.phone))
    put(place.landing, "a.txt", project(f"{HOSTILE_TITLE} {marked}", owner=marked))
    put(place.landing, "b.txt", project("Dyr", grant_sek=Decimal(900_001), budget_sek=Decimal(900_000), owner=marked))
    put(place.landing, "c.txt", f"{ARTICLE}{marked} {' '.join(contact)}\n")
    page = put(place.landing, "d.txt", project("Alfa"))
    page.write_text(
        page.read_text(encoding="utf-8").replace("5\u00a0222\u00a0650 kr", f"{marked} kr"), encoding="utf-8"
    )
    assert marked in page.read_text(encoding="utf-8")
    os.utime(page, ns=(1_600_000_000 * 10**9,) * 2)
    log, metrics = place.warehouse.parent / "log.jsonl", place.warehouse / "metrics.prom"

    done = esf_etl("ingest", *place.options, "--with-contacts", "--log-format", "json", "--log-file", log)
    damaged = (place.warehouse / "current").resolve() / "manifest.json"
    damaged.unlink()
    failed = esf_etl("ingest", *place.options, "--reprocess", "--log-format", "json", "--log-file", log)

    assert (done.returncode, failed.returncode) == (0, 1)
    counts = lines_of(done.stderr)[-1]["counts"]
    assert (counts["loaded"], counts["rejected"]) == (1, 3)
    told = done.stderr + failed.stderr + log.read_text(encoding="utf-8") + metrics.read_text(encoding="utf-8")
    told = told.encode("ascii").decode("unicode_escape")
    for quoted in (marked, "kugghjul", *contact, "Ond", "Vi bygger broar", "Linåkern", "Påhittade", "Logotyp"):
        assert quoted not in told, quoted
    assert not any(character in done.stderr + failed.stderr for character in HARMFUL)
    tally("pages with contacts and hostile titles, loaded, rejected and failed", "no log line or metric quotes one", 4)

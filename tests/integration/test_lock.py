"""One writer at a time: a second run says who holds the lock, and ends at once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from esf_etl.errors import LockHeld
from tests.integration.conftest import Job, environment, project

HOLDS = """
import sys
from pathlib import Path
from esf_etl.pipeline import ingest
from esf_etl.progress import Silent
from esf_etl.settings import IngestSettings

class Waiting(Silent):
    def stage(self, name):
        if name == "write":
            print("holding", flush=True)
            sys.stdin.readline()

ingest(IngestSettings(landing=Path(sys.argv[1]), warehouse=Path(sys.argv[2])), progress=Waiting())
"""


@contextmanager
def holder(job: Job) -> Iterator[subprocess.Popen[str]]:
    """A process in the midst of a run; a line on its stdin lets it go on."""
    command = [sys.executable, "-c", HOLDS, str(job.landing), str(job.warehouse)]
    with subprocess.Popen(
        command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "holding\n"
            yield process
        finally:
            process.kill()


def test_a_second_run_ends_at_once_and_names_the_holder(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    with holder(job) as first:
        since = time.monotonic()
        second = job.run()
        elapsed_s = time.monotonic() - since

        assert second.returncode == 3
        assert "[lock-held]" in second.stderr
        assert f"process {first.pid} on " in second.stderr
        assert second.stdout == ""
        assert elapsed_s < 30
        assert [entry["event"] for entry in job.journal()] == ["started"], "it was no run"

        first.communicate("go on\n", timeout=60)
        assert first.returncode == 0
    assert job.value("SELECT count(*) FROM project") == 1
    assert job.ingest().outcome == "idle"


def test_the_lock_goes_with_the_process_that_held_it(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    with holder(job) as first:
        with pytest.raises(LockHeld, match=str(first.pid)):
            job.ingest()
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=60)
        assert (job.warehouse / "run.lock.json").exists(), "the word of the dead is still there"
        assert job.ingest().loaded == 1


@pytest.mark.parametrize("word", ['{"pid": 1, "host": "elsewhere", "since": "yesterday"}', "", "no json", "[]"])
def test_a_stale_word_of_a_holder_is_harmless(word: str, job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.warehouse.mkdir()
    (job.warehouse / "run.lock.json").write_text(word)
    (job.warehouse / "run.lock").touch()
    assert job.ingest().loaded == 1
    assert not (job.warehouse / "run.lock.json").exists()


def test_a_held_lock_whose_holder_left_no_word_still_refuses(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    with holder(job):
        (job.warehouse / "run.lock.json").unlink()
        with pytest.raises(LockHeld, match="another process"):
            job.ingest()


def test_readers_and_dry_runs_need_no_lock(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    job.put("b.txt", project("Beta"))
    with holder(job):
        holds = json.loads((job.warehouse / "run.lock.json").read_text())
        assert set(holds) == {"pid", "host", "since"}
        assert job.value("SELECT count(*) FROM project") == 1
        assert job.ingest(dry_run=True).loaded == 1
        status = job.command("status", "--warehouse", str(job.warehouse))
        assert status.returncode == 0
        assert "at work" in status.stdout

"""A run that is killed at any moment, by a signal that cannot be caught: nothing published is hurt, nothing is lost."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from esf_etl.progress import STAGES
from esf_etl.warehouse.status import read_status
from tests.integration.conftest import Job, environment, project

KILLED_AT_STAGE = """
import os, signal, sys
from pathlib import Path
from esf_etl.pipeline import ingest
from esf_etl.progress import Silent
from esf_etl.settings import IngestSettings

class Killed(Silent):
    def stage(self, name):
        if name == sys.argv[3]:
            os.kill(os.getpid(), signal.SIGKILL)

ingest(IngestSettings(landing=Path(sys.argv[1]), warehouse=Path(sys.argv[2])), progress=Killed())
"""


@dataclass(frozen=True, slots=True)
class Night:
    """A warehouse as it was published before tonight's pages came, and its digest before and after them."""

    job: Job
    before: str
    after: str

    def again(self, warehouse: Path) -> Job:
        """The same night, for another run to be killed in."""
        shutil.copytree(self.job.warehouse, warehouse, symlinks=True)
        return self.job.fork(warehouse)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    root = tmp_path_factory.mktemp("night")
    job = Job(root / "landing", root / "warehouse")
    job.put("a.txt", project("Alfa"), on_day=1)
    job.put("b.txt", project("Beta"), on_day=1)
    job.ingest()
    before = job.digest()
    job.put("a.txt", project("Alfa", owner="En annan ägare"), on_day=2)
    job.put("c.txt", project("Gamma"), on_day=2)
    job.put("d.txt", "Ingen projektsida.\n", on_day=2)
    unkilled = job.fork(root / "unkilled")
    shutil.copytree(job.warehouse, unkilled.warehouse, symlinks=True)
    unkilled.ingest()
    return Night(job, before, unkilled.digest())


def killed_at(job: Job, stage: str) -> None:
    result = job.python("-c", KILLED_AT_STAGE, str(job.landing), str(job.warehouse), stage)
    assert result.returncode == -signal.SIGKILL, result.stderr


def assert_whole(job: Job) -> None:
    """What is published is what its manifest says, and can be read."""
    published = job.published()
    assert published is not None
    manifest = json.loads((published / "manifest.json").read_text())
    for name, file in manifest["files"].items():
        assert hashlib.sha256((published / name).read_bytes()).hexdigest() == file["sha256"], name
    assert job.value("SELECT count(*) FROM project") == manifest["rows"]["main.project"]


def assert_healed(job: Job, digest: str) -> None:
    """The run after a killed one ends as if nothing had been."""
    job.ingest()
    assert job.digest() == digest
    assert_whole(job)
    journal = job.journal()
    assert [entry["run_id"] for entry in journal if entry["event"] == "started"] == [
        entry["run_id"] for entry in journal if entry["event"] == "ended"
    ]
    published = [entry["run_id"] for entry in journal if entry.get("outcome") == "published"]
    assert job.snapshots() == published
    assert list((job.warehouse / "staging").iterdir()) == []
    left = {path.name for path in job.warehouse.iterdir()}
    assert left <= {"current", "snapshots", "staging", "runs.jsonl", "run.lock", "metrics.prom"}
    assert job.ingest().outcome == "idle"


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_killed_at_any_stage_hurts_nothing_and_the_next_one_heals(
    stage: str, night: Night, tmp_path: Path
) -> None:
    job = night.again(tmp_path / "warehouse")

    killed_at(job, stage)

    flipped = stage == "record"
    assert_whole(job)
    assert job.digest() == (night.after if flipped else night.before)
    assert read_status(job.warehouse)["sentence"].startswith("The last run was killed; it had begun ")

    killed = [entry for entry in job.journal() if entry["event"] == "started"][-1]["run_id"]
    assert_healed(job, night.after)
    [ended] = [entry for entry in job.journal() if entry["event"] == "ended" and entry["run_id"] == killed]
    assert ended["outcome"] == ("published" if flipped else "killed")
    expected = ("published", 3) if flipped else ("killed", None)
    assert job.rows(f"SELECT outcome, projects FROM etl.run WHERE run_id = '{killed}'") == [expected]
    assert job.value("SELECT count(*) FROM history.project WHERE valid_to IS NULL") == 3
    assert job.value("SELECT count(*) FROM history.project") == 4


@pytest.mark.parametrize("stage", ["parse", "copy", "flip", "record"])
def test_a_first_run_that_is_killed_is_made_good_by_the_second(stage: str, night: Night, tmp_path: Path) -> None:
    job = night.job.fork(tmp_path / "warehouse")
    killed_at(job, stage)
    assert (job.published() is not None) == (stage == "record")
    assert_healed(job, night.after)


def test_a_run_may_be_killed_again_and_again(night: Night, tmp_path: Path) -> None:
    job = night.again(tmp_path / "warehouse")
    for stage in ("write", "seal", "flip", "flip"):
        killed_at(job, stage)
        assert_whole(job)
    assert_healed(job, night.after)
    outcomes = job.column("SELECT outcome FROM etl.run ORDER BY run_id")
    assert outcomes == ["published", *["killed"] * 4, "published"]


@pytest.mark.parametrize("seed", range(3))
def test_a_run_killed_at_a_random_moment_hurts_nothing_either(seed: int, night: Night, tmp_path: Path) -> None:
    job = night.again(tmp_path / "warehouse")
    command = [sys.executable, "-m", "esf_etl.cli", "ingest", "--landing", str(job.landing), "--warehouse"]
    command.append(str(job.warehouse))
    chance = random.Random(seed)
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        run.stderr.readline()  # it looks at the landing folder
        time.sleep(chance.uniform(0, 0.6))
        run.kill()
    assert_whole(job)
    assert job.digest() in (night.before, night.after)
    assert_healed(job, night.after)


def test_leftovers_of_a_killed_run_do_not_wake_those_who_read(night: Night, tmp_path: Path) -> None:
    job = night.again(tmp_path / "warehouse")
    killed_at(job, "flip")
    assert job.command("sql", "FROM project", "--warehouse", str(job.warehouse)).returncode == 0
    status = job.command("status", "--warehouse", str(job.warehouse))
    assert status.returncode == 0
    assert "was killed" in status.stdout


def test_a_journal_whose_last_line_was_cut_off_is_read_and_written_on(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    with (job.warehouse / "runs.jsonl").open("a", encoding="utf-8") as journal:
        journal.write('{"event":"started","run_id":"2026')
    job.put("b.txt", project("Beta"))
    job.ingest()
    assert job.value("SELECT count(*) FROM etl.run") == 2
    assert job.ingest().outcome == "idle"

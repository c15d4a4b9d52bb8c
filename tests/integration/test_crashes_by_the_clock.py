"""A real `esf-etl ingest` of a larger night, with processes that parse, killed from outside at moments that are drawn.

So kills fall where no call of ours is: into a process that parses, into what DuckDB writes, into a checkpoint, into
Parquet.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from esf_etl.cli.progress_display import _TEXT
from esf_etl.pages.invent import invent
from tests.integration.conftest import Job, environment
from tests.integration.killing import Held, Killer, Night, a_killer, assert_healed, assert_readable, held_by
from tests.promises import FULL, Tally

pytestmark = [pytest.mark.promise("crashes"), pytest.mark.timeout(300)]

PAGES = 3_000 if FULL else 800
PARTS, KILLS_A_PART = (8, 4) if FULL else (3, 2)
_SEED = 20_261_124


class Ending(NamedTuple):
    """How a run ended: its exit status (negative: the signal), the last stage that it told, how long it took."""

    status: int
    stage: str
    elapsed_s: float


class LargeNight(NamedTuple):
    night: Night
    elapsed_s: float


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with a_killer() as process:
        yield process


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> LargeNight:
    """A published warehouse, a third of its pages; all of them are there tonight."""
    root = tmp_path_factory.mktemp("large")
    job = Job(root / "landing", root / "warehouse")
    pages = list(invent(PAGES))
    for number, page in enumerate(pages[: PAGES // 3]):
        job.put(f"{number:05}.txt", page, on_day=1)
    job.ingest()
    for number, page in enumerate(pages[PAGES // 3 :], PAGES // 3):
        job.put(f"{number:05}.txt", page, on_day=2)
    before = job.digest()
    unkilled = Night("ingest", job, {}, before, Held("", [], [], []), []).again(root / "unkilled")
    ending = run(unkilled, kill_after_s=None)
    assert ending.status == 0
    return LargeNight(Night("ingest", job, {}, before, held_by(unkilled), []), ending.elapsed_s)


def run(job: Job, *, kill_after_s: float | None) -> Ending:
    """One run with two processes that parse, killed so long after it told its first stage."""
    command = [sys.executable, "-m", "esf_etl.cli", "ingest", "--workers", "2"]
    command += ["--landing", str(job.landing), "--warehouse", str(job.warehouse)]
    with subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        since = time.monotonic()
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            process.kill()
        told += process.stderr.read()
    elapsed_s = time.monotonic() - since
    assert_gone(process.pid)
    return Ending(process.returncode, stage_of(told), elapsed_s)


def stage_of(told: str) -> str:
    """The last stage in what a run told on stderr."""
    return [name for line in told.splitlines() for name, words in _TEXT.items() if line.endswith(f" s  {words}")][-1]


def assert_gone(group: int) -> None:
    """No process of a run is left: those that parsed end with the one that started them."""
    until = time.monotonic() + 30
    while left := list(living(group)):
        assert time.monotonic() < until, f"{left} of the killed run are still there"
        time.sleep(0.02)


def living(group: int) -> Iterator[int]:
    """The processes of a process group that have not ended (one that nobody has asked after has, too)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group, *_ = path.read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if int(its_group) == group and state != "Z":
            yield int(path.parent.name)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_killed_at_a_random_moment_hurts_nothing_either(
    part: int, large: LargeNight, killer: Killer, tmp_path: Path, tally: Tally
) -> None:
    chance = random.Random(_SEED + part)
    night, done = large.night, Counter[str]()
    for number in range(KILLS_A_PART):
        # Each kill has its own part of the duration, so that no part of a run is left out.
        share = (part * KILLS_A_PART + number + chance.random()) / (PARTS * KILLS_A_PART)
        job = night.again(tmp_path / str(number))
        ending = run(job, kill_after_s=share * large.elapsed_s)
        assert ending.status in (-signal.SIGKILL, 0), ending
        assert assert_readable(killer, job) in (night.before, night.after.digest)
        assert_healed(night, job, what=str(ending))
        if ending.status:
            done[ending.stage] += 1
        shutil.rmtree(job.warehouse)
    for stage, times in done.items():
        tally(
            f"SIGKILL at a random moment of a large run, in the stage {stage}",
            "published stays readable; the next run ends with the digest of one never killed; no process stays",
            times,
        )

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
from esf_etl.progress import STAGES
from tests.integration.conftest import Job, environment
from tests.integration.killing import Held, Killer, Night, a_killer, assert_healed, assert_readable, held_by
from tests.promises import FULL, Tally

pytestmark = [pytest.mark.promise("crashes"), pytest.mark.timeout(900 if FULL else 300)]

PAGES = 3_000 if FULL else 600
TIMES = {"parse": 4 if FULL else 2}
STAGES_IN_CI = ("parse", "write", "checkpoint", "parquet")
_SEED = 20_261_124


class Ending(NamedTuple):
    """How a run ended: its exit status (negative: the signal), and the stages that it told, with their seconds."""

    status: int
    stages_s: dict[str, float]

    @property
    def stage(self) -> str:
        """The last stage that it told."""
        return list(self.stages_s)[-1]


class LargeNight(NamedTuple):
    night: Night
    stages_s: dict[str, float]


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
    ending = run(unkilled)
    assert ending.status == 0
    assert tuple(ending.stages_s) == STAGES
    return LargeNight(Night("ingest", job, {}, before, held_by(unkilled), []), ending.stages_s)


def run(job: Job, *, kill_in: str | None = None, after_s: float = 0) -> Ending:
    """One run with two processes that parse, killed so long after it told that stage."""
    command = [sys.executable, "-m", "esf_etl.cli", "ingest", "--workers", "2"]
    command += ["--landing", str(job.landing), "--warehouse", str(job.warehouse)]
    began: dict[str, float] = {}
    with subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            for name in (name for name, words in _TEXT.items() if line.endswith(f" s  {words}\n")):
                began[name] = time.monotonic()
                if name == kill_in:
                    time.sleep(after_s)
                    process.kill()
    ended = [*began.values(), time.monotonic()][1:]
    assert_gone(process.pid)
    return Ending(
        process.returncode, {name: until - since for (name, since), until in zip(began.items(), ended, strict=True)}
    )


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


@pytest.mark.parametrize("stage", STAGES if FULL else STAGES_IN_CI)
def test_a_run_killed_at_a_random_moment_hurts_nothing_either(
    stage: str, large: LargeNight, killer: Killer, tmp_path: Path, tally: Tally
) -> None:
    chance = random.Random(f"{_SEED} {stage}")
    night, done = large.night, Counter[str]()
    for number in range(TIMES.get(stage, 2 if FULL else 1)):
        job = night.again(tmp_path / str(number))
        ending = run(job, kill_in=stage, after_s=chance.uniform(0, large.stages_s[stage]))
        assert ending.status in (-signal.SIGKILL, 0), ending
        assert assert_readable(killer, job) in (night.before, night.after.digest)
        assert_healed(night, job, what=str(ending))
        if ending.status:
            done[ending.stage] += 1
        shutil.rmtree(job.warehouse)
    for last, times in done.items():
        tally(
            f"SIGKILL at a random moment of a large run, in the stage {last}",
            "published stays readable; the next run ends with the digest of one never killed; no process stays",
            times,
        )

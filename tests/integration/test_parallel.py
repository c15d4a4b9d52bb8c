"""Work in several processes: in order, and gone with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

from esf_etl.batch import Chunk, ChunkTask, parse_chunk
from esf_etl.parallel import map_in_order, workers_for
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings
from tests.integration.conftest import Job, project

_SLEEPER = """
import os, time
from esf_etl.parallel import map_in_order

if __name__ == "__main__":
    results = map_in_order(os.getpgid, [0, 0], workers=2, preload="esf_etl")
    next(results)
    print("ready", flush=True)
    time.sleep(60)
"""


def _children(pid: int) -> set[int]:
    """The processes below a process, at any depth."""
    below: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            child = int(stat.parent.name)
            below |= {child} | _children(child)
    return below


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert list(map_in_order(abs, range(-20, 0), workers=2, preload="esf_etl")) == list(range(20, 0, -1))


def test_few_files_are_parsed_in_this_process() -> None:
    assert workers_for(100, None) == 1
    assert workers_for(100, 3) == 3


def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "sleeper.py"
    script.write_text(_SLEEPER, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        below = _children(process.pid)
        assert len(below) >= 2
        process.send_signal(signal.SIGKILL)
        process.wait()

    until = time.monotonic() + 20
    while time.monotonic() < until and any(map(_alive, below)):
        time.sleep(0.1)
    assert not [pid for pid in below if _alive(pid)]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("dry_run", "sizes"), [(False, [5, 5, 5, 5]), (True, [])], ids=["run", "dry run"])
def test_of_many_files_more_are_a_chunk_where_they_are_parsed_elsewhere(
    dry_run: bool, sizes: list[int], job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        job.put(f"{number}.txt", project(f"Projekt {number}"))
    for name, value in (("_FILES_A_CHUNK", 2), ("_FILES_A_CHUNK_ELSEWHERE", 5), ("_CHUNKS_ELSEWHERE", 3)):
        monkeypatch.setattr(f"esf_etl.intake.{name}", value)
    asked: list[int] = []

    def elsewhere(tasks: Iterable[ChunkTask]) -> Generator[Chunk, None, None]:
        for task in tasks:
            asked.append(len(task.files))
            yield parse_chunk(task)

    settings = IngestSettings(landing=job.landing, warehouse=job.warehouse, settle_s=0, dry_run=dry_run)
    summary = ingest(settings, parse_elsewhere=elsewhere)

    assert (summary.loaded, asked) == (20, sizes)

"""Memory that runs out, in the run and in its workers, and workers that the kernel ends: said in words, then healed."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from esf_etl import Section, render
from esf_etl.pages.invent import invent
from tests.integration.conftest import Job, environment, project
from tests.integration.disks import Before, assert_healed, assert_nothing_happened, assert_said_in_words, judge
from tests.promises import FULL, Tally

pytestmark = [pytest.mark.promise("exhaustion"), pytest.mark.timeout(3600)]

MB = 1024 * 1024
UNHURT = "what is published as it was; the next run heals"
AS_PROMISED = f"an error with advice, {UNHURT}"

WORKERS_OF_LITTLE_MEMORY = """
import resource, sys
import esf_etl.parallel as parallel
from esf_etl.cli import main
import small_workers

parallel._settle_in = small_workers.settle_in
sys.exit(main(["ingest", *sys.argv[1:]]))
"""
SMALL_WORKERS = """
import os, resource
from esf_etl.parallel import _end_with_parent

def settle_in():
    # What the process has by now, and so much more.
    _end_with_parent()
    size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    limit = size + int(os.environ["MORE_MB"]) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
"""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """Landing folder with pages for several chunks, a warehouse of the night before, the digest after this one."""
    root = tmp_path_factory.mktemp("night")
    job = Job(root / "landing", root / "warehouse")
    job.landing.mkdir()
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()
    for number, page in enumerate(invent(1200)):
        job.put(f"{number:04}.txt", render(page))
    job.put(
        "stor.txt",
        project("Stor", sections=(Section("summary", "Sammanfattning", ("Ord och mer. " * 300_000).strip()),)),
    )
    after = job.fork(root / "after")
    shutil.copytree(job.warehouse, after.warehouse, symlinks=True)
    after.ingest()
    return job.landing, job.warehouse, after.digest()


@pytest.fixture
def second(night: tuple[Path, Path, str], tmp_path: Path) -> tuple[Job, Before]:
    landing, warehouse, digest = night
    job = Job(landing, tmp_path / "warehouse")
    shutil.copytree(warehouse, job.warehouse, symlinks=True)
    return job, Before.of(job, digest)


def command(job: Job, *program: str, workers: int) -> list[str]:
    options = ["--landing", str(job.landing), "--warehouse", str(job.warehouse), "--workers", str(workers)]
    return [sys.executable, *program, *options]


@pytest.mark.parametrize("more_mb", [0, 1, 2, 4, 8, 12, 16, 24, 32] if FULL else [0, 8])
def test_a_worker_whose_memory_runs_out_ends_the_run_in_words(
    more_mb: int, second: tuple[Job, Before], tmp_path: Path, tally: Tally
) -> None:
    job, before = second
    (tmp_path / "small_workers.py").write_text(SMALL_WORKERS, encoding="utf-8")
    variables = environment(MORE_MB=str(more_mb))
    variables["PYTHONPATH"] += os.pathsep + str(tmp_path)
    result = subprocess.run(
        command(job, "-c", WORKERS_OF_LITTLE_MEMORY, workers=2),
        capture_output=True,
        text=True,
        env=variables,
        timeout=300,
        check=False,
    )

    # A worker with no memory to take its task says so itself, before the run does: it is Python that prints this, of
    # two workers at once one into the other, and only in part where the run ends them meanwhile.
    _, ours, rest = result.stderr.partition("esf-etl: error")
    result.stderr = ours + rest or result.stderr
    outcome = judge(job, before, result, "out-of-memory", "worker-died")
    if outcome != "published":
        assert "fewer" in result.stderr
        assert "workers" in result.stderr
    assert more_mb > 4 or outcome != "published"
    assert_healed(job, before)
    tally(
        "RLIMIT_AS in parse workers",
        "room enough: right digest" if outcome == "published" else f"`{outcome}`: {AS_PROMISED}",
    )


def test_a_run_whose_memory_runs_out_ends_in_words(night: tuple[Path, Path, str], tmp_path: Path, tally: Tally) -> None:
    """The limit of all it may map, from less than the program needs to enough. Below that no Python begins."""
    landing, warehouse, digest = night
    outcomes: Counter[str] = Counter()
    for limit_mb in range(500, 2900, 100) if FULL else (600, 1200):
        job = Job(landing, tmp_path / f"warehouse{limit_mb}")
        shutil.copytree(warehouse, job.warehouse, symlinks=True)
        before = Before.of(job, digest)
        result = subprocess.run(
            command(job, "-m", "esf_etl.cli", "ingest", workers=1),
            capture_output=True,
            text=True,
            env=environment(),
            timeout=300,
            check=False,
            preexec_fn=lambda limit=limit_mb * MB: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),  # type: ignore[misc]
        )
        # A library in C or Rust, or the loader (127), ends the process itself: no word of ours, no harm either.
        if result.returncode in (-signal.SIGABRT, -signal.SIGSEGV) or "ABORT" in result.stderr:
            assert_nothing_happened(job, before)
            outcomes["aborted"] += 1
        elif "Polars binary is missing" in result.stderr:
            # polars, where it cannot be loaded, says only that, and fails by a name that it lacks.
            assert result.returncode == 1
            assert_nothing_happened(job, before)
            outcomes["unloaded"] += 1
        else:
            outcomes[judge(job, before, result, "out-of-memory", "write-failed")] += 1
        assert_healed(job, before)
        shutil.rmtree(job.warehouse)
    for outcome, times in outcomes.items():
        came_out = {
            "published": "room enough: right digest",
            "unloaded": f"polars could not be loaded and says so, exit 1, no code of ours: {UNHURT}",
            "aborted": f"the process ended by a library, no word of ours: {UNHURT}",
        }.get(outcome, f"`{outcome}`: {AS_PROMISED}")
        tally("RLIMIT_AS of the whole run", came_out, times)


def workers_of(pid: int) -> list[int]:
    """The processes below the fork server of a run that run our code."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            parents = {int(fields[1])}
            parent = Path(f"/proc/{int(fields[1])}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(parent[1]) == pid and fields[0] != "Z" and parents:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize("after_s", [0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 1.6] if FULL else [0, 0.3])
@pytest.mark.parametrize("whom", ["one", "all"])
def test_a_worker_that_the_kernel_ends_is_named(
    whom: str, after_s: float, second: tuple[Job, Before], tally: Tally
) -> None:
    """SIGKILL, as the kernel sends it when the machine has no memory left."""
    job, before = second
    with subprocess.Popen(
        command(job, "-m", "esf_etl.cli", "ingest", workers=2),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        until = time.monotonic() + 60
        while not (found := workers_of(process.pid)) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(after_s)
        killed = 0
        for pid in found[: 1 if whom == "one" else None]:
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
        output, errors = process.communicate(timeout=120)
    result = subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    outcome = judge(job, before, result, "worker-died")
    if outcome == "worker-died":
        assert killed
        assert "fewer workers" in errors
    assert_healed(job, before)
    came_out = f"`worker-died`: {AS_PROMISED}" if outcome == "worker-died" else "its work was done: right digest"
    tally(f"SIGKILL to {whom} of the parse workers", came_out)


def test_the_kernel_itself_ends_a_run_that_takes_too_much(second: tuple[Job, Before], tally: Tally) -> None:
    """A control group of little memory: here the kernel chooses whom to end, the run or a worker."""
    job, before = second
    root = Path("/sys/fs/cgroup")
    of_old = (root / "memory").is_dir()  # version 1 of control groups
    group = (root / "memory" if of_old else root) / f"esf-etl-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / ("memory.limit_in_bytes" if of_old else "memory.max")).write_text(str(110 * MB))
    except OSError as problem:
        if group.is_dir():
            group.rmdir()
        pytest.skip(f"no control group with a limit of memory can be made here: {problem}")
    whole = command(job, "-m", "esf_etl.cli", "ingest", workers=2)
    try:
        result = subprocess.run(
            ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh", *whole],
            capture_output=True,
            text=True,
            env=environment(),
            timeout=300,
            check=False,
        )
        counts = (group / ("memory.oom_control" if of_old else "memory.events")).read_text()
        killed = int(dict(line.split() for line in counts.splitlines())["oom_kill"])
    finally:
        until = time.monotonic() + 20
        while (group / "cgroup.procs").read_text() and time.monotonic() < until:
            time.sleep(0.05)
        group.rmdir()
    assert killed > 0
    assert result.returncode in (1, -signal.SIGKILL), result.stderr
    if result.returncode == 1:
        assert_said_in_words(result, "worker-died", "out-of-memory")
    assert_nothing_happened(job, before)
    assert_healed(job, before)
    came_out = f"`worker-died`: {AS_PROMISED}" if result.returncode == 1 else f"the run itself was ended: {UNHURT}"
    tally("ended by the kernel's OOM killer in a control group", came_out)

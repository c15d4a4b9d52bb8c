"""A disk that takes no more: the run fails in words, and what is published stays."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from esf_etl import Section
from tests.integration.conftest import Job, environment, project
from tests.promises import FULL, Tally

pytestmark = pytest.mark.promise("exhaustion")


def limited(job: Job, room: int) -> subprocess.CompletedProcess[str]:
    """`esf-etl ingest` in a process that can write no file larger than the published database and so many kB more."""
    size = max(1, (job.warehouse / "current" / "esf.duckdb").stat().st_size // 1024 + room)
    command = [sys.executable, "-m", "esf_etl.cli", "ingest", "--landing", str(job.landing), "--warehouse"]
    return subprocess.run(
        ["bash", "-c", f'ulimit -f {size} && exec "$@"', "bash", *command, str(job.warehouse)],
        capture_output=True,
        text=True,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        timeout=120,
        check=False,
    )


ROOMS = (
    [-1000, -300, -4, 0, 4, 60, *range(100, 1500, 100)] if FULL else [-1000, 0, 300]
)  # fmt: skip
"""So many kB more than the published database has; with some, the database fits and the Parquet files do not."""


@pytest.mark.parametrize("room", ROOMS)
def test_a_run_that_can_write_no_more_fails_in_words_and_hurts_nothing(room: int, job: Job, tally: Tally) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()
    published, digest = job.published(), job.digest()
    chance = random.Random(1)
    for number in range(30):
        text = Section("summary", "Sammanfattning", chance.randbytes(20_000).hex())
        job.put(f"{number}.txt", project(f"Projekt {number}", sections=(text,)))

    result = limited(job, room)

    if room > 300 and result.returncode == 0:
        assert job.value("SELECT count(*) FROM project") == 31
        tally("RLIMIT_FSIZE", "room enough: loaded")
        return
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert "esf-etl: error [" in result.stderr
    assert (job.published(), job.digest()) == (published, digest)
    assert job.journal()[-1]["outcome"] == "failed"
    assert job.ingest().loaded == 30
    code = "no-room" if room < 0 else "write-failed"
    assert f"[{code}]" in result.stderr
    tally("RLIMIT_FSIZE", f"`{code}`, what is published as it was; the next run heals")

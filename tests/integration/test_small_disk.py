"""A disk that is really full, of bytes or of files, at every place of a run: it fails in words and hurts nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Job, environment, project
from tests.integration.disks import (
    Before,
    Disk,
    assert_healed,
    assert_nothing_happened,
    assert_said_in_words,
    judge,
    lay_news,
    small_disk,
)
from tests.promises import FULL, Tally

pytestmark = [pytest.mark.promise("exhaustion"), pytest.mark.timeout(3600), pytest.mark.xdist_group("small_disk")]

CODES = ("no-room", "write-failed")
AS_PROMISED = "an error with a code, what is published as it was to the byte; the next run heals"
HAD_ROOM = "there was room enough, or the flip was done: the right digest"

FILLS_AT_A_STAGE = """
import os, sys
from esf_etl.cli import main, progress_display

stage, room, filler = sys.argv[1], int(sys.argv[2]), sys.argv[3]

class Filling(progress_display.Lines):
    def stage(self, name):
        super().stage(name)
        if name != stage:
            return
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65536))
            except OSError:
                pass
            file.truncate(max(0, file.seek(0, os.SEEK_END) - room))

progress_display.Lines = Filling
sys.exit(main(["ingest", *sys.argv[4:]]))
"""
"""A run, and somebody who fills its disk when it comes to a stage, but for some room."""

STAGES = ("look", "parse", "elect", "copy", "write", "commit", "checkpoint", "audit", "parquet", "seal", "flip")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str, str]:
    """Landing folder, a warehouse of the night before, and the digests after this night: on top of it, and anew."""
    root = tmp_path_factory.mktemp("night")
    job = Job(root / "landing", root / "warehouse")
    job.landing.mkdir()
    for number in range(12):
        job.put(f"{number}.txt", project(f"Alfa {number}"), on_day=1)
    job.ingest()
    lay_news(job)
    after = job.fork(root / "after")
    shutil.copytree(job.warehouse, after.warehouse, symlinks=True)
    after.ingest()
    anew = job.fork(root / "anew")
    anew.ingest()
    return job.landing, job.warehouse, after.digest(), anew.digest()


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    with small_disk(tmp_path_factory.mktemp("disk") / "mount") as mounted:
        yield mounted


def laid(disk: Disk, night: tuple[Path, Path, str, str], *, first: bool = False) -> tuple[Job, Before]:
    """The night before on the small disk, which has room yet; `first` for a warehouse without one."""
    landing, warehouse, after, anew = night
    disk.clear()
    job = Job(landing, disk.mount / "warehouse")
    if first:
        job.warehouse.mkdir()
    else:
        shutil.copytree(warehouse, job.warehouse, symlinks=True)
    return job, Before.of(job, anew if first else after)


def spread(top: int, times: int) -> list[int]:
    """So many sizes from none to `top`, and the least ones that differ."""
    return sorted({0, 4096, *(top * number // (times - 3) for number in range(1, times - 1))})


def tell(tally: Tally, what: str, outcomes: Counter[str]) -> None:
    for code, times in sorted(outcomes.items()):
        tally(what, HAD_ROOM if code == "published" else f"`{code}`: {AS_PROMISED}", times)


def test_a_full_disk_is_noticed_before_the_copy(disk: Disk, night: tuple[Path, Path, str, str], tally: Tally) -> None:
    job, before = laid(disk, night)
    size = (job.warehouse / "current" / "esf.duckdb").stat().st_size
    disk.change(f"size={disk.used() + size - 200_000}")

    result = job.run("--settle-s", "0")

    assert_said_in_words(result, "no-room")
    assert f"takes at least {size / 1e6:,.1f} MB" in result.stderr
    assert "MB free" in result.stderr
    assert "Make room" in result.stderr
    assert "Parsing" not in result.stderr
    assert_nothing_happened(job, before)
    assert job.journal()[-1]["error_code"] == "no-room"
    disk.clear()
    tally("disk too full for the copy", "noticed before pages were read, `no-room` with sizes and advice")


@pytest.mark.parametrize("first", [False, True], ids=["a later night", "the first night"])
def test_a_disk_of_any_size_ends_in_words_or_with_the_right_rows(
    first: bool, disk: Disk, night: tuple[Path, Path, str, str], tally: Tally
) -> None:
    outcomes: Counter[str] = Counter()
    for room in spread(11_000_000, 36 if FULL else 6):
        job, before = laid(disk, night, first=first)
        disk.change(f"size={max(4096, disk.used() + room)}")  # none would be all

        result = job.run("--settle-s", "0")

        outcomes[judge(job, before, result, *CODES, "warehouse-unusable")] += 1
        disk.change("size=256m")
        assert_healed(job, before)
    assert outcomes["write-failed"] > 0
    assert outcomes["published"] > 0
    tell(tally, "tmpfs of many sizes, " + ("first night" if first else "later night"), outcomes)


@pytest.mark.parametrize("stage", STAGES if FULL else STAGES[1::3])
def test_a_disk_that_gets_full_at_any_stage_ends_in_words_or_with_the_right_rows(
    stage: str, disk: Disk, night: tuple[Path, Path, str, str], tally: Tally
) -> None:
    outcomes: Counter[str] = Counter()
    for room in (0, 4096, 100_000, 1_000_000) if FULL else (0,):
        job, before = laid(disk, night)
        filler = disk.mount / "filler"
        disk.change("size=24m")
        options = ["--landing", str(job.landing), "--warehouse", str(job.warehouse), "--settle-s", "0"]

        result = subprocess.run(
            [sys.executable, "-c", FILLS_AT_A_STAGE, stage, str(room), str(filler), *options],
            capture_output=True,
            text=True,
            env=environment(PYTHONDONTWRITEBYTECODE="1"),
            timeout=120,
            check=False,
        )

        assert filler.stat().st_size > 0, "it came to that stage"
        outcomes[judge(job, before, result, *CODES)] += 1
        filler.unlink()
        assert_healed(job, before)
    tell(tally, "disk filled by somebody else in the middle of a run", outcomes)


def test_a_disk_without_inodes_ends_in_words_or_with_the_right_rows(
    disk: Disk, night: tuple[Path, Path, str, str], tally: Tally
) -> None:
    outcomes: Counter[str] = Counter()
    for more in range(0, 50, 2 if FULL else 12):
        job, before = laid(disk, night)
        disk.change(f"nr_inodes={disk.inodes_used() + more}")

        result = job.run("--settle-s", "0")

        outcomes[judge(job, before, result, *CODES)] += 1
        disk.change("nr_inodes=100000")
        assert_healed(job, before)
    assert outcomes["no-room"] > 0
    tell(tally, "tmpfs with few inodes left", outcomes)


def test_an_idle_night_on_a_full_disk_says_that_it_is_full(
    disk: Disk, night: tuple[Path, Path, str, str], tally: Tally
) -> None:
    job, before = laid(disk, night)
    job.ingest(settle_s=0)
    before = Before.of(job, before.expected)
    disk.change(f"size={disk.used()}")

    result = job.run("--settle-s", "0")

    assert_said_in_words(result, "write-failed")
    assert "No space left" in result.stderr
    assert_nothing_happened(job, before)
    disk.change("size=256m")
    assert_healed(job, before)
    tally("night with nothing new on a disk without a byte left", "`write-failed`, No space left on device")

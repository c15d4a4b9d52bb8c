"""Folders that the job may not write, or not read: an error that names them, and nothing is changed.

As root this would not be refused anywhere: there the runs go without the capabilities that let root pass by modes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.conftest import Job, environment, project
from tests.integration.disks import Before, assert_healed, assert_nothing_happened, assert_said_in_words, small_disk
from tests.promises import Tally

pytestmark = [pytest.mark.promise("exhaustion"), pytest.mark.xdist_group("small_disk")]

_HELD_TO_MODES = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]


def run_held_to_modes(job: Job) -> subprocess.CompletedProcess[str]:
    """`esf-etl ingest` by somebody whom the modes of folders stop, whoever runs the tests."""
    before = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root is stopped by no mode, and setpriv is not installed")
        before = _HELD_TO_MODES
    command = [sys.executable, "-m", "esf_etl.cli", "ingest", "--settle-s", "0"]
    return subprocess.run(
        [*before, *command, "--landing", str(job.landing), "--warehouse", str(job.warehouse)],
        capture_output=True,
        text=True,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        timeout=120,
        check=False,
    )


@contextmanager
def mode(folder: Path, bits: int) -> Iterator[None]:
    before = folder.stat().st_mode
    folder.chmod(bits)
    try:
        yield
    finally:
        folder.chmod(before)


def two_nights(job: Job) -> Before:
    """The first is published, the second lies in the landing folder."""
    job.put("a.txt", project("Alfa"))
    job.ingest()
    job.put("b.txt", project("Beta"))
    twin = job.fork(job.warehouse.with_name("twin"))
    twin.ingest()
    return Before.of(job, twin.digest())


@pytest.mark.parametrize("name", [".", "snapshots"])
def test_a_folder_of_the_warehouse_that_may_not_be_written_is_named(name: str, job: Job, tally: Tally) -> None:
    before = two_nights(job)
    with mode(job.warehouse / name, 0o555):
        result = run_held_to_modes(job)
        again = run_held_to_modes(job)

    for said in (result, again):
        assert_said_in_words(said, "write-failed", "warehouse-unusable")
        assert "Permission denied" in said.stderr
        assert str(job.warehouse) in said.stderr
    assert_nothing_happened(job, before)
    assert_healed(job, before)
    tally("folder of the warehouse not to be written (mode)", "an error that names it; the next run heals", 2)


def test_a_staging_folder_that_may_not_be_written_is_made_anew(job: Job, tally: Tally) -> None:
    before = two_nights(job)
    (job.warehouse / "staging").chmod(0o555)

    result = run_held_to_modes(job)

    assert result.returncode == 0, result.stderr
    assert job.digest() == before.expected
    tally("staging folder not to be written (mode)", "made anew; published, the right digest")


def test_a_journal_that_may_not_be_written_is_named(job: Job, tally: Tally) -> None:
    before = two_nights(job)
    with mode(job.warehouse / "runs.jsonl", 0o444):
        result = run_held_to_modes(job)

    assert_said_in_words(result, "write-failed")
    assert str(job.warehouse / "runs.jsonl") in result.stderr
    assert_nothing_happened(job, before)
    assert_healed(job, before)
    tally("journal not to be written (mode)", "an error that names it; the next run heals")


@pytest.mark.parametrize("bits", [0o000, 0o444, 0o111])
@pytest.mark.parametrize("below", [".", "mapp"])
def test_a_landing_folder_that_cannot_be_listed_is_no_empty_one(below: str, bits: int, job: Job, tally: Tally) -> None:
    job.put("mapp/c.txt", project("Cesar"))
    before = two_nights(job)
    with mode(job.landing / below, bits):
        result = run_held_to_modes(job)

    assert_said_in_words(result, "landing-unreadable", "landing-missing")
    assert str(job.landing) in result.stderr
    assert_nothing_happened(job, before)
    assert_healed(job, before)
    tally(
        "landing folder that may not be read (mode)",
        "an error that names it, no page taken for gone; the next run heals",
    )


def test_a_landing_folder_that_may_not_be_written_is_all_the_job_needs(job: Job, tally: Tally) -> None:
    before = two_nights(job)
    with mode(job.landing, 0o555):
        result = run_held_to_modes(job)

    assert result.returncode == 0, result.stderr
    assert job.digest() == before.expected
    tally("landing folder read-only (mode)", "published, the right digest")


def test_a_disk_mounted_read_only_is_named_and_stays_readable(tmp_path: Path, tally: Tally) -> None:
    with small_disk(tmp_path / "mount") as disk:
        job = Job(tmp_path / "landing", disk.mount / "warehouse")
        job.landing.mkdir()
        before = two_nights(job)
        disk.change("ro")

        result = job.run("--settle-s", "0")

        assert_said_in_words(result, "write-failed", "warehouse-unusable")
        assert "Read-only file system" in result.stderr
        assert_nothing_happened(job, before)
        for command in (["sql", "FROM project"], ["status"], ["verify"], ["rejects"], ["digest"]):
            shown = job.command(*command, "--warehouse", str(job.warehouse))
            assert shown.returncode == 0, (command, shown.stdout, shown.stderr)
        assert job.run("--settle-s", "0", "--dry-run").returncode == 0
        restored = job.command("restore", job.snapshots()[0], "--warehouse", str(job.warehouse))
        assert_said_in_words(restored, "write-failed", "warehouse-unusable")
        disk.change("rw")
        assert_healed(job, before)
    tally(
        "warehouse on a disk mounted read-only",
        "ingest and restore say so; sql, status, verify, digest, --dry-run work",
    )

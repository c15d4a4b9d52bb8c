"""A small disk of its own, and what must hold of a warehouse after a run that could not write."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from esf_etl import Section
from tests.integration.conftest import Job, project

ROOMY = "256m"


@dataclass(frozen=True, slots=True)
class Disk:
    """A tmpfs mounted at a folder."""

    mount: Path

    def used(self) -> int:
        """Bytes in use, whole blocks."""
        about = os.statvfs(self.mount)
        return (about.f_blocks - about.f_bfree) * about.f_frsize

    def free(self) -> int:
        about = os.statvfs(self.mount)
        return about.f_bavail * about.f_frsize

    def inodes_used(self) -> int:
        about = os.statvfs(self.mount)
        return about.f_files - about.f_ffree

    def change(self, options: str) -> None:
        """Give it another size, or another number of files, while it is in use."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.mount], check=True, capture_output=True)

    def clear(self) -> None:
        self.change(f"rw,size={ROOMY},nr_inodes=100000")
        for path in self.mount.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


@contextmanager
def small_disk(at: Path) -> Iterator[Disk]:
    """A tmpfs at a new folder; the test is skipped where this user may not mount one."""
    at.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOMY},nr_inodes=100000", "tmpfs", at],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield Disk(at)
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


def lay_news(job: Job, *, pages: int = 30, size: int = 25_000) -> None:
    """Pages whose prose does not get much smaller in the database."""
    chance = random.Random(1)
    for number in range(pages):
        text = Section("summary", "Sammanfattning", chance.randbytes(size).hex())
        job.put(f"ny/{number}.txt", project(f"Projekt {number}", sections=(text,)))


@dataclass(frozen=True, slots=True)
class Before:
    """What was published before a run, and what the digest must be after one that works."""

    published: Path | None
    digest: str | None
    sealed: dict[str, bytes]
    expected: str

    @classmethod
    def of(cls, job: Job, expected: str) -> Before:
        published = job.published()
        return cls(published, job.digest() if published else None, bytes_below(published), expected)


def bytes_below(folder: Path | None) -> dict[str, bytes]:
    """Every file of a snapshot, to the byte."""
    if folder is None:
        return {}
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def assert_said_in_words(result: subprocess.CompletedProcess[str], *codes: str) -> str:
    """Exit 1 and one error with a code, without the traces of a program; returns the code."""
    assert result.returncode == 1, (result.returncode, result.stderr)
    assert "Traceback" not in result.stderr, result.stderr
    [said] = [line for line in result.stderr.splitlines() if line.startswith("esf-etl: error [")]
    code = said.partition("[")[2].partition("]")[0]
    assert code in codes, said
    assert len(said) > len("esf-etl: error []: ") + 40, said
    return code


def assert_nothing_happened(job: Job, before: Before) -> None:
    """What is published is as it was, to the byte."""
    assert job.published() == before.published
    assert bytes_below(before.published) == before.sealed
    if before.published is not None:
        assert job.digest() == before.digest


def assert_healed(job: Job, before: Before) -> None:
    """A run with all that it needs ends with the right rows, and nothing is left of those that failed."""
    job.ingest(settle_s=0)
    assert job.digest() == before.expected
    assert job.ingest(settle_s=0).outcome == "idle"
    assert not list((job.warehouse / "staging").iterdir())
    assert not list(job.warehouse.glob(".current.*"))
    journal = job.journal()
    for event in ("started", "ended"):
        runs = [entry["run_id"] for entry in journal if entry["event"] == event]
        assert len(runs) == len(set(runs))
    started, ended = ({e["run_id"] for e in journal if e["event"] == event} for event in ("started", "ended"))
    assert started == ended
    published = {entry["run_id"] for entry in journal if entry.get("outcome") == "published"}
    assert set(job.snapshots()) <= published


def judge(job: Job, before: Before, result: subprocess.CompletedProcess[str], *codes: str) -> str:
    """Hold a run that may have had too little to the promise, and heal; returns what came out, by one word."""
    if result.returncode == 0:
        assert "Traceback" not in result.stderr, result.stderr
        assert job.digest() == before.expected
        outcome = "published"
    else:
        outcome = assert_said_in_words(result, *codes)
        assert_nothing_happened(job, before)
    return outcome

"""Analysts read while the job publishes; whoever opened a published file for writing spoils nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from esf_etl.warehouse.status import read_status
from tests.integration.conftest import Job, project

READS = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
for query in sys.stdin:
    print(connection.execute(query).fetchone()[0], flush=True)
"""

WRITES_AND_IS_KILLED = """
import os, signal, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("SET checkpoint_threshold = '1GB'")
connection.execute("UPDATE history.project SET title = 'Somebody else wrote this'")
os.kill(os.getpid(), signal.SIGKILL)
"""


class Reader:
    """Another process that holds the published database open."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, query: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(query + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def reader(job: Job) -> Iterator[Reader]:
    command = [sys.executable, "-c", READS, str(job.warehouse / "current" / "esf.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield Reader(process)
        assert process.stdin is not None
        process.stdin.close()


def lay_foreign_wal(job: Job, aside: Path) -> Path:
    """Lay beside the published database the write-ahead log of somebody who wrote to it and was killed."""
    database = job.warehouse / "current" / "esf.duckdb"
    shutil.copyfile(database, aside)
    subprocess.run([sys.executable, "-c", WRITES_AND_IS_KILLED, str(aside)], check=False)
    wal = aside.with_name(aside.name + ".wal")
    assert wal.stat().st_size > 0
    beside = (job.published() or Path()) / "esf.duckdb.wal"
    shutil.copyfile(wal, beside)
    return beside


def test_a_reader_keeps_its_snapshot_through_a_publishing_run(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    with reader(job) as old:
        assert old.ask("SELECT count(*) FROM project") == "1"
        job.put("b.txt", project("Beta"))

        result = job.run()

        assert result.returncode == 0, result.stderr
        assert old.ask("SELECT count(*) FROM project") == "1"
        assert old.ask("SELECT title FROM project") == "Alfa"
        with reader(job) as new:
            assert new.ask("SELECT count(*) FROM project") == "2"


def test_a_reader_keeps_its_snapshot_although_that_is_removed(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    with reader(job) as old:
        job.put("b.txt", project("Beta"))
        job.ingest(keep_snapshots=1)
        assert len(job.snapshots()) == 1
        assert old.ask("SELECT body FROM project_section WHERE section_key = 'summary'") == "Vi bygger broar."


def test_the_log_of_somebody_who_wrote_really_changes_what_duckdb_reads(job: Job, tmp_path: Path) -> None:
    """Without this the tests below would prove nothing."""
    job.put("a.txt", project("Alfa"))
    job.ingest()
    lay_foreign_wal(job, tmp_path / "aside.duckdb")
    with duckdb.connect(str(tmp_path / "aside.duckdb")) as connection:
        assert connection.execute("SELECT title FROM project").fetchall() == [("Somebody else wrote this",)]


def test_a_foreign_log_is_named_and_never_read_into_the_next_snapshot(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    wal = lay_foreign_wal(job, tmp_path / "aside.duckdb")
    job.put("b.txt", project("Beta"))

    summary = job.ingest()

    assert (summary.loaded, summary.unchanged) == (1, 1)
    assert any(str(wal) in warning for warning in summary.warnings)
    assert job.column("SELECT title FROM history.project ORDER BY title") == ["Alfa", "Beta"]
    assert not list((job.published() or Path()).rglob("*.wal"))


def test_an_idle_run_names_a_foreign_log_as_well_and_reads_nothing_from_it(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    wal = lay_foreign_wal(job, tmp_path / "aside.duckdb")
    result = job.run()
    assert result.returncode == 0
    assert str(wal) in result.stderr
    assert wal.exists(), "it is not ours to remove"


def test_status_names_a_foreign_log(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    assert read_status(job.warehouse)["warnings"] == []
    wal = lay_foreign_wal(job, tmp_path / "aside.duckdb")

    [warning] = read_status(job.warehouse)["warnings"]
    assert str(wal) in warning
    shown = job.command("status", "--warehouse", str(job.warehouse))
    assert shown.returncode == 0
    assert str(wal) in shown.stdout


def test_sql_and_digest_refuse_to_read_a_foreign_log_and_name_it(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    lay_foreign_wal(job, tmp_path / "aside.duckdb")
    for command in (["sql", "SELECT title FROM project"], ["digest"], ["rejects"]):
        result = job.command(*command, "--warehouse", str(job.warehouse))
        assert result.returncode == 1
        assert "[foreign-wal]" in result.stderr
        assert str(job.warehouse / "current" / "esf.duckdb.wal") in result.stderr
        assert result.stdout == ""


def test_a_dry_run_refuses_to_read_a_foreign_log(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    lay_foreign_wal(job, tmp_path / "aside.duckdb")
    result = job.run("--dry-run")
    assert result.returncode == 1
    assert "[foreign-wal]" in result.stderr


def test_when_the_log_is_removed_all_is_well_again(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    digest = job.digest()
    lay_foreign_wal(job, tmp_path / "aside.duckdb").unlink()
    assert job.digest() == digest
    assert job.ingest().warnings == []

"""`esf-etl verify` of a lake: damage that is done by hand to files and rows, each found and named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from esf_etl.errors import WarehouseError
from esf_etl.warehouse.lake.attach import attach_lake, load_extensions
from esf_etl.warehouse.lake.upkeep import keep_up
from esf_etl.warehouse.verify import verify
from tests.integration.conftest import Job, project
from tests.lake.conftest import LakeJob

pytestmark = pytest.mark.xdist_group("lake")


@pytest.fixture
def filled(lake_job: LakeJob) -> LakeJob:
    """A lake with more rows than DuckLake keeps in its catalogue, and some that are deleted."""
    for number in range(15):
        lake_job.put(f"{number}.txt", project(f"Projekt {number}"))
    lake_job.put("c.txt", "Ingen projektsida.\n")
    lake_job.ingest()
    for number in range(12):
        lake_job.put(f"{number}.txt", project(f"Projekt {number}", owner="Någon annan"), on_day=2)
    lake_job.ingest()
    return lake_job


def found(job: Job, **options: Any) -> dict[str, tuple[str, str]]:
    return {check.name: (check.state, check.message) for check in verify(job.settings(), **options).checks}


def file_of(job: LakeJob, table: str) -> Path:
    query = f"SELECT data_file FROM ducklake_list_files('esf', '{table}', schema => 'history')"
    return Path(min(job.column(query)))


@contextmanager
def by_hand(job: LakeJob) -> Iterator[duckdb.DuckDBPyConnection]:
    """The lake, open for writing to whoever has the rights."""
    with duckdb.connect() as connection:
        load_extensions(connection)
        attach_lake(connection, job.lake, "esf", options=[])
        yield connection


def test_nothing_is_wrong_with_what_runs_have_published(filled: LakeJob, tmp_path: Path) -> None:
    filled.ingest()
    checks = found(filled, with_landing=True, read=True, all_snapshots=True)

    assert {name for name, (state, _) in checks.items() if state == "wrong"} == set()
    names = ["files", "database", "row counts", "keys", "history", "ledger", "contracts", "runs", "digest"]
    assert list(checks) == [*names, "landing folder", "landing files", "other snapshots"]
    assert filled.digest() in checks["digest"][1]
    assert not checks["files"][1].startswith("0 files")
    assert found(filled.beside(filled.landing, filled.warehouse.parent / "elsewhere"))["runs"][0] == "skipped"
    keep_up(filled.lake, tmp_path, keep_days=0)
    kept_up = found(filled)
    assert {name for name, (state, _) in kept_up.items() if state == "wrong"} == set()
    assert kept_up["digest"] == checks["digest"]


def test_a_file_that_is_missing_is_named(filled: LakeJob) -> None:
    path = file_of(filled, "project")
    path.unlink()

    state, message = found(filled)["files"]

    assert state == "wrong"
    assert f"{path.name} of history.project is missing" in message


def test_files_with_other_bytes_are_named(filled: LakeJob) -> None:
    """A block of zeros, as a disk leaves it; another file that was cut; and one that is of something else."""
    zeroed, cut, other = (file_of(filled, f"project{end}") for end in ("", "_section", "_organisation"))
    data = bytearray(zeroed.read_bytes())
    data[256:768] = bytes(512)
    zeroed.write_bytes(data)
    cut.write_bytes(cut.read_bytes()[:-1])
    other.write_bytes(bytes(other.stat().st_size))

    state, message = found(filled)["files"]

    assert state == "wrong"
    assert f"{zeroed.name} of history.project cannot be read" in message
    assert f"{cut.name} of history.project_section has {len(cut.read_bytes())} bytes, the catalogue says" in message
    assert f"{other.name} of history.project_organisation cannot be read" in message


def test_a_row_that_was_doubled_or_lost_by_hand_is_named(filled: LakeJob) -> None:
    with by_hand(filled) as connection:
        connection.execute("INSERT INTO esf.history.project FROM esf.history.project WHERE title = 'Projekt 3' LIMIT 2")
        connection.execute("DELETE FROM esf.history.project_section WHERE section_key = 'summary'")
        connection.execute("UPDATE esf.etl.landing_file SET outcome = 'rejected' WHERE path = '4.txt'")
        connection.execute("UPDATE esf.history.project SET grant_sek = -1 WHERE title = 'Projekt 5'")

    checks = found(filled)

    assert checks["files"][0] == "ok"
    assert "main.project has 16 rows, the last run says 15" in checks["row counts"][1]
    assert "keys of project that stand twice: 1" in checks["keys"][1]
    assert "rejected files without a reason: 1" in checks["ledger"][1]
    assert "rows of project that break their contract" in checks["contracts"][1]
    assert {checks[name][0] for name in ("row counts", "keys", "ledger", "contracts")} == {"wrong"}


def test_runs_that_the_journal_tells_otherwise_are_named(filled: LakeJob) -> None:
    with by_hand(filled) as connection:
        connection.execute("UPDATE esf.etl.run SET loaded = 99")

    state, message = found(filled)["runs"]

    assert (state, "another loaded in the journal than in etl.run" in message) == ("wrong", True)


def test_the_command_ends_with_one_and_says_what_to_do(filled: LakeJob) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "esf_etl.cli", "verify", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=filled.environment(), timeout=120, check=False
        )

    well = run()
    assert (well.returncode, well.stdout.splitlines()[-1]) == (0, "Nothing is wrong."), well.stdout
    file_of(filled, "project").unlink()
    damaged = run()
    assert damaged.returncode == 1
    assert "is missing" in damaged.stdout
    assert "Put it back from a backup" in damaged.stdout
    document = json.loads(run("--json").stdout)
    assert document["ok"] is False
    assert document["warehouse"].startswith("ducklake:postgres:")


def test_a_lake_in_which_nobody_has_published_is_an_error(lake_job: LakeJob) -> None:
    with pytest.raises(WarehouseError):
        verify(lake_job.settings())

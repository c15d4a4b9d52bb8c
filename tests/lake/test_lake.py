"""A run into a lake: the same rows as a run into a folder, published by one commit."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from esf_etl.errors import LockHeld, UsageError, WarehouseError
from esf_etl.warehouse.lake.address import read_lake
from esf_etl.warehouse.lake.upkeep import keep_up
from tests.integration.conftest import Job, project
from tests.lake.conftest import LakeJob, Server

pytestmark = pytest.mark.xdist_group("lake")

TABLES = (
    "project",
    "project_section",
    "project_organisation",
    "project_municipality",
    "project_attribute",
)


def night(job: Job, number: int, chance: random.Random) -> None:
    """Pages come, change, are spoilt and leave."""
    for _ in range(4):
        which = chance.randrange(8)
        match chance.randrange(5):
            case 0:
                (job.landing / f"{which}.txt").unlink(missing_ok=True)
            case 1:
                job.put(f"{which}.txt", "Ingen projektsida.\n", on_day=number)
            case _:
                job.put(f"{which}.txt", project(f"Projekt {which % 5}", owner=f"Ägare {number}"), on_day=number)


@pytest.mark.parametrize("seed", range(3))
def test_nights_end_with_the_digest_and_the_history_of_a_warehouse_in_a_folder(
    seed: int, lake_job: LakeJob, tmp_path: Path
) -> None:
    folder = Job(lake_job.landing, tmp_path / "folder")
    chance = random.Random(seed)
    lake_job.put("first.txt", project("Det första"))
    for number in range(1, 7):
        night(lake_job, number, chance)
        ours, theirs = lake_job.ingest(), folder.ingest()
        counts = ("files_seen", "unchanged", "loaded", "same_content", "superseded", "rejected", "vanished", "findings")
        assert [getattr(ours, name) for name in counts] == [getattr(theirs, name) for name in counts]
        assert lake_job.digest() == folder.digest()
    for table in TABLES:
        query = f"SELECT * EXCLUDE (valid_from, valid_to, run_id), valid_to IS NULL FROM history.{table} ORDER BY ALL"
        assert lake_job.rows(query) == folder.rows(query), table
    query = "SELECT path, outcome, missing_since IS NULL FROM etl.landing_file ORDER BY ALL"
    assert lake_job.rows(query) == folder.rows(query)
    query = "SELECT path, code, line FROM etl.reject ORDER BY ALL"
    assert lake_job.rows(query) == folder.rows(query)


def test_reports_and_past_nights_are_to_be_asked_as_in_a_folder(lake_job: LakeJob) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest()
    [before] = lake_job.column("SELECT max(valid_from) FROM history.project")
    lake_job.put("a.txt", project("Alfa", owner="Någon annan"), on_day=2)
    lake_job.ingest()

    assert lake_job.rows(f"SELECT owner FROM project_as_of(TIMESTAMP '{before}')") == [("Stiftelsen Alfa",)]
    assert lake_job.column("SELECT owner FROM project") == ["Någon annan"]
    assert lake_job.value("SELECT count(*) FROM report.guide") > 10
    assert lake_job.value("SELECT sum(projects) FROM report.funding_by_region_year") == 1
    assert lake_job.value("SELECT comment FROM duckdb_tables() WHERE table_name = 'landing_file'").startswith("The")


def test_a_slow_query_draws_nothing_into_its_answer(lake_job: LakeJob, tmp_path: Path) -> None:
    folder = Job(lake_job.landing, tmp_path / "folder")
    lake_job.put("a.txt", project("Alfa"))
    for job in (lake_job, folder):
        job.ingest()
        assert job.value("SELECT current_setting('enable_progress_bar')") is False


def test_a_night_with_nothing_new_leaves_no_snapshot(lake_job: LakeJob) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest()
    before = lake_job.value("SELECT max(snapshot_id) FROM ducklake_snapshots('esf')")
    assert lake_job.ingest().outcome == "idle"
    assert lake_job.value("SELECT max(snapshot_id) FROM ducklake_snapshots('esf')") == before


def test_a_dry_run_makes_and_writes_nothing(lake_job: LakeJob) -> None:
    lake_job.put("a.txt", project("Alfa"))
    with pytest.raises(WarehouseError, match=r"lake"):
        lake_job.ingest(dry_run=True)
    lake_job.ingest()
    digest = lake_job.digest()
    lake_job.put("b.txt", project("Beta"))
    assert lake_job.ingest(dry_run=True).loaded == 1
    assert lake_job.digest() == digest


def test_a_lake_that_is_not_there_or_empty_is_named_without_its_password(postgres: Server) -> None:
    from esf_etl.warehouse.reading import open_current

    secret = "kugghjul9"  # noqa: S105 # pragma: allowlist secret
    nowhere = read_lake(f"ducklake:postgres:host=127.0.0.1 port=1 dbname=x password={secret}")
    with pytest.raises(WarehouseError, match="cannot be reached") as problem:
        open_current(nowhere)
    assert secret not in str(problem.value)
    assert problem.value.__cause__ is not None
    assert secret not in repr(nowhere)
    with pytest.raises(WarehouseError):
        open_current(read_lake(f"ducklake:postgres:{postgres.make_database()}"))


@pytest.mark.parametrize("address", ["ducklake:", "ducklake:lake.sqlite", "ducklake:postgres:", "ducklake:mysql:db=x"])
def test_a_catalogue_that_knows_one_writer_only_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="PostgreSQL"):
        read_lake(address)


def test_the_place_of_the_files_is_the_same_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    address = "ducklake:postgres:dbname=x"
    assert read_lake(address, "lake").data == str(tmp_path / "lake")
    assert read_lake(address, "s3://bucket/lake/").data == "s3://bucket/lake"
    for elsewhere in ("gs://bucket/lake", "az://container/lake"):
        with pytest.raises(UsageError, match="bucket of S3"):
            read_lake(address, elsewhere)
    with pytest.raises(UsageError, match="no place"):
        read_lake(address, "s3://key:secret@bucket/lake")  # pragma: allowlist secret


@pytest.mark.parametrize("setting", ["rebuild", "with_contacts"])
def test_what_only_a_folder_has_is_refused(setting: str, lake_job: LakeJob) -> None:
    with pytest.raises(UsageError, match=setting):
        lake_job.ingest(**{setting: True})


def test_commands_that_read_take_a_lake_and_others_say_that_they_do_not(lake_job: LakeJob) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.put("b.txt", "Ingen projektsida.\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "esf_etl.cli", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=lake_job.environment(), timeout=120, check=False
        )

    assert run("ingest").returncode == 0
    assert run("digest").stdout.strip() == lake_job.digest()
    assert "b.txt" in run("rejects").stdout
    assert run("sql", "SELECT title FROM project", "--format", "csv").stdout.split() == ["title", "Alfa"]
    assert run("sql", "DELETE FROM history.project").returncode != 0
    assert run("sql", "FROM read_text('/etc/hostname')").returncode == 1
    for verb in (["restore", "--list"], ["search", "broar"]):
        refused = run(*verb)
        assert refused.returncode == 2
        assert "for a warehouse in a folder" in refused.stderr


def test_a_job_of_the_same_landing_is_refused_while_one_is_at_work(lake_job: LakeJob, tmp_path: Path) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest()
    lake_job.put("b.txt", project("Beta"))
    twin = lake_job.beside(lake_job.landing, tmp_path / "twin")

    class Meanwhile:
        refused = 0

        def stage(self, name: str) -> None:
            if name == "write":
                with pytest.raises(LockHeld, match="landing default"):
                    twin.ingest()
                self.refused += 1

        def advance(self, done: int, total: int) -> None: ...

        def warn(self, message: str) -> None: ...

    from esf_etl.pipeline import ingest

    meanwhile = Meanwhile()
    ingest(lake_job.settings(), progress=meanwhile)
    assert meanwhile.refused == 1
    assert lake_job.value("SELECT count(*) FROM project") == 2


def test_upkeep_changes_nothing_that_can_be_asked(lake_job: LakeJob, tmp_path: Path) -> None:
    for number in range(1, 6):
        for which in range(12):  # fewer rows than this DuckLake keeps in its catalogue, not in files
            lake_job.put(f"{which}.txt", project(f"Projekt {which}", owner=f"Ägare {number}"), on_day=number)
        lake_job.ingest()
    before = {table: lake_job.rows(f"FROM history.{table} ORDER BY ALL") for table in TABLES}

    done = keep_up(lake_job.lake, tmp_path, keep_days=0)

    assert done["after"] < done["before"]
    assert done["expired"] >= 5
    assert {table: lake_job.rows(f"FROM history.{table} ORDER BY ALL") for table in TABLES} == before
    assert lake_job.ingest().outcome == "idle"
    lake_job.put("c.txt", project("Gamma"))
    assert lake_job.ingest().loaded == 1


def test_upkeep_removes_what_a_killed_job_has_left_when_it_is_old(lake_job: LakeJob, tmp_path: Path) -> None:
    for which in range(12):
        lake_job.put(f"{which}.txt", project(f"Projekt {which}"))
    lake_job.ingest()
    digest = lake_job.digest()
    named = sorted(Path(lake_job.data).rglob("*.parquet"))
    left = Path(lake_job.data, "history", "project", "ducklake-left-by-a-killed-job.parquet")
    left.write_bytes(named[0].read_bytes())

    keep_up(lake_job.lake, tmp_path)
    assert left.exists()
    keep_up(lake_job.lake, tmp_path, keep_days=0)

    assert not left.exists()
    assert lake_job.digest() == digest


def test_a_lake_of_another_release_is_named(lake_job: LakeJob) -> None:
    import duckdb

    from esf_etl.warehouse.lake.attach import attach_lake, load_extensions

    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest()
    with duckdb.connect() as connection:
        load_extensions(connection)
        attach_lake(connection, lake_job.lake, "esf", options=[])
        connection.execute("ALTER TABLE esf.history.project ADD COLUMN mood VARCHAR")
    lake_job.put("b.txt", project("Beta"))
    with pytest.raises(WarehouseError, match="another release") as problem:
        lake_job.ingest()
    assert problem.value.code == "schema-version"

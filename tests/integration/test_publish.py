"""What is published: a whole snapshot, sealed, documented, the same in database and Parquet."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from esf_etl.errors import EsfEtlError, SnapshotDamaged, WarehouseError
from esf_etl.warehouse import reading
from esf_schemas import PROJECT_TABLES, REF_TABLES, SCHEMA_VERSION
from tests.integration.conftest import Job, project
from tests.integration.test_verify import snapshot_of

PARQUET = {
    **{contract.table().name: f"{contract.table().name}.parquet" for contract in PROJECT_TABLES},
    **{f"ref.{contract.table().name}": f"ref/{contract.table().name}.parquet" for contract in REF_TABLES},
}


@pytest.fixture
def done(three_nights: Job) -> Job:
    """A warehouse after three runs, to be read only."""
    return three_nights


def damage(path: Path, place: float) -> None:
    """Change one byte of a published file, at this share of its length."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        at = int(place * path.stat().st_size)
        file.seek(at)
        [byte] = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 0x55]))
    path.chmod(0o444)


def opens(database: Path) -> bool:
    """Whether DuckDB opens the file, which reads no table yet."""
    try:
        duckdb.connect(str(database), read_only=True).close()
    except duckdb.Error:
        return False
    return True


def test_current_is_a_relative_link_to_the_newest_snapshot(done: Job) -> None:
    link = done.warehouse / "current"
    assert link.is_symlink()
    assert str(link.readlink()) == f"snapshots/{done.snapshots()[-1]}"


def test_a_warehouse_that_was_moved_still_works(done: Job, tmp_path: Path) -> None:
    moved = Job(done.landing, tmp_path / "moved")
    shutil.copytree(done.warehouse, moved.warehouse, symlinks=True)
    assert moved.digest() == done.digest()
    assert moved.ingest().outcome == "idle"


def test_a_snapshot_holds_a_database_parquet_and_a_manifest_all_read_only(done: Job) -> None:
    files = [path for path in snapshot_of(done).rglob("*") if path.is_file()]
    names = {str(path.relative_to(snapshot_of(done))) for path in files}
    assert names == {"esf.duckdb", "manifest.json", *(f"parquet/{name}" for name in PARQUET.values())}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o444}


def test_the_manifest_has_the_checksum_of_every_file_and_the_rows_of_every_table(done: Job) -> None:
    snapshot = snapshot_of(done)
    manifest = json.loads((snapshot / "manifest.json").read_text())

    files = {path.relative_to(snapshot).as_posix(): path for path in snapshot.rglob("*") if path.is_file()}
    del files["manifest.json"]
    assert manifest["files"] == {
        name: {"size_bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for name, path in files.items()
    }
    assert manifest["rows"] == {name: done.value(f"SELECT count(*) FROM {name}") for name in manifest["rows"]}
    assert manifest["rows"]["main.project"] == 2
    assert manifest["run_id"] == snapshot.name
    assert manifest["schema_version"] == SCHEMA_VERSION
    assert manifest["run"]["law_holds"] is True


@pytest.mark.parametrize("table", PARQUET)
def test_parquet_has_the_rows_columns_and_types_of_the_table(table: str, done: Job) -> None:
    path = snapshot_of(done) / "parquet" / PARQUET[table]
    with duckdb.connect() as connection:
        found = connection.execute(f"FROM '{path}'")
        columns = [(column[0], str(column[1])) for column in found.description]
        rows = sorted(map(repr, found.fetchall()))
    names, types, expected = reading.run_query(done.warehouse, f"FROM {table}")
    assert columns == list(zip(names, types, strict=True))
    assert rows == sorted(map(repr, expected))


def test_parquet_is_compressed_with_zstd(done: Job) -> None:
    metadata = pq.ParquetFile(snapshot_of(done) / "parquet" / "project_section.parquet").metadata
    assert metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND comment IS NULL",
        "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL",
        "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL",
        "SELECT function_name FROM duckdb_functions() WHERE NOT internal AND comment IS NULL",
    ],
)
def test_everything_of_ours_has_a_comment(query: str, done: Job) -> None:
    assert done.rows(query) == []
    assert done.rows(query.replace("comment IS NULL", "comment IS NOT NULL"))


def test_the_reference_tables_are_filled(done: Job) -> None:
    tables = ("region", "county", "municipality")
    assert [done.value(f"SELECT count(*) FROM ref.{table}") for table in tables] == [9, 21, 290]
    assert done.rows("FROM project ANTI JOIN ref.programme_area USING (programme_period, programme_area_code)") == []
    assert done.rows("FROM project ANTI JOIN ref.programme_period USING (programme_period)") == []
    assert done.rows(
        "SELECT programme_period, cci, fund, year(eligible_from), eligible_to, known_projects, known_as_of,"
        " known_grant_sek FROM ref.programme_period"
    ) == [
        ("2007-2013", "2007SE052PO001", "ESF", 2007, date(2015, 12, 31), 4000, None, 6_200_000_000),
        ("2014-2020", "2014SE05M9OP001", "ESF", 2014, date(2023, 12, 31), 997, date(2023, 7, 31), None),
        ("2021-2027", "2021SE05SFPR", "ESF+", 2021, date(2029, 12, 31), 288, date(2024, 3, 31), None),
    ]
    assert done.rows("FROM project_section ANTI JOIN ref.section USING (section_key)") == []


def test_the_published_database_needs_duckdb_1_5_and_no_extension(done: Job) -> None:
    with duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    ) as reader:
        reader.execute(f"ATTACH '{snapshot_of(done) / 'esf.duckdb'}' AS esf (READ_ONLY)")
        [tags] = reader.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'esf'").fetchall()
    assert tags[0]["storage_version"].startswith("v1.5.0")


def test_unchanged_parquet_is_shared_by_a_hard_link(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    first = snapshot_of(job)
    job.put("b.txt", "Ingen projektsida.\n")
    job.ingest()
    second = snapshot_of(job)

    assert second != first
    for name in PARQUET.values():
        path = Path("parquet", name)
        assert (first / path).samefile(second / path), name


def test_parquet_of_reference_tables_is_shared_by_every_snapshot(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    first = snapshot_of(job)
    job.put("b.txt", project("Beta"))
    job.ingest()
    second = snapshot_of(job)

    for table, name in PARQUET.items():
        path = Path("parquet", name)
        changed = table in ("project", "project_section", "project_organisation", "project_municipality")
        assert (first / path).samefile(second / path) is not changed, name


def test_only_the_newest_snapshots_stay(job: Job) -> None:
    for number in range(4):
        job.put(f"{number}.txt", project(f"Projekt {number}"))
        job.ingest(keep_snapshots=2)
    published = [entry["run_id"] for entry in job.journal() if entry["event"] == "ended"]
    assert job.snapshots() == published[-2:]
    assert snapshot_of(job).name == published[-1]


def test_an_old_snapshot_that_cannot_be_removed_stays_whole_and_goes_with_a_later_run(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    old = job.ingest().run_id
    job.put("a.txt", project("Alfa", owner="En annan ägare"), on_day=2)
    really = shutil.rmtree

    def refuse(path: Path) -> None:
        if path.name == old:
            raise PermissionError(1, "Operation not permitted")
        really(path)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        summary = job.ingest(keep_snapshots=1)
    assert [warning for warning in summary.warnings if f"snapshots/{old}: an old folder cannot be removed" in warning]
    assert job.snapshots() == [old, summary.run_id]
    assert job.ingest().outcome == "idle"
    job.put("b.txt", project("Beta"), on_day=2)
    last = job.ingest(keep_snapshots=1).run_id
    assert job.snapshots() == [last]


def test_the_current_snapshot_stays_although_the_operator_went_back_to_it(job: Job) -> None:
    for number in range(3):
        job.put(f"{number}.txt", project(f"Projekt {number}"))
        job.ingest()
    oldest = job.snapshots()[0]
    link = job.warehouse / "current"
    link.unlink()
    link.symlink_to(Path("snapshots", oldest))

    assert job.value("SELECT count(*) FROM project") == 1
    assert job.ingest(keep_snapshots=1).loaded == 2, "the ledger of the snapshot of then knows one file"
    assert job.value("SELECT count(*) FROM project") == 3
    assert job.value("SELECT count(*) FROM etl.run") == 4


@pytest.mark.parametrize("place", [0, 0.003, 0.1, 0.25, 0.5, 0.75, 0.999])
def test_a_damaged_database_is_noticed_and_nothing_is_built_upon_it(place: float, job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    snapshot = snapshot_of(job)
    damage(snapshot / "esf.duckdb", place)
    job.put("b.txt", project("Beta"))

    with pytest.raises(SnapshotDamaged):
        job.ingest()

    assert snapshot_of(job) == snapshot
    assert job.snapshots() == [snapshot.name]
    assert job.journal()[-1]["error_code"] == "snapshot-damaged"


@pytest.mark.parametrize(
    "command", [["digest"], ["sql", "FROM history.project"], ["ingest", "--dry-run"]], ids=" ".join
)
def test_a_damaged_database_is_told_in_words_by_whoever_reads_it(command: list[str], job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    job.put("b.txt", project("Beta"))
    database = snapshot_of(job) / "esf.duckdb"
    for place in range(1, 40):
        damage(database, place / 40)
        if not opens(database):
            damage(database, place / 40)  # the same byte back: only what is read later shall be damaged
    landing = ["--landing", str(job.landing)] if command[0] == "ingest" else []

    result = job.command(*command, *landing, "--warehouse", str(job.warehouse))

    assert result.returncode == 1
    assert result.stderr.startswith("esf-etl: error [") or "\nesf-etl: error [" in result.stderr
    assert "Traceback" not in result.stderr


def test_after_damage_the_operator_can_rebuild(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    digest = job.digest()
    database = snapshot_of(job) / "esf.duckdb"
    database.chmod(0o644)
    database.write_bytes(b"no database")
    with pytest.raises(SnapshotDamaged):
        job.ingest()
    assert job.ingest(rebuild=True).loaded == 1
    assert job.digest() == digest


def test_damaged_parquet_does_not_come_into_the_next_snapshot(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    path = snapshot_of(job) / "parquet" / "project.parquet"
    whole = path.read_bytes()
    damage(path, 0.1)
    job.put("b.txt", "Ingen projektsida.\n")

    try:
        job.ingest()
    except SnapshotDamaged:
        return
    assert (snapshot_of(job) / "parquet" / "project.parquet").read_bytes() == whole


@pytest.mark.parametrize("name", ["manifest.json", "esf.duckdb"])
def test_a_snapshot_without_one_of_its_parts_is_damaged(name: str, job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    (snapshot_of(job) / name).unlink()
    job.put("b.txt", project("Beta"))
    with pytest.raises(SnapshotDamaged):
        job.ingest()
    assert job.journal()[-1]["outcome"] == "failed"


def test_a_warehouse_of_another_release_is_named(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    path = snapshot_of(job) / "manifest.json"
    manifest = json.loads(path.read_text())
    path.chmod(0o644)
    path.write_text(json.dumps({**manifest, "schema_version": SCHEMA_VERSION + 1}))

    with pytest.raises(WarehouseError, match=f"version {SCHEMA_VERSION + 1}, this release writes") as caught:
        job.ingest()

    assert caught.value.code == "schema-version"
    assert "--rebuild" in str(caught.value)


def test_current_pointing_nowhere_is_an_error_and_no_new_beginning(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    shutil.rmtree(snapshot_of(job))
    with pytest.raises(EsfEtlError, match="is not there"):
        job.ingest()
    assert job.snapshots() == []

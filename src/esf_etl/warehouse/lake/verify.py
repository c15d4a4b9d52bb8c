"""Checks of a lake's newest snapshot: that every file that its catalogue names is there, then the rows, as of a folder.

Parquet files as DuckDB writes them have no checksums: a value that was changed within a file that can still be read
is noticed only where a rule of the rows says so. The digest tells it from another copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from esf_etl.errors import WarehouseError
from esf_etl.warehouse import journal
from esf_etl.warehouse.checks import PUBLISHED_TABLES
from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.digest import digest
from esf_etl.warehouse.folder import WarehouseFolder
from esf_etl.warehouse.lake.attach import newest_snapshot
from esf_etl.warehouse.lake.reading import NAME
from esf_etl.warehouse.lake.state import lake_opened, last_published
from esf_etl.warehouse.verify_landing import landing_checks
from esf_etl.warehouse.verify_rows import rows_checks
from esf_etl.warehouse.verify_runs import runs_check
from esf_etl.warehouse.verifying import Check, Verification, verdict
from esf_schemas.ddl import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from esf_etl.settings import IngestSettings
    from esf_etl.warehouse.lake.address import Lake

__all__ = ["verify_lake"]

_ADVICE = (
    "Put it back from a backup of the lake's files; where there is none, make a new lake of the pages:"
    " `esf-etl ingest` with another catalogue."
)
_METADATA = f"__ducklake_metadata_{NAME}.public"
_GONE = ("No files found", "404", "NoSuchKey", "No such file")


def verify_lake(
    settings: IngestSettings, lake: Lake, *, with_landing: bool, read: bool, all_snapshots: bool
) -> Verification:
    """Check the newest snapshot of the lake; see `esf_etl.warehouse.verify.verify`.

    Raises `WarehouseError` where it cannot be reached, or no run has published there.
    """
    with lake_opened(lake) as connection:
        snapshot = f"snapshot {newest_snapshot(connection, NAME)}"
        checks = list(_checks(connection, settings, lake))
    if with_landing and checks[-1].state != "skipped":
        checks += landing_checks(lake, settings, read=read)
    elif not with_landing:
        checks.append(Check("landing folder", "skipped", "not compared with the ledger.", "Name it with --landing."))
    if all_snapshots:
        checks.append(Check("other snapshots", "skipped", "a lake has no copies: they share the files of this one."))
    return Verification(str(lake), snapshot, checks)


def _checks(connection: DuckDBPyConnection, settings: IngestSettings, lake: Lake) -> Iterator[Check]:
    files = _files(connection)
    wrong = [text for file in files for text in _broken(connection, *file)]
    size = sum(size for _, _, size, _ in files)
    yield verdict("files", wrong, f"{len(files)} files, {size} bytes, there and read whole.", _ADVICE)
    if wrong:
        yield Check("everything else", "skipped", "nothing can be said of rows of which some cannot be read.")
        return
    last = last_published(connection)
    if last is None:
        msg = "no run has published in this lake yet."
        raise WarehouseError(msg, path=str(lake), advice="Do `esf-etl ingest` first.")
    said = {"main.project": last["projects"], "etl.finding": last["findings"]}
    try:
        yield from rows_checks(connection, PUBLISHED_TABLES, said, by="the last run", advice=_ADVICE)
        yield _runs(connection, settings)
        yield Check("digest", "ok", f"{digest(connection)}, to be compared with that of another copy.")
    except duckdb.Error as problem:
        yield Check("database", "wrong", f"DuckDB cannot read it: {str(problem).partition(chr(10))[0]}", _ADVICE)
        yield Check("everything else", "skipped", "nothing can be said of rows that cannot be read.")


def _files(connection: DuckDBPyConnection) -> list[tuple[str, str, int, int | None]]:
    """Every file of the snapshot: its table, its path, its size, and how many rows it has by the catalogue."""
    rows = dict(connection.execute(f"SELECT path, record_count FROM {_METADATA}.ducklake_data_file").fetchall())
    found: dict[str, tuple[str, str, int, int | None]] = {}
    for table in (contract.table() for contract in PUBLISHED_TABLES):
        schema = HISTORY if table.versioned else table.schema
        listed = connection.execute(
            "SELECT data_file, data_file_size_bytes, delete_file, delete_file_size_bytes"
            f" FROM ducklake_list_files({literal(NAME)}, {literal(table.name)}, schema => {literal(schema)})"
        ).fetchall()
        for data, size, deleted, deleted_size in listed:
            found[data] = (f"{schema}.{table.name}", data, size, rows.get(data.rpartition("/")[2]))
            if deleted is not None:
                found[deleted] = (f"{schema}.{table.name}", deleted, deleted_size, None)
    return list(found.values())


def _broken(connection: DuckDBPyConnection, table: str, path: str, size: int, rows: int | None) -> Iterator[str]:
    """What is wrong with a file. It is read whole: a hash of all values leaves no page of it out."""
    name = f"{path.rpartition('/')[2]} of {table}"
    try:
        there = connection.execute(f"SELECT size FROM read_blob({literal(path)})").fetchone()
        if there is None:
            yield f"{name} is missing"
            return
        if there[0] != size:
            yield f"{name} has {there[0]} bytes, the catalogue says {size}"
            return
        whole = connection.execute(
            f"SELECT count(*), sum(hash(file)::HUGEINT) FROM read_parquet({literal(path)}) AS file"
        ).fetchone()
    except duckdb.Error as problem:
        words = str(problem).partition("\n")[0]
        yield f"{name} is missing" if any(text in words for text in _GONE) else f"{name} cannot be read ({words})"
        return
    if whole is not None and rows is not None and whole[0] != rows:
        yield f"{name} has {whole[0]} rows, the catalogue says {rows}"


def _runs(connection: DuckDBPyConnection, settings: IngestSettings) -> Check:
    """The runs of this machine's job, as far as the lake can know them: each run that publishes brings those before."""
    entries = journal.read(WarehouseFolder(settings.warehouse).journal)
    published = [entry["run_id"] for entry in entries if entry.get("outcome") == "published"]
    if not published:
        return Check("runs", "skipped", "no run of this machine has published.")
    return runs_check(connection, max(published), entries, of_all=False)

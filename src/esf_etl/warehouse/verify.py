"""Checks of what is published, each by name with what is wrong and what to do; nothing is written, no lock is taken.

Everything is asked of the one snapshot that `current` pointed to at first, so a run may publish meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from esf_etl.errors import EsfEtlError, SnapshotDamaged, WarehouseError
from esf_etl.warehouse import journal
from esf_etl.warehouse.checks import PUBLISHED_TABLES, broken_in, checks_of_history, checks_of_keys, checks_of_ledger
from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.database import count_rows, foreign_wal, open_reader
from esf_etl.warehouse.folder import DATABASE, WarehouseFolder
from esf_etl.warehouse.overriding import TABLES as OVERRIDE_TABLES
from esf_etl.warehouse.publish import GO_BACK
from esf_etl.warehouse.seal import broken_seal, changed_files, hold_to_journal, strangers, writable
from esf_etl.warehouse.verify_landing import landing_checks
from esf_etl.warehouse.verify_parquet import parquet_checks
from esf_etl.warehouse.verify_runs import runs_check
from esf_etl.warehouse.verifying import Check, Verification, among_others, verdict
from esf_schemas import ADDED_COLUMNS, SCHEMA_VERSION
from esf_schemas.ddl import sql_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from esf_etl.settings import IngestSettings
    from esf_etl.warehouse.publish import Manifest
    from esf_schemas import Contract, Table

__all__ = ["verify"]

_OURS = "esf"
"""The name that DuckDB gives a database of ours, after its file."""


def verify(
    settings: IngestSettings, *, with_landing: bool = False, read: bool = False, all_snapshots: bool = False
) -> Verification:
    """Check what is published in the warehouse folder of `settings`.

    `with_landing` compares the ledger with the landing folder of `settings` too, by what `stat` says; with `read` the
    bytes of every file as well. `all_snapshots` looks at the checksums of the other kept ones.

    Raises `WarehouseError` where nothing is published, or the snapshot was removed meanwhile.
    """
    folder = WarehouseFolder(settings.warehouse)
    snapshot = folder.current_snapshot()
    if snapshot is None:
        msg = "nothing is published."
        raise WarehouseError(msg, path=str(folder.root), advice="Run `esf-etl ingest` first, or name the folder.")
    checks = list(_checks(folder, snapshot, settings, with_landing=with_landing, read=read))
    if all_snapshots:
        checks += _other_snapshots(folder, snapshot)
    if not snapshot.is_dir():
        msg = "the snapshot was removed while it was looked at: a run has published since."
        raise WarehouseError(msg, path=str(snapshot), advice="Start `esf-etl verify` again.")
    return Verification(str(settings.warehouse), f"snapshots/{snapshot.name}", checks)


def _checks(
    folder: WarehouseFolder, snapshot: Path, settings: IngestSettings, *, with_landing: bool, read: bool
) -> Iterator[Check]:
    try:
        manifest = hold_to_journal(folder, snapshot)
    except SnapshotDamaged as problem:
        yield Check("manifest", "wrong", problem.message, problem.advice)
        yield Check("everything else", "skipped", "nothing can be said of a snapshot without its manifest.")
        return
    yield Check("manifest", "ok", f"that of {manifest.run_id}, as it was published.")
    yield _where_it_lies(folder, snapshot)
    changed = list(changed_files(snapshot, manifest))
    total = sum(said["size_bytes"] for said in manifest.files.values())
    yield verdict("files", changed, f"{len(manifest.files)} files, {total} bytes, as they were published.", GO_BACK)
    yield verdict(
        "foreign files",
        [f"{name} is not ours" for name in strangers(snapshot, manifest)],
        "nothing lies beside them.",
        "Remove it: no run of ours wrote it, and DuckDB would read a .wal into the database.",
    )
    yield verdict(
        "modes",
        list(writable(folder, snapshot)),
        "nobody can write to a file, nobody but the owner to a folder.",
        "Take the right away: chmod a-w for files, go-w for folders.",
    )
    if any(text.startswith(f"{DATABASE} ") for text in changed) or foreign_wal(snapshot / DATABASE):
        yield Check("everything else", "skipped", "the database is not the one that was published; it was not opened.")
        return
    yield from _checks_of_database(folder, snapshot, manifest)
    if with_landing:
        yield from landing_checks(snapshot / DATABASE, settings, read=read)
    else:
        yield Check("landing folder", "skipped", "not compared with the ledger.", "Name it with --landing.")


def _where_it_lies(folder: WarehouseFolder, snapshot: Path) -> Check:
    link = folder.current.readlink()
    wrong = [] if link.parts == ("snapshots", snapshot.name) else [f"it points to {link}"]
    wrong += ["the snapshot is a link itself"] if snapshot.is_symlink() else []
    return verdict(
        "current", wrong, f"points to snapshots/{snapshot.name}.", "Point it to a snapshot with `esf-etl restore`."
    )


def _checks_of_database(folder: WarehouseFolder, snapshot: Path, manifest: Manifest) -> Iterator[Check]:
    if manifest.schema_version != SCHEMA_VERSION:
        message = f"its tables have version {manifest.schema_version}, this release writes version {SCHEMA_VERSION}."
        yield Check("database", "wrong", message, "Use the release that wrote it, or load all pages with --rebuild.")
        return
    try:
        connection = open_reader(snapshot / DATABASE)
    except EsfEtlError as problem:
        yield Check("database", "wrong", problem.message, problem.advice or GO_BACK)
        return
    with connection:
        try:
            yield from _checks_of_rows(connection, manifest)
            yield from parquet_checks(connection, snapshot, manifest)
            yield runs_check(connection, manifest, journal.read(folder.journal))
        except duckdb.Error as problem:
            words = str(problem).partition("\n")[0]
            yield Check("database", "wrong", f"DuckDB cannot read it: {words}", GO_BACK)


def _checks_of_rows(connection: DuckDBPyConnection, manifest: Manifest) -> Iterator[Check]:
    advice = f"No run of ours publishes this: report it. {GO_BACK}"
    contracts = _contracts_of(manifest)
    tables = [contract.table() for contract in contracts]
    wrong = [text for table in tables for text in _misfits(connection, table)]
    yield verdict("database", wrong, f"opens, and has the tables of version {SCHEMA_VERSION}.", advice)
    if wrong:
        return
    counted = {
        f"{table.schema}.{table.name}": count_rows(connection, f"FROM {table.schema}.{table.name}") for table in tables
    }
    wrong = [
        f"{name} has {rows} rows, the manifest says {manifest.rows.get(name)}"
        for name, rows in counted.items()
        if rows != manifest.rows.get(name)
    ]
    yield verdict("row counts", wrong, f"{counted['main.project']} projects; all tables as the manifest says.", advice)
    groups = {
        "keys": list(checks_of_keys(_OURS, contracts=contracts)),
        "history": list(checks_of_history(_OURS, whole=True)),
        "ledger": list(checks_of_ledger(_OURS, whole=True)),
    }
    for name, checks in groups.items():
        found = [(check.name, count_rows(connection, check.query)) for check in checks]
        wrong = [f"{text}: {count}" for text, count in found if count]
        yield verdict(name, wrong, f"{len(checks)} checks over all rows hold.", advice)
    found = [(each.table().name, broken_in(connection, _OURS, each)) for each in contracts]
    wrong = [f"rows of {name} that break their contract: {count}" for name, count in found if count]
    yield verdict("contracts", wrong, "all rows hold to their contracts, past versions included.", advice)


def _contracts_of(manifest: Manifest) -> list[type[Contract]]:
    """The contracts of the tables that the snapshot has: one of a release without overrides has no table of them."""
    absent = {name for name in OVERRIDE_TABLES if f"etl.{name}" not in manifest.rows}
    return [contract for contract in PUBLISHED_TABLES if contract.table().name not in absent]


def _misfits(connection: DuckDBPyConnection, table: Table) -> Iterator[str]:
    """Where a table differs from its contract."""
    schema = HISTORY if table.versioned else table.schema
    found: dict[str, Any] = dict(
        connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?",
            [schema, table.name],
        ).fetchall()
    )
    added = {name for *place, name in ADDED_COLUMNS if place == [schema, table.name]}
    for column in table.columns:
        if column.name in added and column.name not in found:
            continue  # an older release made this database; no row of it has a value there
        expected = sql_type(column.dtype)
        if (have := found.pop(column.name, None)) != expected:
            yield f"{schema}.{table.name}.{column.name} is {have or 'missing'}, expected {expected}"
    yield from (f"{schema}.{table.name}.{name} is not ours" for name in found)


def _other_snapshots(folder: WarehouseFolder, current: Path) -> Iterator[Check]:
    for snapshot in sorted(folder.snapshots.iterdir()):
        if snapshot.name == current.name:
            continue
        broken = broken_seal(folder, snapshot)
        wrong = among_others(broken.split("; ")) if broken else []
        if not wrong and (loose := list(writable(folder, snapshot))):
            wrong = among_others(loose)
        yield verdict(
            f"snapshots/{snapshot.name}", wrong, "as it was published.", "Do not go back to it; it may be removed."
        )

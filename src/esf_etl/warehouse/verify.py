"""Checks of what is published, each by name with what is wrong and what to do; nothing is written, no lock is taken.

Everything is asked of the one snapshot that `current` pointed to at first, so a run may publish meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from esf_etl.errors import EsfEtlError, SnapshotDamaged, WarehouseError
from esf_etl.warehouse import journal
from esf_etl.warehouse.checks import PUBLISHED_TABLES
from esf_etl.warehouse.database import foreign_wal, open_reader
from esf_etl.warehouse.folder import DATABASE, WarehouseFolder
from esf_etl.warehouse.lake.address import lake_of
from esf_etl.warehouse.overriding import TABLES as OVERRIDE_TABLES
from esf_etl.warehouse.publish import GO_BACK
from esf_etl.warehouse.seal import broken_seal, changed_files, hold_to_journal, strangers, writable
from esf_etl.warehouse.verify_landing import landing_checks
from esf_etl.warehouse.verify_parquet import parquet_checks
from esf_etl.warehouse.verify_rows import rows_checks
from esf_etl.warehouse.verify_runs import runs_check
from esf_etl.warehouse.verifying import Check, Verification, among_others, verdict
from esf_schemas import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from esf_etl.settings import IngestSettings
    from esf_etl.warehouse.publish import Manifest
    from esf_schemas import Contract

__all__ = ["verify"]


def verify(
    settings: IngestSettings, *, with_landing: bool = False, read: bool = False, all_snapshots: bool = False
) -> Verification:
    """Check what is published in the warehouse folder of `settings`, or in the lake that they name in its place.

    `with_landing` compares the ledger with the landing folder of `settings` too, by what `stat` says; with `read` the
    bytes of every file as well. `all_snapshots` looks at the checksums of the other kept ones.

    Raises `WarehouseError` where nothing is published, or the snapshot was removed meanwhile.
    """
    if (lake := lake_of(settings)) is not None:
        from esf_etl.warehouse.lake.verify import verify_lake

        return verify_lake(settings, lake, with_landing=with_landing, read=read, all_snapshots=all_snapshots)
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
            tables = _contracts_of(manifest)
            names = [f"{each.table().schema}.{each.table().name}" for each in tables]
            said = {name: manifest.rows.get(name) for name in names}
            yield from rows_checks(connection, tables, said, by="the manifest", advice=GO_BACK)
            yield from parquet_checks(connection, snapshot, manifest)
            yield runs_check(connection, manifest.run_id, journal.read(folder.journal))
        except duckdb.Error as problem:
            words = str(problem).partition("\n")[0]
            yield Check("database", "wrong", f"DuckDB cannot read it: {words}", GO_BACK)


def _contracts_of(manifest: Manifest) -> list[type[Contract]]:
    """The contracts of the tables that the snapshot has: one of a release without overrides has no table of them."""
    absent = {name for name in OVERRIDE_TABLES if f"etl.{name}" not in manifest.rows}
    return [contract for contract in PUBLISHED_TABLES if contract.table().name not in absent]


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

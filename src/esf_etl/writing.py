"""The second half of a run: the copy is written, audited and published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from esf_etl.errors import WarehouseError
from esf_etl.reports.views import create_reports
from esf_etl.room import require_room
from esf_etl.summary import run_row
from esf_etl.warehouse import publish
from esf_etl.warehouse.audit import audit
from esf_etl.warehouse.create import HISTORY, add_columns, create_schema, load_reference
from esf_etl.warehouse.database import attach
from esf_etl.warehouse.folder import DATABASE, MANIFEST
from esf_etl.warehouse.overriding import write_overrides
from esf_etl.warehouse.recovery import known_runs
from esf_etl.warehouse.upsert import COPY, record_runs, upsert
from esf_schemas import CONTRACTS, PROJECT_TABLES, REF_TABLES, SCHEMA_VERSION, VAULT_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from esf_etl.run import Run

__all__ = ["LAST_STEPS", "hold_to_audit", "publish_copy", "write"]


def write(run: Run) -> None:
    """Copy the current database aside and bring the new rows into the copy, in one transaction."""
    connection, summary = run.connection, run.summary
    require_room(run)
    copy = _snapshot_folder(run) / DATABASE
    with run.told("copy"):
        if run.base is not None:
            publish.copy_database(run.base, copy)
        attach(connection, copy, COPY, read_only=False)
        if run.base is None:
            create_schema(connection, COPY)
    with run.told("write"):
        connection.execute("BEGIN")
        if run.base is not None:
            load_reference(connection, COPY)
            add_columns(connection, COPY)
        create_reports(connection, COPY)
        upsert(connection, run.aside)
        write_overrides(connection, COPY)
        summary.outcome = "published"
        summary.snapshot = f"snapshots/{run.run_id}"
        run.count_warehouse(COPY)
        run.close()
        record_runs(connection, [*known_runs(run.folder), run_row(summary.to_dict())])
    if run.settings.with_contacts or run.folder.private.is_dir():
        _write_vault(run)
    with run.told("commit"):
        connection.execute("COMMIT")
    with run.told("checkpoint"):
        connection.execute(f"CHECKPOINT {COPY}")
        connection.execute(f"DETACH {COPY}")


def _write_vault(run: Run) -> None:
    """Write the contacts of the run beside the vault, which takes their place just before the flip."""
    from esf_etl.warehouse.vault import build_vault

    kept = run.settings.with_contacts
    with run.told("contacts"):
        dropped = build_vault(run.folder, run.connection, with_contacts=kept, anew=run.settings.rebuild)
    if dropped and not kept:
        run.warn(
            f"{dropped} contacts left the vault: their projects have new versions, and this run does not keep contacts."
            " Bring them back with --reprocess --with-contacts."
        )


def _snapshot_folder(run: Run) -> Path:
    folder = run.staging / "snapshot"
    folder.mkdir(exist_ok=True)
    return folder


def hold_to_audit(run: Run) -> None:
    """Open the copy read-only and hold it to the contracts."""
    with run.told("audit"):
        attach(run.connection, _snapshot_folder(run) / DATABASE, COPY, read_only=True)
        audit(run.connection, run.aside)
        run.drop_aside()


def publish_copy(run: Run, *, rewritten: Collection[str] = ()) -> None:
    """Write Parquet and manifest beside the database, move the whole into place, and flip `current` to it.

    `rewritten` names tables that changed although no version of a project began or ended.
    """
    connection, folder = run.connection, _snapshot_folder(run)
    with run.told("parquet"):
        tables = [contract.table() for contract in (*PROJECT_TABLES, *REF_TABLES)]
        unchanged = [
            name
            for name in (contract.table().name for contract in PROJECT_TABLES)
            if name not in rewritten and not _is_changed(run, name)
        ]
        publish.write_parquet(connection, COPY, tables, folder, before=run.base, unchanged=unchanged)
        rows = {
            f"{table.schema}.{table.name}": run.count(f"FROM {COPY}.{table.schema}.{table.name}")
            for table in (contract.table() for contract in CONTRACTS if contract not in VAULT_TABLES)
        }
        connection.execute(f"DETACH {COPY}")
    with run.told("seal"):
        publish.write_manifest(
            folder,
            run_id=run.run_id,
            schema_version=SCHEMA_VERSION,
            published_at=datetime.now(UTC).isoformat(),
            rows=rows,
            run=run.summary.to_dict(),
        )
        run.summary.manifest_sha256 = publish.sha256(folder / MANIFEST)
    with run.told("move"):
        snapshot = publish.move_into_place(folder, run.folder.snapshots, run.run_id)
    if run.folder.private.is_dir():
        from esf_etl.warehouse.vault import place_vault

        with run.told("vault"):
            place_vault(run.folder, run.run_id)
    with run.told("flip"):
        publish.flip(run.folder, snapshot)
    try:
        publish.prune(run.folder, keep=run.settings.keep_snapshots)
    except WarehouseError as problem:  # the new snapshot is published; an old one too many harms nobody
        run.warn(str(problem))


def _is_changed(run: Run, table: str) -> bool:
    """Whether this run opened or closed a row of a project table."""
    changes = "run_id = getvariable('run_id') OR valid_to = getvariable('run_at')"
    return run.count(f"FROM {COPY}.{HISTORY}.{table} WHERE {changes}") > 0


LAST_STEPS: tuple[tuple[str, Callable[[Run], None]], ...] = (
    ("write", write),
    ("audit", hold_to_audit),
    ("publish", publish_copy),
)
"""What is done where there is something new, in its order, by the names of the steps."""

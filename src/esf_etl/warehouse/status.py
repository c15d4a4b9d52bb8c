"""What is published and what the last runs did, from journal and manifest: no lock, a database for overrides only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from esf_etl.errors import EsfEtlError, SnapshotDamaged
from esf_etl.warehouse import journal
from esf_etl.warehouse.database import foreign_wal, open_reader
from esf_etl.warehouse.folder import DATABASE, WarehouseFolder
from esf_etl.warehouse.seal import hold_to_journal

__all__ = ["read_status"]


def read_status(root: Path, *, runs: int = 5) -> dict[str, Any]:
    """JSON-ready: `sentence` (did the last run work, and if not, what to do), `warnings`, `published`, the last `runs`.

    `published` has the `overrides` in force, a line each; None where they cannot be read.

    Raises `WarehouseError` where `current` points to nothing.
    """
    folder = WarehouseFolder(root)
    entries = journal.read(folder.journal)
    ended = [entry for entry in entries if entry["event"] == "ended"]
    open_runs = journal.open_runs(entries)
    published, warnings = _published(folder)
    last = sorted([*ended, *open_runs], key=lambda entry: str(entry["run_id"]))[-runs:]
    return {
        "warehouse": str(root),
        "sentence": _restored(entries) or _sentence(ended, open_runs),
        "warnings": warnings,
        "published": published,
        "runs": [
            {name: value for name, value in {"outcome": "unfinished", **entry}.items() if name != "event"}
            for entry in reversed(last)
        ],
    }


def _restored(entries: list[dict[str, Any]]) -> str | None:
    """Where nothing has happened since somebody went back to a snapshot."""
    last = entries[-1] if entries else {"event": None}
    if last["event"] != "restored":
        return None
    before = f" from {last['before']}" if last.get("before") else ""
    to = f"snapshots/{last['run_id']}"
    return f"At {last.get('restored_at')} somebody went back to {to}{before}; the next run reads what came since."


def _sentence(ended: list[dict[str, Any]], open_runs: list[dict[str, Any]]) -> str:
    if open_runs and (not ended or open_runs[-1]["run_id"] > ended[-1]["run_id"]):
        started = open_runs[-1]["started_at"]
        return f"The run of {started} has not ended: it is at work, or was killed; the next run puts that right."
    if not ended:
        return "No run yet: start one with `esf-etl ingest`."
    last = ended[-1]
    when = last["started_at"]
    if last["outcome"] == "failed":
        return f"The run of {when} failed: {last.get('error_message')}"
    if last["outcome"] == "killed":
        return f"The run of {when} was killed; what it had begun was cleared away. Run `esf-etl ingest` again."
    if last["outcome"] == "idle":
        return f"The run of {when} found nothing new: {last['unchanged']} unchanged, {last['deferred']} deferred."
    # One that was killed, whose manifest was damaged before the next run could read it, has no counts.
    loaded = "some" if last.get("loaded") is None else last["loaded"]
    rejected = f", {last['rejected']} rejected (`esf-etl rejects` says why)" if last.get("rejected") else ""
    return f"The run of {when} published {loaded} new versions{rejected}."


def _published(folder: WarehouseFolder) -> tuple[dict[str, Any] | None, list[str]]:
    snapshot = folder.current_snapshot()
    if snapshot is None:
        return None, []
    warnings = []
    if wal := foreign_wal(snapshot / DATABASE):
        warnings.append(f"{wal} is not ours: somebody opened the published file for writing. Remove it.")
    try:
        manifest = hold_to_journal(folder, snapshot)
    except SnapshotDamaged as problem:
        return None, [*warnings, str(problem)]
    overrides = _overrides(snapshot) if manifest.rows.get("etl.override") else []
    if overrides is None:
        warnings.append("The overrides in force cannot be read; `esf-etl verify` says what is wrong.")
    return {
        "snapshot": f"snapshots/{snapshot.name}",
        "published_at": manifest.published_at,
        "schema_version": manifest.schema_version,
        "rows": manifest.rows,
        "standing_rejects": manifest.run.get("standing_rejects"),
        "overrides": overrides,
    }, warnings


def _overrides(snapshot: Path) -> list[dict[str, Any]] | None:
    names = ("landing", "line", "kind", "what", "becomes", "why", "pages")
    try:
        with open_reader(snapshot / DATABASE) as connection:
            query = f"SELECT {', '.join(names)} FROM etl.override ORDER BY landing, line"
            return [dict(zip(names, row, strict=True)) for row in connection.execute(query).fetchall()]
    except (EsfEtlError, duckdb.Error):
        return None

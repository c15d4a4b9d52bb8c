"""What is published and what the last runs did, from journal and manifest: no lock, a database for overrides only.

A lake has no manifest: what is published there, and the runs of its other jobs, its tables say.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from esf_etl.errors import EsfEtlError, SnapshotDamaged, WarehouseError
from esf_etl.warehouse import journal
from esf_etl.warehouse.at_work import AtWork, at_work
from esf_etl.warehouse.database import foreign_wal, open_reader
from esf_etl.warehouse.folder import DATABASE, WarehouseFolder
from esf_etl.warehouse.reading import overrides_in_force
from esf_etl.warehouse.seal import hold_to_journal
from esf_etl.warehouse.verdict import judge

if TYPE_CHECKING:
    from esf_etl.warehouse.lake.address import Lake

__all__ = ["read_status"]

_TRIES = 3


def read_status(
    root: Path,
    *,
    lake: Lake | None = None,
    runs: int = 5,
    max_age: timedelta | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """JSON-ready: `sentence` (did the last run work, and if not, what to do) and the facts it was made of.

    `state` is one of `esf_etl.warehouse.verdict.State`; `ok` is false where somebody must do something: the last run
    failed or was killed, the newest that worked is older than `max_age`, what is published is damaged, or nobody can
    tell. Then `last_success_at`, `age_s`, `max_age_s`, `warnings`, `published`, the last `runs`.

    `published` has the `overrides` in force, a line each; None where they cannot be read.

    With `lake`, `root` is the folder of this machine's job. The verdict is on the job's runs by its journal; on a
    machine that has none, on those of the lake. `runs` are of all jobs, with those of this one that the lake does not
    have. A lake that cannot be reached or read is the state `unreachable`.

    Raises `WarehouseError` where `current` points to nothing.
    """
    folder = WarehouseFolder(root)
    elsewhere: list[dict[str, Any]] = []
    unreachable: WarehouseError | None = None
    if lake is None:
        published, damage, warnings = _published(folder)
    else:
        damage = None
        published, elsewhere, warnings, unreachable = _in_lake(lake, runs)
    working, entries = _working(folder)
    if not entries and elsewhere:
        warnings.append("No run of this machine is known. Nights of others that publish nothing come with a later one.")
    verdict = judge(
        entries or elsewhere,
        working=working,
        published_at=journal.moment_of({"ended_at": published["published_at"]}) if published else None,
        damage=damage,
        now=now or datetime.now().astimezone(),
        max_age=max_age,
    )
    if unreachable is not None:
        sentence = f"What is published cannot be read: {unreachable} {verdict.sentence if entries else ''}".rstrip()
        verdict = replace(verdict, state="unreachable", ok=False, sentence=sentence)
    own = {entry["run_id"] for entry in entries}
    entries = sorted([*entries, *(run for run in elsewhere if run["run_id"] not in own)], key=_run_id)
    ended = [entry for entry in entries if entry["event"] == "ended"]
    last = sorted([*ended, *journal.open_runs(entries)], key=_run_id)[-runs:]
    return {
        "warehouse": str(lake or root),
        "state": verdict.state,
        "ok": verdict.ok,
        "sentence": verdict.sentence,
        "last_success_at": verdict.last_success_at and verdict.last_success_at.astimezone(UTC).isoformat(),
        "age_s": None if verdict.age is None else round(verdict.age.total_seconds(), 3),
        "max_age_s": None if max_age is None else max_age.total_seconds(),
        "warnings": warnings,
        "published": published,
        "runs": [
            {name: value for name, value in {"outcome": "unfinished", **entry}.items() if name != "event"}
            for entry in reversed(last)
        ],
    }


def _run_id(entry: dict[str, Any]) -> str:
    return str(entry["run_id"])


def _in_lake(
    lake: Lake, runs: int
) -> tuple[dict[str, Any] | None, list[dict[str, Any]], list[str], WarehouseError | None]:
    """What is published in a lake, its runs, what a person should know, and why nobody can tell."""
    from esf_etl.warehouse.lake.state import read_state

    try:
        state = read_state(lake, runs=runs)
    except WarehouseError as problem:
        return None, [], [], problem
    return state.published, state.runs, state.warnings, None


def _working(folder: WarehouseFolder) -> tuple[AtWork, list[dict[str, Any]]]:
    """Whether a run is at work, and the journal of the same moment: a run may begin or end between two looks."""
    entries = journal.read(folder.journal)
    for _ in range(_TRIES):
        before, working = entries, at_work(folder)
        entries = journal.read(folder.journal)
        if entries == before:
            break
    else:
        working = at_work(folder)
    return working, entries


def _published(folder: WarehouseFolder) -> tuple[dict[str, Any] | None, str | None, list[str]]:
    """What is published, what is wrong with it, and what a person should know."""
    snapshot = folder.current_snapshot()
    if snapshot is None:
        return None, None, []
    warnings = []
    if wal := foreign_wal(snapshot / DATABASE):
        warnings.append(f"{wal} is not ours: somebody opened the published file for writing. Remove it.")
    try:
        manifest = hold_to_journal(folder, snapshot)
    except SnapshotDamaged as problem:
        return None, str(problem), [*warnings, str(problem)]
    overrides = _overrides(snapshot) if manifest.rows.get("etl.override") else []
    if overrides is None:
        warnings.append("The overrides in force cannot be read; `esf-etl verify` says what is wrong.")
    return (
        {
            "snapshot": f"snapshots/{snapshot.name}",
            "published_at": manifest.published_at,
            "landing": manifest.run.get("landing_name"),
            "schema_version": manifest.schema_version,
            "rows": manifest.rows,
            "standing_rejects": manifest.run.get("standing_rejects"),
            "overrides": overrides,
        },
        None,
        warnings,
    )


def _overrides(snapshot: Path) -> list[dict[str, Any]] | None:
    try:
        with open_reader(snapshot / DATABASE) as connection:
            return overrides_in_force(connection)
    except (EsfEtlError, duckdb.Error):
        return None

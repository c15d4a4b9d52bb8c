"""What a run does first, under the lock: put right what a run that was killed left behind, and learn the time.

The journal is what tells a killed run: it has a started line and no ended one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from esf_etl.errors import SnapshotDamaged, WarehouseError
from esf_etl.summary import run_row
from esf_etl.warehouse import journal
from esf_etl.warehouse.publish import read_manifest, remove_tree

if TYPE_CHECKING:
    from pathlib import Path

    from esf_etl.warehouse.folder import WarehouseFolder

__all__ = ["Published", "known_runs", "next_run_time", "put_right", "run_id_of", "settle_vault"]

Published = Callable[[list[str]], Mapping[str, dict[str, Any]]]
"""Given ids of runs: those that have published, each with what is known of it."""

_RUN_ID = "%Y%m%dT%H%M%S.%fZ"


def run_id_of(moment: datetime) -> str:
    """The id of the run of this UTC time; ids sort as the times do."""
    return moment.strftime(_RUN_ID)


def next_run_time(folder: WarehouseFolder) -> datetime:
    """The UTC time of a new run: now, or just after the last known run where the clock has gone back.

    Versions of a project are told apart by these times, which must rise whatever the clock does.
    """
    known = [entry["run_id"] for entry in journal.read(folder.journal)]
    if folder.snapshots.is_dir():
        known += [path.name for path in folder.snapshots.iterdir()]
    now = datetime.now(UTC).replace(tzinfo=None)
    # Ids sort as the times do: of the journal of ten years only the latest is read as a time.
    latest = next(filter(None, map(_time_of, sorted(known, reverse=True))), None)
    return now if latest is None else max(now, latest + timedelta(microseconds=1))


def _time_of(run_id: str) -> datetime | None:
    try:
        return datetime.strptime(run_id, _RUN_ID)  # noqa: DTZ007 - a run id is in UTC, without saying so
    except ValueError:
        return None


def put_right(
    folder: WarehouseFolder,
    current: Path | None,
    *,
    published: Published | None = None,
) -> None:
    """Under the lock: put right what killed runs left. `current` is the published snapshot, if there is one.

    `published` says it of a place that is not the folder. Where it raises `WarehouseError` nobody can tell: the runs
    stay open until the next one.
    """
    open_runs = journal.open_runs(journal.read(folder.journal))
    if open_runs and published is not None:
        with suppress(WarehouseError):
            known = published([entry["run_id"] for entry in open_runs])
            _close_open_runs(folder, open_runs, known)
    elif open_runs:
        _close_open_runs(folder, open_runs, {} if current is None else {current.name: _run_of(current)})
    _clear_leftovers(folder, current)


def _close_open_runs(
    folder: WarehouseFolder, open_runs: list[dict[str, Any]], published: Mapping[str, dict[str, Any]]
) -> None:
    """Give every killed run its ended line: `published` with what is known of it where it has, else `killed`."""
    for entry in open_runs:
        ended: dict[str, Any] = {**entry, "event": "ended", "ended_at": None, "outcome": "killed"}
        if (known := published.get(entry["run_id"])) is not None:
            ended = {**entry, **known, "event": "ended", "cut_short": True, "outcome": "published"}
        journal.append(folder.journal, ended)


def _run_of(snapshot: Path) -> dict[str, Any]:
    """What the manifest says of its run; of a damaged one, that nothing is known but that it published."""
    try:
        return read_manifest(snapshot).run
    except SnapshotDamaged:
        return {"ended_at": None}


def _clear_leftovers(folder: WarehouseFolder, current: Path | None) -> None:
    """Remove what killed runs left: their staging folders, and snapshots that were never flipped to.

    The current snapshot stays, whatever the journal says of its run. The vault of contacts is made that of it.
    """
    remove_tree(folder.staging)
    settle_vault(folder)
    unpublished = {
        entry["run_id"]
        for entry in journal.read(folder.journal)
        if entry["event"] == "ended" and entry.get("outcome") != "published"
    }
    for snapshot in folder.snapshots.iterdir():
        if snapshot.name in unpublished and (current is None or snapshot.name != current.name):
            remove_tree(snapshot)
    for link in folder.root.glob(".current.*"):
        link.unlink(missing_ok=True)


def settle_vault(folder: WarehouseFolder) -> None:
    """Make the vault of contacts that of the published snapshot (see `esf_etl.warehouse.vault`)."""
    if folder.private.is_dir():
        from esf_etl.warehouse.vault import settle  # imported here: most warehouses have none

        settle(folder)


def known_runs(folder: WarehouseFolder) -> list[dict[str, Any]]:
    """All ended runs of the journal as rows of `etl.run`."""
    return [run_row(entry) for entry in journal.read(folder.journal) if entry["event"] == "ended"]

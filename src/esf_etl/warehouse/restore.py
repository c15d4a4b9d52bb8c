"""Going back: `current` is pointed to a kept snapshot again, after that was found to be as it was published."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from esf_etl.errors import SnapshotDamaged, WarehouseError
from esf_etl.warehouse import journal
from esf_etl.warehouse.failure import in_words
from esf_etl.warehouse.folder import WarehouseFolder
from esf_etl.warehouse.publish import flip, read_manifest
from esf_etl.warehouse.recovery import put_right
from esf_etl.warehouse.seal import broken_seal
from esf_schemas.version import SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["kept_snapshots", "restore"]

_OTHERS = "`esf-etl restore --list` names those that are kept."


def kept_snapshots(root: Path) -> list[dict[str, Any]]:
    """The kept snapshots, newest first: `snapshot`, `current`, `published_at`, `projects`, `note`.

    `note` says where one has no readable manifest; else it is None.
    """
    folder = WarehouseFolder(root)
    current = folder.standing_snapshot()
    found = []
    for path in sorted(folder.snapshots.iterdir(), reverse=True) if folder.snapshots.is_dir() else []:
        row: dict[str, Any] = {"snapshot": path.name, "current": current is not None and path.name == current.name}
        try:
            manifest = read_manifest(path)
        except SnapshotDamaged as problem:
            row |= {"published_at": None, "projects": None, "note": problem.message}
        else:
            row |= {"published_at": manifest.published_at, "projects": manifest.rows.get("main.project"), "note": None}
        found.append(row)
    return found


def restore(root: Path, name: str) -> dict[str, Any]:
    """Make the kept snapshot of that name the published one; JSON-ready: `outcome`, `snapshot`, `before`, `projects`.

    `outcome` is `restored`, or `already-current` where nothing was to be done. It takes the lock of the only writer,
    and the journal gets a line, which is of no run. Nothing is removed: the next run that publishes prunes.

    Raises `LockHeld` where a run is at work, `SnapshotDamaged` for a snapshot that is not as it was published,
    `WarehouseError` for one that is not kept or is of another release.
    """
    folder = WarehouseFolder(root)
    _snapshot_named(folder, name)
    with in_words(root), folder.locked():
        before = folder.standing_snapshot()
        if before is not None:  # of a link that leads nowhere nobody can tell which of the runs had published
            put_right(folder, before)
        snapshot = _snapshot_named(folder, name)
        if broken := broken_seal(folder, snapshot):
            msg = f"the snapshot is not the one that was published: {broken}."
            raise SnapshotDamaged(msg, path=str(snapshot), advice=f"Go back to another: {_OTHERS}")
        manifest = read_manifest(snapshot)
        if manifest.schema_version != SCHEMA_VERSION:
            msg = f"its tables have version {manifest.schema_version}, this release has version {SCHEMA_VERSION}."
            raise WarehouseError(
                msg, code="schema-version", path=str(snapshot), advice="Use the release that wrote it."
            )
        done = {
            "outcome": "already-current",
            "snapshot": f"snapshots/{snapshot.name}",
            "before": f"snapshots/{before.name}" if before else None,
            "projects": manifest.rows.get("main.project"),
        }
        if before is not None and folder.current.readlink() == snapshot.relative_to(folder.root):
            return done
        flip(folder, snapshot)
        at = datetime.now(UTC).replace(tzinfo=None).isoformat() + "Z"
        line = {"event": "restored", "run_id": snapshot.name, "before": done["before"], "restored_at": at}
        journal.append(folder.journal, line)
        return {**done, "outcome": "restored"}


def _snapshot_named(folder: WarehouseFolder, name: str) -> Path:
    """The kept snapshot of that name, also written as the path that `status` shows."""
    parts = PurePath(name).parts
    own = parts[1:] if parts[:1] == (folder.snapshots.name,) else parts
    snapshot = folder.snapshots.joinpath(*own)
    if len(own) != 1 or snapshot.parent != folder.snapshots or own == ("..",) or not _is_folder(snapshot):
        msg = f"no snapshot {name!r} is kept."
        raise WarehouseError(msg, code="no-such-snapshot", path=str(folder.snapshots), advice=_OTHERS)
    return snapshot


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()

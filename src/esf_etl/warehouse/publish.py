"""Publishing: a finished copy becomes a snapshot, whole or not at all, and `current` is flipped to it.

What a reader can open is never written to again: files are made read-only, brought to the disk, and renamed into place
as one folder; the symlink changes by one atomic rename. A power cut leaves the old snapshot or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from dataclasses import dataclass
from filecmp import cmp
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from esf_etl.errors import SnapshotDamaged, WarehouseError
from esf_etl.warehouse.disk import fsync
from esf_etl.warehouse.folder import DATABASE, FOLDER_MODE, MANIFEST, PARQUET

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.folder import WarehouseFolder
    from esf_schemas import Table

__all__ = [
    "GO_BACK",
    "Manifest",
    "copy_database",
    "damaged",
    "flip",
    "is_intact",
    "move_into_place",
    "prune",
    "read_manifest",
    "sha256",
    "write_manifest",
    "write_parquet",
]

GO_BACK = "Go back to another snapshot with `esf-etl restore`, or load all pages anew with `esf-etl ingest --rebuild`."
"""What to do about a damaged snapshot."""

_READ_ONLY = 0o444
_OTHERS_MAY_WRITE = 0o022
_COPY_CHUNK = 1024 * 1024
_PROSE_GROUP_BYTES = 16 * 1024 * 1024
"""A row group is held in memory by each thread until it is written; one of prose is counted in bytes."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot holds: its run, the version of its tables, each file's size and SHA-256, rows a table."""

    run_id: str
    schema_version: int
    published_at: str
    files: dict[str, dict[str, Any]]
    rows: dict[str, int]
    run: dict[str, Any]


def read_manifest(snapshot: Path) -> Manifest:
    """The manifest of a snapshot; raises `SnapshotDamaged` where it is missing or no manifest."""
    path = snapshot / MANIFEST
    try:
        _refuse_other_than_file(path)
        said = json.loads(path.read_text(encoding="utf-8"))
        _refuse_other_shape(said)
        return Manifest(**said)
    except (OSError, ValueError, TypeError, RecursionError) as problem:
        msg = "the snapshot has no readable manifest."
        raise SnapshotDamaged(msg, path=str(path), advice=GO_BACK) from problem


def _refuse_other_than_file(path: Path) -> None:
    """Raise `ValueError` for a link, a folder, or a pipe, at which whoever opens it waits without end."""
    if not stat.S_ISREG(path.lstat().st_mode):
        msg = "it is no regular file"
        raise ValueError(msg)


def _refuse_other_shape(said: Any) -> None:
    """Raise `ValueError` where the values of a manifest are not of the types that ours are."""
    types = {"run_id": str, "schema_version": int, "published_at": str, "files": dict, "rows": dict, "run": dict}
    if not isinstance(said, dict) or any(type(said.get(name)) is not kind for name, kind in types.items()):
        msg = "a value is missing or has another type"
        raise ValueError(msg)
    for name, file in said["files"].items():
        inside = not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
        sealed = isinstance(file, dict) and isinstance(file.get("sha256"), str) and type(file.get("size_bytes")) is int
        if not (inside and sealed):
            msg = "a file has no size and checksum, or lies elsewhere"
            raise ValueError(msg)
    if DATABASE not in said["files"]:
        msg = "no database is listed"
        raise ValueError(msg)


def copy_database(snapshot: Path, target: Path) -> None:
    """Copy a snapshot's database, making sure on the way that it is the one that was published.

    Raises `SnapshotDamaged` where its SHA-256 is not the manifest's; the copy is then gone. A write-ahead log beside
    the published file is not copied and so never becomes part of the next snapshot.
    """
    expected = read_manifest(snapshot).files[DATABASE]["sha256"]
    digest = hashlib.sha256()
    with (snapshot / DATABASE).open("rb") as source, target.open("wb") as copy:
        while chunk := source.read(_COPY_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
    if digest.hexdigest() != expected:
        target.unlink()
        raise damaged(snapshot)


def damaged(snapshot: Path) -> SnapshotDamaged:
    """The error for a snapshot whose database is not the one that was published."""
    return SnapshotDamaged(
        "the published database is not the one that was published (its checksum differs).",
        path=str(snapshot / DATABASE),
        advice=GO_BACK,
    )


def is_intact(snapshot: Path, name: str) -> bool:
    """Whether a file of a snapshot is there and has the SHA-256 that its manifest says."""
    path = snapshot / name
    said = read_manifest(snapshot).files.get(name)
    return said is not None and path.is_file() and sha256(path) == said["sha256"]


def sha256(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_parquet(
    connection: DuckDBPyConnection,
    database: str,
    tables: Sequence[Table],
    folder: Path,
    *,
    before: Path | None,
    unchanged: Collection[str],
) -> None:
    """Write the current rows of the tables of an attached database, each to `<table>.parquet` in the order of its key.

    Tables with prose are in no order: to sort them would take all of it into memory. Reference tables go
    below `ref/`. A file that would be that of the snapshot `before` is shared with it by a hard link, if it is intact
    there; those of the tables named in `unchanged` are not even written.
    """
    for table in tables:
        name = f"{table.name}.parquet" if table.schema == "main" else f"{table.schema}/{table.name}.parquet"
        path = folder / PARQUET / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if before and table.name in unchanged and is_intact(before, f"{PARQUET}/{name}"):
            path.hardlink_to(before / PARQUET / name)
            continue
        quoted = str(path).replace("'", "''")
        rows, options = f"{database}.{table.schema}.{table.name}", "FORMAT parquet, COMPRESSION zstd"
        if any(column.prose for column in table.columns):
            connection.execute("SET preserve_insertion_order = false")
            connection.execute(
                f"COPY (FROM {rows}) TO '{quoted}' ({options}, ROW_GROUP_SIZE_BYTES {_PROSE_GROUP_BYTES})"
            )
            connection.execute("RESET preserve_insertion_order")
        else:
            order = f" ORDER BY {', '.join(table.key)}" if table.key else ""
            connection.execute(f"COPY (FROM {rows}{order}) TO '{quoted}' ({options})")
        old = before / PARQUET / name if before else None
        if old and old.is_file() and cmp(old, path, shallow=False):  # the bytes just written: it is intact
            path.unlink()
            path.hardlink_to(old)


def write_manifest(
    folder: Path,
    *,
    run_id: str,
    schema_version: int,
    published_at: str,
    rows: dict[str, int],
    run: dict[str, Any],
) -> Manifest:
    """Seal a finished snapshot folder: every file read-only and on the disk, the manifest among them.

    The folders are nobody's to write but the job's user's, whatever its umask is.
    """
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        files[path.relative_to(folder).as_posix()] = {"size_bytes": path.stat().st_size, "sha256": sha256(path)}
    manifest = Manifest(run_id, schema_version, published_at, files, rows, run)
    fields = {name: getattr(manifest, name) for name in Manifest.__slots__}
    (folder / MANIFEST).write_text(json.dumps(fields, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for path in folder.rglob("*"):
        path.chmod(_READ_ONLY if path.is_file() else path.stat().st_mode & ~_OTHERS_MAY_WRITE)
        fsync(path)
    folder.chmod(folder.stat().st_mode & ~_OTHERS_MAY_WRITE)
    fsync(folder)
    return manifest


def move_into_place(folder: Path, snapshots: Path, run_id: str) -> Path:
    """Rename a sealed folder into `snapshots/`, whole; it is not yet the current one."""
    target = snapshots / run_id
    folder.rename(target)
    fsync(snapshots)
    return target


def flip(warehouse: WarehouseFolder, snapshot: Path) -> None:
    """Make `current` point to a snapshot, by one atomic rename."""
    link = warehouse.root / f".current.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(snapshot.relative_to(warehouse.root), target_is_directory=True)
    link.replace(warehouse.current)
    fsync(warehouse.root)


def prune(warehouse: WarehouseFolder, *, keep: int) -> list[str]:
    """Remove all but the newest `keep` snapshots and the current one; returns the names of those removed.

    A reader that holds a file of a removed snapshot open keeps it until it closes it.
    """
    current = warehouse.current_snapshot()
    kept = {current.name} if current else set()
    removed = []
    for snapshot in sorted((path for path in warehouse.snapshots.iterdir() if path.is_dir()), reverse=True):
        if snapshot.name in kept:
            continue
        if len(kept) < keep:
            kept.add(snapshot.name)
            continue
        _remove_whole(warehouse, snapshot)
        removed.append(snapshot.name)
    return removed


def _remove_whole(warehouse: WarehouseFolder, snapshot: Path) -> None:
    """Remove a snapshot, first out of sight by one rename: a kill leaves no half of one to go back to."""
    warehouse.staging.mkdir(FOLDER_MODE, exist_ok=True)
    aside = warehouse.staging / snapshot.name
    try:
        snapshot.rename(aside)
        try:
            shutil.rmtree(aside)
        except OSError:
            aside.rename(snapshot)  # every run clears staging, and would stumble over it
            raise
    except OSError as problem:
        raise _stays(snapshot, problem) from problem


def remove_tree(folder: Path) -> None:
    """Remove a folder of ours and all below it. Raises `WarehouseError` where something in it cannot go."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as problem:
        raise _stays(folder, problem) from problem


def _stays(folder: Path, problem: OSError) -> WarehouseError:
    msg = f"an old folder cannot be removed: {problem.strerror}."
    return WarehouseError(msg, path=str(folder), advice="Remove it by hand.")

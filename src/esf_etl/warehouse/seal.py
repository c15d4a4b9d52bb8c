"""Whether a snapshot folder is the one that was sealed: its manifest, its files, nothing beside them, their modes."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from esf_etl.errors import SnapshotDamaged
from esf_etl.warehouse import journal
from esf_etl.warehouse.folder import MANIFEST
from esf_etl.warehouse.publish import GO_BACK, read_manifest, sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from esf_etl.warehouse.folder import WarehouseFolder
    from esf_etl.warehouse.publish import Manifest

__all__ = ["broken_seal", "changed_files", "hold_to_journal", "strangers", "writable"]

_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def hold_to_journal(folder: WarehouseFolder, snapshot: Path) -> Manifest:
    """The manifest of a snapshot, which must be the one that its run wrote into the journal, where it did.

    Raises `SnapshotDamaged`. A run that was cut short has none of it in the journal.
    """
    manifest = read_manifest(snapshot)
    path = snapshot / MANIFEST
    if manifest.run_id != snapshot.name:
        msg = f"the manifest is that of another snapshot, {manifest.run_id}."
        raise SnapshotDamaged(msg, path=str(path), advice=GO_BACK)
    for entry in journal.read(folder.journal):
        known = entry.get("manifest_sha256") if entry["event"] == "ended" else None
        if entry["run_id"] == manifest.run_id and known and known != sha256(path):
            msg = f"the manifest is not the one that was published (its checksum is not that in {folder.journal.name})."
            raise SnapshotDamaged(msg, path=str(path), advice=GO_BACK)
    return manifest


def changed_files(snapshot: Path, manifest: Manifest) -> Iterator[str]:
    """Each listed file that is not there as it was published, with what is wrong with it."""
    for name, said in manifest.files.items():
        path = snapshot / name
        try:
            info = path.lstat()
            if not stat.S_ISREG(info.st_mode):
                yield f"{name} is no regular file"
            elif info.st_size != said["size_bytes"]:
                yield f"{name} has {info.st_size} bytes, it had {said['size_bytes']}"
            elif sha256(path) != said["sha256"]:
                yield f"{name} has another checksum"
        except FileNotFoundError:
            yield f"{name} is missing"
        except OSError as problem:
            yield f"{name} cannot be read ({problem.strerror})"


def strangers(snapshot: Path, manifest: Manifest) -> Iterator[str]:
    """Everything in a snapshot that its manifest does not list, links and empty folders included."""
    listed = {snapshot / name for name in manifest.files} | {snapshot / MANIFEST}
    folders = {parent for path in listed for parent in path.parents}
    for path in _all_below(snapshot):
        if path not in listed and not (path in folders and path.is_dir() and not path.is_symlink()):
            yield path.relative_to(snapshot).as_posix()


def writable(folder: WarehouseFolder, snapshot: Path) -> Iterator[str]:
    """What of a snapshot somebody could write to: a file by anybody, a folder by another than its owner."""
    for path in (folder.root, folder.snapshots, snapshot, *_all_below(snapshot)):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue  # whether it should be there, other checks say
        if stat.S_ISREG(mode) and mode & _WRITE:
            yield f"{os.path.relpath(path, folder.root)} is writable"
        elif stat.S_ISDIR(mode) and mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield f"{os.path.relpath(path, folder.root)} is writable for others"


def _all_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*"))


def broken_seal(folder: WarehouseFolder, snapshot: Path) -> str | None:
    """What is wrong with the content of a snapshot, in a sentence's part; None where it is as published."""
    try:
        manifest = hold_to_journal(folder, snapshot)
    except SnapshotDamaged as problem:
        return problem.message.rstrip(".")
    found = [*changed_files(snapshot, manifest), *(f"{name} is not ours" for name in strangers(snapshot, manifest))]
    return "; ".join(found) or None

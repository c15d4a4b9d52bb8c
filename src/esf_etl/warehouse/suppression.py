"""Who and what must never come back into the vault: keyed hashes of persons, and a day before which all is purged.

It lies in the private folder and outlives every rebuild. It holds no name and no address: what it matches can be told
only by who has the text at hand.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from esf_etl.errors import WarehouseError
from esf_etl.pages.forgotten import Forgotten, hash_of
from esf_etl.warehouse.disk import fsync, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from esf_etl.warehouse.folder import WarehouseFolder

__all__ = ["Suppression", "make_private", "open_private", "private_umask", "read_suppression", "write_suppression"]

_NAME = "suppressed.json"
_VERSION = 1
_FOLDER_MODE, _FILE_MODE, _UMASK = 0o700, 0o600, 0o077


@dataclass(frozen=True, slots=True)
class Suppression:
    """Hashes of persons (see `hash_of`), and the day: contacts of projects that ended before it are not kept."""

    key: bytes = field(repr=False)
    hashes: dict[str, int] = field(default_factory=dict)
    ended_before: date | None = None

    def forgotten(self) -> Forgotten | None:
        """What tells these persons in a text; None where there is none."""
        return Forgotten.of(self.key, self.hashes) if self.hashes else None

    def with_person(self, person: str) -> Suppression:
        """The same with one person more; raises `UsageError` for what is neither an address nor a whole name."""
        digest, words = hash_of(self.key, person)
        return replace(self, hashes={**self.hashes, digest: words})

    def purged(self, ended_before: date) -> Suppression:
        """The same with this day, where it is later than the day so far."""
        return replace(self, ended_before=max(ended_before, self.ended_before or ended_before))


def read_suppression(folder: WarehouseFolder) -> Suppression:
    """What is suppressed in a warehouse; nothing, under a new key, where there is no such file yet.

    Raises `WarehouseError` (`suppression-damaged`) for one that cannot be read: a run without it would bring back
    whom it was to forget.
    """
    path = folder.private / _NAME
    try:
        return _read(json.loads(path.read_text(encoding="ascii")))
    except FileNotFoundError:
        return Suppression(secrets.token_bytes(32))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        msg = "the list of persons to forget cannot be read."
        advice = "Put it back from a backup; without it, whoever asked to be forgotten would come back."
        raise WarehouseError(msg, code="suppression-damaged", path=str(path), advice=advice) from problem


def _read(values: dict[str, Any]) -> Suppression:
    if values["version"] != _VERSION:
        msg = "another version"
        raise ValueError(msg)
    day = values["ended_before"]
    hashes = {str(digest): int(words) for digest, words in values["persons"].items()}
    return Suppression(bytes.fromhex(values["key"]), hashes, None if day is None else date.fromisoformat(day))


def write_suppression(folder: WarehouseFolder, suppression: Suppression) -> None:
    """Put the list in place, whole, on the disk, and for its owner only."""
    values: dict[str, Any] = {
        "version": _VERSION,
        "key": suppression.key.hex(),
        "persons": dict(sorted(suppression.hashes.items())),
        "ended_before": suppression.ended_before.isoformat() if suppression.ended_before else None,
    }
    make_private(folder)
    new = folder.private / f"{_NAME}.new"
    with open_private(new) as file:
        file.write(json.dumps(values, indent=1).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder.private / _NAME)
    fsync(folder.private)


def make_private(folder: WarehouseFolder) -> None:
    """The private folder, open to its owner only, whatever the umask is and whoever made it."""
    make_folder(folder.private, _FOLDER_MODE)
    folder.private.chmod(_FOLDER_MODE)


def open_private(path: Path) -> Any:
    """A new file to write bytes to, its owner's alone from its first moment."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE)
    os.fchmod(handle, _FILE_MODE)
    return os.fdopen(handle, "wb")


@contextmanager
def private_umask() -> Iterator[None]:
    """What DuckDB makes meanwhile, a database and its log, is its owner's alone from its first moment."""
    before = os.umask(_UMASK)
    try:
        yield
    finally:
        os.umask(before)

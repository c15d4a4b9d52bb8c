"""The journal of runs: a line when one starts, a line when it has ended, whatever became of it.

It is the only file that is appended to in place; a line cut off by a power failure is passed over when read.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from esf_etl.warehouse.disk import fsync

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["append", "open_runs", "read"]


def append(path: Path, entry: dict[str, Any]) -> None:
    """Add one entry and have it on the disk before returning."""
    line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = "\n" + line  # the writer before us was cut off in mid-line
        _write_whole(handle, line.encode(), since=size)
        os.fsync(handle)
    finally:
        os.close(handle)
    if not size:
        fsync(path.parent)  # the first line made the file


def _write_whole(handle: int, data: bytes, *, since: int) -> None:
    """Write all of it, or leave the file as long as it was: a disk that gets full takes a part of what it is given."""
    try:
        while data:
            data = data[os.write(handle, data) :]
    except OSError:
        os.ftruncate(handle, since)
        raise


def read(path: Path) -> list[dict[str, Any]]:
    """All whole entries, oldest first; none where there is no journal yet."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    entries = []
    for line in text.split("\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "run_id" in entry and "event" in entry:
            entries.append(entry)
    return entries


def open_runs(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The started entries of runs that have no ended one."""
    ended = {entry["run_id"] for entry in entries if entry["event"] == "ended"}
    return [entry for entry in entries if entry["event"] == "started" and entry["run_id"] not in ended]

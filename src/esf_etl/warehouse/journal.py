"""The journal of runs: a line when one starts, a line when it has ended, whatever became of it.

It is the only file that is appended to in place; a line cut off by a power failure is passed over when read.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from esf_etl.warehouse.disk import fsync

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["append", "ended", "moment_of", "nightly", "open_runs", "read"]


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


def ended(summary: dict[str, Any]) -> dict[str, Any]:
    """The entry of a run that has ended, with the time by the clock.

    The times of a run itself rise from run to run also where the clock was set back; how long ago it was, they cannot
    tell then.
    """
    return {"event": "ended", **summary, "written_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"}


def moment_of(entry: dict[str, Any]) -> datetime | None:
    """When that was, by the clock of then: the end of a run, else its start; None where the entry does not say."""
    for name in ("written_at", "ended_at", "restored_at", "started_at"):
        try:
            moment = datetime.fromisoformat(entry[name])
        except (KeyError, TypeError, ValueError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def nightly(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ended entries of runs that looked at a landing folder: all but those of `esf-etl forget`."""
    return [
        entry
        for entry in entries
        if entry["event"] == "ended"
        and entry.get("outcome")
        and not (entry.get("outcome") == "published" and entry.get("files_seen") == 0 == entry.get("vanished"))
    ]

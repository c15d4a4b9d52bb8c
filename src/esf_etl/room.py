"""Whether the disk has room for what a run is about to write: better to know before the copy than in its middle."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.errors import WarehouseError
from esf_etl.warehouse.folder import DATABASE
from esf_etl.warehouse.publish import read_manifest

if TYPE_CHECKING:
    from esf_etl.run import Run

__all__ = ["require_room"]

_SMALLEST_SHARE = 8
"""Prose and its columns come to a quarter of their bytes in database and Parquet, at the very best to an eighth."""

_FILES_BESIDE = 4
"""Folders, manifest and link of a snapshot, beside the files that the manifest lists."""

_ADVICE = "Make room there: of the folders in snapshots/ a run needs only the one that `current` points to."


def require_room(run: Run) -> None:
    """Raise `WarehouseError` (`no-room`) where the next snapshot cannot fit, by what is known of it so far.

    It asks for the least that can be: a run that would just fit is not refused, and one that runs out of room
    all the same ends as any that cannot write. Knows disk space, inodes, and the size that a file may have.
    """
    copy, parquet, files = 0, 0, 0
    if run.base is not None:
        listed = read_manifest(run.base).files
        copy = listed[DATABASE]["size_bytes"]
        files = len(listed) + _FILES_BESIDE
        if run.summary.loaded:  # else the Parquet files of before are shared
            parquet = sum(file["size_bytes"] for name, file in listed.items() if name.endswith(".parquet"))
    arriving = 0
    if run.summary.loaded:
        arriving = sum(Path(path).stat().st_size for paths in run.aside.values() for path in paths)
    new = 2 * (arriving // _SMALLEST_SHARE)  # in the database and in Parquet
    disk = os.statvfs(run.staging)
    free = disk.f_bavail * disk.f_frsize
    if copy + parquet + new > free:
        parts = {"a copy of the published database": copy, "its Parquet files": parquet, "what is new": new}
        told = ", ".join(f"{_size(size)} for {name}" for name, size in parts.items() if size)
        msg = f"its disk has {_size(free)} free, and the next snapshot takes at least {_size(copy + parquet + new)}"
        _refuse(run, f"{msg} ({told}).", _ADVICE)
    if disk.f_files and files > disk.f_favail:
        _refuse(run, f"its disk takes {disk.f_favail} more files, and the next snapshot has about {files}.", _ADVICE)
    limit = _file_size_limit()
    if limit is not None and copy > limit:
        msg = f"this process may write files of {_size(limit)}, and the published database has {_size(copy)}."
        _refuse(run, msg, "Raise the limit (`ulimit -f`), or take it away.")


def _refuse(run: Run, message: str, advice: str) -> None:
    raise WarehouseError(message, code="no-room", path=str(run.folder.root), advice=f"Nothing was published. {advice}")


def _file_size_limit() -> int | None:
    """The largest file that this process may write, where it has such a limit."""
    try:
        import resource
    except ImportError:  # not on this system
        return None
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:,.1f} MB"

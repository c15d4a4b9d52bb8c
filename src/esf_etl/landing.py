"""What lies in the landing folder. Nothing in it is ever changed, moved or opened for writing."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from esf_etl.errors import LandingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LandingFile", "Listing", "file_bytes", "list_landing", "path_text"]

_SUFFIX = ".txt"
# What download tools and editors put before the suffix of a file that is not finished.
_PARTIAL_STEMS = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart")
_PARTIAL_PREFIXES = ("~", "#", ".")
_READ_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class LandingFile:
    """A page file: its path relative to the landing root (as text), where to open it, and what `stat` says of it."""

    path: str
    location: str
    size_bytes: int
    mtime_ns: int
    ctime_ns: int


@dataclass(slots=True)
class Listing:
    """The page files of a landing folder, those too young to be read yet, and what was passed over."""

    files: list[LandingFile] = field(default_factory=list)
    deferred: list[LandingFile] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """How many page files there are."""
        return len(self.files) + len(self.deferred)


def list_landing(root: Path, *, settle_s: float, now_ns: int | None = None) -> Listing:
    """The `*.txt` files below `root`, in the order of their paths.

    Hidden and partial files are ignored. Links, devices, pipes and sockets are never followed or opened; they are
    named in `passed_over`. A file changed less than `settle_s` seconds ago is `deferred`. Raises `LandingError`
    for a missing or unreadable folder: a folder below the root that cannot be listed must not look like an empty one.
    """
    now_ns = time.time_ns() if now_ns is None else now_ns
    settle_ns = int(settle_s * 1e9)
    if not root.is_dir():
        what = "is no folder" if root.exists() else "does not exist"
        msg = f"the landing folder {what}."
        raise LandingError(
            msg,
            path=str(root),
            code="landing-missing",
            advice="Is the disk mounted? Name the folder with --landing.",
        )
    listing = Listing()
    top = os.path.join(root, "")  # noqa: PTH118 - with its last separator
    for location, info in _walk(top, listing):
        path = path_text(location[len(top) :])
        file = LandingFile(path, location, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
        young = abs(now_ns - info.st_mtime_ns) < settle_ns
        (listing.deferred if young else listing.files).append(file)
    listing.files.sort(key=lambda file: file.path)
    return listing


def _walk(folder: str, listing: Listing) -> Iterator[tuple[str, os.stat_result]]:
    folders = [folder]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(_PARTIAL_PREFIXES):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                        continue
                    if entry.is_symlink() and entry.is_dir():
                        listing.passed_over.append(path_text(entry.path))
                        continue
                    name = entry.name.casefold()
                    if not name.endswith(_SUFFIX) or name.removesuffix(_SUFFIX).endswith(_PARTIAL_STEMS):
                        continue
                    try:
                        info = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # it left while we looked
                    if stat.S_ISREG(info.st_mode):
                        yield entry.path, info
                    else:
                        listing.passed_over.append(path_text(entry.path))
        except FileNotFoundError:
            continue
        except OSError as problem:
            msg = f"the folder cannot be listed: {problem.strerror}."
            raise LandingError(
                msg,
                path=path_text(folder),
                code="landing-unreadable",
                advice="Check its permissions and its disk.",
            ) from problem


def path_text(path: str) -> str:
    """A path that any program can show and store, no two alike.

    Bytes that are no UTF-8 are written in hexadecimal after a backslash; a backslash that is part of a name is doubled.
    """
    path = path.replace("\\", "\\\\")
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    return path


def file_bytes(path: str, *, limit: int) -> bytes:
    """The bytes of a file, at most `limit` + 1 of them, read without following a link. Raises `OSError`."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        data = os.read(handle, _READ_CHUNK)
        if len(data) < _READ_CHUNK:
            return data
        parts = [data]
        size = len(data)
        while size <= limit and (data := os.read(handle, min(_READ_CHUNK, limit + 1 - size))):
            parts.append(data)
            size += len(data)
        return b"".join(parts)
    finally:
        os.close(handle)

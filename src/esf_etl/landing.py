"""What lies in the landing folder. Nothing in it is ever changed, moved or opened for writing."""

from __future__ import annotations

import os
import re
import stat
import time
from typing import TYPE_CHECKING, NamedTuple

from esf_etl.errors import LandingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "PARTIAL_PREFIXES",
    "LandingFile",
    "file_bytes",
    "is_page_name",
    "location_of",
    "name_of",
    "path_text",
    "scan_landing",
]

_SUFFIX = ".txt"
# What download tools and editors put before the suffix of a file that is not finished.
_PARTIAL_ENDS = tuple(
    stem + _SUFFIX for stem in (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart")
)
PARTIAL_PREFIXES = ("~", "#", ".")
_READ_CHUNK = 64 * 1024
_ESCAPED = re.compile(rb"\\(?:x([0-9a-f]{2})|\\)")


class LandingFile(NamedTuple):
    """A page file: its path relative to the landing root (see `path_text`) and what `stat` says of it.

    A `deferred` one is too young to be read. `etag` is what an object store tells the versions of an object apart by.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    deferred: bool
    etag: str | None = None


def scan_landing(
    root: Path, *, settle_s: float, passed_over: list[str], now_ns: int | None = None
) -> Iterator[LandingFile]:
    """The `*.txt` files below `root`, in no order, as the disk gives them: none of them is held.

    Hidden and partial files are ignored. Links, devices, pipes and sockets are never followed or opened; they are
    added to `passed_over`. A file changed less than `settle_s` seconds ago is `deferred`. Raises `LandingError`
    for a missing or unreadable folder: a folder below the root that cannot be listed must not look like an empty one.
    """
    if not root.is_dir():
        what = "is no folder" if root.exists() else "does not exist"
        msg = f"the landing folder {what}."
        raise LandingError(
            msg,
            path=str(root),
            code="landing-missing",
            advice="Is the disk mounted? Name the folder with --landing.",
        )
    return _scan(root, int(settle_s * 1e9), time.time_ns() if now_ns is None else now_ns, passed_over)


def _scan(root: Path, settle_ns: int, now_ns: int, passed_over: list[str]) -> Iterator[LandingFile]:
    top = os.path.join(root, "")  # noqa: PTH118 - with its last separator
    folders = [top]
    make = tuple.__new__  # what `LandingFile(…)` comes to, for every file of the folder
    while folders:
        folder = folders.pop()
        below = path_text(os.path.join(folder, "")[len(top) :])  # noqa: PTH118
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith(PARTIAL_PREFIXES):
                            folders.append(entry.path)
                        continue
                    if not is_page_name(entry.name):
                        if entry.is_symlink() and entry.is_dir() and not entry.name.startswith(PARTIAL_PREFIXES):
                            passed_over.append(path_text(entry.path))
                        continue
                    try:
                        info = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # it left while we looked
                    if not stat.S_ISREG(info.st_mode):
                        passed_over.append(path_text(entry.path))
                        continue
                    mtime_ns = info.st_mtime_ns
                    young = abs(now_ns - mtime_ns) < settle_ns
                    name = entry.name if entry.name.isascii() and "\\" not in entry.name else path_text(entry.name)
                    yield make(LandingFile, (below + name, info.st_size, mtime_ns, info.st_ctime_ns, young, None))
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


def is_page_name(name: str) -> bool:
    """Whether a file of this name is a page: no hidden one, and none that is still being written."""
    name = name.lower()
    return name.endswith(_SUFFIX) and not name.startswith(PARTIAL_PREFIXES) and not name.endswith(_PARTIAL_ENDS)


def path_text(path: str) -> str:
    """A path that any program can show and store, no two alike.

    Bytes that are no UTF-8 are written in hexadecimal after a backslash; a backslash that is part of a name is doubled.
    """
    if "\\" in path:
        path = path.replace("\\", "\\\\")
    if path.isascii():
        return path
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    return path


def name_of(path: str) -> str:
    """`path_text` undone."""
    if "\\" in path:
        data = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()) if found[1] else b"\\", path.encode())
        path = os.fsdecode(data)
    return path


def location_of(root: str, path: str) -> str:
    """Where to open the file of this path below `root`."""
    return os.path.join(root, name_of(path))  # noqa: PTH118 - called once a page


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

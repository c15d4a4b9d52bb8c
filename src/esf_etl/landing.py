"""What lies in the landing folder. Nothing in it is ever changed, moved or opened for writing."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from esf_etl.errors import LandingError, may_pass

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
    "within_reach",
]

_SUFFIX = ".txt"
# What download tools and editors put before the suffix of a file that is not finished.
_PARTIAL_ENDS = tuple(
    stem + _SUFFIX for stem in (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart")
)
PARTIAL_PREFIXES = ("~", "#", ".")
_LATEST_NS = 2**63 - 1
"""The ledger has 64 bits for a time; disks have more, and a broken clock or archive uses them."""
_READ_CHUNK = 64 * 1024
_NO_LINK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ROOT_ENDS = "/./"
"""Stands in the location of a file between the root, which may be a link, and the folders below it, which may not."""
_PATH_MOST = 4096
"""Bytes of a path that the system opens, the zero at its end among them."""
_NO_FOLDER_OF_OURS = {errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}
"""What opening a folder fails of where something else took its place, or where it lies too deep to be opened."""
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
    try:
        is_folder, exists = root.is_dir(), root.exists()
    except OSError as problem:  # a mount that is away
        raise _unreadable(str(root), problem) from problem
    if not is_folder:
        what = "is no folder" if exists else "does not exist"
        msg = f"the landing folder {what}."
        raise LandingError(
            msg,
            path=str(root),
            code="landing-missing",
            advice="Is the disk mounted? Name the folder with --landing.",
            transient=not exists,
        )
    return _scan(root, int(settle_s * 1e9), time.time_ns() if now_ns is None else now_ns, passed_over)


def _scan(root: Path, settle_ns: int, now_ns: int, passed_over: list[str]) -> Iterator[LandingFile]:
    top = os.path.join(root, "")  # noqa: PTH118 - with its last separator
    folders = [top]
    make = tuple.__new__  # what `LandingFile(…)` comes to, for every file of the folder
    while folders:
        folder = folders.pop()
        here = os.path.join(folder, "")  # noqa: PTH118
        below = path_text(here[len(top) :])
        try:
            with _listed(top, here[len(top) :]) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith(PARTIAL_PREFIXES):
                            folders.append(here + entry.name)
                        continue
                    if not is_page_name(entry.name):
                        if entry.is_symlink() and entry.is_dir() and not entry.name.startswith(PARTIAL_PREFIXES):
                            passed_over.append(path_text(here + entry.name))
                        continue
                    try:
                        info = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # it left while we looked
                    if not stat.S_ISREG(info.st_mode):
                        passed_over.append(path_text(here + entry.name))
                        continue
                    mtime_ns, ctime_ns = info.st_mtime_ns, info.st_ctime_ns
                    if mtime_ns > _LATEST_NS or mtime_ns < -_LATEST_NS or ctime_ns > _LATEST_NS:
                        mtime_ns, ctime_ns = within_reach(mtime_ns), within_reach(ctime_ns)
                    young = abs(now_ns - mtime_ns) < settle_ns
                    name = entry.name if entry.name.isascii() and "\\" not in entry.name else path_text(entry.name)
                    yield make(LandingFile, (below + name, info.st_size, mtime_ns, ctime_ns, young, None))
        except FileNotFoundError:
            continue
        except OSError as problem:
            if folder != top and problem.errno in _NO_FOLDER_OF_OURS:
                passed_over.append(path_text(folder))
                continue
            raise _unreadable(folder, problem) from problem


def _unreadable(folder: str, problem: OSError) -> LandingError:
    return LandingError(
        f"the folder cannot be listed: {problem.strerror}.",
        path=path_text(folder),
        code="landing-unreadable",
        advice="Check its permissions and its disk.",
        transient=may_pass(problem),
    )


def within_reach(time_ns: int) -> int:
    """A time of a file, or the latest or earliest one that 64 bits hold: the years 2262 and 1677."""
    return max(-_LATEST_NS, min(time_ns, _LATEST_NS))


@contextmanager
def _listed(top: str, below: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """The entries of a folder below the landing root. Raises `OSError`."""
    if len(os.fsencode(top + below)) >= _PATH_MOST:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    handle = _opened(f"{top}./{below}.", os.O_DIRECTORY)
    try:
        with os.scandir(handle) as entries:
            yield entries
    finally:
        os.close(handle)


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
    """Where to open the file of this path below `root`.

    Of a file in a folder the location says where the root ends: `root/./folder/page.txt`.
    """
    path = name_of(path)
    return os.path.join(root, ".", path) if "/" in path else os.path.join(root, path)  # noqa: PTH118 - once a page


def file_bytes(path: str, *, limit: int) -> bytes:
    """The bytes of a file, at most `limit` + 1 of them, read without following a link. Raises `OSError`.

    Of a location with folders (see `location_of`) none of these may be a link either: a folder that was listed could
    have been exchanged for a link to one outside.
    """
    handle = _opened(path)
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


def _opened(location: str, more: int = 0) -> int:
    """A handle on a file or folder; no link below the root is followed on the way. Raises `OSError`."""
    root, mark, below = location.rpartition(_ROOT_ENDS)
    if not mark:
        return os.open(location, _NO_LINK | more)
    *folders, name = below.split("/")
    handle = os.open(root or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            deeper = os.open(folder, _NO_LINK | os.O_DIRECTORY, dir_fd=handle)
            os.close(handle)
            handle = deeper
        return os.open(name, _NO_LINK | more, dir_fd=handle)
    finally:
        os.close(handle)

"""The history of the prompt: a file of the user's own, of so many queries, and none where that cannot be."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit.history import FileHistory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["KEPT_BYTES", "KEPT_QUERIES", "QueryHistory", "history_path"]

KEPT_QUERIES = 1000
KEPT_BYTES = 1024 * 1024
"""What a prompt that opens leaves in the file: the latest queries, at most so many and so many bytes."""

_ENTRY = b"\n# "
"""What prompt_toolkit writes before each query: an empty line, and the time as a comment."""


def history_path() -> Path | None:
    """Where the history lies, by the XDG Base Directory Specification; None where the user has no home."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if Path(state).is_absolute():  # the specification: a relative path is to be ignored
        return Path(state) / "esf-etl" / "sql_history"
    try:
        return Path.home() / ".local" / "state" / "esf-etl" / "sql_history"
    except RuntimeError:
        return None


class QueryHistory(FileHistory):
    """Past queries, in a file that only its owner reads.

    Where it cannot be had, the prompt does without, and says nothing. A file that is a link, no regular file or
    another user's is not touched.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__(path or os.devnull)
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        """The queries of earlier sessions, the latest first."""
        with suppress(OSError), self._locked() as number:
            if number is None:
                return []
            _shorten(number)
            return list(super().load_history_strings())
        return []

    def store_string(self, string: str) -> None:
        """Add one."""
        with suppress(OSError), self._locked() as number:
            if number is not None:
                super().store_string(string)

    @contextmanager
    def _locked(self) -> Iterator[int | None]:
        """The file, locked against other prompts, and made where it was not; None where there is none for us."""
        if self._path is None:
            yield None
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        number = os.open(self._path, flags, 0o600)
        try:
            found = os.fstat(number)
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid():
                os.fchmod(number, 0o600)
                fcntl.flock(number, fcntl.LOCK_EX)
                yield number
            else:
                yield None
        finally:
            os.close(number)


def _shorten(number: int) -> None:
    """Leave the latest queries in the open file, as many as are kept; what comes before them goes."""
    size = os.fstat(number).st_size
    content = os.pread(number, size, 0)
    start = len(content)
    for _ in range(KEPT_QUERIES):
        before = content.rfind(_ENTRY, 0, start)
        if before < 0:
            start = 0
            break
        if size - before > KEPT_BYTES:
            break
        start = before
    if start:
        os.ftruncate(number, 0)
        os.write(number, content[start:])  # opened to append: at the end, which is now the beginning

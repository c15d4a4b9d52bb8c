"""The history of the prompt: a file of the user's own, and none where that cannot be."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit.history import FileHistory

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["QueryHistory", "history_path"]


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
        if not self._is_ours():
            return []
        with suppress(OSError):
            return list(super().load_history_strings())
        return []

    def store_string(self, string: str) -> None:
        """Add one."""
        with suppress(OSError):
            if self._is_ours():
                super().store_string(string)

    def _is_ours(self) -> bool:
        """Whether the file is there for us, made where it was not."""
        if self._path is None:
            return False
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            number = os.open(self._path, flags, 0o600)
            try:
                found = os.fstat(number)
                if stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid():
                    os.fchmod(number, 0o600)
                    return True
            finally:
                os.close(number)
        return False

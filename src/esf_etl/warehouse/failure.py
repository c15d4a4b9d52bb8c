"""What a program failed of that had to write or to think: a disk, a permission, memory, in words of ours."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from esf_etl.errors import WarehouseError, may_pass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["cause_of", "in_words"]

_NO_SPACE = "Nothing was published. Make room on its disk, and run again."
_NOT_OURS = "Nothing was published. May the job write there, and is the disk mounted for writing?"
_TOO_LARGE = "Nothing was published. Raise the limit of this process (`ulimit -f`), or take it away."
_OTHERWISE = "Nothing was published. Is there space on the disk, and may the job write there?"
_ADVICE = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.EFBIG: _TOO_LARGE,
    errno.EROFS: _NOT_OURS,
    errno.EACCES: _NOT_OURS,
    errno.EPERM: _NOT_OURS,
}
_NO_MEMORY = (
    "Nothing was published. Give the job more memory, or run it with fewer --workers; a limit is set by `ulimit -v` or"
    " by a control group."
)
_ALSO_MEMORY = (
    (RuntimeError, "can't start new thread"),
    (ImportError, "failed to map segment from shared object"),
    (ImportError, "annot allocate memory"),
)
_SPILLED_TOO_MUCH = "max_temp_directory_size"


def cause_of(problem: BaseException, root: Path) -> BaseException:
    """The same in words of ours where a disk did not take what was written or memory ran out, else the problem itself.

    `root` is the warehouse folder. The codes are `write-failed` and `out-of-memory`.
    """
    if isinstance(problem, OSError):
        place = str(problem.filename) if isinstance(problem.filename, str) else str(root)
        what_to_do = _ADVICE.get(problem.errno or 0, _OTHERWISE)
        return _unwritten(problem.strerror or str(problem), what_to_do, place, transient=may_pass(problem))
    if isinstance(problem, duckdb.OutOfMemoryException) and _SPILLED_TOO_MUCH in str(problem):
        return _unwritten("DuckDB has no more room for what it puts aside", _NO_SPACE, str(root))
    # A thread that cannot be started, a library that cannot be loaded: memory says so in other words as well.
    unsaid = any(isinstance(problem, kind) and words in str(problem) for kind, words in _ALSO_MEMORY)
    if unsaid or isinstance(problem, MemoryError | duckdb.OutOfMemoryException):
        said = str(problem).partition("\n")[0]
        msg = f"memory ran out: {said}." if said else "memory ran out."
        return WarehouseError(msg, code="out-of-memory", path=str(root), advice=_NO_MEMORY)
    if isinstance(problem, duckdb.Error):
        said = str(problem).partition("\n")[0]
        advice = next((text for number, text in _ADVICE.items() if os.strerror(number) in said), None)
        # That of the disk comes as any kind of error: a commit that finds no space is one of transactions.
        if advice or isinstance(problem, duckdb.IOException | duckdb.TransactionException):
            return _unwritten(said, advice or _OTHERWISE, str(root))
    return problem


def _unwritten(said: str, advice: str, place: str, *, transient: bool = False) -> WarehouseError:
    msg = f"the warehouse could not be written: {said}."
    return WarehouseError(msg, code="write-failed", path=place, advice=advice, transient=transient)


@contextmanager
def in_words(root: Path) -> Iterator[None]:
    """Raise what goes wrong inside in words of ours, as `cause_of` has it."""
    try:
        yield
    except Exception as problem:
        cause = cause_of(problem, root)
        if cause is problem:
            raise
        raise cause from problem

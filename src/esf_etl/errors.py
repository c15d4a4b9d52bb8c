"""Every error this library raises on purpose: a stable code, the place, and what to do about it.

All derive from `EsfEtlError`, survive pickling (they come back from worker processes), and never carry the
text of a page or a person's contact. When one is told, passwords in addresses that it quotes are masked.
"""

from __future__ import annotations

import errno
import re
from typing import Any, ClassVar, Self

__all__ = [
    "AuditFailed",
    "ContractError",
    "EsfEtlError",
    "ExportError",
    "LandingError",
    "LockHeld",
    "MissingExtra",
    "NotAProjectPage",
    "QueryError",
    "SnapshotDamaged",
    "UsageError",
    "WarehouseError",
    "may_pass",
    "without_passwords",
]

_PASSING = frozenset(
    {
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EIO,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENOTCONN,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)
"""What a disk of the network says while it is away. EIO is among them: a soft mount says so when it has waited."""


_PASSWORD = re.compile(
    r"(?P<url>\b[a-z][a-z0-9+.-]*:/{1,2}[^\s:/@]*:)\S*@"  # in scheme://user: … @host, up to the last @
    r"|(?P<key>\b\w*(?:password|passwd|pwd|secret|token|api_?key|access_?key)\w*\s*=\s*)"  # name=PASSWORD
    r"(?:'(?:[^'\\]|''|\\.)*(?:'|$)|\"(?:[^\"\\]|\\.)*(?:\"|$)|\S+)",
    re.IGNORECASE | re.DOTALL,
)


def without_passwords(text: str) -> str:
    """The text with `***` for the password in each URL (`scheme://user:***@host`) and each `password=***`.

    Where it cannot be told how far a password goes, more than the password is masked. Text that is to be quoted
    with `repr` is masked before, since quotes within a password are not what they were after.
    """
    return _PASSWORD.sub(lambda found: f"{found['url']}***@" if found["url"] else f"{found['key']}***", text)


class EsfEtlError(Exception):
    """Base of all errors of this library.

    `code` is stable across releases (kebab-case); `path` and `line` (1-based) say where; `advice` says what to
    do next. `exit_code` is what the command line ends with. A `transient` one may be gone in a minute, with nobody
    doing anything about it: whoever runs the job unattended tries again.
    """

    code: str = "error"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        path: str | None = None,
        line: int | None = None,
        advice: str | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.path = path
        self.line = line
        self.advice = advice
        self.transient = transient

    def __str__(self) -> str:
        # Each by itself: where a quote of a password is left open, the next part would close it.
        place = without_passwords(self.path or "")
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        message = without_passwords(self.message)
        text = f"{place}: {message}" if place else message
        return f"{text} {without_passwords(self.advice)}" if self.advice else text

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.message, dict(self.__dict__)))

    def at(self, path: str | None) -> Self:
        """The same error, naming the file it came from; None where it came from no file."""
        self.path = path
        return self


def _rebuild(kind: type[EsfEtlError], message: str, state: dict[str, Any]) -> EsfEtlError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


def may_pass(problem: OSError) -> bool:
    """Whether this is what a disk says that is away for a while, and not one that is full, forbidden or gone."""
    return problem.errno in _PASSING


class NotAProjectPage(EsfEtlError):
    """The text is no project page, or not the whole of one. `code` is the reason (see `esf_etl.pages.refusal`)."""

    code = "not-a-project-page"


class LandingError(EsfEtlError):
    """The landing folder is missing, unreadable, or empty although the ledger knows files in it."""

    code = "landing-unavailable"


class WarehouseError(EsfEtlError):
    """The warehouse folder cannot be used as it is."""

    code = "warehouse-unusable"


class SnapshotDamaged(WarehouseError):
    """A published file is not the one that was published; nothing is built upon it."""

    code = "snapshot-damaged"


class AuditFailed(WarehouseError):
    """The new snapshot did not pass its audit; what is published stays as it was."""

    code = "audit-failed"


class ContractError(EsfEtlError):
    """A table does not have the shape its contract asks for. This is a bug of ours, not of a page."""

    code = "contract-broken"


class QueryError(EsfEtlError):
    """A query of the user's was refused by the database."""

    code = "query-failed"


class ExportError(EsfEtlError):
    """An export or an open data package cannot be written; what stood there before still does."""

    code = "export-failed"


class UsageError(EsfEtlError):
    """The command or call asks for something that cannot be meant."""

    code = "usage"
    exit_code = 2


class LockHeld(EsfEtlError):
    """Another run is writing this warehouse."""

    code = "lock-held"
    exit_code = 3


class MissingExtra(EsfEtlError):
    """A part of the library was asked for whose packages are not installed."""

    code = "missing-extra"

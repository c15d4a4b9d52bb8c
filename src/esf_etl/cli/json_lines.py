"""A run as JSON lines for a collector of logs: one object a line, on stderr, in a file, or both.

Nothing of a page is in them: paths, codes, counts, and messages of ours.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from pythonjsonlogger.json import JsonFormatter

from esf_etl import __version__
from esf_etl.cli import output
from esf_etl.errors import EsfEtlError
from esf_etl.landing import path_text
from esf_etl.summary import COUNTS

if TYPE_CHECKING:
    from pathlib import Path

    from esf_etl.settings import IngestSettings
    from esf_etl.summary import RunSummary

__all__ = ["JsonLines"]

_ADVANCE_EVERY_S = 10.0


class JsonLines:
    """Progress and watcher of a run, and a context around it: an error that leaves it is the last line.

    Each line has `timestamp` (ISO 8601, UTC), `level`, `event`, `message`, and, as soon as they are known, `run_id`,
    `stage` and `counts`. The last one, `run-ended` or `run-refused`, has the outcome, and of a run that ended whether
    every file is accounted for (`law_holds`) and the seconds of each stage.

    A file that cannot be written hurts no run: its lines go to stderr instead.
    """

    def __init__(self, *, stderr: bool, path: Path | None) -> None:
        """Lines on stderr, added to the file, both, or nowhere."""
        # One of our own: whoever imports this has set up the loggers of his program as he wants them.
        self._log = logging.Logger("esf_etl")  # noqa: LOG001
        self._file: logging.Handler | None = None
        self._summary: RunSummary | None = None
        self._stage: str | None = None
        self._next = 0.0
        self._told = False
        self._log.addHandler(logging.NullHandler())  # without any, `logging` would write to stderr of itself
        trouble = None
        if path is not None:
            try:
                # It opens the file anew where a rotation has moved it away.
                self._file = _File(path, encoding="utf-8")
                self._log.addHandler(self._file)
            except OSError as problem:
                trouble = f"{path_text(str(path))}: the log cannot be written: {problem.strerror}. It is here instead."
        if stderr or trouble:
            self._log.addHandler(logging.StreamHandler(sys.stderr))
        for handler in self._log.handlers:
            handler.setFormatter(JsonFormatter())
        if trouble:
            self._line(logging.WARNING, "warning", trouble)

    @classmethod
    def as_set(cls, settings: IngestSettings) -> Self:
        """The lines that the settings of a run ask for."""
        return cls(stderr=settings.log_format == "json", path=settings.log_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, problem: BaseException | None, _traceback: object) -> None:
        if problem is not None and not self._told:
            event = "run-refused" if self._summary is None else "run-ended"
            outcome = "refused" if self._summary is None else "failed"
            self._line(logging.ERROR, event, _message(problem), outcome=outcome, **_why(problem))
        self._close()

    def began(self, summary: RunSummary) -> None:
        """A line with the id of the run and what it was asked to do."""
        self._summary = summary
        names = ("landing", "landing_name", "warehouse", "parser_version", "dry_run")
        asked = {name: getattr(summary, name) for name in names}
        self._line(logging.INFO, "run-started", "The run begins.", **asked, version=__version__)

    def stage(self, name: str) -> None:
        """A line a stage, with what was counted so far."""
        self._stage, self._next = name, time.monotonic() + _ADVANCE_EVERY_S
        self._line(logging.INFO, "stage", f"Stage {name}")

    def advance(self, done: int, total: int) -> None:
        """A line every ten seconds."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + _ADVANCE_EVERY_S
            message = f"Stage {self._stage}: {done} of {total} files"
            self._line(logging.INFO, "progress", message, files_done=done, files_total=total)

    def warn(self, message: str) -> None:
        """A line with the warning; also one that comes after the run, of what is made from it."""
        self._line(logging.WARNING, "warning", message)
        if self._told:
            self._close()

    def ended(self, summary: RunSummary, problem: BaseException | None) -> None:
        """The last line of a run."""
        self._summary, self._told = summary, True
        names = ("outcome", "law_holds", "stages_s", "elapsed_s", "snapshot", "projects", "standing_rejects")
        what = {name: getattr(summary, name) for name in names}
        if problem is None:
            self._line(logging.INFO, "run-ended", summary.sentence(), **what)
        else:
            # A dry run is in no journal, and its summary does not say that it failed.
            what["outcome"] = "failed"
            self._line(logging.ERROR, "run-ended", _message(problem), **what, **_why(problem))

    def _line(self, level: int, event: str, message: str, **more: Any) -> None:
        """Write a line to all that want it."""
        line = {
            "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": logging.getLevelName(level),
            "event": event,
            "message": message,
        }
        if self._summary is not None:
            line["run_id"] = self._summary.run_id
        if self._stage is not None:
            line["stage"] = self._stage
        if self._summary is not None:
            more = {"counts": {name: getattr(self._summary, name) for name in COUNTS}, **more}
        self._log.log(level, {**line, **more})

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # a full disk: what could not be written was told of
                self._file.close()


class _File(logging.handlers.WatchedFileHandler):
    """The file of lines. Where it cannot be written any more, stderr hears of it once, and the run goes on."""

    _complained = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the form of `logging`
        """Say so, instead of the traceback of `logging`."""
        if not self._complained:
            self._complained = True
            output.note(f"Note: {path_text(self.baseFilename)}: the log cannot be written any more.")


def _message(problem: BaseException) -> str:
    """An error of ours in its own words; of any other its type alone, for its message could quote a page."""
    return str(problem) if isinstance(problem, EsfEtlError) else f"Unexpected {type(problem).__qualname__}"


def _why(problem: BaseException) -> dict[str, Any]:
    """The code of an error, where it is and what to do; of one of others the way it took, without its message."""
    if isinstance(problem, EsfEtlError):
        said = {"error_code": problem.code, "path": problem.path, "line": problem.line, "advice": problem.advice}
        return {name: value for name, value in said.items() if value is not None}
    frames = traceback.extract_tb(problem.__traceback__)
    way = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error_code": type(problem).__qualname__, "way": way}

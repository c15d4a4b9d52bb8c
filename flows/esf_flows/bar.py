"""How far a run is, as a bar in Prefect's pages: the artifact `run-progress` of the run, changed in place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.logging import get_run_logger

from esf_flows.steps import reason

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["PROGRESS_KEY", "Bar"]

PROGRESS_KEY = "run-progress"

_EVERY_S = 2.0

_BEGINS_AT = {
    "look": 0.0,
    "parse": 5.0,
    "elect": 65.0,
    "copy": 67.0,
    "write": 70.0,
    "commit": 80.0,
    "checkpoint": 82.0,
    "audit": 85.0,
    "parquet": 90.0,
    "seal": 95.0,
    "flip": 99.0,
}
"""How much of a first load is done when a stage begins, in per cent, by and large. Others are told by name only."""


class Bar:
    """Progress into an artifact, every two seconds at most. A server that does not answer stops it, not the run."""

    def __init__(self) -> None:
        self._artifact: UUID | None = None
        self._gave_up = False
        self._stage = ""
        self._percent = 0.0
        self._next = 0.0

    def stage(self, name: str) -> None:
        """The stage of this name begins. A retry begins at the start again."""
        self._stage, self._percent = name, _BEGINS_AT.get(name, self._percent)
        self._show(name)

    def advance(self, done: int, total: int) -> None:
        """So many files are parsed."""
        begin, end = _BEGINS_AT["parse"], _BEGINS_AT["elect"]
        self._percent = begin + (end - begin) * done / max(total, 1)
        self._show(f"{self._stage}: {done} of {total} files")

    def warn(self, message: str) -> None:
        """The log has it."""

    def end(self, sentence: str, *, done: bool) -> None:
        """The run has ended: the bar is full where it is done, else stays where it was."""
        self._percent = 100.0 if done else self._percent
        self._show(sentence, at_once=True)

    def _show(self, text: str, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if self._gave_up or (now < self._next and not at_once):
            return
        try:
            if self._artifact is None:
                made = create_progress_artifact(self._percent, key=PROGRESS_KEY, description=text)
                self._artifact = cast("UUID", made)  # no coroutine: there is no event loop in this thread
            else:
                update_progress_artifact(self._artifact, self._percent, description=text)
        except Exception as problem:  # noqa: BLE001 - whatever Prefect's client raises, the pages come first
            self._gave_up = True
            get_run_logger().warning("The progress is shown no longer: %s", reason(problem))
        self._next = time.monotonic() + _EVERY_S

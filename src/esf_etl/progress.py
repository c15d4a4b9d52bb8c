"""What a run tells while it works: where it is, how far, and what a person should know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from esf_etl.summary import RunSummary

__all__ = ["STAGES", "VAULT_STAGES", "Progress", "Silent", "Watcher"]

STAGES = (
    "look",
    "parse",
    "elect",
    "copy",
    "write",
    "commit",
    "checkpoint",
    "audit",
    "parquet",
    "seal",
    "move",
    "flip",
    "record",
)
"""The stages of a run by name, in their order. A run that finds nothing new goes from `look` or `elect` to `record`."""

VAULT_STAGES = ("contacts", "vault")
"""Those of a run that keeps contacts, or has a vault of them: before `commit`, and before `flip`."""


class Progress(Protocol):
    """Somebody who is told of a run. A method that raises ends the run."""

    def stage(self, name: str) -> None:
        """The stage of this name begins."""

    def advance(self, done: int, total: int) -> None:
        """So many files of this stage are done."""

    def warn(self, message: str) -> None:
        """Something that a person should know, and that stops nothing."""


class Watcher(Protocol):
    """Somebody who is told of a run as a whole: when it is known by its id, and what became of it."""

    def began(self, summary: RunSummary) -> None:
        """The run has its id. The summary is that of the run itself: it fills while the run works."""

    def ended(self, summary: RunSummary, problem: BaseException | None) -> None:
        """The run is over and in the journal; `problem` is what it failed of."""


class Silent:
    """Tells nobody."""

    def stage(self, name: str) -> None:
        """Say nothing."""

    def advance(self, done: int, total: int) -> None:
        """Say nothing."""

    def warn(self, message: str) -> None:
        """Say nothing."""

    def began(self, summary: RunSummary) -> None:
        """Say nothing."""

    def ended(self, summary: RunSummary, problem: BaseException | None) -> None:
        """Say nothing."""

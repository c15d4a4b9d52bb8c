"""What a run tells while it works: where it is, how far, and what a person should know."""

from __future__ import annotations

from typing import Protocol

__all__ = ["STAGES", "VAULT_STAGES", "Progress", "Silent"]

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


class Silent:
    """Tells nobody."""

    def stage(self, name: str) -> None:
        """Say nothing."""

    def advance(self, done: int, total: int) -> None:
        """Say nothing."""

    def warn(self, message: str) -> None:
        """Say nothing."""

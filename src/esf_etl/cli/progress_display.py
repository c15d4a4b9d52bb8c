"""How a run is shown while it works: bars on a terminal, a line a stage elsewhere. All of it goes to stderr."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from esf_etl.cli import output

if TYPE_CHECKING:
    from esf_etl.progress import Progress as Listener

__all__ = ["Bars", "Lines", "Several"]

_TEXT = {
    "look": "Looking at the landing folder",
    "parse": "Parsing and validating",
    "elect": "Choosing versions",
    "copy": "Copying the current snapshot",
    "write": "Writing rows",
    "contacts": "Writing contacts",
    "commit": "Committing",
    "checkpoint": "Writing the database to its file",
    "audit": "Auditing",
    "parquet": "Writing Parquet",
    "seal": "Checksums and manifest",
    "move": "Moving the snapshot into place",
    "vault": "Moving the vault into place",
    "flip": "Publishing",
    "record": "Writing the journal",
}


class Lines:
    """A line a stage, with the time since the start in seconds; no progress within one."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        pass

    def stage(self, name: str) -> None:
        """Print the stage."""
        output.note(f"{time.monotonic() - self._since:7.1f} s  {_TEXT[name]}")

    def advance(self, done: int, total: int) -> None:
        """Print nothing: a log is no place for a bar."""

    def warn(self, message: str) -> None:
        """Print the warning."""
        output.note(f"Note: {message}")


class Bars:
    """A spinner a stage, and a bar where files are counted."""

    def __init__(self) -> None:
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bars.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._bars.stop()

    def stage(self, name: str) -> None:
        """Begin anew under the stage's name."""
        self._bars.reset(self._task, description=_TEXT[name], total=None)

    def advance(self, done: int, total: int) -> None:
        """Move the bar."""
        self._bars.update(self._task, completed=done, total=total)

    def warn(self, message: str) -> None:
        """Print the warning above the bar."""
        self._bars.console.print(f"Note: {output.harmless(message)}", markup=False, highlight=False)


class Several:
    """Tells all of several listeners."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def stage(self, name: str) -> None:
        """Tell each of the stage."""
        for listener in self._listeners:
            listener.stage(name)

    def advance(self, done: int, total: int) -> None:
        """Tell each how far it is."""
        for listener in self._listeners:
            listener.advance(done, total)

    def warn(self, message: str) -> None:
        """Tell each of the warning."""
        for listener in self._listeners:
            listener.warn(message)

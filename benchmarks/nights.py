"""The pipeline from outside: the first load, a night with nothing new, and one with changed and new pages."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figures
from benchmarks.process import bytes_on_disk, timed, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.corpus import Corpus
    from benchmarks.process import Carry

__all__ = ["FIRST", "IDLE", "INCREMENTAL", "NightsBench"]

_MB = 1e6
FIRST, IDLE, INCREMENTAL = "first load", "idle night", "incremental night"


class NightsBench:
    """Measures the pipeline on a corpus, with a new warehouse each round."""

    def __init__(self, corpus: Corpus, warehouse: Path, workers: int | None) -> None:
        self._corpus = corpus
        self._warehouse = warehouse
        self._command = [sys.executable, "-m", "benchmarks.one_run", str(corpus.folder), str(warehouse)]
        self._command += [] if workers is None else [str(workers)]

    def load(self, use: Callable[[Path], None]) -> None:
        """A first load alone, not measured; `use` gets the published snapshot before it is removed."""
        self._first(Figures(), timed)
        use(self._current)
        shutil.rmtree(self._warehouse)

    def watch(self, figures: Figures, use: Callable[[Path], None]) -> None:
        """One round, watched: memory, and what lies on disk. `use` gets the snapshot of the first load."""
        self._first(figures, watched)
        figures.add("pages, their bytes", "MB", self._corpus.size_bytes / _MB)
        for part in ("esf.duckdb", "parquet"):
            figures.add(f"{FIRST}: {part} on disk", "MB", bytes_on_disk(self._current / part) / _MB)
        use(self._current)
        self._next(figures, watched)
        figures.add("warehouse on disk, after two snapshots", "MB", bytes_on_disk(self._warehouse) / _MB)
        shutil.rmtree(self._warehouse)

    def measure(self, figures: Figures) -> None:
        """One round, timed."""
        self._first(figures, timed)
        self._next(figures, timed)
        shutil.rmtree(self._warehouse)

    @property
    def _current(self) -> Path:
        return (self._warehouse / "current").resolve()

    def _first(self, figures: Figures, carry: Carry) -> None:
        first = carry(self._command)
        assert first.printed["loaded"] == self._corpus.pages, first
        first.record(figures, FIRST)

    def _next(self, figures: Figures, carry: Carry) -> None:
        """The idle and the incremental night, each checked for having done its work."""
        idle = carry(self._command)
        assert (idle.printed["outcome"], idle.printed["unchanged"]) == ("idle", self._corpus.pages), idle
        idle.record(figures, IDLE)
        waiting = self._corpus.change()
        try:
            incremental = carry(self._command)
        finally:
            self._corpus.restore()
        assert incremental.printed["loaded"] == waiting, incremental
        incremental.record(figures, INCREMENTAL)

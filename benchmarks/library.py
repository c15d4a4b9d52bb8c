"""The library in memory, on one core: parse, render, invent; and what it costs to import."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from esf_etl import parse, render
from esf_etl.pages.invent import invent

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.figures import Figures

__all__ = ["LibraryBench"]

_MOST_PAGES = 2_000
_IMPORT = "import time; t = time.perf_counter(); import esf_etl; print(time.perf_counter() - t)"


class LibraryBench:
    """Measures on the first pages of the corpus."""

    def __init__(self, pages: int) -> None:
        self._projects = list(invent(min(pages, _MOST_PAGES)))
        self._texts = [render(project) for project in self._projects]
        assert [parse(text) for text in self._texts] == self._projects
        _import_s()  # so that no round writes the bytecode

    def measure(self, figures: Figures) -> None:
        """One round."""
        self._rate(figures, "parse, in memory, one core", lambda: [parse(text) for text in self._texts])
        self._rate(figures, "render, in memory, one core", lambda: [render(project) for project in self._projects])
        self._rate(figures, "invent, in memory, one core", lambda: list(invent(len(self._projects))))
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        figures.add("Python: start and end", "s", time.perf_counter() - started)
        figures.add("import esf_etl", "s", _import_s())

    def _rate(self, figures: Figures, name: str, work: Callable[[], object]) -> None:
        gc.collect()
        started = time.perf_counter()
        work()
        figures.add(name, "pages/s", len(self._projects) / (time.perf_counter() - started))


def _import_s() -> float:
    """Seconds that the import takes in a fresh interpreter, its start not counted."""
    command = [sys.executable, "-c", _IMPORT]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603

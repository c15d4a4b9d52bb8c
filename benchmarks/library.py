"""The library in memory, on one core: parse by layout, render, invent, columns and contracts."""

from __future__ import annotations

import gc
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.corpus import invented
from benchmarks.other_layouts import in_layout
from esf_etl import LAYOUTS, parse, parse_bytes, render, to_arrow
from esf_etl.validate import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.figures import Figures

__all__ = ["LibraryBench"]

_MOST_PAGES = 1_000


class LibraryBench:
    """Measures on so many pages of each layout, a thousand at most."""

    def __init__(self, pages: int) -> None:
        count = min(pages, _MOST_PAGES)
        self._texts = {
            layout.key: [render(in_layout(invented(number), layout)) for number in range(count)] for layout in LAYOUTS
        }
        self._bytes = {layout: [text.encode() for text in texts] for layout, texts in self._texts.items()}
        self._projects = [parse(text) for text in self._texts[LAYOUTS[0].key]]
        self._tables = to_arrow(self._projects, with_contacts=True)

    def measure(self, figures: Figures) -> None:
        """One round."""
        for layout, texts in self._texts.items():
            self._rate(figures, f"parse, {layout}", partial(_each, parse, texts))
            pages = self._bytes[layout]
            self._rate(figures, f"parse_bytes, {layout}", partial(_each, parse_bytes, pages))
        self._rate(figures, "to_arrow", lambda: to_arrow(self._projects, with_contacts=True))
        self._rate(figures, "validate", lambda: validate(self._tables))
        self._rate(figures, "render", lambda: _each(render, self._projects))
        self._rate(figures, "invent", lambda: _each(invented, range(len(self._projects))))

    def _rate(self, figures: Figures, name: str, work: Callable[[], object]) -> None:
        gc.collect()
        started = time.perf_counter()
        work()
        figures.add(f"{name}, in memory", "pages/s", len(self._projects) / (time.perf_counter() - started))


def _each(work: Callable[[Any], object], items: Iterable[Any]) -> None:
    for item in items:
        work(item)

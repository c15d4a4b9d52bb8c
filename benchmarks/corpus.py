"""A landing folder of invented pages, and what changes in it from one night to the next."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from esf_etl.pages.invent import invent
from esf_etl.pages.render import render

if TYPE_CHECKING:
    from pathlib import Path

    from esf_etl import Project

__all__ = ["Corpus"]

_PAGES_A_FOLDER = 1_000
_CHANGED, _NEW = 200, 50
_HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Corpus:
    """So many pages in a folder, and the night after: `changed` of them with another budget and summary, `new` ones.

    The changed ones are spread evenly over all. Files are dated back, so that none is left for being too young.
    """

    folder: Path
    pages: int
    size_bytes: int
    written_at: float
    changed: dict[int, Project]
    new: dict[int, Project]

    @classmethod
    def write(cls, folder: Path, pages: int) -> Corpus:
        """Invent the pages and write them."""
        written_at = time.time() - 2 * _HOUR_S
        step = max(1, pages // _CHANGED)
        changed: dict[int, Project] = {}
        size_bytes = 0
        projects = enumerate(invent(pages + _NEW))
        for number, project in islice(projects, pages):
            if number % step == 0 and len(changed) < _CHANGED:
                changed[number] = project
            size_bytes += _write(folder, number, project, written_at)
        return cls(folder, pages, size_bytes, written_at, changed, dict(projects))

    def change(self) -> int:
        """The next night's pages come in; returns how many projects there are to load."""
        for number, project in self.changed.items():
            _write(self.folder, number, _later(project), self.written_at + _HOUR_S)
        for number, project in self.new.items():
            _write(self.folder, number, project, self.written_at + _HOUR_S)
        return len(self.changed) + len(self.new)

    def restore(self) -> None:
        """The folder as it was before `change`."""
        for number, project in self.changed.items():
            _write(self.folder, number, project, self.written_at)
        for number in self.new:
            _path(self.folder, number).unlink()


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number // _PAGES_A_FOLDER:04}" / f"{number:07}.txt"


def _write(folder: Path, number: int, project: Project, written_at: float) -> int:
    path = _path(folder, number)
    page = render(project, check=False).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page)
    os.utime(path, (written_at, written_at))
    return len(page)


def _later(project: Project) -> Project:
    """A later version: the same project by its id, with more money and more to say."""
    assert project.budget_sek is not None
    summary, *others = project.sections
    more = replace(summary, text=f"{summary.text}\n\nBudgeten har räknats upp.")
    return replace(project, budget_sek=project.budget_sek + 1_000, sections=(more, *others))

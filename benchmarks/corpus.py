"""A landing folder of invented pages, and what changes in it from one night to the next."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl import parse_bytes
from esf_etl.pages.invent import invent
from esf_etl.pages.render import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from esf_etl import Project

__all__ = ["Corpus", "invented"]

_PAGES_A_FOLDER = 1_000
_WORTH_A_POOL = 5_000
_CHANGED, _NEW = 200, 50
_HOUR_S = 3_600


def invented(number: int) -> Project:
    """The project of that number: the same one in a corpus of any size, so that a small one is the start of a large.

    Pages made of them follow real ones in what sets the cost of a page: 3 to 13 kB, 7.4 kB on average (five real ones
    at hand have 7 to 12), five sections, eleven paragraphs, seven items in lists.
    """
    project = next(invent(1, seed=number))
    assert project.title is not None
    # The serial number is the only digit of an invented title, and that of the first project of any seed is 1.
    return replace(project, title=project.title.replace("1", str(number)))


@dataclass(frozen=True, slots=True)
class Corpus:
    """So many pages below `root`, a folder for each thousand, in a landing folder of its own.

    Files are dated back, so that none is left for being too young. Nothing of the pages is held in memory: a corpus of
    a million is a folder and some numbers.
    """

    root: Path
    pages: int
    size_bytes: int
    written_at: float

    @classmethod
    def at(cls, root: Path, pages: int) -> Corpus:
        """The corpus below `root`, made if it is not there yet; several processes write a large one.

        Raises `ValueError` for one that was made with other invented pages than those of today.
        """
        marker = root / "corpus.json"
        if not marker.exists():
            shutil.rmtree(root, ignore_errors=True)
            written_at = time.time() - 2 * _HOUR_S
            corpus = cls(root, pages, _write_all(root / "landing", pages, written_at), written_at)
            said = {"pages": pages, "size_bytes": corpus.size_bytes, "written_at": written_at}
            marker.write_text(json.dumps(said) + "\n", encoding="utf-8")
            return corpus
        corpus = cls(root, **json.loads(marker.read_text(encoding="utf-8")))
        corpus.restore()  # a run that was killed may have left the pages of the night after
        if corpus.path(0).read_bytes() != _page(invented(0)):
            msg = f"{root} holds pages that were invented by another version: remove it."
            raise ValueError(msg)
        return corpus

    @property
    def folder(self) -> Path:
        """The landing folder."""
        return self.root / "landing"

    @property
    def changed(self) -> int:
        """How many pages say something new on the night after."""
        return min(_CHANGED, self.pages)

    @property
    def new(self) -> int:
        """How many pages come in on the night after."""
        return _NEW

    def path(self, number: int) -> Path:
        """Where the page of that number lies; these paths sort as the numbers do."""
        return _path(self.folder, number)

    @property
    def is_changed(self) -> bool:
        """Whether the pages of the night after are there."""
        return self._aside.exists()

    def change(self, *, coming: bool = True) -> int:
        """The next night's pages come in, the new ones too if `coming`; returns how many projects there are to load.

        The changed ones, with another budget and summary, are spread evenly over all; what they said is kept aside.
        """
        step = self.pages // self.changed
        numbers = range(0, step * self.changed, step)
        unfinished = self.root / "as-before.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        for number in numbers:
            shutil.copyfile(self.path(number), unfinished / str(number))
        unfinished.rename(self._aside)
        for number in numbers:
            page = _page(_later(parse_bytes(self.path(number).read_bytes())))
            _write(self.path(number), page, self.written_at + _HOUR_S)
        if not coming:
            return self.changed
        for number in self._coming:
            _write(self.path(number), _page(invented(number)), self.written_at + _HOUR_S)
        return self.changed + self.new

    def restore(self) -> None:
        """The folder as it was before `change`, also after one that was cut short."""
        if not self._aside.exists():
            return
        for number in self._coming:
            self.path(number).unlink(missing_ok=True)
        for kept in self._aside.iterdir():
            _write(self.path(int(kept.name)), kept.read_bytes(), self.written_at)
        shutil.rmtree(self._aside)

    @property
    def _aside(self) -> Path:
        return self.root / "as-before"

    @property
    def _coming(self) -> Iterable[int]:
        return range(self.pages, self.pages + self.new)


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number // _PAGES_A_FOLDER:04}" / f"{number:07}.txt"


def _page(project: Project) -> bytes:
    return render(project, check=False).encode()


def _write(path: Path, page: bytes, written_at: float) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page)
    os.utime(path, (written_at, written_at))
    return len(page)


def _write_all(folder: Path, pages: int, written_at: float) -> int:
    """Invent and write the pages; returns their bytes."""
    parts = [
        (folder, first, min(first + _PAGES_A_FOLDER, pages), written_at) for first in range(0, pages, _PAGES_A_FOLDER)
    ]
    if pages < _WORTH_A_POOL:
        return sum(map(_write_part, parts))
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        return sum(pool.map(_write_part, parts))


def _write_part(part: tuple[Path, int, int, float]) -> int:
    folder, first, end, written_at = part
    return sum(_write(_path(folder, number), _page(invented(number)), written_at) for number in range(first, end))


def _later(project: Project) -> Project:
    """A later version: the same project by its id, with more money and more to say."""
    assert project.budget_sek is not None
    summary, *others = project.sections
    more = replace(summary, text=f"{summary.text}\n\nBudgeten har räknats upp.")
    return replace(project, budget_sek=project.budget_sek + 1_000, sections=(more, *others))

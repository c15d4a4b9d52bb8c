"""Whatever happens to the landing folder, night after night: the warehouse says what a rebuild would say.

A rebuild knows only the pages that are there. What it cannot bring back are pages that have gone or were broken since:
of those the warehouse keeps what it knew. So a project can be compared as long as no page of it that is no longer there
is newer than those that are.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from esf_etl import project_id
from tests.integration.conftest import Job, project

_TITLES = ("Alfa", "Beta", "Gamma")
_BUDGETS = (1_000_000, 2_000_000, 3_000_000)
_NAMES = ("a.txt", "b.txt", "c.txt", "sub/a.txt", "sub/d.txt", "z.txt")
_DAYS = range(1, 9)

_ID_OF = {title: project_id(project(title)) for title in _TITLES}


@dataclass(frozen=True, slots=True)
class Page:
    """What a file says: a project and its budget, or nothing that can be read."""

    on_day: int
    title: str | None = None
    budget: int = 0


@dataclass(slots=True)
class World:
    """The landing folder as it should be, and what the job has read from each file so far."""

    job: Job
    files: dict[str, Page] = field(default_factory=dict)
    young: set[str] = field(default_factory=set)
    read: dict[str, Page] = field(default_factory=dict)
    said: dict[str, Page] = field(default_factory=dict)
    """What each file said last, on the latest day on which it said that project; also where it is gone or broken."""
    vanished: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)

    def put(self, name: str, page: Page) -> None:
        self.files[name] = page
        self.young.discard(name)
        text = "Ingen projektsida.\n" if page.title is None else project(page.title, budget_sek=Decimal(page.budget))
        self.job.put(name, text, on_day=page.on_day)

    def touch(self, name: str, on_day: int) -> None:
        self.files[name] = replace(self.files[name], on_day=on_day)
        self.young.discard(name)
        self.job.touch(name, on_day=on_day)

    def delete(self, name: str) -> None:
        (self.job.landing / name).unlink()
        del self.files[name]
        self.young.discard(name)

    def freshen(self, name: str) -> None:
        """As if it had been changed just now: it is not read before it has settled."""
        os.utime(self.job.landing / name)
        self.young.add(name)

    def settle(self) -> None:
        """Every young file gets old enough to be read."""
        for name in sorted(self.young):
            self.job.touch(name, on_day=self.files[name].on_day)
        self.young.clear()

    def run(self, *, reprocess: bool = False) -> None:
        """One run of the job, and everything that must hold after it."""
        summary = self.job.ingest(settle_s=3600.0, reprocess=reprocess)
        assert summary.files_seen == len(self.files)
        assert summary.deferred == len(self.young)
        self._remember()
        if self.job.published() is not None:
            self._check()

    def _remember(self) -> None:
        for name in set(self.read) - set(self.files):
            del self.read[name]
            self.vanished.add(name)
        for name in set(self.files) - self.young:
            page = self.files[name]
            self.read[name] = page
            self.vanished.discard(name)
            if page.title is not None:
                self.known.add(page.title)
                said = self.said.get(name)
                on_day = max(page.on_day, said.on_day) if said and said.title == page.title else page.on_day
                self.said[name] = replace(page, on_day=on_day)

    def comparable(self) -> dict[str, int]:
        """The budget of each project that a rebuild must come to as well."""
        budgets = {}
        unsettled = {self.files[name].title for name in self.young}
        unsettled |= {self.read[name].title for name in self.young if name in self.read}
        for title in _TITLES:
            there = [(page.on_day, name, page.budget) for name, page in self.files.items() if page.title == title]
            lost = [
                (page.on_day, name)
                for name, page in self.said.items()
                if page.title == title and (name not in self.read or self.read[name].title is None)
            ]
            if there and title not in unsettled and (not lost or max(lost) < max(there)[:2]):
                budgets[title] = max(there)[2]
        return budgets

    def _check(self) -> None:
        budgets = {str(key): int(budget) for key, budget in self.job.rows("SELECT project_id, budget_sek FROM project")}
        expected = {_ID_OF[title]: budget for title, budget in self.comparable().items()}
        assert {key: budgets.get(key) for key in expected} == expected
        assert set(budgets) == {_ID_OF[title] for title in self.known}
        present = self.job.column("SELECT path FROM etl.landing_file WHERE missing_since IS NULL ORDER BY path")
        assert present == sorted(self.read)
        assert (
            set(self.job.column("SELECT path FROM etl.landing_file WHERE missing_since IS NOT NULL")) == self.vanished
        )
        broken = sorted(name for name, page in self.read.items() if page.title is None)
        assert self.job.column("SELECT DISTINCT path FROM etl.reject ORDER BY path") == broken
        self._check_history()

    def _check_history(self) -> None:
        """The versions of a project follow each other without gap or overlap, each saying something else."""
        assert (
            self.job.rows(
                """
            SELECT project_id, valid_from, valid_to FROM (
                SELECT *,
                    lead(valid_from) OVER versions AS next_from,
                    lead(content_digest) OVER versions AS next_content
                FROM history.project WINDOW versions AS (PARTITION BY project_id ORDER BY valid_from)
            ) WHERE valid_to IS DISTINCT FROM next_from OR content_digest = next_content
            """
            )
            == []
        )

    def check_rebuild(self, warehouse: Path) -> None:
        """A rebuild has the same rows of every comparable project; the same digest where all of them are."""
        rebuilt = self.job.fork(warehouse)
        rebuilt.ingest()
        expected = self.comparable()
        rows = "SELECT project_id, content_digest FROM project ORDER BY ALL"
        ids = {_ID_OF[title] for title in expected}
        assert {key: digest for key, digest in rebuilt.rows(rows) if key in ids} == {
            key: digest for key, digest in self.job.rows(rows) if key in ids
        }
        if set(expected) == self.known:
            assert rebuilt.digest() == self.job.digest()


@dataclass(slots=True)
class Chance:
    """Chooses what happens next: a method of `World` by name, and its arguments."""

    random: random.Random

    def day_of_work(self, world: World) -> Iterator[tuple[Any, ...]]:
        """Some changes of the landing folder. It is never empty."""
        for _ in range(self.random.randint(1, 3)):
            whole = sorted(name for name, page in world.files.items() if page.title)
            there = sorted(world.files)
            name, on_day = self.random.choice(_NAMES), self.random.choice(_DAYS)
            kind = self.random.choices(
                ("write", "touch", "delete", "rename", "break", "copy", "freshen"), (8, 4, 3, 2, 2, 3, 1)
            )[0]
            if kind == "write" or not there:
                page = Page(on_day, self.random.choice(_TITLES), self.random.choice(_BUDGETS))
                yield "put", name, page
            elif kind == "touch":
                yield "touch", self.random.choice(there), on_day
            elif kind == "delete" and len(there) > 1:
                yield "delete", self.random.choice(there)
            elif kind == "rename" and name not in there:
                old = self.random.choice(there)
                yield "put", name, world.files[old]
                yield "delete", old
            elif kind == "break":
                yield "put", self.random.choice(there), Page(on_day)
            elif kind == "copy" and whole:
                yield "put", name, replace(world.files[self.random.choice(whole)], on_day=on_day)
            elif kind == "freshen":
                yield "freshen", self.random.choice(there)


@pytest.mark.parametrize("seed", range(2))
def test_after_any_sequence_of_nights_the_warehouse_says_what_a_rebuild_would_say(
    seed: int, job: Job, tmp_path: Path
) -> None:
    world, chance = World(job), Chance(random.Random(seed))
    done: list[tuple[Any, ...]] = []

    def do(name: str, *arguments: Any) -> None:
        done.append((name, *arguments))
        getattr(world, name)(*arguments)

    try:
        for night in range(1, 21):
            for entry in chance.day_of_work(world):
                do(*entry)
            do("run")
            if night % 10 == 0:
                do("settle")
                do("run")
                do("check_rebuild", tmp_path / f"rebuilt-{night}")
                assert job.ingest().outcome == "idle"
    except AssertionError as problem:
        problem.add_note("\n".join(map(str, done)))
        raise

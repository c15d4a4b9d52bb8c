"""Whatever overrides come and go, night after night: the warehouse says what a rebuild with the last of them would."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from esf_etl import project_id
from tests.integration.conftest import Job, project
from tests.promises import FULL

# Two titles have two pages each. A page never changes its title: the project of before would stay, as in no rebuild.
_TITLE_OF = {"a.txt": "Alfa", "b.txt": "Beta", "c.txt": "Gamma", "sub/a.txt": "Alfa", "sub/d.txt": "Beta"}
_NOWHERE = {"region": "Nordpolen", "nuts2_code": None}
_IDS = (*sorted({project_id(project(title, **_NOWHERE)) for title in _TITLE_OF.values()}), "esf-ny-1", "esf-ny-2")
_LINES = (
    *(f"same-project,{what},{becomes},w" for what in _IDS for becomes in _IDS if what != becomes),
    *(f"other-project,{path},{becomes},w" for path in _TITLE_OF for becomes in _IDS),
    *(f"ignore,{path},,w" for path in _TITLE_OF),
    *(f"region,{name},{code},w" for name in ("Nordpolen", "Sydsverige") for code in ("SE33", "SE22")),
    *(f"municipality,{name},{code},w" for name in ("Hobo", "Bjuv") for code in ("0305", "1260")),
)
_YOUNG = 3600.0


@dataclass(slots=True)
class Nights:
    """The landing folder and the overrides as they are, and all that was done to them."""

    job: Job
    chance: random.Random
    day: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    disturbed: set[str] = field(default_factory=set)
    done: list[tuple[Any, ...]] = field(default_factory=list)

    def write(self, path: str) -> None:
        self.day[path] = self.chance.randint(1, 8)
        page = project(
            _TITLE_OF[path],
            budget_sek=Decimal(self.chance.choice((1_000_000, 2_000_000))),
            **_NOWHERE,
            municipalities=(self.chance.choice(("Hobo", "Bjuv")),),
        )
        self.job.put(path, page, on_day=self.day[path])
        self.disturbed.discard(path)

    def disturb(self, path: str) -> None:
        """It is young, broken or gone for some nights."""
        how = self.chance.choice(("young", "broken", "gone"))
        if how == "young":
            os.utime(self.job.landing / path)
        elif how == "broken":
            self.job.put(path, "Ingen projektsida.\n", on_day=self.day[path])
        else:
            (self.job.landing / path).unlink()
        self.disturbed.add(path)
        self.done.append((how, path))

    def edit(self) -> None:
        """Some lines go, some come; those that contradict each other do not come in."""
        kept = [line for line in self.lines if self.chance.random() < 0.6]
        for line in self.chance.sample(_LINES, self.chance.randint(0, 4)):
            if _fits(line, kept):
                kept.append(line)
        self.lines = kept
        path = self.job.warehouse / "overrides.csv"
        path.write_text("\n".join(["kind,what,becomes,why", *kept, ""]), encoding="utf-8")
        self.done.append(("overrides", *kept))

    def check(self, warehouse: Path) -> None:
        """A rebuild with these overrides comes to the same rows, and there is nothing more to do."""
        for path in sorted(self.disturbed):
            self.write(path)
            self.done.append(("mended", path))
        self.job.ingest(settle_s=_YOUNG)
        assert self.job.ingest(settle_s=_YOUNG).outcome == "idle"
        other = self.job.fork(warehouse)
        if other.ingest(overrides=self.job.warehouse / "overrides.csv", settle_s=_YOUNG).projects is not None:
            rows = "SELECT project_id, content_digest FROM project ORDER BY ALL"
            assert self.job.rows(rows) == other.rows(rows)
            assert self.job.digest() == other.digest()


def _fits(line: str, lines: list[str]) -> bool:
    kind, what, becomes, _ = line.split(",")
    for other in lines:
        kind_of, what_of, becomes_of, _ = other.split(",")
        if (kind_of, what_of) == (kind, what):
            return False
        if {kind, kind_of} == {"ignore", "other-project"} and what == what_of:
            return False
        if (kind_of == "same-project" and what_of == becomes) or (kind == "same-project" and what == becomes_of):
            return False
    return True


@pytest.mark.parametrize("seed", range(40 if FULL else 3))
def test_after_any_sequence_of_nights_and_overrides_the_digest_is_that_of_a_rebuild(
    seed: int, job: Job, tmp_path: Path
) -> None:
    nights = Nights(job, random.Random(seed))
    job.warehouse.mkdir()
    for path in _TITLE_OF:
        nights.write(path)
    try:
        for night in range(1, 11):
            for _ in range(nights.chance.randint(0, 2)):
                path = nights.chance.choice(sorted(_TITLE_OF))
                if path in nights.disturbed or nights.chance.random() < 0.5:
                    nights.write(path)
                    nights.done.append(("write", path, nights.day[path]))
                elif len(nights.disturbed) < len(_TITLE_OF) - 1:
                    nights.disturb(path)
            if nights.chance.random() < 0.7:
                nights.edit()
            nights.done.append(("run",))
            job.ingest(settle_s=_YOUNG)
            if night % 5 == 0:
                nights.check(tmp_path / f"rebuilt-{night}")
    except AssertionError as problem:
        problem.add_note("\n".join(map(str, nights.done)))
        raise

"""What a night in a lake costs follows what changed, not what is there."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from esf_etl import Project
from esf_etl.pages.invent import invent
from esf_etl.pipeline import ingest
from esf_etl.progress import Silent
from tests.lake.conftest import LakeJob

pytestmark = pytest.mark.xdist_group("lake")

PAGES = 2_400


class BytesRead(Silent):
    """What this process has read when each stage begins."""

    def __init__(self) -> None:
        self.at: dict[str, int] = {}

    def stage(self, name: str) -> None:
        lines = Path("/proc/self/io").read_text().splitlines()
        self.at[name] = int(dict(line.split(": ") for line in lines)["rchar"])


def with_other_prose(page: Project, chance: random.Random) -> Project:
    """The page with sections that cannot be made much smaller, so that they are most of what lies in the lake."""
    words = [chance.randbytes(1_500).hex() for _ in page.sections]
    sections = (replace(section, text=text) for section, text in zip(page.sections, words, strict=True))
    return replace(page, sections=tuple(sections))


def test_a_night_reads_and_writes_what_changed(lake_job: LakeJob) -> None:
    if not Path("/proc/self/io").exists():
        pytest.skip("only Linux tells what a process has read")
    chance = random.Random(1)
    pages = [with_other_prose(page, chance) for page in invent(PAGES, seed=1)]
    for number, page in enumerate(pages):
        lake_job.put(f"{number:04}.txt", page)
    lake_job.ingest()
    prose = Path(lake_job.data, "history", "project_section")
    of_all = sum(path.stat().st_size for path in prose.iterdir())
    there = set(prose.iterdir())
    changed = replace(pages[PAGES // 2], owner="En helt annan ägare")
    lake_job.put(f"{PAGES // 2:04}.txt", changed, on_day=2)

    read = BytesRead()
    assert ingest(lake_job.settings(), progress=read).loaded == 1

    assert read.at["audit"] - read.at["write"] < of_all / 2
    assert sum(path.stat().st_size for path in set(prose.iterdir()) - there) < of_all / 100
    assert lake_job.value("SELECT count(*) FROM project") == PAGES
    assert lake_job.value("SELECT count(*) FROM history.project WHERE valid_to IS NOT NULL") == 1

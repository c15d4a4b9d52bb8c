"""A clock that jumps, and files with times of any kind: time goes on in the warehouse, and no page is lost."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from esf_etl import Section, render
from esf_etl.warehouse.status import read_status
from tests.integration.conftest import Job, environment, project
from tests.promises import FULL, Tally

pytestmark = [pytest.mark.promise("exhaustion"), pytest.mark.timeout(3600)]

RUNS_WITH_A_FALSE_CLOCK = """
import datetime, sys, time, types
from esf_etl.cli import main
from esf_etl import landing, pipeline, run, writing
from esf_etl.warehouse import folder, recovery

jumps = [float(text) for text in sys.argv[1].split(",")]
asked = 0

def off():
    # Another of the jumps each time that somebody asks: the clock jumps also within the run.
    global asked
    asked += 1
    return jumps[min(asked, len(jumps)) - 1]

class Clock:
    strptime = datetime.datetime.strptime

    @staticmethod
    def now(zone):
        return datetime.datetime.now(zone) + datetime.timedelta(seconds=off())

for module in (run, writing, folder, recovery):
    assert module.datetime is datetime.datetime
    module.datetime = Clock
assert landing.time is time
landing.time = types.SimpleNamespace(time_ns=lambda: time.time_ns() + int(off() * 1e9))
status = main(["ingest", *sys.argv[2:]])
assert asked >= 4, "the false clock was looked at"
sys.exit(status)
"""

HOUR, DAY, YEAR = 3600, 24 * 3600, 365 * 24 * 3600


def run_by_clock(job: Job, *jumps: float, settle_s: float = 0) -> subprocess.CompletedProcess[str]:
    """A run whose clock is off by so many seconds: by the first when it is asked first, and so on."""
    options = ["--landing", str(job.landing), "--warehouse", str(job.warehouse), "--settle-s", str(settle_s)]
    return subprocess.run(
        [sys.executable, "-c", RUNS_WITH_A_FALSE_CLOCK, ",".join(map(str, jumps)), *options],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=120,
        check=False,
    )


def summary(number: int) -> tuple[Section, ...]:
    return (Section("summary", "Sammanfattning", f"Natt {number}."),)


def test_versions_follow_one_another_however_the_clock_jumps(job: Job, tally: Tally) -> None:
    chance = random.Random(4)
    nights: list[tuple[float, ...]] = [
        (0,),
        (-2 * HOUR,),
        (0, -YEAR, DAY, -DAY),
        (-30 * YEAR,),
        (3 * HOUR,),
        (-HOUR, HOUR),
        (0,),
    ]
    if FULL:
        nights += [tuple(chance.uniform(-YEAR, YEAR / 300) for _ in range(chance.randint(1, 6))) for _ in range(25)]
    for number, jumps in enumerate(nights):
        job.put("a.txt", project("Alfa", sections=summary(number)), on_day=number)
        job.put(f"{number}.txt", project(f"Projekt {number}"), on_day=number)
        result = run_by_clock(job, *jumps)
        assert result.returncode == 0, result.stderr
        assert read_status(job.warehouse)["sentence"].startswith("The last run worked")
        assert read_status(job.warehouse)["runs"][0]["run_id"] == (job.published() or Path()).name

    versions = job.rows(
        "SELECT section.body, project.valid_from, project.valid_to, project.run_id"
        " FROM history.project AS project JOIN history.project_section AS section"
        " ON section.project_id = project.project_id AND section.valid_from = project.valid_from"
        " WHERE title = 'Alfa' AND section_key = 'summary' ORDER BY project.valid_from"
    )
    assert [body for body, *_ in versions] == [f"Natt {number}." for number in range(len(nights))]
    assert [to for _, _, to, _ in versions] == [since for _, since, _, _ in versions[1:]] + [None]
    starts = [since for _, since, _, _ in versions]
    assert starts == sorted(set(starts)), "strictly increasing"
    ids = [entry["run_id"] for entry in job.journal() if entry["event"] == "started"]
    assert ids == sorted(set(ids))
    assert ids == [run_id for *_, run_id in versions]
    for number, since in enumerate(starts):
        seen = job.value(f"SELECT count(*) FROM project_as_of(TIMESTAMP '{since}')")
        assert seen == number + 2
        body = job.value(
            f"SELECT body FROM project_section_as_of(TIMESTAMP '{since}') WHERE section_key = 'summary'"
            " AND body LIKE 'Natt %'"
        )
        assert body == f"Natt {number}."
    assert job.value("SELECT bool_and(ended_at >= started_at) FROM etl.run")
    assert job.command("verify", "--all", "--warehouse", str(job.warehouse)).returncode == 0
    anew = job.fork(job.warehouse.with_name("anew"))
    anew.ingest(settle_s=0)
    assert anew.digest() == job.digest()
    tally(
        "runs by a clock that jumps between runs and within", "times and ids rise, as_of and status right", len(nights)
    )


@pytest.mark.parametrize(("off", "waits"), [(0, True), (-HOUR, False), (HOUR, False), (-3, True), (3, True)])
def test_a_young_file_is_waited_for_and_no_clock_makes_it_wait_for_ever(
    off: int, waits: bool, job: Job, tally: Tally
) -> None:
    """A file an hour from now is not young by any clock that we know: it is read, and again when it changes."""
    path = job.put("a.txt", project("Alfa"))
    os.utime(path)
    first = run_by_clock(job, off, settle_s=60)
    assert first.returncode == 0, first.stderr
    assert ("1 deferred" in first.stdout) == waits, first.stdout
    path.write_text(render(project("Alfa", sections=summary(1))), encoding="utf-8")
    again = run_by_clock(job, HOUR * 2, settle_s=60)
    assert again.returncode == 0
    assert job.value("SELECT body FROM project_section WHERE section_key = 'summary'") == "Natt 1."
    tally("files younger than the settle time by a clock that is off", "read in the end, in their last state")


TIMES_NS = {
    "the year 1677": -(2**63),
    "before 1970": -(10**18),
    "a nanosecond before 1970": -1,
    "1970": 0,
    "tomorrow": None,
    "2261": 2**63 - 1 - 10**16,
    "the last that 64 bits hold": 2**63 - 1,
    "2262, one more": 2**63,
    "2286": 10**19,
    "2400": 136 * 10**17,
}


@pytest.mark.parametrize("when", TIMES_NS)
def test_a_file_of_any_time_is_loaded_once_and_again_when_it_changes(
    when: str, job: Job, tmp_path: Path, tally: Tally
) -> None:
    time_ns = TIMES_NS[when]
    at = (job.landing.stat().st_mtime_ns + DAY * 10**9) if time_ns is None else time_ns
    path = job.put("a.txt", project("Alfa"))
    job.put("b.txt", project("Beta"))
    os.utime(path, ns=(at, at))

    assert job.ingest().loaded == 2
    assert job.ingest().outcome == "idle"
    path.write_text(render(project("Alfa", sections=summary(1))), encoding="utf-8")
    os.utime(path, ns=(at, at))
    assert job.ingest().loaded == 1
    assert job.value("SELECT body FROM project_section WHERE body LIKE 'Natt%'") == "Natt 1."
    assert job.ingest().outcome == "idle"
    anew = job.fork(tmp_path / "anew")
    anew.ingest()
    assert anew.digest() == job.digest()
    checked = job.command("verify", "--warehouse", str(job.warehouse), "--landing", str(job.landing), "--read")
    assert checked.returncode == 0, checked.stdout
    tally("files with an mtime from 1677 to 2400", "loaded once, again when changed; a rebuild agrees")


def test_of_two_pages_beyond_2262_the_path_decides(job: Job, tmp_path: Path, tally: Tally) -> None:
    for name, at, number in (("a.txt", 2**63 + 10**17, 1), ("b.txt", 2**63 + 10**10, 2)):
        path = job.put(name, project("Alfa", sections=summary(number)))
        os.utime(path, ns=(at, at))
    job.ingest()
    anew = job.fork(tmp_path / "anew")
    anew.ingest(rebuild=True)
    assert job.value("SELECT source_path FROM project") == "b.txt"
    assert anew.digest() == job.digest()
    tally("two pages of a project beyond 2262", "told apart by their paths, in a rebuild too")


def test_a_copy_that_kept_its_times_is_no_newer_than_what_it_is_a_copy_of(
    job: Job, tmp_path: Path, tally: Tally
) -> None:
    """As `cp -p` and `rsync -t` do: the contents of an old night, laid down today with its old times."""
    job.put("a.txt", project("Alfa", sections=summary(1)), on_day=1)
    job.put("b.txt", project("Alfa", sections=summary(2)), on_day=2)
    job.ingest()
    old = tmp_path / "backup.txt"
    subprocess.run(["cp", "-p", job.landing / "a.txt", old], check=True)
    subprocess.run(["cp", "-p", old, job.landing / "zz.txt"], check=True)
    assert job.ingest().superseded == 1
    assert job.value("SELECT body FROM project_section WHERE section_key = 'summary'") == "Natt 2."

    shutil.copyfile(old, job.landing / "zzz.txt")  # without its times it says: I am of now
    job.ingest(settle_s=0)
    assert job.value("SELECT body FROM project_section WHERE section_key = 'summary'") == "Natt 1."
    tally("copies with and without their times kept", "the newest mtime wins", 2)


def test_a_page_set_back_behind_another_gives_way_to_it(job: Job, tmp_path: Path, tally: Tally) -> None:
    job.put("a.txt", project("Alfa", sections=summary(1)), on_day=1)
    job.put("b.txt", project("Alfa", sections=summary(2)), on_day=2)
    job.ingest()
    job.touch("b.txt", on_day=0)
    job.ingest()
    assert job.value("SELECT body FROM project_section WHERE section_key = 'summary'") == "Natt 1."
    anew = job.fork(tmp_path / "anew")
    anew.ingest()
    assert anew.digest() == job.digest()
    tally("mtime set back after the page was loaded", "the other page is the newest now, as in a rebuild")


def test_what_changed_with_size_and_mtime_kept_is_read(job: Job, tally: Tally) -> None:
    path = job.put("a.txt", project("Alfa", sections=summary(1)))
    job.ingest()
    path.write_text(render(project("Alfa", sections=summary(2))), encoding="utf-8")
    job.touch("a.txt", on_day=1)
    assert job.ingest().loaded == 1
    assert job.value("SELECT body FROM project_section WHERE section_key = 'summary'") == "Natt 2."
    tally("content changed, size and mtime kept", "noticed by the inode's time, loaded")

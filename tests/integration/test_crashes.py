"""A run that is killed at any moment, by a signal that cannot be caught: nothing published is hurt, nothing is lost.

Here the moments are calls: every call of a run that changes a file or asks the database is a point, and a run is killed
before it, or in the midst of it (`killing.py`). `test_crashes_by_the_clock.py` kills at moments that it draws.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from esf_etl.progress import STAGES, VAULT_STAGES
from esf_etl.warehouse.restore import restore
from tests.integration.conftest import Job, project
from tests.integration.killing import (
    Kill,
    Killer,
    Night,
    a_killer,
    assert_healed,
    assert_killed,
    assert_readable,
    evenly,
    held_by,
    killed_at,
    kills_in,
)
from tests.promises import FULL, Tally

pytestmark = [pytest.mark.promise("crashes"), pytest.mark.timeout(900 if FULL else 300)]

CAME_OUT = "published stays readable; the next run ends with the digest of one never killed"
CALLS, QUERIES = (24, 5) if FULL else (1, 1)
"""So many points of a stage are killed at: calls that change files, and queries. In full, nearly all the former are."""

Kind = Callable[[Job], tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with a_killer() as process:
        yield process


def nightly(job: Job) -> tuple[str, dict[str, Any]]:
    """Pages came, changed and left; the oldest snapshot has to go."""
    return "ingest", {"keep_snapshots": 2}


def first(job: Job) -> tuple[str, dict[str, Any]]:
    """There is no warehouse yet."""
    shutil.rmtree(job.warehouse)
    return "ingest", {}


def rebuild(job: Job) -> tuple[str, dict[str, Any]]:
    return "ingest", {"rebuild": True}


def with_contacts(job: Job) -> tuple[str, dict[str, Any]]:
    return "ingest", {"with_contacts": True}


def restoring(job: Job) -> tuple[str, dict[str, Any]]:
    """Back to the snapshot of the first night."""
    job.ingest()
    back = job.fork(job.warehouse.with_name("back"))
    shutil.copytree(job.warehouse, back.warehouse, symlinks=True)
    restore(back.warehouse, job.snapshots()[0])
    return "restore", {"snapshot": job.snapshots()[0], "digest": back.digest()}


def night_of(kind: Kind, root: Path, killer: Killer) -> Night:
    """Two nights are published; tonight a page changed, one is new, one is none, one has left."""
    job = Job(root / "landing", root / "warehouse")
    kept = kind is with_contacts
    job.put("a.txt", project("Alfa"), on_day=1)
    job.put("b.txt", project("Beta"), on_day=1)
    job.put("e.txt", project("Epsilon"), on_day=1)
    job.ingest(with_contacts=kept)
    job.put("b.txt", project("Beta", owner="Den andra nattens ägare"), on_day=2)
    job.ingest(with_contacts=kept)
    job.put("a.txt", project("Alfa", owner="En annan ägare"), on_day=3)
    job.put("c.txt", project("Gamma"), on_day=3)
    job.put("d.txt", "Ingen projektsida.\n", on_day=3)
    if kind not in (first, rebuild):
        (job.landing / "e.txt").unlink()
    verb, more = kind(job)
    unkilled = Night(verb, job, more, None, None, []).again(root / "unkilled")  # type: ignore[arg-type]
    done = {name: value for name, value in more.items() if name != "digest"}
    points = killer.points(verb, unkilled, **done)
    if verb == "restore":
        unkilled.ingest()
    return Night(verb, job, more, assert_readable(killer, job), held_by(unkilled), points)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory, killer: Killer) -> Callable[[Kind], Night]:
    """The night of a kind, made when it is first asked for."""
    made: dict[Kind, Night] = {}

    def of(kind: Kind) -> Night:
        if kind not in made:
            made[kind] = night_of(kind, tmp_path_factory.mktemp(kind.__name__), killer)
        return made[kind]

    return of


@pytest.fixture
def night(nights: Callable[[Kind], Night]) -> Night:
    return nights(nightly)


def kill_each(night: Night, kills: list[Kill], killer: Killer, where: Path) -> int:
    """Kill the night's job at each of these points, and heal it each time; how many it were."""
    done = 0
    for kill in kills:
        job = night.again(where / f"{kill.point.at}-{kill.after_s or kill.torn}")
        if night.kill(killer, kill, job):
            assert_killed(killer, night, kill, job)
            assert_healed(night, job, what=kill.words)
            done += 1
        shutil.rmtree(job.warehouse)
    return done


@pytest.mark.parametrize("stage", ["begin", *STAGES])
def test_a_nightly_run_killed_at_any_call_hurts_nothing_and_the_next_one_heals(
    stage: str, night: Night, killer: Killer, tmp_path: Path, tally: Tally
) -> None:
    calls = max(CALLS, 3) if stage in ("seal", "move", "flip", "record") else CALLS
    done = kill_each(night, kills_in(night, stage, calls=calls, queries=QUERIES), killer, tmp_path)
    assert done
    tally(f"SIGKILL of a nightly run in the stage {stage}", CAME_OUT, done)


def test_the_points_are_in_every_stage_and_at_every_step_of_the_publication(night: Night) -> None:
    assert list(dict.fromkeys(point.stage for point in night.points)) == ["begin", *STAGES]
    for stage, functions in {
        "copy": {"file.write"},
        "parquet": {"os.link", "os.unlink", "duckdb.execute"},
        "seal": {"file.write", "os.chmod", "os.fsync"},
        "move": {"os.rename", "os.fsync"},
        "flip": {"os.symlink", "os.replace", "os.fsync", "os.rmdir"},
        "record": {"os.write", "os.fsync"},
    }.items():
        assert functions <= {point.function for point in night.points if point.stage == stage}, stage


@pytest.mark.parametrize(
    ("kind", "words", "in_ci", "in_full"),
    [
        (first, "a first run", 2, 16),
        (rebuild, "a run with --rebuild", 2, 16),
        (restoring, "esf-etl restore", 4, 16),
    ],
)
def test_other_jobs_may_be_killed_too(
    kind: Kind,
    words: str,
    in_ci: int,
    in_full: int,
    nights: Callable[[Kind], Night],
    killer: Killer,
    tmp_path: Path,
    tally: Tally,
) -> None:
    night = nights(kind)
    flip = night.flip
    chosen = {point.at: point for point in evenly(night.points, in_full if FULL else in_ci)}
    chosen |= {at: night.points[at] for at in (flip, flip + 1)}  # just before it publishes, and just after
    done = kill_each(night, [Kill(chosen[at]) for at in sorted(chosen)], killer, tmp_path)
    tally(f"SIGKILL of {words}", CAME_OUT, done)


@pytest.mark.parametrize("stage", [*VAULT_STAGES, "parse", "flip"])
def test_a_run_that_keeps_contacts_may_be_killed_at_any_call(
    stage: str, nights: Callable[[Kind], Night], killer: Killer, tmp_path: Path, tally: Tally
) -> None:
    night = nights(with_contacts)
    kills = kills_in(night, stage, calls=12 if FULL else 2, queries=3 if FULL else 0)
    done = kill_each(night, kills, killer, tmp_path)
    tally(f"SIGKILL of a run with contacts in the stage {stage}", f"{CAME_OUT}, and the vault is that of it", done)


def test_a_run_may_be_killed_again_and_again(night: Night, killer: Killer, tmp_path: Path, tally: Tally) -> None:
    """The run that heals is killed as well, also while it clears away."""
    done = 0
    points = evenly(night.points[: night.flip], 8 if FULL else 2)
    for number, point in enumerate(points):
        job = night.again(tmp_path / str(number))
        for again in (point, *evenly(night.points[:12], 12)[number % 12 :: 12], points[-1 - number]):
            kill = Kill(again)
            night.kill(killer, kill, job)
            assert_readable(killer, job)
            done += 1
        assert_healed(night, job, what=str(point))
    tally("SIGKILL of a run, and again of the one that heals", CAME_OUT, done)


@pytest.mark.parametrize("which", [0, 1], ids=["started", "ended"])
def test_a_run_killed_while_it_writes_its_line_into_the_journal(
    which: int, night: Night, killer: Killer, tmp_path: Path, tally: Tally
) -> None:
    line = [point for point in night.points if point.function == "os.write"][which]
    job = night.again(tmp_path / "warehouse")
    assert night.kill(killer, Kill(line, torn=True), job)
    assert not (job.warehouse / "runs.jsonl").read_bytes().endswith(b"\n")
    assert assert_readable(killer, job) == (night.after.digest if which else night.before)
    assert_healed(night, job)
    tally("SIGKILL with half a line of the journal written", CAME_OUT)


@pytest.mark.parametrize("stage", ["seal", "record"])
def test_what_became_of_a_killed_run_stands_in_journal_and_tables(stage: str, night: Night, tmp_path: Path) -> None:
    job = night.again(tmp_path / "warehouse")
    killed_at(job, stage)
    killed = [entry for entry in job.journal() if entry["event"] == "started"][-1]["run_id"]
    assert "The last run was killed" in job.command("status", "--warehouse", str(job.warehouse)).stdout

    night.heal(job)
    [ended] = [entry for entry in job.journal() if entry["event"] == "ended" and entry["run_id"] == killed]
    outcome, projects = ("published", 4) if stage == "record" else ("killed", None)
    assert ended["outcome"] == outcome
    assert job.rows(f"SELECT outcome, projects FROM etl.run WHERE run_id = '{killed}'") == [(outcome, projects)]


def test_leftovers_of_a_killed_run_do_not_wake_those_who_read(night: Night, tmp_path: Path) -> None:
    job = night.again(tmp_path / "warehouse")
    killed_at(job, "flip")
    assert job.command("sql", "FROM project", "--warehouse", str(job.warehouse)).returncode == 0
    status = job.command("status", "--warehouse", str(job.warehouse))
    assert status.returncode == 0
    assert "was killed" in status.stdout


def test_a_journal_whose_last_line_was_cut_off_is_read_and_written_on(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    with (job.warehouse / "runs.jsonl").open("a", encoding="utf-8") as journal:
        journal.write('{"event":"started","run_id":"2026')
    job.put("b.txt", project("Beta"))
    job.ingest()
    assert job.value("SELECT count(*) FROM etl.run") == 2
    assert job.ingest().outcome == "idle"

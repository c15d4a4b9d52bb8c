"""Company: many readers, a forgotten notebook, writers that die, two runs at once, through many publishing runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from esf_etl import Section
from tests.integration.conftest import Job, environment, project
from tests.promises import FULL, Tally

pytestmark = [pytest.mark.promise("company"), pytest.mark.timeout(3600)]

RUNS = 50 if FULL else 12
READERS = 8 if FULL else 4
PAIRS = 20 if FULL else 3

READS_AGAIN_AND_AGAIN = """
import json, os, sys, time, duckdb

warehouse, stop = sys.argv[1:]
current = os.path.join(warehouse, "current")
TABLES = ("project", "project_section", "project_organisation", "project_municipality", "project_attribute")
looks, seen, last = 0, [], ""

def ask(connection, query):
    return connection.execute(query).fetchone()

def check(connection, parquet):
    # The newest run that published tells of this snapshot, and Parquet holds the same rows.
    run_id, projects, findings = ask(connection,
        "SELECT run_id, projects, findings FROM etl.run WHERE outcome = 'published' ORDER BY run_id DESC LIMIT 1")
    found = ask(connection, "SELECT (SELECT count(*) FROM project), (SELECT count(*) FROM etl.finding)")
    assert found == (projects, findings), (run_id, found, projects, findings)
    [loaded] = ask(connection, f"SELECT loaded FROM etl.run WHERE run_id = '{run_id}'")
    assert ask(connection, f"SELECT count(*) FROM project WHERE run_id = '{run_id}'") == (loaded,)
    assert ask(connection, "SELECT max(run_id) FROM history.project")[0] <= run_id
    [orphans] = ask(connection, "SELECT count(*) FROM project_section ANTI JOIN project USING (project_id, valid_from)")
    assert orphans == 0, orphans
    if parquet:
        for table in TABLES:
            file = os.path.join(parquet, table + ".parquet")
            sums = "count(*), sum(hash(project_id, run_id, valid_from)::HUGEINT)"
            left, right = (ask(connection, f"SELECT {sums} FROM {name}") for name in (table, f"'{file}'"))
            assert left == right, (run_id, table, left, right)
    return run_id

print("ready", flush=True)
while True:
    last_time = os.path.exists(stop)  # once more after the last run
    with duckdb.connect(os.path.join(current, "esf.duckdb"), read_only=True) as connection:
        run_id = check(connection, None)
    snapshot = os.path.realpath(current)
    with duckdb.connect(os.path.join(snapshot, "esf.duckdb"), read_only=True) as connection:
        again = check(connection, os.path.join(snapshot, "parquet"))
    assert again == os.path.basename(snapshot), (again, snapshot)
    assert last <= run_id <= again, (last, run_id, again)
    for one in (run_id, again):
        if one not in seen:
            seen.append(one)
    last = again
    looks += 1
    if last_time:
        break
    time.sleep(0.2)  # an analyst thinks, and the job has a processor to itself meanwhile
print(json.dumps({"looks": looks, "seen": seen}))
"""

NOTEBOOK = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
sys.stdin.readline()
print(connection.execute("SELECT count(*) FROM project").fetchone()[0],
      connection.execute("SELECT sum(length(body)) FROM project_section").fetchone()[0], flush=True)
"""

WRITES_AND_WAITS = """
import os, sys, time, duckdb
os.chmod(sys.argv[1], 0o644)
until = time.monotonic() + 60
while True:
    try:
        connection = duckdb.connect(sys.argv[1])
        break
    except duckdb.IOException:  # somebody reads it at this moment
        if time.monotonic() > until:
            raise
connection.execute("SET checkpoint_threshold = '1GB'")
connection.execute("UPDATE history.project SET title = 'Somebody else wrote this'")
print("written", flush=True)
time.sleep(600)
"""


def start(program: str, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def analyst_who_writes(database: Path) -> subprocess.Popen[str]:
    """Somebody who made the published file theirs to write, wrote to it, and has it open."""
    process = start(WRITES_AND_WAITS, database)
    if line_of(process) != "written":
        raise AssertionError(process.communicate()[1])
    return process


def die(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)


def night(job: Job, number: int) -> None:
    """Each night a new project, a change of an old one, and at times a page that is rejected."""
    job.put(f"{number:03}.txt", project(f"Projekt {number}"), on_day=number)
    text = Section("summary", "Sammanfattning", (f"Natt {number}. " * (number + 1)).strip())
    job.put(f"{number // 2:03}.txt", project(f"Projekt {number // 2}", sections=(text,)), on_day=number)
    if number % 5 == 0:
        job.put(f"fel{number:03}.txt", "Ingen projektsida.\n", on_day=number)


@pytest.mark.xdist_group("company")
def test_readers_see_one_whole_snapshot_each_time_through_many_publishing_runs(
    job: Job, tmp_path: Path, tally: Tally
) -> None:
    """Beside them a forgotten notebook, and twice somebody who writes to the snapshot of last night and is killed."""
    night(job, 0)
    job.ingest(settle_s=0)
    first = job.published() or Path()
    expected = (
        f"{job.value('SELECT count(*) FROM project')} {job.value('SELECT sum(length(body)) FROM project_section')}"
    )
    notebook = start(NOTEBOOK, first / "esf.duckdb")
    assert line_of(notebook) == "open"
    stop = tmp_path / "stop"
    readers = [start(READS_AGAIN_AND_AGAIN, job.warehouse, stop) for _ in range(READERS)]
    try:
        assert [line_of(reader) for reader in readers] == ["ready"] * READERS
        for number in range(1, RUNS + 1):
            before = job.published() or Path()
            night(job, number)
            result = job.run("--settle-s", "0")
            assert result.returncode == 0, result.stderr
            assert [reader.poll() for reader in readers] == [None] * READERS, [
                reader.communicate()[1] for reader in readers if reader.poll() is not None
            ]
            if number in (RUNS // 3, 2 * RUNS // 3):
                time.sleep(2)  # readers that had last night's open have come to an end
                die(analyst_who_writes(before / "esf.duckdb"))
                assert (before / "esf.duckdb.wal").stat().st_size > 0
        stop.touch()
        told = []
        for reader in readers:
            output, errors = reader.communicate(timeout=300)
            assert reader.returncode == 0, errors
            told.append(json.loads(output))
        assert notebook.stdin is not None
        notebook.stdin.write("now\n")
        notebook.stdin.flush()
        assert line_of(notebook) == expected
    finally:
        for process in (*readers, notebook):
            process.kill()
            process.communicate()
    assert not first.exists(), "the notebook's snapshot was pruned long ago"
    published = {entry["run_id"] for entry in job.journal() if entry.get("outcome") == "published"}
    assert len(published) == RUNS + 1
    assert all(set(one["seen"]) <= published for one in told)
    assert len(set().union(*(one["seen"] for one in told))) > RUNS // 2, "they read while it was published"
    assert job.value("SELECT count(*) FROM history.project WHERE title LIKE 'Somebody%'") == 0
    anew = job.fork(tmp_path / "anew")
    anew.ingest(settle_s=0)
    assert anew.digest() == job.digest()
    assert job.command("verify", "--warehouse", str(job.warehouse)).returncode == 0
    looks = sum(one["looks"] for one in told)
    tally("publishing runs in company", "all exit 0; the digest is that of one load of all pages", RUNS)
    tally(
        f"looks of {READERS} readers meanwhile (database, then its Parquet)",
        "no error; counts of etl.run = tables = Parquet, never back in time",
        looks,
    )
    tally("forgotten notebook, open all the time", "answers as on its first day, though its snapshot is pruned")
    tally("analyst killed with last night's file open for writing", "a .wal is left; no reader and no run reads it", 2)


@pytest.mark.parametrize("dies", ["before the run", "after the run"])
def test_whoever_opens_the_published_file_for_writing_and_dies_changes_nothing(
    dies: str, job: Job, tmp_path: Path, tally: Tally
) -> None:
    nights = 10 if FULL else 2
    night(job, 0)
    job.ingest(settle_s=0)
    for number in range(1, nights + 1):
        current = job.published() or Path()
        analyst = analyst_who_writes(current / "esf.duckdb")
        try:
            if dies == "before the run":
                die(analyst)
                refused, code = job.command("sql", "FROM project", "--warehouse", str(job.warehouse)), "foreign-wal"
            else:
                refused, code = job.command("sql", "FROM project", "--warehouse", str(job.warehouse)), "database-held"
                idle = job.run("--settle-s", "0")
                assert idle.returncode == 0, idle.stderr
                assert "open for writing" in idle.stderr
            assert refused.returncode == 1
            assert f"[{code}]" in refused.stderr or "[foreign-wal]" in refused.stderr
            night(job, number)
            result = job.run("--settle-s", "0")
        finally:
            if analyst.poll() is None:
                die(analyst)
        assert result.returncode == 0, result.stderr
        assert "esf.duckdb.wal lies beside the published database" in result.stderr
        assert job.published() != current
    assert job.value("SELECT count(*) FROM history.project WHERE title LIKE 'Somebody%'") == 0
    anew = job.fork(tmp_path / "anew")
    anew.ingest(settle_s=0)
    assert anew.digest() == job.digest()
    tally(
        f"analyst writes to the published file and is killed {dies}",
        "the run warns, works, and has nothing of it; queries say what is wrong",
        nights,
    )


def test_a_file_held_open_without_a_log_stops_no_run(job: Job, tally: Tally) -> None:
    night(job, 0)
    job.ingest(settle_s=0)
    holder = start(
        "import sys, time, duckdb; c = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(600)",
        (job.published() or Path()) / "esf.duckdb",
    )
    try:
        assert line_of(holder) == "open"
        refused = job.command("sql", "FROM project", "--warehouse", str(job.warehouse))
        dry = job.run("--settle-s", "0", "--dry-run")
        night(job, 1)
        result = job.run("--settle-s", "0")
    finally:
        die(holder)
    for said in (refused, dry):
        assert said.returncode == 1
        assert "[database-held]" in said.stderr
        assert f"(PID {holder.pid})" in said.stderr
        assert "Close that program" in said.stderr
    assert result.returncode == 0, result.stderr
    assert f"(PID {holder.pid})" in result.stderr
    assert job.value("SELECT count(*) FROM project") == 2
    assert job.command("verify", "--all", "--warehouse", str(job.warehouse)).returncode == 0
    tally("published file held open for writing, nothing written", "the run works on a copy; queries name the holder")


@pytest.mark.xdist_group("company")
def test_of_two_runs_started_at_once_one_works_and_nothing_is_lost_or_doubled(
    job: Job, tmp_path: Path, tally: Tally
) -> None:
    both_worked = 0
    command = [sys.executable, "-m", "esf_etl.cli", "ingest", "--settle-s", "0", "--landing", str(job.landing)]
    command += ["--warehouse", str(job.warehouse), "--json"]
    for number in range(PAIRS):
        night(job, number)
        go = tmp_path / f"go{number}"
        os.mkfifo(go)
        # Each waits for the same word, so that neither has a head start.
        pair = [
            subprocess.Popen(
                ["sh", "-c", f'read word < "{go}"; exec "$@"', "sh", *command],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment(),
            )
            for _ in range(2)
        ]
        with go.open("w") as word:
            time.sleep(0.2)
            word.write("go\ngo\n")
        told = [process.communicate(timeout=180) for process in pair]
        ended = sorted(process.returncode for process in pair)
        assert ended in ([0, 3], [0, 0]), told
        outcomes = sorted(json.loads(output)["outcome"] for output, _ in told if output)
        assert outcomes == (["published"] if ended == [0, 3] else ["idle", "published"])
        if ended == [0, 3]:
            [refused] = [errors for (_, errors), process in zip(told, pair, strict=True) if process.returncode == 3]
            assert "[lock-held]" in refused
        both_worked += ended == [0, 0]
        assert job.value("SELECT count(*) FROM project") == number + 1
    starts = [entry["run_id"] for entry in job.journal() if entry["event"] == "started"]
    assert len(starts) == len(set(starts)) == PAIRS + both_worked
    assert job.value("SELECT count(*) FROM (SELECT 1 FROM project GROUP BY project_id HAVING count(*) > 1)") == 0
    twin = job.fork(tmp_path / "twin")
    twin.ingest(settle_s=0)
    assert twin.digest() == job.digest()
    shutil.rmtree(twin.warehouse)
    if both_worked < PAIRS:
        tally(
            "pairs of runs started at once",
            "one exit 0, one exit 3; nothing lost, nothing doubled",
            PAIRS - both_worked,
        )
    if both_worked:
        tally("pairs of runs started at once", "the second came after the first: both exit 0, one idle", both_worked)

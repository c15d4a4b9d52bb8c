"""Several at one lake: two jobs and four readers at once, a job that is killed, a PostgreSQL that goes away."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from esf_etl.errors import WarehouseError
from esf_etl.lake import LakeRun
from esf_etl.pipeline import ingest
from esf_etl.progress import Silent
from tests.integration.conftest import Job, project
from tests.lake.conftest import LakeJob, Server
from tests.promises import FULL, Tally

pytestmark = pytest.mark.xdist_group("lake")

RUNS = 10
"""Of each of two writers."""

PAUSE_S = 0.0 if FULL else 3.0
"""Between the looks of a reader: without one, four of them leave the writers little of two cores."""

WRITES = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.integration.conftest import project
from tests.lake.conftest import LakeJob
job = LakeJob(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], sys.argv[5])
name, shared = sys.argv[6], sys.argv[7]
for number in range(int(sys.argv[8])):
    job.put(f"{name}-{number}.txt", project(f"{name} {number}"), on_day=number + 1)
    # A project that both landings have: the newest page of either is its version.
    job.put("shared.txt", project(shared, owner=f"{name} {number}"), on_day=number + 1)
    summary = job.ingest(landing_name=name)
    assert summary.outcome == "published", summary
    assert summary.law_holds
"""

READS = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
from esf_etl.warehouse.lake.address import read_lake
from esf_etl.warehouse.reading import open_current
lake = read_lake(sys.argv[2])
looks, seen = 0, 0
while True:
    with open_current(lake) as connection:
        ask = lambda query: connection.execute(query).fetchall()
        [(projects, keys)] = ask("SELECT count(*), count(DISTINCT project_id) FROM project")
        assert projects == keys, "a project stands twice"
        [(orphans,)] = ask("SELECT count(*) FROM project_section ANTI JOIN project USING (project_id)")
        assert orphans == 0, "sections without their project"
        loaded = ask("SELECT sum(loaded) FROM etl.run")[0][0]
        [(versions,)] = ask("SELECT count(*) FROM history.project")
        assert versions == loaded, "versions and what the runs say they loaded"
        assert projects >= seen, "a reader went back in time"
        seen, looks = projects, looks + 1
    print(json.dumps({"looks": looks, "projects": seen}), flush=True)
    time.sleep(float(sys.argv[3]))
    if sys.stdin.read(1) != "g":
        break
"""


@pytest.mark.promise("company")
@pytest.mark.timeout(900)  # six processes and PostgreSQL, on a machine that may have two busy cores
def test_two_writers_and_four_readers_at_once_lose_and_double_nothing(
    lake_job: LakeJob, tmp_path: Path, tally: Tally
) -> None:
    root = str(Path(__file__).parents[2])
    lake_job.put("begin.txt", project("Begynnelsen"))
    lake_job.ingest(landing_name="begin")
    env = lake_job.environment()
    writers = []
    for name in ("north", "south"):
        landing = tmp_path / name
        landing.mkdir()
        arguments = [root, str(landing), str(tmp_path / f"state-{name}"), lake_job.address, lake_job.data]
        command = [sys.executable, "-c", WRITES, *arguments, name, "Det gemensamma", str(RUNS)]
        writers.append(subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True))
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READS, root, lake_job.address, str(PAUSE_S)],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    looks = [0] * len(readers)
    try:
        while any(writer.poll() is None for writer in writers):
            for place, reader in enumerate(readers):
                assert reader.stdout is not None
                assert reader.stdin is not None
                line = reader.stdout.readline()
                assert line, reader.communicate()[1]
                looks[place] = json.loads(line)["looks"]
                reader.stdin.write("g")
                reader.stdin.flush()
        for process in writers:
            assert process.wait() == 0, process.communicate()[1]
        for reader in readers:
            _, said = reader.communicate("e", timeout=120)
            assert reader.returncode == 0, said
    finally:
        for process in [*writers, *readers]:
            process.kill()
            process.communicate()

    assert min(looks) >= 3
    assert lake_job.value("SELECT count(*) FROM project") == 2 * RUNS + 2
    assert lake_job.value("SELECT count(*) FROM etl.run WHERE outcome = 'published'") == 2 * RUNS + 1
    # Of pages of the same day, that of the landing whose path is the later one: both are `shared.txt`, so either.
    assert lake_job.value(
        f"SELECT owner IN ('north {RUNS - 1}', 'south {RUNS - 1}') FROM project WHERE title = 'Det gemensamma'"
    )
    twice = (
        "SELECT count(*) FROM (FROM history.project GROUP BY project_id HAVING count(*) FILTER (valid_to IS NULL) > 1)"
    )
    assert lake_job.value(twice.replace("(FROM", "(SELECT project_id FROM")) == 0
    tally("two writers at one lake at once: runs", "each published its pages, none lost, none twice", 2 * RUNS)
    tally("four readers of a lake meanwhile: looks", "every look one whole snapshot, none back in time", sum(looks))


def test_a_project_of_two_landings_has_one_version_however_the_runs_lie(lake_job: LakeJob, tmp_path: Path) -> None:
    """The second job looked at the lake before the first one published, and decides anew."""
    other = lake_job.beside(tmp_path / "other", tmp_path / "other-state")
    lake_job.put("begin.txt", project("Begynnelsen"))
    lake_job.ingest()
    lake_job.put("one.txt", project("Samma", owner="Den äldre"), on_day=1)
    other.put("two.txt", project("Samma", owner="Den yngre"), on_day=2)

    class Overtaken(Silent):
        def stage(self, name: str) -> None:
            if name == "copy":  # the page is elected, the lock not yet taken
                assert other.ingest(landing_name="other").loaded == 1

    summary = ingest(lake_job.settings(), progress=Overtaken())

    assert (summary.loaded, summary.superseded) == (0, 1)
    assert lake_job.rows("SELECT owner FROM project WHERE title = 'Samma'") == [("Den yngre",)]
    assert lake_job.value("SELECT count(*) FROM history.project WHERE title = 'Samma'") == 1


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from esf_etl.pipeline import ingest
from esf_etl.progress import Silent
from tests.lake.conftest import LakeJob

class Killed(Silent):
    def stage(self, name):
        if name == sys.argv[6]:
            os.kill(os.getpid(), signal.SIGKILL)

job = LakeJob(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], sys.argv[5])
ingest(job.settings(), progress=Killed())
"""


@pytest.mark.promise("crashes")
@pytest.mark.parametrize("stage", ["parse", "copy", "write", "audit", "commit", "record"])
def test_a_job_that_is_killed_leaves_the_lake_as_it_was_and_the_next_one_goes_on(
    stage: str, lake_job: LakeJob, tmp_path: Path, tally: Tally
) -> None:
    folder = Job(lake_job.landing, tmp_path / "folder")
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest()
    before = lake_job.digest()
    lake_job.put("a.txt", project("Alfa", owner="Någon annan"), on_day=2)
    lake_job.put("b.txt", project("Beta"))
    folder.ingest()
    root = str(Path(__file__).parents[2])
    arguments = [root, str(lake_job.landing), str(lake_job.warehouse), lake_job.address, lake_job.data, stage]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], env=lake_job.environment(), check=False, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL

    published = stage == "record"
    assert lake_job.digest() == (folder.digest() if published else before)
    assert lake_job.ingest().outcome == ("idle" if published else "published")
    assert lake_job.digest() == folder.digest()
    assert lake_job.value("SELECT count(*) FROM history.project") == 3
    _, first, begun, ended, *_ = lake_job.journal()
    assert (first["event"], begun["event"], ended["event"]) == ("ended", "started", "ended")
    assert ended["run_id"] == begun["run_id"]
    assert ended["outcome"] == ("published" if published else "killed")
    if published:
        counted = ("files_seen", "loaded", "projects", "landing_name", "cut_short")
        assert [ended[name] for name in counted] == [2, 2, 2, "default", True]
        [known] = lake_job.rows(f"SELECT ended_at FROM etl.run WHERE run_id = '{ended['run_id']}'")
        assert ended["ended_at"] == f"{known[0].isoformat()}Z"
    left = "it had published, the next run was idle" if published else "nothing was published, the next run went on"
    tally(f"a job killed that writes to a lake, at `{stage}`", left)


def test_a_run_of_which_nobody_can_tell_stays_open_until_the_lake_can_be_asked(
    lake_job: LakeJob, postgres: Server
) -> None:
    lake_job.put("a.txt", project("Alfa"))
    root = str(Path(__file__).parents[2])
    arguments = [root, str(lake_job.landing), str(lake_job.warehouse), lake_job.address, lake_job.data, "record"]
    subprocess.run([sys.executable, "-c", KILLED, *arguments], env=lake_job.environment(), check=False, timeout=120)
    postgres.stop()
    try:
        with pytest.raises(WarehouseError):
            lake_job.ingest()
    finally:
        postgres.start()
    assert [entry.get("outcome") for entry in lake_job.journal()] == [None, None, "failed"]

    assert lake_job.ingest().outcome == "idle"

    outcomes = {entry["run_id"]: entry["outcome"] for entry in lake_job.journal() if entry["event"] == "ended"}
    assert sorted(outcomes.values()) == ["failed", "idle", "published"]
    assert min(outcomes.items())[1] == "published"


@pytest.mark.promise("crashes")
@pytest.mark.parametrize("away", [False, True])
def test_a_commit_whose_answer_is_lost_is_told_as_what_it_was(
    away: bool, lake_job: LakeJob, postgres: Server, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    lake_job.put("a.txt", project("Alfa"))

    def commit(run: LakeRun) -> None:
        run.connection.execute("COMMIT")
        if away:
            postgres.stop()
        msg = "server closed the connection unexpectedly"
        raise duckdb.IOException(msg)

    with monkeypatch.context() as patch:
        patch.setattr(LakeRun, "_commit", commit)
        if away:
            with pytest.raises(WarehouseError, match="server closed"):
                lake_job.ingest()
            postgres.start()
            assert [entry["event"] for entry in lake_job.journal()] == ["started"]
        else:
            assert lake_job.ingest().outcome == "published"

    assert lake_job.ingest().outcome == "idle"
    outcomes = [entry["outcome"] for entry in lake_job.journal() if entry["event"] == "ended"]
    assert outcomes == ["published", "idle"]
    assert lake_job.value("SELECT count(*) FROM project") == 1
    tally("a commit whose answer is lost", "the journal says that it published, at once or with the next run")


@pytest.mark.promise("crashes")
@pytest.mark.parametrize("stage", ["parse", "write", "audit", "commit"])
def test_a_postgresql_that_restarts_in_mid_run_costs_the_run_and_nothing_else(
    stage: str, lake_job: LakeJob, postgres: Server, tally: Tally
) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest()
    before = lake_job.digest()
    lake_job.put("b.txt", project("Beta"))

    class Restarted(Silent):
        def stage(self, name: str) -> None:
            if name == stage:
                postgres.stop()
                postgres.start()

    with pytest.raises(WarehouseError) as problem:
        ingest(lake_job.settings(), progress=Restarted())

    assert problem.value.code in {"lake-unreachable", "write-failed", "lock-lost"}
    assert lake_job.digest() == before
    assert lake_job.journal()[-1]["outcome"] == "failed"
    assert lake_job.ingest().loaded == 1
    assert lake_job.value("SELECT count(*) FROM project") == 2
    left = f"`{problem.value.code}`, nothing was published, the next run went on"
    tally(f"PostgreSQL of a lake started anew, at `{stage}` of a run", left)

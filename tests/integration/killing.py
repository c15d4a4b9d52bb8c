"""The harness of the kills: nights to be killed in, points to be killed at, and what must hold afterwards."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from esf_etl.settings import IngestSettings
from esf_etl.warehouse import journal
from esf_etl.warehouse.folder import WarehouseFolder
from esf_etl.warehouse.reading import warehouse_digest
from esf_etl.warehouse.status import read_status
from esf_etl.warehouse.vault import vault_contacts
from esf_etl.warehouse.verify import verify
from tests.integration.conftest import Job, environment
from tests.promises import FULL

Some = TypeVar("Some")

OURS = {"current", "snapshots", "staging", "runs.jsonl", "run.lock", "private", "metrics.prom"}
"""All that lies in a warehouse folder after a run."""

KILLED_AT_STAGE = """
import os, signal, sys
from pathlib import Path
from esf_etl.pipeline import ingest
from esf_etl.progress import Silent
from esf_etl.settings import IngestSettings

class Killed(Silent):
    def stage(self, name):
        if name == sys.argv[3]:
            os.kill(os.getpid(), signal.SIGKILL)

ingest(IngestSettings(landing=Path(sys.argv[1]), warehouse=Path(sys.argv[2])), progress=Killed())
"""


def killed_at(job: Job, stage: str) -> None:
    """A run in a process of its own, killed as a stage begins."""
    result = job.python("-c", KILLED_AT_STAGE, str(job.landing), str(job.warehouse), stage)
    assert result.returncode == -signal.SIGKILL, result.stderr


def evenly(some: Sequence[Some], most: int) -> list[Some]:
    """At most so many of them, evenly spread."""
    if len(some) <= most:
        return list(some)
    return [some[int((number + 0.5) * len(some) / most)] for number in range(most)]


class Point(NamedTuple):
    """A call of a job, by its number among all: the stage it is in, the function, how long it took."""

    at: int
    stage: str
    function: str
    elapsed_s: float


class Kill(NamedTuple):
    """What to do at a point: kill before the call, or so many seconds after it began; or let it write but a half."""

    point: Point
    after_s: float | None = None
    torn: bool = False

    @property
    def words(self) -> str:
        return f"{self.point.stage}: {'half of' if self.torn else 'during' if self.after_s else 'before'} {self.point}"


class Killer:
    """The process that makes children that are killed (`killed.py`)."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def _ask(self, **asked: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked, default=str) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def points(self, verb: str, job: Job, **more: Any) -> list[Point]:
        """Do a job to its end; the calls that it made."""
        answer = self._ask(verb=verb, **_asked(job, **more))
        return [Point(at, *found) for at, found in enumerate(answer["points"])]

    def kill(self, kill: Kill, verb: str, job: Job, **more: Any) -> bool:
        """Do a job and kill it; False where it was too quick for a kill in the midst of a call."""
        at = {"at": kill.point.at, "after_s": kill.after_s, "torn": kill.torn}
        answer = self._ask(verb=verb, **at, **_asked(job, **more))
        assert answer["signal"] == signal.SIGKILL or kill.after_s is not None, kill.words
        return bool(answer["signal"] == signal.SIGKILL)

    def read(self, warehouse: Path) -> dict[str, Any]:
        """What another process finds that opens what is published, once with DuckDB and once as Parquet."""
        return self._ask(verb="read", warehouse=warehouse)


def _asked(job: Job, *, snapshot: str | None = None, **settings: Any) -> dict[str, Any]:
    return {"snapshot": snapshot, "settings": {"landing": job.landing, "warehouse": job.warehouse, **settings}}


@contextmanager
def a_killer() -> Iterator[Killer]:
    """The process, which ends with the block."""
    command = [sys.executable, str(Path(__file__).with_name("killed.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        yield Killer(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


class Held(NamedTuple):
    """What a warehouse comes to: its digest, what its ledger says of each file, every version, the vault."""

    digest: str
    files: list[tuple[Any, ...]]
    versions: list[tuple[Any, ...]]
    contacts: list[tuple[Any, ...]]


_FILES = (
    "SELECT path, content_sha256, outcome, project_id FROM etl.landing_file WHERE missing_since IS NULL ORDER BY ALL"
)
_VERSIONS = "SELECT project_id, content_digest, valid_to IS NULL FROM history.project ORDER BY ALL"


def held_by(job: Job) -> Held:
    contacts = sorted(vault_contacts(WarehouseFolder(job.warehouse)))
    return Held(job.digest(), job.rows(_FILES), job.rows(_VERSIONS), contacts)


@dataclass(frozen=True, slots=True)
class Night:
    """A warehouse as it was before tonight's job, the calls of that job, and the warehouse after it.

    `before` is None where nothing was published.
    """

    verb: str
    job: Job
    more: dict[str, Any]
    before: str | None
    after: Held
    points: list[Point]

    @property
    def flip(self) -> int:
        """The call that publishes."""
        [at] = [point.at for point in self.points if (point.stage, point.function) in _FLIPS]
        return at

    @property
    def published_after(self) -> str:
        """The digest of what the job itself publishes."""
        return str(self.more["digest"]) if "digest" in self.more else self.after.digest

    def again(self, warehouse: Path) -> Job:
        """The same night, for another run to be killed in."""
        if self.job.warehouse.exists():
            shutil.copytree(self.job.warehouse, warehouse, symlinks=True)
        return self.job.fork(warehouse)

    def kill(self, killer: Killer, kill: Kill, job: Job) -> bool:
        more = {name: value for name, value in self.more.items() if name != "digest"}
        return killer.kill(kill, self.verb, job, **more)

    def heal(self, job: Job) -> None:
        """The next run, which is a plain one."""
        settings = {name: self.more[name] for name in ("with_contacts", "keep_snapshots") if name in self.more}
        job.ingest(**settings)
        assert job.ingest(**settings).outcome == "idle"


_FLIPS = {("flip", "os.replace"), ("restore", "os.replace")}


def kills_in(night: Night, stage: str, *, calls: int, queries: int) -> list[Kill]:
    """Kills before at most so many calls that change files, and so many queries, of a stage.

    In full there are also kills in the midst of the two longest queries.
    """
    points = [point for point in night.points if point.stage == stage]
    assert points, f"{stage} makes no call"
    asked = [point for point in points if point.function.startswith("duckdb.")]
    kills = [Kill(point) for point in evenly([point for point in points if point not in asked], calls)]
    kills += [Kill(point) for point in evenly(asked, queries)]
    if FULL or stage in ("commit", "checkpoint"):
        longest = sorted(asked, key=lambda point: point.elapsed_s)[-2 if FULL else -1 :]
        kills += [Kill(point, after_s=point.elapsed_s / 2) for point in longest if point.elapsed_s > 0.002]
    return sorted(kills, key=lambda kill: kill.point.at)


def assert_readable(killer: Killer, job: Job) -> str | None:
    """What is published is what its manifest says, for whoever opens it now; its digest."""
    published = job.published()
    if published is None:
        return None
    manifest = json.loads((published / "manifest.json").read_text())
    for name, file in manifest["files"].items():
        assert hashlib.sha256((published / name).read_bytes()).hexdigest() == file["sha256"], name
    found = killer.read(job.warehouse)
    assert found["rows"] == manifest["rows"]
    for name, rows in found["parquet"].items():
        table = name.removesuffix(".parquet").replace("/", ".")
        assert rows == manifest["rows"][table if "." in table else f"main.{table}"], name
    return str(found["digest"])


def assert_killed(killer: Killer, night: Night, kill: Kill, job: Job) -> None:
    """After a kill: published is what was before, or all of tonight, and `status` says what has happened."""
    digest = assert_readable(killer, job)
    if kill.after_s is None:
        flipped = kill.point.at > night.flip
        assert digest == (night.published_after if flipped else night.before), kill.words
    assert digest in (night.before, night.published_after), kill.words
    if journal.open_runs(journal.read(job.warehouse / "runs.jsonl")):
        assert read_status(job.warehouse)["sentence"].startswith("The last run was killed; it had begun "), kill.words


def assert_healed(night: Night, job: Job, *, what: str = "") -> None:
    """The next run ends as if nothing had been: same digest, same files, same versions, nothing left lying."""
    night.heal(job)
    held = held_by(job)
    if night.more.get("rebuild"):  # the next run is none, and goes on from a history that a rebuild would have dropped
        held = held._replace(versions=night.after.versions)
    assert held == night.after, what
    entries = journal.read(job.warehouse / "runs.jsonl")
    started = [entry["run_id"] for entry in entries if entry["event"] == "started"]
    assert started == [entry["run_id"] for entry in entries if entry["event"] == "ended"], what
    published = [entry["run_id"] for entry in entries if entry.get("outcome") == "published"]
    kept = job.snapshots()
    assert kept == published[-len(kept) :], what
    # One that was to go may be there still where the run was killed before it went: the next publication removes it.
    assert len(kept) <= night.more.get("keep_snapshots", 7) + 1, what
    assert list((job.warehouse / "staging").iterdir()) == [], what
    assert {path.name for path in job.warehouse.iterdir()} <= OURS, what
    if (job.warehouse / "private").exists():
        assert {path.name for path in (job.warehouse / "private").iterdir()} <= {"contacts.duckdb", "suppressed.json"}
    checked = verify(
        IngestSettings(landing=job.landing, warehouse=job.warehouse), with_landing=True, all_snapshots=True
    )
    assert checked.ok, (what, [check for check in checked.checks if check.state == "wrong"])
    assert warehouse_digest(job.warehouse) == night.after.digest

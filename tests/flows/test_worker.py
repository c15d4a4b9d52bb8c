"""What is deployed from prefect.yaml, run by a worker of its own: cancelled, overlapping, too slow, killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from esf_etl import render
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings
from esf_etl.warehouse import journal
from esf_etl.warehouse.folder import WarehouseFolder
from esf_etl.warehouse.reading import warehouse_digest
from tests.flows.conftest import PREFECT, ROOT, SOURCES, processes_of, project
from tests.promises import Tally

pytestmark = [*PREFECT, pytest.mark.slow, pytest.mark.promise("healing"), pytest.mark.timeout(600)]


@dataclass
class Worker:
    """A process worker, the server it asks for work, and a night that waits: three pages published, some new."""

    api: httpx.Client
    process: subprocess.Popen[bytes]
    home: str
    park: Path
    landing: Path
    warehouse: Path

    def start(self, name: str = "nightly", **parameters: Any) -> str:
        """Ask for a run of a deployment; returns its id."""
        found = self.api.get(f"/deployments/name/nightly/{name}").raise_for_status().json()
        told = {"landing": str(self.landing), "warehouse": str(self.warehouse), "settle_s": 0, "report_page": False}
        asked = {"parameters": found["parameters"] | told | parameters}
        made = self.api.post(f"/deployments/{found['id']}/create_flow_run", json=asked).raise_for_status()
        return str(made.json()["id"])

    def parked(self, stage: str, **parameters: Any) -> tuple[str, int]:
        """Start a nightly run and wait until it is held in this stage; returns its id and that of its process.

        While it parses there is more than a chunk of new pages, so that other processes are at work as well.
        """
        for number in range(4, 4 + self.new_pages(stage)):
            (self.landing / f"page-{number}.txt").write_text(render(project(number)), encoding="utf-8")
        parameters = {"workers": 2 if stage == "parse" else 1} | parameters
        (self.park / "parked").unlink(missing_ok=True)
        (self.park / "at").write_text(stage, encoding="ascii")
        run = self.start(**parameters)
        until = time.monotonic() + 120
        while not (self.park / "parked").exists():
            assert time.monotonic() < until, self.state(run)
            time.sleep(0.1)
        time.sleep(0.2)
        return run, int((self.park / "parked").read_text(encoding="ascii"))

    @staticmethod
    def new_pages(stage: str) -> int:
        return 600 if stage == "parse" else 1

    def unpark(self) -> None:
        (self.park / "at").unlink(missing_ok=True)

    def state(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/flow_runs/{run}").raise_for_status().json()["state"]
        return found

    def ended(self, run: str) -> tuple[str, str, str]:
        """Wait until a run has ended; type, name and message of its state."""
        until = time.monotonic() + 120
        while (state := self.state(run))["type"] in {"SCHEDULED", "PENDING", "RUNNING", "CANCELLING"}:
            assert time.monotonic() < until, state
            time.sleep(0.2)
        return state["type"], state["name"], state["message"]

    def cancel(self, run: str) -> None:
        """As the button in Prefect's pages does."""
        asked = {"state": {"type": "CANCELLING"}}
        self.api.post(f"/flow_runs/{run}/set_state", json=asked).raise_for_status()

    def runs_alone(self) -> bool:
        """Whether no process of a run is left, some seconds from now at the latest."""
        until = time.monotonic() + 20
        while processes_of(self.home) != {self.process.pid}:
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True

    def last_journal_entry(self) -> dict[str, Any]:
        return journal.read(WarehouseFolder(self.warehouse).journal)[-1]

    def heals(self) -> bool:
        """Whether the next run, without Prefect, ends with what an undisturbed run would have."""
        assert ingest(IngestSettings(self.landing, self.warehouse, settle_s=0)).outcome == "published"
        other = self.warehouse.with_name("undisturbed")
        shutil.rmtree(other, ignore_errors=True)
        ingest(IngestSettings(self.landing, other, settle_s=0))
        return warehouse_digest(self.warehouse) == warehouse_digest(other)


Working: TypeAlias = tuple[httpx.Client, "subprocess.Popen[bytes]", str, Path]


@pytest.fixture(scope="module")
def working(
    deployed: dict[str, dict[str, Any]], api: httpx.Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Working]:
    """The deployments of prefect.yaml on the server of these tests, and a worker, whose runs can be held."""
    folder = tmp_path_factory.mktemp("worker")
    park = folder / "park"
    park.mkdir()
    shutil.copy(Path(__file__).with_name("park.py"), park / "sitecustomize.py")
    environment = os.environ | {
        "PREFECT_API_URL": str(api.base_url).rstrip("/"),
        "PREFECT_HOME": str(folder / "home"),
        "PYTHONPATH": os.pathsep.join(map(str, (park, *SOURCES))),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PARK": str(park),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", "esf-etl", "--name", "tested"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        yield api, process, environment["PREFECT_HOME"], park
        for pid in processes_of(environment["PREFECT_HOME"]):
            os.kill(pid, signal.SIGTERM if pid == process.pid else signal.SIGKILL)
        process.wait(60)


@pytest.fixture
def worker(working: Working, landing: Path, warehouse: Path) -> Iterator[Worker]:
    ingest(IngestSettings(landing, warehouse, settle_s=0))
    found = Worker(*working, landing, warehouse)
    yield found
    found.unpark()


@pytest.mark.parametrize("stage", ["parse", "write"])
def test_a_run_is_cancelled(stage: str, worker: Worker, tally: Tally) -> None:
    before = warehouse_digest(worker.warehouse)
    run, pid = worker.parked(stage)
    assert len(processes_of(worker.home)) > (3 if stage == "parse" else 1)

    worker.cancel(run)

    kind, name, _ = worker.ended(run)
    assert (kind, name) == ("CANCELLED", "Cancelled")
    assert worker.runs_alone()
    assert not Path(f"/proc/{pid}").exists()
    entry = worker.last_journal_entry()
    assert (entry["event"], entry["outcome"], entry["error_code"]) == ("ended", "failed", "stopped")
    assert entry["error_message"].startswith(f"the run was stopped (TerminationSignal) at the step {stage}.")
    assert warehouse_digest(worker.warehouse) == before
    assert list((worker.warehouse / "staging").iterdir()) == []
    assert worker.heals()
    tally(f"cancelled by Prefect's API while in {stage}", "Cancelled, the digest as before, the next run heals")


def test_a_run_beside_another_is_cancelled_whatever_deployment_it_is_of(worker: Worker, tally: Tally) -> None:
    run, _ = worker.parked("parse")

    second = worker.start()
    by_hand = worker.start("reprocess")

    assert worker.ended(second) == ("CANCELLED", "Cancelled", "Deployment concurrency limit reached.")
    kind, name, message = worker.ended(by_hand)
    assert (kind, name) == ("CANCELLED", "Lock held")
    assert "nothing was done" in message
    worker.unpark()
    assert worker.ended(run) == ("COMPLETED", "Completed", "Published: 600 loaded, 3 unchanged.")
    assert worker.runs_alone()
    tally("a second run of the deployment, and one of another, beside a run", "both Cancelled, the first Completed", 2)


def test_a_run_that_takes_too_long_is_stopped(worker: Worker, tally: Tally) -> None:
    before = warehouse_digest(worker.warehouse)

    run, _ = worker.parked("write", timeout_s=20)

    assert worker.ended(run) == (
        "FAILED",
        "TimedOut",
        "The run took longer than its 20 s and was stopped; what is published is whole.",
    )
    assert worker.runs_alone()
    entry = worker.last_journal_entry()
    assert (entry["outcome"], entry["error_code"]) == ("failed", "timed-out")
    assert warehouse_digest(worker.warehouse) == before
    assert worker.heals()
    tally(
        "longer than timeout_s, in a query of DuckDB's", "Failed (TimedOut), the digest as before, the next run heals"
    )


def test_a_run_whose_process_is_killed_is_crashed(worker: Worker, tally: Tally) -> None:
    before = warehouse_digest(worker.warehouse)
    run, pid = worker.parked("write")

    os.kill(pid, signal.SIGKILL)

    kind, name, _ = worker.ended(run)
    assert (kind, name) == ("CRASHED", "Crashed")
    assert worker.runs_alone()
    assert warehouse_digest(worker.warehouse) == before
    assert worker.heals()
    tally("its process killed", "Crashed, the digest as before, the next run heals")


def test_a_run_that_went_down_with_its_worker_is_reported_by_the_next(worker: Worker, tally: Tally) -> None:
    from esf_flows.nightly import nightly

    before = warehouse_digest(worker.warehouse)
    run, _ = worker.parked("parse")
    slots = worker.api.get("/deployments/name/nightly/nightly").json()["global_concurrency_limit"]
    assert slots["active_slots"] == 1

    for pid in processes_of(worker.home):
        os.kill(pid, signal.SIGKILL)
    worker.process.wait(60)
    assert worker.state(run)["type"] == "RUNNING"
    assert warehouse_digest(worker.warehouse) == before
    state = nightly(
        landing=str(worker.landing), warehouse=str(worker.warehouse), settle_s=0, retries=0, return_state=True
    )

    assert state.message == "Published: 600 loaded, 3 unchanged."
    kind, name, message = worker.ended(run)
    assert (kind, name) == ("CRASHED", "Crashed")
    assert message.startswith("Its process is gone")
    slots = worker.api.get("/deployments/name/nightly/nightly").json()["global_concurrency_limit"]
    assert slots["active_slots"] == 0
    tally("killed together with its worker", "Crashed when the next run begins, its place is free")

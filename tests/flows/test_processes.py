"""`python -m esf_flows.nightly` and `python -m esf_flows.serve` as processes of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from esf_etl import render
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings
from esf_etl.warehouse import journal
from esf_etl.warehouse.folder import WarehouseFolder
from esf_etl.warehouse.reading import warehouse_digest
from tests.flows.conftest import PREFECT, Patient, processes_of, project
from tests.promises import Tally

pytestmark = [*PREFECT, pytest.mark.slow]


def run(module: str, *arguments: str, apart: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=apart,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


# ---- nightly ----------------------------------------------------------------------------------------------------


def test_the_flow_runs_where_no_server_is_configured(
    landing: Path, warehouse: Path, apart: dict[str, str], tmp_path: Path
) -> None:
    done = run(
        "esf_flows.nightly",
        "--landing",
        "landing",
        "--warehouse",
        "warehouse",
        "--workers",
        "2",
        apart=apart,
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "Published: 3 loaded.\n"
    assert (warehouse / "current" / "esf.duckdb").is_file()
    told = done.stderr.splitlines()
    # One line for Prefect's server, one a stage, and nothing of Prefect's own.
    assert len(told) == 14, done.stderr
    assert processes_of(apart["PREFECT_HOME"]) == set()


# ---- serve ------------------------------------------------------------------------------------------------------


@dataclass
class Served:
    process: subprocess.Popen[str]
    address: str
    home: str
    log: Path

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.address}/api{path}", timeout=30).raise_for_status().json()

    def runs(self) -> list[dict[str, Any]]:
        """The flow runs that were not merely planned, oldest first."""
        query = {"flow_runs": {"state": {"type": {"not_any_": ["SCHEDULED"]}}}, "sort": "START_TIME_ASC"}
        found = httpx.post(f"{self.address}/api/flow_runs/filter", json=query, timeout=30).raise_for_status()
        runs: list[dict[str, Any]] = found.json()
        return runs

    def post(self, path: str, asked: Any) -> Any:
        with httpx.Client(transport=Patient()) as client:
            return client.post(f"{self.address}/api{path}", json=asked, timeout=30).raise_for_status().json()

    def deployment(self) -> str:
        """The id of the nightly deployment, which is there some time after the server."""
        until = time.monotonic() + 60
        while True:
            found = httpx.get(f"{self.address}/api/deployments/name/nightly/nightly", timeout=30)
            if found.status_code != 404 or time.monotonic() > until:
                return str(found.raise_for_status().json()["id"])
            time.sleep(0.2)

    def artifacts(self, run: str) -> dict[str, dict[str, Any]]:
        """The artifacts of a flow run, by their keys."""
        found = self.post("/artifacts/filter", {"flow_runs": {"id": {"any_": [run]}}})
        return {one["key"]: one for one in found}

    def wait_for(self, what: str, seconds: float) -> None:
        """Wait until the log says so."""
        until = time.monotonic() + seconds
        while what not in self.log.read_text(encoding="utf-8"):
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < until, f"no {what!r} in:\n{self.log.read_text(encoding='utf-8')}"
            time.sleep(0.2)


@pytest.fixture
def served(landing: Path, warehouse: Path, apart: dict[str, str], tmp_path: Path, free_port: int) -> Iterator[Served]:
    """The flow, served every minute of the clock by a server of its own."""
    with serving(warehouse, apart, tmp_path, free_port, cron="* * * * *") as served:
        yield served


@contextmanager
def serving(
    warehouse: Path, apart: dict[str, str], tmp_path: Path, free_port: int, *, cron: str = "30 3 * * *"
) -> Iterator[Served]:
    """The flow, served by a server of its own, with the landing folder `landing`."""
    apart.pop("PREFECT_HOME", None)
    home = str(warehouse / ".prefect")
    log = tmp_path / "serve.log"
    arguments = ["--landing", "landing", "--warehouse", "warehouse", "--cron", cron, "--port", str(free_port)]
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "esf_flows.serve", *arguments],
            env=apart,
            cwd=tmp_path,
            stdout=written,
            stderr=subprocess.STDOUT,
            text=True,
        )
    served = Served(process, f"http://127.0.0.1:{free_port}", home, log)
    try:
        served.wait_for("Ctrl-C ends it.", 180)
        yield served
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)


@pytest.mark.timeout(600)
def test_a_cron_schedule_fires_and_ends_with_its_server(served: Served, landing: Path, warehouse: Path) -> None:
    assert served.get("/health") is True
    until = time.monotonic() + 120
    while not (runs := [run for run in served.runs() if run["state"]["type"] == "COMPLETED"]):
        assert time.monotonic() < until, served.log.read_text(encoding="utf-8")
        time.sleep(0.5)

    assert runs[0]["auto_scheduled"]
    assert runs[0]["state"]["message"] == "Published: 3 loaded."
    assert runs[0]["name"].startswith(f"{landing} 20")
    of_run = {"flow_runs": {"id": {"any_": [runs[0]["id"]]}}}
    while len(tasks := served.post("/task_runs/filter", of_run)) < 7:
        assert time.monotonic() < until + 30, tasks
        time.sleep(0.5)
    assert {(task["name"], task["state"]["name"]) for task in tasks} == {
        (name, "Completed") for name in ("ingest", "look", "parse", "write", "audit", "publish", "report-page")
    }
    artifacts = served.artifacts(runs[0]["id"])
    assert (artifacts["run-progress"]["data"], artifacts["run-progress"]["description"]) == (
        100.0,
        "Published: 3 loaded.",
    )
    assert "3 seen = 0 unchanged + 0 deferred + 3 loaded" in artifacts["run-summary"]["data"]
    assert "[report.html](<file://" in artifacts["run-summary"]["data"]
    assert [one["deployment_id"] is not None for one in served.runs()] == [True] * len(served.runs())
    assert served.get("/deployments/name/nightly/reprocess")["parameters"]["reprocess"] is True
    assert served.get("/deployments/name/nightly/rebuild")["schedules"] == []
    assert (warehouse / "current" / "esf.duckdb").is_file()
    deployed = served.get("/deployments/name/nightly/nightly")
    assert deployed["parameters"] == {"landing": str(landing), "warehouse": str(warehouse)}
    assert deployed["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert deployed["global_concurrency_limit"]["limit"] == 1
    assert "<html" in httpx.get(served.address).text
    # Its history is for the owner alone.
    assert Path(served.home).stat().st_mode & 0o077 == 0
    assert processes_of(served.home)

    served.process.send_signal(signal.SIGTERM)

    assert served.process.wait(60) == 0
    assert processes_of(served.home) == set()
    log = served.log.read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "Warning" not in log


def test_it_ends_with_its_server(served: Served) -> None:
    (server,) = (
        pid for pid in processes_of(served.home) if b"\0server\0start\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )

    subprocess.run(["kill", "-KILL", str(server)], check=True)

    assert served.process.wait(60) == 1
    assert "the Prefect server ended by itself" in served.log.read_text(encoding="utf-8")
    assert processes_of(served.home) == set()


def test_ctrl_c_ends_it(served: Served) -> None:
    served.process.send_signal(signal.SIGINT)

    assert served.process.wait(60) == 0
    assert processes_of(served.home) == set()
    assert "Traceback" not in served.log.read_text(encoding="utf-8")


@pytest.mark.promise("healing")
@pytest.mark.timeout(600)
def test_a_run_is_cancelled_and_one_that_went_down_with_the_machine_is_reported(
    landing: Path, warehouse: Path, apart: dict[str, str], tmp_path: Path, free_port: int, tally: Tally
) -> None:
    ingest(IngestSettings(landing, warehouse, settle_s=0))
    before = warehouse_digest(warehouse)
    (landing / "page-4.txt").write_text(render(project(4)), encoding="utf-8")
    park = tmp_path / "park"
    park.mkdir()
    shutil.copy(Path(__file__).with_name("park.py"), park / "sitecustomize.py")
    (park / "at").write_text("write", encoding="ascii")
    apart |= {
        "PARK": str(park),
        "PYTHONPATH": os.pathsep.join([str(park), apart["PYTHONPATH"]]),
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
    }

    def parked(served: Served) -> str:
        """Start a run by hand, and wait until it is held in the stage."""
        (park / "parked").unlink(missing_ok=True)
        deployment = served.deployment()
        run: str = served.post(f"/deployments/{deployment}/create_flow_run", {})["id"]
        until = time.monotonic() + 120
        while not (park / "parked").exists():
            assert time.monotonic() < until, served.log.read_text(encoding="utf-8")
            time.sleep(0.2)
        return run

    with serving(warehouse, apart, tmp_path, free_port) as served:
        idle = processes_of(served.home)
        run = parked(served)
        served.post(f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
        until = time.monotonic() + 60
        while served.get(f"/flow_runs/{run}")["state"]["type"] == "CANCELLING" or processes_of(served.home) - idle:
            assert time.monotonic() < until, served.get(f"/flow_runs/{run}")["state"]
            time.sleep(0.2)
        assert served.get(f"/flow_runs/{run}")["state"]["name"] == "Cancelled"
        entry = journal.read(WarehouseFolder(warehouse).journal)[-1]
        assert (entry["outcome"], entry["error_code"]) == ("failed", "stopped")
        assert warehouse_digest(warehouse) == before

        run = parked(served)
        for pid in {served.process.pid} | processes_of(served.home):
            os.kill(pid, signal.SIGKILL)
        served.process.wait(60)
    assert warehouse_digest(warehouse) == before
    (park / "at").unlink()

    with serving(warehouse, apart, tmp_path, free_port) as served:
        served.wait_for("had no process any more", 60)
        state = served.get(f"/flow_runs/{run}")["state"]
        assert (state["type"], state["message"][:19]) == ("CRASHED", "Its process is gone")
        # And its place is free at once.
        deployment = served.deployment()
        run = served.post(f"/deployments/{deployment}/create_flow_run", {})["id"]
        until = time.monotonic() + 120
        while (state := served.get(f"/flow_runs/{run}")["state"])["type"] in {"SCHEDULED", "PENDING", "RUNNING"}:
            assert time.monotonic() < until, state
            time.sleep(0.2)
        assert (state["type"], state["message"]) == ("COMPLETED", "Published: 1 loaded, 3 unchanged.")
    ingest(IngestSettings(landing, tmp_path / "undisturbed", settle_s=0))
    assert warehouse_digest(warehouse) == warehouse_digest(tmp_path / "undisturbed")
    tally("cancelled under esf-etl serve, in a query", "Cancelled, the digest as before")
    tally("killed with server and all, and served again", "Crashed at the start, the next run publishes and heals")


def test_a_port_in_use_is_named(apart: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = run("esf_flows.serve", "--port", str(port), apart=apart, cwd=tmp_path)

    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be used: Address already in use." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--host", "0.0.0.0"], "0.0.0.0 is no loopback address"),  # noqa: S104 - that is what is refused
        (["--host", "example.org"], "example.org is no loopback address"),
        (["--cron", "30 3 * *"], "--cron is '30 3 * *'"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], named: str, apart: dict[str, str], tmp_path: Path) -> None:
    done = run("esf_flows.serve", *arguments, apart=apart, cwd=tmp_path)

    assert done.returncode == 2
    assert named in done.stderr

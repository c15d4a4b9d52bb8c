"""`python -m esf_flows.nightly` and `python -m esf_flows.serve` as processes of their own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.conftest import PREFECT, processes_of

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
    del apart["PREFECT_HOME"]
    home = str(warehouse / ".prefect")
    log = tmp_path / "serve.log"
    arguments = ["--landing", "landing", "--warehouse", "warehouse", "--cron", "* * * * *", "--port", str(free_port)]
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

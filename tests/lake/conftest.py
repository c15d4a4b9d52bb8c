"""A real PostgreSQL for the tests of the lake, Debian's, on loopback; without it they are skipped."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from esf_etl.warehouse import reading
from esf_etl.warehouse.lake.address import Lake, read_lake
from tests.integration.conftest import Job, environment

_USER = "postgres"


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server of our own, with its data below a temporary folder."""

    programs: Path
    data: Path
    port: int
    _as_user: list[str] = field(default_factory=list)

    def call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*self._as_user, str(self.programs / program), *arguments]
        # pg_ctl's server would keep a pipe of ours open.
        return subprocess.run(
            command, check=True, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=self.data.parent
        )

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self.call("pg_ctl", "-D", str(self.data), "-l", str(self.data.parent / "log"), "-o", options, "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        self.call("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    def make_database(self) -> str:
        """A new, empty database; returns how libpq finds it."""
        name = f"lake_{uuid4().hex[:12]}"
        self.call("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "esf", name)
        return f"host=127.0.0.1 port={self.port} user=esf dbname={name}"


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server, stopped at the end."""
    programs = _programs()
    if programs is None:
        if "postgres" in os.environ.get("ESF_ETL_TESTS_NEED", "").split():
            pytest.fail("PostgreSQL is not installed, and ESF_ETL_TESTS_NEED names it")
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tmp_path_factory.mktemp("postgres"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # it refuses to run as root
        as_user = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]
        # Everything above it belongs to root, for root alone.
        folder = Path(f"/tmp/esf-etl-postgres-{uuid4().hex[:8]}")  # noqa: S108 - its name cannot be guessed
        folder.mkdir(mode=0o700)
        shutil.chown(folder, _USER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(programs, folder / "data", port, as_user)
    try:
        server.call("initdb", "-D", str(server.data), "-A", "trust", "-U", "esf", "--no-sync")
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class LakeJob(Job):
    """A job that writes to a lake; its folder `warehouse` has the run's own things."""

    address: str = ""
    data: str = ""

    def settings(self, **changes: Any) -> Any:
        # Named: a class with slots is another one than `super()` without arguments means.
        return Job.settings(self, **{"lake": self.address, "lake_data": self.data, **changes})

    @property
    def lake(self) -> Lake:
        return read_lake(self.address)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return reading.run_query(self.lake, query)[2]

    def digest(self) -> str:
        return reading.warehouse_digest(self.lake)

    def environment(self) -> dict[str, str]:
        """That of a process whose commands mean this lake."""
        return environment(
            ESF_ETL_LAKE=self.address,
            ESF_ETL_LAKE_DATA=self.data,
            ESF_ETL_WAREHOUSE=str(self.warehouse),
            ESF_ETL_LANDING=str(self.landing),
            ESF_ETL_SETTLE_S="0",
        )

    def beside(self, landing: Path, warehouse: Path) -> LakeJob:
        """Another job that writes another landing folder into the same lake."""
        landing.mkdir(exist_ok=True)
        return LakeJob(landing, warehouse, self.address, self.data)


@pytest.fixture
def lake_job(postgres: Server, tmp_path: Path) -> LakeJob:
    """An empty landing folder, and a lake that nobody has made yet."""
    landing = tmp_path / "landing"
    landing.mkdir()
    address = f"ducklake:postgres:{postgres.make_database()}"
    return LakeJob(landing, tmp_path / "state", address, str(tmp_path / "lake"))

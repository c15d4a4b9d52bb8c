"""A real PostgreSQL for the tests of the lake, Debian's, on loopback; without it they are skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scale.postgres import Server, programs, running
from esf_etl.warehouse import reading
from esf_etl.warehouse.lake.address import Lake, read_lake
from tests.integration.conftest import Job, environment

__all__ = ["LakeJob", "Server"]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server, stopped at the end."""
    where = programs()
    if where is None:
        if "postgres" in os.environ.get("ESF_ETL_TESTS_NEED", "").split():
            pytest.fail("PostgreSQL is not installed, and ESF_ETL_TESTS_NEED names it")
        pytest.skip("PostgreSQL is not installed")
    with running(where, tmp_path_factory.mktemp("postgres")) as server:
        yield server


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

"""The upkeep of a lake as a flow."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.flows.conftest import PREFECT
from tests.integration.conftest import project
from tests.lake.conftest import LakeJob, Server, postgres

__all__ = ["postgres"]

pytestmark = PREFECT


def test_it_says_what_it_did_and_changes_nothing_that_can_be_asked(
    api: httpx.Client,
    postgres: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from esf_flows.upkeep import lake_upkeep

    landing = tmp_path / "landing"
    landing.mkdir()
    address = f"ducklake:postgres:{postgres.make_database()}"
    job = LakeJob(landing, tmp_path / "state", address, str(tmp_path / "lake"))
    for night in range(1, 4):
        for which in range(12):
            job.put(f"{which}.txt", project(f"Projekt {which}", owner=f"Ägare {night}"), on_day=night)
        job.ingest()
    before = job.digest()

    monkeypatch.delenv("ESF_ETL_LAKE", raising=False)
    unnamed = lake_upkeep(return_state=True)
    state = lake_upkeep(address, 0, return_state=True)

    assert unnamed.is_failed()
    assert "Set ESF_ETL_LAKE" in str(unnamed.message)
    assert state.is_completed()
    assert "snapshots expired" in str(state.message)
    assert job.digest() == before
    assert job.value("SELECT count(*) FROM history.project") == 36

"""The nightly flow of a lake: what a run leaves for the operator, as it does for a folder."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.flows.conftest import CONTACT, PREFECT
from tests.flows.test_nightly import Nightly
from tests.lake.conftest import Server, postgres

__all__ = ["postgres"]

pytestmark = PREFECT


def test_a_run_into_a_lake_leaves_its_summary_with_rejects_and_the_report_page(
    api: httpx.Client,
    with_rejects: Path,
    warehouse: Path,
    postgres: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("ESF_ETL_LAKE_DATA", str(tmp_path / "lake"))
    address = f"ducklake:postgres:{postgres.make_database()}"
    nightly = Nightly(api, with_rejects, warehouse)

    state = nightly(lake=address)

    assert (state.name, state.message) == ("Completed with rejects", "Published: 3 loaded, 2 rejected.")
    names = [task["name"] for task in nightly.task_runs(state, expected=7)]
    assert set(names) == {"ingest", "look", "parse", "write", "audit", "publish", "report-page"}
    text = nightly.artifact()["data"]
    assert "| Snapshot | published in the lake |" in text
    assert "| `article` | `news/article.txt:1` |" in text
    assert (warehouse / "report.html").absolute().as_uri() in text
    page = (warehouse / "report.html").read_text(encoding="utf-8")
    assert "Påhittade kommunen" in page
    for secret in (CONTACT.name, CONTACT.email, CONTACT.phone):
        assert str(secret) not in text + page
    assert not (warehouse / "current").exists()

    assert nightly(lake=address).message == "Nothing new: 5 unchanged."
    assert "none published" in nightly.artifact()["data"]


def test_a_password_among_the_parameters_fails_the_run_and_is_not_said_again(
    api: httpx.Client, landing: Path, warehouse: Path
) -> None:
    secret = "kugghjul9"  # noqa: S105 # pragma: allowlist secret
    nightly = Nightly(api, landing, warehouse)

    state = nightly(lake=f"ducklake:postgres:host=127.0.0.1 port=1 dbname=x password={secret}")

    assert state.is_failed()
    assert "PGPASSWORD" in str(state.message)
    assert secret not in json.dumps([str(state.message), *(line["message"] for line in nightly.logs(state))])


def test_the_form_describes_the_lake(api: httpx.Client) -> None:
    from esf_flows.nightly import nightly

    assert "ducklake:postgres:" in nightly.parameters.properties["lake"]["description"]

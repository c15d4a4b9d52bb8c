"""The report page after a nightly run: a task of its own, that fails without failing what is published."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from esf_etl import render
from esf_etl.warehouse.folder import WarehouseFolder
from tests.flows.conftest import PREFECT, project
from tests.flows.test_nightly import Nightly

pytestmark = PREFECT


@pytest.fixture
def run(api: httpx.Client, landing: Path, warehouse: Path) -> Nightly:
    """The flow over three pages."""
    return Nightly(api, landing, warehouse)


def test_a_run_that_publishes_leaves_the_page_beside_the_snapshots(
    run: Nightly,
    warehouse: Path,
) -> None:
    state = run()

    assert state.name == "Completed"
    assert "Påhittade kommunen" in (warehouse / "report.html").read_text(encoding="utf-8")
    assert list(warehouse.rglob("snapshots/**/report.html")) == []


def test_a_run_with_nothing_new_leaves_the_page_as_it_is_and_makes_a_missing_one(
    run: Nightly,
    warehouse: Path,
) -> None:
    run()
    page = warehouse / "report.html"
    page.write_text("as it was", encoding="utf-8")

    run()
    assert page.read_text(encoding="utf-8") == "as it was"

    page.unlink()
    run()
    assert page.is_file()


@pytest.mark.parametrize("way", ["parameter", "variable"])
def test_the_page_can_be_turned_off(
    run: Nightly,
    warehouse: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    if way == "variable":
        monkeypatch.setenv("ESF_ETL_REPORT_PAGE", "no")
        assert run().name == "Completed"
    else:
        assert run(report_page=False).name == "Completed"

    assert not (warehouse / "report.html").exists()


def test_the_lock_is_free_while_the_page_is_made(
    run: Nightly,
    warehouse: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = []

    def make(root: Path, **_: object) -> None:
        with WarehouseFolder(root).locked():
            taken.append(root)

    monkeypatch.setattr("esf_flows.page.write_page", make)
    run()

    assert taken == [warehouse]


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ModuleNotFoundError("No module named 'altair'", name="altair"), "pip install 'esf-etl[reports]'"),
        (ValueError("Påhittade kommunen is odd"), "Unexpected ValueError"),
    ],
)
def test_a_page_that_cannot_be_made_fails_its_task_and_warns_but_not_the_run(
    run: Nightly,
    landing: Path,
    warehouse: Path,
    monkeypatch: pytest.MonkeyPatch,
    problem: Exception,
    said: str,
) -> None:
    run()
    before = (warehouse / "report.html").read_bytes()
    (landing / "later.txt").write_text(render(project(9)), encoding="utf-8")

    def fail(*_: object, **_named: object) -> None:
        raise problem

    monkeypatch.setattr("esf_flows.page.write_page", fail)
    state = run()

    assert (state.name, state.message) == ("Completed", "Published: 1 loaded, 3 unchanged.")
    tasks = run.task_runs(state, expected=6)
    assert (tasks[-1]["name"], tasks[-1]["state"]["type"]) == ("report-page", "FAILED")
    warnings = [line["message"] for line in run.logs(state) if line["level"] == 30]
    (warning,) = [line for line in warnings if line.startswith("The report page was not made")]
    assert said in warning
    assert "is odd" not in warning
    assert (warehouse / "report.html").read_bytes() == before

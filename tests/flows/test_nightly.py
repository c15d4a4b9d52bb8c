"""The flow `nightly`, against a real Prefect server: its states, tasks, artifact, and what it keeps to itself."""

from __future__ import annotations

import sqlite3
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from esf_etl import render
from esf_etl.errors import LockHeld
from esf_etl.pipeline import ingest
from esf_etl.warehouse import journal
from esf_etl.warehouse.folder import WarehouseFolder
from tests.flows.conftest import CONTACT, PREFECT, PROSE, UNREADABLE, project
from tests.promises import Tally

if TYPE_CHECKING:
    from prefect import State

pytestmark = PREFECT


class Nightly:
    """The flow, called as an operator's Prefect would, and what the server knows of its runs."""

    def __init__(self, api: httpx.Client, landing: Path, warehouse: Path) -> None:
        self._api = api
        self._parameters: dict[str, Any] = {"landing": str(landing), "warehouse": str(warehouse), "settle_s": 0}
        self._parameters["retries"] = 0

    def __call__(self, **parameters: Any) -> State[Any]:
        from esf_flows.nightly import nightly

        state: State[Any] = nightly(**(self._parameters | parameters), return_state=True)
        return state

    def flow_run(self, state: State[Any]) -> dict[str, Any]:
        found = self._api.get(f"/flow_runs/{state.state_details.flow_run_id}").raise_for_status()
        values: dict[str, Any] = found.json()
        return values

    def _filter(self, what: str, state: State[Any]) -> list[dict[str, Any]]:
        query = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}
        if what == "logs":
            query = {"logs": {"flow_run_id": {"any_": [str(state.state_details.flow_run_id)]}}}
        found: list[dict[str, Any]] = self._api.post(f"/{what}/filter", json=query).raise_for_status().json()
        return found

    def task_runs(self, state: State[Any], *, expected: int) -> list[dict[str, Any]]:
        """Its task runs in their order. The server learns of them by events, some time later."""
        until = time.monotonic() + 30
        while len(found := self._filter("task_runs", state)) < expected and time.monotonic() < until:
            time.sleep(0.2)
        return sorted(found, key=lambda run: str(run["start_time"]))

    def logs(self, state: State[Any]) -> list[dict[str, Any]]:
        """All its log lines, which are sent every two seconds: the flow's last one is that it finished."""
        until = time.monotonic() + 30
        while True:
            found = self._filter("logs", state)
            of_the_flow = [line["message"] for line in found if line["name"] == "prefect.flow_runs"]
            if any(line.startswith("Finished in state") for line in of_the_flow) or time.monotonic() > until:
                return sorted(found, key=lambda line: str(line["timestamp"]))
            time.sleep(0.2)

    def told(self, state: State[Any]) -> str:
        """All its log lines as one text."""
        return "\n".join(line["message"] for line in self.logs(state))

    def artifact(self) -> dict[str, Any]:
        found: dict[str, Any] = self._api.get("/artifacts/run-summary/latest").raise_for_status().json()
        return found


@pytest.fixture
def nightly(api: httpx.Client, landing: Path, warehouse: Path) -> Nightly:
    return Nightly(api, landing, warehouse)


# ---- states -----------------------------------------------------------------------------------------------------


def test_a_run_completes_and_says_what_it_did(nightly: Nightly) -> None:
    state = nightly()

    assert (state.type, state.name, state.message) == ("COMPLETED", "Completed", "Published: 3 loaded.")


def test_a_run_with_rejects_completes_named_as_such(nightly: Nightly, with_rejects: Path) -> None:
    state = nightly()

    assert (state.type, state.name) == ("COMPLETED", "Completed with rejects")
    assert state.message == "Published: 3 loaded, 2 rejected."
    assert nightly.flow_run(state)["state"]["name"] == "Completed with rejects"


def test_a_second_run_has_nothing_new_and_no_new_rejects(nightly: Nightly, with_rejects: Path) -> None:
    nightly()

    state = nightly()

    assert (state.name, state.message) == ("Completed", "Nothing new: 5 unchanged.")


def test_a_run_beside_another_ends_at_once_without_failing(nightly: Nightly, warehouse: Path) -> None:
    folder = WarehouseFolder(warehouse)
    folder.create()
    with folder.locked():
        since = time.monotonic()
        state = nightly()
        elapsed_s = time.monotonic() - since

    assert (state.type, state.name) == ("CANCELLED", "Lock held")
    assert "holds the lock" in str(state.message)
    assert "nothing was done" in str(state.message)
    assert elapsed_s < 10
    assert journal.read(folder.journal) == []


def test_a_missing_landing_folder_fails_the_run_and_says_what_to_do(nightly: Nightly, tmp_path: Path) -> None:
    state = nightly(landing=str(tmp_path / "unmounted"))

    assert (state.type, state.name) == ("FAILED", "Failed")
    assert state.message == (
        f"{tmp_path / 'unmounted'}: the landing folder does not exist. Is the disk mounted?"
        " Name the folder with --landing."
    )


def test_settings_that_cannot_be_meant_fail_the_run_and_are_named(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESF_ETL_WORKERS", "0")

    state = nightly()

    assert state.type == "FAILED"
    assert "workers is 0" in str(state.message)


def test_a_parameter_out_of_bounds_fails_the_run_before_it_begins(nightly: Nightly, warehouse: Path) -> None:
    state = nightly(workers=0)

    assert state.type == "FAILED"
    assert "workers: Input should be greater than or equal to 1" in str(state.message)
    assert not warehouse.exists()


def test_a_setting_not_given_comes_from_the_environment(
    nightly: Nightly, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESF_ETL_LANDING", str(landing))
    monkeypatch.setenv("ESF_ETL_SETTLE_S", "3600")

    state = nightly(landing=None, settle_s=None)

    assert state.message == "Nothing new: 3 deferred."


def test_no_settle_time_is_a_setting_too(nightly: Nightly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_SETTLE_S", "3600")

    assert nightly(settle_s=0).message == "Published: 3 loaded."


# ---- errors that may pass, and those that do not -----------------------------------------------------------------


def digest_of(landing: Path, warehouse: Path) -> str:
    """The digest of a warehouse made of these pages at once, beside the other."""
    from esf_etl.settings import IngestSettings
    from esf_etl.warehouse.reading import warehouse_digest

    other = warehouse.with_name("made-at-once")
    ingest(IngestSettings(landing, other, settle_s=0))
    return warehouse_digest(other)


@pytest.mark.promise("healing")
def test_a_landing_folder_that_is_away_for_a_while_is_tried_again(
    nightly: Nightly, landing: Path, warehouse: Path, tally: Tally
) -> None:
    from esf_etl.warehouse.reading import warehouse_digest

    away = landing.rename(landing.with_name("away"))
    back = threading.Timer(4, lambda: away.rename(landing))
    back.start()

    state = nightly(retries=5, retry_delay_s=1)
    back.join()

    assert (state.type, state.message) == ("COMPLETED", "Published: 3 loaded.")
    tasks = nightly.task_runs(state, expected=9)
    looks = [task["state"]["type"] for task in tasks if task["name"] == "look"]
    (whole,) = (task for task in tasks if task["name"] == "ingest")
    assert looks == ["FAILED"] * (len(looks) - 1) + ["COMPLETED"]
    assert whole["run_count"] == len(looks) > 1
    outcomes = [entry["outcome"] for entry in journal.read(WarehouseFolder(warehouse).journal) if "outcome" in entry]
    assert outcomes == ["failed"] * (len(looks) - 1) + ["published"]
    assert warehouse_digest(warehouse) == digest_of(landing, warehouse)
    tally("the landing folder away for some seconds, with retries", "Completed, the digest of an undisturbed run")


def test_an_error_that_does_not_pass_fails_the_run_when_its_retries_are_used_up(
    nightly: Nightly, landing: Path, warehouse: Path
) -> None:
    landing.rename(landing.with_name("away"))

    state = nightly(retries=2, retry_delay_s=0.1)

    assert (state.type, state.name) == ("FAILED", "Failed")
    assert "the landing folder does not exist" in str(state.message)
    ended = [entry for entry in journal.read(WarehouseFolder(warehouse).journal) if entry["event"] == "ended"]
    assert [entry["error_code"] for entry in ended] == ["landing-missing"] * 3


@pytest.mark.promise("healing")
def test_an_error_that_will_not_pass_is_not_tried_again(
    nightly: Nightly, landing: Path, warehouse: Path, tally: Tally
) -> None:
    nightly()
    (landing / "page-4.txt").write_text(render(project(4)), encoding="utf-8")
    database = (warehouse / "current" / "esf.duckdb").resolve()
    database.chmod(0o644)
    with database.open("ab") as file:
        file.write(b"rot")
    before = database.read_bytes()

    state = nightly(retries=3, retry_delay_s=60)

    assert (state.type, state.name) == ("FAILED", "Failed")
    assert "its checksum differs" in str(state.message)
    assert (warehouse / "current" / "esf.duckdb").read_bytes() == before
    assert [task["name"] for task in nightly.task_runs(state, expected=4)] == ["ingest", "look", "parse", "write"]
    tally("a damaged snapshot, with retries", "Failed at once, nothing published")


def test_a_lock_that_is_held_is_not_waited_for_by_retrying(nightly: Nightly, warehouse: Path) -> None:
    folder = WarehouseFolder(warehouse)
    folder.create()
    with folder.locked():
        state = nightly(retries=3, retry_delay_s=60)

    assert (state.type, state.name) == ("CANCELLED", "Lock held")
    (task,) = nightly.task_runs(state, expected=1)
    assert (task["name"], task["state"]["type"], task["run_count"]) == ("ingest", "CANCELLED", 1)


def test_a_server_that_cannot_show_the_progress_or_keep_the_summary_fails_no_run(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        msg = "the server is on its knees"
        raise httpx.ConnectError(msg)

    monkeypatch.setattr("esf_flows.bar.create_progress_artifact", refuse)
    monkeypatch.setattr("esf_flows.artifact.create_markdown_artifact", refuse)

    state = nightly()

    assert (state.type, state.message) == ("COMPLETED", "Published: 3 loaded.")
    told = nightly.told(state)
    assert "The progress is shown no longer: Unexpected ConnectError" in told
    assert "The summary could not be left: Unexpected ConnectError" in told


# ---- what Prefect sees ------------------------------------------------------------------------------------------


def test_each_coarse_step_is_one_task(nightly: Nightly) -> None:
    state = nightly()

    tasks = nightly.task_runs(state, expected=7)
    assert [task["name"] for task in tasks] == ["ingest", "look", "parse", "write", "audit", "publish", "report-page"]
    assert {(task["state"]["type"], task["run_count"]) for task in tasks} == {("COMPLETED", 1)}


def test_the_step_that_fails_is_the_task_that_fails(nightly: Nightly, tmp_path: Path) -> None:
    state = nightly(landing=str(tmp_path / "unmounted"))

    tasks = nightly.task_runs(state, expected=2)
    assert [(task["name"], task["state"]["type"]) for task in tasks] == [("ingest", "FAILED"), ("look", "FAILED")]
    assert all("does not exist" in task["state"]["message"] for task in tasks)


def test_a_run_is_named_for_its_landing_folder_and_the_day(nightly: Nightly, landing: Path) -> None:
    state = nightly()

    assert nightly.flow_run(state)["name"] == f"{landing} {datetime.now().astimezone():%Y-%m-%d}"


def test_the_log_of_a_run_names_its_stages(nightly: Nightly) -> None:
    state = nightly()

    told = [line["message"] for line in nightly.logs(state)]
    stages = [line.removeprefix("Stage ") for line in told if line.startswith("Stage ")]
    assert stages[:2] == ["look", "parse"]
    assert stages[-2:] == ["flip", "record"]


def test_the_artifact_has_counts_rejects_findings_and_times(nightly: Nightly, with_rejects: Path) -> None:
    page = render(project(5)).replace("ProjektägarePåhittade kommunen", "Projektägaresaknas")
    (with_rejects / "no-owner.txt").write_text(page, encoding="utf-8")

    state = nightly()

    artifact = nightly.artifact()
    assert artifact["flow_run_id"] == str(state.state_details.flow_run_id)
    assert (artifact["type"], artifact["description"]) == ("markdown", "Published: 4 loaded, 2 rejected.")
    text = artifact["data"]
    assert "6 seen = 0 unchanged + 0 deferred + 4 loaded + 0 same-content + 0 superseded + 2 rejected." in text
    assert "| `article` | `news/article.txt:1` |" in text
    assert "`unreadable.txt:11` | grant_sek: expected " in text
    assert "| `owner-missing` | 1 |" in text
    assert "| parse | 0." in text


def test_the_artifact_of_an_idle_run_still_names_what_stands_rejected(nightly: Nightly, with_rejects: Path) -> None:
    nightly()
    nightly()

    text = nightly.artifact()["data"]
    assert text.startswith("# Nothing new: 5 unchanged.")
    assert "| earlier |" in text
    assert "| now |" not in text


def test_the_progress_moves_while_pages_are_parsed(
    nightly: Nightly, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.artifacts import update_progress_artifact

    seen: list[tuple[float, str]] = []

    def update_and_look(artifact: Any, *arguments: Any, **named: Any) -> Any:
        done = update_progress_artifact(artifact, *arguments, **named)
        found = api.get(f"/artifacts/{artifact}").raise_for_status().json()
        seen.append((found["data"], found["description"]))
        return done

    monkeypatch.setattr("esf_flows.bar.update_progress_artifact", update_and_look)
    monkeypatch.setattr("esf_flows.bar._EVERY_S", 0.0)
    monkeypatch.setattr("esf_etl.intake._FILES_A_CHUNK", 1)

    state = nightly(workers=1)

    parsing = [(round(percent), text) for percent, text in seen if text.startswith("parse: ")]
    assert parsing == [
        (25, "parse: 1 of 3 files"),
        (45, "parse: 2 of 3 files"),
        (65, "parse: 3 of 3 files"),
    ]
    percents = [percent for percent, _ in seen]
    assert percents == sorted(percents)
    assert seen[-1] == (100.0, "Published: 3 loaded.")
    shown = api.get("/artifacts/run-progress/latest").raise_for_status().json()
    assert (shown["type"], shown["data"]) == ("progress", 100.0)
    assert shown["flow_run_id"] == str(state.state_details.flow_run_id)


def test_the_summary_counts_rejects_by_code_and_links_to_the_report_page(
    nightly: Nightly, with_rejects: Path, warehouse: Path
) -> None:
    nightly()

    text = nightly.artifact()["data"]
    assert "| code | files |" in text
    assert "| `article` | 1 |" in text
    assert f"| Report page | [report.html](<file://{warehouse}/report.html>) |" in text
    assert (warehouse / "report.html").is_file()


def test_a_newer_parser_is_noticed_and_reading_again_is_offered(
    nightly: Nightly, deployed: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.settings import PREFECT_UI_URL, temporary_settings

    nightly()
    assert "newer parser" not in nightly.artifact()["data"]
    monkeypatch.setattr("esf_etl.run.PARSER_VERSION", "999")

    with temporary_settings({PREFECT_UI_URL: "http://127.0.0.1:4200"}):
        state = nightly()

    assert state.message == "Nothing new: 3 unchanged."
    text = nightly.artifact()["data"]
    assert "3 files were read by another version of the parser than this one, which is 999." in text
    assert (
        f"run [nightly/reprocess](<http://127.0.0.1:4200/deployments/deployment/{deployed['reprocess']['id']}>)" in text
    )
    offer = "To read them again: the deployment nightly/reprocess."
    assert offer in nightly.told(state)
    assert nightly(reprocess=True).message == "Published: 0 loaded, 3 same-content."
    assert "newer parser" not in nightly.artifact()["data"]


def test_every_parameter_is_described(api: httpx.Client) -> None:
    from esf_flows.nightly import nightly as flow

    described = {name: spec.get("description") for name, spec in flow.parameters.properties.items()}

    assert {"landing", "warehouse", "workers", "settle_s", "reprocess", "retries", "timeout_s"} <= set(described)
    assert all(described.values())


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("workers", 0),
        ("workers", "many"),
        ("settle_s", -1),
        ("keep_snapshots", 0),
        ("landing", ""),
        ("reprocess", "perhaps"),
        ("retries", 11),
        ("timeout_s", 0),
    ],
)
def test_the_server_refuses_a_run_with_a_parameter_that_cannot_be_meant(
    deployed: dict[str, dict[str, Any]], api: httpx.Client, parameter: str, value: object
) -> None:
    asked = {"parameters": {parameter: value}}

    answer = api.post(f"/deployments/{deployed['nightly']['id']}/create_flow_run", json=asked)

    assert answer.status_code == 409
    assert parameter in answer.text


# ---- what Prefect must not see ----------------------------------------------------------------------------------


def everything_prefect_keeps() -> str:
    """All text in the database of the Prefect server of these tests."""
    from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL

    path = str(PREFECT_SERVER_DATABASE_CONNECTION_URL.value()).partition("///")[2]
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        text = "\n".join(connection.iterdump())
    connection.close()
    return text


@pytest.mark.promise("personal")
@pytest.mark.parametrize("with_contacts", [False, True])
def test_nothing_of_a_page_and_no_contact_reaches_prefect(
    with_contacts: bool,
    nightly: Nightly,
    with_rejects: Path,
    warehouse: Path,
) -> None:
    state = nightly(with_contacts=with_contacts)
    assert (warehouse / "private" / "contacts.duckdb").is_file() == with_contacts
    nightly.logs(state)
    nightly.task_runs(state, expected=7)

    kept = everything_prefect_keeps()

    assert "unreadable.txt:11" in kept
    for secret in (CONTACT.name, CONTACT.email, CONTACT.phone, PROSE, UNREADABLE, "Påhittade kommunen"):
        assert secret is not None
        assert secret not in kept


def test_an_unexpected_error_is_told_without_its_message(nightly: Nightly, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        msg = f"could not convert {PROSE!r} of {CONTACT.email}"
        raise ValueError(msg)

    monkeypatch.setattr("esf_etl.intake.elect", fail)

    state = nightly()

    assert state.type == "FAILED"
    assert str(state.message).startswith("Unexpected ValueError in test_nightly.py, line ")
    told = "\n".join(line["message"] for line in nightly.logs(state))
    assert "ValueError, by way of:" in told
    assert "pipeline.py" in told
    kept = everything_prefect_keeps()
    assert "Unexpected ValueError" in kept
    assert f"convert '{PROSE}'" not in kept
    assert f"of {CONTACT.email}" not in kept


def test_no_result_is_stored(nightly: Nightly, api: httpx.Client) -> None:
    from prefect.settings import PREFECT_HOME

    storage = Path(PREFECT_HOME.value()) / "storage"
    before = list(storage.rglob("*"))

    nightly()

    assert list(storage.rglob("*")) == before


# ---- the hook ---------------------------------------------------------------------------------------------------


def test_a_step_is_called_once_in_the_thread_of_the_flow(api: httpx.Client) -> None:
    from prefect import flow

    from esf_flows.steps import as_task

    calls = []

    @flow
    def caller() -> None:
        as_task("look", lambda: calls.append(threading.get_ident()))

    caller()

    assert calls == [threading.get_ident()]


def test_a_step_raises_what_it_raised_and_is_not_tried_again(api: httpx.Client) -> None:
    from prefect import flow

    from esf_flows.steps import as_task

    problem = LockHeld("held")
    calls = []
    caught = []

    def call() -> None:
        calls.append(1)
        raise problem

    @flow
    def caller() -> None:
        try:
            as_task("look", call)
        except LockHeld as found:
            caught.append(found)

    caller()

    assert calls == [1]
    assert caught == [problem]


def test_the_flow_does_what_the_pipeline_does(nightly: Nightly, landing: Path, warehouse: Path, tmp_path: Path) -> None:
    from esf_etl.settings import IngestSettings
    from esf_etl.warehouse.reading import warehouse_digest

    nightly()
    ingest(IngestSettings(landing, tmp_path / "other", settle_s=0))

    assert warehouse_digest(warehouse) == warehouse_digest(tmp_path / "other")


# ---- the command ------------------------------------------------------------------------------------------------


@pytest.fixture
def command(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`python -m esf_flows.nightly` in this process, with a server configured."""
    from esf_flows.nightly import main

    monkeypatch.setenv("ESF_ETL_SETTLE_S", "0")
    # Else it changes how this process logs.
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "INFO")
    return main


def test_the_command_prints_the_summary_and_ends_with_0(
    command: Any, landing: Path, warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = command(["--landing", str(landing), "--warehouse", str(warehouse)])

    assert status == 0
    assert capsys.readouterr().out == "Published: 3 loaded.\n"


def test_the_command_ends_with_1_where_the_run_fails(
    command: Any, warehouse: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = command(["--landing", str(tmp_path / "unmounted"), "--warehouse", str(warehouse)])

    assert status == 1
    assert "the landing folder does not exist" in capsys.readouterr().err


def test_the_command_ends_with_3_where_another_run_holds_the_lock(
    command: Any, landing: Path, warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = WarehouseFolder(warehouse)
    folder.create()
    with folder.locked():
        status = command(["--landing", str(landing), "--warehouse", str(warehouse)])

    assert status == 3
    assert "holds the lock" in capsys.readouterr().err


def test_the_command_ends_with_2_where_it_is_used_wrongly(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command(["--workers", "0"])

    assert ended.value.code == 2
    assert "workers is 0" in capsys.readouterr().err

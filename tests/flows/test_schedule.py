"""When the flow runs: the schedule on the clock, and what `prefect.yaml` deploys."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from esf_etl.settings import IngestSettings
from tests.flows.conftest import PREFECT, ROOT

pytestmark = PREFECT

STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.mark.parametrize(("year", "nights"), [(2026, 365), (2027, 365), (2028, 366)])
def test_every_night_of_a_year_has_one_run_at_half_past_three(api: httpx.Client, year: int, nights: int) -> None:
    from prefect.server.schemas.schedules import CronSchedule

    from esf_flows.deployments import CRON, TIMEZONE

    first = datetime(year, 1, 1, tzinfo=STOCKHOLM)
    schedule = CronSchedule(cron=CRON, timezone=TIMEZONE)
    runs = [run.astimezone(STOCKHOLM) for run in asyncio.run(schedule.get_dates(n=nights, start=first))]

    assert {run.time() for run in runs} == {time(3, 30)}
    assert [run.date() for run in runs] == [first.date() + timedelta(days=day) for day in range(nights)]
    # Both changes of the clocks are among them.
    assert set(Counter(run.utcoffset() for run in runs)) == {timedelta(hours=2), timedelta(hours=1)}


@pytest.mark.parametrize(
    ("first", "changes_on", "hours"),
    [(date(2026, 10, 20), date(2026, 10, 25), (2, 1)), (date(2027, 3, 23), date(2027, 3, 28), (1, 2))],
)
def test_the_server_plans_one_run_a_night_also_when_the_clocks_change(
    deployed: dict[str, dict[str, Any]], api: httpx.Client, first: date, changes_on: date, hours: tuple[int, int]
) -> None:
    begin = datetime.combine(first, time(), STOCKHOLM)
    end = datetime.combine(first + timedelta(days=10), time(), STOCKHOLM)
    asked = {"start_time": begin.isoformat(), "end_time": end.isoformat(), "min_runs": 10}
    path = f"/deployments/{deployed['nightly']['id']}/schedule"
    until = monotonic() + 60
    while (answer := api.post(path, json=asked)).status_code == httpx.codes.SERVICE_UNAVAILABLE and monotonic() < until:
        sleep(1)  # its database is busy
    answer.raise_for_status()

    query = {
        "flow_runs": {
            "deployment_id": {"any_": [deployed["nightly"]["id"]]},
            "expected_start_time": {"after_": begin.isoformat(), "before_": end.isoformat()},
        },
        "sort": "EXPECTED_START_TIME_ASC",
    }
    planned = api.post("/flow_runs/filter", json=query).raise_for_status().json()
    for run in planned:
        # No worker may find those that are due already.
        api.delete(f"/flow_runs/{run['id']}").raise_for_status()

    assert {run["state_type"] for run in planned} == {"SCHEDULED"}
    starts = [datetime.fromisoformat(run["expected_start_time"]).astimezone(STOCKHOLM) for run in planned]
    assert [start.date() for start in starts] == [first + timedelta(days=day) for day in range(10)]
    assert {start.time() for start in starts} == {time(3, 30)}
    before, after = hours
    assert [start.utcoffset() for start in starts] == [
        timedelta(hours=before if start.date() < changes_on else after) for start in starts
    ]


@pytest.mark.slow
def test_prefect_deploys_what_prefect_yaml_says(deployed: dict[str, dict[str, Any]]) -> None:
    from prefect.flows import load_flow_from_entrypoint

    from esf_flows.deployments import BY_HAND, CRON, NIGHTLY, TIMEZONE, UPKEEP, UPKEEP_CRON

    assert set(deployed) == {NIGHTLY, *BY_HAND, UPKEEP} == {"nightly", "reprocess", "rebuild", "lake-upkeep"}
    upkeep = deployed[UPKEEP]
    (weekly,) = upkeep["schedules"]
    assert not weekly["active"]  # it would fail every week where there is no lake
    assert (weekly["schedule"]["cron"], weekly["schedule"]["timezone"]) == ("30 5 * * 0", "Europe/Stockholm")
    assert (weekly["schedule"]["cron"], weekly["schedule"]["timezone"]) == (UPKEEP_CRON, TIMEZONE)
    (schedule,) = deployed["nightly"]["schedules"]
    assert schedule["active"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("30 3 * * *", "Europe/Stockholm")
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == (CRON, TIMEZONE)
    for name, one in deployed.items():
        assert one["schedules"] == {NIGHTLY: [schedule], UPKEEP: [weekly]}.get(name, [])
        assert one["global_concurrency_limit"]["limit"] == 1
        assert one["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
        folders = {} if name == UPKEEP else {"landing": "landing", "warehouse": "warehouse"}
        assert one["parameters"] == folders | BY_HAND.get(name, {})
        assert one["enforce_parameter_schema"]
        assert one["description"]
        (step,) = one["pull_steps"]
        assert step == {"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}
        name_of_flow = load_flow_from_entrypoint(str(ROOT / one["entrypoint"])).name
        assert name_of_flow == ("lake-upkeep" if name == UPKEEP else "nightly")


def test_serve_deploys_the_same_as_prefect_yaml(deployed: dict[str, dict[str, Any]]) -> None:
    from esf_etl.settings import IngestSettings
    from esf_flows.deployments import deployments

    served = {one.name: one for one in deployments(IngestSettings())}

    assert set(served) == set(deployed) - {"lake-upkeep"}
    for name, one in served.items():
        same = deployed[name]
        assert one.description == same["description"]
        assert set(one.parameters) == set(same["parameters"])
        assert [str(getattr(planned.schedule, "cron", None)) for planned in one.schedules or []] == [
            planned["schedule"]["cron"] for planned in same["schedules"]
        ]


def test_serve_of_a_lake_has_its_upkeep_and_no_rebuild(deployed: dict[str, dict[str, Any]]) -> None:
    from esf_flows.deployments import deployments

    lake = "ducklake:postgres:host=db.example dbname=esf user=etl"
    served = {one.name: one for one in deployments(IngestSettings(lake=lake))}

    assert set(served) == {"nightly", "reprocess", "lake-upkeep"}
    upkeep, same = served["lake-upkeep"], deployed["lake-upkeep"]
    assert (upkeep.flow_name, upkeep.description) == ("lake-upkeep", same["description"])
    assert upkeep.parameters == {"lake": lake}
    (planned,) = upkeep.schedules or []
    (other,) = same["schedules"]
    assert planned.active
    assert [str(getattr(planned.schedule, name)) for name in ("cron", "timezone")] == [
        other["schedule"][name] for name in ("cron", "timezone")
    ]
    assert upkeep.concurrency_limit == 1
    assert {name: served[name].parameters["lake"] for name in ("nightly", "reprocess")} == dict.fromkeys(
        ("nightly", "reprocess"), lake
    )
    assert {"landing", "warehouse", "lake"} == set(served["nightly"].parameters)


def test_a_password_in_the_address_of_a_lake_is_never_handed_to_the_server(api: httpx.Client) -> None:
    from esf_etl.errors import UsageError
    from esf_flows.deployments import deployments

    secret = "kugghjul9"  # noqa: S105 # pragma: allowlist secret
    for lake in (f"host=db dbname=x password={secret}", f"postgresql://etl:{secret}@db/x"):
        with pytest.raises(UsageError, match="password") as problem:
            deployments(IngestSettings(lake=f"ducklake:postgres:{lake}"))
        assert secret not in str(problem.value)


@pytest.mark.parametrize(
    ("cron", "timezone", "named"),
    [("30 3 * *", "Europe/Stockholm", "--cron"), ("30 3 * * *", "Europe/Atlantis", "--timezone")],
)
def test_a_schedule_that_is_none_is_refused(api: httpx.Client, cron: str, timezone: str, named: str) -> None:
    from esf_etl.errors import UsageError
    from esf_etl.settings import IngestSettings
    from esf_flows.deployments import deployments

    with pytest.raises(UsageError, match=named):
        deployments(IngestSettings(), cron=cron, timezone=timezone)


def test_prefect_s_own_client_can_list_runs_and_artifacts(api: httpx.Client) -> None:
    from prefect import get_client
    from prefect.artifacts import Artifact

    with get_client(sync_client=True) as client:
        client.read_flow_runs()
    assert Artifact.get("no-such-artifact") is None


def test_serve_has_prefect_remove_old_flow_runs_with_their_logs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from prefect.settings.models.server.services import ServerServicesDBVacuumSettings

    from esf_flows.serve import _configure

    assert "flow_runs" not in ServerServicesDBVacuumSettings().enabled_vacuum_types
    monkeypatch.setattr(os, "environ", os.environ | {"PREFECT_HOME": str(tmp_path)})
    _configure(IngestSettings(warehouse=tmp_path), "127.0.0.1", 4200)

    found = ServerServicesDBVacuumSettings()
    assert found.enabled_vacuum_types == {"events", "flow_runs", "orphans"}
    assert found.retention_period == timedelta(days=90)

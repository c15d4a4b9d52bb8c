"""When the flow runs: the schedule on the clock, and what `prefect.yaml` deploys."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.flows.conftest import PREFECT, ROOT, SOURCES

pytestmark = PREFECT

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def test_every_night_of_a_year_has_one_run_at_half_past_three(api: httpx.Client) -> None:
    from prefect.server.schemas.schedules import CronSchedule

    from esf_flows.deployments import CRON, TIMEZONE

    first = datetime(2027, 1, 1, tzinfo=STOCKHOLM)
    schedule = CronSchedule(cron=CRON, timezone=TIMEZONE)
    runs = [run.astimezone(STOCKHOLM) for run in asyncio.run(schedule.get_dates(n=365, start=first))]

    assert {run.time() for run in runs} == {time(3, 30)}
    assert [run.date() for run in runs] == [first.date() + timedelta(days=day) for day in range(365)]
    # Both changes of the clocks are among them: 28 March and 31 October.
    assert Counter(run.utcoffset() for run in runs) == {timedelta(hours=2): 217, timedelta(hours=1): 148}


def prefect(*arguments: str, api: httpx.Client) -> subprocess.CompletedProcess[str]:
    """Prefect's own command line, in the checkout, against the server of these tests."""
    return subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        cwd=ROOT,
        env=os.environ
        | {
            "PREFECT_API_URL": str(api.base_url).rstrip("/"),
            "PYTHONPATH": os.pathsep.join(map(str, SOURCES)),
            "PWD": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
def test_prefect_deploys_what_prefect_yaml_says(api: httpx.Client) -> None:
    from prefect.flows import load_flow_from_entrypoint

    from esf_flows.deployments import CRON, TIMEZONE

    before = (ROOT / "prefect.yaml").read_bytes()
    api.post("/work_pools/", json={"name": "esf-etl", "type": "process"}).raise_for_status()

    done = prefect("deploy", "--name", "nightly", api=api)

    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "prefect.yaml").read_bytes() == before
    deployed = api.get("/deployments/name/nightly/nightly").raise_for_status().json()
    (schedule,) = deployed["schedules"]
    assert schedule["active"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("30 3 * * *", "Europe/Stockholm")
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == (CRON, TIMEZONE)
    assert deployed["global_concurrency_limit"]["limit"] == 1
    assert deployed["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert deployed["parameters"] == {"landing": "landing", "warehouse": "warehouse"}
    (step,) = deployed["pull_steps"]
    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}
    entrypoint = deployed["entrypoint"]
    assert load_flow_from_entrypoint(str(ROOT / entrypoint)).name == "nightly"


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

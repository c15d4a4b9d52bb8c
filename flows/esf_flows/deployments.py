"""The deployments of the flow, as `esf-etl serve` has them; prefect.yaml says the same to a server of your own."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from esf_etl.errors import UsageError
from esf_etl.warehouse.lake.address import refuse_password

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment

    from esf_etl.settings import IngestSettings

__all__ = ["BY_HAND", "CRON", "NIGHTLY", "TIMEZONE", "UPKEEP", "UPKEEP_CRON", "deployments"]

CRON = "30 3 * * *"
TIMEZONE = "Europe/Stockholm"
"""Half past three: the clocks change at two and at three, so that this time exists once on every day of the year."""

NIGHTLY = "nightly"

UPKEEP = "lake-upkeep"
UPKEEP_CRON = "30 5 * * 0"
"""Sundays, when the night's run should be done; where it is not, each waits for the other's lock."""

BY_HAND: dict[str, dict[str, Any]] = {"reprocess": {"reprocess": True}, "rebuild": {"rebuild": True}}
"""The deployments without a schedule, and what their runs are told."""

_DESCRIPTIONS = {
    NIGHTLY: "Brings what is new in the landing folder into the warehouse, every night.",
    "reprocess": "Parses every file again, changed or not. Start it after a release of the parser.",
    "rebuild": "Loads all files into an empty warehouse. History, and projects whose files are gone, do not come back.",
    UPKEEP: "Makes small files of the lake large ones and expires old snapshots, every week.",
}


def deployments(settings: IngestSettings, *, cron: str = CRON, timezone: str = TIMEZONE) -> list[RunnerDeployment]:
    """The flow with its schedule, and those by hand; of each one run at a time, and a second one is cancelled.

    Where a lake is set its upkeep is one of them, and `rebuild`, which a lake has not, is none.

    Raises `UsageError` for a schedule that is none.
    """
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from esf_flows.nightly import nightly
    from esf_flows.upkeep import lake_upkeep

    try:
        zoneinfo.ZoneInfo(timezone)
    except (ValueError, zoneinfo.ZoneInfoNotFoundError) as problem:
        msg = f"--timezone is {timezone!r}; expected a name like {TIMEZONE}."
        raise UsageError(msg) from problem
    try:
        schedule = Cron(cron, timezone=timezone)
    except ValueError as problem:
        msg = f"--cron is {cron!r}; expected five fields, like {CRON!r}."
        raise UsageError(msg) from problem
    places = {"landing": str(settings.landing.absolute()), "warehouse": str(settings.warehouse.absolute())}
    flows: dict[str, tuple[Flow[..., Any], dict[str, Any]]]
    flows = {name: (nightly, places | told) for name, told in {NIGHTLY: {}, **BY_HAND}.items()}
    if settings.lake is not None:
        refuse_password(settings.lake)  # the server keeps what runs are told
        lake = {"lake": settings.lake}
        flows = {name: (flow, told | lake) for name, (flow, told) in flows.items() if name != "rebuild"}
        flows[UPKEEP] = (lake_upkeep, lake)
    schedules = {NIGHTLY: schedule, UPKEEP: Cron(UPKEEP_CRON, timezone=timezone)}
    return [
        RunnerDeployment.from_flow(
            flow,
            name=name,
            description=_DESCRIPTIONS[name],
            schedule=schedules.get(name),
            concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
            parameters=told,
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for name, (flow, told) in flows.items()
    ]

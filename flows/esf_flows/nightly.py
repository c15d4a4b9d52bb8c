"""The flow `nightly`: one run of the pipeline, seen and scheduled by Prefect.

`python -m esf_flows.nightly --landing DIR --warehouse DIR` runs it in this process, with no server configured.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from contextvars import ContextVar
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect import State, flow, get_client
from prefect.flow_engine import FlowRunTimeoutError
from prefect.logging import get_run_logger
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.utilities.timeout import timeout

from esf_etl.address import read_address
from esf_etl.cli import output
from esf_etl.cli.json_lines import JsonLines
from esf_etl.cli.progress_display import Lines
from esf_etl.cli.warehouse_option import read_warehouse
from esf_etl.errors import EsfEtlError, LockHeld, MissingExtra, UsageError
from esf_etl.settings import IngestSettings
from esf_etl.warehouse.lake.address import is_lake, lake_of, refuse_password
from esf_flows.artifact import ARTIFACT_KEY, leave_summary
from esf_flows.attempts import LOCK_HELD, ingest_with_retries, state_of
from esf_flows.bar import Bar
from esf_flows.dead import LABEL, end_dead_runs, this_process
from esf_flows.page import refresh_page
from esf_flows.parameters import Name, OneOrMore, Retries, Seconds, Timeout
from esf_flows.steps import RunLog, reason, way_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from esf_etl.batch import ChunkMapper
    from esf_etl.progress import Progress

__all__ = ["ARTIFACT_KEY", "COMPLETED_WITH_REJECTS", "LOCK_HELD", "TIMED_OUT", "main", "nightly"]

COMPLETED_WITH_REJECTS = "Completed with rejects"
"""Name of the state of a run that did its work and refused files: of type Completed, so that it alarms nobody."""

TIMED_OUT = "TimedOut"
"""Name of the state of a run that took longer than it may: of type Failed. It is Prefect's own name for that."""

_LISTENERS: ContextVar[tuple[Progress, ...]] = ContextVar("listeners", default=())
"""Who else is told of the run that starts in this context; a parameter of the flow would have to be JSON."""


_SETTINGS = tuple(field.name for field in fields(IngestSettings))


def _settings(parameters: dict[str, Any]) -> IngestSettings:
    """Settings of a run: what the flow was told, else environment, settings file, defaults. Raises `UsageError`."""
    said = {
        name: value
        for name, value in parameters.items()
        if name in _SETTINGS and value is not None and (value is not False or name == "report_page")
    }
    for name, read in (("landing", read_address), ("warehouse", read_warehouse), ("staging", read_address)):
        if name in said:
            said[name] = read(said[name])
    for place in (said.get("lake"), said.get("warehouse")):
        if isinstance(place, str) and is_lake(place):
            refuse_password(place)  # Prefect keeps what a run was told
    return IngestSettings.from_environment(**said)


def _run_name() -> str:
    """The landing folder and the day, as the clock on the wall has it; and what is special about the run."""
    try:
        settings = _settings(dict(flow_run.parameters))
    except UsageError:
        return f"unusable settings {datetime.now().astimezone():%Y-%m-%d}"
    special = " rebuild" if settings.rebuild else " reprocess" if settings.reprocess else ""
    return f"{settings.landing} {datetime.now().astimezone():%Y-%m-%d}{special}"


@flow(name="nightly", flow_run_name=_run_name, retries=0, persist_result=False)
def nightly(  # noqa: PLR0913, PLR0917 - the form that Prefect shows, set by name
    landing: Name = None,
    warehouse: Name = None,
    landing_name: Name = None,
    workers: OneOrMore = None,
    settle_s: Seconds = None,
    keep_snapshots: OneOrMore = None,
    reprocess: bool = False,  # noqa: FBT001, FBT002 - a parameter of a flow is set by name
    rebuild: bool = False,  # noqa: FBT001, FBT002
    report_page: bool | None = None,  # noqa: FBT001
    with_contacts: bool = False,  # noqa: FBT001, FBT002
    retries: Retries = 3,
    retry_delay_s: Seconds = 30.0,
    timeout_s: Timeout = None,
    cluster: str | None = None,
    staging: str | None = None,
    lake: Name = None,
) -> State[Any]:
    """Bring what is new in the landing folder into the warehouse.

    What is not given here is taken from `ESF_ETL_<NAME>` in the environment of the run, else from its settings
    file, else from the defaults of `esf-etl ingest`. A run ends as Completed (also "Completed with rejects"), as
    Failed with the reason (also "TimedOut"), or, where another run is writing the warehouse, as Cancelled with the
    name "Lock held". Where the report page cannot be made, its task fails and the log warns; the run ends as it
    would have.

    Args:
        landing: Folder the pages lie in, or s3://bucket/prefix (also gs://, az://); read only, never changed.
        warehouse: Folder the snapshots are published in. A path on the machine that runs the job.
        landing_name: Name under which the ledger knows the landing folder, wherever it is mounted.
        workers: Processes that parse; if not given, the amount of work decides.
        settle_s: Files changed less than so many seconds ago are left for the next run.
        keep_snapshots: So many of the newest snapshots stay.
        reprocess: Parse every file again, changed or not: after a release of the parser.
        rebuild: Begin with an empty warehouse. History, and projects whose files are gone, do not come back.
        report_page: Whether to make the report page, where something was published or there is none yet.
        with_contacts: Keep the contacts of projects, in the warehouse's private vault.
        retries: So often the run starts anew after an error that may pass by itself, such as a disk that is away.
        retry_delay_s: Seconds before the first such retry; each later one waits twice as long as the one before.
        timeout_s: Seconds after which the run is stopped, its retries included; if not given, it is never.
        cluster: Where to parse instead of here: address of a Dask scheduler, or `local` (docs/scale.md).
        staging: Folder or s3://bucket/prefix that the workers of the cluster lay rows into.
        lake: Lake to write in place of the warehouse (ducklake:postgres:…, docs/scale.md), its password left to the
            environment; the warehouse then is the folder of this job's lock, journal and report page.
    """
    bar = Bar()
    progress = _progress(bar)
    _say_who_runs()
    try:
        settings = _settings(
            {
                "landing": landing,
                "warehouse": warehouse,
                "landing_name": landing_name,
                "workers": workers,
                "settle_s": settle_s,
                "keep_snapshots": keep_snapshots,
                "reprocess": reprocess,
                "rebuild": rebuild,
                "report_page": report_page,
                "with_contacts": with_contacts,
                "cluster": cluster,
                "staging": staging,
                "lake": lake,
            }
        )
        with JsonLines.as_set(settings) as lines, timeout(timeout_s, timeout_exc_type=FlowRunTimeoutError):
            progress.listen(lines)
            summary = ingest_with_retries(
                settings,
                progress,
                watcher=lines,
                parse_elsewhere=_elsewhere(settings),
                retries=retries,
                first_delay_s=retry_delay_s or 0.0,
            )
    except Exception as problem:  # noqa: BLE001 - told whole, but for the message of one that nobody foresaw
        state = _state_of(problem, timeout_s)
        if not isinstance(problem, EsfEtlError | FlowRunTimeoutError):
            progress.warn(way_of(problem))
        bar.end(f"{state.name}: {state.message}", done=False)
        return state
    if settings.report_page:
        refresh_page(summary, settings.warehouse, progress, lake=lake_of(settings))
    leave_summary(summary, settings)
    bar.end(summary.sentence(), done=True)
    name = COMPLETED_WITH_REJECTS if summary.rejected else None
    return Completed(name=name, message=summary.sentence())


def _progress(bar: Bar) -> RunLog:
    """Who is told. Apart from the flow, which is sent to the workers of a cluster with all that it names itself."""
    return RunLog((*_LISTENERS.get(), bar))


def _elsewhere(settings: IngestSettings) -> ChunkMapper | None:
    """What parses on a cluster, where one is asked for. Raises `MissingExtra`, `UsageError`."""
    if settings.cluster is None:
        return None
    try:
        from esf_flows.cluster import on_cluster
    except ModuleNotFoundError as problem:
        msg = f"a cluster needs the package {problem.name}, which is not installed."
        raise MissingExtra(msg, advice="Install it with: pip install 'esf-etl[lake]'") from problem
    return on_cluster(settings)


def _state_of(problem: Exception, timeout_s: float | None) -> State[Any]:
    """The state in which a run ends that did not do its work."""
    if isinstance(problem, FlowRunTimeoutError):
        msg = f"The run took longer than its {timeout_s:g} s and was stopped; what is published is whole."
        return Failed(name=TIMED_OUT, message=msg)
    return state_of(problem)


def _say_who_runs() -> None:
    """Put the name of this process to the run, and report runs whose process is gone. Neither may fail the run."""
    try:
        with get_client(sync_client=True) as client:
            client.update_flow_run_labels(UUID(str(flow_run.id)), {LABEL: this_process()})
            for name in end_dead_runs(client, nightly.name, but=UUID(str(flow_run.id))):
                get_run_logger().warning("%s had no process any more, and is reported as ended.", name)
    except Exception as problem:  # noqa: BLE001 - whatever Prefect's client raises, the pages come first
        get_run_logger().warning("Prefect was not told which process this is: %s", reason(problem))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the flow in this process. Returns 0 done, 1 failed, 3 another run holds the lock; exits 2 for wrong usage."""
    parser = argparse.ArgumentParser("python -m esf_flows.nightly", description="Run the nightly flow once, now.")
    parser.add_argument("--landing", metavar="DIR|URL", help="folder the pages lie in, or s3://…")
    parser.add_argument("--warehouse", metavar="DIR", help="folder the snapshots are published in")
    parser.add_argument("--workers", metavar="N", type=int, help="processes that parse")
    parser.add_argument("--cluster", metavar="ADDRESS", help="parse on this Dask scheduler (tcp://…), or `local`")
    parser.add_argument("--lake", metavar="ADDRESS", help="write this lake (ducklake:postgres:…) in its place")
    parser.add_argument("--staging", metavar="DIR|URL", help="what the workers of a cluster lay rows into")
    options = vars(parser.parse_args(arguments))
    try:
        _settings(options)
    except UsageError as problem:
        parser.error(str(problem))
    if "PREFECT_LOGGING_LEVEL" not in os.environ:
        _quieten_prefect()
    if "PREFECT_API_URL" not in os.environ:
        output.note("Starting a Prefect server for this run; that takes 5 to 20 seconds.")
    token = _LISTENERS.set((Lines(),))
    try:
        # Somebody waits for the answer: an error is told at once.
        state = nightly(**options, retries=0, return_state=True)
    finally:
        _LISTENERS.reset(token)
    if state.is_completed():
        output.say(f"{state.message}")
        return 0
    output.note(f"{state.name}: {state.message}")
    return LockHeld.exit_code if state.name == LOCK_HELD else 1


def _quieten_prefect() -> None:
    """Keep Prefect's own lines off the terminal, but for warnings; the log it keeps of a run stays whole."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            handler.setLevel(logging.WARNING)
            # What runs log there, stages and warnings, is on the terminal already.
            handler.addFilter(lambda record: not record.name.startswith(("prefect.flow_runs", "prefect.task_runs")))


if __name__ == "__main__":
    # Under its own name: workers of a cluster are sent the name of the flow, and know no `__main__` of ours.
    from esf_flows import nightly as under_its_name  # noqa: PLW0406

    sys.exit(under_its_name.main())

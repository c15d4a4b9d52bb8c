"""Runs whose process is gone although Prefect takes them for running: killed with their worker, or with the machine.

A run that loses its process only is reported by the worker, or by `esf-etl serve`. One that goes down together with
those would stay "Running" for ever, and hold its place under the concurrency limit until its lease ends.
"""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelled, Crashed

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

__all__ = ["LABEL", "end_dead_runs", "is_alive", "this_process"]

LABEL = "esf-etl.process"
"""The label of a run that names its process."""

_MAY_BE_STARTING = timedelta(minutes=10)


def this_process() -> str:
    """Machine, boot, id and start of this process: no other one, later or elsewhere, has the same."""
    return " ".join([socket.gethostname(), _boot(), f"{os.getpid()}", _started(os.getpid()) or "-"])


def is_alive(process: str) -> bool | None:
    """Whether the process of this name runs on this machine; None where that cannot be told from here."""
    try:
        host, boot, pid, started = process.split(" ")
    except ValueError:
        return None
    if host != socket.gethostname() or started == "-":
        return None
    return boot == _boot() and _started(int(pid)) == started


def end_dead_runs(client: SyncPrefectClient, flow_name: str, *, but: UUID | None = None) -> list[str]:
    """Report runs of the flow that have no process any more as Crashed (as Cancelled, where that was asked for).

    Returns their names. A run that does not name its process yet has ten minutes to do so.
    """
    under_way = {"type": {"any_": [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]}}
    runs = client.read_flow_runs(
        flow_filter=FlowFilter.model_validate({"name": {"any_": [flow_name]}}),
        flow_run_filter=FlowRunFilter.model_validate({"state": under_way}),
    )
    ended = []
    for run in runs:
        if run.id == but or run.state is None or not _is_dead(run):
            continue
        state = Cancelled if run.state.is_cancelling() else Crashed
        msg = "Its process is gone: it was killed, or the machine went down. The next run puts right what it left."
        client.set_flow_run_state(run.id, state(message=msg), force=True)
        ended.append(run.name)
    return ended


def _is_dead(run: FlowRun) -> bool:
    process = run.labels.get(LABEL)
    if process is None:
        return run.state is not None and datetime.now(UTC) - run.state.timestamp > _MAY_BE_STARTING
    return is_alive(str(process)) is False


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "-"


def _started(pid: int) -> str | None:
    """When a process started, in ticks since boot; None where there is none, or only a zombie, or no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]

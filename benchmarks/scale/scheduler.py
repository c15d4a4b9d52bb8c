"""What the scheduler of a cluster costs a chunk: seconds from submit to result of nothing, and bytes there and back.

A program of its own (`python -m benchmarks.scale.scheduler`, settings by the environment), which prints JSON. Dask's
bare share is measured apart from that of Prefect's task runs, which the flow has besides.
"""

from __future__ import annotations

import json
import pickle
import sys
import tempfile
import time
from contextvars import copy_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from esf_etl.batch import ChunkTask
    from esf_etl.settings import IngestSettings

__all__ = ["main"]

_TASKS = 40
_WARM = 5
_FILES_A_CHUNK = 500


def nothing(number: int, order: bytes = b"") -> int:
    """What a worker does: nothing."""
    del order
    return number


def main() -> int:
    """Measure within a flow, as a run does, and print what was found."""
    import esf_flows  # sets what prefect reads when it is imported

    del esf_flows
    from prefect import flow

    print(json.dumps(flow(name="scheduler-cost", persist_result=False)(_measured)()))
    return 0


def _measured() -> dict[str, float]:
    from prefect import Task
    from prefect.cache_policies import NO_CACHE

    from esf_etl.settings import IngestSettings

    # As a run has it, so that its cluster is what is measured.
    from esf_flows.cluster import _cluster

    settings = IngestSettings.from_environment()
    found = _chunk(settings)
    task = Task(fn=nothing, name="nothing", cache_policy=NO_CACHE, persist_result=False)
    started = time.perf_counter()
    with _cluster(settings, copy_context()) as cluster:
        client = cluster.client
        while not cluster.threads():
            time.sleep(0.01)
        found["start of scheduler and workers, s"] = time.perf_counter() - started
        found |= _times("Dask alone", lambda number: client.submit(nothing, number, pure=False))
        found |= _times(
            "Prefect's task run on Dask",
            lambda number: cluster.context.run(cluster.runner.submit, task, {"number": number}),
        )
    return {name: round(value, 5) for name, value in found.items()}


def _times(name: str, submit: Callable[[int], Any]) -> dict[str, float]:
    """One task after the other, and many at once, of which each pays its share."""
    for number in range(_WARM):
        assert submit(number).result() == number
    handing, answering = [], []
    for number in range(_TASKS):
        started = time.perf_counter()
        future = submit(number)
        handed = time.perf_counter()
        assert future.result() == number
        handing.append(handed - started)
        answering.append(time.perf_counter() - started)
    started = time.perf_counter()
    futures = [submit(number) for number in range(_TASKS)]
    assert [future.result() for future in futures] == list(range(_TASKS))
    return {
        f"{name}: to hand out an empty task, s (median of {_TASKS})": median(handing),
        f"{name}: from submit to result, s (median of {_TASKS})": median(answering),
        f"{name}: {_TASKS} at once, s a task": (time.perf_counter() - started) / _TASKS,
    }


def _chunk(settings: IngestSettings) -> dict[str, float]:
    """A chunk of the landing folder: the bytes of its order and of its answer, and the seconds that it is worth."""
    from esf_flows.elsewhere import order_of, parse_there

    with tempfile.TemporaryDirectory(prefix="chunk-") as folder:
        task = _task(settings, Path(folder))
        order = order_of(task, folder)
        parse_there(order)  # the first one loads what it needs
        started = time.perf_counter()
        answer = parse_there(order)
        parse_s = time.perf_counter() - started
        rows = sum(path.stat().st_size for path in Path(folder).iterdir()) / 2
    return {
        "files of a chunk": len(task.files),
        "bytes of its pages": sum(file.size_bytes for file in task.files),
        "bytes of its order, by the scheduler": len(pickle.dumps(order)),
        "bytes of its answer, by the scheduler": len(pickle.dumps(answer)),
        "bytes of its rows, by the folder that is shared": rows,
        "to parse it, s": parse_s,
    }


def _task(settings: IngestSettings, folder: Path) -> ChunkTask:
    from esf_etl.batch import ChunkTask, WaitingFile
    from esf_etl.inbox import scan_landing
    from esf_schemas import PROJECT_TABLES, STAGED_TABLES, staged_arrow_schema

    listed = sorted(scan_landing(settings.landing, settle_s=0, passed_over=[]))[:_FILES_A_CHUNK]
    files = [WaitingFile(number, file.path, file.size_bytes, file.mtime_ns, None) for number, file in enumerate(listed)]
    schemas = {contract.table().name: staged_arrow_schema(contract) for contract in STAGED_TABLES}
    aside = {contract.table().name: str(folder / contract.table().name) for contract in PROJECT_TABLES}
    return ChunkTask(str(settings.landing), files, schemas, settings.max_page_bytes, aside)


if __name__ == "__main__":
    # Under its own name: workers are sent the name of the function, and know no `__main__` of ours.
    from benchmarks.scale import scheduler as under_its_name  # noqa: PLW0406

    sys.exit(under_its_name.main())

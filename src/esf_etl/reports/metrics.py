"""The figures of the last run and of what is published, as a file for Prometheus: written whole after every run.

The text is OpenMetrics 1.0 in that part of it which the textfile collector of node_exporter reads too, whose parser is
that of the older Prometheus format: counters and gauges alone, no timestamps (it refuses `info` and `stateset`).
"""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import datetime
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import duckdb
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest

from esf_etl import __version__
from esf_etl.errors import SnapshotDamaged, WarehouseError
from esf_etl.landing import path_text
from esf_etl.pages.parser import PARSER_VERSION
from esf_etl.reports.whole import file_written_whole
from esf_etl.summary import COUNTS, Outcome
from esf_etl.warehouse import journal
from esf_etl.warehouse.database import open_reader
from esf_etl.warehouse.folder import DATABASE, WarehouseFolder
from esf_etl.warehouse.seal import hold_to_journal
from esf_etl.warehouse.verdict import worked
from esf_schemas.version import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.core import Metric

    from esf_etl.warehouse.lake.address import Lake
    from esf_etl.warehouse.publish import Manifest

__all__ = ["metrics_text", "write_metrics"]

_READABLE = 0o644
"""The collector is another user."""

_REJECTS = "SELECT landing, code, count(DISTINCT path) FROM etl.reject GROUP BY ALL ORDER BY ALL"

_FILES = tuple(name for name in COUNTS if name not in {"files_seen", "vanished"})
"""The outcomes of files: by the law of a run they sum up to those seen."""


def write_metrics(root: Path, target: Path | None = None, *, lake: Lake | None = None) -> Path:
    """Write the metrics of a warehouse folder into a file, by default `metrics.prom` in it; returns its path.

    With `lake` they are those of the job that the folder belongs to, and of what is published in the lake.

    One writer at a time, as with a run: what another one left beside the file was left by one that was killed.

    Raises `ExportError` where it cannot be written.
    """
    target = target or WarehouseFolder(root).metrics
    text = metrics_text(root, lake=lake)
    for left in target.parent.glob(f".{escape(target.name)}.*.part"):
        shutil.rmtree(left, ignore_errors=True)
    with file_written_whole(target) as path:
        path.write_bytes(text)
        path.chmod(_READABLE)
    return target


def metrics_text(root: Path, *, lake: Lake | None = None) -> bytes:
    """The metrics of a warehouse folder; what cannot be read of it is left out."""
    # Two warehouses of one machine are collected together, and no two samples may have the same labels.
    warehouse = path_text(str(root.absolute()))
    families = _Collected([*_families(WarehouseFolder(root), warehouse, lake)])
    text: bytes = generate_latest(families)  # type: ignore[no-untyped-call]
    return text


class _Collected:
    """What the exposition takes for a registry."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        """The families, in their order."""
        return self._families


def _families(folder: WarehouseFolder, warehouse: str, lake: Lake | None) -> Iterator[Metric]:
    runs = journal.nightly(journal.read(folder.journal))
    yield from _of_runs(runs, warehouse)
    yield from _of_the_lake(lake, warehouse) if lake else _of_the_published(folder, warehouse)
    build = GaugeMetricFamily(
        "esf_etl_build_info",
        "The release that wrote this file, its parser, and the version of its tables.",
        labels=["warehouse", "version", "parser_version", "schema_version"],
    )
    build.add_metric([warehouse, __version__, PARSER_VERSION, str(SCHEMA_VERSION)], 1)
    yield build


def _of_runs(runs: list[dict[str, Any]], warehouse: str) -> Iterator[Metric]:
    """The runs of each landing folder: how many ended how, and the last one."""
    outcomes = get_args(Outcome)
    count = CounterMetricFamily(
        "esf_etl_runs",
        "Runs that have ended, by outcome, since the warehouse was made.",
        labels=["warehouse", "landing", "outcome"],
    )
    was = _gauge(
        "esf_etl_last_run_outcome", "1 for the outcome of the last run, 0 for the others.", "landing", "outcome"
    )
    files = _gauge(
        "esf_etl_run_files",
        "Files that the last run saw, by what became of them; none where it failed: then nothing became of them.",
        "landing",
        "outcome",
    )
    stages = _gauge("esf_etl_run_stage_seconds", "Time of each stage of the last run.", "landing", "stage")
    seconds = _gauge("esf_etl_run_duration_seconds", "Time of the last run.", "landing")
    ended = _gauge("esf_etl_last_run_timestamp_seconds", "When the last run ended, however it did.", "landing")
    success = _gauge(
        "esf_etl_last_success_timestamp_seconds",
        "When the last run ended that published or found nothing new.",
        "landing",
    )
    by_landing: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        by_landing.setdefault(str(run.get("landing_name")), []).append(run)
    for landing, its in sorted(by_landing.items()):
        where, last = [warehouse, landing], its[-1]
        times = Counter(run.get("outcome") for run in its)
        for outcome in outcomes:
            count.add_metric([*where, outcome], times[outcome])
            was.add_metric([*where, outcome], last.get("outcome") == outcome)
        for name in _FILES if worked(last) else ():
            if last.get(name) is not None:  # of one that was cut short nobody may know
                files.add_metric([*where, name], last[name])
        for stage, took in (last.get("stages_s") or {}).items():
            stages.add_metric([*where, stage], took)
        if last.get("elapsed_s") is not None:
            seconds.add_metric(where, last["elapsed_s"])
        good: dict[str, Any] = next((run for run in reversed(its) if worked(run)), {})
        for family, run in ((ended, last), (success, good)):
            if (moment := journal.moment_of(run)) is not None:
                family.add_metric(where, moment.timestamp())
    yield from (count, was, files, stages, seconds, ended, success)


def _of_the_published(folder: WarehouseFolder, warehouse: str) -> Iterator[Metric]:
    """The published snapshot. Nothing where there is none, or where it is not the one that was published."""
    try:
        snapshot = folder.current_snapshot()
        manifest = hold_to_journal(folder, snapshot) if snapshot else None
    except WarehouseError:
        return
    if snapshot is None or manifest is None:
        return
    size = _gauge("esf_etl_snapshot_bytes", "Size of all files of the published snapshot.")
    size.add_metric([warehouse], sum(file["size_bytes"] for file in manifest.files.values()))
    yield size
    yield from _of_tables(warehouse, manifest.published_at, manifest.rows, _rejects(snapshot, manifest))


def _of_the_lake(lake: Lake, warehouse: str) -> Iterator[Metric]:
    """The newest snapshot of a lake, whoever published it. Nothing where it cannot be read or nobody has published."""
    from esf_etl.warehouse.lake.state import lake_opened, last_published, rows_of_tables

    try:
        with lake_opened(lake) as connection:
            last = last_published(connection)
            rows = rows_of_tables(connection)
            rejects = connection.execute(_REJECTS).fetchall()
    except WarehouseError:
        return
    if last is not None:
        yield from _of_tables(warehouse, last["ended_at"], rows, rejects)


def _of_tables(
    warehouse: str, published_at: str, rows_of: Mapping[str, int], rejects_of: Iterable[tuple[str, str, int]]
) -> Iterator[Metric]:
    """When they were published, the rows of each, and what stands rejected."""
    published = _gauge("esf_etl_published_timestamp_seconds", "When what is published was published.")
    published.add_metric([warehouse], datetime.fromisoformat(published_at).timestamp())
    rows = _gauge("esf_etl_published_rows", "Rows of each published table.", "table")
    for table, number in sorted(rows_of.items()):
        rows.add_metric([warehouse, table.removeprefix("main.")], number)
    yield from (published, rows)
    rejects = _gauge(
        "esf_etl_standing_rejects",
        "Files that stand rejected, by reason; one with two reasons counts under both.",
        "landing",
        "code",
    )
    for landing, code, number in rejects_of:
        rejects.add_metric([warehouse, landing, code], number)
    yield rejects


def _rejects(snapshot: Path, manifest: Manifest) -> list[tuple[str, str, int]]:
    """How many files stand rejected, by landing folder and code."""
    if not manifest.rows.get("etl.reject"):
        return []
    try:
        with open_reader(snapshot / DATABASE) as connection:
            return connection.execute(_REJECTS).fetchall()
    except duckdb.Error as problem:
        msg = "its rejects cannot be read."
        raise SnapshotDamaged(msg, path=str(snapshot / DATABASE)) from problem


def _gauge(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    """A family of gauges; its unit is the end of its name, as OpenMetrics asks for it."""
    unit = name.rpartition("_")[2]
    return GaugeMetricFamily(
        name, says, labels=["warehouse", *labels], unit=unit if unit in {"seconds", "bytes"} else ""
    )

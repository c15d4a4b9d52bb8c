"""The report page after a run: a task of its own, whose failure undoes nothing of what is published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.errors import EsfEtlError, MissingExtra
from esf_etl.reports.page import write_page
from esf_etl.warehouse.folder import WarehouseFolder
from esf_flows.steps import as_task, reason, way_of

if TYPE_CHECKING:
    from esf_etl.progress import Progress
    from esf_etl.summary import RunSummary
    from esf_etl.warehouse.lake.address import Lake

__all__ = ["refresh_page"]


def refresh_page(summary: RunSummary, warehouse: Path, progress: Progress, *, lake: Lake | None = None) -> None:
    """Make the page in the warehouse folder anew where the run published something, or where there is none.

    Of a `lake` too the page lies in the folder, which is the job's. The lock is free by then: the page is read from a
    snapshot, which nothing changes. What goes wrong is a failed task
    and a warning, never raised.
    """
    if summary.outcome != "published" and WarehouseFolder(warehouse).report_page.exists():
        return
    try:
        as_task("report-page", lambda: _write(warehouse, lake))
    except EsfEtlError as problem:
        progress.warn(f"The report page was not made: {reason(problem)}")
    except Exception as problem:  # noqa: BLE001 - told without its message, which could quote a page
        progress.warn(f"The report page was not made: {reason(problem)} {way_of(problem)}")


def _write(warehouse: Path, lake: Lake | None) -> None:
    try:
        write_page(warehouse, lake=lake)
    except ModuleNotFoundError as problem:
        msg = f"it needs the package {problem.name}, which is not installed."
        raise MissingExtra(
            msg, advice="Install it with: pip install 'esf-etl[reports]', or set ESF_ETL_REPORT_PAGE=0."
        ) from problem

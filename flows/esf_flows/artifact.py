"""What a run leaves in Prefect for the operator: its summary, as the artifact `run-summary`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect import get_client
from prefect.artifacts import create_markdown_artifact
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger
from prefect.utilities.urls import url_for

from esf_etl.errors import EsfEtlError
from esf_etl.warehouse.folder import WarehouseFolder
from esf_etl.warehouse.lake.address import lake_of
from esf_flows.report import Report, markdown, read_report
from esf_flows.steps import reason

if TYPE_CHECKING:
    from esf_etl.settings import IngestSettings
    from esf_etl.summary import RunSummary

__all__ = ["ARTIFACT_KEY", "leave_summary"]

ARTIFACT_KEY = "run-summary"

_REPROCESS = "nightly/reprocess"


def leave_summary(summary: RunSummary, settings: IngestSettings) -> None:
    """Leave the summary of the run. What is published is not undone by a report that cannot be made, or not be sent."""
    try:
        report = read_report(summary, settings.warehouse, lake=lake_of(settings))
    except EsfEtlError as problem:
        get_run_logger().warning("The summary is without rejects and findings: %s", reason(problem))
        report = Report()
    page = WarehouseFolder(settings.warehouse).report_page
    try:
        offer = _offer(summary) if summary.read_by_older_parser else None
        text = markdown(summary, report, page=page if page.is_file() else None, offer=offer)
        create_markdown_artifact(text, key=ARTIFACT_KEY, description=summary.sentence())
    except Exception as problem:  # noqa: BLE001 - whatever Prefect's client raises, the run has done its work
        get_run_logger().warning("The summary could not be left: %s", reason(problem))


def _offer(summary: RunSummary) -> str:
    """How to have the pages read again that another version of the parser read."""
    get_run_logger().info(
        "%d files were read by another version of the parser; this one is %s. To read them again: the deployment %s.",
        summary.read_by_older_parser,
        summary.parser_version,
        _REPROCESS,
    )
    link = f"`{_REPROCESS}`"
    try:
        with get_client(sync_client=True) as client:
            if url := url_for("deployment", obj_id=client.read_deployment_by_name(_REPROCESS).id):
                link = f"[{_REPROCESS}](<{url}>)"
    except ObjectNotFound:
        link = "`esf-etl ingest --reprocess`"
    return (
        f"{summary.read_by_older_parser} files were read by another version of the parser than this one, which is"
        f" {summary.parser_version}. They stay as they are until they are read again: run {link}."
    )

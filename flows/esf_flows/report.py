"""What the operator finds in Prefect of a run: its summary as Markdown, with paths, codes and counts.

Nothing here quotes a page: of a reject it says where it is and what was expected, never what was found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from esf_etl.summary import COUNTS
from esf_etl.warehouse.database import open_reader
from esf_etl.warehouse.folder import DATABASE, WarehouseFolder
from esf_etl.warehouse.lake.address import is_lake

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from esf_etl.summary import RunSummary
    from esf_etl.warehouse.lake.address import Lake

__all__ = ["MAX_REJECTS", "Reject", "Report", "markdown", "read_report"]

MAX_REJECTS = 200
"""So many reasons are listed; a landing folder full of another kind of page must not fill Prefect's database."""

_LAW = tuple(name for name in COUNTS if name not in {"files_seen", "vanished"})


@dataclass(frozen=True, slots=True)
class Reject:
    """One reason why a file is not loaded. `line` counts from 1; None where no single line is meant."""

    path: str
    line: int | None
    code: str
    reason: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Report:
    """What stands in the warehouse after a run: the reasons why files are not loaded, and the findings by rule.

    `rejects` are at most `MAX_REJECTS`, those of the newest run first; `reasons` counts all of them. `codes` are all
    codes with the number of files, the most frequent first.
    """

    rejects: tuple[Reject, ...] = ()
    reasons: int = 0
    codes: tuple[tuple[str, int], ...] = ()
    findings: tuple[tuple[str, int], ...] = ()


def read_report(summary: RunSummary, warehouse: Path, *, lake: Lake | None = None) -> Report:
    """The report on a run, from the snapshot it published, else from the current one; empty where there is none.

    Of a `lake` it is made from the newest snapshot. Raises `WarehouseError` where the snapshot cannot be read.
    """
    if lake is not None:
        from esf_etl.warehouse.lake.state import lake_opened

        with lake_opened(lake) as connection:
            return _report(summary, connection)
    folder = WarehouseFolder(warehouse)
    snapshot = warehouse / summary.snapshot if summary.snapshot else folder.current_snapshot()
    if snapshot is None:
        return Report()
    with open_reader(snapshot / DATABASE) as connection:
        return _report(summary, connection)


def _report(summary: RunSummary, connection: DuckDBPyConnection) -> Report:
    landing = {"landing": summary.landing_name}
    rejects = connection.execute(
        "SELECT path, line, code, coalesce(field || ': ', '') || 'expected ' || expected, message, found IS NULL,"
        " run_id FROM etl.reject WHERE landing = $landing ORDER BY run_id DESC, code, path, ordinal",
        landing,
    )
    rows = rejects.fetchmany(MAX_REJECTS)
    reasons = len(rows)
    while more := rejects.fetchmany(10_000):
        reasons += len(more)
    codes = connection.execute(
        "SELECT code, count(DISTINCT path) AS files FROM etl.reject WHERE landing = $landing"
        " GROUP BY code ORDER BY files DESC, code",
        landing,
    ).fetchall()
    findings = connection.execute(
        "SELECT rule, count(*) FROM etl.finding WHERE landing = $landing GROUP BY rule ORDER BY rule", landing
    ).fetchall()
    return Report(
        rejects=tuple(
            # The message on a value that was found may quote it.
            Reject(path, line, code, message if quotes_nothing or expected is None else expected, run_id)
            for path, line, code, expected, message, quotes_nothing, run_id in rows
        ),
        reasons=reasons,
        codes=tuple(codes),
        findings=tuple(findings),
    )


def markdown(summary: RunSummary, report: Report, *, page: Path | None = None, offer: str | None = None) -> str:
    """The summary of a run as a page of Markdown (GitHub's, with tables).

    `page` is the report page to link to; `offer` says, in Markdown, how to have pages of an older parser read again.
    """
    parts = [f"# {summary.sentence()}", _table(("", ""), _facts(summary, page)), "## Files", _files(summary)]
    if offer:
        parts += ["## A newer parser", offer]
    if report.rejects:
        codes = [(_code(code), f"{files}") for code, files in report.codes]
        parts += ["## Not loaded", _table(("code", "files"), codes), _rejects(summary, report)]
    if report.findings:
        findings = [(_code(rule), f"{count}") for rule, count in report.findings]
        parts += ["## Findings about loaded projects", _table(("rule", "findings"), findings)]
    if summary.warnings:
        parts += ["## Warnings", "\n".join(f"- {_code(warning)}" for warning in summary.warnings)]
    stages = [(name, f"{seconds:.3f}") for name, seconds in summary.stages_s.items()]
    parts += ["## Time", _table(("stage", "seconds"), stages)]
    return "\n\n".join(parts) + "\n"


def _facts(summary: RunSummary, page: Path | None) -> list[tuple[str, str]]:
    elapsed = summary.elapsed_s
    linked = [] if page is None else [("Report page", f"[{page.name}](<{page.absolute().as_uri()}>)")]
    return [
        *linked,
        ("Run", _code(summary.run_id)),
        ("Landing folder", f"{_code(summary.landing)}, known as {_code(summary.landing_name)}"),
        ("Warehouse", _code(summary.warehouse)),
        ("Snapshot", _snapshot(summary)),
        ("Started", f"{summary.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Took", "" if elapsed is None else f"{elapsed:.1f} s"),
        ("Parser version", _code(summary.parser_version)),
        ("Projects in the warehouse", _count(summary.projects)),
        ("Findings in the warehouse", _count(summary.findings)),
        ("Files refused, this time or earlier", _count(summary.standing_rejects)),
    ]


def _snapshot(summary: RunSummary) -> str:
    if summary.snapshot:
        return _code(summary.snapshot)
    return (
        "published in the lake" if summary.outcome == "published" and is_lake(summary.warehouse) else "none published"
    )


def _files(summary: RunSummary) -> str:
    rows = [(name.replace("_", "-"), f"{getattr(summary, name)}") for name in COUNTS]
    law = " + ".join(f"{getattr(summary, name)} {name.replace('_', '-')}" for name in _LAW)
    verdict = "Every file is accounted for" if summary.law_holds else "**Files are not accounted for**"
    return f"{_table(('files', 'count'), rows)}\n\n{verdict}: {summary.files_seen} seen = {law}."


def _rejects(summary: RunSummary, report: Report) -> str:
    rows = [
        (
            _code(reject.code),
            _code(reject.path if reject.line is None else f"{reject.path}:{reject.line}"),
            _cell(reject.reason),
            "now" if reject.run_id == summary.run_id else "earlier",
        )
        for reject in report.rejects
    ]
    listed = _table(("code", "file", "reason", "refused"), rows)
    left_out = report.reasons - len(report.rejects)
    rest = f" {left_out} more reasons are not listed here." if left_out else ""
    return f"{listed}\n\n`esf-etl rejects` also shows what was found.{rest}"


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(text: str) -> str:
    """Text of ours in a cell of a table."""
    return text.replace("|", r"\|")


def _code(text: str) -> str:
    """A name that anybody may have chosen, to the letter: no markup, no HTML, no other line."""
    shown = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda match: f"\\x{ord(match[0]):02x}", text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{_cell(shown)}{pad}{fence}"

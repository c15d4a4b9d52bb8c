"""What a database says of the pages, in a few numbers: two that agree have done the same work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["facts"]

_FACTS = {
    "project": "count(*), count(DISTINCT project_id), count(owner), count(DISTINCT nuts2_code), min(period_start),"
    " max(period_end), sum(grant_sek)::DECIMAL(18, 2), sum(budget_sek)::DECIMAL(18, 2), max(title)",
    "project_section": "count(*), count(DISTINCT section_key), sum(ordinal), sum(length(body)), max(body)",
    "project_organisation": "count(*), count(DISTINCT role), sum(ordinal), sum(length(name)), max(name)",
    "project_municipality": "count(*), sum(ordinal), sum(length(name)), max(name)",
}


def facts(database: Path, *, schema: str = "main", before: str | None = None) -> dict[str, tuple[Any, ...]]:
    """The facts of each table; with `before`, of the projects whose page has a path that sorts before that one."""
    with duckdb.connect(str(database), read_only=True) as connection:
        some = (
            ""
            if before is None
            else f" SEMI JOIN (FROM {schema}.project WHERE source_path < $before) USING (project_id)"
        )
        given = {} if before is None else {"before": before}
        return {
            table: _row(connection.execute(f"SELECT {what} FROM {schema}.{table}{some}", given).fetchone())  # noqa: S608
            for table, what in _FACTS.items()
        }


def _row(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    return row or ()

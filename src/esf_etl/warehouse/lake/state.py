"""What a lake says of itself: what is published there, by whom, and the runs of all jobs that write to it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from esf_etl.errors import WarehouseError
from esf_etl.warehouse.checks import PUBLISHED_TABLES
from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.database import count_rows
from esf_etl.warehouse.lake.attach import newest_snapshot
from esf_etl.warehouse.lake.reading import NAME, open_lake_reader
from esf_etl.warehouse.lake.release import refuse_other_release
from esf_etl.warehouse.reading import overrides_in_force
from esf_schemas import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.lake.address import Lake

__all__ = ["LakeState", "lake_opened", "last_published", "read_state", "rows_of_tables", "runs_among"]

_LANDINGS = f"""
SELECT run_id, min(landing) FROM (
    SELECT run_id, landing FROM {HISTORY}.project
    UNION ALL SELECT run_id, landing FROM etl.landing_file
    UNION ALL SELECT run_id, landing FROM etl.reject
    UNION ALL SELECT run.run_id, landing FROM etl.landing_file JOIN etl.run AS run ON missing_since = started_at
) WHERE list_contains($runs, run_id) GROUP BY run_id"""
"""The landing folder of a run, by the rows that it wrote; `etl.run` does not have it."""


@dataclass(frozen=True, slots=True)
class LakeState:
    """What is published in a lake, as `esf_etl.warehouse.status` tells it; None where no run has published.

    `runs` are the newest in `etl.run`, oldest first, in the form of ended entries of a journal.
    """

    published: dict[str, Any] | None
    runs: list[dict[str, Any]]
    warnings: list[str]


@contextmanager
def lake_opened(lake: Lake) -> Iterator[DuckDBPyConnection]:
    """A reader of the lake's newest snapshot. Raises `WarehouseError` where it cannot be reached or read."""
    with open_lake_reader(lake) as connection:
        try:
            yield connection
        except duckdb.Error as problem:
            msg = f"the lake cannot be read: {str(problem).partition(chr(10))[0]}"
            raise WarehouseError(
                msg,
                code="lake-unreadable",
                path=str(lake),
                advice="`esf-etl verify` says what is missing; is the place of its files there?",
            ) from problem


def read_state(lake: Lake, *, runs: int) -> LakeState:
    """The state of the lake with its last `runs` runs. Raises `WarehouseError` as `lake_opened`."""
    with lake_opened(lake) as connection:
        newest = _runs(connection, "TRUE", [], limit=runs)
        last = last_published(connection)
        if last is None:
            return LakeState(None, newest, [])
        warnings: list[str] = []
        version: int | None = SCHEMA_VERSION
        try:
            refuse_other_release(connection, NAME, lake)
        except WarehouseError as problem:
            version, warnings = None, [str(problem)]
        published = {
            "snapshot": f"snapshot {newest_snapshot(connection, NAME)}",
            "published_at": last["ended_at"],
            "landing": last["landing_name"],
            "schema_version": version,
            "rows": rows_of_tables(connection) if version else {},
            "standing_rejects": count_rows(connection, "SELECT DISTINCT landing, path FROM etl.reject"),
            "overrides": overrides_in_force(connection) if version else None,
        }
    return LakeState(published, newest, warnings)


def last_published(connection: DuckDBPyConnection) -> dict[str, Any] | None:
    """The run that published last: the order of rows is that of commits, whatever the clocks of machines say."""
    found = _runs(connection, "outcome = 'published'", [], limit=1, by="rowid")
    return found[0] if found else None


def runs_among(lake: Lake, run_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Those of these runs that the lake has published, by their ids. Raises `WarehouseError` as `lake_opened`."""
    with lake_opened(lake) as connection:
        where = "outcome = 'published' AND list_contains(?, run_id)"
        return {entry["run_id"]: entry for entry in _runs(connection, where, [run_ids], limit=len(run_ids))}


def rows_of_tables(connection: DuckDBPyConnection) -> dict[str, int]:
    """How many rows each table has that a reader sees, current ones of those with a history."""
    tables = [contract.table() for contract in PUBLISHED_TABLES]
    names = [f"{table.schema}.{table.name}" for table in tables]
    return {name: count_rows(connection, f"FROM {name}") for name in names}


def _runs(
    connection: DuckDBPyConnection, where: str, values: list[Any], *, limit: int, by: str = "run_id"
) -> list[dict[str, Any]]:
    """Runs of `etl.run`, the newest `limit`, oldest first, as ended entries of a journal."""
    cursor = connection.execute(f"FROM etl.run WHERE {where} ORDER BY {by} DESC NULLS LAST LIMIT {limit}", values)
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in reversed(cursor.fetchall())]
    landings = dict(connection.execute(_LANDINGS, {"runs": [row["run_id"] for row in rows]}).fetchall())
    return [_entry(row, landings.get(row["run_id"])) for row in rows]


def _entry(row: dict[str, Any], landing: str | None) -> dict[str, Any]:
    started, ended = row["started_at"], row["ended_at"]
    return {
        "event": "ended",
        **row,
        "started_at": _text(started),
        "ended_at": _text(ended),
        "landing_name": landing,
        "elapsed_s": None if ended is None else (ended - started).total_seconds(),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.isoformat()}Z"

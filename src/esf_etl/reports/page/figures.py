"""The figures of the report page: what its charts, totals and lists are worked out from in the browser.

They are aggregated to what the filters tell apart, so that they stay small however many projects there are, and
every amount is a whole number of öre, so that a browser's sums are exact.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import duckdb

from esf_etl.errors import SnapshotDamaged
from esf_etl.reports.views import create_reports
from esf_etl.warehouse.create import create_schema
from esf_etl.warehouse.database import workspace
from esf_etl.warehouse.folder import WarehouseFolder
from esf_etl.warehouse.reading import open_current

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.lake.address import Lake

__all__ = ["LAST_RUNS", "Rows", "opened", "read_figures", "read_work"]

Rows = list[dict[str, Any]]

LAST_RUNS = 10
"""So many of the newest runs are shown."""

_CHOICES = ("period", "region")


@contextmanager
def opened(root: Path, lake: Lake | None = None) -> Iterator[DuckDBPyConnection]:
    """What is published; or, in a warehouse folder whose runs have published nothing yet, an empty database.

    Raises `WarehouseError` where there is no such folder, or the `lake` in its place cannot be read, `SnapshotDamaged`
    where what is published cannot be.
    """
    if lake is not None:
        from esf_etl.warehouse.lake.state import lake_opened

        with lake_opened(lake) as connection:
            yield connection
        return
    folder = WarehouseFolder(root)
    if folder.current_snapshot() is None and folder.journal.is_file():
        with workspace() as connection:
            connection.execute("ATTACH ':memory:' AS empty")
            create_schema(connection, "empty")
            create_reports(connection, "empty")
            connection.execute("USE empty")
            yield connection
        return
    with open_current(root) as connection:
        try:
            yield connection
        except duckdb.Error as problem:
            msg = f"DuckDB cannot read the published database: {str(problem).partition(chr(10))[0]}"
            raise SnapshotDamaged(
                msg,
                path=str(root),
                advice="If another release made it, run `esf-etl ingest --reprocess`; else point `current` to an"
                " older folder in snapshots/.",
            ) from problem


def read_figures(connection: DuckDBPyConnection) -> dict[str, Any]:
    """The filtered figures, JSON-ready: each table as `{"columns", "rows"}`, with its dimensions as places in lists.

    In `lists` -1 stands for the choice of all.
    """
    groups, places, months, organisations = (
        _ask(connection, files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8"))
        for name in ("groups", "places", "months", "organisations")
    )
    regions = _ask(connection, "SELECT nuts2_code AS code, name FROM ref.region ORDER BY code")
    municipalities = _ask(
        connection, "SELECT municipality_code AS code, name FROM ref.municipality ORDER BY municipality_code"
    )
    coverage = _ask(connection, "SELECT programme_period, projects, known_projects FROM report.coverage")
    names = {region["code"]: region["name"] for region in regions}
    lists: dict[str, list[Any]] = {
        "period": _in_order(row["period"] for row in groups),
        "region": _in_order(row["region"] for row in groups),
        "area": _in_order((row["period"], row["area_code"], row["area"]) for row in groups),
        "organisation": _in_order(row["organisation"] for row in organisations if row["organisation"] is not None),
    }
    for row in groups:
        row["area"] = (row["period"], row.pop("area_code"), row["area"])
    for row in organisations:
        row["period"] = -1 if row.pop("all_periods") else lists["period"].index(row["period"])
        row["region"] = -1 if row.pop("all_regions") else lists["region"].index(row["region"])
    position = {name: {value: place for place, value in enumerate(values)} for name, values in lists.items()}
    for rows, columns in ((groups, (*_CHOICES, "area")), (places, _CHOICES), (months, _CHOICES)):
        for row in rows:
            row.update({name: position[name][row[name]] for name in columns})
    for row in organisations:
        row["organisation"] = position["organisation"].get(row["organisation"])
    return {
        "periods": lists["period"],
        "regions": [{"code": code, "name": names.get(code, code)} for code in lists["region"]],
        "areas": [
            {"period": position["period"][period], "code": code, "name": name} for period, code, name in lists["area"]
        ],
        "organisations": lists["organisation"],
        "municipalities": {row["code"]: row["name"] for row in municipalities},
        "coverage": coverage,
        "groups": _columnar(groups),
        "places": _columnar(places),
        "months": _columnar(months),
        "lists": _columnar(organisations),
    }


def read_work(connection: DuckDBPyConnection, runs: Rows) -> dict[str, Rows]:
    """What the job did and what is odd, for the tables that no filter changes: coverage, runs, rejects, quality.

    `runs` are those of `read_status`, which also knows what came after the published snapshot.
    """
    work = {
        "coverage": _ask(connection, "FROM report.coverage"),
        "rejects": _ask(
            connection,
            "SELECT path, line, code, field, expected, message, rejected_at"
            " FROM etl.reject ORDER BY rejected_at DESC, landing, path, ordinal",
        ),
        "quality": _ask(connection, "FROM report.data_quality WHERE affected > 0 AND kind != 'reject'"),
    }
    loaded = {row["run_id"]: row for row in _ask(connection, "FROM report.load_history")}
    work["runs"] = [
        {**run, **{name: loaded.get(run["run_id"], {}).get(name) for name in ("new_projects", "changed_projects")}}
        for run in runs
    ]
    return work


def _ask(connection: DuckDBPyConnection, query: str) -> Rows:
    found = connection.execute(query)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _in_order(values: Iterator[Any]) -> list[Any]:
    """Each value once, in order, with what is not stated last."""

    def key(value: Any) -> list[tuple[bool, str]]:
        return [(part is None, str(part)) for part in (value if isinstance(value, tuple) else (value,))]

    return sorted(set(values), key=key)


def _columnar(rows: Rows) -> dict[str, Any]:
    """Rows with the names of their columns said once."""
    columns = list(rows[0]) if rows else []
    return {"columns": columns, "rows": [list(row.values()) for row in rows]}

"""Whether the tables of an open database are those of the contracts, and their rows hold what they should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from esf_etl.warehouse.checks import broken_in, checks_of_history, checks_of_keys, checks_of_ledger
from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.database import count_rows
from esf_etl.warehouse.verifying import Check, verdict
from esf_schemas import ADDED_COLUMNS, SCHEMA_VERSION
from esf_schemas.ddl import sql_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from esf_schemas import Contract, Table

__all__ = ["rows_checks"]

_OURS = "esf"
"""The name that DuckDB gives a database of ours, after its file; a lake is attached under it."""


def rows_checks(
    connection: DuckDBPyConnection,
    contracts: Sequence[type[Contract]],
    said: Mapping[str, int | None],
    *,
    by: str,
    advice: str,
) -> Iterator[Check]:
    """The tables of the open database, then all their rows; the first check alone where they are not those of ours.

    `said` is how many rows tables have by the word of `by`; `advice` is what to do where a check does not hold.
    """
    advice = f"No run of ours publishes this: report it. {advice}"
    tables = [contract.table() for contract in contracts]
    wrong = [text for table in tables for text in _misfits(connection, table)]
    yield verdict("database", wrong, f"opens, and has the tables of version {SCHEMA_VERSION}.", advice)
    if wrong:
        return
    counted = {name: count_rows(connection, f"FROM {name}") for name in said}
    wrong = [f"{name} has {rows} rows, {by} says {said[name]}" for name, rows in counted.items() if rows != said[name]]
    yield verdict("row counts", wrong, f"{counted['main.project']} projects; {len(said)} tables as {by} says.", advice)
    groups = {
        "keys": list(checks_of_keys(_OURS, contracts=contracts)),
        "history": list(checks_of_history(_OURS, whole=True)),
        "ledger": list(checks_of_ledger(_OURS, whole=True)),
    }
    for name, checks in groups.items():
        found = [(check.name, count_rows(connection, check.query)) for check in checks]
        wrong = [f"{text}: {count}" for text, count in found if count]
        yield verdict(name, wrong, f"{len(checks)} checks over all rows hold.", advice)
    found = [(each.table().name, broken_in(connection, _OURS, each)) for each in contracts]
    wrong = [f"rows of {name} that break their contract: {count}" for name, count in found if count]
    yield verdict("contracts", wrong, "all rows hold to their contracts, past versions included.", advice)


def _misfits(connection: DuckDBPyConnection, table: Table) -> Iterator[str]:
    """Where a table differs from its contract."""
    schema = HISTORY if table.versioned else table.schema
    found: dict[str, Any] = dict(
        connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?",
            [schema, table.name],
        ).fetchall()
    )
    added = {name for *place, name in ADDED_COLUMNS if place == [schema, table.name]}
    for column in table.columns:
        if column.name in added and column.name not in found:
            continue  # an older release made this database; no row of it has a value there
        expected = sql_type(column.dtype)
        if (have := found.pop(column.name, None)) != expected:
            yield f"{schema}.{table.name}.{column.name} is {have or 'missing'}, expected {expected}"
    yield from (f"{schema}.{table.name}.{name} is not ours" for name in found)

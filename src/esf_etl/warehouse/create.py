"""What a new database holds before the first page: tables, views, macros, comments and reference rows.

All of it is derived from the contracts and from the reference data that the library ships.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from esf_etl.pages import places
from esf_etl.pages.layouts import LAYOUTS
from esf_etl.pages.sections import DESCRIPTION
from esf_schemas import (
    ADDED_COLUMNS,
    DUCKDB,
    ETL_TABLES,
    PROJECT_TABLES,
    REF_TABLES,
    arrow_schema,
    comment_on,
    comment_sql,
    create_table_sql,
)
from esf_schemas.ddl import sql_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from duckdb import DuckDBPyConnection

    from esf_schemas import Contract, Dialect, Table

__all__ = ["HISTORY", "add_columns", "create_schema", "load_reference", "refresh_reference"]

HISTORY = "history"
"""The schema of all versions; `main` has views of the current ones."""


def create_schema(connection: DuckDBPyConnection, database: str, *, dialect: Dialect = DUCKDB) -> None:
    """Fill the attached, empty `database` with everything but projects."""
    before = connection.execute("SELECT current_database()").fetchone()
    connection.execute(f"USE {database}")  # the views of a database name its tables without the database
    for schema in (HISTORY, "ref", "etl"):
        connection.execute(f"CREATE SCHEMA {schema}")
    for contract in PROJECT_TABLES:
        connection.execute(create_table_sql(contract, HISTORY, dialect=dialect))
        connection.execute(comment_sql(contract, HISTORY))
        _create_views(connection, contract.table(), dialect)
        columns = _current_columns(contract.table()) if dialect.comments_on_view_columns else []
        connection.execute(comment_sql(contract, "main", kind="view", columns=columns))
    for contract in ETL_TABLES:
        connection.execute(create_table_sql(contract, dialect=dialect))
        connection.execute(comment_sql(contract))
    load_reference(connection, database)
    connection.execute(f"USE {before[0] if before else 'memory'}")


def _current_columns(table: Table) -> list[str]:
    """The columns of a current row: all but the end of its validity, which it has none of."""
    return [column.name for column in table.columns if column.name != "valid_to"]


def _create_views(connection: DuckDBPyConnection, table: Table, dialect: Dialect) -> None:
    """The view of the current rows, and the macro of the rows that were current at a past time."""
    columns = ", ".join(_current_columns(table))
    connection.execute(
        f"CREATE VIEW main.{table.name} AS SELECT {columns} FROM {HISTORY}.{table.name} WHERE valid_to IS NULL"
    )
    connection.execute(
        f"CREATE MACRO main.{table.name}_as_of(moment) AS TABLE SELECT {columns}, valid_to FROM {HISTORY}.{table.name}"
        " WHERE valid_from <= moment AND (valid_to IS NULL OR valid_to > moment)"
    )
    if not dialect.comments_on_macros:
        return
    text = f"The rows of {table.name} that were current at `moment` (a TIMESTAMP in UTC): any past night."
    connection.execute(comment_on("MACRO TABLE", f"main.{table.name}_as_of", text))


def load_reference(connection: DuckDBPyConnection, database: str) -> None:
    """Put the shipped reference rows into the `ref` tables of an attached database, in place of those there.

    A table that the release which made the database did not know yet is made.
    """
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'ref'", [database]
    ).fetchall()
    for contract in REF_TABLES:
        table = contract.table()
        if (table.name,) not in found:
            connection.execute(create_table_sql(contract, f"{database}.ref"))
            connection.execute(comment_sql(contract, f"{database}.ref"))
        with _shipped(connection, contract) as rows:
            connection.execute(f"DELETE FROM {database}.ref.{table.name}")
            connection.execute(f"INSERT INTO {database}.ref.{table.name} BY NAME FROM {rows}")


def refresh_reference(connection: DuckDBPyConnection, database: str) -> None:
    """The same, where a shipped row differs from what is there: a lake keeps every change as a file."""
    if any(_differs(connection, database, contract) for contract in REF_TABLES):
        load_reference(connection, database)


def _differs(connection: DuckDBPyConnection, database: str, contract: type[Contract]) -> bool:
    table = contract.table()
    columns = ", ".join(column.name for column in table.columns)
    there = f"SELECT {columns} FROM {database}.ref.{table.name}"
    with _shipped(connection, contract) as rows:
        shipped = f"SELECT {columns} FROM {rows}"
        query = f"({shipped} EXCEPT ALL {there}) UNION ALL ({there} EXCEPT ALL {shipped})"
        return connection.execute(query).fetchone() is not None


@contextmanager
def _shipped(connection: DuckDBPyConnection, contract: type[Contract]) -> Iterator[str]:
    """The shipped rows of a reference table, under a name that a query may use."""
    rows = list(_REFERENCE[contract.table().name]())
    connection.register("reference", pa.Table.from_pylist(rows, schema=arrow_schema(contract)))
    try:
        yield "reference"
    finally:
        connection.unregister("reference")


def add_columns(connection: DuckDBPyConnection, database: str) -> None:
    """Add to an attached database the columns that the release which made it did not know yet, empty as they are."""
    for schema, name, column in ADDED_COLUMNS:
        [table] = [table for each in ETL_TABLES if (table := each.table()).name == name]
        [spec] = [each for each in table.columns if each.name == column]
        place = f"{database}.{schema}.{name}"
        connection.execute(f"ALTER TABLE {place} ADD COLUMN IF NOT EXISTS {column} {sql_type(spec.dtype)}")
        connection.execute(comment_on("COLUMN", f"{place}.{column}", spec.description))


def _regions() -> Iterable[dict[str, Any]]:
    return ({"nuts2_code": region.nuts2_code, "name": region.name} for region in places.regions())


def _counties() -> Iterable[dict[str, Any]]:
    return (
        {"county_code": county.county_code, "name": county.name, "nuts2_code": county.nuts2_code}
        for county in places.counties()
    )


def _municipalities() -> Iterable[dict[str, Any]]:
    nuts2_codes = {county.county_code: county.nuts2_code for county in places.counties()}
    return (
        {
            "municipality_code": place.municipality_code,
            "name": place.name,
            "county_code": place.county_code,
            "nuts2_code": nuts2_codes[place.county_code],
        }
        for place in places.municipalities()
    )


def _programme_periods() -> Iterable[dict[str, Any]]:
    read: dict[str, Callable[[str], Any]] = {
        **dict.fromkeys(("eligible_from", "eligible_to", "known_as_of"), date.fromisoformat),
        "known_projects": int,
        "known_grant_sek": Decimal,
    }
    for row in places.reference_rows("programme_period"):
        yield {name: read.get(name, str)(text) if text else None for name, text in row.items()}


def _programme_areas() -> Iterable[dict[str, Any]]:
    return places.reference_rows("programme_area")


def _sections() -> Iterable[dict[str, Any]]:
    for layout in LAYOUTS:
        described: list[tuple[str, str | None, str]] = [(DESCRIPTION, None, "prose")]
        headed: list[tuple[str, str | None, str]] = [
            (heading.key, heading.text, heading.kind) for heading in layout.headings
        ]
        for ordinal, (key, heading, kind) in enumerate(described + headed, 1):
            yield {
                "layout": layout.key,
                "section_key": key,
                "heading": heading,
                "ordinal": ordinal,
                "kind": kind,
            }


_REFERENCE: dict[str, Callable[[], Iterable[dict[str, Any]]]] = {
    "region": _regions,
    "county": _counties,
    "municipality": _municipalities,
    "programme_period": _programme_periods,
    "programme_area": _programme_areas,
    "section": _sections,
}

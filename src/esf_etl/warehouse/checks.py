"""What must hold of the rows of a database: one list, asked by the audit of a copy and by `verify` of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from esf_etl.validate import broken_rows
from esf_etl.warehouse.create import HISTORY
from esf_schemas import ADDED_COLUMNS, CONTRACTS, FILE_NO, PROJECT_TABLES, VAULT_TABLES, staged_arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from duckdb import DuckDBPyConnection

    from esf_schemas import Contract

__all__ = ["PUBLISHED_TABLES", "RowCheck", "broken_in", "checks_of_history", "checks_of_keys", "checks_of_ledger"]

_ROWS_AT_ONCE = 100_000
"""So many rows are held to their contract again at a time; it bounds the memory."""

PUBLISHED_TABLES = tuple(contract for contract in CONTRACTS if contract not in VAULT_TABLES)
"""The contracts of the tables that a published database has."""


class RowCheck(NamedTuple):
    """A check by name, and the query for the rows that break it: none, where all is well."""

    name: str
    query: str


def checks_of_keys(
    database: str, *, among: str = "", contracts: Iterable[type[Contract]] = PUBLISHED_TABLES
) -> Iterator[RowCheck]:
    """No key stands twice. `among` is a clause that keeps to some of the current projects."""
    for contract in contracts:
        table = contract.table()
        if table.key:
            rows = f"FROM {database}.{table.schema}.{table.name}"
            if contract in PROJECT_TABLES:
                rows = f"{rows} {among}"
            query = f"SELECT 1 {rows} GROUP BY {', '.join(table.key)} HAVING count(*) > 1"
            yield RowCheck(f"keys of {table.name} that stand twice", query)


def checks_of_history(database: str, *, whole: bool = False) -> Iterator[RowCheck]:
    """Versions follow each other, and every row has its project; `whole` looks at past versions, too."""
    projects = f"{database}.{HISTORY}.project"
    for contract in PROJECT_TABLES:
        table = contract.table()
        history = f"{database}.{HISTORY}.{table.name}"
        yield RowCheck(
            f"versions of {table.name} that end before they begin",
            f"SELECT 1 FROM {history} WHERE valid_to <= valid_from",
        )
        current = f"(FROM {history} WHERE valid_to IS NULL)"
        if table.name == "project":
            yield RowCheck(
                "versions of project that are current beside a later one",
                f"SELECT 1 FROM {current} GROUP BY project_id HAVING min(valid_from) < max(valid_from)",
            )
        else:
            yield RowCheck(
                f"current rows of {table.name} without that version of their project",
                f"SELECT 1 FROM {current} AS rows ANTI JOIN (FROM {projects} WHERE valid_to IS NULL) AS version"
                " ON version.project_id = rows.project_id AND version.valid_from = rows.valid_from",
            )
        if not whole:
            continue
        yield RowCheck(
            f"keys of {HISTORY}.{table.name} that stand twice",
            f"SELECT 1 FROM {history} GROUP BY valid_from, {', '.join(table.key)} HAVING count(*) > 1",
        )
        yield RowCheck(
            f"versions of {table.name} that overlap",
            "SELECT 1 FROM (SELECT valid_to, lead(valid_from) OVER versions AS next_from"
            f" FROM (SELECT DISTINCT project_id, valid_from, valid_to FROM {history})"
            " WINDOW versions AS (PARTITION BY project_id ORDER BY valid_from, valid_to))"
            " WHERE coalesce(valid_to > next_from, next_from IS NOT NULL)",
        )
        yield RowCheck(
            f"rows of {HISTORY}.{table.name} without that version of their project",
            f"SELECT 1 FROM {history} AS rows ANTI JOIN {projects} AS version"
            " ON version.project_id = rows.project_id AND version.valid_from = rows.valid_from"
            " AND version.valid_to IS NOT DISTINCT FROM rows.valid_to",
        )


def checks_of_ledger(database: str, *, whole: bool = False) -> Iterator[RowCheck]:
    """Ledger, rejects and findings fit each other; `whole` looks at all runs, too."""
    ledger, reject = f"{database}.etl.landing_file", f"{database}.etl.reject"
    yield RowCheck(
        "rejected files without a reason",
        f"SELECT 1 FROM (FROM {ledger} WHERE outcome = 'rejected' AND missing_since IS NULL)"
        f" ANTI JOIN {reject} USING (landing, path)",
    )
    yield RowCheck(
        "rejects of files that were not rejected",
        f"SELECT 1 FROM {reject} ANTI JOIN (FROM {ledger} WHERE outcome = 'rejected') USING (landing, path)",
    )
    if whole:
        yield RowCheck(
            "findings about no project",
            f"SELECT 1 FROM {database}.etl.finding ANTI JOIN {database}.main.project USING (project_id)",
        )
        yield RowCheck(
            "projects whose page the ledger does not know",
            f"SELECT 1 FROM {database}.main.project AS project ANTI JOIN {ledger} AS known"
            " ON known.landing = project.landing AND known.path = project.source_path",
        )
        yield RowCheck(
            "runs whose files do not add up",
            f"SELECT 1 FROM {database}.etl.run WHERE outcome IN ('published', 'idle') AND"
            " files_seen <> unchanged + deferred + loaded + same_content + superseded + rejected",
        )


def broken_in(connection: DuckDBPyConnection, database: str, contract: type[Contract], where: str = "TRUE") -> int:
    """How many rows of a table, past versions included, break a hard rule of its contract; some are read at a time.

    Prose is not read again: the only rule it has, that there is some, DuckDB holds.
    """
    table = contract.table()
    schema = staged_arrow_schema(contract)
    prose = {column.name for column in table.columns if column.prose}
    source = f"{database}.{HISTORY if table.versioned else table.schema}.{table.name}"
    have = {name for name, *_ in connection.execute(f"DESCRIBE {source}").fetchall()}
    to_come = {name for *place, name in ADDED_COLUMNS if place == [table.schema, table.name]} - have
    said = {**dict.fromkeys(prose, "''"), **dict.fromkeys(to_come, "NULL")}
    columns = [f"{said[name]} AS {name}" if name in said else name for name in schema.names if name != FILE_NO]
    batches = connection.execute(
        f"SELECT {', '.join(columns)}, 0::BIGINT AS {FILE_NO} FROM {source} WHERE {where}"
    ).to_arrow_reader(_ROWS_AT_ONCE)
    return sum(
        broken_rows(contract, pa.Table.from_batches([batch]).select(schema.names).cast(schema)) for batch in batches
    )

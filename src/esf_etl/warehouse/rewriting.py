"""A database without a person: searched in all its texts, and written anew with them masked.

A new file, since an UPDATE leaves the old bytes where they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from esf_etl.errors import AuditFailed
from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.database import count_rows
from esf_etl.warehouse.staging import WORK
from esf_etl.warehouse.upsert import COPY
from esf_schemas import ETL_TABLES, PROJECT_TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from esf_etl.pages.forgotten import Forgotten

__all__ = ["Held", "copy_masked", "search_database"]

_IDENTITY = (
    "project_id",
    "related_project_id",
    "content_digest",
    "content_sha256",
    "run_id",
    "landing",
    "path",
    "source_path",
    "contact_email_domain",
)
"""Columns by which rows and files are known: no text of a page, and never masked."""

_MASKED = pa.schema([(name, pa.string()) for name in ("place", "before", "after")])


class Held(NamedTuple):
    """One text that holds a person: where it stands (schema, table, column), and the same masked."""

    schema: str
    table: str
    column: str
    before: str
    after: str


def search_database(connection: DuckDBPyConnection, database: str, person: Forgotten, hint: str) -> list[Held]:
    """Every different text of an attached database that holds a person.

    `hint` is a word that stands in each such text, in small letters: it is looked for first.
    """
    columns = connection.execute(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns()"
        " SEMI JOIN (SELECT database_name, schema_name, table_name FROM duckdb_tables()) AS known"
        " USING (database_name, schema_name, table_name)"
        " WHERE database_name = $database AND data_type = 'VARCHAR' ORDER BY ALL",
        {"database": database},
    ).fetchall()
    held = []
    for schema, table, column in columns:
        if schema == "ref" or column in _IDENTITY:
            continue
        # With a hint in one form of letters, composed as all texts are.
        texts = connection.execute(
            f"SELECT DISTINCT {column} FROM {database}.{schema}.{table} WHERE contains(lower({column}), $hint)",
            {"hint": hint},
        )
        while rows := texts.fetchmany(500):
            for (before,) in rows:
                after, count = person.mask(before)
                if count:
                    held.append(Held(schema, table, column, before, after))
    return held


def copy_masked(connection: DuckDBPyConnection, held: Sequence[Held], person: Forgotten) -> None:
    """Fill the tables of `esf`, which has none of their rows, with those of `base`, the texts in `held` masked.

    A version of a project in which a text is masked gets its content digest sealed (see `Forgotten.seal`).
    Raises `AuditFailed` where a row is missing afterwards.
    """
    rows = [{"place": f"{one.table}.{one.column}", "before": one.before, "after": one.after} for one in held]
    connection.register("arriving", pa.Table.from_pylist(rows, schema=_MASKED))
    connection.execute(f"CREATE TABLE {WORK}.masked AS FROM arriving")
    connection.unregister("arriving")
    _stage_seals(connection, held, person)
    # Those of a release that knew fewer.
    known = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'base' AND schema_name = 'etl'"
    ).fetchall()
    tables = [(HISTORY, each.table()) for each in PROJECT_TABLES] + [
        ("etl", table) for table in (each.table() for each in ETL_TABLES) if (table.name,) in known
    ]
    for schema, table in tables:
        changed = sorted({one.column for one in held if one.table == table.name})
        joins = " ".join(
            f"LEFT JOIN (FROM {WORK}.masked WHERE place = '{table.name}.{column}') AS in_{column}"
            f" ON in_{column}.before = known.{column}"
            for column in changed
        )
        values = [f"coalesce(in_{column}.after, known.{column}) AS {column}" for column in changed]
        if table.name == "project":
            joins += f" LEFT JOIN {WORK}.sealed AS sealed ON sealed.project_id = known.project_id"
            joins += " AND sealed.valid_from = known.valid_from"
            values.append("coalesce(sealed.content_digest, known.content_digest) AS content_digest")
        replaced = f" REPLACE ({', '.join(values)})" if values else ""
        connection.execute(
            f"INSERT INTO {COPY}.{schema}.{table.name} BY NAME"
            f" SELECT known.*{replaced} FROM base.{schema}.{table.name} AS known {joins}"
        )
        before, after = (count_rows(connection, f"FROM {each}.{schema}.{table.name}") for each in ("base", COPY))
        if before != after:
            msg = f"the new database has not as many rows of {table.name} as the old one."
            raise AuditFailed(msg, advice="Nothing was published. This is a bug.")


def _stage_seals(connection: DuckDBPyConnection, held: Sequence[Held], person: Forgotten) -> None:
    """The sealed digests of the versions in which a text is masked, as a table of the workspace."""
    versions = " UNION ".join(
        [
            f"SELECT project_id, valid_from FROM base.{one.schema}.{one.table} AS known"
            f" SEMI JOIN (FROM {WORK}.masked WHERE place = '{one.table}.{one.column}') AS masked"
            f" ON masked.before = known.{one.column}"
            for one in {(each.table, each.column): each for each in held if each.schema == HISTORY}.values()
        ]
        or [f"SELECT project_id, valid_from FROM base.{HISTORY}.project WHERE FALSE"]
    )
    found = connection.execute(
        f"SELECT project_id, valid_from, content_digest FROM base.{HISTORY}.project"
        f" SEMI JOIN ({versions}) AS changed USING (project_id, valid_from)"
    ).to_arrow_table()
    sealed = pa.array([person.seal(digest) for digest in found["content_digest"].to_pylist()], pa.string())
    connection.register("arriving", found.set_column(2, "content_digest", sealed))
    connection.execute(f"CREATE TABLE {WORK}.sealed AS FROM arriving")
    connection.unregister("arriving")

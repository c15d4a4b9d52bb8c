"""The digest of a warehouse: one hash over what it says, so that two can be compared (DESIGN §4)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from esf_schemas import PROJECT_TABLES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["DIGEST_VERSION", "digest"]

DIGEST_VERSION = 1


def digest(connection: DuckDBPyConnection, database: str | None = None) -> str:
    """SHA-256, 64 hexadecimal digits, over all current rows of the project tables in the order of their keys.

    Left out are the columns that say where a row came from (`lineage` in the contracts: run, source, validity, cause,
    layout, contact's domain). `database` names an attached one; None is the connection's own.
    """
    whole = hashlib.sha256(f"esf_etl digest {DIGEST_VERSION}\n".encode())
    prefix = f"{database}." if database else ""
    for contract in PROJECT_TABLES:
        table = contract.table()
        names = sorted(column.name for column in table.columns if not column.lineage)
        values = ", ".join(f"{name}::VARCHAR" for name in names)
        keys = ", ".join(table.key)
        row = connection.execute(
            f"SELECT count(*), sha256(coalesce(string_agg(row_hash, '' ORDER BY {keys}), '')) FROM ("
            f"SELECT {keys}, sha256(to_json([{values}])::VARCHAR) AS row_hash FROM {prefix}main.{table.name})"
        ).fetchone()
        count, rows = row or (0, "")
        whole.update(f"{table.name} {','.join(names)} {count} {rows}\n".encode())
    return whole.hexdigest()

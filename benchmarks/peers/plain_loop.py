"""A plain loop: page by page, `executemany` of INSERT OR REPLACE, all in one transaction.

`python -m benchmarks.peers.plain_loop LANDING DATABASE`
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.peers.tables import TABLES, connect, create_tables, print_versions, rows_of
from esf_etl import parse_bytes


def main() -> None:
    """Load the pages of a folder into a new database."""
    landing, database = sys.argv[1:]
    statements = {
        name: f"INSERT OR REPLACE INTO {name} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - names of ours
        for name, columns in TABLES.items()
    }
    with connect(database) as connection:
        create_tables(connection, keys=True)
        connection.execute("BEGIN")  # a transaction for each page makes it three times slower
        for path in sorted(Path(landing).rglob("*.txt")):
            for table, rows in rows_of(parse_bytes(path.read_bytes())):
                if rows:
                    connection.executemany(statements[table], [list(row.values()) for row in rows])
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
    print_versions("duckdb")


if __name__ == "__main__":
    main()

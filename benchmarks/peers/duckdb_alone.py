"""DuckDB alone, in SQL: `python -m benchmarks.peers.duckdb_alone LANDING DATABASE`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.peers.tables import LISTS, REGIONS, SECTIONS, connect, create_tables, print_versions


def main() -> None:
    """Load the pages of a folder into a new database."""
    landing, database = sys.argv[1:]
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with connect(database) as connection:
        connection.execute("SET preserve_insertion_order = false")
        create_tables(connection, keys=False)
        connection.execute(
            "CREATE TEMP TABLE region AS SELECT unnest($names) AS name, unnest($codes) AS nuts2_code",
            {"names": list(REGIONS), "codes": list(REGIONS.values())},
        )
        headings = {**SECTIONS, **LISTS}
        connection.execute(
            "CREATE TEMP TABLE heading AS"
            " SELECT unnest($words) AS heading, unnest($keys) AS key, unnest($words) IN $lists AS is_list",
            {"words": list(headings), "keys": list(headings.values()), "lists": list(LISTS)},
        )
        connection.execute("SET VARIABLE pages = $glob", {"glob": f"{landing}/*/*.txt"})
        connection.execute("SET VARIABLE headings = $pattern", {"pattern": rf"\n\n({'|'.join(headings)})\n\n"})
        connection.execute(statements)
        connection.execute("CHECKPOINT")
    print_versions("duckdb")


if __name__ == "__main__":
    main()

"""`esf-etl sql`: one read-only query of the published database."""

from __future__ import annotations

import sys
from math import isfinite
from typing import TYPE_CHECKING, Any

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse, warehouse_of
from esf_etl.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Query the published database, read-only."

_NUMBERS = ("INTEGER", "BIGINT", "DOUBLE", "DECIMAL", "HUGEINT", "FLOAT", "SMALLINT", "UBIGINT")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The query, and where the warehouse is."""
    parser.add_argument("query", nargs="?", metavar="QUERY", help="SQL in DuckDB's dialect; else read from stdin")
    add_warehouse(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the rows of the query: a table on a terminal, tab-separated elsewhere, with --json a list of objects."""
    query = args.query
    if query is None:
        if sys.stdin.isatty():
            msg = "no query: give it as an argument, or on stdin."
            raise UsageError(msg)
        query = sys.stdin.read()
    from esf_etl.warehouse.reading import run_query

    names, types, rows = run_query(warehouse_of(args), query)
    if args.json:
        keys = _distinct(names)
        output.print_json([dict(zip(keys, map(_json_value, row), strict=True)) for row in rows])
    else:
        output.print_table(names, rows, right=[name.startswith(_NUMBERS) for name in types])
    return 0


def _distinct(names: list[str]) -> list[str]:
    """The names, later ones of the same name numbered: a JSON object would keep only one of them."""
    keys: list[str] = []
    for name in names:
        key, number = name, 0
        while key in keys:
            number += 1
            key = f"{name}_{number}"
        keys.append(key)
    return keys


def _json_value(value: Any) -> Any:
    """The value, or null for a float that JSON has no word for."""
    return None if isinstance(value, float) and not isfinite(value) else value

"""`esf-etl rejects`: the files that stand rejected, each with its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse, published_in

if TYPE_CHECKING:
    import argparse

HELP = "List the files that stand rejected, and why."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the warehouse is."""
    add_warehouse(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print every standing reject."""
    from esf_etl.warehouse.reading import standing_rejects

    rows = standing_rejects(published_in(args))
    if args.json:
        output.print_json(rows)
        return 0
    if not rows:
        output.say("No file stands rejected.")
        return 0
    for row in rows:
        line = "" if row["line"] is None else f":{row['line']}"
        output.say(f"{row['path']}{line}: {row['code']}: {row['message']}")
        if row["found"] is not None:
            output.say(f"    found: {row['found']}")
        if row["expected"] is not None:
            output.say(f"    expected: {row['expected']}")
    return 0

"""`esf-etl digest`: one hash over what the warehouse says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse, published_in

if TYPE_CHECKING:
    import argparse

HELP = "Print the digest of the warehouse: two with the same digest say the same."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the warehouse is."""
    add_warehouse(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the digest."""
    from esf_etl.warehouse.reading import warehouse_digest

    value = warehouse_digest(published_in(args))
    if args.json:
        output.print_json({"digest": value})
    else:
        output.say(value)
    return 0

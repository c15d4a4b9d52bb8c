"""`esf-etl dictionary`: every table and column, as the contracts describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json

if TYPE_CHECKING:
    import argparse

HELP = "Print the data dictionary: every table and column, with type, unit and meaning."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The form of the output."""
    parser.add_argument(
        "--format",
        choices=("markdown", "json"),
        default="markdown",
        help="a page, or a list of columns (default: markdown)",
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the dictionary as Markdown, the page `docs/data-dictionary.md`, or as a list of columns."""
    import esf_schemas

    if args.json or args.format == "json":
        output.print_json(esf_schemas.dictionary())
    else:
        output.say(esf_schemas.dictionary_markdown().removesuffix("\n"))
    return 0

"""`esf-etl purge`: remove the contacts of projects that ended long ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse
from esf_etl.settings import IngestSettings

if TYPE_CHECKING:
    import argparse

HELP = "Remove from the vault the contacts of projects that ended long ago."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How long ago, and where the warehouse is."""
    parser.add_argument(
        "--older-than", required=True, metavar="TIME", help="of projects that ended longer ago: 2y, 18m, 26w or 90d"
    )
    add_warehouse(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done; change nothing")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Purge; prints how many contacts went."""
    settings = IngestSettings.from_environment(warehouse=args.warehouse, dry_run=args.dry_run)
    from esf_etl.forgetting import purge

    result = purge(settings, args.older_than)
    if args.json:
        output.print_json(result.to_dict())
    else:
        what = "Would remove" if result.dry_run else "Removed"
        output.say(
            f"{what} {result.contacts_removed} contacts of projects that ended before {result.ended_before};"
            f" {result.contacts_kept} stay."
        )
    return 0

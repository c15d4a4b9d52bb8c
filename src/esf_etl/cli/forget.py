"""`esf-etl forget`: take a person out of the warehouse, and keep them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_landing, add_warehouse
from esf_etl.settings import IngestSettings

if TYPE_CHECKING:
    import argparse

    from esf_etl.forgetting import Forgetting

HELP = "Take a person out of vault, tables and history, and keep them out."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Who, and where the warehouse and its pages are."""
    parser.add_argument("person", metavar="EMAIL|NAME", help="an e-mail address, or a name of two words or more")
    add_warehouse(parser)
    add_landing(parser, "the pages, which are searched too: a folder, or s3://bucket/prefix (default: landing)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done; change nothing")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Forget; prints what was removed, and what still holds the person."""
    settings = IngestSettings.from_environment(
        landing=args.landing, warehouse=args.warehouse, dry_run=args.dry_run, reprocess=False, rebuild=False
    )
    from esf_etl.forgetting import forget

    result = forget(settings, args.person)
    if args.json:
        output.print_json(result.to_dict())
    else:
        _tell(result)
    return 0


def _tell(result: Forgetting) -> None:
    masked = sum(result.masked.values())
    if result.dry_run:
        output.say(f"Would remove {result.contacts_removed} contacts and mask {masked} texts; nothing was changed.")
    else:
        output.say(f"Removed {result.contacts_removed} contacts and masked {masked} texts. They will not come back.")
    for table, count in sorted(result.masked.items()):
        output.say(f"    {table}: {count}")
    if result.snapshot:
        output.say(f"Published {result.snapshot}.")
    for names, what in (
        (result.older_snapshots, "Older snapshots that still hold the person; remove their folders:"),
        (result.landing_files, "Pages that still hold the person; remove or edit these files in the landing folder:"),
        (result.unsearched, "Could not be searched:"),
    ):
        if names:
            output.say(what)
        for name in names:
            output.say(f"    {name}")

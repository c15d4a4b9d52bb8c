"""`esf-etl restore`: go back to a kept snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse, warehouse_of
from esf_etl.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Go back to a kept snapshot, or list those that are kept."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The snapshot, and where the warehouse is."""
    parser.add_argument("snapshot", nargs="?", metavar="SNAPSHOT", help="the name of a kept snapshot")
    parser.add_argument("--list", action="store_true", help="list the kept snapshots, newest first")
    add_warehouse(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Restore one, or list all."""
    if args.list == (args.snapshot is not None):
        msg = "name one snapshot, or ask for --list."
        raise UsageError(msg)
    from esf_etl.warehouse.restore import kept_snapshots, restore

    if args.list:
        rows = kept_snapshots(warehouse_of(args))
        if args.json:
            output.print_json(rows)
        else:
            _print_list(rows)
        return 0
    done = restore(warehouse_of(args), args.snapshot)
    if args.json:
        output.print_json(done)
    elif done["outcome"] == "already-current":
        output.say(f"{done['snapshot']} is what is published already; nothing was done.")
    else:
        output.say(f"Published again: {done['snapshot']}, {done['projects']} projects.")
        output.say(
            "The next `esf-etl ingest` reads again what came since. Pages that have left since do not come back."
        )
    return 0


def _print_list(rows: list[dict[str, Any]]) -> None:
    if not rows:
        output.say("No snapshot is kept.")
        return
    names = ("snapshot", "published_at", "projects", "")
    told = [
        (row["snapshot"], row["published_at"], row["projects"], row["note"] or ("current" if row["current"] else ""))
        for row in rows
    ]
    output.print_table(names, told, right=(False, False, True, False))

"""`esf-etl verify`: whether what is published is what was published, and holds what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_landing, add_warehouse
from esf_etl.errors import UsageError
from esf_etl.settings import IngestSettings

if TYPE_CHECKING:
    import argparse

    from esf_etl.warehouse.verifying import Verification

HELP = "Check what is published: files, checksums, contracts, history, ledger. It writes nothing."

_WRONG = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the warehouse is, and how far to look."""
    add_warehouse(parser)
    add_landing(parser, "compare the ledger with these pages, too: a folder, or s3://bucket/prefix")
    parser.add_argument(
        "--landing-name", metavar="NAME", help="the name the ledger knows the landing folder by (default: default)"
    )
    parser.add_argument("--read", action="store_true", help="read every page of the landing folder and compare bytes")
    parser.add_argument("--all", action="store_true", help="check the checksums of the other kept snapshots, too")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print a line a check; with --json one document. Exit status 1 when something is wrong."""
    sources = IngestSettings.sources(warehouse=args.warehouse, landing=args.landing, landing_name=args.landing_name)
    settings = IngestSettings(**{name: found.value for name, found in sources.items()})
    with_landing = sources["landing"].kind != "default"
    if args.read and not with_landing:
        msg = "--read asks for the landing folder, and none is named."
        raise UsageError(msg, advice="Name it with --landing.")
    from esf_etl.warehouse.verify import verify

    found = verify(settings, with_landing=with_landing, read=args.read, all_snapshots=args.all)
    if args.json:
        output.print_json(found.to_dict())
    else:
        _print(found)
    return 0 if found.ok else _WRONG


def _print(found: Verification) -> None:
    output.say(f"{found.warehouse}, {found.snapshot}:")
    for check in found.checks:
        output.say(f"  {check.state:<7}  {check.name}: {check.message}")
        if check.advice and check.state == "wrong":
            output.say(f"           {check.advice}")
    wrong = sum(check.state == "wrong" for check in found.checks)
    output.say(f"{wrong} of {len(found.checks)} checks found something wrong." if wrong else "Nothing is wrong.")

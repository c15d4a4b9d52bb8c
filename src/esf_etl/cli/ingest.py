"""`esf-etl ingest`: bring what is new in the landing folder into the warehouse."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_landing, add_warehouse
from esf_etl.settings import IngestSettings

if TYPE_CHECKING:
    import argparse

HELP = "Bring new and changed pages into the warehouse."

_REJECTS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The settings of a run; what is not given comes from the environment."""
    add_landing(parser, "the folder of pages, or s3://bucket/prefix (also gs://, az://) (default: landing)")
    add_warehouse(parser)
    parser.add_argument(
        "--landing-name", metavar="NAME", help="the name the ledger knows the landing folder by (default: default)"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes that parse (default: as the work asks for)")
    parser.add_argument(
        "--settle-s", type=float, metavar="S", help="leave files younger than S seconds for next time (default: 5)"
    )
    parser.add_argument(
        "--max-page-bytes", type=int, metavar="N", help="refuse larger files unread (default: 5 000 000)"
    )
    parser.add_argument("--keep-snapshots", type=int, metavar="N", help="keep the newest N snapshots (default: 7)")
    parser.add_argument("--reprocess", action="store_true", default=None, help="parse every file again")
    parser.add_argument("--rebuild", action="store_true", default=None, help="load everything into a new warehouse")
    parser.add_argument("--dry-run", action="store_true", default=None, help="say what would be done; write nothing")
    parser.add_argument(
        "--with-contacts", action="store_true", default=None, help="keep contacts in the warehouse's private vault"
    )
    parser.add_argument(
        "--no-mask-prose",
        dest="mask_prose",
        action="store_false",
        default=None,
        help="publish e-mail addresses and phone numbers that stand in texts",
    )
    parser.add_argument("--fail-on-reject", action="store_true", help="exit with status 4 when this run rejects pages")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """One run; prints its summary."""
    settings = IngestSettings.from_environment(
        landing=args.landing,
        warehouse=args.warehouse,
        landing_name=args.landing_name,
        workers=args.workers,
        settle_s=args.settle_s,
        max_page_bytes=args.max_page_bytes,
        keep_snapshots=args.keep_snapshots,
        reprocess=args.reprocess,
        rebuild=args.rebuild,
        dry_run=args.dry_run,
        with_contacts=args.with_contacts,
        mask_prose=args.mask_prose,
    )
    from esf_etl.cli.progress_display import Bars, Lines
    from esf_etl.pipeline import ingest

    shows_bars = sys.stderr.isatty() and not args.json
    with Bars() if shows_bars else Lines() as progress:
        summary = ingest(settings, progress=progress)
    if args.json:
        output.print_json(summary.to_dict())
    else:
        output.say(summary.sentence())
        if summary.standing_rejects:
            output.say(f"{summary.standing_rejects} files stand rejected: `esf-etl rejects` says why.")
    return _REJECTS if args.fail_on_reject and summary.rejected else 0

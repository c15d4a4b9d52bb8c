"""`esf-etl report`: one HTML page of what is published, that works offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse, job_of

if TYPE_CHECKING:
    import argparse

HELP = "Make the report page: totals, charts, a map and what the job did, in one HTML file that works offline."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the page goes, its language, and where the warehouse is."""
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where the page goes (default: report.html in the warehouse folder)"
    )
    parser.add_argument("--language", choices=("sv", "en"), default="sv", help="of its words (default: sv)")
    add_warehouse(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Make the page and say where it is."""
    from esf_etl.reports.page import write_page
    from esf_etl.warehouse.folder import PAGE

    folder, lake = job_of(args)
    # Who only reads a lake has no folder of a job.
    here = Path(PAGE) if lake is not None and not folder.is_dir() else None
    path = write_page(folder, args.output or here, lake=lake, language=args.language)
    if args.json:
        output.print_json({"output": str(path), "language": args.language, "size_bytes": path.stat().st_size})
    else:
        output.say(f"Report page: {path} ({path.stat().st_size / 1000:.0f} kB).")
    return 0

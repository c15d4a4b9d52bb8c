"""`esf-etl export`: the list of operations, or another report, as a file for spreadsheets and programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse, published_in
from esf_etl.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Write the list of operations, or another report, as CSV, Excel workbook or Parquet."

_STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to write, where to, and how."""
    parser.add_argument(
        "--format",
        choices=("csv", "csv-excel", "xlsx", "parquet"),
        help="CSV by RFC 4180, CSV for Swedish Excel, workbook or Parquet (default: as --output ends, else csv)",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="the file, or - for stdout with CSV (default: the report's name, in this folder)",
    )
    parser.add_argument(
        "--view", metavar="NAME", default="list_of_operations", help="the report (default: list_of_operations)"
    )
    parser.add_argument(
        "--language",
        choices=("both", "sv", "en", "names"),
        default="both",
        help="headings in Swedish and English, one of them, or the columns' machine names (default: both)",
    )
    parser.add_argument(
        "--harmless", action="store_true", help="with csv: put an apostrophe before texts that look like formulas"
    )
    add_warehouse(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Write the file and say what was written; with `-` the rows alone go to stdout."""
    from esf_etl.reports.export import SUFFIXES, export, export_to_stream, format_of

    form = args.format or (format_of(Path(args.output)) if args.output else "csv")
    if args.harmless and form != "csv":
        msg = f"--harmless is for csv; {form} needs none."
        raise UsageError(msg)
    said = {"format": form, "view": args.view, "language": args.language, "harmless": args.harmless}
    if args.output == _STDOUT:
        if args.json:
            msg = "with --output - the rows go to stdout, and --json has no place there."
            raise UsageError(msg)
        export_to_stream(published_in(args), sys.stdout.buffer, **said)
        return 0
    done = export(published_in(args), Path(args.output or f"{args.view}{SUFFIXES[form]}"), **said)
    if args.json:
        output.print_json(done.to_dict())
        return 0
    output.say(f"{done.path}: {done.rows} rows, {done.columns} columns, {done.size_bytes} bytes, of run {done.run_id}.")
    for each in done.shortened:
        output.note(
            f"{each.row}: {each.column} has {each.characters} characters, more than a cell can hold; it was cut."
        )
    return 0

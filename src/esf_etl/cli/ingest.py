"""`esf-etl ingest`: bring what is new in the landing folder into the warehouse."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_landing, add_warehouse
from esf_etl.errors import EsfEtlError
from esf_etl.settings import IngestSettings

if TYPE_CHECKING:
    import argparse

    from esf_etl.summary import RunSummary

HELP = "Bring new and changed pages into the warehouse."

_REJECTS = 4


def add_settings(parser: argparse.ArgumentParser) -> None:
    """The settings of a run; what is not given comes from environment and settings file."""
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
    parser.add_argument(
        "--overrides", type=Path, metavar="FILE", help="overrides (default: overrides.csv in the warehouse folder)"
    )
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
    parser.add_argument("--lake-data", metavar="PLACE", help="folder or bucket for the Parquet files of a new lake")
    parser.add_argument(
        "--log-format", metavar="text|json", help="what stderr shows: text, or a JSON object a line (default: text)"
    )
    parser.add_argument("--log-file", type=Path, metavar="FILE", help="add the JSON lines of this run to a file")
    parser.add_argument(
        "--metrics",
        dest="metrics_file",
        type=Path,
        metavar="FILE",
        help="write the metrics there (default: metrics.prom in the warehouse folder)",
    )


def said(args: argparse.Namespace) -> dict[str, Any]:
    """What the command's options say of the settings; None is no word."""
    return {spec.name: getattr(args, spec.name, None) for spec in fields(IngestSettings)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The settings of a run, and how it ends."""
    add_settings(parser)
    parser.add_argument("--fail-on-reject", action="store_true", help="exit with status 4 when this run rejects pages")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """One run; prints its summary."""
    settings = IngestSettings.from_environment(**said(args))
    before = _published(settings)
    try:
        summary = _ingest(settings, shows_bars=sys.stderr.isatty() and not args.json)
    except (Exception, KeyboardInterrupt) as problem:
        if settings.log_format == "text" and isinstance(problem, KeyboardInterrupt):
            # The run has put right what it had begun; it may have been clearing up after it had published.
            after = _published(settings)
            told = "nothing was published" if after == before else f"it had published {after}"
            output.note(f"esf-etl: interrupted; {told}.")
            return output.INTERRUPTED
        if settings.log_format == "text" or isinstance(problem, ModuleNotFoundError):
            raise
        # The last line has told of it, and another form would be none to whoever reads the lines.
        return _exit_status(problem)
    if args.json:
        output.print_json(summary.to_dict())
    else:
        output.say(summary.sentence())
        if summary.standing_rejects:
            output.say(f"{summary.standing_rejects} files stand rejected: `esf-etl rejects` says why.")
        if summary.read_by_older_parser:
            output.say(f"{summary.read_by_older_parser} files were read by another version of the parser: --reprocess.")
    return _REJECTS if args.fail_on_reject and summary.rejected else 0


def _published(settings: IngestSettings) -> str | None:
    """What `current` points to, or None."""
    try:
        return str((settings.warehouse / "current").readlink())
    except OSError:
        return None


def _ingest(settings: IngestSettings, *, shows_bars: bool) -> RunSummary:
    """The run, shown on stderr in the form that is asked for, and told to the log."""
    from esf_etl.cli.progress_display import Bars, Lines, Several
    from esf_etl.pipeline import ingest

    if settings.log_format == "text" and settings.log_file is None:
        with Bars() if shows_bars else Lines() as shown:
            return ingest(settings, progress=shown)
    from esf_etl.cli.json_lines import JsonLines

    with JsonLines.as_set(settings) as lines:
        if settings.log_format == "json":
            return ingest(settings, progress=lines, watcher=lines)
        with Bars() if shows_bars else Lines() as shown:
            return ingest(settings, progress=Several(shown, lines), watcher=lines)


def _exit_status(problem: BaseException) -> int:
    if isinstance(problem, EsfEtlError):
        return problem.exit_code
    return output.INTERRUPTED if isinstance(problem, KeyboardInterrupt) else 1

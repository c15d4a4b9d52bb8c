"""The command line: arguments in, the library called, a table or JSON out. One module a verb.

Nothing heavy is imported until a verb runs, so that `--help` and `parse` start at once.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, Protocol, cast

from esf_etl import __version__
from esf_etl.cli import output
from esf_etl.errors import EsfEtlError, MissingExtra
from esf_etl.settings_file import named_settings_file

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["VERBS", "build_parser", "main"]

VERBS = (
    "parse",
    "ingest",
    "status",
    "rejects",
    "sql",
    "search",
    "report",
    "digest",
    "verify",
    "restore",
    "dictionary",
    "export",
    "opendata",
    "forget",
    "purge",
    "sample",
    "serve",
    "config",
)
"""The commands, each a module of this package."""

_EXTRA_OF = {
    "duckdb": "warehouse",
    "pyarrow": "warehouse",
    "polars": "warehouse",
    "pandera": "warehouse",
    "filelock": "warehouse",
    "rich": "warehouse",
    "prefect": "flows",
    "obstore": "lake",
    "altair": "reports",
    "prometheus_client": "warehouse",
    "prompt_toolkit": "reports",
    "pygments": "reports",
    "pythonjsonlogger": "warehouse",
    "vl_convert": "reports",
    "xlsxwriter": "reports",
}
"""The extra that brings a package, for whoever has not installed it."""


class _Verb(Protocol):
    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def _verb(name: str) -> _Verb:
    return cast("_Verb", importlib.import_module(f"esf_etl.cli.{name}"))


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="esf-etl",
        description="From saved project pages of the Swedish ESF council to tables one can trust.",
        epilog="Exit status: 0 done (rejects included), 1 failed, 2 wrong usage, 3 another run holds the lock, "
        "4 rejects, where --fail-on-reject asks for it. Settings also by ESF_ETL_* variables "
        "and a settings file: `esf-etl config` shows them.",
    )
    parser.add_argument("--version", action="version", version=f"esf-etl {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in VERBS:
        verb = _verb(name)
        verb.add_arguments(commands.add_parser(name, help=verb.HELP, description=verb.HELP))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    args = build_parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a letter that a terminal cannot show ends nothing
    status = 0
    try:
        with named_settings_file(getattr(args, "config", None)):
            status = _verb(args.command).run(args)
        sys.stdout.flush()
    except EsfEtlError as problem:
        output.complain(problem)
        return problem.exit_code
    except ModuleNotFoundError as problem:
        extra = _EXTRA_OF.get((problem.name or "").partition(".")[0])
        if extra is None:
            raise
        msg = f"`esf-etl {args.command}` needs the package {problem.name}, which is not installed."
        missing = MissingExtra(msg, advice=f"Install it with: pip install 'esf-etl[{extra}]'")
        output.complain(missing)
        return missing.exit_code
    except BrokenPipeError:
        # The reader of our output has seen enough (`esf-etl rejects | head`); a verdict that was reached stands.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return status
    except KeyboardInterrupt:
        output.note("esf-etl: interrupted.")
        return output.INTERRUPTED
    else:
        return status

"""`esf-etl serve`: the scheduled job on one machine, with Prefect's server and its pages."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys

from esf_etl.errors import MissingExtra

HELP = "Run the nightly job on its schedule, with Prefect's server and UI on this machine."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything is handed on to `python -m esf_flows.serve`, which knows Prefect."""
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="see `esf-etl serve -- --help`")


def run(args: argparse.Namespace) -> int:
    """Become that process; this library need not know Prefect."""
    if importlib.util.find_spec("prefect") is None:
        msg = "`esf-etl serve` needs the package prefect, which is not installed."
        raise MissingExtra(msg, advice="Install it with: pip install 'esf-etl[flows]'")
    handed_on = [argument for argument in args.arguments if argument != "--"]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "esf_flows.serve", *handed_on])  # noqa: S606 - our own module

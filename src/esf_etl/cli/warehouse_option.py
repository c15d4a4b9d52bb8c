"""What the commands that read or write a warehouse have in common: where it is, and where its pages are."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.address import read_address
from esf_etl.errors import UsageError
from esf_etl.settings import IngestSettings

if TYPE_CHECKING:
    from esf_etl.address import StoreUrl

__all__ = ["add_json", "add_landing", "add_warehouse", "landing_address", "warehouse_of"]


def add_landing(parser: argparse.ArgumentParser, help_text: str) -> None:
    """The option `--landing DIR|URL`."""
    parser.add_argument("--landing", type=landing_address, metavar="DIR|URL", help=help_text)


def landing_address(text: str) -> Path | StoreUrl:
    """A folder or the URL of a place in an object store, for argparse, which else would show the text."""
    try:
        return read_address(text)
    except UsageError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def add_warehouse(parser: argparse.ArgumentParser) -> None:
    """The option `--warehouse DIR`."""
    parser.add_argument(
        "--warehouse", type=Path, metavar="DIR", help="the warehouse folder (default: ESF_ETL_WAREHOUSE, or warehouse)"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option `--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def warehouse_of(args: argparse.Namespace) -> Path:
    """The warehouse folder of a command: as said, else from the environment, else the default."""
    return IngestSettings.from_environment(warehouse=args.warehouse).warehouse

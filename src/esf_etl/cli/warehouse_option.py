"""What the commands that read or write a warehouse have in common: where it is, its pages, and where that is said."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.address import read_address
from esf_etl.errors import UsageError
from esf_etl.settings import LAKE_PREFIX, IngestSettings

if TYPE_CHECKING:
    from esf_etl.address import StoreUrl
    from esf_etl.warehouse.lake.address import Lake

__all__ = [
    "add_config",
    "add_json",
    "add_landing",
    "add_warehouse",
    "job_of",
    "landing_address",
    "published_in",
    "read_warehouse",
    "warehouse_of",
]


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
    """The options `--warehouse DIR` and `--config FILE`."""
    parser.add_argument(
        "--warehouse",
        type=read_warehouse,
        metavar="DIR",
        help="the warehouse folder, or ducklake:postgres:… (default: ESF_ETL_WAREHOUSE, or warehouse)",
    )
    add_config(parser)


def read_warehouse(text: str) -> Path | str:
    """A folder, or the address of a lake as it is written: a `Path` would make one slash of two."""
    return text if text.startswith(LAKE_PREFIX) else Path(text)


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option `--config FILE`; `main` reads it, for all commands alike."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the settings file (default: ESF_ETL_CONFIG, or the first found; `esf-etl config` shows it)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option `--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def warehouse_of(args: argparse.Namespace) -> Path:
    """The warehouse folder of a command: as said, else from environment or settings file, else the default.

    Raises `UsageError` where that is a lake: the command is for what only a folder has.
    """
    place = published_in(args)
    if not isinstance(place, Path):
        msg = f"`esf-etl {args.command}` is for a warehouse in a folder."
        raise UsageError(
            msg, path=str(place), advice="Name one with --warehouse DIR. docs/scale.md says what a lake has."
        )
    return place


def published_in(args: argparse.Namespace) -> Path | Lake:
    """The same, or the lake that is named in its place."""
    folder, lake = job_of(args)
    return folder if lake is None else lake


def job_of(args: argparse.Namespace) -> tuple[Path, Lake | None]:
    """The warehouse folder of a command, and the lake that is named in its place.

    With a lake the folder is the job's own on this machine, which need not be there.
    """
    settings = IngestSettings.from_environment(warehouse=args.warehouse)
    from esf_etl.warehouse.lake.address import lake_of

    return settings.warehouse, lake_of(settings)

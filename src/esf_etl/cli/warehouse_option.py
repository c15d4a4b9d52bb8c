"""What the commands that read or write a warehouse have in common: where it is, and where that is said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.settings import IngestSettings

if TYPE_CHECKING:
    import argparse

__all__ = ["add_config", "add_json", "add_warehouse", "warehouse_of"]


def add_warehouse(parser: argparse.ArgumentParser) -> None:
    """The options `--warehouse DIR` and `--config FILE`."""
    parser.add_argument(
        "--warehouse", type=Path, metavar="DIR", help="the warehouse folder (default: ESF_ETL_WAREHOUSE, or warehouse)"
    )
    add_config(parser)


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
    """The warehouse folder of a command: as said, else from environment or settings file, else the default."""
    return IngestSettings.from_environment(warehouse=args.warehouse).warehouse

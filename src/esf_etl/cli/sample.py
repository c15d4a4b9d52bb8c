"""`esf-etl sample`: a folder of invented pages, to try everything on."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json
from esf_etl.errors import EsfEtlError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from esf_etl.pages.records import Project

__all__ = ["HELP", "SampleNotWritten", "add_arguments", "run", "write_pages"]

HELP = "Write invented project pages into a folder, to try the other commands on."

_PAGES_A_FOLDER = 1_000
_AGE_S = 3_600
"""Pages are dated back by so much: the next `ingest` must not take them for files that are still being written."""


class SampleNotWritten(EsfEtlError):
    """The folder for the sample cannot be made or written to."""

    code = "sample-not-written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many pages, where, and which."""
    parser.add_argument("count", type=int, metavar="N", help="how many pages")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder to write them into; it is made if missing")
    parser.add_argument("--seed", type=int, default=0, help="another number gives other pages (default: 0)")
    parser.add_argument("--force", action="store_true", help="also write into a folder that has pages already")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Write the pages."""
    from esf_etl.pages.invent import invent

    folder: Path = args.folder
    if args.count < 1:
        msg = f"N is {args.count}; a sample has at least one page."
        raise UsageError(msg)
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is no folder."
        raise UsageError(msg, advice="Name another one.")
    if not args.force and (there := next(folder.rglob("*.txt"), None)):
        msg = f"{folder} has pages already, such as {there.relative_to(folder)}."
        raise UsageError(
            msg, advice="Name an empty folder, or add --force: pages of the same name are then overwritten."
        )
    try:
        size = write_pages(invent(args.count, seed=args.seed), folder, spread=args.count > _PAGES_A_FOLDER)
    except OSError as problem:
        msg = f"the sample cannot be written: {problem.strerror or problem}."
        raise SampleNotWritten(
            msg, path=str(problem.filename or folder), advice="Check the folder's permissions and the room on its disk."
        ) from problem
    if args.json:
        output.print_json({"folder": str(folder), "pages": args.count, "bytes": size, "seed": args.seed})
    else:
        pages = "1 invented page" if args.count == 1 else f"{args.count} invented pages"
        output.say(f"{pages} in {folder} ({size / 1e6:.1f} MB). Try: esf-etl ingest --landing {folder}")
    return 0


def write_pages(projects: Iterable[Project], folder: Path, *, spread: bool) -> int:
    """Write each project's page as `<number>.txt` into a folder, numbered from 1; returns their bytes in all.

    With `spread` they stand in subfolders of 1,000. Files are dated back by an hour, so that they have settled. Raises
    `OSError`.
    """
    from esf_etl.pages.render import render

    written_at = time.time() - _AGE_S
    size = 0
    place = folder
    folder.mkdir(parents=True, exist_ok=True)
    for number, project in enumerate(projects, 1):
        if spread and number % _PAGES_A_FOLDER == 1:
            place = folder / f"{number // _PAGES_A_FOLDER:04}"
            place.mkdir(exist_ok=True)
        page = render(project, check=False).encode()
        path = place / f"{number:07}.txt"
        path.write_bytes(page)
        os.utime(path, (written_at, written_at))
        size += len(page)
    return size

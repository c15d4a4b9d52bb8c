"""Measure what is beyond one machine; each subcommand starts the servers that it needs, and ends them."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from benchmarks.corpus import Corpus
from benchmarks.machine import describe


class _Subcommand(NamedTuple):
    help: str
    options: tuple[str, ...] = ()
    needs_corpus: bool = True


_SUBCOMMANDS = {
    "digests": _Subcommand("load the pages by every way: the same digest each time"),
    "nights": _Subcommand("a lake's nights: seconds and bytes, as ratios to the full load", ("rounds", "workers")),
    "workers": _Subcommand("parsing with 1 and 2 workers, here and on Dask, and what the scheduler costs", ("rounds",)),
    "ledger": _Subcommand(
        "nights at sizes that cannot be loaded, with invented rows", ("files", "idle", "listed"), needs_corpus=False
    ),
}

_OPTIONS = {
    "rounds": (3, "times each is measured; medians count (3)"),
    "workers": (None, "processes that parse (as many as ingest takes)"),
    "files": ([100_000], "sizes of the lake (100000)"),
    "idle": ([], "sizes of lakes of which only the ledger is invented, for one idle night each"),
    "listed": (2_000, "files of the folder and the bucket that are listed (2000)"),
}


def main() -> int:
    """Run one subcommand; returns the exit status."""
    args = _parser().parse_args()
    # The servers and Dask are not needed for --help.
    run = getattr(import_module(f"benchmarks.scale.{args.subcommand}"), args.subcommand)
    with tempfile.TemporaryDirectory(prefix="esf-etl-scale-", dir=args.folder) as made:
        folder = Path(made)
        print(json.dumps(describe(folder)), flush=True)
        corpus = None
        if _SUBCOMMANDS[args.subcommand].needs_corpus:
            _tell("writing pages, where they are not there yet")
            corpus = Corpus.at((args.corpus or folder / "corpus") / str(args.pages), args.pages)
        status: int = run(args, corpus, folder, _tell)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    for name, subcommand in _SUBCOMMANDS.items():
        one = subparsers.add_parser(name, help=subcommand.help, description=subcommand.help)
        one.add_argument(
            "--folder", type=Path, metavar="DIR", help="where to put warehouses, lakes and servers for a while"
        )
        if subcommand.needs_corpus:
            one.add_argument("--pages", type=_from_one, default=2_000, metavar="N", help="size of the corpus (2000)")
            one.add_argument(
                "--corpus", type=Path, metavar="DIR", help="where corpora stay for the next time, as DIR/N"
            )
        for option in subcommand.options:
            default, text = _OPTIONS[option]
            many = "+" if isinstance(default, list) else None
            one.add_argument(f"--{option}", type=_from_one, default=default, metavar="N", nargs=many, help=text)
    return parser


def _from_one(said: str) -> int:
    if not said.isdecimal() or said == "0":
        msg = f"{said!r} is no number from 1"
        raise argparse.ArgumentTypeError(msg)
    return int(said)


def _tell(text: str) -> None:
    print(f"benchmarks.scale: {text} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

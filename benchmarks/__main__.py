"""Measure, print a table, and write JSON where asked for. Rounds go over everything in turn, not thing by thing."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contest import Contest
from benchmarks.figures import Figures
from benchmarks.library import LibraryBench
from benchmarks.machine import describe
from benchmarks.peers.roster import PEERS, Peer
from benchmarks.report import ENOUGH_ROUNDS, as_document, as_text
from benchmarks.startup import StartupBench

if TYPE_CHECKING:
    from benchmarks.contest import Bench

_THINGS = ("startup", "library", "floor", "nights", "peers")


def main() -> int:
    """Run the benchmarks; returns the exit status."""
    parser = _parser()
    args = parser.parse_args()
    if min(*args.pages, args.rounds) < 1:
        parser.error("--pages and --rounds count from 1")
    peers = dict(args.peers) if args.peers is not None else {peer: peer.most_pages for peer in PEERS if peer.available}
    if missing := [peer.name for peer in peers if not peer.available]:
        parser.error(f"{', '.join(missing)}: no environment yet; `make bench-peers` makes it")
    settings = {name: getattr(args, name) for name in ("pages", "rounds", "workers", "only")}
    settings["peers"] = {peer.name: pages for peer, pages in peers.items()}
    with tempfile.TemporaryDirectory(prefix="esf-etl-bench-", dir=args.folder) as made:
        folder = Path(made)
        root = args.corpus or folder / "corpus"
        machine = describe(folder)
        _tell("writing pages, where they are not there yet")
        contests = [
            Contest(
                pages,
                root=root,
                folder=folder / str(pages),
                only=args.only,
                peers=peers,
                workers=args.workers,
            )
            for pages in args.pages
        ]
        alone = Figures()
        alone_benches: list[Bench] = []
        if "startup" in args.only:
            alone_benches.append(StartupBench(contests[0].corpus.path(0)))
        if "library" in args.only:
            alone_benches.append(LibraryBench(min(args.pages)))
        for contest in contests:
            contest.prepare(_tell, watch=not args.no_memory)
        for number in range(args.rounds):
            _tell(f"round {number + 1} of {args.rounds}")
            for bench in alone_benches:
                bench.measure(alone)
            for contest in contests:
                contest.measure(number)
    left_out = _left_out(peers, args.only)
    print(as_text(machine, settings, alone, contests, left_out))
    if args.json:
        document = as_document(machine, settings, alone, contests, left_out)
        args.json.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed, memory and disk space.")
    parser.add_argument("--pages", type=int, nargs="+", default=[2_000], metavar="N", help="sizes of the corpus (2000)")
    parser.add_argument(
        "--rounds", type=int, default=ENOUGH_ROUNDS, metavar="N", help=f"times each is measured ({ENOUGH_ROUNDS})"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes that parse (as many as ingest takes)")
    parser.add_argument("--only", nargs="+", choices=_THINGS, default=_THINGS, metavar="THING", help=", ".join(_THINGS))
    parser.add_argument(
        "--peers",
        nargs="*",
        type=_peer,
        metavar="NAME[=PAGES]",
        help=f"peers, and how many pages each loads at most: {', '.join(f'{p.name}={p.most_pages}' for p in PEERS)}"
        " (those that can run here)",
    )
    parser.add_argument("--no-memory", action="store_true", help="leave out the round that watches memory and disk")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to put pages and warehouses for a while")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="where pages stay for the next time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all values to this file")
    return parser


def _peer(said: str) -> tuple[Peer, int]:
    """A peer with its number of pages, from `NAME` or `NAME=PAGES`."""
    name, _, pages = said.partition("=")
    peer = next((known for known in PEERS if known.name == name), None)
    if peer is None or not (pages.isdecimal() or not pages) or pages == "0":
        msg = f"{said!r}: a name of {', '.join(known.name for known in PEERS)}, with =PAGES after it or not"
        raise argparse.ArgumentTypeError(msg)
    return peer, int(pages) if pages else peer.most_pages


def _left_out(peers: dict[Peer, int], only: list[str]) -> str:
    """A sentence on the peers that were not measured, if there are any."""
    names = [peer.name for peer in PEERS if peer not in peers]
    if not names or "peers" not in only:
        return ""
    advice = (
        "" if all(peer.available for peer in PEERS) else " `make bench-peers` makes the environment that dlt needs."
    )
    return f"Not measured: {', '.join(names)}.{advice}"


def _tell(text: str) -> None:
    print(f"benchmarks: {text} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Measure, print a table, and write JSON where asked for. Rounds go over everything in turn, not thing by thing."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.corpus import Corpus
from benchmarks.figures import LEAST_DETAIL_S, Figures
from benchmarks.library import LibraryBench
from benchmarks.machine import describe
from benchmarks.nights import NightsBench

_ENOUGH_ROUNDS = 5


def main() -> int:
    """Run the benchmarks; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed, memory and disk space.")
    parser.add_argument("--pages", type=int, default=2_000, metavar="N", help="pages in the landing folder (2000)")
    parser.add_argument("--rounds", type=int, default=_ENOUGH_ROUNDS, metavar="N", help="times each is measured (5)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that parse (as many as ingest takes)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to put pages and warehouses for a while")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all values to this file")
    args = parser.parse_args()
    if args.pages < 1 or args.rounds < 1:
        parser.error("--pages and --rounds count from 1")
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="esf-etl-bench-", dir=args.folder) as made:
        folder = Path(made)
        machine = describe(folder)
        _tell(f"writing {args.pages} pages")
        corpus = Corpus.write(folder / "landing", args.pages)
        library = LibraryBench(args.pages)
        nights = NightsBench(corpus, folder / "warehouse", args.workers)
        # Before the rounds: it fills the page cache and writes the bytecode, so that no round is the first.
        _tell("memory and disk space")
        memory = Figures()
        nights.measure_memory(memory)
        for number in range(1, args.rounds + 1):
            _tell(f"round {number} of {args.rounds}")
            library.measure(figures)
            nights.measure(figures)
    figures.by_name.update(memory.by_name)
    settings = {
        "pages": corpus.pages,
        "page_bytes": corpus.size_bytes,
        "changed": len(corpus.changed),
        "new": len(corpus.new),
        "rounds": args.rounds,
        "workers": args.workers,
    }
    print(_report(machine, settings, figures))
    if args.json:
        document = {"machine": machine, "settings": settings, "figures": figures.to_list()}
        args.json.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _report(machine: dict[str, Any], settings: dict[str, Any], figures: Figures) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items() if number)
    page_bytes = settings["page_bytes"] / settings["pages"]
    pages = f"{settings['pages']:,} invented pages of {page_bytes:,.0f} bytes on average, warm page cache"
    night = f"incremental night: {settings['changed']} changed and {settings['new']} new pages"
    hardware = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['file_system']}"
    system = f"{machine['system']}, load before {machine['load_before']}"
    lines = [
        f"{pages}; {night}",
        f"{hardware}; {system}",
        f"{versions}; commit {machine['commit']}",
        "",
        figures.table(),
        "",
        f"Runs of the pipeline are whole processes; stages under {LEAST_DETAIL_S:g} s stand in the JSON only.",
    ]
    if settings["rounds"] < _ENOUGH_ROUNDS:
        lines.append(f"The median of fewer than {_ENOUGH_ROUNDS} rounds is no measurement.")
    return "\n".join(lines)


def _tell(text: str) -> None:
    print(f"benchmarks: {text} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

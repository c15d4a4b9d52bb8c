"""`esf-etl search`: projects by the words of their titles and sections, best first."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse, warehouse_of

if TYPE_CHECKING:
    import argparse
    from decimal import Decimal

    from esf_etl.reports.search import Found, Hit, Marked

HELP = "Search titles and sections of what is published."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The query, its filters, and where the warehouse is."""
    parser.add_argument(
        "query", metavar="QUERY", help="words; each finds its other forms too, operators there are none"
    )
    parser.add_argument("--region", metavar="REGION", help="only this region: its name, or a NUTS 2 code such as SE22")
    parser.add_argument("--year", type=int, metavar="YEAR", help="only projects whose first day is in this year")
    parser.add_argument("--limit", type=int, default=10, metavar="N", help="so many projects (default: 10)")
    add_warehouse(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the projects found: hits in bold on a terminal, in brackets elsewhere, with --json as offsets."""
    from esf_etl.reports.search import search

    found = search(
        warehouse_of(args), args.query, region=args.region, year=args.year, limit=args.limit, tell=output.note
    )
    if args.json:
        output.print_json(asdict(found))
        return 0
    for word in found.words:
        if not word.projects:
            output.note(f"No project has the word {word.word}.")
    if not found.hits:
        output.say("No project found.")
        return 0
    for hit in found.hits:
        _print_hit(hit)
    output.say(_summary(found))
    return 0


def _print_hit(hit: Hit) -> None:
    """Title, facts, snippet, and a blank line."""
    _print_marked(f"{hit.rank}. ", hit.title)
    facts = (hit.region, hit.start_year, _kronor(hit.grant_sek), hit.programme_period, hit.project_id)
    score = f"score {hit.score:.2f}"
    output.say(f"   {' · '.join(str(fact) for fact in (*facts, score) if fact is not None)}")
    if hit.snippet != hit.title:
        _print_marked(f"   {hit.heading or hit.section_key}: ", hit.snippet)
    output.say()


def _kronor(amount: Decimal | None) -> str | None:
    if amount is None:
        return None
    text = f"{amount:,.0f}" if amount == int(amount) else f"{amount:,.2f}".replace(".", ";")
    return f"{text.replace(',', ' ').replace(';', ',')} kr"


def _print_marked(before: str, marked: Marked) -> None:
    if not sys.stdout.isatty():
        output.say(before + "".join(f"[{piece}]" if is_hit else piece for piece, is_hit in marked.pieces()))
        return
    from rich.console import Console
    from rich.text import Text

    line = Text(output.harmless(before))
    for piece, is_hit in marked.pieces():
        line.append(output.harmless(piece), style="bold" if is_hit else "")
    Console(highlight=False).print(line)


def _summary(found: Found) -> str:
    words = " ".join(word.word for word in found.words)
    shown = len(found.hits)
    projects = "project has" if found.projects_found == 1 else "projects have"
    some = "this word" if len(found.words) == 1 else "one of these words or more"
    return f"{found.projects_found} {projects} {some}: {words}. Shown: {shown}."

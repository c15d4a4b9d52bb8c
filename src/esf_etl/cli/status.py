"""`esf-etl status`: what the last run did, and what is published."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse, warehouse_of
from esf_etl.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Say what the last runs did and what is published."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the warehouse is, and how many runs to tell of."""
    add_warehouse(parser)
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="tell of the last N runs (default: 5)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the state of the warehouse; it takes no lock, and opens the database for overrides only."""
    if args.runs < 1:
        msg = f"--runs is {args.runs}; at least one run is told of."
        raise UsageError(msg)
    from esf_etl.warehouse.status import read_status

    status = read_status(warehouse_of(args), runs=args.runs)
    if args.json:
        output.print_json(status)
        return 0
    output.say(status["sentence"])
    for warning in status["warnings"]:
        output.say(f"Note: {warning}")
    published = status["published"]
    if published:
        rows = published["rows"]
        output.say(
            f"Published: {published['snapshot']}, {rows['main.project']} projects,"
            f" {published['standing_rejects']} rejected files, {rows['etl.finding']} findings."
        )
        _print_overrides(published["overrides"] or [])
    _print_runs(status["runs"])
    return 0


def _print_overrides(overrides: list[dict[str, Any]]) -> None:
    """How many are in force, by kind, and each with its reason; the kind of line that a table has."""
    if not overrides:
        return
    kinds = Counter(one["kind"] for one in overrides)
    idle = sum(not one["pages"] for one in overrides)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    nothing = f"; {idle} match{'es' if idle == 1 else ''} nothing" if idle else ""
    output.say(f"Overrides: {len(overrides)} in force ({told}){nothing}.")
    several = len({one["landing"] for one in overrides}) > 1
    names = (*(["landing"] if several else []), "line", "kind", "what", "becomes", "pages", "why")
    output.print_table(names, [tuple(one[name] for name in names) for one in overrides])


def _print_runs(runs: list[dict[str, Any]]) -> None:
    fields = ("files_seen", "unchanged", "loaded", "same_content", "superseded", "rejected", "deferred")
    names = ("started_at", "outcome", "seconds", *fields)
    if not runs:
        return
    output.print_table(
        names,
        [
            (run["started_at"], run["outcome"], run.get("elapsed_s"), *(run.get(field) for field in fields))
            for run in runs
        ],
        right=(False, False, *[True] * 8),
    )

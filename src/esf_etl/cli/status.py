"""`esf-etl status`: did the last run work, and if not, what is to be done; and what is published."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse, job_of
from esf_etl.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Say whether the last run worked, if not what to do, and what is published."

_DURATION = re.compile(r"(?=.)(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?", re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the warehouse is, and how many runs to tell of."""
    add_warehouse(parser)
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="tell of the last N runs (default: 5)")
    parser.add_argument(
        "--max-age",
        metavar="TIME",
        help="for monitors: exit with status 1 unless the last run worked and is not older than this (26h, 90m, 1d12h)",
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the state of the warehouse; it takes no lock, and opens the database for overrides only.

    The exit status is 0 whatever became of the runs, unless `--max-age` asks for a verdict.
    """
    if args.runs < 1:
        msg = f"--runs is {args.runs}; at least one run is told of."
        raise UsageError(msg)
    max_age = None if args.max_age is None else _duration(args.max_age)
    from esf_etl.warehouse.status import read_status

    folder, lake = job_of(args)
    status = read_status(folder, lake=lake, runs=args.runs, max_age=max_age)
    exit_status = 0 if max_age is None or status["ok"] else 1
    if args.json:
        output.print_json(status)
        return exit_status
    output.say(status["sentence"].replace("\n", " "))
    for warning in (each for each in status["warnings"] if each not in status["sentence"]):
        output.say(f"Note: {warning}")
    published = status["published"]
    if published:
        rows = published["rows"]
        by = (
            f", by landing {published['landing']} at {published['published_at']}"
            if lake and published["landing"]
            else ""
        )
        output.say(
            f"Published: {published['snapshot']}{by}, {rows.get('main.project')} projects,"
            f" {published['standing_rejects']} rejected files, {rows.get('etl.finding')} findings."
        )
        _print_overrides(published["overrides"] or [])
    _print_runs(status["runs"])
    return exit_status


def _duration(text: str) -> timedelta:
    """A time span as `26h`, `90m`, `2d` or `1d12h`. Raises `UsageError` for another form, and for none at all."""
    form = _DURATION.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in form.groups()) if form else (0, 0, 0)
    if not (days or hours or minutes):
        msg = f"--max-age is {text!r}; expected days, hours or minutes, like 26h, 90m or 1d12h."
        raise UsageError(msg)
    return timedelta(days=days, hours=hours, minutes=minutes)


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
    if not runs:
        return
    # Of a lake write several; one landing is nothing to tell of.
    told = ("landing_name",) if len({run.get("landing_name") for run in runs}) > 1 else ()
    names = ("started_at", *(name.removesuffix("_name") for name in told), "outcome", "seconds", *fields)
    columns = ("started_at", *told, "outcome", "elapsed_s", *fields)
    output.print_table(
        names,
        [tuple(run.get(column) for column in columns) for run in runs],
        right=(*[False] * (2 + len(told)), *[True] * 8),
    )

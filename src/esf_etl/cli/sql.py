"""`esf-etl sql`: read-only queries of the published database, one at a time or at a prompt."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.cli import output, results
from esf_etl.cli.warehouse_option import add_json, add_warehouse, published_in, warehouse_of
from esf_etl.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Query the published database, read-only; without a query on a terminal, at a prompt."

_PRINTED = tuple(form for form in results.FORMATS if form != "parquet")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The query, how its rows are given, and where the warehouse is."""
    parser.add_argument(
        "query", nargs="?", metavar="QUERY", help="SQL in DuckDB's dialect; else read from stdin, or from a prompt"
    )
    parser.add_argument(
        "--format",
        choices=results.FORMATS,
        help="of the rows (default: what the name of --output ends with, else a table, tab-separated off a terminal)",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the rows into a file, whole or not at all")
    parser.add_argument(
        "--max-rows",
        type=int,
        default=results.MAX_ROWS,
        metavar="N",
        help=f"rows of a table on a terminal, 0 for all (default: {results.MAX_ROWS})",
    )
    add_warehouse(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Answer one query, or open the prompt where there is none and somebody sits at the terminal."""
    if args.max_rows < 0:
        msg = f"--max-rows is {args.max_rows}; 0 shows all."
        raise UsageError(msg)
    form = _format(args)
    if args.query is None and sys.stdin.isatty():
        return _open_prompt(args, form)
    _answer(args, sys.stdin.read() if args.query is None else args.query, form)
    return 0


def _format(args: argparse.Namespace) -> str:
    """The format asked for, by whichever of the options. Raises `UsageError` where they say different things."""
    if args.json and args.format not in (None, "json"):
        msg = f"--json is --format json, but --format is {args.format}."
        raise UsageError(msg)
    if args.json or args.format:
        form = "json" if args.json else str(args.format)
    elif args.output:
        form = results.format_of(args.output) or ""
    else:
        form = "table"
    if args.output and form in ("", "table"):
        msg = f"{args.output} may be of several formats."
        raise UsageError(msg, advice="Say --format csv, json, ndjson or parquet, or let its name end with one.")
    if form == "parquet" and not args.output:
        msg = "Parquet is no text to print."
        raise UsageError(msg, advice="Say --output FILE.")
    return form


def _open_prompt(args: argparse.Namespace, form: str) -> int:
    if args.output or not sys.stdout.isatty():
        msg = "no query: give it as an argument, or on stdin."
        raise UsageError(msg)
    from esf_etl.cli.prompt import open_prompt

    return open_prompt(warehouse_of(args), form=form, max_rows=args.max_rows)


def _answer(args: argparse.Namespace, query: str, form: str) -> None:
    """Run all statements of a query and give the rows of those that have some.

    A program gets the rows of one statement: where there are more, nothing is run.
    """
    from esf_etl.warehouse.query import ask, gives_rows, statements_of
    from esf_etl.warehouse.reading import open_current

    warehouse = published_in(args)
    if args.output and isinstance(warehouse, Path) and args.output.resolve().is_relative_to(warehouse.resolve()):
        msg = "it lies in the warehouse folder, which is the job's."
        raise UsageError(msg, path=str(args.output), advice="Name another with --output.")
    with closing(open_current(warehouse)) as connection:
        statements = statements_of(connection, query)
        asked = sum(map(gives_rows, statements))
        if asked > 1 and form != "table":
            msg = f"the query has {asked} statements with rows; {form} holds those of one."
            raise UsageError(msg, advice="Run them one by one.")
        answers = []
        for statement in statements:
            answer = ask(connection, statement)
            if answer is not None:
                # Those before the last are held: where a later statement fails, nothing is printed.
                answers.append((answer, answer.rows() if statement is statements[-1] else list(answer.rows())))
        for number, (answer, rows) in enumerate(answers):
            if args.output:
                count = results.write(answer, form, args.output)
                output.note(f"{count} rows written to {args.output}.")
                continue
            if number and not sys.stdout.isatty():
                output.say()
            results.show(
                answer,
                rows,
                form,
                max_rows=args.max_rows,
                more="--max-rows 0 shows all, --output FILE writes them.",
                fewer_columns="Name those you want, or say --format json.",
            )

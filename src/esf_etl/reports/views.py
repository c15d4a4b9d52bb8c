"""The views of the schema `report`: each is one file in `views/`, which says what it answers and what its columns are.

A file begins with comment lines: what the view answers, then `-- column: meaning` for each of its columns (further
lines of a meaning are indented), then `-- Example: ` with a query below it. The rest is the SELECT. It names every
table with its schema: only so does a view find its own tables where the file is attached under another name.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from esf_schemas import DUCKDB, comment_on, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from esf_schemas import Dialect

__all__ = ["AS_OF", "GUIDE", "REPORT", "VIEWS", "View", "create_reports", "read_views"]

REPORT = "report"
"""The schema of the views."""

VIEWS = (
    "coverage",
    "funding_by_region_year",
    "funding_by_programme_area",
    "municipality_share",
    "funding_by_municipality",
    "co_financing",
    "active_projects_by_month",
    "project_duration",
    "project_role",
    "organisations",
    "partnerships",
    "list_of_operations",
    "data_quality",
    "load_history",
)
"""All views, those that others read before them."""

AS_OF = ("funding_by_region_year", "funding_by_programme_area", "municipality_share", "funding_by_municipality")
"""The views that have a macro `<view>_as_of(moment)`: the same over the rows that were current then."""

GUIDE = "guide"
"""The view over the views."""

_GUIDE_COLUMNS = {
    "view_name": "Name of the view.",
    "answers": "What it answers, and how its sums stand to those of project.",
    "question": "A question that it answers.",
    "example": "A query for that.",
}
_COLUMN = re.compile(r"([a-z][a-z0-9_]*): (.+)")
_EXAMPLE = "Example: "
# What of the sources of a view has versions: the tables of the projects, and the views over them that have a macro.
_VERSIONED = re.compile(rf"\b(?:main\.\w+|{REPORT}\.(?:{'|'.join(AS_OF)}))\b")


@dataclass(frozen=True, slots=True)
class View:
    """One view as its file says it: what it answers, its columns with their meanings, an example, its SELECT."""

    name: str
    description: str
    columns: dict[str, str]
    question: str
    example: str
    select: str

    @property
    def select_as_of(self) -> str:
        """The SELECT over the rows that were current at the macro's `moment`."""
        return _VERSIONED.sub(lambda source: f"{source[0]}_as_of(moment)", self.select)


def create_reports(connection: DuckDBPyConnection, database: str, *, dialect: Dialect = DUCKDB) -> None:
    """Put the schema of views and macros, all with their comments, into an attached database.

    Where it has one, made by the same statements, that stays; another release's is replaced whole. To make it takes a
    twentieth of a second, which a night should not spend for nothing.
    """
    statements = _statements(dialect)
    # The comment of the guide tells apart what different statements made.
    made_by = hashlib.sha256("\0".join(statements).encode()).hexdigest()[:16]
    comment = f"What each view of this schema answers, with an example to try. Definitions {made_by}."
    found = connection.execute(
        "SELECT comment FROM duckdb_views() WHERE database_name = ? AND schema_name = ? AND view_name = ?",
        [database, REPORT, GUIDE],
    ).fetchone()
    if found == (comment,):
        return
    before = connection.execute("SELECT current_database()").fetchone()
    connection.execute(f"USE {database}")  # what a SELECT names is looked up when a view is made
    connection.execute(f"DROP SCHEMA IF EXISTS {REPORT} CASCADE")
    connection.execute(";\n".join(statements))
    connection.execute(comment_on("VIEW", f"{REPORT}.{GUIDE}", comment))
    connection.execute(f"USE {before[0] if before else 'memory'}")


@cache
def _statements(dialect: Dialect) -> tuple[str, ...]:
    """The statements that make the schema, but for the comment of the guide."""
    views = (statement for view in read_views() for statement in _view_statements(view, dialect))
    return (f"CREATE SCHEMA {REPORT}", *views, *_guide_statements(dialect))


def _view_statements(view: View, dialect: Dialect) -> Iterator[str]:
    name = f"{REPORT}.{view.name}"
    yield f"CREATE VIEW {name} AS\n{view.select}"
    yield comment_on("VIEW", name, view.description)
    if dialect.comments_on_view_columns:
        for column, meaning in view.columns.items():
            yield comment_on("COLUMN", f"{name}.{column}", meaning)
    if view.name in AS_OF:
        yield f"CREATE MACRO {name}_as_of(moment) AS TABLE\n{view.select_as_of}"
        if not dialect.comments_on_macros:
            return
        text = f"{name} as of `moment` (a TIMESTAMP in UTC): over the rows that were current then."
        yield comment_on("MACRO TABLE", f"{name}_as_of", text)


def _guide_statements(dialect: Dialect) -> Iterator[str]:
    name = f"{REPORT}.{GUIDE}"
    rows = ", ".join(
        f"({literal(view.name)}, {literal(view.description)}, {literal(view.question)}, {literal(view.example)})"
        for view in read_views()
    )
    yield f"CREATE VIEW {name} AS FROM (VALUES {rows}) AS guide({', '.join(_GUIDE_COLUMNS)})"
    if dialect.comments_on_view_columns:
        for column, meaning in _GUIDE_COLUMNS.items():
            yield comment_on("COLUMN", f"{name}.{column}", meaning)


@cache
def read_views() -> tuple[View, ...]:
    """All views, in the order in which they are made."""
    folder = files("esf_etl.reports").joinpath("views")
    return tuple(_parse(name, folder.joinpath(f"{name}.sql").read_text(encoding="utf-8")) for name in VIEWS)


def _parse(name: str, text: str) -> View:
    """A view from its file."""
    lines = text.splitlines()
    end = next(place for place, line in enumerate(lines) if not line.startswith("--"))
    head = [line.removeprefix("--").removeprefix(" ") for line in lines[:end]]
    described: list[str] = []
    columns: dict[str, list[str]] = {}
    question = ""
    example: list[str] = []
    for line in head:
        if question:
            example.append(line.removeprefix("    "))
        elif line.startswith(_EXAMPLE):
            question = line.removeprefix(_EXAMPLE)
        elif found := _COLUMN.fullmatch(line):
            columns[found[1]] = [found[2]]
        elif columns and line.strip():
            columns[next(reversed(columns))].append(line.strip())
        elif line.strip():
            described.append(line)
    return View(
        name=name,
        description=" ".join(described),
        columns={column: " ".join(parts) for column, parts in columns.items()},
        question=question,
        example="\n".join(example),
        select="\n".join(lines[end:]).strip().removesuffix(";"),
    )

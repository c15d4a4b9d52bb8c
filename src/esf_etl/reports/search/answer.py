"""What a search answers: frozen records, as `esf-etl search --json` prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from esf_etl.reports.search.snippet import Marked

__all__ = ["FTS", "PLAIN", "TITLE", "Found", "Hit", "QueryWord"]

FTS, PLAIN = "fts", "plain"
"""The engines: DuckDB's fts extension with its index, or reading all texts."""

TITLE = "title"
"""What a snippet is from where no section has a word of the query."""


@dataclass(frozen=True, slots=True)
class QueryWord:
    """A word of the query, and in how many projects of the warehouse it stands, whatever the filters.

    `stem` is what was looked for; with the engine `plain` that is the word itself.
    """

    word: str
    stem: str
    projects: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A project that was found. Money is in SEK; `region` is the name of ref.region, or else as on the page.

    `snippet` is from the section `section_key` with its `heading`, or is the title, with the key `title`.
    """

    rank: int
    score: float
    words_found: int
    project_id: str
    title: Marked
    programme_period: str
    nuts2_code: str | None
    region: str | None
    start_year: int | None
    grant_sek: Decimal | None
    section_key: str
    heading: str | None
    snippet: Marked


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a query: how it was searched, how many projects have one of its words, and the first of them."""

    query: str
    engine: str
    snapshot: str
    words: tuple[QueryWord, ...]
    left_out: tuple[str, ...]
    nuts2_code: str | None
    year: int | None
    notes: tuple[str, ...]
    projects_found: int
    hits: tuple[Hit, ...]

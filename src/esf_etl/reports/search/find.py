"""One search: the query's words are matched by the index, or by reading the texts, and projects ranked.

With the index (engine `fts`) a word finds all its forms: `arbetslös` also `arbetslösa`. Without (engine `plain`), where
DuckDB's fts extension is not there, it finds exactly itself. Both keep å, ä and ö apart from a and o, and both say
which document has which word, and how much that counts: what follows is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import MAXYEAR, MINYEAR
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from esf_etl.errors import SnapshotDamaged, UsageError
from esf_etl.pages.places import Region, find_region, regions
from esf_etl.reports.search.answer import FTS, PLAIN, TITLE, Found, Hit, QueryWord
from esf_etl.reports.search.index import SNAPSHOT, load_extension, open_index, read_script
from esf_etl.reports.search.snippet import cut, fold, mark
from esf_etl.reports.search.words import pattern_around, query_words, words_of
from esf_etl.warehouse.database import attach, refuse_unpublished, workspace
from esf_etl.warehouse.folder import DATABASE, WarehouseFolder

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["search"]

_TITLE_WEIGHT = 2
"""A title has few words, so that BM25 rates each of them about 1.7 times one of a section; twice that is the score."""

_MOST_ROWS = 1_000
_NO_SECTION = {"section_key": TITLE, "heading": None, "body": None}
_CREATE_FOUND = (
    "CREATE TEMP TABLE found (word_number INTEGER, project_id VARCHAR, ordinal INTEGER, score DECIMAL(18, 6))"
)
_COUNT_FOUND = "SELECT word_number, count(DISTINCT project_id) FROM temp.found GROUP BY word_number"
_COMPARED = {
    FTS: "SELECT word, stem(lower(word), 'swedish') FROM (SELECT unnest($words::VARCHAR[]) AS word)",
    PLAIN: "SELECT word, lower(word) FROM (SELECT unnest($words::VARCHAR[]) AS word)",
}


class _Asked(NamedTuple):
    """A query taken apart: words to look for, words left out, filters."""

    query: str
    words: list[str]
    left_out: list[str]
    only_common: bool
    nuts2_code: str | None
    year: int | None
    limit: int


def search(
    warehouse: Path,
    query: str,
    *,
    region: str | None = None,
    year: int | None = None,
    limit: int = 10,
    tell: Callable[[str], None] | None = None,
) -> Found:
    """The projects whose title or sections have the words of a query, best first.

    Projects with all the words come before those with some, then the score decides, then the id. `region` is a NUTS 2
    code or a region's name, `year` that of a project's first day. `tell` gets each note as soon as there is one: that
    an index is built, that there is none. Raises `UsageError` for a query without words, an unknown region, a limit
    or a year that is none; `WarehouseError` and `SnapshotDamaged` as all that reads a warehouse.
    """
    words, common = query_words(query)
    if not 1 <= limit <= _MOST_ROWS:
        msg = f"the limit is {limit}; it is a number from 1 to {_MOST_ROWS}."
        raise UsageError(msg)
    if year is not None and not MINYEAR <= year <= MAXYEAR:
        msg = f"the year is {year}; it is one of the calendar, such as 2010."
        raise UsageError(msg)
    asked = _Asked(
        query=query,
        words=words or common,
        left_out=common if words else [],
        only_common=not words,
        nuts2_code=None if region is None else _known_region(region).nuts2_code,
        year=year,
        limit=limit,
    )
    folder = WarehouseFolder(warehouse)
    snapshot = folder.current_snapshot() or folder.current
    refuse_unpublished(snapshot / DATABASE)
    notes: list[str] = []

    def note(text: str) -> None:
        if text not in notes:
            notes.append(text)
            if tell:
                tell(text)

    try:
        found = _search(folder, snapshot, asked, note, anew=False)
    except duckdb.Error:
        # The index is damaged where it is read only now, or the snapshot is: then it fails again.
        try:
            found = _search(folder, snapshot, asked, note, anew=True)
        except duckdb.Error as problem:
            msg = f"DuckDB cannot read the published database: {str(problem).partition(chr(10))[0]}"
            raise SnapshotDamaged(
                msg,
                path=str(snapshot / DATABASE),
                advice="Point `current` to an older folder in snapshots/, or ingest with --rebuild.",
            ) from problem
    return replace(found, notes=tuple(notes))


def _known_region(text: str) -> Region:
    """The region of a NUTS 2 code or a name. Raises `UsageError`, naming the known ones."""
    by_code = {region.nuts2_code: region for region in regions()}
    found = by_code.get(text.strip().upper()) or find_region(text)
    if found is None:
        msg = f"there is no region {text!r}."
        known = ", ".join(f"{region.nuts2_code} {region.name}" for region in regions())
        raise UsageError(msg, advice=f"Known are: {known}.")
    return found


def _search(
    folder: WarehouseFolder, snapshot: Path, asked: _Asked, note: Callable[[str], None], *, anew: bool
) -> Found:
    with workspace() as connection:
        attach(connection, (snapshot / DATABASE).resolve(), SNAPSHOT, read_only=True)
        missing = load_extension(connection)
        if missing:
            note(f"{missing}. Searched without it: whole words only, each in the form given.")
        if asked.only_common:
            note("Only very common words, which nearly every section has: they were looked for in titles alone.")
        engine = PLAIN if missing or asked.only_common else FTS
        stem_of = _stems(connection, engine, asked.words)
        looked_for: dict[str, str] = {}
        for word in asked.words:  # two forms of one word are one word
            looked_for.setdefault(stem_of[word], word)
        index = nullcontext() if engine == PLAIN else open_index(connection, folder, snapshot, note, anew=anew)
        with index:
            counts = _match(connection, engine, list(looked_for.values()), sections=not asked.only_common)
        rows = _ranked(connection, asked)
        texts = [fold(text) for row in rows for text in (row["title"], row["body"] or "")]
        written = {word[0] for text in texts for word in words_of(text)}
        numbers = {stem: number for number, stem in enumerate(looked_for)}
        stem_of = _stems(connection, engine, sorted(written))
    hits_of = {word: numbers[stem] for word, stem in stem_of.items() if stem in numbers}
    return Found(
        query=asked.query,
        engine=engine,
        snapshot=snapshot.name,
        words=tuple(
            QueryWord(word, stem, count) for (stem, word), count in zip(looked_for.items(), counts, strict=True)
        ),
        left_out=tuple(asked.left_out),
        nuts2_code=asked.nuts2_code,
        year=asked.year,
        notes=(),
        projects_found=rows[0]["projects_found"] if rows else 0,
        hits=tuple(_hit(rank, row, hits_of) for rank, row in enumerate(rows, 1)),
    )


def _match(connection: DuckDBPyConnection, engine: str, words: Sequence[str], *, sections: bool) -> list[int]:
    """Fill `temp.found` with what has which of the words; returns how many projects have each of them."""
    connection.execute(_CREATE_FOUND)
    for number, word in enumerate(words):
        values = {"word_number": number, "word": word}
        if engine == PLAIN:
            more = {"pattern": pattern_around(word), "sections": sections}
            connection.execute(read_script("match_plain"), values | more)
        else:
            connection.execute(read_script("match_index"), values)
    counts = dict(connection.execute(_COUNT_FOUND).fetchall())
    return [counts.get(number, 0) for number in range(len(words))]


def _stems(connection: DuckDBPyConnection, engine: str, words: Sequence[str]) -> dict[str, str]:
    """What of each word is compared: the same for those of the query and those of the texts."""
    return dict(connection.execute(_COMPARED[engine], {"words": list(words)}).fetchall())


def _ranked(connection: DuckDBPyConnection, asked: _Asked) -> list[dict[str, Any]]:
    """The projects found, best first, each with its best section, if it has one."""
    filters = {"nuts2_code": asked.nuts2_code, "year": asked.year}
    ranked = _rows(connection, "rank", {"title_weight": _TITLE_WEIGHT, "row_limit": asked.limit, **filters})
    ids = [row["project_id"] for row in ranked]
    sections = {
        (section["project_id"], section["ordinal"]): section
        for section in (_rows(connection, "sections", {"project_ids": ids}) if ids else ())
    }
    return [row | sections.get((row["project_id"], row["ordinal"]), _NO_SECTION) for row in ranked]


def _rows(connection: DuckDBPyConnection, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    done = connection.execute(read_script(name), values)
    names = [column[0] for column in done.description or ()]
    return [dict(zip(names, row, strict=True)) for row in done.fetchall()]


def _hit(rank: int, row: dict[str, Any], looked_for: dict[str, int]) -> Hit:
    title = mark(fold(row["title"]), looked_for)
    return Hit(
        rank=rank,
        score=round(float(row["score"]), 4),
        words_found=row["words_found"],
        project_id=row["project_id"],
        title=title,
        programme_period=row["programme_period"],
        nuts2_code=row["nuts2_code"],
        region=row["region"],
        start_year=row["start_year"],
        grant_sek=row["grant_sek"],
        section_key=row["section_key"],
        heading=row["heading"],
        snippet=title if row["body"] is None else cut(fold(row["body"]), looked_for),
    )

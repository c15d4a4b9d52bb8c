"""What could come next in a query that is being typed: pure functions over its text and the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from esf_etl.warehouse.catalogue import Catalogue, Relation

__all__ = ["Candidate", "candidates", "mentioned"]

_AS_OF = "_as_of"
_SILENT = re.compile(r"'(?:[^']|'')*'|--[^\n]*\n|/\*.*?\*/", re.DOTALL)
_OPEN = re.compile(r"'|--|/\*")
_TYPED = re.compile(r"[\w.\"]*\Z")
# Within a lookahead, so that a name is also found where it could be the alias of the word before it (`FROM project`).
_NAME = re.compile(
    r"""(?<![\w.])(?=([^\W\d]\w*(?:\.[^\W\d]\w*){0,2})(?:\s*\([^()]*\))?(?:\s+(?:AS\s+)?([^\W\d]\w*))?)""",
    re.IGNORECASE,
)
_WANTS_RELATION = re.compile(
    r"(?:\b(?:FROM|JOIN|DESCRIBE|SUMMARIZE|PIVOT|UNPIVOT)|\bFROM\b[^()]*,)\s*\Z", re.IGNORECASE
)
_ENDS_FROM = re.compile(r"\b(?:WHERE|GROUP|ORDER|HAVING|QUALIFY|LIMIT|SELECT|ON|USING)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that could stand in the place of what is typed, and what kind of thing it is."""

    text: str
    kind: str


def candidates(before: str, whole: str, catalogue: Catalogue) -> tuple[str, list[Candidate]]:
    """What is typed of the last word before the cursor, and the words that begin with it, the likeliest first.

    `whole` is the query with what follows the cursor: `SELECT | FROM project` offers the columns of project. In
    strings and remarks nothing is offered.
    """
    spoken = _SILENT.sub(" ", before)
    if _OPEN.search(spoken):
        return "", []
    found = _TYPED.search(spoken)
    typed = found[0] if found else ""
    # Of the statement at the cursor only: an earlier one names other tables.
    spoken = spoken[: len(spoken) - len(typed)].rpartition(";")[2]
    statement = spoken + typed + _SILENT.sub(" ", whole[len(before) :]).partition(";")[0]
    qualifier, _, last = typed.rpartition(".")
    if qualifier:
        offered = _of_qualifier(qualifier, statement, catalogue)
    elif _wants_relation(spoken):
        offered = _relations(catalogue)
    else:
        offered = _anything(statement, catalogue, lower=last.islower())
    start = last.replace('"', "").casefold()
    first: dict[str, Candidate] = {}
    for one in offered:
        first.setdefault(one.text.casefold(), one)
    fitting = [one for one in first.values() if one.text.casefold().startswith(start)]
    # `cov` finds report.coverage, where nothing begins with it.
    return last, fitting or [one for one in first.values() if one.text.casefold().rpartition(".")[2].startswith(start)]


def mentioned(statement: str, catalogue: Catalogue) -> dict[str, Relation]:
    """The tables and views that a statement names, by the names that qualify their columns: alias, else name.

    Of a macro of past nights (`project_as_of`) it is the table whose rows it gives.
    """
    named: dict[str, Relation] = {}
    for found in _NAME.finditer(statement):
        relation = catalogue.find(found[1])
        if relation is not None and relation.is_macro and relation.name.endswith(_AS_OF):
            relation = catalogue.find(f"{relation.schema}.{relation.name.removesuffix(_AS_OF)}")
        if relation is None or relation.is_macro:
            continue
        alias = found[2]
        named[relation.name.casefold()] = relation
        if alias and alias.upper() not in catalogue.keywords:
            named[alias.casefold()] = relation
    return named


def _wants_relation(spoken: str) -> bool:
    found = _WANTS_RELATION.search(spoken)
    return found is not None and not _ENDS_FROM.search(found[0])


def _of_qualifier(qualifier: str, statement: str, catalogue: Catalogue) -> Iterator[Candidate]:
    """What can follow a name and a dot: the columns of a table, the tables of a schema."""
    name = qualifier.replace('"', "").casefold()
    relation = mentioned(statement, catalogue).get(name) or catalogue.find(name)
    if relation is not None:
        yield from (Candidate(column.name, column.type) for column in relation.columns)
    for relation in catalogue.relations:
        if relation.schema.casefold() == name:
            yield Candidate(_called(relation, relation.name), relation.kind)


def _relations(catalogue: Catalogue) -> Iterator[Candidate]:
    """What FROM can be followed by: what needs no schema before the schemas, and these before what they hold."""
    rows = [relation for relation in catalogue.relations if relation.kind != "macro"]
    yield from (Candidate(_called(one, one.name), one.kind) for one in rows if one.schema == "main")
    yield from (Candidate(schema, "schema") for schema in catalogue.schemas)
    yield from (Candidate(_called(one, one.short_name), one.kind) for one in rows if one.schema != "main")


def _anything(statement: str, catalogue: Catalogue, *, lower: bool) -> Iterator[Candidate]:
    """Columns of the tables named, then words of the language, then names, then all other columns and words."""
    for relation in mentioned(statement, catalogue).values():
        yield from (Candidate(column.name, column.type) for column in relation.columns)
    yield from _words(catalogue.keywords, lower=lower)
    yield from _relations(catalogue)
    yield from (Candidate(_called(one, one.short_name), one.kind) for one in catalogue.relations if one.kind == "macro")
    for relation in catalogue.relations:
        yield from (Candidate(column.name, f"{relation.short_name}: {column.type}") for column in relation.columns)
    yield from _words(catalogue.other_words, lower=lower)


def _words(words: Sequence[str], *, lower: bool) -> Iterator[Candidate]:
    """Words of the language, in small letters for those who write them so."""
    return (Candidate(word.lower() if lower else word, "keyword") for word in words)


def _called(relation: Relation, name: str) -> str:
    return f"{name}(" if relation.is_macro else name

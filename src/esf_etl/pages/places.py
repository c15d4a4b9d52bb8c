"""Regions, counties and municipalities: lookups over the reference data shipped in `data/`.

A name is found by a key that forgives capitals, blanks, dashes and `&`, and nothing else: å, ä and ö are
letters of their own, so that Håbo is never Habo. The tables are read once, at the first question.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "County",
    "Municipality",
    "Region",
    "counties",
    "county",
    "find_municipality",
    "find_region",
    "municipalities",
    "place_key",
    "reference_rows",
    "regions",
]

# Hyphen-minus, the dashes U+2010 to U+2015 and the minus sign all part words as a blank does.
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_FOLDED = str.maketrans(dict.fromkeys(_DASHES, " ") | {"&": " och "})
_SUFFIXES = ("kommun", "stad")


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the ESF council: a NUTS 2 area, or `SE0` for the whole country."""

    nuts2_code: str
    name: str


@dataclass(frozen=True, slots=True)
class County:
    """A county (län): its two-digit code, its name, and the NUTS 2 area it lies in."""

    county_code: str
    name: str
    nuts2_code: str


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality (kommun): its four-digit code, whose first two digits are its county's, and its name."""

    municipality_code: str
    name: str
    county_code: str


@cache
def regions() -> tuple[Region, ...]:
    """The nine regions, the national one among them, in the order of their codes."""
    return tuple(Region(**row) for row in reference_rows("region"))


@cache
def counties() -> tuple[County, ...]:
    """The 21 counties in the order of their codes."""
    return tuple(County(**row) for row in reference_rows("county"))


@cache
def municipalities() -> tuple[Municipality, ...]:
    """The 290 municipalities in the order of their codes."""
    return tuple(Municipality(**row) for row in reference_rows("municipality"))


def county(code: str) -> County | None:
    """The county with this two-digit code, or None."""
    return _counties_by_code().get(code)


def find_region(text: str) -> Region | None:
    """The region a page names so, by its name or another spelling of it (`region_alias.csv`), or None."""
    return _regions_by_key().get(place_key(text))


@lru_cache(4096)
def find_municipality(text: str) -> Municipality | None:
    """The municipality a page names so, or None.

    `Laholm`, `Laholm kommun` and `Laholms kommun` are the same, so with `stad`; a longer form that would
    fit two municipalities finds neither.
    """
    return _municipalities_by_key().get(place_key(text))


def place_key(text: str) -> str:
    """The key by which a place is found: spellings that mean the same have the same."""
    return " ".join(normalize("NFC", text).casefold().translate(_FOLDED).split())


@cache
def _counties_by_code() -> dict[str, County]:
    return {place.county_code: place for place in counties()}


@cache
def _regions_by_key() -> dict[str, Region]:
    by_code = {place.nuts2_code: place for place in regions()}
    aliases = {place_key(row["alias"]): by_code[row["nuts2_code"]] for row in reference_rows("region_alias")}
    return aliases | {place_key(place.name): place for place in by_code.values()}


@cache
def _municipalities_by_key() -> dict[str, Municipality]:
    return _index(municipalities())


def _index(places: Iterable[Municipality]) -> dict[str, Municipality]:
    """Each key that means exactly one of the places; a place's own name goes before another's longer form."""
    names = {place_key(place.name): place for place in places}
    longer: dict[str, set[Municipality]] = {}
    for name, place in names.items():
        genitive = name if name.endswith(("s", "x", "z")) else f"{name}s"
        for stem in (name, genitive):
            for suffix in _SUFFIXES:
                longer.setdefault(f"{stem} {suffix}", set()).add(place)
    return {key: next(iter(fitting)) for key, fitting in longer.items() if len(fitting) == 1} | names


def reference_rows(table: str) -> Iterator[dict[str, str]]:
    """The rows of a table shipped in `data/`, as dictionaries by column name."""
    # Imported here: a program that only imports the library should not pay for them.
    from csv import DictReader
    from importlib.resources import files

    text = files("esf_etl.pages").joinpath("data", f"{table}.csv").read_text(encoding="utf-8")
    yield from DictReader(text.splitlines())

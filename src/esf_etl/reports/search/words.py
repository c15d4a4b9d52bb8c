"""Words: of a query and of a text, as the index takes texts apart; and which are too common to be looked for.

A word is a run of letters and digits of any script, in small letters; a hyphen parts two words. å, ä and ö are letters
of their own: `får` and `far` are different words.
"""

from __future__ import annotations

import re
from csv import DictReader
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from unicodedata import normalize

from esf_etl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["IGNORE", "MOST_WORDS", "pattern_around", "query_words", "stop_words", "words_of"]

IGNORE = r"[^\p{L}\p{N}]+"
"""What parts two words, as DuckDB's regular expressions say it; the extension's own default throws å, ä and ö away."""

MOST_WORDS = 32
"""So many different words a query may have: each costs a look at the index."""

_WORD = re.compile(r"[^\W_]+")


@cache
def stop_words() -> frozenset[str]:
    """Swedish words that nearly every section has (`stop_words.csv`); the index leaves them out."""
    text = files("esf_etl.reports.search").joinpath("stop_words.csv").read_text(encoding="utf-8")
    return frozenset(row["word"] for row in DictReader(text.splitlines()))


def words_of(text: str) -> Iterator[re.Match[str]]:
    """The words of a text, each with its place, as written."""
    return _WORD.finditer(text)


def pattern_around(word: str) -> str:
    """Any word that has this one in it, as DuckDB's regular expressions say it; a word needs no escape."""
    return rf"[\p{{L}}\p{{N}}]*{word}[\p{{L}}\p{{N}}]*"


def query_words(query: str) -> tuple[list[str], list[str]]:
    """The different words of a query in small letters, in their order: those to look for, and those too common for it.

    Letters that are written as a base and an accent are put together first, as those of pages are. Signs, quotes among
    them, only part words. Raises `UsageError` where there is no word, or more than `MOST_WORDS`.
    """
    found = list(dict.fromkeys(word[0] for word in words_of(normalize("NFC", query).lower())))
    if not found:
        msg = "the query has no word."
        raise UsageError(msg, advice='Give at least one, such as: esf-etl search "unga långtidsarbetslösa"')
    if len(found) > MOST_WORDS:
        msg = f"the query has {len(found)} different words; at most {MOST_WORDS} can be looked for."
        raise UsageError(msg, advice="Give those that matter.")
    common = stop_words()
    return [word for word in found if word not in common], [word for word in found if word in common]

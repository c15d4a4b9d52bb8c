"""Snippets: the part of a text that shows most of the words looked for, and where in it they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from esf_etl.reports.search.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SNIPPET_CHARACTERS", "Marked", "cut", "fold", "mark"]

SNIPPET_CHARACTERS = 240
"""How long a snippet is at most, but for the signs that say that text was left out."""

_LEFT_OUT = "…"


@dataclass(frozen=True, slots=True)
class Marked:
    """A text on one line, and the hits in it: pairs of start and end (exclusive), counted in characters."""

    text: str
    marks: tuple[tuple[int, int], ...]

    def pieces(self) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it is a hit."""
        pieces, done = [], 0
        for start, end in self.marks:
            pieces += [(self.text[done:start], False), (self.text[start:end], True)]
            done = end
        return [piece for piece in (*pieces, (self.text[done:], False)) if piece[0]]


def fold(text: str) -> str:
    """The text on one line, each run of blanks and line breaks a single blank."""
    return " ".join(text.split())


def mark(text: str, looked_for: Mapping[str, int]) -> Marked:
    """The whole text with its hits; `looked_for` has the words of it that are hits, as they are written there."""
    return Marked(text, tuple(word.span() for word in words_of(text) if word[0] in looked_for))


def cut(text: str, looked_for: Mapping[str, int], *, length: int = SNIPPET_CHARACTERS) -> Marked:
    """The part of a text of at most `length` characters that shows most of the words looked for.

    `looked_for` says which of the text's words are hits, as written, and of which word of the query: a part with
    several of these goes before one with the same word several times, and an earlier part before a later one.
    """
    if len(text) <= length:
        return mark(text, looked_for)
    hits = [(*word.span(), looked_for[word[0]]) for word in words_of(text) if word[0] in looked_for]
    start, end = _best(hits, length) if hits else (0, 0)
    first = max(0, min(start - (length - (end - start)) // 2, len(text) - length))
    last = min(len(text), max(first + length, end))
    if first > 0 and (blank := text.find(" ", first - 1, start)) >= 0:
        first = blank + 1
    if last < len(text) and (blank := text.rfind(" ", end, last + 1)) >= 0:
        last = blank
    before, after = _LEFT_OUT * (first > 0), _LEFT_OUT * (last < len(text))
    return mark(f"{before}{text[first:last].strip()}{after}", looked_for)


def _best(hits: Sequence[tuple[int, int, int]], length: int) -> tuple[int, int]:
    """Start and end of the hits that stand together and show most: different words first, then many."""
    best, rating = hits[0][:2], (0, 0)
    for at, (start, end, _) in enumerate(hits):
        inside = [hit for hit in hits[at : at + length] if hit[1] - start <= length]
        found = (len({hit[2] for hit in inside}), len(inside))
        if found > rating:
            best, rating = (start, max([end, *(hit[1] for hit in inside)])), found
    return best

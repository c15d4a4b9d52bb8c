"""The body of a page: which lines are headings, and what stands under each.

A real heading stands alone on its line with a blank line before and after; headings come in one order, each at most
once. The same words elsewhere are prose. Two things are mended: a heading glued to the end of the sentence before
it, and the choice among several candidates, which keeps the longest run of headings that stands in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from esf_etl.pages.records import Attribute, Diagnostic, Section
from esf_etl.pages.values import LONGEST_NOT_GIVEN, given

if TYPE_CHECKING:
    from esf_etl.pages.layouts import Layout

__all__ = ["DESCRIPTION", "Body", "read_body"]

DESCRIPTION = "description"
"""The section key of prose that stands under no heading."""

_SENTENCE_ENDS = '.!?:;…)"”»'
_BULLETS = ("•", "* ", "- ")
# A glued heading counts a little less than one that stands alone, so that of two the latter is chosen.
_ALONE, _GLUED = 11, 10


class _Candidate(NamedTuple):
    """A line that may be the heading of this rank: its index, and how much of it belongs to the text before."""

    line: int
    rank: int
    kept: int


class _Choice(NamedTuple):
    """Candidates taken whose ranks rise; the greater of two has more weight, or stands on earlier lines."""

    weight: int
    earliness: tuple[int, ...]
    taken: tuple[_Candidate, ...]


@dataclass(slots=True)
class Body:
    """What stands under the headings of a page: prose, lists by record field, and what was noticed."""

    sections: list[Section] = field(default_factory=list)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: list[Attribute] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def empty(self, line: int, where: str) -> None:
        """Remember that the page says of something (at a line, an index) that nothing is given."""
        self.diagnostics.append(Diagnostic("empty-section", "info", line + 1, f"Nothing is given {where}."))


def read_body(lines: list[str], start: int, layout: Layout) -> Body:
    """Sections and lists of the lines from index `start` on."""
    body = Body()
    count = len(lines)
    candidates = _candidates(lines, start, layout)
    lists = layout.list_ranks
    able = [each for each in candidates if each.rank not in lists or _can_head_a_list(lines, each, layout)]
    chosen = _choose(able, len(layout.headings))
    if len(chosen) < len(candidates):
        for passed in sorted(set(candidates) - set(chosen)):
            message = f"The words {layout.headings[passed.rank].text!r} stand here as part of the text."
            body.diagnostics.append(Diagnostic("heading-in-prose", "info", passed.line + 1, message))
    end = _Candidate(count, 0, 0)

    opening = _text(lines, start, chosen[0] if chosen else end)
    if given(opening) is not None:
        body.sections.append(Section(DESCRIPTION, None, opening))
    elif opening:
        body.empty(_first_filled(lines, start), "before the first heading")

    for here, after in pairwise((*chosen, end)):
        heading = layout.headings[here.rank]
        if here.kept:
            message = f"The heading {heading.text!r} is glued to the sentence before it."
            body.diagnostics.append(Diagnostic("heading-glued", "info", here.line + 1, message))
        if heading.kind == "list":
            items = _read_list(lines, here.line + 1, after.line, body)
            body.lists[heading.key] = items
            if not items:
                body.empty(here.line, f"under {heading.text!r}")
            continue
        text = _text(lines, here.line + 1, after)
        if given(text) is not None:
            body.sections.append(Section(heading.key, heading.text, text))
        else:
            body.empty(here.line, f"under {heading.text!r}")
    return body


def _first_filled(lines: list[str], start: int) -> int:
    return next(index for index in range(start, len(lines)) if lines[index])


def _text(lines: list[str], start: int, end: _Candidate) -> str:
    """The lines from `start` to the heading at `end`, with what stands before a glued heading on its line."""
    part = lines[start : end.line]
    if end.kept:
        part.append(lines[end.line][: end.kept].rstrip())
    return "\n".join(part).strip("\n")


def _candidates(lines: list[str], start: int, layout: Layout) -> list[_Candidate]:
    """Every line that may be a heading, in the order of the page."""
    ranks = layout.heading_ranks
    texts = layout.heading_texts
    last_letters = layout.heading_last_letters
    found: list[_Candidate] = []
    last = len(lines) - 1
    for index in [at for at in range(start, last + 1) if lines[at][-1:] in last_letters]:
        line = lines[index]
        if index < last and lines[index + 1]:
            continue
        rank = ranks.get(line)
        kept = 0
        if rank is None:
            if not line.endswith(texts):
                continue
            rank, kept = next((r, len(line) - len(t)) for t, r in ranks.items() if line.endswith(t))
            if line[kept - 1] not in _SENTENCE_ENDS:
                continue
        elif index > start and lines[index - 1]:
            continue
        found.append(_Candidate(index, rank, kept))
    return found


def _can_head_a_list(lines: list[str], candidate: _Candidate, layout: Layout) -> bool:
    """Whether what follows is a list, or nothing."""
    at, count = candidate.line + 1, len(lines)
    while at < count and not lines[at]:
        at += 1
    if at == count:
        return True
    following = lines[at].lstrip()
    return following.startswith(_BULLETS) or lines[at] in layout.heading_ranks or given(following) is None


def _choose(candidates: list[_Candidate], ranks: int) -> list[_Candidate]:
    """The heaviest choice of candidates whose ranks rise; of equal ones that with the earliest lines."""
    taken = [candidate.rank for candidate in candidates]
    if taken == sorted(set(taken)):
        return candidates
    best = [_Choice(0, (), ())] * (ranks + 1)
    for candidate in candidates:
        before = max(best[: candidate.rank + 1])
        weight = before.weight + (_GLUED if candidate.kept else _ALONE)
        choice = _Choice(weight, (*before.earliness, -candidate.line), (*before.taken, candidate))
        best[candidate.rank + 1] = max(best[candidate.rank + 1], choice)
    return list(max(best).taken)


def _read_list(lines: list[str], start: int, end: int, body: Body) -> tuple[str, ...]:
    """The items of a bullet list, as written and in order; one that stands twice is kept twice."""
    items: list[list[str]] = []  # each by its lines: to add them to a text one by one would copy it each time
    said_nothing: list[int] = []
    goes_on = False  # whether a line without a bullet is the rest of the item before it
    for index in range(start, end):
        line = lines[index]
        if not line:
            goes_on = False
            continue
        line = line.lstrip()
        bullet = line[0] == "•" or line.startswith(_BULLETS) or line in "*-"
        text = line[1:].lstrip() if bullet else line
        item = given(text) if len(text) <= LONGEST_NOT_GIVEN else text
        if item is None:
            said_nothing.append(index)
            goes_on = False
        elif bullet:
            items.append([item])
            goes_on = True
        elif goes_on:
            items[-1].append(line)
            body.diagnostics.append(
                Diagnostic("item-wrapped", "info", index + 1, "A list item goes on without a bullet; it was joined.")
            )
        else:
            body.attributes.append(Attribute(line))
            message = "A line after a list is no item of it; it is kept as an attribute."
            body.diagnostics.append(Diagnostic("line-after-list", "warning", index + 1, message))
    if items:
        body.diagnostics.extend(
            Diagnostic("empty-item", "info", index + 1, "An item of a list says that nothing is given.")
            for index in said_nothing
        )
    return tuple(" ".join(item) for item in items)

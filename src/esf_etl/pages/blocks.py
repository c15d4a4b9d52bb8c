"""Where the header block of a page is, and which of its lines are labels and which are values.

Layouts of one form whose labels may stand in any order are read at once: what is a label among them is a label here,
and which layout the page is of is decided by how many of the labels are its own.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from esf_etl.errors import NotAProjectPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from esf_etl.pages.layouts import Layout

__all__ = ["Block", "Entry", "Form", "find_block", "forms_of"]

ENOUGH_LABELS = 3
"""So many different labels in one block make it a header; fewer may be prose that starts with a label's word."""


class Entry(NamedTuple):
    """One label of a header block: its line (an index), its words as written, what stands as its value, and where.

    `words` is None where the line is no label but the rest of what stands above it.
    """

    line: int
    words: str | None
    value: str | None
    value_line: int


class Block(NamedTuple):
    """A header block: its first line (an index), the one after its last, and what stands between."""

    start: int
    end: int
    entries: list[Entry]

    def known(self, layout: Layout) -> int:
        """How many different labels of a layout the block gives a value for."""
        label_of = layout.label_of
        return len({words for _, words, value, _ in self.entries if value is not None and words in label_of})

    def is_enough_for(self, layout: Layout) -> bool:
        """Whether it gives values for so many labels of a layout that it is one of its headers."""
        label_of = layout.label_of
        known = set()
        for _, words, value, _ in self.entries:
            if value is not None and words in label_of:
                known.add(words)
                if len(known) == ENOUGH_LABELS:
                    return True
        return False


class Form:
    """The layouts that are looked for at once, and what finding them takes, made once for all pages."""

    def __init__(self, layouts: Sequence[Layout]) -> None:
        self.layouts = tuple(layouts)
        self.name = layouts[0].form
        self.words = frozenset(word for layout in layouts for word in layout.label_of)
        self.boilerplate = frozenset(line for layout in layouts for line in layout.boilerplate)
        self.label_lines = {f"{word}:": word for word in self.words}
        # A line whose first letters are those of no label need not be looked at twice.
        self.letters = min(map(len, self.words))
        self.beginnings = frozenset(word[: self.letters] for word in self.words)
        # Of a glued block: the place of each label's words, and a line of one. Longer words are tried first, so that
        # none is hidden by another that it begins with. A label with a colon after it is one of another layout.
        self.ranks = {word: layouts[0].labels.index(label) for word, label in layouts[0].label_of.items()}
        longest_first = sorted(self.ranks, key=len, reverse=True)
        self.glued_line = re.compile(f"((?>{'|'.join(map(re.escape, longest_first))}))(?!:)\\s*(.*)")


@lru_cache(maxsize=16)
def forms_of(layouts: tuple[Layout, ...]) -> tuple[tuple[Form, ...], ...]:
    """The layouts grouped by form, in the order in which each form is first named.

    A glued block is read by the order of one layout's labels, so that such layouts are looked for one by one.
    """
    groups: dict[str, list[Layout]] = {}
    for layout in layouts:
        groups.setdefault(layout.form, []).append(layout)
    return tuple(
        tuple(Form([layout]) for layout in alike) if form == "glued" else (Form(alike),)
        for form, alike in groups.items()
    )


def find_block(lines: list[str], form: Form) -> Block | None:
    """The header block of a page, or None where it has none of this form.

    Raises `NotAProjectPage` (`truncated`) for a page that ends inside its header block: a glued one before its last
    label, one of the others before the blank line that closes it.
    """
    read = _READ[form.name]
    end = 0
    for at in _openings(lines, form):
        if at < end:
            continue  # inside a block that was none
        start = _first_line(lines, at, form)
        end = _end_of_block(lines, start, form)
        block = Block(start, end, read(lines, start, end, form))
        enough = any(map(block.is_enough_for, form.layouts))
        _refuse_truncated(lines, block, form, enough=enough)
        if enough:
            return block
    return None


def _openings(lines: list[str], form: Form) -> Iterator[int]:
    """The lines that a block may begin with, by index."""
    letters, beginnings, words = form.letters, form.beginnings, form.words
    for at, line in enumerate(lines):
        if line[:letters] not in beginnings:
            continue
        if form.name == "lines":
            opens = line in words
        elif form.name == "colon":
            opens = ":" in line and line.partition(":")[0] in words
        else:  # a label with nothing glued to it is one of another layout
            opens = line not in words and form.glued_line.match(line) is not None
        if opens:
            yield at


def _first_line(lines: list[str], start: int, form: Form) -> int:
    """The first line of the block that `start` opens: what cannot open one may stand in front of it."""
    if form.name == "glued":  # a label with nothing glued to it
        while start and lines[start - 1] in form.words:
            start -= 1
    elif form.name == "colon":  # a label nobody modelled, with its value
        while start and lines[start - 1]:
            above = next((up for up in (1, 2) if start >= up and lines[start - up].endswith(":")), 0)
            if not above:
                break
            start -= above
    return start


def _end_of_block(lines: list[str], start: int, form: Form) -> int:
    """The first line after a block: blank, or one that says nothing.

    A blank line does not end a glued block where its next label follows: prose does not start with one of those.
    """
    at, count, boilerplate = start, len(lines), form.boilerplate
    while True:
        for at in range(at, count):  # noqa: B020 - goes on from where it was
            line = lines[at]
            if not line or line in boilerplate:
                break
        else:
            at = count
        if form.name != "glued" or at >= count or lines[at]:
            return at
        following = next((index for index in range(at, count) if lines[index]), None)
        if following is None:
            return at
        label = form.glued_line.match(lines[following])
        before = [form.ranks[known[1]] for known in map(form.glued_line.match, lines[start:at]) if known]
        if label is None or form.ranks[label[1]] <= max(before):
            return at
        at = following


def _refuse_truncated(lines: list[str], block: Block, form: Form, *, enough: bool) -> None:
    if form.name == "glued":
        labels = form.layouts[0].labels
        cut = False
        if all(not lines[at] for at in range(block.end, len(lines))):
            ranks = [form.ranks.get(entry.words or "") for entry in block.entries]
            cut = (enough or ranks[0] == 0) and len(labels) - 1 not in ranks
        before = f"before {labels[-1].text}"
    else:
        # What follows the last line end of a file is no line. The last label may have lost its value.
        cut = block.end >= len(lines) - 1 and any(
            len(layout.label_of.keys() & {entry.words for entry in block.entries}) >= ENOUGH_LABELS
            for layout in form.layouts
        )
        before = "before the blank line that closes it"
    if cut:
        msg = f"the page ends inside its header block, {before}."
        raise NotAProjectPage(msg, code="truncated", line=block.end, advice="Save the page again, whole.")


# -- the entries of a block, in each of the three forms ---------------------------------------------------------------


def _read_glued(lines: list[str], start: int, end: int, form: Form) -> list[Entry]:
    """`LabelValue`: each line an entry. A line that starts with no label is the rest of the value before it."""
    entries: list[Entry] = []
    match = form.glued_line.match
    for index in range(start, end):
        line = lines[index]
        if line:
            found = match(line)
            words, value = (None, line.strip()) if found is None else found.groups()
            entries.append(Entry(index, words, value or None, index))
    return _without_title(entries, form)


def _without_title(entries: list[Entry], form: Form) -> list[Entry]:
    """The entries without a title that starts with a label's word and has no blank line after it."""
    words = [entry.words for entry in entries]
    opening = words[0]
    if opening is None or form.ranks[opening] == 0 or words.count(opening) == 1:
        return entries
    ranks = [None if word is None else form.ranks[word] for word in words]
    left = Counter(ranks)
    first = 0
    while (rank := ranks[first]) is None or (rank and left[rank] > 1):
        left[rank] -= 1
        first += 1
    return entries[first:]


def _read_lines(lines: list[str], start: int, end: int, form: Form) -> list[Entry]:
    """A line for the label, one for its value; an empty value has no line, the next label follows at once."""
    entries: list[Entry] = []
    index = start
    while index < end:
        line, words, value = index, lines[index].strip(), None
        index += 1
        if index < end and (following := lines[index].strip()) not in form.words:
            value = following
            index += 1
        entries.append(Entry(line, words, value, index - 1))
    return entries


def _read_colon(lines: list[str], start: int, end: int, form: Form) -> list[Entry]:
    """`Label:`, and its value on the same line or the next; an empty value has no line.

    A line that ends in a colon is a label, known or not. A line that is neither label nor value is the rest of the
    value before it.
    """
    entries: list[Entry] = []
    index = start
    while index < end:
        line = index
        words, value = _split_colon(lines[index].strip(), form)
        index += 1
        if not value and index < end:
            following = lines[index].strip()
            if ":" not in following or _split_colon(following, form)[0] is None:
                value = following
                index += 1
        entries.append(Entry(line, words, value or None, index - 1))
    return entries


def _split_colon(line: str, form: Form) -> tuple[str | None, str]:
    """The label of a line and what follows its colon; no label and the whole line where the line is a value."""
    words = form.label_lines.get(line)
    if words is not None:
        return words, ""
    before, colon, after = line.partition(":")
    before = before.rstrip()
    if colon and before in form.words:
        return before, after.strip()
    return (line[:-1].rstrip(), "") if line.endswith(":") else (None, line)


_READ = {"glued": _read_glued, "lines": _read_lines, "colon": _read_colon}

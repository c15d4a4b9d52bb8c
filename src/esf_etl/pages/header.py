"""The header block of a page: where it is, and what its labels say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from esf_etl.errors import NotAProjectPage
from esf_etl.pages.records import Attribute, Contact, Diagnostic
from esf_etl.pages.values import READERS, UnreadableValue, given

if TYPE_CHECKING:
    from collections.abc import Callable

    from esf_etl.pages.layouts import Label, Layout

__all__ = ["Block", "Entry", "Header", "find_block", "read_header"]

_ENOUGH_LABELS = 3
"""So many different labels in one block make it a header; fewer may be prose that starts with a label's word."""


class Entry(NamedTuple):
    """One label of a header block: its line (an index), its words as written, what stands as its value, and where.

    `label` is None where the words are none of the layout's labels.
    """

    line: int
    label: Label | None
    words: str
    value: str | None
    value_line: int


class Block(NamedTuple):
    """A header block: its first line (an index), the one after its last, and what stands between."""

    start: int
    end: int
    entries: list[Entry]

    def known(self) -> int:
        """How many different labels of the layout the block gives a value for."""
        return len({entry.words for entry in self.entries if entry.label is not None and entry.value is not None})


@dataclass(slots=True)
class Header:
    """What a header block says: record fields by name, and what had no field, by its line (an index)."""

    values: dict[str, Any] = field(default_factory=dict)
    kept: list[tuple[int, Attribute]] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def keep(self, entry: Entry, value: str | None) -> None:
        """Keep to the letter what fills no field."""
        self.kept.append((entry.line, Attribute(entry.words, value)))

    def warn(self, code: str, line: int, message: str) -> None:
        """Add a warning at a line (an index)."""
        self.diagnostics.append(Diagnostic(code, "warning", line + 1, message))

    def attributes(self) -> list[Attribute]:
        """What was kept, in the order of the page."""
        return [attribute for _, attribute in sorted(self.kept, key=itemgetter(0))]


def find_block(lines: list[str], layout: Layout) -> Block | None:
    """The header block of a page, or None where it has none of this layout.

    Raises `NotAProjectPage` (`truncated`) for a page that ends inside its header block: a glued one before its last
    label, one of the others before the blank line that closes it.
    """
    opens, read_entries = _FORMS[layout.form]
    at, count = 0, len(lines)
    while at < count:
        if not opens(lines[at], layout):
            at += 1
            continue
        start = at
        while layout.form == "glued" and start and lines[start - 1] in layout.label_of:
            start -= 1  # a label with nothing glued to it opens no block, but may stand in front of one
        while layout.form == "colon" and start and lines[start - 1]:  # so may a label nobody modelled, with its value
            above = next((up for up in (1, 2) if start >= up and lines[start - up].endswith(":")), 0)
            if not above:
                break
            start -= above
        at = _end_of_block(lines, start, layout)
        block = Block(start, at, read_entries(lines, start, at, layout))
        enough = block.known() >= _ENOUGH_LABELS
        _refuse_truncated(lines, block, layout, enough=enough)
        if enough:
            return block
    return None


def _end_of_block(lines: list[str], start: int, layout: Layout) -> int:
    """The first line after a block: blank, or one that says nothing.

    A blank line does not end a glued block where its next label follows: prose does not start with one of those.
    """
    at, count = start, len(lines)
    while True:
        while at < count and lines[at] and lines[at] not in layout.boilerplate:
            at += 1
        if layout.form != "glued" or at >= count or lines[at]:
            return at
        following = next((index for index in range(at, count) if lines[index]), None)
        label = None if following is None else _glued_label(lines[following], layout)
        before = [
            layout.labels.index(known) for known in map(partial(_glued_label, layout=layout), lines[start:at]) if known
        ]
        if following is None or label is None or not before or layout.labels.index(label) <= max(before):
            return at
        at = following


def _refuse_truncated(lines: list[str], block: Block, layout: Layout, *, enough: bool) -> None:
    entries, last = block.entries, layout.labels[-1]
    if layout.form == "glued":
        cut = (
            not any(entry.label is last for entry in entries)
            and (enough or entries[0].label is layout.labels[0])
            and not any(lines[block.end :])
        )
        before = f"before {last.text}"
    else:
        # What follows the last line end of a file is no line. The last label may have lost its value.
        named = {entry.words for entry in entries if entry.label is not None}
        cut = len(named) >= _ENOUGH_LABELS and block.end >= len(lines) - 1
        before = "before the blank line that closes it"
    if cut:
        msg = f"the page ends inside its header block, {before}."
        raise NotAProjectPage(msg, code="truncated", line=block.end, advice="Save the page again, whole.")


# -- the three forms: whether a line can open a block, and the entries of one --------------------------------------


def _opens_glued(line: str, layout: Layout) -> bool:
    # A label with nothing glued to it, or with a colon, is one of another layout.
    return (
        line.startswith(layout.label_words) and line not in layout.label_of and _glued_label(line, layout) is not None
    )


def _glued_label(line: str, layout: Layout) -> Label | None:
    word = next((word for word in layout.label_words if line.startswith(word)), None)
    if word is None or line.startswith(":", len(word)):
        return None
    return layout.label_of[word]


def _read_glued(lines: list[str], start: int, end: int, layout: Layout) -> list[Entry]:
    """`LabelValue`: each line an entry. A line that starts with no label is the rest of the value before it."""
    entries: list[Entry] = []
    expected = iter(layout.labels)
    for index in range(start, end):
        line = lines[index]
        if not line:
            continue
        label = next(expected, None)
        if label is None or not line.startswith(label.text) or ":" in line:
            label = _glued_label(line, layout)
        if label is None:
            entries.append(Entry(index, None, entries[-1].words, line, index))
        else:
            entries.append(Entry(index, label, label.text, line[len(label.text) :].strip() or None, index))
    # A title that starts with a label's word and has no blank line after it is not part of the block.
    left = Counter(id(entry.label) for entry in entries)
    first = 0
    while entries[first].label is not layout.labels[0] and left[id(entries[first].label)] > 1:
        left[id(entries[first].label)] -= 1
        first += 1
    return entries[first:]


def _opens_lines(line: str, layout: Layout) -> bool:
    return line in layout.label_of


def _read_lines(lines: list[str], start: int, end: int, layout: Layout) -> list[Entry]:
    """A line for the label, one for its value; an empty value has no line, the next label follows at once."""
    entries: list[Entry] = []
    index = start
    while index < end:
        words = lines[index].strip()
        value_follows = index + 1 < end and lines[index + 1].strip() not in layout.label_of
        value = lines[index + 1].strip() if value_follows else None
        entries.append(Entry(index, layout.label_of.get(words), words, value, index + value_follows))
        index += 1 + value_follows
    return entries


def _opens_colon(line: str, layout: Layout) -> bool:
    words, colon, _ = line.partition(":")
    return bool(colon) and words in layout.label_of


def _read_colon(lines: list[str], start: int, end: int, layout: Layout) -> list[Entry]:
    """`Label:`, and its value on the same line or the next; an empty value has no line.

    A line that ends in a colon is a label, known or not. A line that is neither label nor value is the rest of the
    value before it.
    """
    entries: list[Entry] = []
    index = start
    while index < end:
        line = lines[index].strip()
        words, value = _split_colon(line, layout)
        if words is None:
            entries.append(Entry(index, None, entries[-1].words, line, index))
            index += 1
            continue
        value_follows = not value and index + 1 < end and _split_colon(lines[index + 1].strip(), layout)[0] is None
        if value_follows:
            value = lines[index + 1]
        entries.append(Entry(index, layout.label_of.get(words), words, value.strip() or None, index + value_follows))
        index += 1 + value_follows
    return entries


def _split_colon(line: str, layout: Layout) -> tuple[str | None, str]:
    """The label of a line and what follows its colon; no label where the line is a value."""
    words, colon, value = line.partition(":")
    if colon and words.rstrip() in layout.label_of:
        return words.rstrip(), value
    return (line[:-1].rstrip(), "") if line.endswith(":") else (None, "")


_FORMS: dict[str, tuple[Callable[[str, Layout], bool], Callable[[list[str], int, int, Layout], list[Entry]]]] = {
    "glued": (_opens_glued, _read_glued),
    "lines": (_opens_lines, _read_lines),
    "colon": (_opens_colon, _read_colon),
}


# -- from entries to fields ----------------------------------------------------------------------------------------


def read_header(block: Block) -> Header:
    """The values of a header block, whatever the order of its labels."""
    header = Header()
    seen: set[int] = set()
    contact: dict[str, str] = {}
    yielding: list[tuple[Entry, dict[str, Any]]] = []
    known = {entry.words for entry in block.entries if entry.label is not None}
    for entry in block.entries:
        label = entry.label
        value = None if entry.value is None else given(entry.value)
        if label is None:
            place = f" after {entry.words}" if entry.words in known else ""
            message = f"A line of the header{place} has no known label; it is kept as an attribute."
            header.keep(entry, value)
            header.warn("label-unknown", entry.line, message)
            continue
        if id(label) in seen:
            message = f"The label {label.text} stands here again; the first one counts."
            header.keep(entry, value)
            header.warn("label-repeated", entry.line, message)
            continue
        seen.add(id(label))
        if value is None:
            continue
        if not label.fields:
            header.keep(entry, value)
        elif label.fields[0].startswith("contact."):
            contact[label.fields[0].removeprefix("contact.")] = value
        else:
            read = _read_value(header, entry, label, value)
            if label.yields:
                yielding.append((entry, read))
            else:
                header.values.update(read)
    for entry, read in yielding:
        _fill(header, entry, read)
    if contact:
        header.values["contact"] = Contact(**contact)
    return header


def _read_value(header: Header, entry: Entry, label: Label, value: str) -> dict[str, Any]:
    """The fields that a value fills; none where it cannot be read, which a diagnostic then says."""
    try:
        read = READERS[label.reader](value)
    except UnreadableValue as problem:
        header.keep(entry, value)
        found = None if label.personal else value
        said = "found a value of another form" if found is None else f"found {found!r}"
        header.diagnostics.append(
            Diagnostic(
                problem.code,
                problem.severity,
                entry.value_line + 1,
                f"{label.text}: {said}, expected {problem.expected}.",
                field=label.fields[0],
                found=found,
                expected=problem.expected,
            )
        )
        return {}
    if len(label.fields) == 1:
        return {label.fields[0]: read}
    return {name: part for name, part in zip(label.fields, read, strict=True) if part is not None}


_DIFFERS = {
    "title": "title-differs",
    "period_start": "period-differs",
    "period_end": "period-differs",
    "nuts2_code": "region-differs",
    "owner_org_number": "org-number-differs",
}


def _fill(header: Header, entry: Entry, read: dict[str, Any]) -> None:
    """Fill the fields that no other label has filled; where one says otherwise, it counts and this is noted."""
    differing = [name for name, value in read.items() if header.values.setdefault(name, value) != value]
    if differing:
        message = f"{entry.words} says otherwise than a more exact label of the page, which counts."
        header.warn(_DIFFERS[differing[0]], entry.value_line, message)
        if entry.value not in [header.values[name] for name in read]:
            header.keep(entry, entry.value)

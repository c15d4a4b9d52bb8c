"""The header block of a page: where it is, and what its labels say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from esf_etl.errors import NotAProjectPage
from esf_etl.pages.records import Attribute, Contact, Diagnostic
from esf_etl.pages.values import READERS, UnreadableValue, given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from esf_etl.pages.layouts import Label, Layout

__all__ = ["Header", "field_line", "find_block", "read_header"]

_ENOUGH_LABELS = 3
"""So many different labels in one block make it a header; fewer may be prose that starts with a label's word."""


@dataclass(slots=True)
class Header:
    """What a header block says: record fields by name, and what had no field."""

    values: dict[str, Any] = field(default_factory=dict)
    attributes: list[Attribute] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def find_block(lines: list[str], layout: Layout) -> tuple[int, int] | None:
    """First line (inclusive) and last line (exclusive) of the header block, as indexes; None where there is none.

    Raises `NotAProjectPage` (`truncated`) for a page that ends inside its header block.
    """
    words = layout.label_words
    stop = set(layout.boilerplate)
    at, count = 0, len(lines)
    while at < count:
        if not lines[at].startswith(words):
            at += 1
            continue
        start = at
        while at < count and lines[at] and lines[at] not in stop:
            at += 1
        labels = [_label_of(line, layout) for line in lines[start:at]]
        while labels and labels[0] in labels[1:]:  # a title that starts with a label's word, glued to the block
            del labels[0]
            start += 1
        found = {label.text for label in labels if label is not None}
        ends_page = not any(lines[at:])
        opens = labels[0] is layout.labels[0]
        if ends_page and layout.labels[-1].text not in found and (opens or len(found) >= _ENOUGH_LABELS):
            msg = f"the page ends inside its header block, before {layout.labels[-1].text}."
            raise NotAProjectPage(msg, code="truncated", line=at, advice="Save the page again, whole.")
        if len(found) >= _ENOUGH_LABELS:
            return start, at
    return None


def _label_of(line: str, layout: Layout) -> Label | None:
    return next((label for label in layout.labels_longest_first if line.startswith(label.text)), None)


def field_line(lines: list[str], name: str, layouts: Sequence[Layout]) -> int | None:
    """The line, from 1, on which the header gives the record field `name`; None where it does not.

    For whoever refuses a value after the page was read: records do not carry the lines of their fields.
    """
    for layout in layouts:
        block = find_block(lines, layout)
        if block is not None:
            for index in range(*block):
                label = _label_of(lines[index], layout)
                if label is not None and name in label.fields:
                    return index + 1
    return None


def read_header(lines: list[str], block: tuple[int, int], layout: Layout) -> Header:
    """The values of a header block whose labels and values are glued together."""
    header = Header()
    seen: set[str] = set()
    contact: dict[str, str] = {}
    expected = iter(layout.labels)
    before: Label | None = None
    for index in range(*block):
        line = lines[index]
        label = next(expected, None)
        if label is None or not line.startswith(label.text):
            label = _label_of(line, layout)
        if label is None:
            _keep_unlabelled(header, line, index + 1, before)
            continue
        before = label
        value = given(line[len(label.text) :])
        if label.text in seen:
            header.attributes.append(Attribute(label.text, value))
            message = f"The label {label.text} stands here a second time; the first one counts."
            header.diagnostics.append(Diagnostic("label-repeated", "warning", index + 1, message))
            continue
        seen.add(label.text)
        if value is not None:
            _read_value(header, contact, label, value, index + 1)
    if contact:
        header.values["contact"] = Contact(**contact)
    return header


def _keep_unlabelled(header: Header, line: str, number: int, before: Label | None) -> None:
    """A header line that starts with no label: most likely the rest of the value before it."""
    header.attributes.append(Attribute(before.text if before else line, line if before else None))
    place = f" after {before.text}" if before else ""
    message = f"A line of the header{place} starts with no known label; it is kept as an attribute."
    header.diagnostics.append(Diagnostic("label-unknown", "warning", number, message))


def _read_value(header: Header, contact: dict[str, str], label: Label, value: str, number: int) -> None:
    name = label.fields[0]
    if name.startswith("contact."):
        contact[name.removeprefix("contact.")] = value
        return
    try:
        read = READERS[label.reader](value)
    except UnreadableValue as problem:
        message = f"{label.text}: found {value!r}, expected {problem.expected}."
        header.diagnostics.append(
            Diagnostic(problem.code, "error", number, message, field=name, found=value, expected=problem.expected)
        )
        header.attributes.append(Attribute(label.text, value))
        return
    if len(label.fields) == 1:
        header.values[name] = read
    else:
        header.values.update(zip(label.fields, read, strict=True))

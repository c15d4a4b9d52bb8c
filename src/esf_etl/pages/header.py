"""What a header block says: its values as record fields, and what had no field."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from esf_etl.pages.records import Attribute, Contact, Diagnostic
from esf_etl.pages.refusal import CALL_FOR_PROPOSALS_LABEL, call_for_proposals
from esf_etl.pages.values import LONGEST_NOT_GIVEN, READERS, UnreadableValue, given

if TYPE_CHECKING:
    from esf_etl.pages.blocks import Block, Entry
    from esf_etl.pages.layouts import Label, Layout

__all__ = ["Header", "read_header"]

_CONTACT = {"contact.name": "name", "contact.email": "email", "contact.phone": "phone"}


@dataclass(slots=True)
class Header:
    """What a header block says: record fields by name, and what had no field, by its line (an index)."""

    values: dict[str, Any] = field(default_factory=dict)
    kept: list[tuple[int, Attribute]] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def keep(self, line: int, words: str, value: str | None) -> None:
        """Keep to the letter what fills no field."""
        self.kept.append((line, Attribute(words, value)))

    def keep_unknown(self, line: int, words: str, value: str | None, *, after_label: bool) -> None:
        """Keep a line whose words are no known label, or that is the rest of one."""
        place = f" after {words}" if after_label else ""
        self.keep(line, words, value)
        self.warn("label-unknown", line, f"A line of the header{place} has no known label; it is kept as an attribute.")

    def warn(self, code: str, line: int, message: str) -> None:
        """Add a warning at a line (an index)."""
        self.diagnostics.append(Diagnostic(code, "warning", line + 1, message))

    def attributes(self) -> list[Attribute]:
        """What was kept, in the order of the page."""
        return [attribute for _, attribute in sorted(self.kept, key=itemgetter(0))]


def read_header(block: Block, layout: Layout) -> Header:
    """The values of a header block, whatever the order of its labels.

    Raises `NotAProjectPage` where it is that of a call for proposals.
    """
    header = Header()
    values = header.values
    label_of = layout.label_of
    seen: set[str] = set()
    yielding: list[tuple[Entry, dict[str, Any]]] = []
    above = ""  # the words of the label that a line without one stands under
    for entry in block.entries:
        line, words, written, _ = entry
        value = written if written is None or len(written) > LONGEST_NOT_GIVEN else given(written)
        label = None if words is None else label_of.get(words)
        if words is not None:
            above = words
        if label is None:
            if words == CALL_FOR_PROPOSALS_LABEL:
                raise call_for_proposals(line + 1)
            header.keep_unknown(line, above, value, after_label=above in label_of)
        elif label.text in seen:
            header.keep(line, above, value)
            header.warn("label-repeated", line, f"The label {label.text} stands here again; the first one counts.")
        else:
            seen.add(label.text)
            if value is None:
                continue
            if not label.fields:
                header.keep(line, above, value)
            elif label.yields:
                yielding.append((entry, _read_value(header, entry, label, value)))
            else:
                values.update(_read_value(header, entry, label, value))
    for entry, read in yielding:
        _fill(header, entry, read)
    contact = {part: values.pop(name) for name, part in _CONTACT.items() if name in values}
    if contact:
        values["contact"] = Contact(**contact)
    return header


def _read_value(header: Header, entry: Entry, label: Label, value: str) -> dict[str, Any]:
    """The fields that a value fills; none where it cannot be read, which a diagnostic then says."""
    try:
        read = READERS[label.reader](value)
    except UnreadableValue as problem:
        _note_unreadable(header, entry, label, value, problem)
        return {}
    if len(label.fields) == 1:
        return {label.fields[0]: read}
    return {name: part for name, part in zip(label.fields, read, strict=True) if part is not None}


def _note_unreadable(header: Header, entry: Entry, label: Label, value: str, problem: UnreadableValue) -> None:
    header.keep(entry.line, entry.words or label.text, value)
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
        header.warn(_DIFFERS.get(differing[0], "value-differs"), entry.value_line, message)
        if entry.words is not None and entry.value not in [header.values[name] for name in read]:
            header.keep(entry.line, entry.words, entry.value)

"""Text -> `Project`: the way of one page, from its lines to a record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from esf_etl.errors import EsfEtlError, NotAProjectPage
from esf_etl.pages.blocks import find_block, forms_of
from esf_etl.pages.decoding import clean_lines, decode, is_surely_composed
from esf_etl.pages.header import read_header
from esf_etl.pages.layouts import LAYOUTS
from esf_etl.pages.records import Diagnostic, Project
from esf_etl.pages.refusal import why_not
from esf_etl.pages.sections import read_body
from esf_etl.pages.values import given

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from esf_etl.pages.blocks import Block, Entry
    from esf_etl.pages.header import Header
    from esf_etl.pages.layouts import Layout

__all__ = [
    "MAX_PAGE_BYTES",
    "PARSER_VERSION",
    "PageUnreadable",
    "field_line_of",
    "parse",
    "parse_bytes",
    "parse_file",
]

PARSER_VERSION = "2"
"""Rises with every change that can make another record of the same page. Rejects of an older version are retried."""

MAX_PAGE_BYTES = 5_000_000
"""A larger file is no project page; the largest real one is under 100 kB."""


class PageUnreadable(EsfEtlError):
    """A file could not be read from disk."""

    code = "file-unreadable"


def parse(text: str, *, source: str | None = None, layouts: Sequence[Layout] = LAYOUTS) -> Project:
    """The project that a page describes.

    `text` is a whole page; `source` is kept on the record as where it came from. `layouts` are tried in order. A
    value that cannot be read is left absent, kept to the letter in `attributes`, and named by a diagnostic of
    severity `error`. Raises `NotAProjectPage`, whose code is the reason.
    """
    return _parse_text(text, source, layouts, ())


def parse_bytes(
    data: bytes,
    *,
    source: str | None = None,
    layouts: Sequence[Layout] = LAYOUTS,
    max_bytes: int = MAX_PAGE_BYTES,
) -> Project:
    """As `parse`, for the bytes of a file in any encoding seen (see `esf_etl.pages.decoding`)."""
    if len(data) > max_bytes:
        msg = f"the file is larger than a page can be ({max_bytes} bytes)."
        raise NotAProjectPage(msg, code="too-large", path=source, advice="Is it a page? If so, raise the limit.")
    try:
        text, noticed = decode(data)
    except NotAProjectPage as problem:
        raise problem.at(source) from None
    return _parse_text(text, source, layouts, noticed, composed=is_surely_composed(data))


def parse_file(
    path: str | PathLike[str], *, layouts: Sequence[Layout] = LAYOUTS, max_bytes: int = MAX_PAGE_BYTES
) -> Project:
    """As `parse_bytes`, for a file; raises `PageUnreadable` where the disk gives no bytes."""
    source = str(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as problem:
        msg = f"the file cannot be read: {problem.strerror or problem}."
        raise PageUnreadable(msg, path=source, advice="Check its name and its permissions.") from problem
    return parse_bytes(data, source=source, layouts=layouts, max_bytes=max_bytes)


def field_line_of(data: bytes, name: str, *, layouts: Sequence[Layout] = LAYOUTS) -> int | None:
    """The line, from 1, on which a page gives the record field `name`; None where it does not, or is no page.

    For whoever refuses a value after the page was read: records do not carry the lines of their fields.
    """
    try:
        found = _recognise(clean_lines(decode(data)[0])[0], layouts)
    except NotAProjectPage:
        return None
    if found is None:
        return None
    block, layout = found
    return next((entry.line + 1 for entry in block.entries if name in _fields_of(entry, layout)), None)


def _fields_of(entry: Entry, layout: Layout) -> tuple[str, ...]:
    """The record fields that an entry of a header can fill."""
    label = layout.label_of.get(entry.words or "")
    return () if label is None else label.fields


def _parse_text(
    text: str,
    source: str | None,
    layouts: Sequence[Layout],
    noticed: tuple[Diagnostic, ...],
    *,
    composed: bool = False,
) -> Project:
    lines, repaired = clean_lines(text, composed=composed)
    try:
        found = _recognise(lines, layouts)
        if found is not None:
            return _read_page(lines, *found, source, [*noticed, *repaired])
    except NotAProjectPage as problem:
        raise problem.at(source) from None
    raise why_not(lines, layouts).at(source)


def _recognise(lines: list[str], layouts: Sequence[Layout]) -> tuple[Block, Layout] | None:
    """The header block of a page and its layout."""
    for alike in forms_of(tuple(layouts)):
        found = [
            (block, layout)
            for form in alike
            if (block := find_block(lines, form)) is not None
            for layout in form.layouts
        ]
        if found:
            return found[0] if len(found) == 1 else _likeliest(lines, found)
    return None


def _likeliest(lines: list[str], found: list[tuple[Block, Layout]]) -> tuple[Block, Layout]:
    """Of several layouts of one form the one that knows most labels of the block; a number of its own decides a tie."""
    known = [block.known(layout) for block, layout in found]
    most = max(known)
    tied = [one for one, count in zip(found, known, strict=True) if count == most]
    if len(tied) == 1:
        return tied[0]
    return next((one for one in tied if _is_numbered_like(lines, *one)), tied[0])


def _is_numbered_like(lines: list[str], block: Block, layout: Layout) -> bool:
    """Whether the title line or a value of the header has a number of the layout's form."""
    if layout.numbered_value is None or layout.numbered_title is None:
        return False
    title = next((line for line in reversed(lines[: block.start]) if line), "")
    values = (entry.value for entry in block.entries if entry.value is not None)
    return layout.numbered_title.fullmatch(title) is not None or any(map(layout.numbered_value.fullmatch, values))


def _read_page(
    lines: list[str], block: Block, layout: Layout, source: str | None, diagnostics: list[Diagnostic]
) -> Project:
    header = read_header(block, layout)
    _read_title(lines, block, layout, header, diagnostics)
    start = block.end
    while start < len(lines) and not lines[start]:
        start += 1
    if start < len(lines) and lines[start] in layout.boilerplate:
        start += 1
    body = read_body(lines, start, layout)
    values: dict[str, Any] = header.values | body.lists
    found: list[Diagnostic] = [*diagnostics, *header.diagnostics, *body.diagnostics]
    return Project(
        layout=layout.key,
        programme_period=layout.programme_period,
        source=source,
        sections=tuple(body.sections),
        attributes=(*header.attributes(), *body.attributes),
        diagnostics=tuple(sorted(found, key=_line_of)),
        **values,
    )


def _line_of(diagnostic: Diagnostic) -> int:
    return diagnostic.line or 0


def _read_title(lines: list[str], block: Block, layout: Layout, header: Header, diagnostics: list[Diagnostic]) -> None:
    """Put the title into the header's values.

    It is the last line with text before the header block, or what follows a diary number there; all other lines there
    are a banner, whatever they say. Where that line has no number although the layout's have one, a label that names
    the project goes before it.
    """
    start = block.entries[0].line
    before = [index for index in range(start) if lines[index] and lines[index] not in layout.boilerplate]
    line = lines[before[-1]] if before else ""
    numbered = layout.numbered_title.fullmatch(line) if layout.numbered_title else None
    named = header.values.get("title")
    if numbered is not None:
        title = given(numbered["title"]) or named
        if header.values.setdefault("diary_number", numbered["number"]) != numbered["number"]:
            message = "The title line has another number than the header, which counts."
            diagnostics.append(Diagnostic("number-differs", "warning", before[-1] + 1, message))
        if named is not None and named != title:
            entry = next(entry for entry in block.entries if "title" in _fields_of(entry, layout))
            message = "The header names the project otherwise than the title line, which counts."
            header.keep(entry.line, entry.words or "", named)
            header.warn("title-differs", entry.value_line, message)
    elif named is not None and named != line:
        title = named
        before.append(start)  # the line is no title, so all of them are a banner's
    else:
        title = given(line)
    header.values["title"] = title
    diagnostics.extend(
        Diagnostic("banner-line", "info", index + 1, "A line of a banner before the title says nothing of the project.")
        for index in before[:-1]
    )

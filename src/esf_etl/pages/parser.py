"""Text -> `Project`: the way of one page, from its lines to a record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from esf_etl.errors import EsfEtlError, NotAProjectPage
from esf_etl.pages.decoding import clean_lines, decode
from esf_etl.pages.header import field_line, find_block, read_header
from esf_etl.pages.layouts import LAYOUTS
from esf_etl.pages.records import Diagnostic, Project
from esf_etl.pages.refusal import why_not
from esf_etl.pages.sections import read_body
from esf_etl.pages.values import given

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

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

PARSER_VERSION = "1"
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
        msg = f"the file has {len(data)} bytes, a page at most {max_bytes}."
        raise NotAProjectPage(msg, code="too-large", path=source, advice="Is it a page? If so, raise the limit.")
    try:
        text, noticed = decode(data)
    except NotAProjectPage as problem:
        raise problem.at(source) if source else problem from None
    return _parse_text(text, source, layouts, noticed)


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
    """The line, from 1, on which a page gives the record field `name`; None where it does not, or is no page."""
    try:
        lines, _ = clean_lines(decode(data)[0])
        return field_line(lines, name, layouts)
    except NotAProjectPage:
        return None


def _parse_text(text: str, source: str | None, layouts: Sequence[Layout], noticed: tuple[Diagnostic, ...]) -> Project:
    lines, repaired = clean_lines(text)
    try:
        for layout in layouts:
            block = find_block(lines, layout)
            if block is not None:
                return _read_page(lines, block, layout, source, [*noticed, *repaired])
    except NotAProjectPage as problem:
        raise problem.at(source) if source else problem from None
    refusal = why_not(lines, layouts)
    raise refusal.at(source) if source else refusal


def _read_page(
    lines: list[str],
    block: tuple[int, int],
    layout: Layout,
    source: str | None,
    diagnostics: list[Diagnostic],
) -> Project:
    title = _read_title(lines, block[0], layout, diagnostics)
    header = read_header(lines, block, layout)
    start = block[1]
    while start < len(lines) and not lines[start]:
        start += 1
    if start < len(lines) and lines[start] in layout.boilerplate:
        start += 1
    body = read_body(lines, start, layout)
    values: dict[str, Any] = {**header.values, **body.lists}
    return Project(
        layout=layout.key,
        programme_period=layout.programme_period,
        source=source,
        title=title,
        sections=tuple(body.sections),
        attributes=(*header.attributes, *body.attributes),
        diagnostics=(*diagnostics, *header.diagnostics, *sorted(body.diagnostics, key=_line_of)),
        **values,
    )


def _line_of(diagnostic: Diagnostic) -> int:
    return diagnostic.line or 0


def _read_title(lines: list[str], start: int, layout: Layout, diagnostics: list[Diagnostic]) -> str | None:
    """The last line with text before the header block; all other lines there are a banner, whatever they say."""
    before = [index for index in range(start) if lines[index] and lines[index] not in layout.boilerplate]
    if not before:
        return None
    diagnostics.extend(
        Diagnostic(
            "banner-line",
            "info",
            index + 1,
            "A line of a banner before the title says nothing of the project.",
        )
        for index in before[:-1]
    )
    return given(lines[before[-1]])

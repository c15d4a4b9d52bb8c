"""Rows as CSV: by RFC 4180 for programs, and as Swedish Excel reads it.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, which can call programs. For Excel such
a text is begun with an apostrophe, and so is one that begins with an apostrophe itself: to undo it, take one apostrophe
from the front of every text that has one. Numbers stay numbers, also those below zero.
"""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import BinaryIO

__all__ = ["EXCEL_SV", "RFC_4180", "RFC_4180_HARMLESS", "Delimited", "harmless_cell", "is_formula", "write_delimited"]

# Source: OWASP, CSV Injection. The last four are the full-width forms, which Excel in East Asian languages takes alike.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_BLANKS = "\t\r\n\x0b\x0c \u00a0\u200b\u2060\ufeff"
_CONTROLS = ("\t", "\r", "\n")
_APOSTROPHE = "'"


@dataclass(frozen=True, slots=True)
class Delimited:
    """How values become text. `yes` and `no` are the words for truth values; `harmless`: no text can be a formula."""

    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    yes: str = "true"
    no: str = "false"
    harmless: bool = False


RFC_4180 = Delimited()
"""Comma, decimal point, UTF-8, lines end in CR LF; every text to the letter."""

RFC_4180_HARMLESS = Delimited(harmless=True)
"""The same for readers who open it in a spreadsheet."""

EXCEL_SV = Delimited(delimiter=";", decimal=",", encoding="utf-8-sig", yes="Ja", no="Nej", harmless=True)
"""Semicolon, decimal comma, UTF-8 with a byte order mark: what Excel opens by a double click in a Swedish Windows."""


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take the text for a formula, blanks before it aside."""
    return text.startswith(_CONTROLS) or text.lstrip(_BLANKS).startswith(_FORMULA)


def harmless_cell(text: str) -> str:
    """The text with an apostrophe before it where it may be taken for a formula or has one there already."""
    return _APOSTROPHE + text if is_formula(text) or text.startswith(_APOSTROPHE) else text


def write_delimited(
    file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Any]], form: Delimited = RFC_4180
) -> int:
    """Write the header and the rows to a file opened for bytes; returns the number of rows.

    An absent value is an empty cell; the warehouse has no empty text beside it.
    """
    # No TextIOWrapper: one that is thrown away closes what it wraps, which may be stdout.
    text = codecs.getwriter(form.encoding)(file)
    writer = csv.writer(text, delimiter=form.delimiter, lineterminator="\r\n")
    writer.writerow([harmless_cell(name) if form.harmless else name for name in header])
    count = 0
    for row in rows:
        writer.writerow([_text(value, form) for value in row])
        count += 1
    file.flush()
    return count


def _text(value: Any, form: Delimited) -> str:
    """A value as the text of its cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless_cell(value) if form.harmless else value
    if isinstance(value, bool):
        return form.yes if value else form.no
    if isinstance(value, Decimal | float):
        return (f"{value:f}" if isinstance(value, Decimal) else repr(value)).replace(".", form.decimal)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)

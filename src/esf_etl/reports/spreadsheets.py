"""Rows as an Excel workbook: numbers and dates as such, a frozen header, a second sheet that says what it is about.

Rows go to the disk as they come. Texts are written as texts: none becomes a formula, a link or a number, and one that
looks like a formula is marked as text, so that it stays one when somebody edits it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from esf_etl.errors import ExportError
from esf_etl.reports.delimited import is_formula

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from esf_etl.reports.rows import Field, Kind

__all__ = ["MAX_CELL", "MAX_ROWS", "About", "Shortened", "Workbook", "cell_length", "write_workbook"]

MAX_CELL = 32_767
"""Characters that a cell can hold, in units of UTF-16. Source: Microsoft, Excel specifications and limits."""

MAX_ROWS = 1_048_576
"""Rows of a sheet, the header included. Same source."""

_EXCEL_BEGINS = date(1900, 1, 1)
_WIDTHS: dict[Kind, int] = {
    "text": 24,
    "integer": 12,
    "money": 18,
    "share": 12,
    "number": 14,
    "date": 12,
    "time": 20,
    "boolean": 10,
}
_WIDE = {
    "beneficiary": 36,
    "operation_name": 44,
    "operation_summary": 60,
    "purpose": 60,
    "expected_achievements": 60,
    "municipalities": 36,
    "programme_area": 40,
}
_FORMATS: dict[str, dict[str, Any]] = {
    "header": {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF4"},
    "heading": {"bold": True, "font_size": 12},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "text": {"valign": "top"},
    "formula-like": {"valign": "top", "quote_prefix": True},
    "integer": {"num_format": "0", "valign": "top"},
    "money": {"num_format": "#,##0.00", "valign": "top"},
    "share": {"num_format": "0.0#%", "valign": "top"},
    "number": {"num_format": "General", "valign": "top"},
    "date": {"num_format": "yyyy-mm-dd", "valign": "top"},
    "time": {"num_format": "yyyy-mm-dd hh:mm:ss", "valign": "top"},
    "boolean": {"valign": "top"},
}


@dataclass(frozen=True, slots=True)
class Shortened:
    """A text that did not fit its cell: the row's first value, the column, and how long the text is."""

    row: str
    column: str
    characters: int


@dataclass(frozen=True, slots=True)
class About:
    """A part of the second sheet: a heading, the heads of its columns, its rows."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Workbook:
    """What the workbook is called and says of itself: names of the two sheets, title, and parts of the second sheet."""

    sheet: str
    about_sheet: str
    title: str
    about: tuple[About, ...]
    created: datetime


def cell_length(text: str) -> int:
    """The length of a text as Excel counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def write_workbook(
    path: Path, header: Sequence[str], fields: Sequence[Field], rows: Iterable[Sequence[Any]], book: Workbook
) -> tuple[int, list[Shortened]]:
    """Write the workbook; returns the number of rows, and what of them did not fit.

    A text that is longer than a cell can be is cut, says so at its end, and stands on the second sheet.

    Raises `ExportError` where there are more rows than a sheet can have.
    """
    options = {
        "constant_memory": True,
        "tmpdir": str(path.parent),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    workbook = xlsxwriter.Workbook(str(path), options)
    try:
        workbook.set_properties({"title": book.title, "created": book.created.replace(tzinfo=None)})
        formats = {name: workbook.add_format(look) for name, look in _FORMATS.items()}
        count, shortened = _write_rows(workbook.add_worksheet(book.sheet), header, fields, rows, formats)
        _write_about(workbook.add_worksheet(book.about_sheet), book, shortened, formats)
        workbook.close()
    except FileCreateError as problem:
        raise problem.args[0] from problem  # the OSError within
    finally:
        _abandon(workbook)
    return count, shortened


def _abandon(workbook: Any) -> None:
    """Close the temporary files of the sheets, where the workbook could not be finished."""
    workbook.fileclosed = True
    for sheet in workbook.worksheets_objs:
        if sheet.row_data_fh is not None and not sheet.row_data_fh.closed:
            sheet.row_data_fh.close()


def _write_rows(
    sheet: Any,
    header: Sequence[str],
    fields: Sequence[Field],
    rows: Iterable[Sequence[Any]],
    formats: Mapping[str, Any],
) -> tuple[int, list[Shortened]]:
    for place, field in enumerate(fields):
        width = _WIDE.get(field.name, _WIDTHS[field.kind])
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, 45)
    for place, name in enumerate(header):
        sheet.write_string(0, place, name, formats["header"])
    count, shortened = 0, []
    for row in rows:
        count += 1
        if count >= MAX_ROWS:
            msg = f"a sheet of Excel has at most {MAX_ROWS:,} rows, and there are more."
            raise ExportError(msg, code="export-too-large", advice="Export to CSV or Parquet.")
        for place, (field, value) in enumerate(zip(fields, row, strict=True)):
            if value is None:
                continue
            if isinstance(value, str) and cell_length(value) > MAX_CELL:
                shortened.append(Shortened(str(row[0]), field.name, len(value)))
            _write_value(sheet, count, place, value, field.kind, formats)
    if fields:
        sheet.autofilter(0, 0, count, len(fields) - 1)
    return count, shortened


def _write_value(sheet: Any, row: int, place: int, value: Any, kind: str, formats: Mapping[str, Any]) -> None:
    if isinstance(value, str):
        sheet.write_string(row, place, _fitting(value), formats["formula-like" if is_formula(value) else "text"])
    elif isinstance(value, bool):
        sheet.write_boolean(row, place, value, formats[kind])
    elif isinstance(value, date):  # also a datetime
        day = value.date() if isinstance(value, datetime) else value
        if day < _EXCEL_BEGINS:
            sheet.write_string(row, place, value.isoformat(), formats["text"])
        else:
            sheet.write_datetime(row, place, value, formats[kind])
    else:
        # Amounts have at most fifteen digits, all of which a binary number of 64 bits keeps.
        sheet.write_number(row, place, float(value), formats[kind])


def _fitting(text: str) -> str:
    """The text as a cell can hold it: cut with a word about it, and without the two letters that XML cannot have."""
    text = text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    if cell_length(text) <= MAX_CELL:
        return text
    word = f" … [avkortad: hela texten har {len(text)} tecken / cut: the whole text has {len(text)} characters]"
    room = 2 * (MAX_CELL - len(word))
    return text.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore") + word


def _write_about(sheet: Any, book: Workbook, shortened: Sequence[Shortened], formats: Mapping[str, Any]) -> None:
    """The second sheet, part below part."""
    for place, width in enumerate((34, 44, 44, 60, 60)):
        sheet.set_column(place, place, width)
    parts = list(book.about)
    if shortened:
        parts.append(
            About(
                "Avkortade texter / Texts that were cut (Excel: 32 767)",
                ("Rad / Row", "Kolumn / Column", "Tecken / Characters"),
                tuple((each.row, each.column, each.characters) for each in shortened),
            )
        )
    sheet.write_string(0, 0, book.title, formats["heading"])
    line = 2
    for part in parts:
        sheet.write_string(line, 0, part.heading, formats["heading"])
        for place, name in enumerate(part.columns):
            sheet.write_string(line + 1, place, name, formats["header"])
        line += 2
        for row in part.rows:
            for place, value in enumerate(row):
                if value is not None:
                    kind = "wrapped" if isinstance(value, str) else "integer"
                    _write_value(sheet, line, place, value, kind, {**formats, "text": formats["wrapped"]})
            line += 1
        line += 1

"""What tests of exports share: reading files back, and pages that could do harm in a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.escape import unescape

from esf_etl import Section
from tests.integration.conftest import Job, project

LONG = "Å" * 33_000
HOSTILE_TITLES = (
    '=HYPERLINK("http://example.org";"Klicka")',
    "+46 kommuner",
    "@alla: ut i arbete",
    "＝1＋1",
    "'Citat' först",
    'Med "citat"; semikolon, komma',
    "Vanlig titel",
)


def lay_hostile(job: Job) -> None:
    """Pages whose texts a spreadsheet could take for something else, and one with a text that fits no cell."""
    for number, title in enumerate(HOSTILE_TITLES):
        text = Section("summary", "Sammanfattning", f'- punkt {number}\n- "punkt"; två, tre\n\n-2+3')
        job.put(
            f"{number}.txt", project(title, sections=(text,), grant_sek=Decimal("0.05"), budget_sek=Decimal("0.10"))
        )
    job.put("long.txt", project("Lång", sections=(Section("summary", "Sammanfattning", LONG),)))


def read_csv(data: bytes, *, delimiter: str = ",", encoding: str = "utf-8") -> list[list[str]]:
    """The rows of a CSV file, the header first."""
    return list(csv.reader(io.StringIO(data.decode(encoding), newline=""), delimiter=delimiter, strict=True))


def as_text(value: Any, *, decimal: str = ".", yes: str = "true", no: str = "false") -> str:
    """A value of the database as CSV should have it, told independently of what writes it."""
    if value is None:
        return ""
    if value is True or value is False:
        return yes if value else no
    if isinstance(value, Decimal):
        return str(value).replace(".", decimal)
    return value.isoformat() if isinstance(value, date) else str(value)


def read_sheet(path: Path, number: int = 0) -> list[list[Any]]:
    """The rows of a sheet of a workbook, times as days."""
    book = openpyxl.load_workbook(path, read_only=False)
    rows = [[_plain(cell) for cell in row] for row in book.worksheets[number].iter_rows(values_only=True)]
    book.close()
    return rows


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.date()
    return unescape(cell) if isinstance(cell, str) else cell

"""Whatever a text holds, CSV gives it back, and a spreadsheet finds no formula in it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from esf_etl.reports.delimited import EXCEL_SV, RFC_4180, RFC_4180_HARMLESS, Delimited, write_delimited
from esf_etl.reports.spreadsheets import MAX_CELL, cell_length

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text("=+-@'\";,\t\r\n ＝＋－＠ab", max_size=8)
ROWS = st.lists(st.tuples(TEXTS, st.decimals(allow_nan=False, allow_infinity=False, places=2), TEXTS), max_size=5)
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def written(rows: list[tuple[str, Decimal, str]], form: Delimited) -> list[list[str]]:
    """The rows as they come back, without the header."""
    file = io.BytesIO()
    assert write_delimited(file, ["a", "b", "c"], rows, form) == len(rows)
    text = io.StringIO(file.getvalue().decode(form.encoding), newline="")
    return list(csv.reader(text, delimiter=form.delimiter, strict=True))[1:]


@given(ROWS)
@example([("\r", Decimal("-1.00"), '"'), ("", Decimal(0), "\n\r\n")])
def test_rfc_4180_gives_every_text_back(rows: list[tuple[str, Decimal, str]]) -> None:
    assert written(rows, RFC_4180) == [[one, f"{amount:f}", other] for one, amount, other in rows]


@given(ROWS)
def test_the_excel_csv_gives_every_text_back_once_the_apostrophe_is_taken_away(
    rows: list[tuple[str, Decimal, str]],
) -> None:
    for form in (EXCEL_SV, RFC_4180_HARMLESS):
        for (one, amount, other), cells in zip(rows, written(rows, form), strict=True):
            assert [cells[0].removeprefix("'"), cells[2].removeprefix("'")] == [one, other]
            # A number is one still, also below zero.
            assert cells[1] == f"{amount:f}".replace(".", form.decimal)


@given(ROWS)
def test_no_text_of_the_excel_csv_begins_like_a_formula(rows: list[tuple[str, Decimal, str]]) -> None:
    for one, _, other in written(rows, EXCEL_SV):
        assert not one.startswith(FORMULA)
        assert not other.startswith(FORMULA)
        assert not one.strip(" ").startswith(FORMULA[:8])


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_cell_counts_units_of_utf_16(text: str) -> None:
    assert cell_length(text) == sum(2 if ord(letter) > 0xFFFF else 1 for letter in text)
    assert cell_length("a" * MAX_CELL) == MAX_CELL

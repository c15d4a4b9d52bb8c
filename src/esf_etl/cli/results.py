"""The rows of a query in the formats that people and programs read, on stdout or in a file.

A file is written beside its name and renamed when it is whole, so that no half of one is ever found under it.
"""

from __future__ import annotations

import shutil
import sys
from datetime import date
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

from esf_etl.cli import output
from esf_etl.errors import UsageError
from esf_etl.reports.whole import file_written_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from esf_etl.warehouse.query import Answer

__all__ = ["FORMATS", "MAX_ROWS", "distinct", "format_of", "show", "write"]

FORMATS = ("table", "csv", "json", "ndjson", "parquet")
"""`table` is one on a terminal, and tab-separated elsewhere."""

MAX_ROWS = 100
"""How many rows of a table a terminal shows where nobody says otherwise."""

_NUMBERS = ("INTEGER", "BIGINT", "DOUBLE", "DECIMAL", "HUGEINT", "FLOAT", "SMALLINT", "UBIGINT")
_WIDE = 16
_GAP = 3
"""Characters that a column of a table may be pressed to before others are left out, and those around it."""


# ---- on stdout --------------------------------------------------------------------------------------------------


def show(
    answer: Answer,
    rows: Iterable[tuple[Any, ...]],
    form: str,
    *,
    max_rows: int = MAX_ROWS,
    more: str = "",
    fewer_columns: str = "",
) -> None:
    """Print the rows of an answer. A table on a terminal is cut to `max_rows` (0: all), and to the columns that fit.

    `more` and `fewer_columns` tell the reader how to see what was cut.
    """
    if form == "table" and sys.stdout.isatty():
        _show_table(answer, iter(rows), max_rows, more, fewer_columns)
    elif form == "table":
        _print_table(answer.names, answer.types, list(rows))
    elif form == "json":
        # All rows before the first bracket: a query that fails on its way leaves no half of a document.
        for line in _json_lines(answer.names, list(rows)):
            sys.stdout.write(f"{line}\n")
    elif form == "ndjson":
        for line in _ndjson_lines(answer.names, rows):
            sys.stdout.write(f"{line}\n")
    else:
        on_terminal = sys.stdout.isatty()
        for line in _csv_lines(answer.names, rows):
            sys.stdout.write(f"{output.harmless(line)}\n" if on_terminal else f"{line}\r\n")


def _show_table(answer: Answer, rows: Iterator[tuple[Any, ...]], max_rows: int, more: str, fewer_columns: str) -> None:
    shown = list(islice(rows, max_rows)) if max_rows else list(rows)
    total = len(shown) + sum(1 for _ in rows)
    fitting = _fitting(answer.names, shown[:MAX_ROWS], shutil.get_terminal_size().columns)
    _print_table(answer.names[:fitting], answer.types, [row[:fitting] for row in shown])
    if len(answer.names) > fitting:
        output.note(f"The first {fitting} of {len(answer.names)} columns. {fewer_columns}".rstrip())
    if total > len(shown):
        output.note(f"The first {len(shown)} of {total} rows. {more}".rstrip())


def _fitting(names: Sequence[str], rows: Sequence[Sequence[Any]], width: int) -> int:
    """How many columns a terminal has room for, one at least."""
    used = 0
    for place, name in enumerate(names):
        longest = max([len(name), *(len(str(row[place])) for row in rows if row[place] is not None)])
        used += min(longest, _WIDE) + _GAP
        if used > width:
            return max(1, place)
    return len(names)


def _print_table(names: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    output.print_table(names, rows, right=[kind.startswith(_NUMBERS) for kind in types])


# ---- in a file --------------------------------------------------------------------------------------------------


def format_of(path: Path) -> str | None:
    """The format that a file's name asks for; None where it asks for none."""
    suffix = path.suffix.removeprefix(".").lower()
    return suffix if suffix in FORMATS and suffix != "table" else None


def write(answer: Answer, form: str, path: Path) -> int:
    """Write the rows into a file, which is replaced where there is one; returns how many there are.

    Raises `ExportError` where the file cannot be written, `UsageError` where Parquet has no word for a type.
    """
    if form == "parquet":
        return _write_parquet(answer, path)
    counted = _Counted(answer.rows())
    lines, end = {
        "csv": (_csv_lines, "\r\n"),
        "json": (_json_lines, "\n"),
        "ndjson": (_ndjson_lines, "\n"),
    }[form]
    with file_written_whole(path) as whole, whole.open("xb") as file:
        for line in lines(answer.names, counted):
            file.write(f"{line}{end}".encode(errors="backslashreplace"))
    return counted.count


class _Counted:
    """Rows, counted as they pass."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for row in self._rows:
            self.count += 1
            yield row


def _write_parquet(answer: Answer, path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, batches = answer.batches()
    schema = pa.schema([field.with_name(name) for field, name in zip(schema, distinct(answer.names), strict=True)])
    for field, kind in zip(schema, answer.types, strict=True):
        _refuse_what_parquet_lacks(field, kind)
    count = 0
    with file_written_whole(path) as whole, pq.ParquetWriter(whole, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            count += batch.num_rows
    return count


def _refuse_what_parquet_lacks(field: pa.Field, kind: str) -> None:
    """Ask Parquet's writer, by an empty file in memory, whether it has a word for the type of a column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.ParquetWriter(pa.BufferOutputStream(), pa.schema([field])).close()
    except pa.ArrowNotImplementedError as problem:
        msg = f"Parquet has no type for the column {field.name}, which is {kind}."
        raise UsageError(msg, advice=f'Cast it: "{field.name}"::VARCHAR.') from problem


# ---- rows as text -----------------------------------------------------------------------------------------------


def distinct(names: Sequence[str]) -> list[str]:
    """The names, later ones of the same name numbered: a JSON object would keep only one of them."""
    keys: list[str] = []
    for name in names:
        key, number = name, 0
        while key in keys:
            number += 1
            key = f"{name}_{number}"
        keys.append(key)
    return keys


def _json_lines(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """A JSON array of objects, as `output.print_json` would print it, a row at a time."""
    keys = distinct(names)
    before = None
    for row in rows:
        yield "[" if before is None else f"{before},"
        text = output.json_text(dict(zip(keys, map(_json_value, row), strict=True)))
        before = " " + text.replace("\n", "\n ")
    if before is None:
        yield "[]"
    else:
        yield before
        yield "]"


def _ndjson_lines(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    keys = distinct(names)
    for row in rows:
        yield output.json_text(dict(zip(keys, map(_json_value, row), strict=True)), indent=None)


def _json_value(value: Any) -> Any:
    """What JSON has for a value: lists and structs as such, null for a float it has no word for, else text."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    return _text(value)


def _text(value: Any) -> str:
    """A value as text: plain decimals (1E-7 is 0.0000001), dates and times as in ISO 8601, bytes as hex digits."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):  # and datetime, which is one
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _csv_lines(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """Comma-separated values by RFC 4180, without line ends. Values are not altered, whatever they begin with."""
    yield _csv_line(distinct(names))
    for row in rows:
        yield _csv_line(["" if value is None else _quoted(_csv_text(value)) for value in row], quoted=True)


def _csv_line(fields: Sequence[str], *, quoted: bool = False) -> str:
    line = ",".join(fields if quoted else map(_quoted, fields))
    return line or '""'  # a line with nothing on it would be no row


def _csv_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return output.json_text(_json_value(value), indent=None)
    return _text(value)


def _quoted(text: str) -> str:
    """A field, in quotes where it needs them; an empty text gets them too, so that it is told from NULL."""
    if text and text == text.strip() and not any(c in text for c in ',"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'

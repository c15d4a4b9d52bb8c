"""What a command prints: lines, tables, JSON, complaints. Text from pages can do a terminal no harm."""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from esf_etl.errors import EsfEtlError

__all__ = ["INTERRUPTED", "complain", "harmless", "json_text", "note", "print_json", "print_table", "say"]

INTERRUPTED = 130
"""What a command ends with that Ctrl-C ended: 128 and the number of the signal."""

_KEPT_CONTROLS = "\n\t"


def harmless(text: str) -> str:
    """The text with every control and direction mark written out, so that it cannot steer a terminal."""
    if text.isprintable():
        return text
    return "".join(
        c if c in _KEPT_CONTROLS or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else f"\\u{ord(c):04x}"
        for c in text
    )


def say(text: str = "") -> None:
    """A line on stdout."""
    print(harmless(text))


def note(text: str) -> None:
    """A line on stderr: what a person should know and a program need not."""
    print(harmless(text), file=sys.stderr)


def complain(problem: EsfEtlError) -> None:
    """An error on stderr, with its code; passwords in it are masked."""
    note(f"esf-etl: error [{problem.code}]: {problem}")


def json_text(document: Any, *, indent: int | None = 1) -> str:
    """A document as JSON, on one line where `indent` is None; what could steer a terminal is escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=indent, default=str)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        c if c in _KEPT_CONTROLS or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else json.dumps(c)[1:-1]
        for c in text
    )


def print_json(document: Any, *, indent: int | None = 1) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(f"{json_text(document, indent=indent)}\n")


def print_table(names: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[bool] = ()) -> None:
    """Rows as a table as wide as the terminal; where stdout is none, tab-separated values with a header line."""
    if not sys.stdout.isatty():
        for row in (names, *rows):
            say("\t".join(_cell(value).replace("\t", " ").replace("\n", " ") for value in row))
        return
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE, header_style="bold")
    for place, name in enumerate(names):
        table.add_column(Text(harmless(name)), justify="right" if place < len(right) and right[place] else "left")
    for row in rows:
        table.add_row(*(Text(harmless(_cell(value))) for value in row))
    Console().print(table)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)

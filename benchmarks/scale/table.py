"""Tables in Markdown, as the pages of docs/ have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MB", "as_table"]

MB = 1e6


def as_table(head: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> str:
    """A table of texts and numbers; the first column is text, and what is not known stays empty."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *([_shown(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(value: str | float | None) -> str:
    """A number with as many digits as are worth reading."""
    if value is None or isinstance(value, str):
        return value or ""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.4f}"

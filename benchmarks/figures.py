"""Measured values, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Any

__all__ = ["LEAST_DETAIL_S", "Figure", "Figures"]

LEAST_DETAIL_S = 0.01
"""Details that take less are left out of the table."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured, once a round. A `detail` (in seconds) is a part of the figure before it."""

    name: str
    unit: str
    detail: bool = False
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle one of the values."""
        return median(self.values)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "values": self.values,
        }

    @property
    def shown_name(self) -> str:
        """The name as it stands in the table."""
        return f"  {self.name}" if self.detail else self.name

    def row(self, width: int) -> str:
        """A line of the table, its name as wide as told."""
        shown = "".join(f"{_short(value):>10}" for value in (self.median, min(self.values), max(self.values)))
        return f"{self.shown_name:<{width}}{shown}  {self.unit:<8}{len(self.values):>3}"


@dataclass(slots=True)
class Figures:
    """All figures of a run, in the order in which they were first measured."""

    by_name: dict[str, Figure] = field(default_factory=dict)

    def add(self, name: str, unit: str, value: float, *, detail: bool = False) -> None:
        """Add what one round measured."""
        self.by_name.setdefault(name, Figure(name, unit, detail)).values.append(value)

    def table(self) -> str:
        """Lines of name, median, smallest, largest, unit, and how many values there are."""
        shown = [figure for figure in self.by_name.values() if not figure.detail or figure.median >= LEAST_DETAIL_S]
        width = max((len(figure.shown_name) for figure in shown), default=0)
        head = f"{'':<{width}}{'median':>10}{'min':>10}{'max':>10}  {'unit':<8}{'n':>3}"
        return "\n".join([head, *(figure.row(width) for figure in shown)])

    def to_list(self) -> list[dict[str, Any]]:
        """JSON-ready values."""
        return [figure.to_dict() for figure in self.by_name.values()]


def _short(value: float) -> str:
    """As many digits as are worth reading."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3f}"

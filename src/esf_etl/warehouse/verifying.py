"""What a verification says: one named line a check, with what is wrong and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Check", "Verification", "among_others", "verdict"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `note` is something to know and nothing wrong; `skipped` says why it was not made."""

    name: str
    state: Literal["ok", "wrong", "note", "skipped"]
    message: str
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks of one snapshot, in the order in which they were made."""

    warehouse: str
    snapshot: str
    checks: Sequence[Check]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(check.state == "wrong" for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "warehouse": self.warehouse,
            "snapshot": self.snapshot,
            "ok": self.ok,
            "checks": [asdict(check) for check in self.checks],
        }


def verdict(name: str, wrong: Sequence[str], fine: str, advice: str) -> Check:
    """The check of that name: wrong with the first few things of `wrong`, else `fine`."""
    if wrong:
        return Check(name, "wrong", f"{'; '.join(among_others(wrong))}.", advice)
    return Check(name, "ok", fine)


def among_others(found: Sequence[str]) -> list[str]:
    """The first few, and how many more there are."""
    more = len(found) - _SHOWN
    return [*found[:_SHOWN], f"and {more} more"] if more > 0 else list(found)

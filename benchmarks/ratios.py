"""What the figures come to: each thing to the floor, nights to the load, ours to the peers; and what is aimed at."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from benchmarks.floor_bench import BARE_SCAN, FLOOR
from benchmarks.nights import FIRST, IDLE, INCREMENTAL
from benchmarks.process import PEAK
from benchmarks.startup import HELP, IMPORT, PARSE_ONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.contest import Contest
    from benchmarks.figures import Figures

__all__ = ["Ratio", "growth_ratios", "ratios", "startup_ratios", "table"]

_PEER_AIMS = {"dlt": 10.0, "plain-loop": 200.0}
_FIRST_PEAK = f"{FIRST}: {PEAK}"


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two medians, or one median, and the aim for it, where there is one."""

    name: str
    value: float
    aim: float | None = None
    at_least: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether it is as good as aimed at; None without an aim."""
        if self.aim is None:
            return None
        return self.value >= self.aim if self.at_least else self.value <= self.aim

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"name": self.name, "value": self.value, "aim": self.aim, "reached": self.reached}

    def row(self) -> str:
        """A line of the table."""
        if self.aim is None:
            return f"{self.name:<70}{_short(self.value):>10}"
        bound = f"{'at least' if self.at_least else 'at most'} {self.aim:g}"
        return f"{self.name:<70}{_short(self.value):>10}  {bound:<14}{'yes' if self.reached else 'no'}"


def table(found: Sequence[Ratio]) -> str:
    """Lines of name, value, aim, and whether it is reached."""
    return "\n".join([f"{'':<70}{'':>10}  {'aim':<14}reached", *(ratio.row() for ratio in found)])


def ratios(contest: Contest) -> list[Ratio]:
    """Those of one corpus; what was not measured has none."""
    return [*_of_ours(contest), *_of_peers(contest)]


def _of_ours(contest: Contest) -> Iterator[Ratio]:
    found = _medians(contest.figures)
    peaks = _medians(contest.memory)
    if FIRST in found:
        yield Ratio("first load, pages a second", contest.corpus.pages / found[FIRST])
    for name, part, whole, aim in (
        ("first load to its floor", FIRST, FLOOR, 1.5),
        ("idle night to its floor", IDLE, BARE_SCAN, 2.0),
        ("incremental night to first load", INCREMENTAL, FIRST, 0.05),
    ):
        if part in found and whole in found:
            yield Ratio(name, found[part] / found[whole], aim)
    if _FIRST_PEAK in peaks:
        yield Ratio(f"{_FIRST_PEAK}, MB", peaks[_FIRST_PEAK], 600.0)


def _of_peers(contest: Contest) -> Iterator[Ratio]:
    """By page, since some peers load a part of the pages only."""
    found = _medians(contest.figures)
    for bench in contest.peers:
        if bench.name not in found:
            continue
        page_s = found[bench.name] / bench.pages
        name = bench.peer.name
        if FIRST in found:
            ours_s = found[FIRST] / contest.corpus.pages
            speeds = f"{1 / ours_s:,.0f} to {1 / page_s:,.0f}"
            aim = _PEER_AIMS.get(name)
            yield Ratio(f"pages a second, ours to {name}: {speeds}", page_s / ours_s, aim, at_least=True)
        if FLOOR in found:
            yield Ratio(f"time a page, {name} to the floor", page_s * contest.corpus.pages / found[FLOOR])


def growth_ratios(contests: Sequence[Contest]) -> list[Ratio]:
    """From the smallest corpus to each larger one, and of the memory from each to the next."""
    ordered = sorted(contests, key=lambda contest: contest.corpus.pages)
    result = []
    for small, large in ((ordered[0], contest) for contest in ordered[1:]):
        times = [_medians(contest.figures).get(FIRST, 0.0) / contest.corpus.pages for contest in (small, large)]
        if all(times):
            result.append(Ratio(f"first load, time a page: {_sizes(large, small)}", times[1] / times[0], 1.15))
    for small, large in pairwise(ordered):
        peaks = [_medians(contest.memory).get(_FIRST_PEAK, 0.0) for contest in (small, large)]
        if all(peaks):
            result.append(Ratio(f"first load, peak memory: {_sizes(large, small)}", peaks[1] / peaks[0], 1.2))
    return result


def startup_ratios(figures: Figures) -> list[Ratio]:
    """What a user waits for, in milliseconds."""
    found = _medians(figures)
    aims = ((IMPORT, 60.0), (HELP, 200.0), (PARSE_ONE, 250.0))
    return [Ratio(f"{name}, ms", found[name], aim) for name, aim in aims if name in found]


def _sizes(large: Contest, small: Contest) -> str:
    return f"{large.corpus.pages:,} to {small.corpus.pages:,} pages"


def _medians(figures: Figures) -> dict[str, float]:
    return {name: figure.median for name, figure in figures.by_name.items()}


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

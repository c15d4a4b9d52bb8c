"""Everything that is measured on one corpus: the floors, ours and the peers, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from benchmarks.corpus import Corpus
from benchmarks.figures import Figures
from benchmarks.floor_bench import FloorBench
from benchmarks.nights import NightsBench
from benchmarks.peer_bench import PeerBench

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from benchmarks.peers.roster import Peer

__all__ = ["Bench", "Contest"]


class Bench(Protocol):
    """Something that can be measured."""

    def measure(self, figures: Figures) -> None:
        """Carry out one round, timed."""


class Contest:
    """The things asked for, on a corpus of so many pages below `root`; `figures` and `memory` grow as it goes.

    `peers` says for each how many pages to load.
    """

    def __init__(
        self,
        pages: int,
        *,
        root: Path,
        folder: Path,
        only: Collection[str],
        peers: Mapping[Peer, int],
        workers: int | None,
    ) -> None:
        self.corpus = Corpus.at(root / str(pages), pages)
        self.figures, self.memory = Figures(), Figures()
        self._nights = NightsBench(self.corpus, folder / "warehouse", workers)
        self.peers = [
            PeerBench(peer, Corpus.at(root / str(part), part), folder / "peer")
            for peer, part in ((peer, min(most, pages)) for peer, most in peers.items())
            if "peers" in only
        ]
        self._learners: list[FloorBench | PeerBench] = [*self.peers]
        if "floor" in only:
            self._learners.insert(0, FloorBench(self.corpus, folder / "floor"))
        self._benches: list[Bench] = [*self._learners]
        if "nights" in only:
            self._benches.insert(0, self._nights)

    def prepare(self, tell: Callable[[str], None], *, watch: bool) -> None:
        """Load the pages once, for what the floor writes and the peers must come to; and watch everything, if asked.

        Before the rounds: it also fills the page cache and writes the bytecode, so that no round is the first.
        """
        if not self._benches:
            return
        tell(f"{self.corpus.pages:,} pages: preparation")
        if watch and self._nights in self._benches:
            self._nights.watch(self.memory, self._learn)
        else:
            self._nights.load(self._learn)
        for bench in self._learners if watch else ():
            bench.watch(self.memory)

    def _learn(self, snapshot: Path) -> None:
        for bench in self._learners:
            bench.prepare(snapshot)

    def measure(self, number: int) -> None:
        """One round over all; each round begins with another, so that none always comes after the same."""
        first = number % max(1, len(self._benches))
        for bench in (*self._benches[first:], *self._benches[:first]):
            bench.measure(self.figures)

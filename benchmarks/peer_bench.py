"""A peer, measured: on the first pages of the corpus, as many as it can be asked to load, each time checked."""

from __future__ import annotations

import shutil
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.facts import facts
from benchmarks.process import bytes_on_disk, timed, watched

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.corpus import Corpus
    from benchmarks.figures import Figures
    from benchmarks.peers.roster import Peer
    from benchmarks.process import Carry

__all__ = ["PeerBench"]

_LONG_S, _ROUNDS_OF_LONG = 120, 2
_MB = 1e6


class PeerBench:
    """Measures one peer; `pages` are those of a corpus of its own, which is the beginning of the large one."""

    def __init__(self, peer: Peer, corpus: Corpus, folder: Path) -> None:
        self.peer, self.pages = peer, corpus.pages
        self._corpus, self._folder = corpus, folder
        self.versions: dict[str, str] = {}
        self._expected: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """Its name among the figures."""
        return f"{self.peer.name}: {self.pages:,} pages"

    def prepare(self, snapshot: Path) -> None:
        """Learn from a published snapshot of ours what the peer must come to."""
        first_beyond = self._corpus.path(self.pages).relative_to(self._corpus.folder).as_posix()
        self._expected = facts(snapshot / "esf.duckdb", before=first_beyond)

    def watch(self, figures: Figures) -> None:
        """One round, watched: memory, and what lies on disk."""
        self._run(figures, watched)

    def measure(self, figures: Figures) -> None:
        """One round, timed; no more than two of a peer that takes longer than two minutes."""
        known = figures.by_name.get(self.name)
        if known is None or len(known.values) < _ROUNDS_OF_LONG or median(known.values) <= _LONG_S:
            self._run(figures, timed)

    def _run(self, figures: Figures, carry: Carry) -> None:
        self._folder.mkdir(parents=True)
        database = self._folder / "loaded.duckdb"
        ended = carry(self.peer.command(self._corpus.folder, database))
        found = facts(database, schema=self.peer.schema)
        assert found == self._expected, f"{self.name} came to {found}, ours to {self._expected}"
        self.versions = ended.printed["versions"]
        ended.record(figures, self.name)
        if carry is watched:
            figures.add(f"{self.name}: database on disk", "MB", bytes_on_disk(database) / _MB)
        shutil.rmtree(self._folder)

"""Which peers there are: the program of each, the Python it needs, and how many pages it can be asked to load."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import CHECKOUT

__all__ = ["PEERS", "Peer"]

_PEERS_PYTHON = CHECKOUT / ".venv-peers" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer.

    `most_pages` is what it loads in about half a minute, or has the memory for; `schema` is where it puts its tables.
    """

    name: str
    what: str
    module: str
    most_pages: int
    arguments: tuple[str, ...] = ()
    python: Path = Path(sys.executable)
    schema: str = "main"

    @property
    def available(self) -> bool:
        """Whether the environment that it needs is there."""
        return self.python.exists()

    def command(self, landing: Path, database: Path) -> list[str]:
        """What loads the pages of a folder into a new database."""
        return [str(self.python), "-m", f"benchmarks.peers.{self.module}", str(landing), str(database), *self.arguments]


PEERS = (
    Peer("dlt", "merge, tuned, given records", "dlt_merge", 20_000, ("records",), _PEERS_PYTHON, "peer"),
    Peer("dlt-arrow", "the same, given Arrow tables", "dlt_merge", 20_000, ("arrow",), _PEERS_PYTHON, "peer"),
    Peer("plain-loop", "executemany of INSERT OR REPLACE, page by page", "plain_loop", 500),
    Peer("duckdb", "read_text and regular expressions in SQL, one layout of the four", "duckdb_alone", 100_000),
    Peer("polars", "its expressions, one layout of the four", "polars_alone", 100_000),
)
"""In the order of the table. The first two need `make bench-peers`."""

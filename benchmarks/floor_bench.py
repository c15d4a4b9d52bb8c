"""The two floors, measured: of a first load (`benchmarks.floor`), and of a night with nothing new."""

from __future__ import annotations

import shutil
import sys
import time
import zlib
from typing import TYPE_CHECKING

import pyarrow as pa

from benchmarks.floor_columns import export_columns
from benchmarks.process import bytes_on_disk, timed, watched

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.corpus import Corpus
    from benchmarks.figures import Figures
    from benchmarks.process import Carry

__all__ = ["BARE_SCAN", "FLOOR", "FloorBench"]

FLOOR = "floor of the first load"
BARE_SCAN = "floor of the idle night: scandir and stat"
_READY = "its ready-made columns: reading them alone"
_MB = 1e6

_SCAN = """
import os, sys
folders, files = [sys.argv[1]], 0
while folders:
    with os.scandir(folders.pop()) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            else:
                entry.stat(follow_symlinks=False)
                files += 1
print('{"files": %d}' % files)
"""


class FloorBench:
    """Measures on a corpus, with columns taken from a snapshot that holds its pages."""

    def __init__(self, corpus: Corpus, folder: Path) -> None:
        self._corpus = corpus
        self._columns, self._target = folder / "columns", folder / "target"

    def prepare(self, snapshot: Path) -> None:
        """Take the columns from a published snapshot."""
        export_columns(snapshot, self._columns)

    def watch(self, figures: Figures) -> None:
        """One round, watched: memory, and what lies on disk."""
        self._run(figures, watched)
        for part in ("floor.duckdb", "parquet"):
            figures.add(f"{FLOOR}: {part} on disk", "MB", bytes_on_disk(self._target / part) / _MB)
        shutil.rmtree(self._target)

    def measure(self, figures: Figures) -> None:
        """One round, timed."""
        self._run(figures, timed)
        shutil.rmtree(self._target)
        started = time.perf_counter()
        for path in self._columns.glob("*.arrow"):
            with pa.memory_map(str(path)) as mapped:
                zlib.crc32(mapped.read_buffer())
        figures.add(f"{FLOOR}: {_READY}", "s", time.perf_counter() - started, detail=True)
        scan = timed([sys.executable, "-c", _SCAN, str(self._corpus.folder)])
        assert scan.printed["files"] == self._corpus.pages, scan
        scan.record(figures, BARE_SCAN)

    def _run(self, figures: Figures, carry: Carry) -> None:
        folders = map(str, (self._corpus.folder, self._columns, self._target))
        ended = carry([sys.executable, "-m", "benchmarks.floor", *folders])
        done = (ended.printed["pages"], ended.printed["size_bytes"])
        assert done == (self._corpus.pages, self._corpus.size_bytes), ended
        ended.record(figures, FLOOR)

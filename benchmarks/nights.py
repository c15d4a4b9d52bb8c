"""The pipeline from outside: the first load, a night with nothing new, and one with changed and new pages.

Each run is a process of its own; its time is that of the whole process, start and imports included.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.memory import MemoryWatch

if TYPE_CHECKING:
    from benchmarks.corpus import Corpus
    from benchmarks.figures import Figures

__all__ = ["NightsBench"]

_CHECKOUT = Path(__file__).resolve().parents[1]
_MB = 1e6
_FIRST, _IDLE, _INCREMENTAL = "first load", "idle night", "incremental night"

Run = Callable[[str], dict[str, Any]]
"""Carries out one run under the name it has in the figures; returns its summary."""


class NightsBench:
    """Measures on a corpus, with a new warehouse each round."""

    def __init__(self, corpus: Corpus, warehouse: Path, workers: int | None) -> None:
        self._corpus = corpus
        self._warehouse = warehouse
        self._command = [sys.executable, "-m", "benchmarks.one_run", str(corpus.folder), str(warehouse)]
        self._command += [] if workers is None else [str(workers)]

    def measure(self, figures: Figures) -> None:
        """One round, timed."""

        def timed(name: str) -> dict[str, Any]:
            started = time.perf_counter()
            ended = subprocess.run(self._command, check=True, stdout=subprocess.PIPE, cwd=_CHECKOUT)  # noqa: S603
            figures.add(name, "s", time.perf_counter() - started)
            summary: dict[str, Any] = json.loads(ended.stdout)
            for stage, elapsed_s in summary["stages_s"].items():
                figures.add(f"{name}: {stage}", "s", elapsed_s, detail=True)
            return summary

        self._nights(timed)
        shutil.rmtree(self._warehouse)

    def measure_memory(self, figures: Figures) -> None:
        """One round, watched and not timed; what lies on disk is counted here too."""

        def watched(name: str) -> dict[str, Any]:
            with subprocess.Popen(self._command, stdout=subprocess.PIPE, cwd=_CHECKOUT) as process:  # noqa: S603
                watch = MemoryWatch(process.pid)
                watch.start()
                printed, _ = process.communicate()
                peak_bytes = watch.stop()
            assert process.returncode == 0, f"{name} ended with {process.returncode}"
            figures.add(f"{name}: peak memory (PSS), all processes", "MB", peak_bytes / _MB)
            if name == _FIRST:
                figures.add("pages, their bytes", "MB", self._corpus.size_bytes / _MB)
                for part in ("esf.duckdb", "parquet"):
                    figures.add(f"first snapshot on disk: {part}", "MB", _bytes_on_disk(self._current / part) / _MB)
            summary: dict[str, Any] = json.loads(printed)
            return summary

        self._nights(watched)
        figures.add("warehouse on disk, after two snapshots", "MB", _bytes_on_disk(self._warehouse) / _MB)
        shutil.rmtree(self._warehouse)

    @property
    def _current(self) -> Path:
        return (self._warehouse / "current").resolve()

    def _nights(self, run: Run) -> None:
        """The three nights, each checked for having done its work."""
        first = run(_FIRST)
        assert first["loaded"] == self._corpus.pages, first
        idle = run(_IDLE)
        assert (idle["outcome"], idle["unchanged"]) == ("idle", self._corpus.pages), idle
        waiting = self._corpus.change()
        try:
            incremental = run(_INCREMENTAL)
        finally:
            self._corpus.restore()
        assert incremental["loaded"] == waiting, incremental


def _bytes_on_disk(path: Path) -> int:
    """What a file or a folder takes, a file with several names counted once."""
    entries = [path, *path.rglob("*")]
    infos = {(info.st_dev, info.st_ino): info for info in (entry.lstat() for entry in entries)}
    return sum(info.st_blocks * 512 for info in infos.values())

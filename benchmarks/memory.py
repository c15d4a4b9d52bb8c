"""The memory of a process and all its descendants together, sampled while it runs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MemoryWatch"]

_EVERY_S = 0.02


class MemoryWatch(threading.Thread):
    """Samples the proportional set size (PSS) of a process tree until stopped.

    PSS counts a page that several processes share once in all, so that their sum is what the machine must have.
    Reading it costs the watched process time: runs that are watched are not timed.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._stopped = threading.Event()
        self.peak_bytes = 0
        self.samples = 0

    def run(self) -> None:
        """Sample."""
        while not self._stopped.wait(_EVERY_S):
            self.peak_bytes = max(self.peak_bytes, sum(map(_pss_bytes, _tree(self._pid))))
            self.samples += 1

    def stop(self) -> int:
        """End; returns the largest sum that was seen, in bytes."""
        self._stopped.set()
        self.join()
        return self.peak_bytes


def _tree(pid: int) -> Iterator[int]:
    """A process and its descendants; one that has just ended is left out."""
    yield pid
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text(encoding="ascii").split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in children:
        yield from _tree(child)


def _pss_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)

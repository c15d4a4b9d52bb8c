"""One measured program: a process of its own, timed or watched, that says at its end what it did."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.memory import MemoryWatch

if TYPE_CHECKING:
    from benchmarks.figures import Figures

__all__ = ["CHECKOUT", "PEAK", "Carry", "Ended", "bytes_on_disk", "timed", "watched"]

CHECKOUT = Path(__file__).resolve().parents[1]
"""Where programs are run, so that `python -m benchmarks.…` finds them whatever the Python."""

_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src")}  # for a Python that does not have the project

PEAK = "peak memory"
"""Of a program and all its processes together, each page of memory counted once (PSS)."""

_MB = 1e6


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program printed at its end (JSON, on its last line), and either its seconds or its largest memory.

    The seconds are those of the whole process, start and imports included.
    """

    printed: dict[str, Any]
    elapsed_s: float | None = None
    peak_bytes: int | None = None

    def record(self, figures: Figures, name: str) -> None:
        """Put what was measured among the figures, and the stages the program tells of as details."""
        if self.peak_bytes is not None:
            figures.add(f"{name}: {PEAK}", "MB", self.peak_bytes / _MB)
        if self.elapsed_s is not None:
            figures.add(name, "s", self.elapsed_s)
            for stage, elapsed_s in self.printed.get("stages_s", {}).items():
                figures.add(f"{name}: {stage}", "s", elapsed_s, detail=True)


Carry = Callable[[Sequence[str]], Ended]
"""Carries out a command: `timed` or `watched`."""


def timed(command: Sequence[str]) -> Ended:
    """Run a program and time it. What others wrote is brought to the disk first, so that it does not pay for them."""
    os.sync()
    started = time.perf_counter()
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=CHECKOUT, env=_ENVIRONMENT)  # noqa: S603
    return Ended(_last_line(ended.stdout), elapsed_s=time.perf_counter() - started)


def watched(command: Sequence[str]) -> Ended:
    """Run a program and watch the memory of it and all its processes: that costs it time, so it is not timed."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=CHECKOUT, env=_ENVIRONMENT) as process:  # noqa: S603
        watch = MemoryWatch(process.pid)
        watch.start()
        printed, _ = process.communicate()
        peak_bytes = watch.stop()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Ended(_last_line(printed), peak_bytes=peak_bytes)


def _last_line(printed: bytes) -> dict[str, Any]:
    lines = printed.splitlines()
    said: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return said


def bytes_on_disk(path: Path) -> int:
    """What a file or a folder takes, a file with several names counted once."""
    entries = [path, *path.rglob("*")]
    infos = {(info.st_dev, info.st_ino): info for info in (entry.lstat() for entry in entries)}
    return sum(info.st_blocks * 512 for info in infos.values())

"""What a user waits for before anything is done: the import, the help, and the parse command on one page."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Figures

__all__ = ["HELP", "IMPORT", "PARSE_ONE", "StartupBench"]

PYTHON, IMPORT = "Python: start and end", "import esf_etl, the start of Python not counted"
HELP, PARSE_ONE = "esf-etl --help", "esf-etl parse, one page"
_IMPORT = "import time; t = time.perf_counter(); import esf_etl; print(time.perf_counter() - t)"
_TIMES_A_ROUND = 3


class StartupBench:
    """Measures whole processes, each three times a round."""

    def __init__(self, page: Path) -> None:
        command = str(Path(sys.executable).with_name("esf-etl"))
        self._commands = {
            PYTHON: [sys.executable, "-c", "pass"],
            HELP: [command, "--help"],
            PARSE_ONE: [command, "parse", str(page)],
        }
        self._round()  # so that no round writes the bytecode

    def measure(self, figures: Figures) -> None:
        """One round."""
        for _ in range(_TIMES_A_ROUND):
            for name, elapsed_s in self._round().items():
                figures.add(name, "ms", elapsed_s * 1_000)

    def _round(self) -> dict[str, float]:
        elapsed_s = {}
        for name, command in self._commands.items():
            started = time.perf_counter()
            _run(command)
            elapsed_s[name] = time.perf_counter() - started
        elapsed_s[IMPORT] = float(_run([sys.executable, "-c", _IMPORT]))
        return elapsed_s


def _run(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603

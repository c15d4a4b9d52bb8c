"""Runs as `sitecustomize` in a flow's own process: holds the run where a test wants to catch it, at work.

The folder that PARK names has a file `at` with the name of a stage. In `parse` the run waits after its first chunk,
with the processes that parse at hand; in any other stage its own connection is in a query that never ends. `parked` is
there once it is so; a run that waits goes on when `at` is removed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

_ENDLESS = "SELECT sum(a.range * b.range) FROM range(3000000) AS a, range(3000000) AS b"


def _park(folder: Path) -> None:
    from esf_etl.run import Run
    from esf_flows.steps import RunLog

    begin_stage, advance = Run._begin_stage, RunLog.advance

    def wanted() -> str:
        try:
            return (folder / "at").read_text(encoding="ascii")
        except FileNotFoundError:
            return ""

    def parked_stage(self: Run, name: str) -> None:
        begin_stage(self, name)
        if name == wanted() != "parse":
            (folder / "parked").write_text(f"{os.getpid()}", encoding="ascii")
            self.connection.execute(_ENDLESS).fetchall()

    def parked_advance(self: RunLog, done: int, total: int) -> None:
        advance(self, done, total)
        if wanted() == "parse":
            (folder / "parked").write_text(f"{os.getpid()}", encoding="ascii")
            while wanted():
                time.sleep(0.05)

    Run._begin_stage, RunLog.advance = parked_stage, parked_advance  # type: ignore[method-assign]


if "PARK" in os.environ and {"prefect.engine", "prefect.flow_engine"} & set(sys.orig_argv):
    _park(Path(os.environ["PARK"]))

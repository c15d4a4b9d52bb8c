"""The process that is killed: it does one job of the library, and dies by SIGKILL before one of its calls.

It is run as a program by `tests.integration.killing`. It loads the library once and makes a child of itself for
each job, since to load it takes as long as a job does. A line of JSON on stdin asks for a job, a line on stdout tells
what became of it.

Every call of a job that changes a file or asks DuckDB for something is a point, with a name: the stage it is in and
the function. Jobs on the same ground have the same points, so that one can be killed at each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401 - pandera loads it when it first validates
import pandera.api.pandas  # noqa: F401
import pyarrow.parquet as pq

import esf_etl.intake
import esf_etl.warehouse.create
import esf_etl.warehouse.rebuilding
import esf_etl.warehouse.vault
import esf_etl.writing  # noqa: F401
from esf_etl.pipeline import ingest
from esf_etl.progress import Silent
from esf_etl.settings import IngestSettings
from esf_etl.warehouse.digest import digest
from esf_etl.warehouse.folder import DATABASE
from esf_etl.warehouse.reading import open_current
from esf_etl.warehouse.restore import restore

FILE_CALLS = frozenset(
    ("mkdir", "rename", "replace", "link", "symlink", "unlink", "rmdir", "chmod", "fchmod", "fsync", "write")
)
DATABASE_CALLS = frozenset({"execute", "register", "close"})


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Points(Silent):
    """Numbers the points of a job, and ends the process at one of them."""

    def __init__(self, at: int | None, after_s: float | None, torn: bool) -> None:
        self.at, self.after_s, self.torn = at, after_s, torn
        self.stage_name = "begin"
        self.found: list[list[Any]] = []
        self._under_way: list[Any] | None = None

    def stage(self, name: str) -> None:
        self.stage_name = name

    def see(self, _frame: Any, event: str, function: Any) -> None:
        """What `sys.setprofile` calls."""
        if event == "c_call":
            name = self._name(function)
            if name is not None:
                self._reach(name)
        elif event in ("c_return", "c_exception") and self._under_way is not None and self._name(function) is not None:
            self._under_way[2] = round(time.perf_counter() - self._under_way[2], 5)
            self._under_way = None

    def _name(self, function: Any) -> str | None:
        """The name of a function whose calls are points."""
        name, module = function.__name__, getattr(function, "__module__", None)
        if module in ("posix", "nt") and name in FILE_CALLS:
            return f"os.{name}"
        if module == "_duckdb" and name in DATABASE_CALLS:
            return f"duckdb.{name}"
        owner = type(getattr(function, "__self__", None)).__name__
        return f"file.{name}" if name == "write" and owner in ("BufferedWriter", "TextIOWrapper") else None

    def _reach(self, name: str) -> None:
        if len(self.found) == self.at:
            if self.after_s is None:
                die()
            else:  # while the call is at work
                threading.Thread(target=die_after, args=(self.after_s,), daemon=True).start()
        self._under_way = [self.stage_name, name, time.perf_counter()]
        self.found.append(self._under_way)


def die_after(seconds: float) -> None:
    time.sleep(seconds)
    die()


def tear(points: Points) -> None:
    """Have the `os.write` of the point write the first half of what it was given, and die."""
    really = os.write

    def write(handle: int, data: bytes) -> int:
        if len(points.found) == points.at:
            sys.setprofile(None)
            really(handle, data[: len(data) // 2])
            die()
        return really(handle, data)

    os.write = write  # type: ignore[assignment]


def do(job: dict[str, Any]) -> dict[str, Any]:
    """Do a job, in the child."""
    if job["verb"] == "read":
        return read(Path(job["warehouse"]))
    settings = {**job["settings"], **{name: Path(job["settings"][name]) for name in ("landing", "warehouse")}}
    points = Points(job.get("at"), job.get("after_s"), job.get("torn", False))
    if points.torn:
        tear(points)
    sys.setprofile(points.see)
    if job["verb"] == "restore":
        points.stage("restore")
        restore(settings["warehouse"], job["snapshot"])
    else:
        ingest(IngestSettings(**settings), progress=points)
    sys.setprofile(None)
    return {"points": points.found}


def read(warehouse: Path) -> dict[str, Any]:
    """What somebody who opens the published files finds: rows a table, rows a Parquet file, the digest."""
    manifest = json.loads((warehouse / "current" / "manifest.json").read_text(encoding="utf-8"))
    with open_current(warehouse) as connection:
        rows = {name: len(connection.execute(f"SELECT 1 FROM {name}").fetchall()) for name in manifest["rows"]}
        found = digest(connection)
    parquet = warehouse / "current" / "parquet"
    files = {path.relative_to(parquet).as_posix(): pq.read_table(path).num_rows for path in parquet.rglob("*.parquet")}
    assert (warehouse / "current" / DATABASE).stat().st_mode & 0o777 == 0o444
    return {"rows": rows, "parquet": files, "digest": found}


def in_child(job: dict[str, Any]) -> dict[str, Any]:
    """Do a job in a child of this process; tells its signal, or what it answers."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiving)
        try:
            answer: dict[str, Any] = do(job)
        except BaseException as problem:  # noqa: BLE001 - the one who asked is told
            sys.setprofile(None)
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        with os.fdopen(sending, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    answer = json.loads(text)
    return {"signal": 0, **answer}


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        for line in sys.stdin:
            sys.stdout.write(json.dumps(in_child(json.loads(line))) + "\n")
            sys.stdout.flush()

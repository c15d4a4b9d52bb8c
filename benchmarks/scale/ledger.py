"""For a plan of capacity: nights of a lake with more pages than can be loaded here, and the lists of landings."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks.corpus import Corpus
from benchmarks.scale.measured import measure
from benchmarks.scale.object_store import s3_server
from benchmarks.scale.site import Site, postgres, upload
from benchmarks.scale.table import MB, as_table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from benchmarks.scale.postgres import Server

__all__ = ["ledger"]

_REAL = 200
_PROGRAM = ["-m", "benchmarks.scale.invented_lake"]
_NOTE = f"""\
{_REAL} pages are real, and change on the night; all others are rows made by SQL: their prose is one word, their values
repeat, so that the bytes of Parquet are less than real ones. A night is a real run but for the system calls of
listing."""


def ledger(args: Namespace, corpus: None, folder: Path, tell: Callable[[str], None]) -> int:
    """Measure, print a line of JSON for each run and tables; returns the exit status."""
    del corpus
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="postgres-", dir=folder))
        server = stack.enter_context(postgres(Path(place)))
        for files in args.files:
            rows += _nights(server, files, folder / str(files), tell)
        for files in args.idle:
            rows += _nights(server, files, folder / f"idle-{files}", tell, changes=False)
    stages = list(dict.fromkeys(stage for row in rows for stage in row["stages_s"]))
    head = ["", "files", "run s", "µs a file", "CPU s", "peak MB", "read MB", "written MB", *stages]
    print(f"\n{_NOTE}\n\n" + as_table(head, [_shown(row, stages) for row in rows]))
    print("\n" + as_table(["listing", "files", "s", "files a second"], _lists(args.listed, folder / "listed", tell)))
    return 0


def _shown(row: dict[str, Any], stages: list[str]) -> list[str | float | None]:
    if "failed" in row:
        return [f"{row['night']}: {row['failed']}", row["files"], *[None] * (6 + len(stages))]
    each = row["run_s"] / row["files"] * 1e6
    took = [row["run_s"], each, row["cpu_s"], row["peak_bytes"] / MB, row["read_bytes"] / MB, row["written_bytes"] / MB]
    return [row["night"], row["files"], *took, *(row["stages_s"].get(stage) for stage in stages)]


def _nights(
    server: Server, files: int, folder: Path, tell: Callable[[str], None], *, changes: bool = True
) -> list[dict[str, Any]]:
    """An idle night, and one with changes, of a fresh lake with so many files. An idle night needs but the ledger."""
    folder.mkdir()
    corpus = Corpus.at(folder / "corpus", min(_REAL, files))
    address = f"ducklake:postgres:{server.make_database()}"
    said = {"landing": str(corpus.folder), "lake": address, "lake_data": str(folder / "lake"), "workers": "1"}
    site = Site(folder, said)
    site.run()
    tell(f"invented rows of {files:,} projects")
    filled = measure([*_PROGRAM, "fill" if changes else "fill-ledger", str(files)], site.environment())
    lake_bytes = sum(path.stat().st_size for path in (folder / "lake").rglob("*.parquet"))
    print(json.dumps({"files": files, "filled_s": filled.elapsed_s, "parquet_bytes": lake_bytes}), flush=True)
    rows = []
    nights = [("idle night", 0), (f"night with {corpus.changed} changes", corpus.changed)]
    for night, changed in nights if changes else nights[:1]:
        tell(f"{night}, {files:,} files")
        if changed:
            corpus.change(coming=False)
        row: dict[str, Any] = {"night": night, "files": files, "stages_s": {}}
        try:
            done = measure([*_PROGRAM, "night", str(files)], site.environment())
        except subprocess.CalledProcessError as problem:  # that is a finding too: what breaks first
            row["failed"] = f"failed with status {problem.returncode}"
        else:
            printed = done.printed
            assert (printed["files_seen"], printed["loaded"]) == (files, changed), printed
            row |= {"run_s": printed["elapsed_s"], "stages_s": printed["stages_s"], "peak_bytes": printed["peak_bytes"]}
            row |= {"cpu_s": done.cpu_s, "read_bytes": done.read_bytes, "written_bytes": done.written_bytes}
        print(json.dumps(row), flush=True)
        rows.append(row)
    return rows


def _lists(files: int, folder: Path, tell: Callable[[str], None]) -> list[list[str | float | None]]:
    """How long the list of a folder takes, and of moto's bucket with the same pages."""
    from esf_etl.address import read_address
    from esf_etl.inbox import scan_landing

    corpus = Corpus.at(folder, files)
    with s3_server() as bucket, patch.dict(os.environ, bucket.environment()):
        tell(f"{files:,} pages into the bucket")
        rows: list[list[str | float | None]] = []
        for name, place in (("folder", str(corpus.folder)), ("S3 (moto)", upload(corpus, bucket, "saved"))):
            started = time.perf_counter()
            count = sum(1 for _ in scan_landing(read_address(place), settle_s=0, passed_over=[]))
            elapsed_s = time.perf_counter() - started
            assert count == files
            rows.append([name, count, elapsed_s, count / elapsed_s])
    return rows

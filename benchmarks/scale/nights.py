"""Nights of a lake: the full load, an idle night, nights on which some pages have changed, before and after upkeep."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.scale.measured import Measured, measure
from benchmarks.scale.site import Site, postgres
from benchmarks.scale.table import MB, as_table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.corpus import Corpus
    from benchmarks.scale.postgres import Server

__all__ = ["FULL", "OPENED", "Night", "nights"]

FULL = "full load"
OPENED = "a process that only opens the lake"
_OPEN = """
import sys
from esf_etl.warehouse.lake.address import read_lake
from esf_etl.warehouse.reading import open_current
open_current(read_lake(sys.argv[1])).close()
print("{}")
"""
_KEEP_UP = """
import json, sys
from pathlib import Path
from esf_etl.warehouse.lake.address import read_lake
from esf_etl.warehouse.lake.upkeep import keep_up
print(json.dumps(keep_up(read_lake(sys.argv[1]), Path(sys.argv[2]))))
"""


@dataclass(frozen=True, slots=True)
class Night:
    """One run, or another program at the lake (`run_s` is None for it, and it has no stages).

    `elapsed_s` is of the whole process, `run_s` from the run's start to its end. `parquet_*` is what came to the lake's
    files, less what was removed; `catalogue_bytes` what PostgreSQL's database grew by, `wal_bytes` what it logged.
    """

    name: str
    loaded: int
    elapsed_s: float
    run_s: float | None
    cpu_s: float
    read_bytes: int
    written_bytes: int
    parquet_files: int
    parquet_bytes: int
    catalogue_bytes: int
    wal_bytes: int
    stages_s: dict[str, float]


class _Lake:
    """A fresh lake in a folder, and what it holds."""

    def __init__(self, server: Server, corpus: Corpus, folder: Path, workers: int | None) -> None:
        self._server = server
        self._catalogue = server.make_database()
        self._data = folder / "lake"
        said = {"landing": str(corpus.folder), "lake": self.address, "lake_data": str(self._data)}
        if workers is not None:
            said["workers"] = str(workers)
        self.site = Site(folder, said)
        self._folder = folder

    @property
    def address(self) -> str:
        return f"ducklake:postgres:{self._catalogue}"

    def night(self, name: str, *, loaded: int) -> Night:
        """A run; it must load as many pages as told."""
        before = self._holds()
        done = self.site.run()
        printed = done.printed
        assert printed["loaded"] == loaded, (name, printed)
        assert printed["outcome"] == ("published" if loaded else "idle"), (name, printed)
        return self._told(name, done, before, loaded, printed["elapsed_s"], printed["stages_s"])

    def other(self, name: str, program: str) -> Night:
        """Another program at the lake."""
        before = self._holds()
        temporary = self._folder / "temporary"
        temporary.mkdir(exist_ok=True)
        done = measure(["-c", program, self.address, str(temporary)], self.site.environment())
        return self._told(name, done, before, 0, None, {})

    def _told(
        self,
        name: str,
        done: Measured,
        before: Sequence[int],
        loaded: int,
        run_s: float | None,
        stages_s: dict[str, float],
    ) -> Night:
        files, size, catalogue, log = (now - then for now, then in zip(self._holds(), before, strict=True))
        return Night(
            name=name,
            loaded=loaded,
            elapsed_s=done.elapsed_s,
            run_s=run_s,
            cpu_s=done.cpu_s,
            read_bytes=done.read_bytes,
            written_bytes=done.written_bytes,
            parquet_files=files,
            parquet_bytes=size,
            catalogue_bytes=catalogue,
            wal_bytes=log,
            stages_s=stages_s,
        )

    def _holds(self) -> tuple[int, int, int, int]:
        """Parquet files and their bytes, bytes of the catalogue, and of PostgreSQL's log since its beginning."""
        sizes = [path.stat().st_size for path in self._data.rglob("*.parquet")]
        name = self._catalogue.rpartition("dbname=")[2]
        size, log = self._server.ask(
            f"SELECT pg_database_size('{name}') || ' ' || pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
        ).split()
        return len(sizes), sum(sizes), int(size), int(log)


def nights(args: Namespace, corpus: Corpus, folder: Path, tell: Callable[[str], None]) -> int:
    """Measure the nights, print each as a line of JSON and all as a table; returns the exit status."""
    kept: list[Night] = []
    with tempfile.TemporaryDirectory(prefix="postgres-", dir=folder) as place, postgres(Path(place)) as server:
        lake = _Lake(server, corpus, folder, args.workers)
        try:
            for night in _all(lake, corpus, args.rounds, tell):
                print(json.dumps({"pages": corpus.pages, **asdict(night)}), flush=True)
                kept.append(night)
            digest = lake.site.digest()
        finally:
            corpus.restore()
    print(
        f"\n{corpus.pages:,} pages of {corpus.size_bytes / corpus.pages:,.0f} bytes, {corpus.changed} changed a night,"
        f" none new; medians of {args.rounds}"
    )
    print(f"\n{_table(kept)}\n\n{_stages(kept)}\n\ndigest {digest}")
    return 0


def _all(lake: _Lake, corpus: Corpus, rounds: int, tell: Callable[[str], None]) -> Iterator[Night]:
    tell(f"full load of {corpus.pages:,} pages")
    yield lake.night(FULL, loaded=corpus.pages)
    yield lake.other(OPENED, _OPEN)
    tell("idle night")
    yield lake.night("idle night", loaded=0)
    for when in ("", " after upkeep"):
        if when:
            tell("upkeep")
            yield lake.other("upkeep", _KEEP_UP)  # as `python -m esf_flows.upkeep`, without Prefect
        for number in range(rounds):
            tell(f"night with changes{when}, {number + 1} of {rounds}")
            yield lake.night(f"night with changes{when}", loaded=_change(corpus))


def _change(corpus: Corpus) -> int:
    """The next night's changes: some pages say something else, and on the night after what they said before.

    Both are changes of as many projects. No page is new, as one would have to leave again before the next night.
    """
    if corpus.is_changed:
        corpus.restore()
    else:
        corpus.change(coming=False)
    return corpus.changed


_COLUMNS: tuple[tuple[str, Callable[[Night], float | None]], ...] = (
    ("process s", lambda night: night.elapsed_s),
    ("run s", lambda night: night.run_s),
    ("CPU s", lambda night: night.cpu_s),
    ("read MB", lambda night: night.read_bytes / MB),
    ("written MB", lambda night: night.written_bytes / MB),
    ("Parquet files", lambda night: night.parquet_files),
    ("Parquet MB", lambda night: night.parquet_bytes / MB),
    ("catalogue MB", lambda night: night.catalogue_bytes / MB),
    ("its log MB", lambda night: night.wal_bytes / MB),
)


def _by_name(kept: Sequence[Night]) -> dict[str, list[Night]]:
    names = dict.fromkeys(night.name for night in kept)
    return {name: [night for night in kept if night.name == name] for name in names}


def _table(kept: Sequence[Night]) -> str:
    """A line for each kind of night, and for those after the first its ratio to it."""
    medians = {
        name: [_median([value(night) for night in some]) for _, value in _COLUMNS]
        for name, some in _by_name(kept).items()
    }
    rows: list[list[Any]] = []
    for name, values in medians.items():
        rows.append([name, *values])
        if name not in {FULL, OPENED}:
            parts = [_ratio(ours, full) for ours, full in zip(values, medians[FULL], strict=True)]
            rows.append(["  ratio to the full load", *parts])
    return as_table(["", *(title for title, _ in _COLUMNS)], rows)


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _stages(kept: Sequence[Night]) -> str:
    """The stages of each kind of night, in seconds."""
    by_name = {name: some for name, some in _by_name(kept).items() if some[0].stages_s}
    stages = list(dict.fromkeys(stage for some in by_name.values() for night in some for stage in night.stages_s))
    rows = [
        [name, *(_median([night.stages_s.get(stage) for night in some]) for stage in stages)]
        for name, some in by_name.items()
    ]
    return as_table(["stages, s", *stages], rows)

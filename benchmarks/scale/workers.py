"""How the time of parsing falls with workers, by processes of the run and on Dask, and what the scheduler costs."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.scale.measured import measure
from benchmarks.scale.site import Site
from benchmarks.scale.table import as_table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.corpus import Corpus

__all__ = ["workers"]

_WAYS = (
    ("1 process", {"workers": "1"}),
    ("2 processes", {"workers": "2"}),
    ("Dask `local`, 1 worker", {"workers": "1", "cluster": "local"}),
    ("Dask `local`, 2 workers", {"workers": "2", "cluster": "local"}),
)


def workers(args: Namespace, corpus: Corpus, folder: Path, tell: Callable[[str], None]) -> int:
    """Measure, print a line of JSON for each run and two tables; returns the exit status."""
    parse_s: dict[str, list[float]] = {name: [] for name, _ in _WAYS}
    cpu_s: dict[str, list[float]] = {name: [] for name, _ in _WAYS}
    whole_s: dict[str, list[float]] = {name: [] for name, _ in _WAYS}
    for number in range(args.rounds):
        for name, said in _WAYS:
            tell(f"{name}, {number + 1} of {args.rounds}")
            own = folder / f"{name}-{number}".translate(str.maketrans(" ,`", "---"))
            own.mkdir()
            done = Site(own, {"landing": str(corpus.folder), **said}).run()
            stages = done.printed["stages_s"]
            assert done.printed["loaded"] == corpus.pages, done.printed
            parse_s[name].append(stages["parse"])
            whole_s[name].append(done.elapsed_s)
            cpu_s[name].append(done.cpu_s)
            line = {"pages": corpus.pages, "way": name, "process_s": done.elapsed_s, "cpu_s": done.cpu_s}
            print(json.dumps({**line, "stages_s": stages}), flush=True)
    rows: list[list[str | float | None]] = []
    for (name, _), (before, _) in zip(_WAYS, (_WAYS[0], _WAYS[0], _WAYS[2], _WAYS[2]), strict=True):
        share = median(parse_s[name]) / median(parse_s[before])
        rows.append(
            [name, median(parse_s[name]), None if name == before else share, median(whole_s[name]), median(cpu_s[name])]
        )
    print("\n" + as_table(["", "parse s", "of one worker's", "process s", "CPU s"], rows))
    tell("what the scheduler costs")
    own = folder / "scheduler"
    own.mkdir()
    site = Site(own, {"landing": str(corpus.folder), "cluster": "local", "workers": "1"})
    found = measure(["-m", "benchmarks.scale.scheduler"], site.environment()).printed
    print("\n" + json.dumps(found))
    print("\n" + as_table(["the scheduler", ""], list(found.items())))
    return 0

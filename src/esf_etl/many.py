"""Many files -> projects, in several processes, for programs that need no tables."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from esf_etl.errors import EsfEtlError
from esf_etl.pages.layouts import LAYOUTS
from esf_etl.pages.parser import MAX_PAGE_BYTES, parse_file
from esf_etl.parallel import map_in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from os import PathLike

    from esf_etl.pages.layouts import Layout
    from esf_etl.pages.records import Project

__all__ = ["parse_many"]

_FILES_A_TASK = 100


def parse_many(
    paths: Iterable[str | PathLike[str]],
    *,
    workers: int = 1,
    layouts: Sequence[Layout] = LAYOUTS,
    max_bytes: int = MAX_PAGE_BYTES,
) -> Iterator[Project | EsfEtlError]:
    """For each file, in order, its project, or the error that `parse_file` would raise, naming the file.

    One bad page ends nothing. `paths` is read as results are taken, so that it may be endless; with more than one
    worker (a number of processes) a few hundred files ahead. As with all of `multiprocessing`, a program that is a
    script then needs `if __name__ == "__main__":`. Raises `WorkerDied` where one of those processes is killed.
    """
    parse_some = partial(_parse_some, layouts=tuple(layouts), max_bytes=max_bytes)
    for results in map_in_order(
        parse_some, _batches(paths, 1 if workers == 1 else _FILES_A_TASK), workers=workers, preload="esf_etl"
    ):
        yield from results


def _batches(paths: Iterable[str | PathLike[str]], size: int) -> Iterator[list[str]]:
    waiting = iter(paths)
    while batch := [str(path) for path in islice(waiting, size)]:
        yield batch


def _parse_some(paths: Sequence[str], layouts: Sequence[Layout], max_bytes: int) -> list[Project | EsfEtlError]:
    results: list[Project | EsfEtlError] = []
    for path in paths:
        try:
            results.append(parse_file(path, layouts=layouts, max_bytes=max_bytes))
        except EsfEtlError as problem:
            results.append(problem)
    return results

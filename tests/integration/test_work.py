"""How much work a run does, counted and not timed: what these numbers rise to, a night gets slower by.

A count that falls for good is lowered here; one that must rise is raised with its reason in the commit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from esf_etl import Project, parse_bytes, render
from esf_etl.pages.identity import content_digest
from esf_etl.pages.invent import invent
from esf_etl.pages.masking import Masking, mask_project
from esf_etl.warehouse import database
from tests.integration.conftest import Job

FEW, MANY = 40, 640
"""Pages of two first loads; the larger one takes two chunks."""

GOLDEN = Path(__file__).parents[1] / "golden" / "pages"

# Statements of a run, however many pages it has: tables times steps, not pages.
MOST_STATEMENTS = {"first": 331, "idle": 36, "incremental": 208}

# Calls of functions, ours and Python's own, to parse one page: the same everywhere, but for the version of Python.
MOST_CALLS_A_PAGE_TO_MASK = 16
"""To see that nothing in its texts is personal: a few calls a text."""

MOST_CALLS_A_PAGE = {"glued-2007": 387, "lines-2014": 460, "colon-2014": 535, "colon-2021": 715}

# Bytes written by a first load for each byte of the pages: prose put aside, database, Parquet. Of so few pages the
# tables' own blocks, and the definitions of the reports, are the larger part.
MOST_BYTES_WRITTEN_A_BYTE = 3.6
MOST_BYTES_READ_BY_AN_IDLE_NIGHT = 1_150_000

_opened: list[str] | None = None


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None and isinstance(arguments[0], str):
        _opened.append(arguments[0])


sys.addaudithook(_listen)


@contextmanager
def opened_files(below: Path) -> Iterator[list[str]]:
    """The names of the files below a folder that are opened meanwhile, each as often as it is."""
    global _opened  # noqa: PLW0603 - an audit hook cannot be taken away, only told to be silent
    names: list[str] = []
    every: list[str] = []
    _opened = every
    try:
        yield names
    finally:
        _opened = None
        names.extend(Path(path).name for path in every if Path(path).is_relative_to(below) and Path(path).suffix)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every SQL statement of a run, as it is sent."""
    sent: list[str] = []

    class Counted:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def execute(self, query: str, *arguments: Any) -> Any:
            sent.append(query)
            return self._connection.execute(query, *arguments)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    @contextmanager
    def counted(*arguments: Any) -> Iterator[Counted]:
        with database.workspace(*arguments) as connection:
            yield Counted(connection)

    monkeypatch.setattr("esf_etl.run.workspace", counted)
    return sent


@contextmanager
def io_of_this_process() -> Iterator[dict[str, int]]:
    """Bytes that this process handed to read and write calls meanwhile, also those that met no disk."""
    done: dict[str, int] = {}
    before = _io()
    yield done
    done.update({name: value - before[name] for name, value in _io().items()})


def _io() -> dict[str, int]:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return {name: int(value) for name, value in (line.split(": ") for line in lines)}


def lay(job: Job, count: int) -> int:
    """Lay so many invented pages into the landing folder; returns their bytes."""
    return sum(job.put(f"{number:04}.txt", page).stat().st_size for number, page in enumerate(invent(count)))


def later(page: Project) -> str:
    return render(page).replace("Sammanfattning\n\n", "Sammanfattning\n\nNytt. ", 1)


def sent_by(job: Job, statements: list[str]) -> int:
    statements.clear()
    job.ingest(workers=1)
    return len(statements)


def test_a_run_sends_as_many_statements_for_many_pages_as_for_few(job: Job, statements: list[str]) -> None:
    other = Job(job.landing.parent / "many", job.warehouse.parent / "other")
    other.landing.mkdir()
    lay(job, FEW)
    lay(other, MANY)

    few, many = sent_by(job, statements), sent_by(other, statements)

    assert many <= few + 2
    assert many <= MOST_STATEMENTS["first"]


def test_a_night_sends_no_more_statements_than_it_did(job: Job, statements: list[str]) -> None:
    lay(job, FEW)
    job.ingest()

    idle = sent_by(job, statements)
    job.put("0003.txt", later(next(islice(invent(FEW), 3, None))), on_day=2)
    incremental = sent_by(job, statements)

    assert idle <= MOST_STATEMENTS["idle"]
    assert incremental <= MOST_STATEMENTS["incremental"]


def test_every_page_is_opened_once_and_an_unchanged_one_never_again(job: Job) -> None:
    lay(job, FEW)
    with opened_files(job.landing) as first:
        job.ingest(workers=1)
    with opened_files(job.landing) as idle:
        job.ingest(workers=1)
    job.put("0003.txt", later(next(islice(invent(FEW), 3, None))), on_day=2)
    job.put("new.txt", next(invent(1, seed=99)))
    with opened_files(job.landing) as incremental:
        summary = job.ingest(workers=1)

    assert sorted(first) == [f"{number:04}.txt" for number in range(FEW)]
    assert idle == []
    assert sorted(incremental) == ["0003.txt", "new.txt"]
    assert summary.loaded == 2


@pytest.mark.skipif(
    not Path("/proc/self/io").exists(), reason="this system does not count a process's reads and writes"
)
def test_a_run_reads_and_writes_no_more_bytes_than_it_did(job: Job) -> None:
    size_bytes = lay(job, MANY)
    job.fork(job.warehouse.parent / "before").ingest(workers=1)  # so that imports read nothing below

    with io_of_this_process() as first:
        job.ingest(workers=1)
    with io_of_this_process() as idle:
        assert job.ingest(workers=1).outcome == "idle"

    assert first["wchar"] <= MOST_BYTES_WRITTEN_A_BYTE * size_bytes
    assert idle["rchar"] <= MOST_BYTES_READ_BY_AN_IDLE_NIGHT


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called, in Python and in C."""
    count = 0

    def listen(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(listen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_a_page_with_nothing_to_mask_takes_no_more_calls_than_it_did() -> None:
    pages = list(invent(20))
    masking = Masking()

    calls = sum(
        calls_of(lambda page=page: mask_project(page, masking)) - calls_of(lambda page=page: content_digest(page))  # type: ignore[misc]
        for page in pages
    ) / len(pages)

    assert calls <= MOST_CALLS_A_PAGE_TO_MASK


@pytest.mark.parametrize("layout", MOST_CALLS_A_PAGE)
def test_a_page_takes_no_more_calls_to_parse_than_it_did(layout: str) -> None:
    if layout == "glued-2007":
        pages = [render(page).encode() for page in invent(20)]
    else:
        pages = [(GOLDEN / layout / "plain.txt").read_bytes()]
    for page in pages:
        parse_bytes(page)

    calls = sum(calls_of(lambda page=page: parse_bytes(page)) for page in pages) / len(pages)  # type: ignore[misc]

    assert calls <= MOST_CALLS_A_PAGE[layout]

"""Whoever may write into the landing folder can spoil pages of theirs, and nothing else.

Each of these folders goes through a whole run. A hostile file is loaded exactly, or rejected, deferred or passed over
by name; a good page beside it is loaded; the law of the run holds; nothing outside the folder is read.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import esf_etl.batch
from esf_etl import render
from esf_etl.landing import file_bytes, scan_landing
from esf_etl.pages.invent import invent
from esf_etl.warehouse.verify import verify
from tests.integration.conftest import Job, day, environment, project
from tests.promises import FULL, Tally

pytestmark = pytest.mark.promise("landing")

OUTSIDE = "Utanför mappen"
_GIGABYTE = 1024**3


def run(
    job: Job, *arguments: str, timeout_s: float = 60, memory_bytes: int | None = None, workers: int | None = 1
) -> dict[str, Any]:
    """`esf-etl ingest --json` in a process of its own, with a limit of address space; its summary."""

    def limit() -> None:
        if memory_bytes:
            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

    command = [sys.executable, "-m", "esf_etl.cli", "ingest", "--json"]
    command += ["--workers", str(workers)] if workers else []
    command += ["--landing", str(job.landing), "--warehouse", str(job.warehouse), *arguments]
    done = subprocess.run(
        command, env=environment(), capture_output=True, timeout=timeout_s, check=False, preexec_fn=limit
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    summary: dict[str, Any] = json.loads(done.stdout)
    assert summary["law_holds"]
    return summary


def outcomes(job: Job) -> dict[str, str]:
    return dict(job.rows("SELECT path, outcome FROM etl.landing_file"))


def reasons(job: Job) -> dict[str, str]:
    return dict(job.rows("SELECT path, code FROM etl.reject"))


def assert_nothing_outside_was_read(job: Job) -> None:
    assert job.value(f"SELECT count(*) FROM history.project WHERE title = '{OUTSIDE}'") == 0
    assert verify(job.settings(), with_landing=True, read=True).ok


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with a page beside the landing folder."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "page.txt").write_text(render(project(OUTSIDE)), encoding="utf-8")
    os.utime(folder / "page.txt", ns=(day(1), day(1)))
    return folder


# ---- what is no file --------------------------------------------------------------------------------------------


def link_to_file(name: Path, outside: Path) -> None:
    name.symlink_to(outside / "page.txt")


def link_to_folder(name: Path, outside: Path) -> None:
    name.symlink_to(outside, target_is_directory=True)


def link_to_root(name: Path, outside: Path) -> None:
    name.symlink_to("/")


def link_to_itself(name: Path, outside: Path) -> None:
    name.symlink_to(name)


def link_to_its_folder(name: Path, outside: Path) -> None:
    name.symlink_to(".")


def links_in_a_circle(name: Path, outside: Path) -> None:
    name.symlink_to(name.with_name("other.txt"))
    name.with_name("other.txt").symlink_to(name)


def link_to_nothing(name: Path, outside: Path) -> None:
    name.symlink_to(outside / "missing")


def pipe(name: Path, outside: Path) -> None:
    os.mkfifo(name)


def unix_socket(name: Path, outside: Path) -> None:
    here = Path.cwd()
    os.chdir(name.parent)  # the path of a socket may have about a hundred letters
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(name.name)
    finally:
        os.chdir(here)


def device(name: Path, outside: Path, kind: int, number: tuple[int, int]) -> None:
    try:
        os.mknod(name, kind | 0o666, os.makedev(*number))
    except PermissionError:
        pytest.skip("only root may make a device")


def endless_device(name: Path, outside: Path) -> None:
    device(name, outside, stat.S_IFCHR, (1, 5))


def block_device(name: Path, outside: Path) -> None:
    device(name, outside, stat.S_IFBLK, (7, 0))


@pytest.mark.parametrize(
    "make",
    [
        link_to_file,
        link_to_folder,
        link_to_root,
        link_to_itself,
        link_to_its_folder,
        links_in_a_circle,
        link_to_nothing,
        pipe,
        unix_socket,
        endless_device,
        block_device,
    ],
)
def test_what_is_no_file_is_passed_over_by_name_and_never_opened(
    make: Callable[[Path, Path], None], job: Job, outside: Path
) -> None:
    job.put("good.txt", project("Alfa"))
    make(job.landing / "bad.txt", outside)

    summary = run(job)

    assert (summary["files_seen"], summary["loaded"]) == (1, 1)
    assert any("bad.txt is no regular file" in warning for warning in summary["warnings"])
    assert outcomes(job) == {"good.txt": "loaded"}
    assert_nothing_outside_was_read(job)


def test_a_linked_folder_without_a_page_s_name_is_named_as_well(job: Job, outside: Path) -> None:
    job.put("good.txt", project("Alfa"))
    (job.landing / "2011").symlink_to(outside, target_is_directory=True)
    summary = run(job)
    assert [warning for warning in summary["warnings"] if "2011" in warning]
    assert_nothing_outside_was_read(job)


def test_a_link_that_takes_the_place_of_a_file_after_it_was_listed_is_not_followed(
    job: Job, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.put("good.txt", project("Alfa"))
    path = job.put("swap.txt", project("Beta"))
    swapped: list[Path] = []

    def swapping(location: str, *, limit: int) -> bytes:
        if location == str(path) and not swapped:
            swapped.append(path)
            path.unlink()
            path.symlink_to(outside / "page.txt")
        return file_bytes(location, limit=limit)

    monkeypatch.setattr(esf_etl.batch, "file_bytes", swapping)
    summary = job.ingest(workers=1)

    assert swapped
    assert (summary.loaded, summary.rejected + summary.deferred) == (1, 1)
    assert job.value(f"SELECT count(*) FROM history.project WHERE title = '{OUTSIDE}'") == 0


@pytest.mark.parametrize("depth", [1, 3])
def test_a_link_that_takes_the_place_of_a_folder_after_it_was_listed_is_not_followed(
    depth: int, job: Job, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file outside has the name, size and time of the one that was listed: only the link tells them apart."""
    job.put("good.txt", project("Alfa"))
    below = "/".join(["sub"] * depth)
    path = job.put(f"{below}/page.txt", "x" * (outside / "page.txt").stat().st_size)
    folder = job.landing / "sub"
    for more in range(depth - 1):
        (outside / "/".join(["sub"] * (more + 1))).mkdir()
    inside = outside.joinpath(*["sub"] * (depth - 1), "page.txt")
    if inside != outside / "page.txt":
        shutil.copy2(outside / "page.txt", inside)
    assert (inside.stat().st_size, inside.stat().st_mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)

    def swapping(location: str, *, limit: int) -> bytes:
        if location.endswith("page.txt") and not folder.is_symlink():
            folder.rename(job.landing.parent / "away")
            folder.symlink_to(outside, target_is_directory=True)
        return file_bytes(location, limit=limit)

    monkeypatch.setattr(esf_etl.batch, "file_bytes", swapping)
    summary = job.ingest(workers=1)

    assert folder.is_symlink()
    assert (summary.loaded, summary.rejected + summary.deferred) == (1, 1)
    assert job.value(f"SELECT count(*) FROM history.project WHERE title = '{OUTSIDE}'") == 0


def test_a_folder_that_becomes_a_link_while_the_landing_folder_is_listed_is_named_and_not_entered(
    job: Job, outside: Path
) -> None:
    job.put("good.txt", project("Alfa"))
    job.put("sub/deep/page.txt", project("Beta"))
    passed_over: list[str] = []
    seen = []
    for file in scan_landing(job.landing, settle_s=0, passed_over=passed_over):
        seen.append(file.path)
        if (job.landing / "sub").is_dir() and not (job.landing / "sub").is_symlink():
            (job.landing / "sub").rename(job.landing.parent / "away")
            (job.landing / "sub").symlink_to(outside, target_is_directory=True)
    assert seen == ["good.txt"]
    assert passed_over == [str(job.landing / "sub")]


def test_folders_too_deep_for_a_path_are_named_and_end_no_run(job: Job, tmp_path: Path) -> None:
    job.put("good.txt", project("Alfa"))
    here = os.open(job.landing, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d" * 100, dir_fd=here)
        deeper = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)

    summary = run(job)

    assert (summary["files_seen"], summary["loaded"]) == (1, 1)
    assert [warning for warning in summary["warnings"] if "d" * 100 in warning]
    shutil.rmtree(job.landing)  # pytest's own would stumble over it


# ---- files that are too much ------------------------------------------------------------------------------------


def test_a_sparse_file_of_two_gigabytes_is_refused_without_being_read_whole(job: Job) -> None:
    job.put("good.txt", project("Alfa"))
    path = job.landing / "huge.txt"
    with path.open("wb") as file:
        file.write(render(project("Beta")).encode())
        file.truncate(2 * _GIGABYTE)
    job.touch("huge.txt", on_day=1)

    since = time.monotonic()
    summary = run(job, memory_bytes=6 * _GIGABYTE)
    elapsed_s = time.monotonic() - since

    assert (summary["loaded"], summary["rejected"]) == (1, 1)
    assert reasons(job) == {"huge.txt": "too-large"}
    assert elapsed_s < 45
    assert summary["stages_s"]["parse"] < 10
    assert_nothing_outside_was_read(job)


def test_of_a_file_above_the_limit_no_more_than_the_limit_is_held(job: Job) -> None:
    path = job.landing / "huge.txt"
    with path.open("wb") as file:
        file.truncate(2 * _GIGABYTE)
    since = time.monotonic()
    assert len(file_bytes(str(path), limit=5_000_000)) == 5_000_001
    assert time.monotonic() - since < 5


MANY = 100_000 if FULL else 10_000


def lay(job: Job, name: str, data: bytes) -> None:
    """As `Job.put`, for many files."""
    path = f"{job.landing}/{name}"
    with open(path, "wb") as file:  # noqa: PTH123 - quicker
        file.write(data)
    os.utime(path, ns=(day(1), day(1)))


@pytest.mark.slow
@pytest.mark.timeout(3600 if FULL else 300)
def test_many_files_in_one_folder_are_all_accounted_for(job: Job, tally: Tally) -> None:
    """Nine of ten are invented pages, the tenth is none."""
    none_of = MANY // 10
    for number, page in enumerate(invent(MANY - none_of)):
        lay(job, f"{number:06}.txt", render(page, check=False).encode())
    for number in range(none_of):
        lay(job, f"{number:06}-x.txt", b"x\n")

    since = time.monotonic()
    summary = run(job, timeout_s=3000, workers=None)
    elapsed_s = time.monotonic() - since

    assert (summary["files_seen"], summary["loaded"], summary["rejected"]) == (MANY, MANY - none_of, none_of)
    assert job.value("SELECT count(*) FROM project") == MANY - none_of
    assert job.value("SELECT count(DISTINCT path) FROM etl.reject") == none_of
    assert job.value("SELECT count(*) FROM etl.landing_file") == MANY
    since = time.monotonic()
    assert run(job, timeout_s=600)["unchanged"] == MANY
    tally(
        f"files of one folder, nine of ten invented pages: a load of {elapsed_s:.0f} s and an idle run of"
        f" {time.monotonic() - since:.0f} s",
        "each in the ledger, as loaded or rejected",
        MANY,
    )


def test_a_folder_full_of_links_does_not_fill_the_journal(job: Job, outside: Path, tally: Tally) -> None:
    job.put("good.txt", project("Alfa"))
    count = 100_000 if FULL else 5_000
    for number in range(count):
        os.symlink(outside / "page.txt", job.landing / f"{number}.txt")  # noqa: PTH211 - quicker
    summary = run(job)
    assert (summary["files_seen"], summary["loaded"]) == (1, 1)
    assert f"{count - 100} more that are no regular files" in summary["warnings"][-1]
    assert (job.warehouse / "runs.jsonl").stat().st_size < 100_000
    tally("links in one folder", "passed over, the first 100 by name", count)


def test_deep_folders_are_walked_to_their_end(job: Job) -> None:
    deep = "/".join(["d"] * 500)
    job.put(f"{deep}/page.txt", project("Alfa"))
    assert run(job)["loaded"] == 1
    assert job.value("SELECT source_path FROM project") == f"{deep}/page.txt"


# ---- names ------------------------------------------------------------------------------------------------------

NAMES = [
    b"two\nlines.txt",
    b"carriage\rreturn.txt",
    b"tab\there.txt",
    b"'single'.txt",
    b'"double".txt',
    b"'; DROP TABLE project;--.txt",
    b"$run_id ${name} {0} %s.txt",
    b"back\\slash.txt",
    b"\\x41.txt",
    b"\xff\xfe.txt",
    b"sk\xe5ne.txt",
    "bidi\u202etxt.exe.txt".encode(),
    b"\x1b[31mred\x1b[0m\x07.txt",
    b"=cmd|' C calc'!A0.txt",
    b"<script>alert(1)<script>.txt",
    b"-rf.txt",
    b"*?[a].txt",
    b" leading and trailing .txt",
    "å\u030a\u0301.txt".encode(),
    b"x" * 250 + b".txt",
    b"CON.txt",
    b"a.txt.txt",
]


def test_a_name_is_a_name_whatever_stands_in_it(job: Job, tally: Tally) -> None:
    for number, name in enumerate(NAMES):
        job.put(os.fsdecode(name), project(f"Projekt {number}"))

    summary = run(job)

    assert (summary["files_seen"], summary["loaded"]) == (len(NAMES), len(NAMES))
    paths = job.column("SELECT source_path FROM project")
    assert len(set(paths)) == len(NAMES)
    assert "'; DROP TABLE project;--.txt" in paths
    assert "two\nlines.txt" in paths
    assert "sk\\xe5ne.txt" in paths
    assert verify(job.settings(), with_landing=True, read=True).ok
    assert run(job)["unchanged"] == len(NAMES)
    tally("names of files: line ends, quotes, SQL, HTML, escapes, bytes that are no UTF-8", "loaded", len(NAMES))


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_reject_of_any_name_is_told_on_one_safe_line(name: bytes, job: Job) -> None:
    job.put(os.fsdecode(name), "Ingen sida.\n")
    assert job.ingest().rejected == 1

    done = job.command("rejects", "--warehouse", str(job.warehouse))

    assert done.returncode == 0
    assert not any(mark in done.stdout for mark in ("\x1b", "\x07", "\u202e", "\r"))


# ---- files that nobody may read, that leave, that grow -----------------------------------------------------------

WITHOUT_PRIVILEGES = """
import ctypes, os, sys
if os.geteuid() == 0:  # root may read everything; without its capabilities it is the owner of its files and no more
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None).capset(header, none) != 0:
        sys.exit("privileges cannot be dropped")
from esf_etl.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_file_that_may_not_be_read_is_rejected_by_name(job: Job) -> None:
    job.put("good.txt", project("Alfa"))
    closed = job.put("closed.txt", project("Beta"))
    closed.chmod(0o000)
    places = ["--landing", str(job.landing), "--warehouse", str(job.warehouse)]

    done = job.python("-c", WITHOUT_PRIVILEGES, "ingest", "--json", *places)

    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["loaded"], summary["rejected"], summary["law_holds"]) == (1, 1, True)
    assert reasons(job) == {"closed.txt": "file-unreadable"}


def test_a_folder_that_may_not_be_listed_ends_the_run_by_name_and_leaves_what_is_published(job: Job) -> None:
    """Else its pages would seem to have gone."""
    job.put("good.txt", project("Alfa"))
    job.put("closed/page.txt", project("Beta"))
    assert run(job)["loaded"] == 2
    (job.landing / "closed").chmod(0o000)
    places = ["--landing", str(job.landing), "--warehouse", str(job.warehouse)]
    try:
        done = job.python("-c", WITHOUT_PRIVILEGES, "ingest", "--json", *places)
    finally:
        (job.landing / "closed").chmod(0o755)
    assert done.returncode == 1
    assert "[landing-unreadable]" in done.stderr
    assert f"{job.landing}/closed" in done.stderr
    assert job.value("SELECT count(*) FROM project") == 2


def test_files_that_leave_and_grow_while_they_are_read_are_left_for_the_next_run(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.put("good.txt", project("Alfa"))
    job.put("leaves.txt", project("Beta"))
    job.put("grows.txt", project("Gamma"))
    job.put("replaced.txt", project("Delta"))

    def meanwhile(location: str, *, limit: int) -> bytes:
        path = Path(location)
        if path.name == "leaves.txt":
            path.unlink()
        data = file_bytes(location, limit=limit)
        if path.name == "grows.txt":
            with path.open("ab") as file:
                file.write(b"\nmer")
        if path.name == "replaced.txt":
            path.write_bytes(render(project("Epsilon")).encode())
        return data

    with monkeypatch.context() as patch:
        patch.setattr(esf_etl.batch, "file_bytes", meanwhile)
        summary = job.ingest(workers=1)

    assert (summary.loaded, summary.deferred) == (1, 3)
    assert job.column("SELECT title FROM project") == ["Alfa"]
    assert job.ingest(settle_s=0).loaded == 2
    assert job.column("SELECT title FROM project ORDER BY title") == ["Alfa", "Epsilon", "Gamma"]


def test_a_folder_that_is_written_to_all_the_while_stops_no_run(job: Job) -> None:
    job.put("good.txt", project("Alfa"))
    stop = threading.Event()

    def churn() -> None:
        number = 0
        while not stop.is_set():
            path = job.landing / f"churn-{number % 50}.txt"
            path.write_bytes(b"x" * (number % 1000))
            if number % 3 == 0:
                path.unlink()
            number += 1

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        summary = run(job)
    finally:
        stop.set()
        writer.join()
    assert summary["loaded"] == 1

"""The index of the search: built once a snapshot, aside and whole, anew where it is damaged; nobody's way is barred."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from esf_etl import Section
from esf_etl.errors import SnapshotDamaged, WarehouseError
from esf_etl.reports.search import index, search
from tests.integration.conftest import Job, environment, project

NOBODY = 65534


@pytest.fixture(scope="module")
def one_project(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A warehouse with one project, to be copied."""
    root = tmp_path_factory.mktemp("one")
    job = Job(root / "landing", root / "warehouse")
    job.put("a.txt", project("Får", sections=(Section("summary", "Sammanfattning", "Ull av fåren."),)))
    job.ingest(workers=1)
    return job


@pytest.fixture
def job(one_project: Job, tmp_path: Path) -> Job:
    """A warehouse with one project, and no index yet."""
    shutil.copytree(one_project.landing, tmp_path / "landing")
    shutil.copytree(one_project.warehouse, tmp_path / "warehouse", symlinks=True)
    return Job(tmp_path / "landing", tmp_path / "warehouse")


def indexes(job: Job) -> list[Path]:
    return sorted((job.warehouse / "search").iterdir())


def titles(job: Job, query: str = "får") -> list[str]:
    found = search(job.warehouse, query)
    assert found.engine == "fts"
    return sorted(hit.title.text for hit in found.hits)


def add(job: Job, title: str) -> None:
    job.put(f"{title}.txt", project(title, sections=(Section("summary", "Sammanfattning", "Mer ull."),)))
    job.ingest(workers=1)


def test_an_index_is_built_once_and_named_by_its_snapshot(job: Job) -> None:
    first = search(job.warehouse, "får")
    (path,) = indexes(job)
    before = path.stat()
    second = search(job.warehouse, "ull")

    assert [note for note in first.notes if "Building" in note]
    assert second.notes == ()
    assert indexes(job) == [path]
    assert path.name.startswith(f"{job.snapshots()[0]}.")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_night_builds_no_index(job: Job) -> None:
    assert not (job.warehouse / "search").exists()


def test_what_is_published_stays_as_it_was(job: Job) -> None:
    published = job.published()
    assert published is not None
    before = {path: path.stat().st_mtime_ns for path in published.rglob("*")}

    titles(job)

    assert {path: path.stat().st_mtime_ns for path in published.rglob("*")} == before


def test_a_new_snapshot_gets_its_own_index(job: Job) -> None:
    assert titles(job) == ["Får"]
    add(job, "Får igen")

    assert titles(job) == ["Får", "Får igen"]
    assert len(indexes(job)) == 2


def test_an_older_snapshot_is_searched_by_its_own_index(job: Job) -> None:
    titles(job)
    add(job, "Får igen")
    titles(job)
    (job.warehouse / "current").unlink()
    (job.warehouse / "current").symlink_to(f"snapshots/{job.snapshots()[0]}")

    assert titles(job) == ["Får"]


def test_indexes_of_snapshots_that_are_gone_are_removed(job: Job) -> None:
    titles(job)
    (old,) = indexes(job)
    job.put("b.txt", project("Får igen"))
    job.ingest(workers=1, keep_snapshots=1)

    titles(job)

    assert old not in indexes(job)
    assert len(indexes(job)) == 1


def test_an_index_made_another_way_is_replaced(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(index, "_made_by", lambda: "another")
        titles(job)
        (old,) = indexes(job)

    assert titles(job) == ["Får"]
    assert old not in indexes(job)
    assert len(indexes(job)) == 1


def test_the_way_of_indexing_is_its_statements_and_its_common_words(monkeypatch: pytest.MonkeyPatch) -> None:
    now = index._made_by()
    index._made_by.cache_clear()
    try:
        monkeypatch.setattr(index, "stop_words", lambda: frozenset({"och"}))
        assert index._made_by() != now
    finally:
        index._made_by.cache_clear()


def test_an_index_that_bears_another_s_name_is_not_believed(job: Job) -> None:
    titles(job)
    (old,) = indexes(job)
    add(job, "Får igen")
    shutil.copy(old, old.with_name(old.name.replace(job.snapshots()[0], job.snapshots()[1])))

    assert titles(job) == ["Får", "Får igen"]


def overwrite_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(3 * 4096, len(content)):
        content[place] ^= 0xFF
    path.write_bytes(content)


def put_empty_database(path: Path) -> None:
    path.unlink()
    duckdb.connect(path).close()


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no database"),
        lambda path: os.truncate(path, path.stat().st_size // 2),
        overwrite_middle,
        put_empty_database,
    ],
    ids=["empty", "other file", "cut short", "overwritten", "empty database"],
)
def test_a_damaged_index_is_built_anew(job: Job, harm: Callable[[Path], object]) -> None:
    titles(job)
    (path,) = indexes(job)
    harm(path)

    assert titles(job) == ["Får"]
    assert search(job.warehouse, "får").notes == ()
    assert indexes(job) == [path]


def test_leftovers_of_a_killed_build_go_and_a_build_at_work_stays(job: Job) -> None:
    left, at_work = job.warehouse / "search" / ".building-left", job.warehouse / "search" / ".building-now"
    for folder in (left, at_work):
        folder.mkdir(parents=True)
        (folder / "scratch.duckdb").write_bytes(b"half")
    for path in (left / "scratch.duckdb", left):
        os.utime(path, (1_600_000_000, 1_600_000_000))

    titles(job)

    assert not left.exists()
    assert at_work.exists()


def test_searches_at_once_each_find_all(job: Job) -> None:
    command = [sys.executable, "-m", "esf_etl.cli", "search", "får", "--json", "--warehouse", str(job.warehouse)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) for _ in range(4)
    ]

    said = [process.communicate(timeout=120) for process in running]

    assert [process.returncode for process in running] == [0] * 4, said
    answers = [json.loads(out) for out, _ in said]
    assert [answer["engine"] for answer in answers] == ["fts"] * 4
    assert [[hit["title"]["text"] for hit in answer["hits"]] for answer in answers] == [["Får"]] * 4
    assert len(indexes(job)) == 1


def test_a_search_keeps_the_index_that_another_replaces(job: Job) -> None:
    titles(job)
    (path,) = indexes(job)
    with duckdb.connect(path, read_only=True) as reader:
        inode = path.stat().st_ino
        path.write_bytes(path.read_bytes())  # as it was
        index._build(job.warehouse / "snapshots" / job.snapshots()[0], path)

        assert path.stat().st_ino != inode
        assert reader.execute("SELECT snapshot FROM made").fetchall() == [(job.snapshots()[0],)]


@pytest.mark.parametrize("enough_without_bound", [True, False])
def test_where_the_bound_of_memory_is_too_low_it_is_built_without(
    job: Job, monkeypatch: pytest.MonkeyPatch, enough_without_bound: bool
) -> None:
    build_aside = index._build_aside

    def short_of_memory(snapshot: Path, path: Path, *, bounded: bool) -> None:
        if bounded or not enough_without_bound:
            msg = "Out of Memory Error: failed to pin block"
            raise duckdb.OutOfMemoryException(msg)
        build_aside(snapshot, path, bounded=bounded)

    monkeypatch.setattr(index, "_build_aside", short_of_memory)

    if enough_without_bound:
        assert titles(job) == ["Får"]
    else:
        with pytest.raises(WarehouseError, match="memory"):
            search(job.warehouse, "får")


# ---- where nothing can be written -------------------------------------------------------------------------------


def test_where_the_index_cannot_be_kept_it_is_built_for_one_search(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    (job.warehouse / "search").write_text("in the way", encoding="utf-8")

    told: list[str] = []
    found = search(job.warehouse, "får", tell=told.append)

    assert (found.engine, len(found.hits)) == ("fts", 1)
    assert [text for text in told if "cannot be kept" in text]
    assert list(temporary.iterdir()) == []


@pytest.fixture
def foreign(job: Job) -> Iterator[Path]:
    """The warehouse in a folder that everybody may read and this user not write, root or not."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Path(folder) / "warehouse"
        shutil.copytree(job.warehouse, warehouse, symlinks=True)
        Path(folder).chmod(0o755)
        warehouse.chmod(0o555)
        was_root = os.geteuid() == 0
        if was_root:
            os.seteuid(NOBODY)
        try:
            yield warehouse
        finally:
            if was_root:
                os.seteuid(0)
            warehouse.chmod(0o755)


def test_a_warehouse_of_somebody_else_can_be_searched(foreign: Path) -> None:
    extension = index.extension_file()
    assert extension is not None
    if not all(os.access(path, os.R_OK, effective_ids=True) for path in (extension, index.__file__)):
        pytest.skip("another user may not read this checkout or its environment")

    found = search(foreign, "får")

    assert (found.engine, len(found.hits)) == ("fts", 1)
    assert [text for text in found.notes if "cannot be kept" in text]
    assert not (foreign / "search").exists()


def test_an_index_that_is_there_serves_those_who_may_not_write(job: Job) -> None:
    titles(job)
    (path,) = indexes(job)
    path.chmod(0o444)

    assert search(job.warehouse, "får").notes == ()


# ---- what is wrong with a warehouse -----------------------------------------------------------------------------


def test_without_a_warehouse_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="esf-etl ingest"):
        search(tmp_path, "får")


def test_a_foreign_log_beside_the_published_file_is_refused(job: Job) -> None:
    (job.warehouse / "current" / "esf.duckdb.wal").write_bytes(b"somebody was here")

    with pytest.raises(SnapshotDamaged, match="Remove it") as caught:
        search(job.warehouse, "får")
    assert caught.value.code == "foreign-wal"


def test_a_link_to_nothing_is_named(job: Job) -> None:
    (job.warehouse / "current").unlink()
    (job.warehouse / "current").symlink_to("snapshots/gone")

    with pytest.raises(WarehouseError, match="which is not there"):
        search(job.warehouse, "får")


@pytest.mark.parametrize("kept_bytes", [0, 100, 3 * 4096 + 100])
def test_a_damaged_snapshot_is_named_and_leaves_no_index(job: Job, kept_bytes: int) -> None:
    database = job.warehouse / "current" / "esf.duckdb"
    database.chmod(0o644)
    os.truncate(database, kept_bytes)

    with pytest.raises(SnapshotDamaged) as caught:
        search(job.warehouse, "får")

    assert str(job.snapshots()[0]) in str(caught.value.path)
    assert not list((job.warehouse / "search").glob("*"))


def test_a_warehouse_without_projects_finds_nothing(tmp_path: Path) -> None:
    job = Job(tmp_path / "landing", tmp_path / "warehouse")
    job.put("a.txt", "Nyheter\n\nI dag hände ingenting.\n")
    job.ingest(workers=1)

    assert titles(job) == []

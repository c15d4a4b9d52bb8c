"""`verify` says what is wrong with what is published, by name, and writes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from esf_etl import landing
from esf_etl.errors import SnapshotDamaged, WarehouseError
from esf_etl.progress import Silent
from esf_etl.warehouse import journal, verify_landing
from esf_etl.warehouse.verify import verify
from esf_etl.warehouse.verifying import Verification
from tests.integration.conftest import Job, project

pytestmark = pytest.mark.promise("healing")


@pytest.fixture
def own(three_nights: Job, tmp_path: Path) -> Job:
    """A copy of those nights, to be spoiled. The landing folder keeps its times, but not those of the inodes."""
    shutil.copytree(three_nights.warehouse, tmp_path / "own", symlinks=True)
    return three_nights.fork(tmp_path / "own")


def check(job: Job, **how: bool) -> Verification:
    return verify(job.settings(), **how)


def states(found: Verification) -> dict[str, str]:
    return {each.name: each.state for each in found.checks}


def wrong(found: Verification) -> dict[str, str]:
    return {each.name: each.message for each in found.checks if each.state == "wrong"}


def snapshot_of(job: Job) -> Path:
    published = job.published()
    assert published is not None
    return published


def flip_byte(path: Path, place: float = 0.5) -> None:
    """Change one byte; size, times and mode stay."""
    info = path.stat()
    data = bytearray(path.read_bytes())
    data[min(int(place * len(data)), len(data) - 1)] ^= 0x01
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(info.st_mode)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def seal_again(job: Job, change: Callable[[dict[str, Any]], None] = lambda manifest: None) -> None:
    """Write manifest and journal as whoever may write everything could: only what the rows say gives it away."""
    snapshot = snapshot_of(job)
    path = snapshot / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, said in manifest["files"].items():
        data = (snapshot / name).read_bytes()
        said.update(size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    change(manifest)
    path.chmod(0o644)
    path.write_text(json.dumps(manifest))
    path.chmod(0o444)
    log = job.warehouse / "runs.jsonl"
    sealed = hashlib.sha256(path.read_bytes()).hexdigest()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        if line["run_id"] == snapshot.name and line["event"] == "ended":
            line["manifest_sha256"] = sealed
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))


def change_rows(job: Job, statement: str) -> None:
    """Change rows of the published database, and seal it again."""
    database = snapshot_of(job) / "esf.duckdb"
    database.chmod(0o644)
    with duckdb.connect(str(database)) as connection:
        connection.execute(statement)
    database.chmod(0o444)
    seal_again(job)


def tree(folder: Path) -> dict[str, tuple[Any, ...]]:
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.lstat().st_ino,
            path.read_bytes() if path.is_file() and not path.is_symlink() else None,
        )
        for path in [folder, *folder.rglob("*")]
    }


# ---- a whole one ------------------------------------------------------------------------------------------------


def test_of_what_a_run_published_nothing_is_wrong(three_nights: Job) -> None:
    found = check(three_nights, with_landing=True, read=True, all_snapshots=True)

    assert found.ok, found.to_dict()
    assert set(states(found).values()) == {"ok"}
    assert {"manifest", "files", "foreign files", "modes", "database", "row counts", "keys", "history"} < set(
        states(found)
    )
    assert {"ledger", "contracts", "parquet", "runs", "landing folder", "landing files"} < set(states(found))
    assert f"snapshots/{three_nights.snapshots()[0]}" in states(found)


def test_it_writes_nothing_and_takes_no_lock(three_nights: Job) -> None:
    before = tree(three_nights.warehouse), tree(three_nights.landing)
    check(three_nights, with_landing=True, read=True, all_snapshots=True)
    assert (tree(three_nights.warehouse), tree(three_nights.landing)) == before


def test_a_run_may_publish_while_it_looks(own: Job, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    shutil.copytree(own.landing, landing)
    job = Job(landing, own.warehouse)
    before = snapshot_of(job).name
    job.put("d.txt", project("Delta"), on_day=3)
    found: dict[str, Verification] = {}

    class Looking(Silent):
        def stage(self, name: str) -> None:
            found[name] = check(job)

    from esf_etl.pipeline import ingest

    ingest(job.settings(), progress=Looking())

    assert {name: each.ok for name, each in found.items()} == dict.fromkeys(found, True)
    assert {found["look"].snapshot, found["flip"].snapshot} == {f"snapshots/{before}"}
    assert found["record"].snapshot == f"snapshots/{snapshot_of(job).name}" != found["look"].snapshot


def test_a_snapshot_that_is_removed_while_it_looks_is_no_damage(own: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    from esf_etl.warehouse import verify as module

    def removing(*arguments: Any) -> Any:
        shutil.rmtree(snapshot_of(own))
        return iter(())

    monkeypatch.setattr(module, "strangers", removing)
    with pytest.raises(WarehouseError, match="removed while it was looked at"):
        check(own)


def test_without_anything_published_it_says_so(job: Job) -> None:
    with pytest.raises(WarehouseError, match="nothing is published"):
        check(job)


# ---- damaged files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 0.01, 0.3, 0.7, 1])
@pytest.mark.parametrize("name", ["esf.duckdb", "parquet/project.parquet", "parquet/ref/region.parquet"])
def test_one_byte_of_a_file_is_noticed_and_the_file_named(name: str, place: float, own: Job) -> None:
    flip_byte(snapshot_of(own) / name, place)
    assert wrong(check(own))["files"] == f"{name} has another checksum."


@pytest.mark.parametrize("place", [number / 12 for number in range(13)])
def test_one_byte_of_the_manifest_is_noticed(place: float, own: Job) -> None:
    flip_byte(snapshot_of(own) / "manifest.json", place)
    found = check(own)
    assert list(wrong(found)) == ["manifest"]
    assert not found.ok


@pytest.mark.parametrize("name", ["esf.duckdb", "parquet/project.parquet"])
def test_a_file_that_is_missing_or_cut_short_is_named(name: str, own: Job) -> None:
    path = snapshot_of(own) / name
    os.truncate(path, 100)
    assert f"{name} has 100 bytes, it had" in wrong(check(own))["files"]
    path.unlink()
    assert wrong(check(own))["files"] == f"{name} is missing."


def test_a_link_in_the_place_of_a_file_is_not_followed(own: Job, tmp_path: Path) -> None:
    path = snapshot_of(own) / "parquet" / "project.parquet"
    shutil.copy(path, tmp_path / "same")
    path.unlink()
    path.symlink_to(tmp_path / "same")
    assert "is no regular file" in wrong(check(own))["files"]


@pytest.mark.parametrize("name", ["esf.duckdb.wal", "parquet/more.parquet", "notes.txt", "empty/"])
def test_what_is_not_listed_is_named(name: str, own: Job) -> None:
    path = snapshot_of(own) / name
    if name.endswith("/"):
        path.mkdir()
    else:
        path.write_bytes(b"x")
    assert wrong(check(own))["foreign files"] == f"{name.rstrip('/')} is not ours."


def test_of_many_things_the_first_few_are_named_and_the_rest_counted(own: Job) -> None:
    for number in range(8):
        (snapshot_of(own) / f"{number}.txt").touch()
    message = wrong(check(own))["foreign files"]
    assert "4.txt is not ours; and 3 more." in message
    assert "5.txt" not in message


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("esf.duckdb", 0o644),
        ("manifest.json", 0o464),
        ("parquet/project.parquet", 0o446),
        ("parquet", 0o777),
        ("", 0o775),
    ],
)
def test_what_somebody_may_write_to_is_named(name: str, mode: int, own: Job) -> None:
    (snapshot_of(own) / name).chmod(mode)
    assert list(wrong(check(own))) == ["modes"]
    assert name in wrong(check(own))["modes"]


@pytest.mark.parametrize("name", [".", "snapshots"])
def test_a_folder_in_which_others_could_put_another_snapshot_is_named(name: str, own: Job) -> None:
    (own.warehouse / name).chmod(0o777)
    assert wrong(check(own))["modes"] == f"{name} is writable for others."


def test_a_manifest_of_another_snapshot_is_noticed(own: Job) -> None:
    path = snapshot_of(own) / "manifest.json"
    path.unlink()
    shutil.copy(own.warehouse / "snapshots" / own.snapshots()[0] / "manifest.json", path)
    assert "that of another snapshot" in wrong(check(own))["manifest"]


def test_a_current_that_points_elsewhere_is_named(own: Job) -> None:
    link = own.warehouse / "current"
    shutil.move(snapshot_of(own), own.warehouse / "elsewhere")
    elsewhere = own.warehouse / own.snapshots()[0].replace(".", "-")
    elsewhere.symlink_to("snapshots")
    link.unlink()
    link.symlink_to(f"{elsewhere.name}/{own.snapshots()[0]}")
    assert "it points to" in wrong(check(own))["current"]


def test_damage_in_another_snapshot_is_named_only_where_all_are_asked_for(own: Job) -> None:
    other = own.warehouse / "snapshots" / own.snapshots()[0]
    flip_byte(other / "esf.duckdb")
    assert check(own).ok
    assert wrong(check(own, all_snapshots=True)) == {
        f"snapshots/{other.name}": "esf.duckdb has another checksum.",
    }


# ---- rows that do not hold, under a whole seal ------------------------------------------------------------------

ROWS = {
    "a key twice": ("keys", "INSERT INTO ref.county FROM ref.county LIMIT 1"),
    "a past key twice": (
        "history",
        "INSERT INTO history.project FROM history.project WHERE valid_to IS NOT NULL",
    ),
    "versions that overlap": (
        "history",
        "UPDATE history.project SET valid_to = valid_to + INTERVAL 1 DAY WHERE valid_to IS NOT NULL",
    ),
    "a current version beside another": ("history", "UPDATE history.project SET valid_to = NULL"),
    "a past row without its version": (
        "history",
        "UPDATE history.project_section SET valid_from = valid_from - INTERVAL 1 DAY WHERE valid_to IS NOT NULL",
    ),
    "a row without a project": ("history", "UPDATE history.project_section SET project_id = 'esf-0'"),
    "a reject without a file": ("ledger", "DELETE FROM etl.landing_file WHERE path = 'c.txt'"),
    "a project without a file": ("ledger", "DELETE FROM etl.landing_file WHERE path = 'a.txt'"),
    "a run that does not add up": ("ledger", "UPDATE etl.run SET files_seen = files_seen + 1"),
    "a past row that breaks its contract": (
        "contracts",
        "UPDATE history.project SET grant_sek = budget_sek + 1 WHERE valid_to IS NOT NULL",
    ),
    "a reference row that breaks its contract": ("contracts", "UPDATE etl.landing_file SET outcome = 'elsewhere'"),
    "a value that Parquet has otherwise": ("parquet", "UPDATE history.project SET region = 'Annan'"),
    "a table of another shape": ("database", "ALTER TABLE etl.finding ADD COLUMN more VARCHAR"),
    "a column that is missing": ("database", "ALTER TABLE etl.reject DROP COLUMN expected"),
    "fewer rows": ("row counts", "DELETE FROM etl.finding; DELETE FROM etl.reject"),
    "a run that the journal tells otherwise": ("runs", "UPDATE etl.run SET parser_version = 'x'"),
    "a run that the journal does not know": (
        "runs",
        "INSERT INTO etl.run BY NAME SELECT * REPLACE ('20000101T000000.000000Z' AS run_id) FROM etl.run LIMIT 1",
    ),
}


@pytest.mark.parametrize("what", ROWS)
def test_rows_that_do_not_hold_are_named_although_every_checksum_is_right(what: str, own: Job) -> None:
    name, statement = ROWS[what]
    change_rows(own, statement)
    found = wrong(check(own))
    assert {"manifest", "files", "foreign files"}.isdisjoint(found), found
    assert name in found


def test_a_journal_without_a_run_is_noticed(own: Job) -> None:
    log = own.warehouse / "runs.jsonl"
    log.write_text("".join(line for line in log.read_text().splitlines(keepends=True)[2:]))
    assert "not in the journal" in wrong(check(own))["runs"]


def test_a_run_of_the_journal_that_the_table_lacks_is_noticed(own: Job) -> None:
    first = journal.read(own.warehouse / "runs.jsonl")[1]
    journal.append(own.warehouse / "runs.jsonl", {**first, "run_id": "20000101T000000.000000Z"})
    assert "is in the journal and not in etl.run" in wrong(check(own))["runs"]


# ---- the landing folder -----------------------------------------------------------------------------------------


def test_what_the_next_run_will_take_in_is_a_note_and_nothing_wrong(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.put("b.txt", project("Beta"), on_day=1)
    job.ingest()
    (job.landing / "b.txt").unlink()
    job.put("new.txt", project("Ny"), on_day=4)
    job.touch("a.txt", on_day=5)

    found = check(job, with_landing=True)

    assert found.ok
    [note] = [each for each in found.checks if each.name == "landing folder"]
    assert note.state == "note"
    assert all(words in note.message for words in ("1 new", "1 changed", "1 gone"))


def test_a_file_that_changed_and_looks_as_before_is_found_by_reading(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    path = job.put("a.txt", project("Alfa"), on_day=1)
    job.put("b.txt", project("Beta"), on_day=1)
    job.ingest()
    path.write_bytes(path.read_bytes().replace(b"Vi bygger", b"Vi river "))
    job.touch("a.txt", on_day=1)
    pretend_inodes_never_change(monkeypatch, job)

    assert states(check(job, with_landing=True))["landing folder"] == "ok"
    assert "a.txt has other bytes" in wrong(check(job, with_landing=True, read=True))["landing files"]


def pretend_inodes_never_change(monkeypatch: pytest.MonkeyPatch, job: Job) -> None:
    """As on a file system without times of inodes: those that the ledger knows."""
    known = dict(job.rows("SELECT path, ctime_ns FROM etl.landing_file"))
    scan = landing.scan_landing

    def scanned(*arguments: Any, **options: Any) -> Any:
        return (each._replace(ctime_ns=known[each.path]) for each in scan(*arguments, **options))

    monkeypatch.setattr(verify_landing, "scan_landing", scanned)


def test_a_landing_folder_that_is_missing_or_empty_is_wrong(own: Job, tmp_path: Path) -> None:
    job = Job(tmp_path / "landing", own.warehouse)
    assert "does not exist" in wrong(check(job, with_landing=True))["landing folder"]
    job.landing.mkdir()
    assert "no page files" in wrong(check(job, with_landing=True))["landing folder"]


def test_a_damaged_manifest_stops_what_would_build_upon_it(own: Job) -> None:
    flip_byte(snapshot_of(own) / "manifest.json", 0.9)
    with pytest.raises(SnapshotDamaged):
        own.ingest(reprocess=True)

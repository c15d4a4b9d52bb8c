"""Going back to a kept snapshot, and on from there: nothing is lost that the landing folder still has."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from esf_etl.errors import EsfEtlError, LockHeld, SnapshotDamaged, WarehouseError
from esf_etl.warehouse import journal, publish
from esf_etl.warehouse.restore import kept_snapshots, restore
from esf_etl.warehouse.status import read_status
from esf_etl.warehouse.verify import verify
from tests.integration.conftest import Job, project
from tests.integration.killing import killed_at
from tests.integration.test_lock import holder
from tests.integration.test_verify import flip_byte, snapshot_of, tree

pytestmark = pytest.mark.promise("healing")


@pytest.fixture
def nights(job: Job) -> Job:
    """Four nights that published: a load, a new project and a new version, a project that changed back, a reject."""
    job.put("a.txt", project("Alfa"), on_day=1)
    job.put("b.txt", project("Beta"), on_day=1)
    job.ingest()
    job.put("a.txt", project("Alfa", owner="En annan ägare"), on_day=2)
    job.put("c.txt", project("Gamma"), on_day=2)
    job.ingest()
    job.put("a.txt", project("Alfa"), on_day=3)
    job.ingest()
    job.put("d.txt", "Ingen projektsida.\n", on_day=4)
    job.ingest()
    assert len(job.snapshots()) == 4
    return job


def events(job: Job) -> list[str]:
    return [entry["event"] for entry in job.journal()]


@pytest.mark.parametrize("night", range(4))
def test_after_going_back_the_next_run_ends_with_the_digest_of_a_warehouse_that_never_did(
    night: int, nights: Job
) -> None:
    digest, newest = nights.digest(), nights.snapshots()[-1]
    standing = nights.rows("SELECT path, code FROM etl.reject")

    done = restore(nights.warehouse, nights.snapshots()[night])
    summary = nights.ingest()

    assert done["outcome"] == ("already-current" if night == 3 else "restored")
    assert summary.outcome == ("idle" if night == 3 else "published")
    assert nights.digest() == digest
    assert nights.rows("SELECT path, code FROM etl.reject") == standing
    assert snapshot_of(nights).name >= newest
    assert verify(nights.settings(), with_landing=True, read=True, all_snapshots=True).ok
    assert nights.ingest().outcome == "idle"


def test_what_is_shown_after_going_back_is_what_was_shown_then(nights: Job) -> None:
    name = nights.snapshots()[0]
    before = tree(nights.warehouse / "snapshots")
    assert nights.value("SELECT count(*) FROM project") == 3

    done = restore(nights.warehouse, name)

    assert done["snapshot"] == f"snapshots/{name}"
    assert done["before"] == f"snapshots/{nights.snapshots()[-1]}"
    assert nights.value("SELECT count(*) FROM project") == 2
    assert tree(nights.warehouse / "snapshots") == before, "no snapshot is touched"
    assert verify(nights.settings(), all_snapshots=True).ok


def test_ids_of_runs_and_times_of_versions_still_rise(nights: Job) -> None:
    known = nights.snapshots()
    restore(nights.warehouse, known[0])
    run_id = nights.ingest().run_id
    assert run_id > known[-1]
    assert nights.rows("SELECT 1 FROM history.project WHERE valid_to <= valid_from") == []
    assert nights.value("SELECT max(run_id) FROM etl.run") == run_id
    assert nights.value("SELECT count(*) FROM etl.run") == 5, "going back is no run"


def test_pruning_keeps_what_was_gone_back_to_as_long_as_it_is_current(nights: Job) -> None:
    kept = nights.snapshots()
    restore(nights.warehouse, kept[0])
    assert nights.snapshots() == kept
    assert nights.ingest(keep_snapshots=2).outcome == "published"
    assert nights.snapshots() == [kept[-1], snapshot_of(nights).name]


def test_an_idle_run_after_going_back_removes_nothing(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()
    job.put("a.txt", project("Alfa", owner="En annan ägare"), on_day=2)
    job.ingest()
    job.put("a.txt", project("Alfa"), on_day=1)
    first, second = job.snapshots()
    restore(job.warehouse, first)
    assert job.ingest(keep_snapshots=1).outcome == "idle"
    assert job.snapshots() == [first, second]
    assert snapshot_of(job).name == first


def test_the_journal_tells_of_it_and_status_says_so(nights: Job) -> None:
    name, newest = nights.snapshots()[1], nights.snapshots()[-1]
    restore(nights.warehouse, f"snapshots/{name}")

    assert events(nights)[-1] == "restored"
    status = read_status(nights.warehouse)
    assert f"went back to snapshots/{name} from snapshots/{newest}" in status["sentence"]
    assert status["published"]["snapshot"] == f"snapshots/{name}"
    assert {run["outcome"] for run in status["runs"]} == {"published"}
    nights.ingest()
    assert "published" in read_status(nights.warehouse)["sentence"]
    assert journal.open_runs(nights.journal()) == []


def test_going_back_to_what_is_current_changes_nothing(nights: Job) -> None:
    before = nights.journal(), (nights.warehouse / "current").readlink()
    done = restore(nights.warehouse, nights.snapshots()[-1])
    assert done["outcome"] == "already-current"
    assert (nights.journal(), (nights.warehouse / "current").readlink()) == before


@pytest.mark.parametrize("name", ["esf.duckdb", "manifest.json", "parquet/project.parquet"])
def test_a_damaged_snapshot_is_refused_and_current_stays(name: str, nights: Job) -> None:
    target = nights.warehouse / "snapshots" / nights.snapshots()[0]
    flip_byte(target / name)
    before = snapshot_of(nights)
    with pytest.raises(SnapshotDamaged) as caught:
        restore(nights.warehouse, target.name)
    assert name.rpartition("/")[2].partition(".")[0] in str(caught.value)
    assert snapshot_of(nights) == before
    assert events(nights)[-1] == "ended"


def test_a_snapshot_with_a_file_of_somebody_else_is_refused(nights: Job) -> None:
    target = nights.warehouse / "snapshots" / nights.snapshots()[0]
    (target / "esf.duckdb.wal").write_bytes(b"x")
    with pytest.raises(SnapshotDamaged, match=r"esf\.duckdb\.wal is not ours"):
        restore(nights.warehouse, target.name)


@pytest.mark.parametrize("name", ["", ".", "..", "nosuch", "../snapshots", "/", "snapshots/../..", "current"])
def test_only_a_kept_snapshot_can_be_named(name: str, nights: Job) -> None:
    with pytest.raises(WarehouseError) as caught:
        restore(nights.warehouse, name)
    assert caught.value.code == "no-such-snapshot"


def test_a_link_among_the_snapshots_is_none(nights: Job) -> None:
    (nights.warehouse / "snapshots" / "link").symlink_to(nights.snapshots()[0])
    with pytest.raises(WarehouseError, match="no snapshot 'link' is kept"):
        restore(nights.warehouse, "link")


def test_a_snapshot_of_another_release_is_refused(nights: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    from esf_etl.warehouse import restore as module

    monkeypatch.setattr(module, "SCHEMA_VERSION", 99)
    with pytest.raises(WarehouseError) as caught:
        restore(nights.warehouse, nights.snapshots()[0])
    assert caught.value.code == "schema-version"


def test_while_a_run_is_at_work_it_is_refused_with_exit_status_3(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    name = job.snapshots()[0]
    job.put("b.txt", project("Beta"))
    with holder(job):
        done = job.command("restore", name, "--warehouse", str(job.warehouse))
        assert done.returncode == 3
        assert "[lock-held]" in done.stderr
        with pytest.raises(LockHeld):
            restore(job.warehouse, name)


@pytest.mark.parametrize("where", ["snapshots/gone", "current", "runs.jsonl", "/nowhere"])
def test_it_is_the_way_out_where_current_leads_nowhere(where: str, nights: Job) -> None:
    digest = nights.digest()
    link = nights.warehouse / "current"
    link.unlink()
    link.symlink_to(where)
    with pytest.raises(EsfEtlError, match="it points to"):
        nights.ingest()

    assert restore(nights.warehouse, nights.snapshots()[-1])["outcome"] == "restored"

    assert nights.digest() == digest
    assert nights.ingest().outcome == "idle"


def test_a_folder_in_the_place_of_current_is_not_replaced(nights: Job) -> None:
    link = nights.warehouse / "current"
    link.unlink()
    link.mkdir()
    with pytest.raises(WarehouseError, match="no symlink"):
        restore(nights.warehouse, nights.snapshots()[0])
    assert link.is_dir()


@pytest.mark.parametrize("stage", ["parquet", "flip", "record"])
def test_after_a_killed_run_it_first_puts_right_what_that_left(stage: str, nights: Job) -> None:
    kept = nights.snapshots()
    nights.put("e.txt", project("Epsilon"), on_day=5)
    killed_at(nights, stage)
    killed = [entry for entry in nights.journal() if entry["event"] == "started"][-1]["run_id"]

    restore(nights.warehouse, kept[0])

    flipped = stage == "record"
    assert nights.snapshots() == ([*kept, killed] if flipped else kept)
    [ended] = [entry for entry in nights.journal() if entry["event"] == "ended" and entry["run_id"] == killed]
    assert ended["outcome"] == ("published" if flipped else "killed")
    nights.ingest()
    assert nights.value("SELECT count(*) FROM project") == 4
    assert verify(nights.settings(), all_snapshots=True).ok


def test_the_list_names_what_is_kept_and_what_is_damaged(nights: Job) -> None:
    (nights.warehouse / "snapshots" / nights.snapshots()[0] / "manifest.json").unlink()
    rows = kept_snapshots(nights.warehouse)
    assert [row["snapshot"] for row in rows] == nights.snapshots()[::-1]
    assert [row["current"] for row in rows] == [True, False, False, False]
    assert [row["projects"] for row in rows] == [3, 3, 3, None]
    assert "no readable manifest" in rows[-1]["note"]
    assert kept_snapshots(nights.warehouse / "nowhere") == []


# ---- a run that ends badly after it has published ----------------------------------------------------------------


def test_a_run_that_is_interrupted_while_it_prunes_has_published(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its snapshot is the current one: to call the run failed would have the next one remove it."""
    job.put("a.txt", project("Alfa"))

    def interrupted(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publish, "prune", interrupted)
        with pytest.raises(KeyboardInterrupt):
            job.ingest()

    assert job.journal()[-1]["outcome"] == "published"
    assert job.ingest().outcome == "idle"
    assert job.value("SELECT count(*) FROM project") == 1


def test_the_current_snapshot_stays_whatever_the_journal_says_of_its_run(nights: Job) -> None:
    current = snapshot_of(nights)
    journal.append(nights.warehouse / "runs.jsonl", {"event": "ended", "run_id": current.name, "outcome": "failed"})
    try:
        nights.ingest()
    finally:
        assert snapshot_of(nights) == current
        assert current.is_dir()


# ---- a rebuild ---------------------------------------------------------------------------------------------------


def warnings_of(job: Job) -> list[str]:
    return [warning for warning in job.ingest(rebuild=True).warnings if "rebuild" in warning]


def test_a_rebuild_has_the_same_digest_and_says_that_history_does_not_come_back(nights: Job) -> None:
    digest = nights.digest()
    [warning] = warnings_of(nights)
    assert nights.digest() == digest
    assert "2 earlier versions of projects" in warning
    assert "gone" not in warning


def test_a_rebuild_says_that_files_which_left_do_not_come_back(nights: Job) -> None:
    (nights.landing / "b.txt").unlink()
    [warning] = warnings_of(nights)
    assert "1 files that have gone" in warning
    assert nights.value("SELECT count(*) FROM project") == 2


def test_a_rebuild_says_that_other_landing_folders_do_not_come_back(nights: Job, tmp_path: Path) -> None:
    other = Job(tmp_path / "other", nights.warehouse)
    other.put("z.txt", project("Zeta"))
    other.ingest(landing_name="other")
    [warning] = warnings_of(nights)
    assert "1 files of other landing folders" in warning


def test_a_rebuild_where_nothing_is_lost_says_nothing(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    digest = job.digest()
    assert warnings_of(job) == []
    assert job.digest() == digest


def damaged(job: Job, how: str) -> None:
    snapshot = snapshot_of(job)
    link = job.warehouse / "current"
    if how == "database":
        flip_byte(snapshot / "esf.duckdb", 0)
    elif how == "manifest":
        (snapshot / "manifest.json").unlink()
    elif how == "gone":
        shutil.rmtree(snapshot)
    else:
        link.unlink()
        link.symlink_to("current")


@pytest.mark.parametrize("how", ["database", "manifest", "gone", "loop"])
def test_whatever_is_damaged_a_rebuild_has_the_same_digest(how: str, nights: Job) -> None:
    digest = nights.digest()
    damaged(nights, how)
    with pytest.raises(EsfEtlError):
        nights.ingest(reprocess=True)
    nights.ingest(rebuild=True)
    assert nights.digest() == digest
    assert nights.ingest().outcome == "idle"


def test_a_run_that_was_killed_after_it_published_can_be_rebuilt_although_its_manifest_is_damaged(nights: Job) -> None:
    nights.put("e.txt", project("Epsilon"), on_day=5)
    killed_at(nights, "record")
    digest = nights.digest()
    flip_byte(snapshot_of(nights) / "manifest.json", 0)
    nights.ingest(rebuild=True)
    assert nights.digest() == digest
    assert "published" in read_status(nights.warehouse)["sentence"]

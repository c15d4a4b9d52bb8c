"""A power cut: what was said to be done is on the disk, in the order in which the next run relies on it.

No test can pull the plug. These record, in the order in which they come, every fsync of a real run and every call that
links a file or folder under a name, and look at each fsync how the file or folder was then: what is relied on must have
been brought to the disk as it is, after it was last changed and before it got its name.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from esf_etl.forgetting import forget
from esf_etl.warehouse.journal import append
from esf_etl.warehouse.restore import restore
from tests.integration.conftest import Job, project
from tests.promises import Tally

pytestmark = pytest.mark.promise("crashes")

_NAMING = ("mkdir", "rename", "replace", "link", "symlink", "unlink", "rmdir")


class Call(NamedTuple):
    """One call: its name, the path it is about (the new name, where it gives one), and how that was."""

    name: str
    path: Path
    state: Any


def state_of(path: Path) -> Any:
    """What an fsync brings to the disk: the bytes of a file and its mode, the names in a folder."""
    info = path.lstat()
    if stat.S_ISDIR(info.st_mode):
        return sorted((each.name, each.lstat().st_ino) for each in path.iterdir())
    return (info.st_size, info.st_mtime_ns, info.st_mode)


class Recorder:
    """All that was called, and what of it is on the disk."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def index(self, name: str, path: Path) -> int:
        """Where the last call of this name about this path stands."""
        return max(number for number, call in enumerate(self.calls) if call[:2] == (name, path))

    def synced(self, path: Path, *, before: int) -> list[Any]:
        """The states in which a path was brought to the disk before a call, the last one last."""
        return [call.state for call in self.calls[:before] if call[:2] == ("fsync", path)]

    def assert_ordered(self, *steps: tuple[str, Path]) -> None:
        """These calls came in this order; of each, that which follows the one before."""
        at = -1
        for name, path in steps:
            following = [n for n, call in enumerate(self.calls) if n > at and call[:2] == (name, path)]
            assert following, f"no {name} of {path} where it is needed"
            at = following[0]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    seen = Recorder()

    def sync(handle: int, really: Callable[[int], None] = os.fsync) -> None:
        really(handle)
        path = Path(f"/proc/self/fd/{handle}").readlink()
        seen.calls.append(Call("fsync", path, state_of(path)))

    def recorded(name: str) -> Callable[..., Any]:
        really = getattr(os, name)

        def call(*arguments: Any, **more: Any) -> Any:
            value = really(*arguments, **more)
            path = arguments[1] if name in ("rename", "replace", "link", "symlink") else arguments[0]
            seen.calls.append(Call(name, Path(os.path.abspath(path)), None))  # noqa: PTH100 - no link is followed
            return value

        return call

    for name in _NAMING:
        monkeypatch.setattr(os, name, recorded(name))
    monkeypatch.setattr(os, "fsync", sync)
    yield seen
    monkeypatch.undo()


@pytest.fixture
def new_job(tmp_path: Path) -> Job:
    """The warehouse and the folder above it are not there yet."""
    (tmp_path / "landing").mkdir()
    job = Job(tmp_path / "landing", tmp_path / "srv" / "warehouse")
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", project("Beta"))
    return job


def assert_snapshot_on_disk(recorder: Recorder, job: Job, run_id: str) -> int:
    """Every file and folder of a snapshot was on the disk, as it is now, before it got its name; how many they are."""
    snapshot = job.warehouse / "snapshots" / run_id
    moved = recorder.index("rename", snapshot)
    staged = job.warehouse / "staging" / run_id / "snapshot"
    whole = [snapshot, *snapshot.rglob("*")]
    for path in whole:
        states = recorder.synced(staged / path.relative_to(snapshot), before=moved)
        assert states, f"{path} was never brought to the disk before it was published"
        assert states[-1] == state_of(path), f"{path} was changed after it was brought to the disk"
    return len(whole)


@pytest.mark.parametrize("with_contacts", [False, True])
def test_a_snapshot_is_on_the_disk_before_it_is_named_and_its_name_before_it_is_current(
    with_contacts: bool, new_job: Job, recorder: Recorder, tally: Tally
) -> None:
    root = new_job.warehouse
    for night in (1, 2):
        new_job.put("a.txt", project("Alfa", owner=f"Ägare {night}"), on_day=night)
        recorder.calls.clear()
        run_id = new_job.ingest(with_contacts=with_contacts).run_id
        files = assert_snapshot_on_disk(recorder, new_job, run_id)
        recorder.assert_ordered(
            ("fsync", root / "runs.jsonl"),
            ("rename", root / "snapshots" / run_id),
            ("fsync", root / "snapshots"),
            ("replace", root / "current"),
            ("fsync", root),
            ("fsync", root / "runs.jsonl"),
        )
        if with_contacts:
            private = root / "private"
            recorder.assert_ordered(
                ("fsync", private / "contacts.new.duckdb"),
                ("fsync", private),
                ("replace", private / "contacts.duckdb"),
                ("fsync", private),
                ("replace", root / "current"),
                ("fsync", root),
                ("unlink", private / f"contacts.before.{run_id}.duckdb"),
            )
            built = recorder.synced(private / "contacts.new.duckdb", before=len(recorder.calls))
            assert built[-1] == state_of(private / "contacts.duckdb")
        tally("Files and folders of a snapshot held against the record of fsync", "on the disk before its name", files)


def test_a_snapshot_that_is_to_go_goes_only_when_the_new_one_is_current_on_the_disk(
    new_job: Job, recorder: Recorder
) -> None:
    first = new_job.ingest().run_id
    new_job.put("a.txt", project("Alfa", owner="En annan"), on_day=2)
    recorder.calls.clear()
    new_job.ingest(keep_snapshots=1)
    root = new_job.warehouse
    recorder.assert_ordered(("replace", root / "current"), ("fsync", root), ("rename", root / "staging" / first))


def test_folders_that_are_made_are_on_the_disk_with_the_folder_that_names_them(
    new_job: Job, recorder: Recorder
) -> None:
    new_job.ingest(with_contacts=True)
    root = new_job.warehouse
    for made in (root.parent, root, root / "snapshots", root / "private"):
        recorder.assert_ordered(("mkdir", made), ("fsync", made.parent))
    assert recorder.index("mkdir", root / "snapshots") < recorder.index("replace", root / "current")


def test_the_first_line_of_the_journal_brings_the_name_of_the_file_to_the_disk(
    tmp_path: Path, recorder: Recorder
) -> None:
    journal = tmp_path / "runs.jsonl"
    for number in range(2):
        append(journal, {"event": "started", "run_id": str(number)})
        [*_, synced] = recorder.synced(journal, before=len(recorder.calls))
        assert synced == state_of(journal)
    assert [call.path for call in recorder.calls] == [journal, tmp_path, journal]


def test_whom_to_forget_is_on_the_disk_before_anything_is_taken_out(new_job: Job, recorder: Recorder) -> None:
    new_job.ingest(with_contacts=True)
    recorder.calls.clear()
    done = forget(new_job.settings(), "kim.exempel@kommunen.example")
    assert done.contacts_removed
    private = new_job.warehouse / "private"
    recorder.assert_ordered(
        ("fsync", private / "suppressed.json.new"),
        ("replace", private / "suppressed.json"),
        ("fsync", private),
        ("fsync", private / "contacts.new.duckdb"),
        ("fsync", private),
        ("replace", private / "contacts.duckdb"),
        ("fsync", private),
    )
    lines = recorder.synced(private / "suppressed.json.new", before=len(recorder.calls))
    assert lines[-1] == state_of(private / "suppressed.json")
    if done.snapshot is not None:
        assert_snapshot_on_disk(recorder, new_job, Path(done.snapshot).name)


def test_going_back_is_on_the_disk_before_the_journal_says_so(new_job: Job, recorder: Recorder) -> None:
    first = new_job.ingest().run_id
    new_job.put("a.txt", project("Alfa", owner="En annan"), on_day=2)
    new_job.ingest()
    recorder.calls.clear()
    restore(new_job.warehouse, first)
    root = new_job.warehouse
    recorder.assert_ordered(("replace", root / "current"), ("fsync", root), ("fsync", root / "runs.jsonl"))

"""Every way to change what is published that we could think of: noticed and named by `verify`, and never built upon.

A byte at places spread over all files, files cut, lengthened, exchanged and replaced by links, each value of the
manifest, `current` pointed elsewhere; and nights at random, with damage and healing between them.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from esf_etl import Project
from esf_etl.errors import EsfEtlError, SnapshotDamaged, WarehouseError
from esf_etl.warehouse.restore import restore
from esf_etl.warehouse.verify import verify
from esf_schemas import SCHEMA_VERSION
from tests.integration.conftest import Job, project
from tests.integration.test_verify import check, seal_again, snapshot_of, wrong
from tests.promises import FULL, Tally

pytestmark = [pytest.mark.promise("healing"), pytest.mark.timeout(3600 if FULL else 300)]

FLIPS = 400 if FULL else 60
SOME = None if FULL else 10
"""So many of the other ways are tried; all of them under `make prove`."""
NIGHTS = 24 if FULL else 1
"""So many sequences of nights, of `STEPS` nights each."""
STEPS = 8 if FULL else 5
DATABASE, MANIFEST = "esf.duckdb", "manifest.json"
Way = TypeVar("Way", bound=tuple[str, object])


@pytest.fixture
def own(three_nights: Job, tmp_path: Path) -> Job:
    """A copy of the published nights and of their landing folder, with a page that the next run would load."""
    shutil.copytree(three_nights.warehouse, tmp_path / "own", symlinks=True)
    shutil.copytree(three_nights.landing, tmp_path / "landing")
    job = Job(tmp_path / "landing", tmp_path / "own")
    job.put("new.txt", project("Ny"), on_day=4)
    return job


def files_of(snapshot: Path) -> list[str]:
    return sorted(path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file())


@contextmanager
def changed(path: Path, data: bytes) -> Iterator[None]:
    """A published file with other bytes, and its mode and times of before; as it was, afterwards."""
    info, whole = path.stat(), path.read_bytes()
    assert data != whole

    def write(content: bytes) -> None:
        path.chmod(0o644)
        path.write_bytes(content)
        path.chmod(info.st_mode)
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))

    write(data)
    try:
        yield
    finally:
        write(whole)


def assert_named(job: Job, name: str) -> None:
    """`verify` finds something wrong and names the file."""
    found = wrong(check(job))
    if name == MANIFEST:
        assert list(found) == ["manifest"]
    else:
        assert f"{name} " in found["files"], found


def assert_not_built_upon(job: Job) -> None:
    """The next run ends with an error that says what to do, and what is published is what was."""
    before, kept = os.readlink(job.warehouse / "current"), job.snapshots()  # noqa: PTH115 - as it stands there
    with pytest.raises(EsfEtlError) as refusal:
        job.ingest()
    assert refusal.value.advice is not None
    assert "restore" in refusal.value.advice or "--rebuild" in refusal.value.advice
    assert os.readlink(job.warehouse / "current") == before  # noqa: PTH115
    assert job.snapshots() == kept
    assert list((job.warehouse / "staging").iterdir()) == []
    assert job.journal()[-1]["outcome"] == "failed"


def some(of: Iterable[Way], seed: int = 0) -> list[Way]:
    """All of them, or those that every run of the tests tries, those of database and manifest among them."""
    ways = list(of)
    random.Random(seed).shuffle(ways)
    ways.sort(key=lambda way: not is_built_upon(way[0]))
    return ways[:SOME]


def is_built_upon(name: str) -> bool:
    return name in (DATABASE, MANIFEST)


def tell(tally: Tally, what: str, times: int, refused: int) -> None:
    tally(f"database or manifest: {what}", "verify names it, the next run refuses and says what to do", refused)
    if times > refused:
        tally(f"a Parquet file: {what}", "verify names it", times - refused)


# ---- bytes ------------------------------------------------------------------------------------------------------


def test_a_flipped_bit_at_any_place_of_any_file_is_named_and_not_built_upon(own: Job, tally: Tally) -> None:
    """Half of them in the database, whose ends and header are among the places; the rest spread over all others."""
    snapshot = snapshot_of(own)
    draw = random.Random(8)
    others = [name for name in files_of(snapshot) if name != DATABASE]
    refused = 0
    for number in range(FLIPS):
        name = DATABASE if number % 2 else others[number // 2 % len(others)]
        whole = (snapshot / name).read_bytes()
        place = (0, len(whole) - 1, 8, 4096)[number // 2] if name == DATABASE and number < 8 else None
        place = draw.randrange(len(whole)) if place is None else place
        data = bytearray(whole)
        data[place] ^= 1 << draw.randrange(8)
        with changed(snapshot / name, bytes(data)):
            assert_named(own, name)
            if is_built_upon(name):
                assert_not_built_upon(own)
                refused += 1
    assert check(own).ok
    assert own.ingest().loaded == 1
    tell(tally, "one bit flipped", FLIPS, refused)


def lengths(whole: bytes) -> list[bytes]:
    """The file cut short and lengthened."""
    cuts = [b"", whole[:1], whole[: len(whole) // 2], whole[:-1], whole[1:]]
    return [*cuts, whole + b"\0", whole + b"\0" * 4096, whole + whole, b"\0" * len(whole)]


def test_a_file_cut_short_or_lengthened_is_named_and_not_built_upon(own: Job, tally: Tally) -> None:
    snapshot = snapshot_of(own)
    refused = 0
    ways = some((name, data) for name in files_of(snapshot) for data in lengths((snapshot / name).read_bytes()))
    for name, data in ways:
        with changed(snapshot / name, data):
            assert_named(own, name)
            if is_built_upon(name):
                assert_not_built_upon(own)
                refused += 1
    assert check(own).ok
    assert refused == min(18, len(ways))
    tell(tally, "cut short, lengthened or zeroed", len(ways), refused)


def test_files_that_change_places_are_named_and_not_built_upon(own: Job, tally: Tally) -> None:
    """Each file in the place of each other one of its kind, of this snapshot and of the one before."""
    snapshot = snapshot_of(own)
    before = own.warehouse / "snapshots" / own.snapshots()[0]
    names = files_of(snapshot)
    contents = {(Path(name).suffix, (folder / name).read_bytes()) for folder in (snapshot, before) for name in names}
    ways = some(
        (name, data)
        for name in names
        for kind, data in sorted(contents)
        if Path(name).suffix == kind and data != (snapshot / name).read_bytes()
    )
    refused = 0
    for name, data in ways:
        with changed(snapshot / name, data):
            assert_named(own, name)
            if is_built_upon(name):
                assert_not_built_upon(own)
                refused += 1
    assert check(own).ok
    assert refused == 2
    tell(tally, "exchanged for another of this or the snapshot before", len(ways), refused)


def test_what_stands_in_the_place_of_a_file_is_named(own: Job, tmp_path: Path, tally: Tally) -> None:
    """Nothing, a link to the very bytes, a folder, a pipe, which nobody opens and waits at."""
    snapshot = snapshot_of(own)
    places: dict[str, Callable[[Path], None]] = {
        "nothing": lambda path: None,
        "a link": lambda path: path.symlink_to(tmp_path / "away"),
        "a folder": lambda path: path.mkdir(),
        "a pipe": os.mkfifo,
    }
    ways = some((name, what) for name in files_of(snapshot) for what in places)
    for name, what in ways:
        path = snapshot / name
        path.rename(tmp_path / "away")
        places[what](path)
        assert_named(own, name)
        if is_built_upon(name) and (name, what) != (DATABASE, "a link"):  # to the very bytes, which are copied
            assert_not_built_upon(own)
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        (tmp_path / "away").rename(path)
    assert check(own).ok
    tally("nothing, a link, a folder or a pipe in the place of a file", "verify names the file", len(ways))


# ---- the manifest -----------------------------------------------------------------------------------------------


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    else:
        yield path


def other_than(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return "0" * len(value) if set(value) != {"0"} else "1" * len(value)
    return "x"


def test_each_value_of_the_manifest_is_sealed(own: Job, tally: Tally) -> None:
    path = snapshot_of(own) / MANIFEST
    said = json.loads(path.read_text())
    places = list(leaves(said))
    for place in places:
        changes = json.loads(path.read_text())
        inner = changes
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = other_than(inner[place[-1]])
        with changed(path, json.dumps(changes, ensure_ascii=False, indent=1).encode() + b"\n"):
            assert_named(own, MANIFEST)
    with changed(path, json.dumps(said, sort_keys=True).encode()):
        assert_named(own, MANIFEST)
        assert_not_built_upon(own)
    assert check(own).ok
    tally("one value of the manifest changed, or its order", "verify names the manifest", len(places) + 1)


def test_a_file_and_its_checksum_changed_together_are_told_by_the_journal(own: Job, tally: Tally) -> None:
    snapshot = snapshot_of(own)
    manifest = (snapshot / MANIFEST).read_text()
    names = [name for name in files_of(snapshot) if name != MANIFEST]
    for name in names:
        data = bytearray((snapshot / name).read_bytes())
        data[len(data) // 2] ^= 1
        said = json.loads(manifest)
        said["files"][name]["sha256"] = hashlib.sha256(data).hexdigest()
        with changed(snapshot / name, bytes(data)), changed(snapshot / MANIFEST, json.dumps(said).encode()):
            assert_named(own, MANIFEST)
            assert_not_built_upon(own)
    assert check(own).ok
    tally("a file and its checksum in the manifest changed together", "told by the journal, not built upon", len(names))


def test_counts_that_were_changed_under_a_whole_seal_are_told_by_the_rows(own: Job, tally: Tally) -> None:
    names = list(json.loads((snapshot_of(own) / MANIFEST).read_text())["rows"])[: SOME and 3]
    for name in names:
        seal_again(own, lambda said, name=name: said["rows"].update({name: said["rows"][name] + 1}))  # type: ignore[misc]
        assert f"{name} has" in wrong(check(own))["row counts"]
        seal_again(own, lambda said, name=name: said["rows"].update({name: said["rows"][name] - 1}))  # type: ignore[misc]
    assert check(own).ok
    tally("a count of rows changed in manifest and journal alike", "told by the rows", len(names))


# ---- current ----------------------------------------------------------------------------------------------------


def as_folder(job: Job, link: Path) -> None:
    shutil.copytree(snapshot_of(job), link)


def as_file(job: Job, link: Path) -> None:
    link.write_text("snapshots/x")


def to_a_copy(job: Job, link: Path) -> None:
    name = snapshot_of(job).name
    (job.warehouse / "copies").mkdir()
    shutil.copytree(snapshot_of(job), job.warehouse / "copies" / name)
    link.symlink_to(f"copies/{name}")


def to_another_name(job: Job, link: Path) -> None:
    shutil.copytree(snapshot_of(job), job.warehouse / "snapshots" / "20990101T000000.000000Z")
    link.symlink_to("snapshots/20990101T000000.000000Z")


def to_the_whole_path(job: Job, link: Path) -> None:
    link.symlink_to(snapshot_of(job))


def to(where: str) -> Callable[[Job, Path], None]:
    return lambda job, link: link.symlink_to(where)


CURRENT: dict[str, Callable[[Job, Path], None]] = {
    "a folder": as_folder,
    "a file": as_file,
    "a link to a copy elsewhere": to_a_copy,
    "a link to a copy of another name": to_another_name,
    "a link by the whole path": to_the_whole_path,
    "a link to nothing": to("snapshots/gone"),
    "a link to itself": to("current"),
    "a link to the journal": to("runs.jsonl"),
    "a link to the folder of snapshots": to("snapshots"),
    "a link out of the warehouse": to("/etc"),
    "a link to the root": to("/"),
}


@pytest.mark.parametrize("what", CURRENT)
def test_current_pointed_elsewhere_is_named(what: str, own: Job, tally: Tally) -> None:
    link = own.warehouse / "current"
    digest, target = own.digest(), snapshot_of(own)
    made = own.warehouse / "made"
    CURRENT[what](own, made)
    link.unlink()
    made.rename(link)

    try:
        found = wrong(check(own))
    except WarehouseError as refusal:
        found = {"current": str(refusal)}
    assert found
    assert {"current", "manifest"} & set(found), found

    if link.is_symlink():
        restore(own.warehouse, target.name)
        assert own.digest() == digest
        assert check(own).ok
    else:
        with pytest.raises(WarehouseError, match="no symlink"):
            restore(own.warehouse, target.name)
    tally("`current` replaced by a folder, a file or a link elsewhere", "verify names it")


def test_a_current_of_an_older_snapshot_is_a_whole_one_and_the_next_run_loses_nothing(own: Job) -> None:
    """Whoever may change the link may go back by hand; what is shown is what was published then."""
    link = own.warehouse / "current"
    link.unlink()
    link.symlink_to(f"snapshots/{own.snapshots()[0]}")
    assert check(own).ok
    own.ingest()
    fresh = own.fork(own.warehouse.with_name("fresh"))
    fresh.ingest()
    assert own.digest() == fresh.digest()


# ---- another schema version -------------------------------------------------------------------------------------


def test_a_database_of_another_version_is_named_with_what_to_do(own: Job, tally: Tally) -> None:
    digest = own.digest()
    seal_again(own, lambda said: said.update(schema_version=SCHEMA_VERSION + 1))

    assert f"version {SCHEMA_VERSION + 1}" in wrong(check(own))["database"]
    assert_not_built_upon(own)
    with pytest.raises(WarehouseError, match=f"version {SCHEMA_VERSION + 1}") as refusal:
        restore(own.warehouse, snapshot_of(own).name)
    assert "release that wrote it" in str(refusal.value.advice)

    (own.landing / "new.txt").unlink()
    own.ingest(rebuild=True)
    assert own.digest() == digest
    assert check(own).ok
    tally("a database of another schema version", "named by verify, ingest and restore; rebuilt to the same digest", 4)


# ---- nights at random -------------------------------------------------------------------------------------------


def damage_at_random(job: Job, draw: random.Random) -> str:
    """Damage to the current snapshot, of a kind that must be noticed; its name."""
    snapshot = snapshot_of(job)
    kind = draw.choice(["flip", "flip", "flip", "cut", "append", "gone", "wal", "snapshot gone", "link"])
    name = draw.choice([DATABASE, DATABASE, MANIFEST, *files_of(snapshot)])
    path = snapshot / name
    if kind in ("flip", "cut", "append"):
        data = bytearray(path.read_bytes())
        if kind == "flip":
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        data = data[: draw.randrange(len(data))] if kind == "cut" else data + b"x" * (kind == "append")
        path.unlink()  # it may be shared with other snapshots, which are to go back to
        path.write_bytes(data)
        path.chmod(0o444)
    elif kind == "gone":
        path.unlink()
    elif kind == "wal":
        (snapshot / "esf.duckdb.wal").write_bytes(b"foreign")
    elif kind == "snapshot gone":
        shutil.rmtree(snapshot)
    else:
        (job.warehouse / "current").unlink()
        (job.warehouse / "current").symlink_to("snapshots/nowhere")
    return kind


def is_found_wrong(job: Job) -> bool:
    try:
        return not verify(job.settings()).ok
    except WarehouseError:
        return True


def heal_at_random(job: Job, draw: random.Random) -> str:
    """Back to a whole snapshot where one is kept, else, or by choice, anew."""
    names = job.snapshots()
    draw.shuffle(names)
    if draw.random() < 0.6:
        for name in names:
            try:
                restore(job.warehouse, name)
            except SnapshotDamaged:
                continue
            return "restore"
    job.ingest(rebuild=True)
    return "rebuild"


@pytest.mark.parametrize("seed", range(NIGHTS))
def test_nights_damage_and_healing_in_any_order_end_with_the_right_digest(
    seed: int, job: Job, tmp_path: Path, tally: Tally
) -> None:
    draw = random.Random(seed)
    done = {"nights": 0, "damages": 0, "restore": 0, "rebuild": 0}
    for number in range(STEPS):
        for _ in range(draw.randrange(1, 4)):
            title = draw.choice(["Alfa", "Beta", "Gamma", "Delta"])
            owner = draw.choice(["Stiftelsen Ett", "Stiftelsen Två"])
            page: Any = project(title, owner=owner) if draw.random() < 0.85 else "Ingen projektsida.\n"
            # A file stays with its project: one whose last page is written over stays, but in a warehouse made anew.
            name = title if isinstance(page, Project) else "Ingen"
            job.put(f"{name}{number if draw.random() < 0.5 else ''}.txt", page, on_day=number)
        job.ingest(keep_snapshots=3)
        done["nights"] += 1
        assert verify(job.settings(), with_landing=True, read=True).ok
        if number % 2 or draw.random() < 0.5:
            damage_at_random(job, draw)
            done["damages"] += 1
            assert is_found_wrong(job)
            done[heal_at_random(job, draw)] += 1
            job.ingest(keep_snapshots=3)
            assert verify(job.settings(), with_landing=True, read=True).ok

    assert job.ingest().outcome == "idle"
    fresh = job.fork(tmp_path / "fresh")
    fresh.ingest()
    assert job.digest() == fresh.digest()
    tally("nights at random, with damage and healing between them", "verify is content with each", done["nights"])
    tally("damages between them", "noticed", done["damages"])
    tally("went back to a kept snapshot, or rebuilt", "whole again", done["restore"] + done["rebuild"])
    tally("sequences of these", "the digest of a warehouse that was never damaged")

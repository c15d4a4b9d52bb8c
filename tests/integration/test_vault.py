"""The vault: who is in it after which pages, who may read it, and what a run that fails or is killed leaves of it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from esf_etl import Contact, project_id
from esf_etl.errors import WarehouseError
from esf_etl.pages.invent import invent
from esf_etl.progress import STAGES, VAULT_STAGES, Silent
from esf_etl.warehouse.vault import VAULT
from tests.integration.conftest import Job, project
from tests.promises import Tally

pytestmark = pytest.mark.promise("personal")

ADA = Contact("Ada Exempel", "ada@exempel.example", "08-465 00 42")
BO = Contact("Bo Påhitt", "bo@exempel.example", None)
CIA = Contact("Cia Fiktiv", None, "08-465 00 43")


def vault(job: Job) -> dict[str, tuple[str | None, ...]]:
    """The contacts of the vault by the titles of their projects; every one must be of a project that is published."""
    path = job.warehouse / "private" / VAULT
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("SELECT project_id, name, email, phone FROM vault.contact").fetchall()
    titles = dict(job.rows("SELECT project_id, title FROM project"))
    assert len({row[0] for row in rows}) == len(rows)
    return {titles[key]: tuple(values) for key, *values in rows}


def of(contact: Contact) -> tuple[str | None, ...]:
    return contact.name, contact.email, contact.phone


def keep(job: Job, **settings: Any) -> None:
    job.ingest(with_contacts=True, **settings)


@pytest.fixture
def kept(job: Job) -> Job:
    """A warehouse with two projects, and a vault with their contacts."""
    job.put("a.txt", project("Alfa", contact=ADA))
    job.put("b.txt", project("Beta", contact=BO))
    keep(job)
    return job


# ---- who is in it -------------------------------------------------------------------------------------------------


def test_without_the_option_there_is_no_private_folder(job: Job) -> None:
    job.put("a.txt", project("Alfa", contact=ADA))
    job.ingest()
    assert not (job.warehouse / "private").exists()


def test_a_dry_run_makes_none_either(job: Job) -> None:
    job.put("a.txt", project("Alfa", contact=ADA))
    job.ingest(with_contacts=True, dry_run=True)
    assert not job.warehouse.exists()


def test_it_has_the_contact_of_each_project_that_has_one(kept: Job) -> None:
    kept.put("c.txt", project("Gamma", contact=None))
    keep(kept)
    assert vault(kept) == {"Alfa": of(ADA), "Beta": of(BO)}


def test_the_command_knows_the_option_and_says_nothing_of_contacts(job: Job) -> None:
    job.put("a.txt", project("Alfa", contact=ADA))
    done = job.run("--with-contacts")
    assert done.returncode == 0
    assert "Exempel" not in done.stdout + done.stderr
    assert vault(job) == {"Alfa": of(ADA)}


def test_a_newer_version_brings_its_contact(kept: Job) -> None:
    kept.put("a.txt", project("Alfa", owner="En annan", contact=CIA), on_day=2)
    keep(kept)
    assert vault(kept) == {"Alfa": of(CIA), "Beta": of(BO)}


def test_a_newer_page_that_says_the_same_brings_its_contact_too(kept: Job) -> None:
    kept.put("a2.txt", project("Alfa", contact=CIA), on_day=2)
    keep(kept)
    assert kept.value("SELECT count(*) FROM history.project") == 2
    assert vault(kept)["Alfa"] == of(CIA)


def test_a_newer_version_without_a_contact_takes_it_away(kept: Job) -> None:
    kept.put("a.txt", project("Alfa", owner="En annan", contact=None), on_day=2)
    keep(kept)
    assert vault(kept) == {"Beta": of(BO)}


def test_an_older_page_changes_nothing(kept: Job) -> None:
    kept.put("a0.txt", project("Alfa", owner="Förr", contact=CIA), on_day=0)
    kept.put("b0.txt", project("Beta", contact=CIA), on_day=0)
    keep(kept)
    assert vault(kept) == {"Alfa": of(ADA), "Beta": of(BO)}


def test_a_rejected_page_changes_nothing(kept: Job) -> None:
    kept.put("a.txt", project("Alfa", grant_sek=Decimal(2_000_000), contact=CIA), on_day=2)
    keep(kept)
    assert kept.value("SELECT count(*) FROM etl.reject") == 1
    assert vault(kept) == {"Alfa": of(ADA), "Beta": of(BO)}


def test_a_night_with_nothing_new_leaves_the_file_alone(kept: Job) -> None:
    before = (kept.warehouse / "private" / VAULT).stat()
    keep(kept)
    assert (kept.warehouse / "private" / VAULT).stat() == before


def test_pages_that_are_loaded_already_are_read_again_with_reprocess(job: Job) -> None:
    job.put("a.txt", project("Alfa", contact=ADA))
    job.put("a2.txt", project("Alfa", contact=BO), on_day=2)
    job.ingest()
    keep(job, reprocess=True)
    assert vault(job) == {"Alfa": of(BO)}


@pytest.mark.parametrize("seed", range(3))
def test_night_by_night_it_comes_to_the_same_as_a_rebuild(seed: int, job: Job) -> None:
    for number, page in enumerate(invent(30, seed=seed)):
        job.put(f"{number:03}.txt", page, on_day=number % 5)
        if number % 10 == 9:
            keep(job)
    other = job.fork(job.warehouse.parent / "anew")
    keep(other)
    assert vault(job) == vault(other)
    assert len(vault(job)) > 10


def test_a_run_without_the_option_drops_the_contacts_of_changed_projects_and_warns(kept: Job) -> None:
    kept.put("a.txt", project("Alfa", owner="En annan", contact=ADA), on_day=2)
    summary = kept.ingest()
    assert vault(kept) == {"Beta": of(BO)}
    [warning] = summary.warnings
    assert warning.startswith("1 contacts left the vault")


def test_a_rebuild_without_the_option_empties_it(kept: Job) -> None:
    kept.ingest(rebuild=True)
    assert vault(kept) == {}


def test_nothing_of_a_contact_that_left_is_in_the_new_file(kept: Job) -> None:
    path = kept.warehouse / "private" / VAULT
    assert b"Ada Exempel" in path.read_bytes()
    kept.put("a.txt", project("Alfa", owner="En annan", contact=None), on_day=2)
    keep(kept)
    assert b"Ada Exempel" not in path.read_bytes()


# ---- who may read it ----------------------------------------------------------------------------------------------


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_its_folder_and_files_are_its_owner_s_alone_from_their_first_moment(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the umask: looked at at each fsync of the vault, when all its files of that time lie there."""
    seen: dict[str, set[int]] = {}
    private = job.warehouse / "private"

    def look(_: Path) -> None:
        seen.setdefault(".", set()).add(private.stat().st_mode & 0o777)
        for path in private.iterdir():
            seen.setdefault(path.name, set()).add(path.stat().st_mode & 0o777)

    monkeypatch.setattr("esf_etl.warehouse.vault.fsync", look)

    def look_and_comment(*_: object) -> str:
        look(private)
        return "SELECT 1"

    monkeypatch.setattr("esf_etl.warehouse.vault.comment_sql", look_and_comment)
    job.put("a.txt", project("Alfa", contact=ADA))
    keep(job)
    job.put("a.txt", project("Alfa", owner="En annan", contact=BO), on_day=2)
    keep(job)

    assert seen.pop(".") == {0o700}
    assert {VAULT, "contacts.new.duckdb", "arriving.arrow"} < set(seen)
    assert any(name.startswith("contacts.before.") for name in seen)
    assert {mode for modes in seen.values() for mode in modes} == {0o600}
    assert [path.name for path in private.iterdir()] == [VAULT]


def test_a_folder_that_somebody_opened_is_closed_again(kept: Job) -> None:
    (kept.warehouse / "private").chmod(0o755)
    kept.put("c.txt", project("Gamma", contact=CIA))
    keep(kept)
    assert (kept.warehouse / "private").stat().st_mode & 0o777 == 0o700


# ---- what fails -----------------------------------------------------------------------------------------------------


class Broken(Silent):
    """Ends the run when a stage begins."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def stage(self, name: str) -> None:
        if name == self._stage:
            raise RuntimeError(name)


@pytest.mark.parametrize("stage", [*VAULT_STAGES, "parse", "commit", "audit", "flip"])
def test_a_run_that_fails_leaves_the_old_vault(stage: str, kept: Job) -> None:
    from esf_etl.pipeline import ingest

    before = (kept.warehouse / "private" / VAULT).read_bytes()
    kept.put("a.txt", project("Alfa", owner="En annan", contact=CIA), on_day=2)

    with pytest.raises(RuntimeError, match=stage):
        ingest(kept.settings(with_contacts=True), progress=Broken(stage))

    assert (kept.warehouse / "private" / VAULT).read_bytes() == before
    assert [path.name for path in (kept.warehouse / "private").iterdir()] == [VAULT]
    keep(kept)
    assert vault(kept)["Alfa"] == of(CIA)


def test_a_first_run_that_fails_at_the_flip_leaves_no_vault(job: Job) -> None:
    from esf_etl.pipeline import ingest

    job.put("a.txt", project("Alfa", contact=ADA))
    with pytest.raises(RuntimeError, match="flip"):
        ingest(job.settings(with_contacts=True), progress=Broken("flip"))
    assert list((job.warehouse / "private").iterdir()) == []


def test_a_damaged_vault_ends_the_run_and_is_named(kept: Job) -> None:
    (kept.warehouse / "private" / VAULT).write_bytes(b"no database" * 1000)
    before = kept.published()
    kept.put("a.txt", project("Alfa", owner="En annan", contact=CIA), on_day=2)
    with pytest.raises(WarehouseError) as refusal:
        keep(kept)
    assert refusal.value.code == "vault-damaged"
    assert kept.published() == before


def test_a_log_beside_the_vault_ends_the_run(kept: Job) -> None:
    (kept.warehouse / "private" / f"{VAULT}.wal").write_bytes(b"foreign")
    kept.put("a.txt", project("Alfa", owner="En annan", contact=CIA), on_day=2)
    with pytest.raises(WarehouseError) as refusal:
        keep(kept)
    assert refusal.value.code == "foreign-wal"


# ---- what is killed -------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
import esf_etl.warehouse.vault as vault
from esf_etl.pipeline import ingest
from esf_etl.progress import Silent
from esf_etl.settings import IngestSettings

kind, where = sys.argv[3:]
calls = 0

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Killed(Silent):
    def stage(self, name):
        if kind == "stage" and name == where:
            die()

def fsync(path, really=vault.fsync):
    global calls
    calls += 1
    if kind == "fsync" and calls == int(where):
        die()
    really(path)

def add(self, *tables, really=vault.ArrivingContacts.add):
    really(self, *tables)
    if kind == "arriving":
        die()

vault.fsync, vault.ArrivingContacts.add = fsync, add
ingest(IngestSettings(landing=Path(sys.argv[1]), warehouse=Path(sys.argv[2]), with_contacts=True), progress=Killed())
print(calls)
"""
FSYNCS = 6
"""Of the second night: settling, the new file, its folder, the link to the old, the rename, settling at the end."""

KILLS = [
    *(("stage", stage) for stage in (*STAGES, *VAULT_STAGES)),
    *(("fsync", str(number)) for number in range(1, FSYNCS + 1)),
    ("arriving", ""),
]


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A warehouse with a vault, and pages for tonight: another contact, none any more, and a new project."""
    root = tmp_path_factory.mktemp("nights")
    job = Job(root / "landing", root / "warehouse")
    job.put("a.txt", project("Alfa", contact=ADA))
    job.put("b.txt", project("Beta", contact=BO))
    keep(job)
    job.put("a2.txt", project("Alfa", owner="En annan", contact=CIA), on_day=2)
    job.put("b2.txt", project("Beta", owner="En annan", contact=None), on_day=2)
    job.put("c2.txt", project("Gamma", contact=BO), on_day=2)
    return job


BEFORE = {"Alfa": of(ADA), "Beta": of(BO)}
AFTER = {"Alfa": of(CIA), "Gamma": of(BO)}


def test_the_kills_below_reach_every_fsync_of_the_vault(two_nights: Job, tmp_path: Path) -> None:
    shutil.copytree(two_nights.warehouse, tmp_path / "w", symlinks=True)
    done = two_nights.python("-c", KILLED, str(two_nights.landing), str(tmp_path / "w"), "never", "")
    assert (done.returncode, done.stdout) == (0, f"{FSYNCS}\n"), done.stderr


@pytest.mark.promise("crashes")
@pytest.mark.parametrize(("kind", "where"), KILLS)
def test_a_run_killed_at_any_step_leaves_a_pair_that_the_next_one_makes_whole(
    kind: str, where: str, two_nights: Job, tmp_path: Path, tally: Tally
) -> None:
    job = Job(tmp_path / "landing", tmp_path / "w")
    shutil.copytree(two_nights.landing, job.landing)
    shutil.copytree(two_nights.warehouse, job.warehouse, symlinks=True)
    killed = job.python("-c", KILLED, str(job.landing), str(job.warehouse), kind, where)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    private = job.warehouse / "private"
    flipped = job.value("SELECT count(*) FROM project") == 3
    assert {path.stat().st_mode & 0o777 for path in private.iterdir()} == {0o600}

    # The page that was on its way is gone again: the vault must be that of what is published, and no newer.
    reverted = job.fork(tmp_path / "reverted")
    shutil.copytree(job.warehouse, reverted.warehouse, symlinks=True)
    other = Job(tmp_path / "without", reverted.warehouse)
    other.landing.mkdir()
    for name in ("a.txt", "b.txt"):
        shutil.copy2(job.landing / name, other.landing / name)
    keep(other)
    assert vault(other) == (AFTER if flipped else BEFORE)

    keep(job)
    assert vault(job) == AFTER
    assert [path.name for path in private.iterdir()] == [VAULT]
    assert job.value("SELECT count(*) FROM project") == 3
    tally("SIGKILL of a run that changes the vault, also at each fsync of it", "vault and warehouse of one run again")


def test_a_first_run_killed_before_the_flip_leaves_no_contact_of_what_is_not_published(
    two_nights: Job, tmp_path: Path
) -> None:
    job = Job(tmp_path / "landing", tmp_path / "w")
    job.put("a.txt", project("Alfa", contact=ADA))
    killed = job.python("-c", KILLED, str(job.landing), str(job.warehouse), "stage", "flip")
    assert killed.returncode == -signal.SIGKILL
    (job.landing / "a.txt").unlink()
    job.put("b.txt", project("Beta", contact=None))
    job.ingest()
    assert list((job.warehouse / "private").iterdir()) == []
    assert project_id(project("Alfa")) not in dict(job.rows("SELECT project_id, title FROM project"))

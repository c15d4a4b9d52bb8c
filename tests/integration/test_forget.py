"""Forgetting a person: gone from what is published in every form, named where they still are, and never back."""

from __future__ import annotations

import json
import shutil
import signal
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from esf_etl import Attribute, Contact, Project, Section
from esf_etl.errors import LockHeld, UsageError, WarehouseError
from esf_etl.forgetting import forget, purge
from esf_etl.reports.page import write_page
from esf_etl.reports.search import search
from esf_etl.warehouse.folder import WarehouseFolder
from esf_etl.warehouse.publish import is_intact, read_manifest
from tests.integration.conftest import Job, project
from tests.integration.test_vault import vault
from tests.promises import Tally

pytestmark = pytest.mark.promise("personal")

NAME, EMAIL, PHONE = "Åsa Glömsdotter", "asa.glomsdotter@exempel.example", "08-465 00 42"
ASA = Contact(NAME, EMAIL, PHONE)
BO = Contact("Bo Påhitt", "bo@exempel.example", None)
PROSE = f"Projektet leds av {NAME.upper()}.\n\nFrågor till Åsa\nGlömsdotter eller {EMAIL}."


def prose(text: str) -> tuple[Section, ...]:
    return (Section("summary", "Sammanfattning", text), Section("background", "Bakgrund", "Broarna saknas."))


def lay(job: Job) -> None:
    """The person as a contact, in prose, as an owner and partner, in a past version, and on a refused page."""
    job.put("contact.txt", project("Alfa", contact=ASA))
    job.put("prose.txt", project("Beta", contact=BO, sections=prose(PROSE)))
    job.put("owner.txt", project("Gamma", contact=BO, owner=NAME, partners=(f"{NAME} AB",)))
    job.put("past.txt", project("Delta", contact=ASA, sections=prose(PROSE)))
    bare: dict[str, Any] = {"layout": "colon-2014", "programme_period": "2014-2020", "diary_number": "2016/00001"}
    job.put("line.txt", Project(title="Eta", attributes=(Attribute("Utvärderas av", NAME),), **bare))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Job:
    root = tmp_path_factory.mktemp("prepared")
    job = Job(root / "landing", root / "warehouse")
    lay(job)
    job.ingest(with_contacts=True, mask_prose=False)
    job.put("past.txt", project("Delta", contact=BO), on_day=2)
    job.ingest(with_contacts=True, mask_prose=False)
    return job


@pytest.fixture
def done(prepared: Job, tmp_path: Path) -> Job:
    """Two nights of such pages, with contacts, and prose as it is."""
    return copy_of(prepared, tmp_path)


def copy_of(job: Job, root: Path) -> Job:
    copy = Job(root / "landing", root / "warehouse")
    shutil.copytree(job.landing, copy.landing)
    shutil.copytree(job.warehouse, copy.warehouse, symlinks=True)
    return copy


def encodings(*texts: str) -> list[bytes]:
    forms = {form for text in texts for form in (text, text.upper(), text.lower())}
    return [form.encode(code) for form in forms for code in ("utf-8", "utf-16-le", "utf-16-be", "latin-1")]


def bytes_of(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def values_of(snapshot: Path) -> str:
    """Every value of its database, also of the history, and of its Parquet files, decoded."""
    with duckdb.connect(str(snapshot / "esf.duckdb"), read_only=True) as connection:
        names = connection.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
        texts = [repr(connection.execute(f"FROM {name}").fetchall()) for (name,) in names]
    with duckdb.connect() as connection:
        texts += [repr(connection.execute(f"FROM '{path}'").fetchall()) for path in snapshot.rglob("*.parquet")]
    return " ".join("\n".join(texts).replace("\\n", " ").casefold().split())


def is_in_current(job: Job, *texts: str) -> bool:
    """Whether one of the texts is in the published snapshot, decoded or as bytes, or in the vault or the journal."""
    published = job.published()
    assert published is not None
    data = bytes_of(published) + bytes_of(job.warehouse / "private") + (job.warehouse / "runs.jsonl").read_bytes()
    return any(text.casefold() in values_of(published) for text in texts) or any(
        form in data for form in encodings(*texts)
    )


def forget_both(job: Job) -> None:
    forget(job.settings(), EMAIL)
    forget(job.settings(), NAME)


# ---- what is gone -------------------------------------------------------------------------------------------------


def test_the_person_is_there_before(done: Job) -> None:
    assert is_in_current(done, NAME)
    assert is_in_current(done, EMAIL)
    assert vault(done)["Alfa"] == (NAME, EMAIL, PHONE)


def test_no_value_and_no_byte_of_what_is_current_holds_them_afterwards(done: Job) -> None:
    forget_both(done)
    assert not is_in_current(done, NAME, EMAIL, PHONE, "Glömsdotter")
    assert "Alfa" not in vault(done)
    assert vault(done)["Beta"] == ("Bo Påhitt", "bo@exempel.example", None)


def test_what_was_made_of_the_tables_before_is_gone_too(done: Job) -> None:
    assert search(done.warehouse, "Glömsdotter").hits
    page = write_page(done.warehouse)
    forget(done.settings(dry_run=True), NAME)
    assert page.exists()
    assert list((done.warehouse / "search").iterdir())

    forget(done.settings(), NAME)

    assert not page.exists()
    assert not (done.warehouse / "search").exists()
    assert not search(done.warehouse, "Glömsdotter").hits


def test_all_else_of_the_rows_stays(done: Job) -> None:
    counts = "SELECT count(*), count(valid_to) FROM history."
    tables = ("project", "project_section", "project_organisation", "project_municipality", "project_attribute")
    before = [done.rows(counts + table) for table in tables]
    views = done.rows("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL")
    comments = done.rows(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
    )

    forget_both(done)

    assert [done.rows(counts + table) for table in tables] == before
    assert done.rows("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL") == views
    assert (
        done.rows("SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL")
        == comments
    )
    mask = "[personal data not shown]"
    assert done.column("SELECT body FROM project_section WHERE section_key = 'summary' AND contains(body, 'leds')") == [
        f"Projektet leds av {mask}.\n\nFrågor till {mask} eller {mask}."
    ]
    assert done.rows("SELECT role, name FROM project_organisation WHERE contains(name, '[') ORDER BY role") == [
        ("owner", mask),
        ("partner", f"{mask} AB"),
    ]
    assert done.column("SELECT value FROM project_attribute") == [mask]


def test_the_new_snapshot_is_whole_and_the_next_run_goes_on_from_it(done: Job) -> None:
    forget_both(done)
    published = done.published()
    assert published is not None
    manifest = read_manifest(published)
    assert all(is_intact(published, name) for name in manifest.files)
    assert manifest.rows["main.project"] == done.value("SELECT count(*) FROM project")
    assert done.ingest(with_contacts=True).outcome == "idle"
    assert done.column("SELECT outcome FROM etl.run ORDER BY run_id")[:2] == ["published", "published"]


def test_a_person_who_is_only_in_the_vault_makes_no_snapshot(job: Job) -> None:
    job.put("a.txt", project("Alfa", contact=ASA))
    job.ingest(with_contacts=True)
    before = job.snapshots()
    result = forget(job.settings(), EMAIL)
    assert (result.contacts_removed, result.masked, result.snapshot) == (1, {}, None)
    assert job.snapshots() == before
    assert vault(job) == {}


# ---- what is named ------------------------------------------------------------------------------------------------


def test_older_snapshots_and_pages_that_still_hold_them_are_named(done: Job) -> None:
    older = done.snapshots()
    result = forget(done.settings(), NAME)
    assert result.older_snapshots == [f"snapshots/{name}" for name in older]
    assert result.landing_files == ["contact.txt", "line.txt", "owner.txt", "prose.txt"]
    assert result.unsearched == []
    assert result.masked == {"project": 1, "project_attribute": 1, "project_organisation": 2, "project_section": 1}

    for name in older:
        WarehouseFolder(done.warehouse).snapshots.joinpath(name).rename(done.warehouse.parent / name)
    again = forget(done.settings(), NAME)
    assert (again.older_snapshots, again.masked, again.contacts_removed) == ([], {}, 0)


def test_an_address_that_is_glued_to_its_label_is_found_in_the_page(done: Job) -> None:
    assert forget(done.settings(), EMAIL).landing_files == ["contact.txt", "prose.txt"]


def test_what_cannot_be_searched_is_named(done: Job) -> None:
    broken = done.warehouse / "snapshots" / done.snapshots()[0] / "esf.duckdb"
    broken.chmod(0o644)
    broken.write_bytes(b"no database" * 1000)
    result = forget(done.settings(landing=done.landing / "nowhere"), NAME)
    assert result.unsearched == [f"snapshots/{broken.parent.name}", str(done.landing / "nowhere")]


def test_a_dry_run_says_the_same_and_changes_nothing(done: Job) -> None:
    def state() -> dict[str, tuple[float, bytes]]:
        files = (path for path in done.warehouse.rglob("*") if path.is_file())
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = state()
    said = forget(done.settings(dry_run=True), NAME)
    assert state() == before
    really = forget(done.settings(), NAME)
    assert (said.contacts_removed, said.masked) == (really.contacts_removed, really.masked) == (1, said.masked)


# ---- never back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{"reprocess": True}, {"rebuild": True}])
@pytest.mark.parametrize("mask_prose", [True, False])
def test_the_same_pages_do_not_bring_them_back(how: dict[str, bool], mask_prose: bool, done: Job) -> None:
    forget_both(done)
    done.ingest(with_contacts=True, mask_prose=mask_prose, **how)
    assert not is_in_current(done, NAME, EMAIL, PHONE)
    assert "Alfa" not in vault(done)


def test_reading_all_again_and_rebuilding_come_to_the_same_digest(done: Job) -> None:
    forget_both(done)
    digest = done.digest()
    assert done.ingest(reprocess=True, mask_prose=False).loaded == 0
    assert done.digest() == digest
    done.ingest(rebuild=True, mask_prose=False)
    assert done.digest() == digest


def test_a_new_page_does_not_bring_them_back_either(done: Job) -> None:
    forget_both(done)
    done.put("new.txt", project("Zeta", contact=Contact(NAME, "annan@exempel.example", None), sections=prose(PROSE)))
    done.put("bad.txt", project("Theta", contact=ASA, owner=NAME), on_day=3)
    text = (done.landing / "bad.txt").read_text().replace("400\u00a0000 kr", f"fråga {NAME}")
    done.put("bad.txt", text, on_day=3)
    done.ingest(with_contacts=True)
    assert done.value("SELECT count(*) FROM etl.reject") == 1
    assert not is_in_current(done, NAME, EMAIL, PHONE)
    assert set(vault(done)) == {"Beta", "Gamma", "Delta"}


def test_the_list_holds_no_name_and_is_its_owner_s_alone(done: Job) -> None:
    forget_both(done)
    path = done.warehouse / "private" / "suppressed.json"
    assert path.stat().st_mode & 0o777 == 0o600
    values = json.loads(path.read_text())
    assert len(values["persons"]) == 2
    assert not any(word in path.read_text().casefold() for word in ("glöms", "gloms", "exempel", "åsa"))


def test_a_damaged_list_ends_the_run(done: Job) -> None:
    forget(done.settings(), EMAIL)
    (done.warehouse / "private" / "suppressed.json").write_text("{}")
    with pytest.raises(WarehouseError) as refusal:
        done.ingest(reprocess=True)
    assert refusal.value.code == "suppression-damaged"


# ---- how it is asked for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["Åsa", "", "åsa@", "@", "Åsa Glömsdotter <asa@x.se>", "a@b.se, c@d.se"])
def test_what_is_neither_an_address_nor_a_whole_name_is_refused(person: str, done: Job) -> None:
    with pytest.raises(UsageError):
        forget(done.settings(), person)
    assert not (done.warehouse / "private" / "suppressed.json").exists()


def test_beside_a_run_it_does_nothing(done: Job) -> None:
    with WarehouseFolder(done.warehouse).locked(), pytest.raises(LockHeld):
        forget(done.settings(), NAME)
    with WarehouseFolder(done.warehouse).locked(), pytest.raises(LockHeld):
        purge(done.settings(), "2y")


def test_without_a_warehouse_it_says_so(job: Job) -> None:
    with pytest.raises(WarehouseError):
        forget(job.settings(), NAME)
    with pytest.raises(WarehouseError):
        purge(job.settings(), "2y")
    assert not job.warehouse.exists()


def test_the_command_says_what_was_done_and_names_nobody(done: Job) -> None:
    where = ("--warehouse", str(done.warehouse), "--landing", str(done.landing))
    as_json = done.command("forget", NAME, "--dry-run", "--json", *where)
    said = done.command("forget", NAME, *where)
    assert (as_json.returncode, said.returncode) == (0, 0), as_json.stderr + said.stderr
    assert json.loads(as_json.stdout)["contacts_removed"] == 1
    assert "Removed 1 contacts and masked 5 texts." in said.stdout
    assert "prose.txt" in said.stdout
    everything = as_json.stdout + as_json.stderr + said.stdout + said.stderr
    assert not any(word in everything for word in ("Åsa", "Glömsdotter", EMAIL, PHONE))


KILLED = """
import os, signal, sys
from pathlib import Path
import esf_etl.forgetting as forgetting
from esf_etl.settings import IngestSettings

where, person = sys.argv[3:]

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if where == "flip":
    import esf_etl.warehouse.publish
    esf_etl.warehouse.publish.flip = die
else:
    setattr(forgetting, where, die)
forgetting.forget(IngestSettings(landing=Path(sys.argv[1]), warehouse=Path(sys.argv[2])), person)
"""


@pytest.mark.promise("crashes")
@pytest.mark.parametrize(
    "where",
    [
        "write_suppression",
        "replace_vault",
        "_forget_published",
        "copy_masked",
        "publish_copy",
        "flip",
        "_look_into_older",
    ],
)
def test_killed_half_way_nothing_is_hurt_and_doing_it_again_completes_it(where: str, done: Job, tally: Tally) -> None:
    killed = done.python("-c", KILLED, str(done.landing), str(done.warehouse), where, NAME)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    published = done.published()
    assert published is not None
    assert all(is_intact(published, name) for name in read_manifest(published).files)

    if where != "write_suppression":  # nothing comes back meanwhile
        done.ingest(rebuild=True, with_contacts=True, mask_prose=False)
        assert not is_in_current(done, NAME)
    forget_both(done)
    assert not is_in_current(done, NAME, EMAIL, PHONE)
    assert list(done.warehouse.glob("staging/*")) == []
    tally("SIGKILL of esf-etl forget", "published stays whole; nobody comes back; doing it again completes it")


# ---- purge -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_ends(tmp_path_factory: pytest.TempPathFactory) -> Job:
    root = tmp_path_factory.mktemp("ended")
    job = Job(root / "landing", root / "warehouse")
    late: dict[str, Any] = {"period_start": date(2022, 1, 1), "period_end": date(2023, 5, 31)}
    job.put("old.txt", project("Alfa", contact=ASA))
    job.put("late.txt", project("Beta", contact=BO, **late))
    bare: dict[str, Any] = {"layout": "colon-2014", "programme_period": "2014-2020", "diary_number": "2016/00001"}
    job.put("open.txt", Project(title="Gamma", contact=Contact("Cia Fiktiv", "cia@exempel.example"), **bare))
    job.ingest(with_contacts=True)
    assert set(vault(job)) == {"Alfa", "Beta", "Gamma"}
    return job


@pytest.fixture
def ended(with_ends: Job, tmp_path: Path) -> Job:
    """A vault of three projects: ended in 2010, in 2023, and at an unknown time of 2014-2020."""
    return copy_of(with_ends, tmp_path)


@pytest.mark.parametrize(
    ("older_than", "today", "stay"),
    [
        ("2y", (2012, 12, 31), {"Alfa", "Beta", "Gamma"}),
        ("2y", (2013, 1, 1), {"Beta", "Gamma"}),
        ("24m", (2013, 1, 1), {"Beta", "Gamma"}),
        ("1y", (2021, 12, 31), {"Beta", "Gamma"}),
        ("1y", (2022, 1, 1), {"Beta"}),
        ("10d", (2023, 6, 10), {"Beta"}),
        ("10d", (2023, 6, 11), set()),
        ("1w", (2023, 6, 8), set()),
    ],
)
def test_a_purge_removes_the_contacts_of_projects_that_ended_longer_ago(
    older_than: str, today: tuple[int, int, int], stay: set[str], ended: Job
) -> None:
    path = ended.warehouse / "private" / "contacts.duckdb"
    would = purge(ended.settings(dry_run=True), older_than, today=date(*today))
    assert set(vault(ended)) == {"Alfa", "Beta", "Gamma"}
    result = purge(ended.settings(), older_than, today=date(*today))
    assert set(vault(ended)) == stay
    assert (result.contacts_removed, result.contacts_kept) == (3 - len(stay), len(stay))
    assert would.contacts_removed == result.contacts_removed
    assert (NAME.encode() in path.read_bytes()) == ("Alfa" in stay)


@pytest.mark.parametrize("how", [{"reprocess": True}, {"rebuild": True}, {}])
def test_what_was_purged_does_not_come_back(how: dict[str, bool], ended: Job) -> None:
    purge(ended.settings(), "2y")
    assert vault(ended) == {}
    ended.put("old.txt", project("Alfa", owner="Ny", contact=ASA), on_day=2)
    ended.put("new.txt", project("Delta", contact=ASA))
    ended.ingest(with_contacts=True, **how)
    assert vault(ended) == {}


def test_a_later_purge_of_less_does_not_let_them_in_again(ended: Job) -> None:
    first = purge(ended.settings(), "2y")
    assert purge(ended.settings(), "50y").ended_before == first.ended_before
    ended.ingest(reprocess=True, with_contacts=True)
    assert vault(ended) == {}


def test_the_published_tables_know_nothing_of_a_purge(ended: Job) -> None:
    before = (ended.published(), ended.digest())
    purge(ended.settings(), "2y")
    assert (ended.published(), ended.digest()) == before


@pytest.mark.parametrize("text", ["", "2", "y", "2 y", "-2y", "1.5y", "2x", "9999y", "99999999999d", "²y"])
def test_what_is_no_length_of_time_is_refused(text: str, ended: Job) -> None:
    with pytest.raises(UsageError):
        purge(ended.settings(), text)


def test_the_command_counts(ended: Job) -> None:
    where = ("--warehouse", str(ended.warehouse))
    would = ended.command("purge", "--older-than", "2y", "--dry-run", "--json", *where)
    said = ended.command("purge", "--older-than", "2y", *where)
    assert json.loads(would.stdout)["contacts_removed"] == 3
    assert said.stdout.startswith("Removed 3 contacts of projects that ended before ")
    assert ended.command("purge", "--older-than", "bald", *where).returncode == 2

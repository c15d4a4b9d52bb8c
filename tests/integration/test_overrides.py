"""The overrides file: an override of each kind with its effect, taken back with its line."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from esf_etl import project_id
from esf_etl.errors import EsfEtlError
from tests.integration.conftest import Job, project

ALFA, BETA = project_id(project("Alfa")), project_id(project("Beta"))
HEAD = "kind,what,becomes,why\n"


def overrides(job: Job, *lines: str) -> Path:
    """Put the overrides file with these lines into the warehouse folder."""
    job.warehouse.mkdir(parents=True, exist_ok=True)
    path = job.warehouse / "overrides.csv"
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def titles(job: Job) -> list[tuple[Any, ...]]:
    return job.rows("SELECT project_id, title FROM project ORDER BY title")


def rebuilt(job: Job, tmp_path: Path) -> str:
    """The digest of a rebuild with the same overrides, in a warehouse of its own."""
    other = Job(job.landing, tmp_path / "rebuilt")
    other.ingest(overrides=job.warehouse / "overrides.csv", rebuild=True)
    return other.digest()


# ---- each kind and its effect ----------------------------------------------------------------------------------


def test_two_ids_that_are_one_project_become_versions_of_it_the_newest_current(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"), on_day=2)
    job.put("b.txt", project("Beta"), on_day=1)
    job.ingest()
    before = job.digest()
    assert titles(job) == [(ALFA, "Alfa"), (BETA, "Beta")]

    overrides(job, f"same-project,{ALFA},{BETA},the title was changed")
    summary = job.ingest()

    assert summary.outcome == "published"
    assert titles(job) == [(BETA, "Alfa")]
    assert job.rows(
        "SELECT project_id, title, valid_to IS NULL, cause FROM history.project ORDER BY valid_from, title"
    ) == [
        (ALFA, "Alfa", False, "page"),
        (BETA, "Beta", False, "page"),
        (BETA, "Alfa", True, "override"),
    ]
    assert job.rows("SELECT DISTINCT project_id FROM project_section") == [(BETA,)]
    assert job.column("SELECT count(*) FROM etl.finding WHERE project_id <> (SELECT project_id FROM project)") == [0]
    assert job.ingest().outcome == "idle"
    assert rebuilt(job, tmp_path) == job.digest()

    overrides(job)
    job.ingest()

    assert titles(job) == [(ALFA, "Alfa"), (BETA, "Beta")]
    assert job.digest() == before
    assert job.column("SELECT DISTINCT cause FROM project") == ["override"]
    assert job.ingest().outcome == "idle"


def test_one_id_that_is_two_becomes_two_projects(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa", owner="Ett"), on_day=1)
    job.put("b.txt", project("Alfa", owner="Två"), on_day=2)
    job.ingest()
    before = job.digest()
    assert job.rows("SELECT project_id, owner FROM project") == [(ALFA, "Två")]

    overrides(job, "other-project,b.txt,esf-alfa-2,another owner and another year")
    job.ingest()

    assert job.rows("SELECT project_id, owner, cause FROM project ORDER BY owner") == [
        (ALFA, "Ett", "override"),
        ("esf-alfa-2", "Två", "override"),
    ]
    assert rebuilt(job, tmp_path) == job.digest()

    overrides(job)
    job.ingest()

    assert job.rows("SELECT project_id, owner FROM project") == [(ALFA, "Två")]
    assert job.digest() == before


def test_a_spelling_of_a_region_gets_its_code_and_no_project_another_id(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa", region="Sydsvärje", nuts2_code=None))
    job.ingest()
    before, name = job.digest(), job.value("SELECT project_id FROM project")
    assert job.rows("SELECT region, nuts2_code FROM project") == [("Sydsvärje", None)]
    assert "region-unknown" in job.column("SELECT rule FROM etl.finding")

    overrides(job, "region,sydsvärje,SE22,a slip of the pen")
    job.ingest()

    assert job.rows("SELECT project_id, region, nuts2_code, cause FROM project") == [
        (name, "Sydsvärje", "SE22", "override")
    ]
    assert "region-unknown" not in job.column("SELECT rule FROM etl.finding")
    assert rebuilt(job, tmp_path) == job.digest()

    overrides(job)
    job.ingest()

    assert job.digest() == before
    assert "region-unknown" in job.column("SELECT rule FROM etl.finding")


def test_a_spelling_of_a_municipality_gets_its_codes(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa", municipalities=("Bjuv", "Hobo")))
    job.ingest()
    before = job.digest()
    codes = "SELECT name, municipality_code, county_code, nuts2_code FROM project_municipality ORDER BY ordinal"
    assert job.rows(codes)[1] == ("Hobo", None, None, None)
    assert "municipality-unknown" in job.column("SELECT rule FROM etl.finding")

    overrides(job, "municipality,HOBO,0305,Håbo without its ring")
    job.ingest()

    assert job.rows(codes)[1] == ("Hobo", "0305", "03", "SE12")
    assert "municipality-unknown" not in job.column("SELECT rule FROM etl.finding")
    assert job.ingest().outcome == "idle"
    assert rebuilt(job, tmp_path) == job.digest()

    overrides(job)
    job.ingest()

    assert job.rows(codes)[1] == ("Hobo", None, None, None)
    assert job.digest() == before


def test_a_page_to_ignore_is_not_read_and_its_project_ends_in_history(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", project("Beta"))
    job.ingest()
    before = job.digest()

    overrides(job, "ignore,a.txt,,a test page")
    summary = job.ingest()

    assert (summary.files_seen, summary.ignored, summary.rejected) == (1, 1, 0)
    assert titles(job) == [(BETA, "Beta")]
    assert job.column("SELECT title FROM history.project WHERE valid_to IS NOT NULL") == ["Alfa"]
    assert job.column("SELECT path FROM etl.landing_file WHERE missing_since IS NULL") == ["b.txt"]
    again = job.ingest()
    assert (again.outcome, again.files_seen, again.ignored) == ("idle", 1, 1)
    assert rebuilt(job, tmp_path) == job.digest()

    overrides(job)
    job.ingest()

    assert titles(job) == [(ALFA, "Alfa"), (BETA, "Beta")]
    assert job.digest() == before


def test_where_the_newest_page_is_ignored_the_one_before_it_holds(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa", owner="Ett"), on_day=1)
    job.put("b.txt", project("Alfa", owner="Två"), on_day=2)
    job.ingest()

    overrides(job, "ignore,b.txt,,saved from the wrong site")
    job.ingest()

    assert job.rows("SELECT owner, cause FROM project") == [("Ett", "override")]
    assert job.ingest().outcome == "idle"
    assert rebuilt(job, tmp_path) == job.digest()


def test_a_standing_reject_ends_where_its_page_is_ignored(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", "Ingen projektsida.\n")
    assert job.ingest().standing_rejects == 1

    overrides(job, "ignore,b.txt,,no page of a project")

    assert job.ingest().standing_rejects == 0


# ---- night after night -----------------------------------------------------------------------------------------


def test_a_page_that_is_too_young_on_the_night_of_the_change_comes_under_it_later(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa", municipalities=("Hobo",)))
    job.put("b.txt", project("Beta", municipalities=("Hobo",)))
    job.ingest()
    overrides(job, "municipality,Hobo,0305,Håbo", f"same-project,{BETA},esf-beta,a name to remember")
    (job.landing / "b.txt").touch()

    assert job.ingest(settle_s=3600).deferred == 1
    job.touch("b.txt", on_day=3)
    job.ingest(settle_s=3600)

    assert job.rows("SELECT project_id, municipality_code FROM project_municipality ORDER BY ALL") == sorted(
        [(ALFA, "0305"), ("esf-beta", "0305")]
    )
    assert rebuilt(job, tmp_path) == job.digest()


def test_an_override_that_matches_nothing_is_a_warning(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    overrides(job, "ignore,b.txt,,it will come", "region,Nordpolen,SE33,north", "municipality,Bjuv,1260,as it is")

    summary = job.ingest()

    assert summary.outcome == "published"
    assert any("lines 2, 3 of the overrides file" in text for text in summary.warnings)
    assert any("lines 2, 3 of the overrides file" in text for text in job.ingest().warnings)
    assert job.rows("SELECT line, kind, what, becomes, why, pages FROM etl.override ORDER BY line") == [
        (2, "ignore", "b.txt", None, "it will come", 0),
        (3, "region", "Nordpolen", "SE33", "north", 0),
        (4, "municipality", "Bjuv", "1260", "as it is", 1),
    ]


def test_a_wrong_line_ends_the_run_before_it_does_anything(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    before = job.digest()
    job.put("b.txt", project("Beta"))
    overrides(job, "ignore,../b.txt,,outside", "municipality,Hobo,9999,no code")

    with pytest.raises(EsfEtlError, match=r"line 2: .*; line 3: ") as caught:
        job.ingest()

    assert caught.value.code == "overrides-invalid"
    assert job.digest() == before
    assert job.journal()[-1]["error_code"] == "overrides-invalid"


def test_a_file_that_is_gone_is_an_error_and_takes_nothing_back(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", project("Beta"))
    path = overrides(job, "ignore,a.txt,,a test page")
    job.ingest()
    path.unlink()

    for rebuild in (False, True):
        with pytest.raises(EsfEtlError, match="1 overrides are in force") as caught:
            job.ingest(rebuild=rebuild)
        assert caught.value.code == "overrides-missing"

    assert titles(job) == [(BETA, "Beta")]


def test_the_overrides_of_one_landing_leave_the_pages_of_another_alone(job: Job, tmp_path: Path) -> None:
    other = Job(tmp_path / "other", job.warehouse)
    other.landing.mkdir()
    job.put("a.txt", project("Alfa"))
    other.put("a.txt", project("Beta"))
    job.ingest()
    empty = tmp_path / "none.csv"
    empty.write_text(HEAD)
    other.ingest(landing_name="other", overrides=empty)

    overrides(job, "ignore,a.txt,,a test page")
    job.ingest()
    assert other.ingest(landing_name="other", overrides=empty).outcome == "idle"

    assert titles(job) == [(BETA, "Beta")]
    assert job.column("SELECT landing FROM etl.override") == ["default"]


def test_a_dry_run_says_what_overrides_would_do_and_does_not(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    overrides(job, f"same-project,{ALFA},esf-alfa,a name to remember")

    summary = job.ingest(dry_run=True)

    assert (summary.outcome, summary.loaded, summary.overrides) == ("published", 1, {"same-project": 1})
    assert titles(job) == [(ALFA, "Alfa")]


def test_with_contacts_the_contact_of_a_merged_project_goes_with_it(job: Job) -> None:
    import duckdb

    job.put("a.txt", project("Alfa"))
    job.ingest(with_contacts=True)
    overrides(job, f"same-project,{ALFA},esf-alfa,a name to remember")
    job.ingest(with_contacts=True)

    with duckdb.connect(str(job.warehouse / "private" / "contacts.duckdb"), read_only=True) as vault:
        assert vault.execute("SELECT project_id FROM vault.contact").fetchall() == [("esf-alfa",)]


def test_verify_and_the_ledger_know_what_is_ignored(job: Job) -> None:
    from esf_etl.warehouse.verify import verify

    job.put("a.txt", project("Alfa"))
    job.put("b.txt", project("Beta"))
    path = overrides(job, "ignore,a.txt,,a test page")
    job.ingest()

    found = {check.name: check for check in verify(job.settings(), with_landing=True, read=True).checks}
    assert {check.state for check in found.values()} == {"ok"}

    path.write_text(HEAD + "ignore,c.txt,,another\n")
    found = {check.name: check for check in verify(job.settings(), with_landing=True).checks}
    assert found["landing folder"].state == "note"


def test_a_warehouse_of_a_release_without_overrides_gets_their_tables_with_the_next_publication(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    from esf_etl import writing
    from esf_etl.warehouse import audit, checks, create
    from esf_etl.warehouse.overriding import TABLES
    from esf_etl.warehouse.verify import verify

    job.put("a.txt", project("Alfa"))
    with monkeypatch.context() as older:
        for module, name in ((create, "ETL_TABLES"), (writing, "CONTRACTS")):
            tables = [each for each in getattr(module, name) if each.table().name not in TABLES]
            older.setattr(module, name, tables)
        older.setattr(writing, "write_overrides", lambda *_: None)
        known = [each for each in checks.PUBLISHED_TABLES if each.table().name not in TABLES]
        keys = partial(checks.checks_of_keys, contracts=known)
        older.setattr(audit, "checks_of_keys", keys)
        job.ingest()
    assert job.column("SELECT count(*) FROM duckdb_tables() WHERE starts_with(table_name, 'override')") == [0]
    assert verify(job.settings()).ok
    assert job.ingest().outcome == "idle"

    overrides(job, f"same-project,{ALFA},esf-alfa,a name to remember")
    job.ingest()

    assert titles(job) == [("esf-alfa", "Alfa")]
    assert verify(job.settings()).ok


def test_who_is_forgotten_is_masked_in_what_the_warehouse_remembers_of_overrides(job: Job) -> None:
    from esf_etl.forgetting import forget

    job.put("a.txt", project("Alfa", municipalities=("Kommun Asa Provsson",)))
    overrides(job, "municipality,Kommun Asa Provsson,0305,Asa Provsson wrote it; asa@exempel.example")
    job.ingest()
    assert "asa@" not in job.value("SELECT why FROM etl.override")

    forget(job.settings(), "Asa Provsson")
    after = job.rows("SELECT what, why FROM etl.override UNION ALL SELECT what, '' FROM etl.override_page")
    job.ingest()

    assert "Provsson" not in str(after)
    assert job.rows("SELECT what, why FROM etl.override UNION ALL SELECT what, '' FROM etl.override_page") == after
    assert job.column("SELECT municipality_code FROM project_municipality") == ["0305"]
    assert job.ingest().outcome == "idle"


def test_status_says_which_overrides_are_in_force_and_which_match_nothing(job: Job) -> None:
    from esf_etl.warehouse.status import read_status

    job.put("a.txt", project("Alfa"))
    job.ingest()
    assert read_status(job.warehouse)["published"]["overrides"] == []
    overrides(job, f"same-project,{ALFA},esf-alfa,the name it goes by", "region,Nordpolen,SE33,north")
    job.ingest()

    said = job.command("status", "--warehouse", str(job.warehouse)).stdout

    assert "Overrides: 2 in force (1 region, 1 same-project); 1 matches nothing." in said
    assert f"2\tsame-project\t{ALFA}\tesf-alfa\t1\tthe name it goes by" in said
    assert [(one["line"], one["pages"]) for one in read_status(job.warehouse)["published"]["overrides"]] == [
        (2, 1),
        (3, 0),
    ]


def test_a_version_whose_page_is_taken_away_comes_from_the_page_that_is_left_and_ends_with_it(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.put("b.txt", project("Alfa"), on_day=2)
    job.ingest()
    assert job.column("SELECT source_path FROM project") == ["a.txt"]

    moved = "other-project,a.txt,esf-ett,another one"
    overrides(job, moved)
    job.ingest()
    assert job.rows("SELECT project_id, source_path FROM project ORDER BY source_path") == [
        ("esf-ett", "a.txt"),
        (ALFA, "b.txt"),
    ]

    overrides(job, moved, "ignore,b.txt,,a copy")
    job.ingest()
    assert job.column("SELECT project_id FROM project") == ["esf-ett"]


def test_a_broken_page_whose_line_is_gone_is_not_read_night_after_night(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", project("Beta"))
    overrides(job, f"same-project,{ALFA},esf-alfa,a name")
    job.ingest()
    job.put("a.txt", "Ingen projektsida.\n", on_day=2)
    overrides(job)
    job.ingest()

    assert job.ingest().outcome == "idle"

    job.put("a.txt", project("Alfa"), on_day=3)
    job.ingest()
    assert titles(job) == [(ALFA, "Alfa"), (BETA, "Beta")]

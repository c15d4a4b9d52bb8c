"""What is odd about a loaded project is found, told, and forgotten when it is odd no more."""

from __future__ import annotations

from decimal import Decimal

from esf_etl import Section, project_id
from tests.integration.conftest import Job, project

OTHER = {"owner": "En annan ägare", "grant_sek": Decimal(1), "budget_sek": Decimal(2)}


def rules(job: Job, title: str = "Alfa") -> list[str]:
    return job.column(
        f"SELECT rule FROM etl.finding JOIN project USING (project_id) WHERE title = '{title}' ORDER BY rule"
    )


def test_there_is_nothing_odd_about_an_ordinary_page(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    assert job.ingest().findings == 0
    assert job.rows("FROM etl.finding") == []


def test_a_finding_says_where_it_was_found(job: Job) -> None:
    job.put("sub/a.txt", project("Alfa", owner=None))
    summary = job.ingest()
    assert summary.findings == 1
    columns = "project_id, rule, field, found, related_project_id, landing, path, run_id, found_at"
    assert job.rows(f"SELECT {columns} FROM etl.finding") == [
        (
            project_id(project("Alfa")),
            "owner-missing",
            "owner",
            None,
            None,
            "default",
            "sub/a.txt",
            summary.run_id,
            summary.started_at,
        )
    ]


def test_a_finding_goes_with_the_version_it_is_about(job: Job) -> None:
    job.put("a.txt", project("Alfa", owner=None), on_day=1)
    job.ingest()
    job.put("b.txt", project("Beta"), on_day=1)
    assert job.ingest().findings == 1, "it stands while its version does"
    job.put("a.txt", project("Alfa"), on_day=2)
    assert job.ingest().findings == 0


def test_findings_of_a_page_that_is_not_loaded_are_not_told(job: Job) -> None:
    job.put("a.txt", project("Alfa", owner=None), on_day=1)
    job.put("b.txt", project("Alfa"), on_day=2)
    assert job.ingest().findings == 0


def test_another_owner_and_other_amounts_put_the_identity_in_doubt(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()
    job.put("b.txt", project("Alfa", **{**OTHER, "grant_sek": Decimal(400_000)}), on_day=2)
    job.ingest()
    assert rules(job) == [], "one amount is the same"
    job.put("c.txt", project("Alfa", owner="En tredje", grant_sek=Decimal(7), budget_sek=Decimal(8)), on_day=3)
    job.ingest()
    assert rules(job) == ["identity-doubt"]
    job.put("d.txt", project("Alfa", owner="En tredje", grant_sek=Decimal(7), budget_sek=Decimal(9)), on_day=4)
    job.ingest()
    assert rules(job) == []


def test_lost_sections_are_found_and_named(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()
    job.put("a.txt", project("Alfa", sections=(Section("summary", "Sammanfattning", "Kort."),)), on_day=2)
    job.ingest()
    assert job.rows("SELECT rule, found FROM etl.finding") == [("content-shrunk", "background")]
    job.put("a.txt", project("Alfa"), on_day=3)
    job.ingest()
    assert rules(job) == []


def test_two_ids_with_the_same_owner_amounts_and_period_look_like_one_project(job: Job) -> None:
    same = {"owner": "Exempelkommunen"}
    job.put("a.txt", project("Alfa", **same))
    job.put("b.txt", project("Alfa!", phase="Förprojektering", **same))
    job.put("c.txt", project("Beta", **same, period_end=None, period_start=None))
    job.ingest()
    ids = [project_id(project("Alfa")), project_id(project("Alfa!", phase="Förprojektering"))]
    found = "SELECT project_id, related_project_id FROM etl.finding WHERE rule = 'likely-duplicate' ORDER BY ALL"
    assert job.rows(found) == sorted(zip(ids, reversed(ids), strict=True))

    job.put("b.txt", project("Alfa!", phase="Förprojektering", owner="En annan ägare"), on_day=2)
    job.ingest()
    assert job.rows(found) == []


def test_a_likely_duplicate_is_told_once_however_many_runs_see_it(job: Job) -> None:
    job.put("a.txt", project("Alfa", owner="Exempelkommunen"))
    job.put("b.txt", project("Beta", owner="Exempelkommunen"))
    job.ingest()
    first = job.rows("FROM etl.finding ORDER BY ALL")
    job.put("c.txt", project("Gamma"))
    assert job.ingest().findings == 2
    assert job.rows("FROM etl.finding ORDER BY ALL") == first  # also the run that found it


def test_likely_duplicates_of_many_nights_are_those_of_a_rebuild(job: Job) -> None:
    """Each is about the first and the last of those alike, which may come, change and leave on any night."""
    findings = "SELECT project_id, related_project_id FROM etl.finding WHERE rule = 'likely-duplicate' ORDER BY ALL"
    for night, (title, owner) in enumerate(
        [("Delta", "Kommunen"), ("Beta", "Kommunen"), ("Alfa", "Kommunen"), ("Gamma", "Kommunen"), ("Alfa", "Byn")], 1
    ):
        job.put(f"{title}.txt", project(title, owner=owner), on_day=night)
        job.ingest()
        by_night = job.rows(findings)
        assert len(by_night) == {1: 0, 2: 2, 3: 3, 4: 4, 5: 3}[night]
        job.ingest(rebuild=True)
        assert job.rows(findings) == by_night


def test_another_layout_is_found(job: Job) -> None:
    lists = {"sections": (), "co_financiers": (), "partners": (), "municipalities": ()}
    bare = {
        "programme_period": "2014-2020",
        "phase": None,
        "programme_area_code": None,
        "programme_area": None,
        **lists,
    }
    number = "2016/00648"
    job.put("a.txt", project("Alfa", layout="lines-2014", project_number=number, **bare), on_day=1)
    job.ingest()
    job.put("b.txt", project("Alfa", layout="colon-2014", diary_number=number, **bare), on_day=2)
    assert job.ingest().loaded == 1

    assert job.rows("SELECT found FROM etl.finding WHERE rule = 'layout-changed'") == [("lines-2014 -> colon-2014",)]
    assert job.rows("SELECT project_id, layout FROM project") == [("esf-2016-00648", "colon-2014")]

"""History by project: when anything in a project changes, all its rows close and new ones open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Self

import pytest

import esf_etl.batch
import esf_etl.run
import esf_etl.warehouse.recovery
from esf_etl import Contact, Project, Section, render
from esf_etl.pages.parser import parse_bytes
from esf_schemas import PROJECT_TABLES
from tests.integration.conftest import Job, project

TABLES = [contract.table().name for contract in PROJECT_TABLES]


def test_a_change_closes_every_row_of_the_project_and_opens_new_ones(job: Job) -> None:
    page = render(project("Alfa")).replace("RegionSydsverige\n", "RegionSydsverige\nDiarie 2009-1\n")
    job.put("a.txt", page, on_day=1)
    job.put("b.txt", project("Beta"), on_day=1)
    first = job.ingest()
    job.put("a.txt", page.replace("bygger broar", "river murar"), on_day=2)
    second = job.ingest()

    for table in TABLES:
        versions = f"SELECT DISTINCT valid_from, valid_to, run_id FROM history.{table} WHERE project_id = "
        alfa = job.rows(f"{versions} (SELECT project_id FROM project WHERE title = 'Alfa') ORDER BY 1")
        assert alfa == [
            (first.started_at, second.started_at, first.run_id),
            (second.started_at, None, second.run_id),
        ], table
        beta = job.rows(f"{versions} (SELECT project_id FROM project WHERE title = 'Beta')")
        assert beta in ([(first.started_at, None, first.run_id)], []), table


def test_current_views_show_one_version_of_each_project(job: Job) -> None:
    for number in (1, 2, 3):
        job.put("a.txt", project("Alfa", budget_sek=Decimal(number * 1_000_000)), on_day=number)
        job.ingest()
    assert job.value("SELECT count(*) FROM history.project") == 3
    assert job.column("SELECT budget_sek FROM project") == [3_000_000]
    assert job.value("SELECT count(*) FROM project_section") == 2
    assert job.value("SELECT count(*) FROM project_organisation") == 4


@pytest.mark.parametrize("table", TABLES)
def test_a_macro_shows_any_past_night(table: str, job: Job) -> None:
    page = render(project("Alfa")).replace("RegionSydsverige\n", "RegionSydsverige\nDiarie 2009-1\n")
    job.put("a.txt", page, on_day=1)
    first = job.ingest()
    job.put("a.txt", page.replace("Stiftelsen", "Föreningen"), on_day=2)
    second = job.ingest()

    def runs(moment: datetime) -> list[Any]:
        return job.column(f"SELECT DISTINCT run_id FROM {table}_as_of(TIMESTAMP '{moment}')")

    assert runs(first.started_at - timedelta(microseconds=1)) == []
    assert runs(first.started_at) == [first.run_id]
    assert runs(second.started_at - timedelta(microseconds=1)) == [first.run_id]
    assert runs(second.started_at) == [second.run_id]
    assert runs(second.started_at + timedelta(days=10_000)) == [second.run_id]


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("another contact", project(contact=Contact("Robin Exempel", "robin@exempel.example", None))),
        ("no contact", project(contact=None)),
        ("longer blanks", render(project()).replace("\n\n", "\n\n\n")),
        ("a banner", render(project()).replace("skrifter\n", "skrifter\n\nStäng\n", 1)),
        ("Windows line ends", render(project()).replace("\n", "\r\n")),
        ("a byte order mark", "\ufeff" + render(project())),
        ("another encoding", render(project()).encode("cp1252")),
    ],
)
def test_what_is_no_content_makes_no_new_version(what: str, changed: Project | str | bytes, job: Job) -> None:
    job.put("a.txt", project(), on_day=1)
    job.ingest()
    digest = job.digest()
    job.put("a.txt", changed, on_day=2)

    summary = job.ingest()

    assert (summary.loaded, summary.same_content) == (0, 1), what
    assert job.digest() == digest
    assert job.value("SELECT count(*) FROM history.project") == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"owner": "En annan ägare"},
        {"grant_sek": Decimal(400_001)},
        {"budget_sek": None},
        {"programme_area": "Kompetensförsörjning"},
        {"sections": (Section("summary", "Sammanfattning", "Vi bygger broar!"),)},
        {"co_financiers": ("Exempelkommunen",)},
        {"partners": ()},
        {"municipalities": ("Håbo", "Bjuv")},
    ],
    ids=", ".join,
)
def test_what_is_content_makes_a_new_version(fields: dict[str, Any], job: Job) -> None:
    job.put("a.txt", project(), on_day=1)
    job.ingest()
    digest = job.digest()
    job.put("a.txt", project(**fields), on_day=2)

    assert job.ingest().loaded == 1
    assert job.digest() != digest
    assert job.rows("SELECT cause, count(*) FROM history.project GROUP BY cause") == [("page", 2)]


def test_a_version_that_only_the_parser_changed_says_so(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()

    def read_anew(data: bytes, **options: Any) -> Project:
        return parse_bytes(data.replace(b"bygger", b"BYGGER"), **options)

    monkeypatch.setattr(esf_etl.batch, "parse_bytes", read_anew)
    monkeypatch.setattr(esf_etl.run, "PARSER_VERSION", "next")
    assert job.ingest().outcome == "idle", "a page that was read is not read again for a new parser alone"
    job.ingest(reprocess=True)
    job.put("b.txt", project("Beta"), on_day=1)
    job.ingest()

    assert job.rows("SELECT title, cause FROM history.project ORDER BY valid_from, title") == [
        ("Alfa", "page"),
        ("Alfa", "parser"),
        ("Beta", "page"),
    ]
    assert job.rows("SELECT path, parser_version FROM etl.landing_file ORDER BY path") == [
        ("a.txt", "next"),
        ("b.txt", "next"),
    ]


class _Backwards(datetime):
    """A clock that goes back an hour whenever it is looked at."""

    seconds = 0

    @classmethod
    def now(cls, tz: Any = None) -> Self:
        _Backwards.seconds += 3600
        return cls(2026, 6, 1, tzinfo=tz) - timedelta(seconds=_Backwards.seconds)


def test_versions_follow_each_other_although_the_clock_goes_back(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esf_etl.warehouse.recovery, "datetime", _Backwards)
    summaries = []
    for number in range(1, 4):
        job.put("a.txt", project("Alfa", budget_sek=Decimal(number * 1_000_000)), on_day=number)
        summaries.append(job.ingest())

    starts = [summary.started_at for summary in summaries]
    assert starts == sorted(set(starts))
    assert [summary.run_id for summary in summaries] == sorted({summary.run_id for summary in summaries})
    assert job.rows("SELECT valid_from, valid_to FROM history.project ORDER BY budget_sek") == [
        (starts[0], starts[1]),
        (starts[1], starts[2]),
        (starts[2], None),
    ]


def test_two_runs_in_the_same_microsecond_have_different_times(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Self:
            return cls(2026, 6, 1, tzinfo=tz)

    monkeypatch.setattr(esf_etl.warehouse.recovery, "datetime", Stopped)
    job.put("a.txt", project("Alfa"))
    first = job.ingest()
    second = job.ingest()
    assert (second.started_at - first.started_at) == timedelta(microseconds=1)


def test_times_are_utc_wherever_the_job_runs(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.put("a.txt", project("Alfa"))
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    before = datetime.now(UTC).replace(tzinfo=None)
    result = job.run()
    after = datetime.now(UTC).replace(tzinfo=None)

    assert result.returncode == 0, result.stderr
    [(valid_from, run_at, read_at)] = job.rows(
        "SELECT valid_from, started_at, last_read_at FROM project, etl.run, etl.landing_file"
    )
    assert valid_from == run_at == read_at
    assert before <= valid_from <= after

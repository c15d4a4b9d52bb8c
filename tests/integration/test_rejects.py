"""A page that cannot be loaded is a reject with its reasons; it stops nothing, and the earlier version stays."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import esf_etl.batch
import esf_etl.run
from esf_etl import render
from esf_etl.landing import file_bytes
from tests.integration.conftest import Job, project

BROKEN = render(project("Alfa")).replace("400\u00a0000 kr", "många kronor")
COLUMNS = "path, ordinal, code, line, field, found, expected, message"


def line_of(page: str, start: str) -> int:
    return next(number for number, line in enumerate(page.splitlines(), 1) if line.startswith(start))


def test_a_value_that_cannot_be_read_is_named_with_its_line(job: Job) -> None:
    job.put("sub/a.txt", BROKEN)
    job.put("b.txt", project("Beta"))

    summary = job.ingest()

    assert (summary.loaded, summary.rejected, summary.standing_rejects) == (1, 1, 1)
    [(path, ordinal, code, line, field, found, expected, message)] = job.rows(f"SELECT {COLUMNS} FROM etl.reject")
    assert (path, ordinal, code, field, found) == (
        "sub/a.txt",
        1,
        "amount-unreadable",
        "grant_sek",
        "många kronor",
    )
    assert line == line_of(BROKEN, "Beviljat")
    assert expected == "an amount in kronor, such as 5 222 650 kr"
    assert "Beviljat ESF-stöd" in message
    assert job.rows("SELECT outcome, content_sha256 IS NULL FROM etl.landing_file WHERE path = 'sub/a.txt'") == [
        ("rejected", False)
    ]


@pytest.mark.parametrize(
    ("change", "code", "label", "found"),
    [
        (("400\u00a0000 kr", "1\u00a0000\u00a0001 kr"), "grant-above-budget", "Beviljat", "grant_sek 1000001.00"),
        (("2010-12-31", "2008-12-31"), "period-reversed", "Projektperiod", "period_end 2008-12-31"),
        (("400\u00a0000 kr", "-1 kr"), "amount-negative", "Beviljat", "-1.00"),
    ],
)
def test_a_row_that_breaks_a_hard_rule_is_a_reject_with_the_line_of_its_field(
    change: tuple[str, str], code: str, label: str, found: str, job: Job
) -> None:
    page = render(project("Alfa")).replace(*change)
    job.put("a.txt", page)
    assert job.ingest().rejected == 1
    [(_, ordinal, rejected, line, _, shown, expected, message)] = job.rows(f"SELECT {COLUMNS} FROM etl.reject")
    assert (ordinal, rejected, line) == (1, code, line_of(page, label))
    assert found in shown
    assert expected
    assert message


def test_all_reasons_of_a_page_are_told(job: Job) -> None:
    job.put("a.txt", BROKEN.replace("2009-01-01 till", "sedan").replace("1\u00a0000\u00a0000 kr", "0"))
    job.ingest()
    assert job.rows("SELECT ordinal, code FROM etl.reject ORDER BY ordinal") == [
        (1, "amount-unreadable"),
        (2, "period-unreadable"),
    ]


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02", "binary"),
        ("Logotyp på utskrifter\n\nEn nyhet\n\nText.\n", "article"),
        ("Sammanfattning\n\nText.\n", "header-missing"),
        ("Logotyp på utskrifter\n\nEn utlysning\n\nUtlyst belopp\n5 kr\n", "call-for-proposals"),
        (render(project()).partition("Region")[0], "truncated"),
        (b"x" * 5_000, "too-large"),
    ],
)
def test_what_is_no_project_page_is_refused_by_name(page: str | bytes, code: str, job: Job) -> None:
    job.put("a.txt", page)
    assert job.ingest(max_page_bytes=4_000).rejected == 1
    [(path, _, rejected, _, _, found, expected, message)] = job.rows(f"SELECT {COLUMNS} FROM etl.reject")
    assert (path, rejected, expected) == ("a.txt", code, "a project page")
    assert found
    assert message


def test_a_file_that_cannot_be_read_is_a_reject_until_it_can(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    path = job.put("a.txt", project("Alfa"))
    job.put("b.txt", project("Beta"))

    def refuse(location: str, *, limit: int) -> bytes:
        if Path(location).name == "a.txt":
            raise PermissionError(13, "Permission denied")
        return file_bytes(location, limit=limit)

    with monkeypatch.context() as patch:
        patch.setattr(esf_etl.batch, "file_bytes", refuse)
        assert job.ingest().rejected == 1
    assert job.rows("SELECT path, code, found FROM etl.reject") == [("a.txt", "file-unreadable", "Permission denied")]

    path.chmod(0o600)
    assert job.ingest().loaded == 1
    assert job.rows("FROM etl.reject") == []


def test_the_earlier_version_stays_while_a_page_is_rejected(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()
    digest = job.digest()
    job.put("a.txt", BROKEN, on_day=2)

    summary = job.ingest()

    assert (summary.outcome, summary.rejected, summary.loaded) == ("published", 1, 0)
    assert job.digest() == digest
    assert job.value("SELECT count(*) FROM history.project") == 1


def test_a_reject_stands_while_its_file_stays_as_it_is(job: Job) -> None:
    job.put("a.txt", BROKEN, on_day=1)
    first = job.ingest()
    job.put("b.txt", project("Beta"))
    second = job.ingest()
    assert (second.rejected, second.unchanged, second.standing_rejects) == (0, 1, 1)
    job.touch("a.txt", on_day=2)
    job.put("c.txt", project("Gamma"))
    third = job.ingest()
    assert (third.rejected, third.unchanged, third.standing_rejects) == (0, 2, 1)
    assert job.rows("SELECT path, run_id, rejected_at FROM etl.reject") == [("a.txt", first.run_id, first.started_at)]


def test_a_reject_goes_when_its_file_is_mended(job: Job) -> None:
    job.put("a.txt", BROKEN, on_day=1)
    job.ingest()
    job.put("a.txt", project("Alfa"), on_day=2)
    summary = job.ingest()
    assert (summary.loaded, summary.standing_rejects) == (1, 0)
    assert job.rows("FROM etl.reject") == []


def test_a_reject_goes_when_its_file_leaves_and_comes_back_with_it(job: Job) -> None:
    path = job.put("a.txt", BROKEN)
    job.put("b.txt", project("Beta"))
    job.ingest()
    path.unlink()
    assert job.ingest().standing_rejects == 0
    assert job.rows("FROM etl.reject") == []
    job.put("a.txt", BROKEN)
    assert (job.ingest().rejected, len(job.rows("FROM etl.reject"))) == (1, 1)


def test_a_reject_is_replaced_when_its_file_changes_to_another_fault(job: Job) -> None:
    job.put("a.txt", BROKEN.replace("2009-01-01 till", "sedan"), on_day=1)
    job.ingest()
    job.put("a.txt", BROKEN, on_day=2)
    job.ingest()
    assert job.rows("SELECT ordinal, code FROM etl.reject") == [(1, "amount-unreadable")]


def test_rejects_are_tried_again_by_a_new_parser_and_by_no_other(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.put("a.txt", BROKEN)
    job.put("b.txt", project("Beta"))
    job.ingest()
    assert job.ingest().outcome == "idle"

    def read_anew(data: bytes, **options: Any) -> Any:
        return esf_etl.parse_bytes(data.replace("många kronor".encode(), b"5 kr"), **options)

    monkeypatch.setattr(esf_etl.batch, "parse_bytes", read_anew)
    monkeypatch.setattr(esf_etl.run, "PARSER_VERSION", "next")
    summary = job.ingest()

    assert (summary.loaded, summary.unchanged, summary.standing_rejects) == (1, 1, 0)
    assert job.rows("SELECT grant_sek, cause FROM project WHERE title = 'Alfa'") == [(Decimal(5), "parser")]


def test_a_reject_that_the_new_parser_refuses_too_stands_on(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.put("a.txt", BROKEN)
    job.ingest()
    monkeypatch.setattr(esf_etl.run, "PARSER_VERSION", "next")
    assert job.ingest().rejected == 1
    assert job.ingest().outcome == "idle"
    assert job.value("SELECT count(*) FROM etl.reject") == 1


def test_rejects_of_two_landing_folders_do_not_touch_each_other(job: Job, tmp_path: Path) -> None:
    other = Job(tmp_path / "other", job.warehouse)
    job.put("a.txt", BROKEN)
    other.put("a.txt", BROKEN)
    job.ingest(landing_name="north")
    other.ingest(landing_name="south")
    job.put("a.txt", project("Alfa"), on_day=2)
    assert job.ingest(landing_name="north").standing_rejects == 1
    assert job.column("SELECT landing FROM etl.reject") == ["south"]


def test_what_was_found_is_cut_where_it_is_long(job: Job) -> None:
    job.put("a.txt", BROKEN.replace("många kronor", "många " * 1000))
    job.ingest()
    [(found, message)] = job.rows("SELECT found, message FROM etl.reject")
    assert len(found) <= 200
    assert len(message) < 300

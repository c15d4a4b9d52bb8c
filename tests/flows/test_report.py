"""The report on a run as Markdown: what it says, and that names of files can do nothing in it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings
from esf_etl.summary import RunSummary
from esf_flows.report import MAX_REJECTS, Reject, Report, markdown, read_report


def summary(**values: Any) -> RunSummary:
    return RunSummary(
        run_id="20260102T033000.000000Z",
        started_at=datetime(2026, 1, 2, 3, 30),  # noqa: DTZ001 - times of a summary are UTC without a zone
        landing="/srv/pages",
        landing_name="default",
        warehouse="/srv/warehouse",
        parser_version="1",
        **values,
    )


def reject(path: str = "a.txt", line: int | None = None, run_id: str = "20260102T033000.000000Z") -> Reject:
    return Reject(path=path, line=line, code="article", reason="No page.", run_id=run_id)


def test_it_begins_with_the_sentence_of_the_run() -> None:
    text = markdown(summary(outcome="published", files_seen=3, loaded=3), Report())

    assert text.startswith("# Published: 3 loaded.\n")


def test_it_shows_that_every_file_is_accounted_for() -> None:
    text = markdown(summary(files_seen=6, unchanged=1, deferred=1, loaded=3, rejected=1), Report())

    assert (
        "Every file is accounted for: 6 seen ="
        " 1 unchanged + 1 deferred + 3 loaded + 0 same-content + 0 superseded + 1 rejected." in text
    )


def test_it_shows_that_a_file_is_not_accounted_for() -> None:
    assert "**Files are not accounted for**: 2 seen" in markdown(summary(files_seen=2, loaded=1), Report())


def test_it_names_file_line_code_and_reason_of_a_reject() -> None:
    text = markdown(summary(rejected=1, files_seen=1), Report(rejects=(reject("in/a.txt", 7),), reasons=1))

    assert "| `article` | `in/a.txt:7` | No page. | now |" in text


def test_it_tells_rejects_of_this_run_from_those_that_stand() -> None:
    text = markdown(summary(), Report(rejects=(reject(run_id="20260101T033000.000000Z"),), reasons=1))

    assert "| `article` | `a.txt` | No page. | earlier |" in text


def test_it_says_how_many_reasons_are_left_out() -> None:
    text = markdown(summary(), Report(rejects=(reject(),), reasons=1001))

    assert "1000 more reasons are not listed here." in text


def test_it_gives_findings_by_rule_warnings_and_the_time_of_each_stage() -> None:
    text = markdown(
        summary(warnings=["x.txt is no regular file."], stages_s={"look": 0.5, "parse": 12.25}),
        Report(findings=(("owner-missing", 4),)),
    )

    assert "| `owner-missing` | 4 |" in text
    assert "- `x.txt is no regular file.`" in text
    assert "| look | 0.500 |\n| parse | 12.250 |" in text


def test_the_name_of_a_file_cannot_break_out_of_its_cell() -> None:
    name = "a`|<script>\n# b\u2028.txt"

    text = markdown(summary(), Report(rejects=(reject(name),), reasons=1))

    assert r"| `` a`\|<script>\x0a# b\x2028.txt `` | No page. |" in text


def test_it_lists_no_more_reasons_than_prefect_should_hold(landing: Path, warehouse: Path) -> None:
    for number in range(MAX_REJECTS + 5):
        (landing / f"article-{number:03}.txt").write_text("Logotyp på utskrifter\n\nEn nyhet\n", encoding="utf-8")
    done = ingest(IngestSettings(landing, warehouse, settle_s=0))

    report = read_report(done, warehouse)

    assert len(report.rejects) == MAX_REJECTS
    assert report.reasons == MAX_REJECTS + 5


def test_there_is_nothing_to_report_before_the_first_publication(warehouse: Path) -> None:
    assert read_report(summary(), warehouse) == Report()

"""A copy that does not hold what it should is never published."""

from __future__ import annotations

from typing import Any

import pytest

import esf_etl.intake
import esf_etl.writing
from esf_etl.errors import AuditFailed
from esf_etl.warehouse.upsert import elect, upsert
from tests.integration.conftest import Job, project

SABOTAGE = {
    "a current version twice": "INSERT INTO esf.history.project FROM esf.history.project WHERE valid_to IS NULL",
    "an earlier version that never ended": "UPDATE esf.history.project SET valid_to = NULL",
    "a version that ends before it begins": (
        "UPDATE esf.history.project SET valid_to = valid_from - INTERVAL 1 DAY WHERE valid_to IS NOT NULL"
    ),
    "a lost section": "DELETE FROM esf.history.project_section WHERE section_key = 'background' AND valid_to IS NULL",
    "all rows of the run lost": "DELETE FROM esf.history.project WHERE run_id = getvariable('run_id')",
    "a section of no project": "UPDATE esf.history.project_section SET project_id = 'esf-0' WHERE valid_to IS NULL",
    "a file without its row in the ledger": "DELETE FROM esf.etl.landing_file",
    "a file that stands twice in the ledger": "INSERT INTO esf.etl.landing_file FROM esf.etl.landing_file",
    "a rejected file without a reason": "DELETE FROM esf.etl.reject",
    "a reason without a rejected file": "UPDATE esf.etl.landing_file SET outcome = 'loaded'",
    "a grant above the budget": "UPDATE esf.history.project SET grant_sek = budget_sek + 1 WHERE valid_to IS NULL",
    "no title": "UPDATE esf.history.project SET title = ' ' WHERE valid_to IS NULL",
    "a municipality twice in the reference": "INSERT INTO esf.ref.municipality FROM esf.ref.municipality LIMIT 1",
    "a run twice": "INSERT INTO esf.etl.run FROM esf.etl.run",
}


@pytest.mark.parametrize("what", SABOTAGE)
def test_a_failed_audit_leaves_what_is_published_untouched(
    what: str, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.put("other.txt", project("Beta"), on_day=1)
    job.ingest()
    published, digest = job.published(), job.digest()
    job.put("a.txt", project("Alfa", owner="En annan ägare"), on_day=2)
    job.put("b.txt", "Ingen projektsida.\n")

    def sabotaged(connection: Any, aside: Any) -> None:
        upsert(connection, aside)
        connection.execute(SABOTAGE[what])

    with monkeypatch.context() as patch:
        patch.setattr(esf_etl.writing, "upsert", sabotaged)
        with pytest.raises(AuditFailed, match="the copy is kept below failed/"):
            job.ingest()

    failed = job.journal()[-1]
    assert (job.published(), job.digest()) == (published, digest)
    assert (failed["outcome"], failed["error_code"]) == ("failed", "audit-failed")
    assert (job.warehouse / "failed" / failed["run_id"] / "snapshot" / "esf.duckdb").is_file()
    assert list((job.warehouse / "staging").iterdir()) == []
    assert len(job.snapshots()) == 1


def test_after_a_failed_audit_the_next_run_does_it_right(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.put("a.txt", project("Alfa"))

    def sabotaged(connection: Any, aside: Any) -> None:
        upsert(connection, aside)
        connection.execute("DELETE FROM esf.history.project")

    with monkeypatch.context() as patch:
        patch.setattr(esf_etl.writing, "upsert", sabotaged)
        with pytest.raises(AuditFailed):
            job.ingest()
    assert job.ingest().loaded == 1
    assert job.rows("SELECT outcome, error_code FROM etl.run ORDER BY run_id") == [
        ("failed", "audit-failed"),
        ("published", None),
    ]


def test_only_the_last_copy_that_failed_is_kept(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.put("a.txt", project("Alfa"))

    def sabotaged(connection: Any, aside: Any) -> None:
        upsert(connection, aside)
        connection.execute("DELETE FROM esf.etl.landing_file")

    monkeypatch.setattr(esf_etl.writing, "upsert", sabotaged)
    for _ in range(2):
        with pytest.raises(AuditFailed):
            job.ingest()
    assert [path.name for path in (job.warehouse / "failed").iterdir()] == [job.journal()[-1]["run_id"]]


def test_a_run_whose_files_do_not_add_up_publishes_nothing(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.put("a.txt", project("Alfa"))

    def miscounted(connection: Any) -> dict[str, int]:
        return {**elect(connection), "loaded": 2}

    monkeypatch.setattr(esf_etl.intake, "elect", miscounted)
    with pytest.raises(AuditFailed, match="do not add up") as caught:
        job.ingest()
    assert caught.value.code == "law-broken"
    assert job.published() is None

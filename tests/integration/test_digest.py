"""The digest: one hash over what the warehouse says, the same wherever and however often it was made."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from esf_etl import Project, Section
from tests.integration.conftest import Job, project

CORPUS = (
    project("Alfa"),
    project("Beta +", owner=None, contact=None, grant_sek=None, sections=(), municipalities=("Håbo", "Habo")),
    Project(
        layout="glued-2007",
        programme_period="2007-2013",
        title="Gamma – Åäö",
        programme_area_code="1",
        programme_area="Kompetensförsörjning",
        phase="Förprojektering",
        owner="Exempelkommunen",
        grant_sek=Decimal("5222650.50"),
        budget_sek=Decimal("5222650.50"),
        period_start=date(2008, 8, 1),
        period_end=date(2010, 3, 31),
        region="Övre Norrland",
        nuts2_code="SE33",
        sections=(Section("description", None, "En rad.\n\nEn till."),),
        partners=("Ett bolag", "Ett bolag"),
    ),
)

GOLDEN = "914578302919c458694025fb9a217a393e8413cfba9048108146aa6a13dd967d"  # pragma: allowlist secret
"""Pinned: another digest of the same pages would tell every operator that two equal warehouses differ."""


def lay(job: Job, *, first: int = 0) -> None:
    for number, each in enumerate(CORPUS):
        job.put(f"{number + first}.txt", each, on_day=number + first)


def test_the_digest_of_a_fixed_corpus_never_changes(job: Job) -> None:
    lay(job)
    job.ingest()
    assert job.digest() == GOLDEN


def test_the_digest_does_not_depend_on_files_their_order_or_times(job: Job, tmp_path: Path) -> None:
    lay(job)
    job.ingest()
    other = Job(tmp_path / "other", tmp_path / "other-warehouse")
    for number, each in reversed(list(enumerate(CORPUS))):
        other.put(f"sub/{9 - number}.txt", each, on_day=9 - number)
        other.ingest(landing_name="elsewhere")
    assert job.digest() == other.digest()


def test_the_digest_does_not_depend_on_history_rejects_and_contacts(job: Job, tmp_path: Path) -> None:
    lay(job, first=5)
    job.ingest()
    other = Job(tmp_path / "other", tmp_path / "other-warehouse")
    other.put("old.txt", project("Alfa", owner="En annan ägare"), on_day=1)
    other.put("broken.txt", "Ingen projektsida.\n", on_day=1)
    other.ingest()
    lay(other, first=5)
    other.put("5.txt", project("Alfa", contact=None), on_day=5)
    other.ingest()
    assert other.value("SELECT count(*) FROM history.project") == 4
    assert job.digest() == other.digest()


@pytest.mark.parametrize(
    "changed",
    [
        project("Alfa", budget_sek=Decimal("1000000.01")),
        project("Alfa", partners=("Folkhögskolan Linåkern", "En till")),
        project("Alfa", co_financiers=("Exempelkommunen",)),
        project("Alfa", municipalities=("Håbo", "Bjuv")),
        project("Alfa", sections=(Section("summary", "Sammanfattning", "Vi bygger broar!"),)),
    ],
)
def test_another_content_has_another_digest(changed: Project, job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    other = Job(tmp_path / "other", tmp_path / "other-warehouse")
    other.put("a.txt", changed)
    other.ingest()
    assert job.digest() != other.digest()


def test_the_command_prints_the_digest(job: Job) -> None:
    lay(job)
    job.ingest()
    assert job.command("digest", "--warehouse", str(job.warehouse)).stdout == f"{job.digest()}\n"

"""`esf-etl status` of a lake: the verdict of this machine's job, and what all jobs have published."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from esf_etl.errors import LandingError
from esf_etl.warehouse.lake.address import read_lake
from esf_etl.warehouse.status import read_status
from tests.integration.conftest import Job, project
from tests.lake.conftest import LakeJob, Server

pytestmark = pytest.mark.xdist_group("lake")


def status(job: LakeJob, folder: Path | None = None, **options: Any) -> dict[str, Any]:
    return read_status(folder or job.warehouse, lake=job.lake, **options)


def test_it_says_of_a_lake_what_it_says_of_a_folder(lake_job: LakeJob, tmp_path: Path) -> None:
    folder = Job(lake_job.landing, tmp_path / "folder")
    lake_job.put("a.txt", project("Alfa"))
    lake_job.put("b.txt", "Ingen projektsida.\n")
    for job in (lake_job, folder):
        job.ingest()
        job.ingest()

    ours, theirs = status(lake_job), read_status(folder.warehouse)

    assert ours.keys() == theirs.keys()
    assert ours["published"].keys() == theirs["published"].keys()
    same = ("schema_version", "rows", "standing_rejects", "overrides", "landing")
    assert [ours["published"][name] for name in same] == [theirs["published"][name] for name in same]
    assert (ours["state"], ours["ok"], ours["warnings"]) == ("worked", True, [])
    assert "found nothing new: 2 unchanged" in ours["sentence"]
    assert (
        [run["outcome"] for run in ours["runs"]] == ["idle", "published"] == [run["outcome"] for run in theirs["runs"]]
    )
    assert [run["loaded"] for run in ours["runs"]] == [run["loaded"] for run in theirs["runs"]]


def test_the_verdict_is_of_this_machine_s_job_and_the_runs_are_of_all(lake_job: LakeJob, tmp_path: Path) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest(landing_name="north")
    (lake_job.landing / "a.txt").unlink()
    with pytest.raises(LandingError):
        lake_job.ingest(landing_name="north")
    other = lake_job.beside(tmp_path / "other", tmp_path / "other-state")
    other.put("b.txt", project("Beta"))
    other.ingest(landing_name="south")

    ours, theirs = status(lake_job), status(other)

    assert (ours["state"], ours["ok"]) == ("failed", False)
    assert (theirs["state"], theirs["ok"]) == ("worked", True)
    for found in (ours, theirs):
        assert found["published"]["landing"] == "south"
        assert found["published"]["rows"]["main.project"] == 2
    assert [(run["landing_name"], run["outcome"]) for run in ours["runs"]] == [
        ("south", "published"),
        ("north", "failed"),
        ("north", "published"),
    ]
    assert [run["outcome"] for run in theirs["runs"]] == ["published", "published"]


def test_an_analyst_s_machine_that_has_no_journal_sees_the_runs_of_the_lake(lake_job: LakeJob, tmp_path: Path) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest()

    found = status(lake_job, tmp_path / "nothing", max_age=timedelta(hours=26))

    assert (found["state"], found["ok"]) == ("worked", True)
    assert "published 1 new versions" in found["sentence"]
    assert any("No run of this machine" in warning for warning in found["warnings"])
    assert not (tmp_path / "nothing").exists()


def test_a_lake_that_is_away_is_said_with_what_the_last_run_did(
    lake_job: LakeJob, postgres: Server, tmp_path: Path
) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest()
    secret = "kugghjul9"  # noqa: S105 # pragma: allowlist secret
    gone = read_lake(f"ducklake:postgres:host=127.0.0.1 port=1 dbname=x password={secret}")

    found = read_status(lake_job.warehouse, lake=gone)

    assert (found["state"], found["ok"], found["published"]) == ("unreachable", False, None)
    assert "cannot be reached" in found["sentence"]
    assert "The last run worked" in found["sentence"]
    assert secret not in json.dumps(found)
    empty = read_lake(f"ducklake:postgres:{postgres.make_database()}")
    assert read_status(tmp_path / "nothing", lake=empty)["state"] == "unreachable"


def test_the_command_tells_of_a_lake_and_keeps_the_exit_status_for_monitors(lake_job: LakeJob, tmp_path: Path) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest(landing_name="north")
    other = lake_job.beside(tmp_path / "other", tmp_path / "other-state")
    other.put("b.txt", project("Beta"))
    other.ingest(landing_name="south")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "esf_etl.cli", "status", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=lake_job.environment(), timeout=120, check=False
        )

    told = run()
    assert told.returncode == 0, told.stderr
    sentence, published, names, *runs = told.stdout.splitlines()
    assert sentence.startswith("The last run worked")
    assert "by landing south at " in published
    assert "2 projects, 0 rejected files" in published
    assert names.split("\t")[:3] == ["started_at", "landing", "outcome"]
    assert [row.split("\t")[1] for row in runs] == ["south", "north"]
    asked = run("--max-age", "26h", "--json")
    assert (asked.returncode, json.loads(asked.stdout)["ok"]) == (0, True)


def test_who_published_is_told_by_what_the_run_wrote(lake_job: LakeJob) -> None:
    """A page that has left, and one that was refused, are all that such a run writes."""
    lake_job.put("a.txt", project("Alfa"))
    lake_job.put("b.txt", project("Beta"))
    lake_job.ingest(landing_name="north")
    (lake_job.landing / "b.txt").unlink()
    lake_job.ingest(landing_name="north")
    assert status(lake_job)["published"]["landing"] == "north"
    lake_job.put("c.txt", "Ingen projektsida.\n")
    lake_job.ingest(landing_name="north")
    assert status(lake_job)["published"]["landing"] == "north"

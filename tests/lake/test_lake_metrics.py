"""The file of metrics after a run into a lake: this job's runs, and what is published by whichever job."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.openmetrics import parser

from esf_etl.errors import WarehouseError
from esf_etl.reports.metrics import metrics_text
from esf_etl.warehouse.lake.address import read_lake
from esf_etl.warehouse.status import read_status
from tests.integration.conftest import Job, project
from tests.lake.conftest import LakeJob

pytestmark = pytest.mark.xdist_group("lake")

Samples = dict[tuple[str, ...], float]


def samples(text: str) -> Samples:
    """All samples by name and the values of their labels but `warehouse`."""
    return {
        (sample.name, *(value for name, value in sample.labels.items() if name != "warehouse")): sample.value
        for family in parser.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


def of(job: Job) -> Samples:
    return samples((job.warehouse / "metrics.prom").read_text(encoding="utf-8"))


def test_they_are_those_of_the_lake_and_of_this_job_s_runs(lake_job: LakeJob, tmp_path: Path) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.put("b.txt", "Ingen projektsida.\n")
    lake_job.ingest(landing_name="north")
    other = lake_job.beside(tmp_path / "other", tmp_path / "other-state")
    other.put("c.txt", project("Gamma"))
    other.ingest(landing_name="south")
    lake_job.ingest(landing_name="north")

    found = of(lake_job)

    assert found["esf_etl_runs_total", "north", "published"] == 1
    assert found["esf_etl_runs_total", "north", "idle"] == 1
    assert not [key for key in found if "south" in key]
    assert found["esf_etl_run_files", "north", "unchanged"] == 2
    assert [(key[1], value) for key, value in found.items() if key[0] == "esf_etl_standing_rejects"] == [
        ("header-missing", 1)
    ]
    published = read_status(lake_job.warehouse, lake=lake_job.lake)["published"]
    rows = {key[1]: value for key, value in found.items() if key[0] == "esf_etl_published_rows"}
    assert rows == {name.removeprefix("main."): count for name, count in published["rows"].items()}
    assert rows["project"] == 2
    [(last,)] = lake_job.rows("SELECT epoch(max(ended_at)) FROM etl.run WHERE outcome = 'published'")
    assert found[("esf_etl_published_timestamp_seconds",)] == pytest.approx(last, abs=1e-3)
    assert ("esf_etl_snapshot_bytes",) not in found


def test_a_folder_that_was_a_warehouse_before_says_nothing_of_its_own_snapshot(lake_job: LakeJob) -> None:
    folder = Job(lake_job.landing, lake_job.warehouse)
    for name in ("a", "b", "c"):
        lake_job.put(f"{name}.txt", project(name))
    folder.ingest()
    (lake_job.landing / "a.txt").unlink()
    lake_job.ingest()

    found = of(lake_job)

    assert found["esf_etl_published_rows", "project"] == lake_job.value("SELECT count(*) FROM project") == 2


def test_of_a_lake_that_is_away_they_are_left_out(lake_job: LakeJob) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest()
    address = "ducklake:postgres:host=127.0.0.1 port=1 dbname=x"

    with pytest.raises(WarehouseError):
        lake_job.ingest(lake=address)

    found = of(lake_job)
    assert found["esf_etl_runs_total", "default", "failed"] == 1
    assert not [key for key in found if key[0].startswith(("esf_etl_published", "esf_etl_standing"))]
    assert samples(metrics_text(lake_job.warehouse, lake=read_lake(address)).decode()).keys() == found.keys()

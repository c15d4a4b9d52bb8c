"""What leaves a lake: exports, report page and open data are those of a folder, and no contact is in any of it."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from esf_etl.reports.export import FORMATS, SUFFIXES, export, export_to_stream
from esf_etl.reports.opendata import write_package
from esf_etl.reports.page import write_page
from esf_etl.reports.page.figures import opened, read_figures
from esf_etl.reports.publication import Publication
from esf_etl.reports.views import VIEWS
from esf_etl.warehouse.lake.address import Lake
from esf_etl.warehouse.status import read_status
from esf_etl.warehouse.verify import verify
from esf_flows.report import markdown, read_report
from tests.integration.conftest import Job, project
from tests.integration.test_personal_exits import PEOPLE, files_of, found_in, found_in_file, page_of
from tests.lake.conftest import LakeJob, Server
from tests.promises import Tally

pytestmark = pytest.mark.xdist_group("lake")

OF_THE_RUN = {"run_id", "last_updated", "started_at", "ended_at", "elapsed_s", "loaded_at", "rejected_at", "found_at"}
"""Columns that two runs over the same pages fill otherwise."""


def exported(place: Path | Lake, view: str) -> list[dict[str, str]]:
    stream = io.BytesIO()
    export_to_stream(place, stream, view=view, language="names")
    rows = csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig")))
    return sorted(
        ({name: value for name, value in row.items() if name not in OF_THE_RUN} for row in rows),
        key=json.dumps,
    )


def test_reports_of_a_lake_are_those_of_a_folder_with_the_same_pages(lake_job: LakeJob, tmp_path: Path) -> None:
    folder = Job(lake_job.landing, tmp_path / "folder")
    for number in range(4):
        lake_job.put(f"{number}.txt", project(f"Projekt {number}"))
    lake_job.put("c.txt", "Ingen projektsida.\n")
    for job in (lake_job, folder):
        job.ingest()

    for view in VIEWS:
        assert exported(lake_job.lake, view) == exported(folder.warehouse, view), view
    with opened(folder.warehouse) as theirs, opened(lake_job.warehouse, lake_job.lake) as ours:
        assert read_figures(ours) == read_figures(theirs)
    packages = [
        write_package(place, tmp_path / name, Publication())
        for name, place in (("one", lake_job.lake), ("two", folder.warehouse))
    ]
    assert packages[0].tables == packages[1].tables
    assert packages[0].tables["project"] == 4


def test_the_commands_write_files_from_a_machine_that_only_reads(lake_job: LakeJob, tmp_path: Path) -> None:
    lake_job.put("a.txt", project("Alfa"))
    lake_job.ingest()
    env = lake_job.environment() | {"ESF_ETL_WAREHOUSE": str(tmp_path / "nothing")}
    here = tmp_path / "here"
    here.mkdir()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "esf_etl.cli", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False, cwd=here)

    for arguments in (["export", "--format", "xlsx"], ["report"], ["opendata", "package"]):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
    assert {path.name for path in here.iterdir()} == {"list_of_operations.xlsx", "report.html", "package"}
    assert "Stiftelsen Alfa" in (here / "report.html").read_text(encoding="utf-8")
    assert not (tmp_path / "nothing").exists()


def catalogue(job: LakeJob, postgres: Server, path: Path) -> str:
    """All that lies in PostgreSQL, rows that DuckLake keeps there too, whose texts it may have as bytes."""
    name = job.lake.catalogue.rpartition("dbname=")[2]
    command = [str(postgres.programs / "pg_dump"), "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "esf", "-f"]
    subprocess.run([*command, str(path), name], check=True, timeout=120)
    text = path.read_text(encoding="utf-8")
    parts = (bytes.fromhex(found) for found in re.findall(r"\\\\x((?:[0-9a-f]{2})+)", text))
    return "\n".join([text, *(part.decode("utf-8", errors="replace") for part in parts)])


@pytest.mark.promise("personal")
def test_no_contact_is_in_a_lake_nor_in_what_leaves_it(
    lake_job: LakeJob, postgres: Server, tmp_path: Path, tally: Tally
) -> None:
    for number, person in enumerate(PEOPLE):
        lake_job.put(f"{number}.txt", page_of(number, person))
    summary = lake_job.ingest()
    lake_job.put("1.txt", page_of(1, PEOPLE[3]), on_day=2)
    lake_job.ingest()
    assert summary.loaded
    assert summary.rejected

    dump = catalogue(lake_job, postgres, tmp_path / "dump.sql")
    assert lake_job.value("SELECT message FROM etl.reject LIMIT 1") in dump  # it is where rows would be found
    assert found_in(dump, PEOPLE) == []
    parquet = [path for path in files_of(Path(lake_job.data)) if path.suffix == ".parquet"]
    assert len(parquet) > 5
    made = tmp_path / "made"
    made.mkdir()
    for form in FORMATS:
        export(lake_job.lake, made / f"{form}{SUFFIXES[form]}", format=form)
    write_package(lake_job.lake, made / "package", Publication())
    write_page(lake_job.warehouse, made / "report.html", lake=lake_job.lake)
    own = list(files_of(lake_job.warehouse))
    assert {"runs.jsonl", "metrics.prom"} <= {path.name for path in own}
    files = [*parquet, *files_of(made), *own]
    for path in files:
        assert found_in_file(path, PEOPLE) == [], path
    said = [
        json.dumps(read_status(lake_job.warehouse, lake=lake_job.lake), ensure_ascii=False),
        json.dumps(verify(lake_job.settings(), with_landing=True).to_dict(), ensure_ascii=False),
        markdown(summary, read_report(summary, lake_job.warehouse, lake=lake_job.lake)),
    ]
    for text in said:
        assert found_in(text, PEOPLE) == []
    looked = (len(files) + len(said) + 1) * len(PEOPLE)
    tally("contacts looked for in a lake's files, its catalogue, and what is made of it", "none", looked)

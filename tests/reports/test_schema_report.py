"""The schema `report` in the database: whole, commented, at home under any name, and made anew when it has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pytest

from esf_etl.reports import views
from esf_etl.reports.views import AS_OF, GUIDE, VIEWS, View, create_reports, read_views
from esf_etl.warehouse.create import create_schema
from esf_schemas import DUCKDB, PROJECT_TABLES
from tests.integration.conftest import Job, project
from tests.reports.conftest import Reported

each_view = pytest.mark.parametrize("view", read_views(), ids=lambda view: view.name)


def database(reported: Reported) -> Path:
    published = reported.job.published()
    assert published is not None
    return published / "esf.duckdb"


@pytest.fixture
def elsewhere(reported: Reported) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of somebody's own, with the warehouse attached under another name and empty tables of its names."""
    with duckdb.connect() as connection:
        for schema in ("history", "ref", "etl"):
            connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute(f"ATTACH '{database(reported)}' AS other (READ_ONLY)")
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'other'"
        ).fetchall()
        for schema, name in tables:
            connection.execute(f"CREATE TABLE {schema}.{name} AS FROM other.{schema}.{name} LIMIT 0")
        for contract in PROJECT_TABLES:
            name = contract.table().name
            connection.execute(f"CREATE TABLE {name} AS FROM other.main.{name} LIMIT 0")
        yield connection


# ---- the files ------------------------------------------------------------------------------------------------


def test_each_file_is_a_view_and_each_view_a_file() -> None:
    found = {path.name for path in files("esf_etl.reports").joinpath("views").iterdir()}

    assert found == {f"{name}.sql" for name in VIEWS}
    assert set(AS_OF) < set(VIEWS)


@each_view
def test_a_view_has_the_columns_that_its_file_describes_in_that_order(view: View, reported: Reported) -> None:
    assert [row["column_name"] for row in reported.rows(f"DESCRIBE report.{view.name}")] == list(view.columns)


@each_view
def test_a_view_and_its_columns_are_described_in_sentences(view: View) -> None:
    for text in (view.description, *view.columns.values()):
        assert text.endswith("."), text
        assert "  " not in text
    assert view.question.endswith("?")


@each_view
def test_the_example_of_a_view_reads_that_view_and_gives_rows(view: View, reported: Reported) -> None:
    assert f"report.{view.name}" in view.example
    assert reported.rows(view.example)


# ---- the database ---------------------------------------------------------------------------------------------


def test_the_database_has_these_views_and_macros_and_no_others(reported: Reported) -> None:
    found = reported.rows("SELECT view_name FROM duckdb_views() WHERE schema_name = 'report'")
    macros = reported.rows("SELECT function_name FROM duckdb_functions() WHERE schema_name = 'report'")

    assert {row["view_name"] for row in found} == {*VIEWS, GUIDE}
    assert {row["function_name"] for row in macros} == {f"{name}_as_of" for name in AS_OF}


@each_view
def test_the_comments_are_those_of_the_file(view: View, reported: Reported) -> None:
    columns = reported.rows(
        f"SELECT column_name, comment FROM duckdb_columns() WHERE schema_name = 'report' AND table_name = '{view.name}'"
    )
    comment = reported.rows(f"SELECT comment FROM duckdb_views() WHERE view_name = '{view.name}'")

    assert {row["column_name"]: row["comment"] for row in columns} == view.columns
    assert comment == [{"comment": view.description}]


def test_every_macro_has_a_comment(reported: Reported) -> None:
    comments = reported.rows("SELECT comment FROM duckdb_functions() WHERE schema_name = 'report'")

    assert all("as of `moment`" in row["comment"] for row in comments)


def test_the_guide_tells_of_each_view_what_it_answers(reported: Reported) -> None:
    assert reported.view(GUIDE) == [
        {"view_name": view.name, "answers": view.description, "question": view.question, "example": view.example}
        for view in read_views()
    ]


def test_a_view_counts_in_whole_numbers_that_every_client_knows(reported: Reported) -> None:
    huge = reported.rows(
        "SELECT table_name, column_name FROM duckdb_columns()"
        " WHERE schema_name = 'report' AND data_type IN ('HUGEINT', 'UHUGEINT', 'DOUBLE', 'FLOAT')"
    )

    assert huge == []


@each_view
def test_a_view_finds_its_own_tables_where_the_file_is_attached_under_another_name(
    view: View, elsewhere: duckdb.DuckDBPyConnection, reported: Reported
) -> None:
    found = elsewhere.execute(f"FROM other.report.{view.name}").fetchall()

    assert sorted(map(repr, found)) == sorted(repr(tuple(row.values())) for row in reported.view(view.name))


@pytest.mark.parametrize("name", AS_OF)
def test_a_macro_needs_the_attached_file_in_use(
    name: str, elsewhere: duckdb.DuckDBPyConnection, reported: Reported
) -> None:
    elsewhere.execute("USE other")
    found = elsewhere.execute(f"FROM report.{name}_as_of(TIMESTAMP '2999-01-01')").fetchall()

    assert sorted(map(repr, found)) == sorted(repr(tuple(row.values())) for row in reported.view(name))


def test_the_file_opened_by_itself_and_read_only_has_all_reports(reported: Reported) -> None:
    with duckdb.connect(str(database(reported)), read_only=True) as connection:
        for name in VIEWS:
            assert connection.execute(f"SELECT count(*) FROM report.{name}").fetchone() != (0,)


def test_every_view_of_a_warehouse_without_projects_is_empty_but_for_what_is_known_of_the_programmes() -> None:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS esf")
        create_schema(connection, "esf")
        create_reports(connection, "esf")
        counts = {}
        for name in VIEWS:
            rows = connection.execute(f"FROM esf.report.{name}").fetchall()
            counts[name] = len(rows)

    assert {name: count for name, count in counts.items() if count} == {"coverage": 3}


def test_a_programme_period_that_is_not_in_the_reference_table_is_not_lost() -> None:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS esf")
        create_schema(connection, "esf")
        create_reports(connection, "esf")
        connection.execute(
            "INSERT INTO esf.history.project BY NAME SELECT 'esf-1' AS project_id, 'Framtid' AS title,"
            " '2028-2034' AS programme_period, '' AS content_digest, '' AS layout, '' AS landing, '' AS source_path,"
            " 0 AS source_mtime_ns, 'page' AS cause, now()::TIMESTAMP AS valid_from, '' AS run_id"
        )
        found = connection.execute("SELECT programme_period, projects, cci FROM esf.report.coverage").fetchall()

    assert found[-1] == ("2028-2034", 1, None)
    assert len(found) == 4


# ---- past nights ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AS_OF)
def test_a_view_as_of_a_past_night_says_what_it_said_then(name: str, job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.put("b.txt", project("Beta"), on_day=1)
    first = job.ingest()
    before = Reported(job).view(name)
    changed: dict[str, Any] = {
        "owner": "Ny ägare",
        "budget_sek": Decimal(900_000),
        "region": "Sydsverige",
        "municipalities": ("Malmö",),
    }
    job.put("a.txt", project("Alfa", programme_area_code="1", **changed), on_day=2)
    job.put("c.txt", project("Gamma"), on_day=2)
    second = job.ingest()
    now = Reported(job).view(name)

    def as_of(moment: datetime) -> list[dict[str, Any]]:
        return Reported(job).rows(f"FROM report.{name}_as_of(TIMESTAMP '{moment}')")

    def in_order(rows: list[dict[str, Any]]) -> list[str]:
        return sorted(map(repr, rows))

    assert in_order(before) != in_order(now)
    assert in_order(as_of(first.started_at)) == in_order(before)
    assert in_order(as_of(second.started_at)) == in_order(now)
    assert as_of(first.started_at - timedelta(microseconds=1)) == []


# ---- another release ------------------------------------------------------------------------------------------


def as_an_older_release_left_it(job: Job) -> None:
    """The published database without the reports and the table of periods, and with a view that is no more."""
    snapshot = job.published()
    assert snapshot is not None
    path, manifest = snapshot / "esf.duckdb", snapshot / "manifest.json"
    for file in (path, manifest):
        file.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP SCHEMA report CASCADE; DROP TABLE ref.programme_period; CREATE SCHEMA report")
        connection.execute(
            "CREATE VIEW report.coverage AS SELECT 1 AS old; CREATE VIEW report.no_more AS SELECT 1 AS old"
        )
    said = json.loads(manifest.read_text(encoding="utf-8"))
    said["files"]["esf.duckdb"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    del said["files"]["parquet/ref/programme_period.parquet"]
    (snapshot / "parquet" / "ref" / "programme_period.parquet").unlink()
    manifest.write_text(json.dumps(said), encoding="utf-8")
    journal = job.warehouse / "runs.jsonl"
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    for line in lines:  # an older release kept no checksum of the manifest
        line.pop("manifest_sha256", None)
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def test_the_first_run_of_a_new_release_brings_its_reports_and_reference_tables(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()
    as_an_older_release_left_it(job)
    job.put("b.txt", project("Beta"), on_day=2)

    assert job.ingest().loaded == 1

    reported = Reported(job)
    names = reported.rows("SELECT view_name FROM duckdb_views() WHERE schema_name = 'report'")
    assert {row["view_name"] for row in names} == {*VIEWS, GUIDE}
    assert reported.total("coverage", "projects") == 2
    assert (reported.job.warehouse / "current" / "parquet" / "ref" / "programme_period.parquet").is_file()
    (comments,) = reported.rows(
        "SELECT count(*) AS missing FROM duckdb_columns() WHERE NOT internal AND comment IS NULL"
    )
    assert comments == {"missing": 0}


def test_reports_that_have_not_changed_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS esf")
        create_schema(connection, "esf")
        create_reports(connection, "esf")
        connection.execute("CREATE VIEW esf.report.witness AS SELECT 1 AS one")

        create_reports(connection, "esf")
        assert connection.execute("FROM esf.report.witness").fetchall() == [(1,)]

        changed = (*views._statements(DUCKDB), "COMMENT ON COLUMN report.coverage.cci IS 'Another meaning.'")
        monkeypatch.setattr(views, "_statements", lambda _: changed)
        create_reports(connection, "esf")
        with pytest.raises(duckdb.CatalogException):
            connection.execute("FROM esf.report.witness")
        assert connection.execute("SELECT current_database()").fetchone() == ("memory",)

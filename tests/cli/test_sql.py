"""`esf-etl sql`: one query of what is published, and nothing but that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import HARMFUL, HARMLESS_TITLE, HOSTILE_TITLE, Place, Run, esf_etl

QUERY = "SELECT title, grant_sek FROM project WHERE title <> 'x' ORDER BY grant_sek, title DESC LIMIT 2"


def test_a_query_is_answered_with_tab_separated_rows_under_their_names(published: Place, run: Run) -> None:
    done = run("sql", QUERY, "--warehouse", published.warehouse)

    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:2] == ["title\tgrant_sek", "Alfa\t400000.50"]
    assert len(lines) == 3


def test_json_is_an_array_of_objects(published: Place) -> None:
    done = esf_etl("sql", QUERY, "--json", "--warehouse", published.warehouse)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)[0] == {"title": "Alfa", "grant_sek": "400000.50"}


def test_a_query_may_come_on_stdin(published: Place) -> None:
    done = esf_etl("sql", "--warehouse", published.warehouse, given="SELECT count(*) AS n\nFROM project;\n")

    assert (done.returncode, done.stdout) == (0, "n\n3\n")


@pytest.mark.parametrize("query", ["", " \n", ";", "-- only a remark"])
def test_no_query_is_wrong_usage(query: str, published: Place) -> None:
    done = esf_etl("sql", "--warehouse", published.warehouse, given=query)

    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (2, "")


def test_null_is_empty_and_a_line_break_keeps_a_row_on_one_line(published: Place, run: Run) -> None:
    done = run(
        "sql", "SELECT NULL AS a, 'x' || chr(10) || chr(9) || 'y' AS b, 1 AS c", "--warehouse", published.warehouse
    )

    assert done.out == "a\tb\tc\n\tx  y\t1\n"


def test_json_has_null_for_what_json_has_no_number_for(published: Place, run: Run) -> None:
    done = run(
        "sql",
        "SELECT 'nan'::DOUBLE AS a, 'inf'::DOUBLE AS b, 1.5::DOUBLE AS c",
        "--json",
        "--warehouse",
        published.warehouse,
    )

    (row,) = done.json
    assert row["c"] == 1.5
    assert not any(isinstance(row[name], float) for name in "ab")


def test_json_loses_no_column_where_two_have_one_name(published: Place, run: Run) -> None:
    done = run("sql", "SELECT 1 AS a, 2 AS a", "--json", "--warehouse", published.warehouse)

    assert done.code == 2 or sorted(done.json[0].values()) == [1, 2]


def test_a_title_that_could_steer_a_terminal_is_written_out(published: Place, run: Run) -> None:
    done = run("sql", "SELECT title FROM project WHERE title LIKE 'Ond%'", "--warehouse", published.warehouse)

    assert done.out == f"title\n{HARMLESS_TITLE}\n"
    assert not any(character in done.out for character in HARMFUL)


def test_json_keeps_a_title_to_the_letter(published: Place, run: Run) -> None:
    done = run("sql", "SELECT title FROM project WHERE title LIKE 'Ond%'", "--json", "--warehouse", published.warehouse)

    assert done.json == [{"title": HOSTILE_TITLE}]


def test_an_error_in_a_query_is_told_in_the_databases_words(published: Place, run: Run) -> None:
    done = run("sql", "SELECT titel FROM project", "--warehouse", published.warehouse)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("esf-etl: error [query-failed]: Binder Error: ")
    assert '"titel" not found' in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", [["sql", "SELECT 1"], ["rejects"], ["digest"]], ids=" ".join)
def test_a_foreign_write_ahead_log_is_never_read(command: list[str], with_foreign_wal: Place, run: Run) -> None:
    done = run(*command, "--warehouse", with_foreign_wal.warehouse)

    assert (done.code, done.out) == (1, "")
    assert "[foreign-wal]" in done.err
    assert "esf.duckdb.wal" in done.err
    assert (with_foreign_wal.warehouse / "current" / "esf.duckdb.wal").read_bytes() == b"somebody was here"


def test_without_a_warehouse_it_ends_with_1_and_advice(tmp_path: Path, run: Run) -> None:
    done = run("sql", "SELECT 1", "--warehouse", tmp_path)

    assert (done.code, done.out) == (1, "")
    assert "Run `esf-etl ingest` first" in done.err

"""`esf-etl sql --format … --output FILE`: what programs read back is what the database said."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import HOSTILE_TITLE, Place, Run, environment, esf_etl, tree

VALUES = """
SELECT * FROM (VALUES
    (1, 5222650.50::DECIMAL(15,2), DATE '2008-08-01', TIMESTAMP '2026-11-24 02:30:00.5', true, 'a,b', 0.1::DOUBLE),
    (2, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, -0.01, DATE '0001-01-01', TIMESTAMP '2026-11-24 00:00:00', false, '', -1.5),
    (4, 0.00, DATE '9999-12-31', TIMESTAMP '1970-01-01 00:00:00', true, 'he said "no"', 1e300),
    (5, 1.00, DATE '2020-02-29', TIMESTAMP '2020-02-29 12:00:00', true, E'two\\r\\nlines\\n', 0.0),
    (6, 1.00, DATE '2020-02-29', TIMESTAMP '2020-02-29 12:00:00', true, ' blanks ', 0.0),
    (7, 1.00, DATE '2020-02-29', TIMESTAMP '2020-02-29 12:00:00', true, '=1+1', 0.0),
    (8, 1.00, DATE '2020-02-29', TIMESTAMP '2020-02-29 12:00:00', true, 'Återväxt i Åre', 0.0)
) AS t(id, money, day, moment, flag, words, number) ORDER BY id
"""
NESTED = """
SELECT [1.50::DECIMAL(9,2), NULL] AS amounts, {'name': 'x', 'day': DATE '2020-01-01'} AS pair,
       MAP {DATE '2020-01-01': 2} AS days, ['nan'::DOUBLE] AS odd, '\\x01\\xFF'::BLOB AS bytes
"""


def write(run: Run, published: Place, query: str, path: Path, *more: str) -> Path:
    """The file that a query was written to."""
    done = run("sql", query, "--output", path, *more, "--warehouse", published.warehouse)
    assert (done.code, done.out) == (0, ""), done.err
    return path


# ---- round trips ------------------------------------------------------------------------------------------------


def test_parquet_keeps_values_and_types(published: Place, run: Run, tmp_path: Path) -> None:
    path = write(run, published, VALUES, tmp_path / "rows.parquet")

    schema = pq.read_schema(path)
    assert schema.field("money").type == pa.decimal128(15, 2)
    assert schema.field("day").type == pa.date32()
    assert schema.field("moment").type == pa.timestamp("us")
    assert schema.field("flag").type == pa.bool_()
    read = duckdb.sql(f"FROM '{path}' ORDER BY id")
    asked = duckdb.sql(VALUES)
    assert read.types == asked.types
    assert read.fetchall() == asked.fetchall()


def test_csv_read_back_by_duckdb_is_equal(published: Place, run: Run, tmp_path: Path) -> None:
    path = write(run, published, VALUES, tmp_path / "rows.csv")

    types = "{'id': 'INTEGER', 'money': 'DECIMAL(15,2)', 'flag': 'BOOLEAN', 'words': 'VARCHAR'}"
    read = duckdb.sql(f"FROM read_csv('{path}', allow_quoted_nulls = false, types = {types}) ORDER BY id")
    asked = duckdb.sql(VALUES)
    assert read.types == asked.types
    assert read.fetchall() == asked.fetchall()


def test_csv_follows_rfc_4180_and_alters_no_value(published: Place, run: Run) -> None:
    done = run("sql", VALUES, "--format", "csv", "--warehouse", published.warehouse)

    assert done.out.startswith("id,money,day,moment,flag,words,number\r\n")
    assert '1,5222650.50,2008-08-01,2026-11-24 02:30:00.500000,true,"a,b",0.1\r\n' in done.out
    rows = list(csv.reader(io.StringIO(done.out, newline=""), strict=True))
    assert rows[2] == ["2", "", "", "", "", "", ""]
    assert [row[5] for row in rows[3:]] == ["", 'he said "no"', "two\r\nlines\n", " blanks ", "=1+1", "Återväxt i Åre"]


def test_csv_tells_an_empty_text_from_null_and_keeps_a_row_of_one_null(published: Place, run: Run) -> None:
    done = run("sql", "SELECT '' AS a, NULL AS b", "--format", "csv", "--warehouse", published.warehouse)
    assert done.out == 'a,b\r\n"",\r\n'

    done = run("sql", "SELECT NULL AS a", "--format", "csv", "--warehouse", published.warehouse)
    assert done.out == 'a\r\n""\r\n'


def test_json_in_a_file_is_what_json_prints(published: Place, run: Run, tmp_path: Path) -> None:
    for query in (VALUES, "SELECT 1 AS a WHERE false", "SELECT title FROM project"):
        printed = run("sql", query, "--json", "--warehouse", published.warehouse).out
        path = write(run, published, query, tmp_path / "rows.json")

        assert path.read_text(encoding="utf-8") == printed
        assert printed == json.dumps(json.loads(printed), ensure_ascii=False, indent=1) + "\n" or "Ond" in printed


def test_ndjson_has_a_row_a_line_and_the_values_of_json(published: Place, run: Run, tmp_path: Path) -> None:
    path = write(run, published, VALUES, tmp_path / "rows.ndjson")

    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    printed = run("sql", VALUES, "--format", "json", "--warehouse", published.warehouse)
    assert [json.loads(line) for line in lines] == printed.json


def test_lists_and_structs_are_json_in_json_and_in_csv(published: Place, run: Run) -> None:
    (row,) = run("sql", NESTED, "--json", "--warehouse", published.warehouse).json
    expected = {
        "amounts": ["1.50", None],
        "pair": {"name": "x", "day": "2020-01-01"},
        "days": {"2020-01-01": 2},
        "odd": [None],
        "bytes": "01ff",
    }
    assert row == expected

    done = run("sql", NESTED, "--format", "csv", "--warehouse", published.warehouse)
    (read,) = csv.DictReader(io.StringIO(done.out, newline=""), strict=True)
    assert {name: json.loads(text) if name != "bytes" else text for name, text in read.items()} == expected


def test_lists_and_structs_stay_such_in_parquet(published: Place, run: Run, tmp_path: Path) -> None:
    path = write(run, published, NESTED, tmp_path / "rows.parquet")

    (row,) = pq.read_table(path).to_pylist()
    assert row["amounts"] == [Decimal("1.50"), None]
    assert row["pair"]["name"] == "x"


def test_small_decimals_are_written_without_exponents(published: Place, run: Run) -> None:
    query = "SELECT 0.0000001::DECIMAL(18,7) AS a"
    for form, expected in (("csv", "a\r\n0.0000001\r\n"), ("ndjson", '{"a": "0.0000001"}\n')):
        assert run("sql", query, "--format", form, "--warehouse", published.warehouse).out == expected


def test_many_rows_pass_in_parts_and_none_is_lost(published: Place, run: Run, tmp_path: Path) -> None:
    query = "SELECT i FROM range(50001) AS r(i)"
    for form in ("parquet", "csv", "ndjson"):
        path = write(run, published, query, tmp_path / f"rows.{form}")
        assert duckdb.sql(f"SELECT count(*), sum(i) FROM '{path}'").fetchone() == (50001, 1250025000)


def test_no_rows_are_a_file_with_names_only(published: Place, run: Run, tmp_path: Path) -> None:
    query = "SELECT title, grant_sek FROM project WHERE false"

    assert write(run, published, query, tmp_path / "none.csv").read_bytes() == b"title,grant_sek\r\n"
    table = pq.read_table(write(run, published, query, tmp_path / "none.parquet"))
    assert (table.num_rows, table.schema.field("grant_sek").type) == (0, pa.decimal128(15, 2))


def test_columns_of_one_name_are_numbered(published: Place, run: Run, tmp_path: Path) -> None:
    for form in ("parquet", "csv"):
        path = write(run, published, "SELECT 1 AS a, 2 AS a", tmp_path / f"same.{form}")
        assert duckdb.sql(f"FROM '{path}'").columns == ["a", "a_1"]


def test_a_title_is_kept_to_the_letter_in_files(published: Place, run: Run, tmp_path: Path) -> None:
    query = "SELECT title FROM project WHERE title LIKE 'Ond%'"

    assert pq.read_table(write(run, published, query, tmp_path / "a.parquet")).to_pylist() == [{"title": HOSTILE_TITLE}]
    text = write(run, published, query, tmp_path / "a.csv").read_bytes().decode()
    assert next(csv.DictReader(io.StringIO(text, newline="")))["title"] == HOSTILE_TITLE


# ---- files ------------------------------------------------------------------------------------------------------


def test_the_count_of_rows_is_told_on_stderr(published: Place, run: Run, tmp_path: Path) -> None:
    done = run("sql", "FROM project", "--output", tmp_path / "a.csv", "--warehouse", published.warehouse)

    assert done.err == f"3 rows written to {tmp_path / 'a.csv'}.\n"


def test_a_file_is_made_as_others_are_and_replaced_whole(published: Place, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("before", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(path)

    write(run, published, "SELECT 1 AS a", tmp_path / "link.csv")

    assert path.read_bytes() == b"a\r\n1\r\n"
    assert (tmp_path / "link.csv").is_symlink()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "parquet"])
def test_a_query_that_fails_on_its_way_leaves_the_file_as_it_was(
    form: str, published: Place, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{form}"
    path.write_text("before", encoding="utf-8")
    query = "SELECT CASE WHEN i = 90000 THEN error('halfway') ELSE i END AS a FROM range(100000) AS r(i)"

    done = run("sql", query, "--output", path, "--warehouse", published.warehouse)

    assert (done.code, done.out) == (1, "")
    assert "[query-failed]" in done.err
    assert "halfway" in done.err
    assert {one.name: one.read_text(encoding="utf-8") for one in tmp_path.iterdir()} == {path.name: "before"}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_ctrl_c_ends_the_query_and_leaves_no_file(form: str, published: Place, tmp_path: Path) -> None:
    query = "SELECT i FROM range(1000000000000) AS r(i) WHERE i < 500000 OR hash(i) = 5"
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "esf_etl.cli",
            "sql",
            query,
            "--output",
            f"a.{form}",
            "--warehouse",
            published.warehouse,
        ],
        env=environment(),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".a.*.part")):
            assert time.monotonic() < deadline, "it never began to write"
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "interrupted" in told
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--format", "parquet"], "--output"),
        (["--output", "rows"], "--format"),
        (["--output", "rows.csv", "--format", "table"], "--format"),
        (["--json", "--format", "csv"], "--json"),
        (["--max-rows", "-1"], "--max-rows"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_wrong_usage_and_writes_nothing(
    options: list[str], says: str, published: Place, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = run("sql", "SELECT 1", *options, "--warehouse", published.warehouse)

    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "says"), [("missing/rows.csv", "cannot be written"), ("folder", "a folder of this name")]
)
def test_a_file_that_cannot_be_written_is_named(
    name: str, says: str, published: Place, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()

    done = run(
        *("sql", "SELECT 1", "--format", "csv", "--output", tmp_path / name), *("--warehouse", published.warehouse)
    )

    assert (done.code, done.out) == (1, "")
    assert says in done.err
    assert [one.name for one in tmp_path.rglob("*")] == ["folder"]


@pytest.mark.parametrize("name", ["current/esf.duckdb", "current/rows.csv", "runs.jsonl"])
def test_nothing_is_written_into_the_warehouse_folder(name: str, published: Place, run: Run) -> None:
    before = tree(published.warehouse)

    done = run(
        *("sql", "SELECT 1", "--format", "csv", "--output", published.warehouse / name),
        *("--warehouse", published.warehouse),
    )

    assert (done.code, done.out) == (2, "")
    assert tree(published.warehouse) == before


def test_a_type_that_parquet_lacks_is_named_with_its_column(published: Place, run: Run, tmp_path: Path) -> None:
    done = run(
        *("sql", "SELECT 1 AS a, INTERVAL 1 DAY AS wait", "--output", tmp_path / "a.parquet"),
        *("--warehouse", published.warehouse),
    )

    assert (done.code, done.out) == (2, "")
    assert 'wait, which is INTERVAL. Cast it: "wait"::VARCHAR.' in done.err
    assert list(tmp_path.iterdir()) == []


# ---- several statements -----------------------------------------------------------------------------------------


def test_each_of_several_statements_shows_its_rows(published: Place, run: Run) -> None:
    done = run("sql", "SELECT 1 AS a; SELECT 2 AS b", "--warehouse", published.warehouse)

    assert (done.code, done.out) == (0, "a\n1\n\nb\n2\n")


@pytest.mark.parametrize("form", ["csv", "json", "ndjson"])
def test_a_program_gets_the_rows_of_one_statement_only(form: str, published: Place, run: Run) -> None:
    done = run("sql", "SELECT 1 AS a; SELECT 2 AS b", "--format", form, "--warehouse", published.warehouse)

    assert (done.code, done.out) == (2, "")
    assert "2 statements with rows" in done.err


def test_a_pivot_is_one_statement_to_its_reader(published: Place, run: Run) -> None:
    query = "PIVOT project ON region USING count(*) GROUP BY phase"

    assert run("sql", query, "--json", "--warehouse", published.warehouse).json == [
        {"phase": "Genomförande", "Sydsverige": 3}
    ]


def test_where_a_later_statement_fails_nothing_is_printed(published: Place, run: Run) -> None:
    done = run("sql", "SELECT 1 AS a; SELECT nothing_such", "--warehouse", published.warehouse)

    assert (done.code, done.out) == (1, "")
    assert "nothing_such" in done.err


@pytest.mark.parametrize("form", ["csv", "ndjson", "json"])
def test_a_reader_that_has_seen_enough_ends_the_query(form: str, published: Place) -> None:
    command = [sys.executable, "-m", "esf_etl.cli", "sql", "SELECT repeat('x', 99) AS x FROM range(200000)"]
    with subprocess.Popen(
        [*command, "--format", form, "--warehouse", str(published.warehouse)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_neither_pandas_nor_numpy_is_loaded_for_parquet(published: Place, tmp_path: Path) -> None:
    tell = (
        "import sys; from esf_etl.cli import main\n"
        f"main(['sql', 'FROM project', '--output', 'a.parquet', '--warehouse', {str(published.warehouse)!r}])\n"
        "print({'pandas', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", tell], env=environment(), cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout == "set()\n"


def test_a_query_on_stdin_takes_formats_too(published: Place) -> None:
    done = esf_etl("sql", "--format", "csv", "--warehouse", published.warehouse, given="SELECT 1 AS a;\n")

    assert (done.returncode, done.stdout) == (0, "a\n1\n")

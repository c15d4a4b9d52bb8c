"""The analyst's door: whatever a query attempts, it only reads what is published, and no byte of the warehouse changes.

Each attempt ends with an error of ours. What DuckDB refuses by itself is told in its words; what it would let through,
or would refuse only on a luckier day, is refused before it is begun.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from esf_etl.cli.prompt import Prompt
from esf_etl.errors import EsfEtlError, QueryError
from esf_etl.warehouse.database import open_reader
from esf_etl.warehouse.gate import refuse_all_but_reading
from tests.cli.conftest import Place, Run, environment, esf_etl, tree

pytestmark = pytest.mark.promise("door")

SECRET = "kugghjul"  # noqa: S105 - a word that no query may read # pragma: allowlist secret

WRITES = {
    "insert": "INSERT INTO history.project SELECT * FROM history.project",
    "insert into a view": "INSERT INTO project SELECT * FROM project",
    "update": "UPDATE history.project SET title = 'x'",
    "update a view": "UPDATE project SET title = 'x'",
    "delete": "DELETE FROM history.project",
    "truncate": "TRUNCATE history.project",
    "merge": "MERGE INTO ref.county AS a USING ref.county AS b ON a.name = b.name WHEN MATCHED THEN DELETE",
    "create table": "CREATE TABLE other (a INTEGER)",
    "create table as": "CREATE TABLE other AS SELECT 1",
    "create temporary table": "CREATE TEMP TABLE other AS SELECT 1",
    "create view": "CREATE VIEW other AS SELECT 1",
    "replace view": "CREATE OR REPLACE VIEW project AS SELECT 1",
    "create schema": "CREATE SCHEMA other",
    "create sequence": "CREATE SEQUENCE other",
    "create type": "CREATE TYPE other AS ENUM ('a')",
    "create index": "CREATE INDEX other ON history.project (title)",
    "create macro": "CREATE MACRO other() AS 1",
    "create temporary macro": "CREATE TEMP MACRO project_id() AS TABLE SELECT 1",
    "drop table": "DROP TABLE history.project",
    "drop view": "DROP VIEW project",
    "drop schema": "DROP SCHEMA history CASCADE",
    "alter": "ALTER TABLE history.project RENAME TO other",
    "comment": "COMMENT ON TABLE history.project IS 'x'",
    "vacuum": "VACUUM",
    "analyze": "ANALYZE",
    "checkpoint": "CHECKPOINT",
    "force checkpoint": "FORCE CHECKPOINT",
    "begin": "BEGIN; DELETE FROM history.project; COMMIT",
    "with insert": "WITH a AS (SELECT 1 AS n) INSERT INTO history.project SELECT n FROM a",
}
LEAVES = {
    "copy to csv": "COPY project TO 'made.csv'",
    "copy to parquet": "COPY (SELECT 1) TO 'made.parquet' (FORMAT parquet)",
    "copy to stdout": "COPY project TO '/dev/stdout'",
    "copy from": "COPY history.project FROM 'secret.csv'",
    "copy database": "COPY FROM DATABASE esf TO memory",
    "export": "EXPORT DATABASE 'made'",
    "export beside": "EXPORT DATABASE '{database}.tmp'",
    "copy over the database": "COPY (SELECT 1) TO '{database}' (USE_TMP_FILE false)",
    "copy to its log": "COPY (SELECT 1) TO '{database}.wal'",
    "copy to its log of recovery": "COPY (SELECT 1) TO '{database}.wal.recovery'",
    "copy to its log of checkpoints": "COPY (SELECT 1) TO '{database}.wal.checkpoint'",
    "copy to its folder of spills": "COPY (SELECT 1) TO '{database}.tmp/made.csv'",
    "partitions": "COPY (SELECT 1 AS a, 2 AS b) TO '{database}.wal' (FORMAT csv, PARTITION_BY (a))",
    "explain analyze copy": "EXPLAIN ANALYZE COPY (SELECT 1) TO '{database}.wal'",
    "explain analyze in disguise": "EXPLAIN/**/ANALYZE--\n(FORMAT json) COPY (SELECT 1) TO '{database}.wal'",
    "explain copy": "EXPLAIN COPY (SELECT 1) TO '{database}.wal'",
    "explain explain": "EXPLAIN EXPLAIN SELECT 1",
    "prepare": "PREPARE a AS COPY (SELECT 1) TO '{database}.wal'; EXECUTE a",
    "prepare a select": "PREPARE a AS SELECT 1",
    "execute": "EXECUTE a",
    "deallocate": "DEALLOCATE a",
    "second statement": "SELECT 1; COPY (SELECT 1) TO '{database}.wal'",
    "last of many": "FROM project; SELECT 2;;; COPY (SELECT 1) TO '{database}.wal'; SELECT 3",
    "behind a comment": "-- SELECT 1\nCOPY (SELECT 1) TO '{database}.wal'",
    "between comments": "/* SELECT */ COPY /* a */ (SELECT 1) TO -- b\n '{database}.wal'",
    "in letters of all sizes": "cOpY (sElEcT 1) tO '{database}.wal'",
}
READS = {
    "read_csv": "SELECT * FROM read_csv('secret.csv')",
    "read_csv_auto": "SELECT * FROM read_csv_auto('secret.csv')",
    "sniff_csv": "SELECT * FROM sniff_csv('secret.csv')",
    "read_text": "SELECT * FROM read_text('secret.csv')",
    "read_blob": "SELECT * FROM read_blob('secret.csv')",
    "read_json": "SELECT * FROM read_json('secret.csv')",
    "read_ndjson_objects": "SELECT * FROM read_ndjson_objects('secret.csv')",
    "read_parquet": "SELECT * FROM read_parquet('secret.parquet')",
    "parquet_scan": "SELECT * FROM parquet_scan('secret.parquet')",
    "parquet_metadata": "SELECT * FROM parquet_metadata('secret.parquet')",
    "parquet_kv_metadata": "SELECT * FROM parquet_kv_metadata('secret.parquet')",
    "read_duckdb": "SELECT * FROM read_duckdb('secret.duckdb')",
    "glob": "SELECT * FROM glob('*')",
    "glob of the system": "SELECT * FROM glob('/etc/*')",
    "a file as a table": "SELECT * FROM 'secret.csv'",
    "a file of the system as a table": "FROM '/etc/passwd'",
    "parquet as a table": "FROM 'secret.parquet'",
    "a file through query": "FROM query('FROM read_text(''secret.csv'')')",
    "a file in a subquery": "SELECT (SELECT content FROM read_text('secret.csv'))",
    "the password file": "SELECT * FROM read_text('/etc/passwd')",
    "this process": "SELECT * FROM read_blob('/proc/self/environ')",
    "the web": "FROM 'https://example.com/a.csv'",
    "a bucket": "FROM read_csv('s3://bucket/a.csv')",
    "import": "IMPORT DATABASE '.'",
    "pragma import": "PRAGMA import_database('.')",
    "sqlite": "FROM sqlite_scan('secret.db', 'a')",
    "postgres": "FROM postgres_scan('host=localhost', 'public', 'a')",
    "the environment": "SELECT getenv('HOME')",
    "serialised": "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''secret.csv'')'))",
    "a variable of the program": "FROM query",
    "another variable of the program": "FROM rows_of_the_program",
    "arrow by address": "FROM arrow_scan(1, 2, 3)",
    "pandas by address": "FROM pandas_scan(1)",
    "a file through query_table": "FROM query_table('secret.csv')",
    "a file of many": "FROM query_table(['secret.csv', 'secret.parquet'])",
    "a file by a path in quotes": 'FROM "secret.csv"',
    "what is given on stdin": "FROM read_text('/dev/stdin')",
    "a handle of this process": "FROM read_blob('/dev/fd/0')",
    "the database itself": "FROM read_blob('{database}.bak')",
    "the vault": "FROM read_duckdb('{database}/../../../private/contacts.duckdb')",
    "a workbook": "FROM read_xlsx('secret.xlsx')",
    "a lake": "FROM iceberg_scan('secret')",
    "a delta table": "FROM delta_scan('secret')",
    "a map": "FROM st_read('secret.shp')",
    "mysql": "FROM mysql_scan('host=localhost', 'a', 'b')",
    "in a macro of a query": "WITH a AS (FROM read_csv('secret.csv')) SELECT (SELECT max(COLUMNS(*)) FROM a)",
    "the environment of the shell": "SELECT getenv('PATH') FROM project",
}
SWITCHES = {
    "attach": "ATTACH 'made.duckdb' AS made",
    "attach memory": "ATTACH ':memory:' AS made",
    "attach itself to write": "ATTACH '{database}' AS made (READ_WRITE)",
    "attach itself": "ATTACH '{database}' AS made",
    "detach": "DETACH esf",
    "use": "USE memory",
    "install": "INSTALL httpfs",
    "install from elsewhere": "INSTALL made FROM 'https://example.com'",
    "load": "LOAD httpfs",
    "load a file": "LOAD 'made.duckdb_extension'",
    "update extensions": "UPDATE EXTENSIONS",
    "external access": "SET enable_external_access = true",
    "external access for all": "SET GLOBAL enable_external_access = true",
    "external access by default": "RESET enable_external_access",
    "the lock": "SET lock_configuration = false",
    "the lock by default": "RESET lock_configuration",
    "allowed paths": "SET allowed_paths = ['/etc/passwd']",
    "allowed directories": "SET allowed_directories = ['/etc']",
    "temporary directory": "SET temp_directory = 'made'",
    "temporary directory by default": "RESET temp_directory",
    "memory": "SET memory_limit = '1TB'",
    "memory for all": "SET GLOBAL memory_limit = '1GB'",
    "threads": "SET threads = 1",
    "home": "SET home_directory = '/'",
    "secret directory": "SET secret_directory = 'made'",  # pragma: allowlist secret
    "extension directory": "SET extension_directory = 'made'",
    "unsigned extensions": "SET allow_unsigned_extensions = true",
    "replacements": "SET python_enable_replacements = true",
    "log path": "SET log_query_path = 'made.log'",
    "variable": "SET VARIABLE a = 1",
    "pragma threads": "PRAGMA threads = 1",
    "pragma profiling": "PRAGMA enable_profiling = 'json'",
    "pragma profiling output": "PRAGMA profiling_output = 'made.json'",
    "pragma external access": "PRAGMA enable_external_access = true",
    "pragma without value": "PRAGMA enable_profiling",
    "call": "CALL duckdb_settings()",
    "call to check": "CALL checkpoint()",
    "logging": "CALL enable_logging(storage = 'file', storage_path = 'made')",
    "logging by select": "FROM enable_logging(storage = 'file', storage_path = 'made'); SELECT 1",
    "logging in quotes": "FROM \"Enable_Logging\"(storage = 'file', storage_path = 'made')",
    "logging off": "FROM disable_logging()",
    "secret": "CREATE SECRET made (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "secret to keep": "CREATE PERSISTENT SECRET made (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "drop secret": "DROP SECRET made",  # pragma: allowlist secret
    "shared attach": "ATTACH OR REPLACE '{database}' AS esf",
    "attach what postgres has": "ATTACH 'host=localhost' AS made (TYPE postgres)",
    "attach of a lake": "ATTACH 'ducklake:made.ducklake' AS made",
    "install by force": "FORCE INSTALL httpfs",
    "session setting": "SET SESSION threads = 1",
    "local setting": "SET LOCAL threads = 1",
    "pragma memory": "PRAGMA memory_limit = '1TB'",
    "pragma to lock": "PRAGMA disable_checkpoint_on_shutdown",
    "pragma of a temporary folder": "PRAGMA temp_directory = 'made'",
    "pragma to check": "PRAGMA force_checkpoint",
    "check by force and select": "FROM force_checkpoint('esf')",
    "rollback": "ROLLBACK",
    "commit": "COMMIT",
    "call of a table function": "CALL pragma_version()",
    "a macro of a table": "CREATE OR REPLACE MACRO project_as_of(a) AS TABLE SELECT 1",
    "a function": "CREATE FUNCTION other(a) AS a",
    "secrets": "FROM duckdb_secrets()",  # pragma: allowlist secret
    "which secret": "FROM which_secret('s3://a', 's3')",
}
ATTEMPTS = {
    f"{kind}: {name}": query
    for kind, attempts in {"write": WRITES, "leave": LEAVES, "read": READS, "switch": SWITCHES}.items()
    for name, query in attempts.items()
}

rows_of_the_program = [(SECRET,)]


def whole(folder: Path) -> str:
    """One hash over names, modes, times and bytes of everything below a folder, and of the folder itself."""
    found = [(".", folder.stat().st_mode, folder.stat().st_mtime_ns, None), *sorted(tree(folder).items())]
    return hashlib.sha256(repr(found).encode()).hexdigest()


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_attempt_fails_and_changes_no_byte(
    attempt: str, published: Place, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.csv").write_text(f"word\n{SECRET}\n", encoding="utf-8")
    (tmp_path / "schema.sql").write_text("SELECT 1;", encoding="utf-8")
    (tmp_path / "load.sql").write_text("SELECT 1;", encoding="utf-8")
    with duckdb.connect() as maker:
        maker.execute(f"COPY (SELECT '{SECRET}' AS word) TO 'secret.parquet'")
        maker.execute("ATTACH 'secret.duckdb' AS a; CREATE TABLE a.word AS SELECT 1; DETACH a")
    files = sorted(tmp_path.iterdir())
    before = whole(published.warehouse)
    database = (published.warehouse / "current" / "esf.duckdb").resolve()

    done = run("sql", ATTEMPTS[attempt].replace("{database}", str(database)), "--warehouse", published.warehouse)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("esf-etl: error [query-failed]: ")
    assert SECRET not in done.err
    assert sorted(tmp_path.iterdir()) == files
    assert whole(published.warehouse) == before


def test_the_prompt_refuses_them_as_well(published: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = whole(published.warehouse)
    database = (published.warehouse / "current" / "esf.duckdb").resolve()
    prompt = Prompt(published.warehouse)
    try:
        for attempt, query in ATTEMPTS.items():
            with pytest.raises(EsfEtlError):
                prompt.answer(query.replace("{database}", str(database)) + ";")
            assert list(tmp_path.iterdir()) == [], attempt
    finally:
        prompt.close()
    assert whole(published.warehouse) == before


@pytest.mark.parametrize(
    "command",
    [
        ".read secret.sql",
        ".open secret.duckdb",
        ".shell touch made",
        ".system touch made",
        ".output made",
        ".once made",
        ".import secret.csv project",
        ".save made",
        ".backup made",
        ".dump",
        ".cd /",
        ".load made",
        ".log made",
        ".excel",
        ".edit",
        ".!touch made",
        "!touch made",
        ".format made.parquet",
        ".format parquet",
        ".rows -1",
        "._do_help",
        ".close",
        ".answer",
        ".__class__",
    ],
)
def test_the_prompt_has_no_command_that_leaves_it(
    command: str, published: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = whole(published.warehouse)
    prompt = Prompt(published.warehouse)
    try:
        with pytest.raises(EsfEtlError):
            prompt.answer(command)
    finally:
        prompt.close()
    assert list(tmp_path.iterdir()) == []
    assert whole(published.warehouse) == before


@pytest.mark.parametrize("argument", ["../secret.csv", "/etc/passwd", "'; DROP TABLE project;--", "\x1b[2J"])
def test_what_is_given_to_a_command_of_the_prompt_is_a_name(
    argument: str, published: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    before = whole(published.warehouse)
    prompt = Prompt(published.warehouse)
    try:
        for command in (".tables", ".schema"):
            with contextlib.suppress(EsfEtlError):
                prompt.answer(f"{command} {argument}")
    finally:
        prompt.close()
    printed = capsys.readouterr()
    assert "root:" not in printed.out + printed.err
    assert "\x1b" not in printed.out + printed.err
    assert whole(published.warehouse) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "FROM project LIMIT 1",
        "TABLE project",
        "VALUES (1)",
        "WITH a AS (SELECT 1) FROM a",
        "SELECT 1;",
        "/* a */ SELECT /* b; COPY */ 1 -- c",
        "SELECT 'COPY x TO y; DROP TABLE project'",
        "SHOW TABLES",
        "SHOW ALL TABLES",
        "DESCRIBE project",
        "SUMMARIZE ref.county",
        "PIVOT project ON region USING count(*)",
        "PIVOT (SELECT title, region FROM project) ON region USING count(*) GROUP BY title",
        "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "-- a\nEXPLAIN /* b */ (FORMAT json) SELECT 1",
        "PRAGMA version",
        "PRAGMA table_info('project')",
        "FROM project_as_of(TIMESTAMP '2026-01-01')",
        "FROM report.guide",
    ],
)
def test_what_reads_is_answered(query: str, published: Place, run: Run) -> None:
    done = run("sql", query, "--json", "--warehouse", published.warehouse)
    assert (done.code, done.err) == (0, "")
    assert isinstance(done.json, list)


@pytest.mark.parametrize("query", ["FROM checkpoint()", "SELECT write_log('made')", "FROM duckdb_logs()"])
def test_a_function_that_would_write_writes_nothing(
    query: str, published: Place, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB lets them through: there is nothing to checkpoint in what is only read, and its logs are off."""
    monkeypatch.chdir(tmp_path)
    before = whole(published.warehouse)
    run("sql", query, "--json", "--warehouse", published.warehouse)
    assert list(tmp_path.iterdir()) == []
    assert whole(published.warehouse) == before


def test_the_settings_show_the_published_file_and_no_secret(published: Place, run: Run) -> None:
    rows = run("sql", "FROM duckdb_settings()", "--json", "--warehouse", published.warehouse).json
    settings = {row["name"]: row["value"] for row in rows}
    snapshot = str((published.warehouse / "current").resolve())

    assert settings["enable_external_access"] == "false"
    assert settings["lock_configuration"] == "true"
    assert settings["python_enable_replacements"] == "false"
    assert settings["temp_directory"] == ""
    assert settings["allowed_directories"] == "[]"
    assert all(path.startswith(snapshot) for path in settings["allowed_paths"].strip("[]").split(", "))
    assert {name: value for name, value in settings.items() if "password" in name and value} == {}


def test_a_variable_of_this_program_is_no_table(published: Place) -> None:
    local = duckdb.connect().sql("SELECT 'kugghjul' AS word").to_arrow_table()
    assert local.num_rows == 1
    with open_reader(published.warehouse / "current" / "esf.duckdb") as reader, pytest.raises(duckdb.CatalogException):
        reader.execute("FROM local")


def test_a_query_too_large_for_the_memory_fails_and_spills_nothing(published: Place, tmp_path: Path) -> None:
    """DuckDB would spill beside the file that it has open: below the warehouse."""
    before = whole(published.warehouse)
    # In a process of its own, whose memory is small: DuckDB takes a share of what it is told the machine has.
    code = (
        "import sys, duckdb; from pathlib import Path; from esf_etl.warehouse import database\n"
        "connect = duckdb.connect\n"
        "small = {'memory_limit': '50MB'}\n"
        "database.duckdb.connect = lambda *a, config, **k: connect(*a, config={**config, **small}, **k)\n"
        "from esf_etl.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    query = "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY md5(i::VARCHAR)) FROM range(3000000) AS r(i))"
    done = subprocess.run(
        [sys.executable, "-c", code, "sql", query, "--warehouse", str(published.warehouse)],
        env=environment(),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1
    assert "Out of Memory" in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert whole(published.warehouse) == before


def test_the_gate_itself_says_what_it_refuses(published: Place) -> None:
    with open_reader(published.warehouse / "current" / "esf.duckdb") as reader:
        with pytest.raises(QueryError, match=r"^COPY is refused: .* Write a SELECT"):
            refuse_all_but_reading(reader, "COPY project TO 'a'")
        with pytest.raises(QueryError, match="EXPLAIN of COPY is refused"):
            refuse_all_but_reading(reader, "EXPLAIN ANALYZE COPY project TO 'a'")


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o027])
def test_whatever_the_umask_published_files_are_nobodys_to_write_and_folders_only_the_owners(
    umask: int, place: Place, published: Place
) -> None:
    (place.landing / "a.txt").write_bytes((published.landing / "a.txt").read_bytes())
    before = os.umask(umask)
    try:
        done = esf_etl("ingest", *place.options, "--settle-s", "0")
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    modes = {path: path.lstat().st_mode for path in (place.warehouse, *place.warehouse.rglob("*"))}
    snapshots = place.warehouse / "snapshots"

    for path, mode in modes.items():
        if stat.S_ISDIR(mode):
            assert stat.S_IMODE(mode) & ~0o755 == 0, path
        elif stat.S_ISREG(mode) and snapshots in path.parents:
            assert stat.S_IMODE(mode) == 0o444, path
        elif stat.S_ISREG(mode):
            assert stat.S_IMODE(mode) & ~0o644 == 0, path

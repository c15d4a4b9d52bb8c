"""The contracts, and what is derived from them: DDL and COMMENTs, Arrow schemas, the data dictionary."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from esf_etl.pages.records import Contact, Project
from esf_schemas import (
    CONTRACTS,
    ETL_TABLES,
    FILE_NO,
    PROJECT_TABLES,
    REF_TABLES,
    RULES,
    STAGED_TABLES,
    VAULT_TABLES,
    Contract,
    arrow_schema,
    comment_on,
    comment_sql,
    contract,
    create_table_sql,
    dictionary,
    dictionary_markdown,
    staged_arrow_schema,
)
from esf_schemas.arrow import arrow_type
from esf_schemas.ddl import sql_type
from esf_schemas.model import column

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

BY_SCHEMA = {"main": PROJECT_TABLES, "ref": REF_TABLES, "etl": ETL_TABLES, "vault": VAULT_TABLES}

WHOLE_WAREHOUSE_RULES = {"likely-duplicate", "identity-doubt", "content-shrunk"}
RELATION_RULES = {"key-duplicate", "parent-missing", "value-not-in-contract"}

every_contract = pytest.mark.parametrize("model", CONTRACTS, ids=lambda model: model.table().name)


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for schema in ("history", "ref", "etl", "vault"):
            connection.execute(f"CREATE SCHEMA {schema}")
        yield connection


def place(model: type[Contract]) -> str:
    """The schema in which the rows of a contract lie."""
    return "history" if model.table().versioned else model.table().schema


# ---- the tables --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("schema", "models"), BY_SCHEMA.items())
def test_every_table_is_registered_under_the_schema_it_lies_in(schema: str, models: tuple[type[Contract], ...]) -> None:
    assert {model.table().schema for model in models} == {schema}


def test_no_two_tables_have_the_same_name_and_each_is_found_by_it() -> None:
    names = [model.table().name for model in CONTRACTS]

    assert len(set(names)) == len(names)
    assert [contract(name) for name in names] == list(CONTRACTS)


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(KeyError, match="projects"):
        contract("projects")


@every_contract
def test_keys_are_columns_that_are_never_null(model: type[Contract]) -> None:
    table = model.table()

    assert [name for name in table.key if table.column(name).nullable] == []


def test_all_tables_but_the_findings_have_a_key() -> None:
    assert [model.table().name for model in CONTRACTS if not model.table().key] == ["finding"]


def test_children_have_the_key_of_their_parent() -> None:
    children = [model.table() for model in STAGED_TABLES if model.table().parent]

    assert len(children) == len(STAGED_TABLES) - 1
    for child in children:
        assert child.parent is not None
        assert set(contract(child.parent).table().key) <= set(child.key)


def test_project_tables_and_no_others_are_versioned_and_end_in_the_version_columns() -> None:
    assert [model for model in CONTRACTS if model.table().versioned] == list(PROJECT_TABLES)
    for model in PROJECT_TABLES:
        assert [each.name for each in model.table().columns[-3:]] == ["valid_from", "valid_to", "run_id"]


def test_personal_data_are_only_in_the_vault_and_in_the_organisation_number_of_a_sole_trader() -> None:
    personal = {
        f"{model.table().name}.{each.name}" for model in CONTRACTS for each in model.table().columns if each.pii
    }

    assert personal == {"contact.name", "contact.email", "contact.phone", "project.owner_org_number"}


def test_the_project_table_has_every_plain_field_of_the_record() -> None:
    lists = {"sections", "co_financiers", "partners", "municipalities", "attributes", "diagnostics"}
    fields = set(Project.__dataclass_fields__) - lists - {"source", "contact"}

    assert fields <= {each.name for each in contract("project").table().columns}


def test_the_contact_table_has_every_field_of_the_record() -> None:
    assert [each.name for each in contract("contact").table().columns] == [
        "project_id",
        *Contact.__dataclass_fields__,
    ]


def test_the_lineage_of_a_project_is_what_its_page_does_not_say() -> None:
    lineage = {each.name for each in contract("project").table().columns if each.lineage}

    assert lineage == {
        "contact_email_domain",
        "layout",
        "landing",
        "source_path",
        "source_mtime_ns",
        "cause",
        "valid_from",
        "valid_to",
        "run_id",
    }


# ---- the rules ---------------------------------------------------------------------------------------------


def used_rules() -> set[str]:
    used = set()
    for model in CONTRACTS:
        for each in model.to_schema().columns.values():
            used |= {check.name for check in each.checks} | {each.metadata["missing"]}
        if model.table().absent:
            used.add(model.table().absent)
    return used


def test_every_rule_is_held_somewhere_and_every_check_is_a_rule() -> None:
    assert used_rules() | WHOLE_WAREHOUSE_RULES | RELATION_RULES == set(RULES)


def test_the_hard_rules_are_those_that_make_a_row_untrustworthy() -> None:
    assert {rule.code for rule in RULES.values() if rule.severity == "hard"} == {
        "title-missing",
        "period-reversed",
        "amount-negative",
        "grant-above-budget",
        "key-duplicate",
        "parent-missing",
        "value-not-in-contract",
    }


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_a_rule_says_in_sentences_what_is_wrong_and_what_to_do(rule: Any) -> None:
    assert rule.message.endswith(".")
    assert rule.advice.endswith(".")
    assert rule.expected
    assert not rule.expected.endswith(".")


def test_a_rule_that_nobody_described_cannot_be_declared() -> None:
    with pytest.raises(KeyError, match="no-such-rule"):
        column("A column.", missing="no-such-rule")


# ---- DDL ---------------------------------------------------------------------------------------------------


@every_contract
def test_the_table_made_has_the_columns_types_and_nulls_of_its_contract(
    db: duckdb.DuckDBPyConnection, model: type[Contract]
) -> None:
    db.execute(create_table_sql(model, place(model)))

    made = db.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE schema_name = ? ORDER BY column_index",
        [place(model)],
    ).fetchall()
    assert made == [(each.name, sql_type(each.dtype), each.nullable) for each in model.table().columns]


@every_contract
def test_a_comment_stands_on_the_table_and_on_each_column(db: duckdb.DuckDBPyConnection, model: type[Contract]) -> None:
    db.execute(create_table_sql(model, place(model)))
    db.execute(comment_sql(model, place(model)))

    assert db.execute("SELECT comment FROM duckdb_tables()").fetchall() == [(model.table().description,)]
    comments = db.execute("SELECT column_name, comment FROM duckdb_columns() WHERE NOT internal").fetchall()
    assert dict(comments) == {each.name: each.description for each in model.table().columns}


def test_a_table_lies_in_the_schema_of_its_contract_unless_another_is_named(
    db: duckdb.DuckDBPyConnection,
) -> None:
    db.execute(create_table_sql(contract("region")))
    db.execute(create_table_sql(contract("region"), "main"))

    assert db.execute("SELECT schema_name FROM duckdb_tables() ORDER BY 1").fetchall() == [
        ("main",),
        ("ref",),
    ]


def test_a_null_is_refused_where_the_contract_allows_none(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(create_table_sql(contract("region")))

    with pytest.raises(duckdb.ConstraintException, match="NOT NULL"):
        db.execute("INSERT INTO ref.region VALUES ('SE11', NULL)")


def test_comments_on_a_view_its_columns_and_a_macro_outlive_the_connection(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    model = contract("project_section")
    shown = ("project_id", "body")
    with duckdb.connect(file) as db:
        db.execute("CREATE SCHEMA history")
        db.execute(create_table_sql(model, "history"))
        db.execute("CREATE VIEW project_section AS SELECT project_id, body FROM history.project_section")
        db.execute(comment_sql(model, "main", kind="view", columns=shown))
        db.execute("CREATE MACRO section_as_of(ts) AS TABLE FROM history.project_section WHERE valid_from <= ts")
        db.execute(comment_on("MACRO TABLE", "section_as_of", "A night's sections."))
        db.execute("CHECKPOINT")

    with duckdb.connect(file, read_only=True) as db:
        view = db.execute("SELECT comment FROM duckdb_views() WHERE NOT internal").fetchall()
        columns = db.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE NOT internal AND schema_name = 'main'"
        ).fetchall()
        macro = db.execute("SELECT comment FROM duckdb_functions() WHERE NOT internal").fetchall()
    assert view == [(model.table().description,)]
    assert dict(columns) == {name: model.table().column(name).description for name in shown}
    assert macro == [("A night's sections.",)]


def test_prose_is_stored_with_zstd_in_the_file_format_of_the_warehouse(tmp_path: Path) -> None:
    # The default format, v1.0.0, would leave the prose uncompressed without a word.
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{tmp_path / 'prose.duckdb'}' AS warehouse (STORAGE_VERSION 'v1.5.0')")
        db.execute("USE warehouse")
        db.execute(create_table_sql(contract("project_section"), "main"))
        db.execute("""INSERT INTO project_section SELECT 'esf-' || i, 1, 'summary', 'Sammanfattning',
                      repeat(md5(i::VARCHAR), 40), now()::TIMESTAMP, NULL, 'r' FROM range(20000) t(i)""")
        db.execute("CHECKPOINT")

        stored = db.execute(
            "SELECT DISTINCT compression FROM pragma_storage_info('project_section') "
            "WHERE column_name = 'body' AND segment_type = 'VARCHAR'"
        ).fetchall()
    assert stored == [("ZSTD",)]


# ---- Arrow -------------------------------------------------------------------------------------------------


@every_contract
def test_the_arrow_schema_is_that_of_the_polars_types_of_the_model(model: type[Contract]) -> None:
    schema = arrow_schema(model)

    declared = {name: each.dtype.type for name, each in model.to_schema().columns.items()}
    read_by_polars = pl.DataFrame(pl.from_arrow(schema.empty_table())).schema
    assert dict(read_by_polars) == declared


@every_contract
def test_the_arrow_schema_is_that_of_the_table_in_duckdb(db: duckdb.DuckDBPyConnection, model: type[Contract]) -> None:
    db.execute(create_table_sql(model, place(model)))

    made = db.execute(f"FROM {place(model)}.{model.table().name}").to_arrow_table().schema
    ours = arrow_schema(model)
    assert made.names == ours.names
    assert made.types == ours.types


@every_contract
def test_an_arrow_field_carries_description_unit_and_nullability(model: type[Contract]) -> None:
    schema = arrow_schema(model)

    for each in model.table().columns:
        field = schema.field(each.name)
        assert field.metadata[b"description"].decode() == each.description
        assert field.metadata.get(b"unit", b"").decode() == (each.unit or "")
        assert field.nullable == each.nullable


def test_an_arrow_schema_can_be_narrowed_and_led_by_other_fields() -> None:
    schema = arrow_schema(contract("region"), columns=["name"], extra=[pa.field(FILE_NO, pa.int64(), nullable=False)])

    assert schema.names == [FILE_NO, "name"]


@pytest.mark.parametrize("derive", [sql_type, arrow_type])
def test_a_type_that_no_contract_may_use_is_refused(derive: Any) -> None:
    with pytest.raises(KeyError):
        derive(pl.Float64())


@pytest.mark.parametrize("model", STAGED_TABLES, ids=lambda model: model.table().name)
def test_staged_rows_have_a_file_number_and_none_of_the_columns_that_the_writer_sets(
    model: type[Contract],
) -> None:
    schema = staged_arrow_schema(model)

    set_later = {"valid_from", "valid_to", "run_id", "landing", "source_path", "source_mtime_ns", "cause"}
    assert schema.names == [
        FILE_NO,
        *(each.name for each in model.table().columns if each.name not in set_later),
    ]
    assert set(model.staged_schema().columns) == set(schema.names) - {FILE_NO}
    assert [field.name for field in schema if not field.nullable] == [FILE_NO]


# ---- the data dictionary -----------------------------------------------------------------------------------


def test_the_dictionary_has_every_column_of_every_table_once() -> None:
    listed = [(entry["schema"], entry["table"], entry["column"]) for entry in dictionary()]

    assert listed == [
        (model.table().schema, model.table().name, each.name) for model in CONTRACTS for each in model.table().columns
    ]
    assert len(set(listed)) == len(listed)


def test_every_column_is_described_in_a_sentence() -> None:
    wanting = [
        (entry["table"], entry["column"])
        for entry in dictionary()
        if len(entry["description"].split()) < 2 or not entry["description"].endswith(".")
    ]

    assert wanting == []


@every_contract
def test_every_table_is_described_in_a_sentence(model: type[Contract]) -> None:
    assert model.table().description.endswith(".")
    assert "\n" not in model.table().description


def test_a_dictionary_entry_tells_type_unit_and_marks() -> None:
    entries = {(entry["table"], entry["column"]): entry for entry in dictionary()}

    grant = entries["project", "grant_sek"]
    assert (grant["type"], grant["unit"], grant["nullable"], grant["key"], grant["pii"]) == (
        "DECIMAL(15,2)",
        "SEK",
        True,
        False,
        False,
    )
    assert entries["project", "project_id"]["key"]
    assert entries["project", "source_path"]["lineage"]
    assert entries["contact", "email"]["pii"]


def test_the_dictionary_as_markdown_has_a_table_for_each_table_with_all_its_columns() -> None:
    sections = dictionary_markdown().split("\n## ")[1:]

    assert len(sections) == len(CONTRACTS)
    for section, model in zip(sections, CONTRACTS, strict=True):
        table = model.table()
        assert section.startswith(f"{table.schema}.{table.name}\n")
        assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == [
            each.name for each in table.columns
        ]


def test_markdown_tells_personal_data_apart() -> None:
    (line,) = [line for line in dictionary_markdown().splitlines() if line.startswith("| `email`")]

    assert "| personal data |" in line


# ---- the import --------------------------------------------------------------------------------------------


def test_importing_the_contracts_loads_neither_pandas_nor_pyarrow_nor_duckdb() -> None:
    unwanted = {"pandas", "pyarrow", "duckdb", "prefect"}
    program = f"import sys, esf_schemas; print(*({unwanted} & set(sys.modules)))"

    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "schemas")},
    )

    assert run.stdout.split() == []

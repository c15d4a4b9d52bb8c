"""`esf-etl dictionary`: every column of every contract."""

from __future__ import annotations

import json

import pytest

from esf_schemas import CONTRACTS
from tests.cli.conftest import ROOT, Run, esf_etl

TABLES = [contract.table() for contract in CONTRACTS]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table.schema}.{table.name}")
def test_every_column_of_a_table_stands_under_its_heading(table: object, run: Run) -> None:
    (known,) = (each for each in TABLES if each is table)
    done = run("dictionary")

    assert (done.code, done.err) == (0, "")
    part = done.out.split(f"## {known.schema}.{known.name}\n", 1)[1].partition("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [column.name for column in known.columns]
    assert known.description in part
    for row, column in zip(rows, known.columns, strict=True):
        assert column.description.replace("|", "\\|") in row


def test_the_page_is_the_one_in_docs(run: Run) -> None:
    page = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")

    assert run("dictionary").out == run("dictionary", "--format", "markdown").out == page


def test_format_json_is_json(run: Run) -> None:
    assert run("dictionary", "--format", "json").out == run("dictionary", "--json").out


def test_json_has_every_column_once_with_its_type_and_meaning() -> None:
    done = esf_etl("dictionary", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    entries = json.loads(done.stdout)
    named = [(entry["schema"], entry["table"], entry["column"]) for entry in entries]
    assert named == [(table.schema, table.name, column.name) for table in TABLES for column in table.columns]
    assert all(entry["type"] and entry["description"] for entry in entries)
    (grant,) = (entry for entry in entries if (entry["table"], entry["column"]) == ("project", "grant_sek"))
    assert (grant["type"], grant["unit"], grant["pii"]) == ("DECIMAL(15,2)", "SEK", False)

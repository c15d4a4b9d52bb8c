"""`esf-etl rejects`: where, what was found, what was expected."""

from __future__ import annotations

from pathlib import Path

from esf_etl import render
from tests.cli.conftest import CONTACT, Place, Run, project, put


def test_each_reject_says_file_line_code_found_and_expected(published: Place, run: Run) -> None:
    done = run("rejects", "--warehouse", published.warehouse)

    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    (dear,) = (line for line in lines if line.startswith("dear.txt"))
    place, line, code, _ = (part.strip() for part in dear.split(":", 3))
    page = render(project("Dyr")).splitlines()
    assert place == "dear.txt"
    assert page[int(line) - 1].startswith(("Beviljat ESF-stöd", "Total projektbudget"))
    assert code == "grant-above-budget"
    detail = lines[lines.index(dear) + 1 : lines.index(dear) + 3]
    assert [part.partition(":")[0] for part in detail] == ["    found", "    expected"]
    assert "900001" in detail[0].replace("\u00a0", "").replace(" ", "")
    assert any(line.startswith("news/article.txt:1: article: ") for line in lines)


def test_json_is_the_rows_of_the_table(published: Place, run: Run) -> None:
    rows = run("rejects", "--json", "--warehouse", published.warehouse).json

    assert [(row["path"], row["code"]) for row in rows] == [
        ("dear.txt", "grant-above-budget"),
        ("news/article.txt", "article"),
    ]
    assert {"landing", "line", "message", "found", "expected"} <= set(rows[0])


def test_an_unreadable_amount_names_what_was_found_and_expected(place: Place, run: Run) -> None:
    page = render(project()).replace("5\u00a0222\u00a0650 kr", "femtusen sköna")
    put(place.landing, "a.txt", page)
    assert run("ingest", *place.options).code == 0

    first, found, expected = run("rejects", "--warehouse", place.warehouse).out.splitlines()

    number = 1 + next(at for at, line in enumerate(page.splitlines()) if "femtusen" in line)
    assert first.startswith(f"a.txt:{number}: amount-unreadable: ")
    assert found == "    found: femtusen sköna"
    assert expected == "    expected: an amount in kronor, such as 5 222 650 kr"


def test_a_reject_shows_nobodys_contact(place: Place, run: Run) -> None:
    put(place.landing, "a.txt", render(project()).replace("13\u00a0120\u00a0391,50 kr", "mycket"))
    assert run("ingest", *place.options).code == 0

    done = run("rejects", "--json", "--warehouse", place.warehouse)

    assert len(done.json) == 1
    for value in (CONTACT.name, CONTACT.email, CONTACT.phone):
        assert value is not None
        assert value not in done.out


def test_no_reject_is_said_and_is_an_empty_array(place: Place, run: Run) -> None:
    put(place.landing, "a.txt", project())
    assert run("ingest", *place.options).code == 0

    assert run("rejects", "--warehouse", place.warehouse).out == "No file stands rejected.\n"
    assert run("rejects", "--json", "--warehouse", place.warehouse).json == []


def test_without_a_warehouse_it_ends_with_1_and_advice(tmp_path: Path, run: Run) -> None:
    done = run("rejects", "--warehouse", tmp_path)

    assert (done.code, done.out) == (1, "")
    assert "Run `esf-etl ingest` first, or name the folder with --warehouse." in done.err

"""`esf-etl verify` and `restore`: what they print, and how they end."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Place, Run, project, put


def test_verify_prints_a_line_a_check_and_ends_with_0(published: Place, run: Run) -> None:
    done = run("verify", "--landing", published.landing, "--read", "--all", "--warehouse", published.warehouse)
    assert (done.code, done.err) == (0, "")
    first, *checks, last = done.out.splitlines()
    assert first.endswith(f"snapshots/{(published.warehouse / 'current').resolve().name}:")
    assert all(line.startswith("  ok       ") for line in checks)
    assert last == "Nothing is wrong."


def test_verify_says_what_is_wrong_and_what_to_do_and_ends_with_1(with_foreign_wal: Place, run: Run) -> None:
    done = run("verify", "--warehouse", with_foreign_wal.warehouse)
    assert done.code == 1
    assert "  wrong    foreign files: esf.duckdb.wal is not ours." in done.out
    assert "Remove it" in done.out
    found = run("verify", "--json", "--warehouse", with_foreign_wal.warehouse)
    assert (found.code, found.json["ok"]) == (1, False)
    assert {"name", "state", "message", "advice"} == set(found.json["checks"][0])


def test_to_read_pages_verify_must_know_where_they_are(published: Place, run: Run) -> None:
    assert run("verify", "--read", "--warehouse", published.warehouse).code == 2


def test_restore_lists_and_goes_back(own: Place, run: Run) -> None:
    first = (own.warehouse / "current").resolve().name
    put(own.landing, "new.txt", project("Ny"))
    assert run("ingest", *own.options).code == 0

    listed = run("restore", "--list", "--json", "--warehouse", own.warehouse).json
    assert [(row["snapshot"] == first, row["current"], row["projects"]) for row in listed] == [
        (False, True, 4),
        (True, False, 3),
    ]
    done = run("restore", first, "--warehouse", own.warehouse)
    assert done.code == 0
    assert done.out.startswith(f"Published again: snapshots/{first}, 3 projects.")
    assert run("restore", first, "--json", "--warehouse", own.warehouse).json["outcome"] == "already-current"
    assert f"{first}" in run("restore", "--list", "--warehouse", own.warehouse).out


@pytest.mark.parametrize("arguments", [[], ["a", "--list"]])
def test_restore_wants_a_snapshot_or_the_list(arguments: list[str], published: Place, run: Run) -> None:
    assert run("restore", *arguments, "--warehouse", published.warehouse).code == 2

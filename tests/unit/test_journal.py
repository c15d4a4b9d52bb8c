"""The journal: a line when a run starts, a line when it has ended, and nothing lost to a cut-off line."""

from __future__ import annotations

from pathlib import Path

import pytest

from esf_etl.warehouse import journal


def entry(event: str, run_id: str) -> dict[str, str]:
    return {"event": event, "run_id": run_id}


def test_entries_are_read_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    entries = [entry("started", "1"), {**entry("ended", "1"), "note": "åäö\n\u2028"}, entry("started", "2")]
    for each in entries:
        journal.append(path, each)
    assert journal.read(path) == entries
    assert path.read_bytes().count(b"\n") == 3


def test_a_journal_that_is_not_there_has_no_entries(tmp_path: Path) -> None:
    assert journal.read(tmp_path / "runs.jsonl") == []


@pytest.mark.parametrize("torn", [b'{"event":"sta', b"\xff\xfe", b"\0\0\0\0", b"[1]", b'{"event":"started"}', b'"x"'])
def test_a_line_that_is_no_entry_is_passed_over(torn: bytes, tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    journal.append(path, entry("started", "1"))
    with path.open("ab") as file:
        file.write(torn)
    journal.append(path, entry("started", "2"))
    assert journal.read(path) == [entry("started", "1"), entry("started", "2")]


def test_runs_without_an_ended_entry_are_open() -> None:
    entries = [entry("started", "1"), entry("ended", "1"), entry("started", "2"), entry("started", "3")]
    assert journal.open_runs(entries) == [entry("started", "2"), entry("started", "3")]
    assert journal.open_runs([]) == []

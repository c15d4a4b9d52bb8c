"""What became of a run: the law, the sentence for a person, the row of etl.run."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from esf_etl.summary import COUNTS, RunSummary, run_row
from esf_schemas import contract

START = datetime(2026, 6, 1, 1, 30)  # noqa: DTZ001 - times are in UTC, without saying so


def summary(**values: Any) -> RunSummary:
    return RunSummary("r1", START, "/landing", "default", "/warehouse", "1", **values)


def test_the_law_counts_every_file_once() -> None:
    counts = {"unchanged": 1, "deferred": 2, "loaded": 4, "same_content": 8, "superseded": 16, "rejected": 32}
    assert summary(files_seen=63, **counts).law_holds
    for name in counts:
        assert not summary(files_seen=63, **{**counts, name: 0}).law_holds, name
    assert summary(files_seen=63, **counts, vanished=5).law_holds, "what has gone was not seen"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"outcome": "published", "loaded": 2, "rejected": 1}, "Published: 2 loaded, 1 rejected."),
        ({"outcome": "published", "vanished": 1, "unchanged": 3}, "Published: 0 loaded, 3 unchanged, 1 vanished."),
        ({"outcome": "published", "same_content": 1}, "Published: 0 loaded, 1 same-content."),
        ({"outcome": "idle", "unchanged": 5, "deferred": 1}, "Nothing new: 5 unchanged, 1 deferred."),
        ({"outcome": "idle"}, "Nothing new: no page files."),
        ({"outcome": "published", "loaded": 1, "dry_run": True}, "Would publish: 1 loaded."),
        ({"outcome": "idle", "unchanged": 1, "dry_run": True}, "Would publish nothing: 1 unchanged."),
        ({"outcome": "failed", "error_message": "no disk."}, "Failed: no disk."),
    ],
)
def test_a_run_is_told_in_one_sentence(values: dict[str, Any], sentence: str) -> None:
    assert summary(**values).sentence() == sentence


def test_the_dictionary_is_json_with_times_in_utc() -> None:
    ended = summary(ended_at=START + timedelta(seconds=1.5), outcome="published", stages_s={"look": 0.1})
    values = json.loads(json.dumps(ended.to_dict()))
    assert values["started_at"] == "2026-06-01T01:30:00Z"
    assert values["ended_at"] == "2026-06-01T01:30:01.500000Z"
    assert (values["elapsed_s"], values["law_holds"], values["stages_s"]) == (1.5, True, {"look": 0.1})
    assert summary().to_dict()["ended_at"] is None
    assert summary().elapsed_s is None


def test_a_row_has_the_columns_of_the_run_table_and_times_without_a_zone() -> None:
    counts = {name: place for place, name in enumerate(COUNTS)}
    ended = summary(ended_at=START + timedelta(seconds=1), outcome="published", projects=7, findings=1, **counts)
    row = run_row(ended.to_dict())
    assert set(row) == {column.name for column in contract("run").table().columns}
    assert (row["started_at"], row["ended_at"]) == (START, START + timedelta(seconds=1))
    assert {name: row[name] for name in COUNTS} == counts
    assert (row["projects"], row["findings"]) == (7, 1)


@pytest.mark.parametrize("outcome", ["failed", "killed"])
def test_what_a_run_that_came_to_nothing_had_counted_is_left_out(outcome: Any) -> None:
    row = run_row(summary(outcome=outcome, loaded=3, files_seen=3, projects=2, error_code="x").to_dict())
    assert {row[name] for name in (*COUNTS, "projects", "findings")} == {None}
    assert (row["outcome"], row["error_code"], row["ended_at"]) == (outcome, "x", None)


def test_a_journal_entry_of_a_killed_run_is_a_row_too() -> None:
    entry = {
        "event": "ended",
        "run_id": "r1",
        "started_at": "2026-06-01T01:30:00Z",
        "ended_at": None,
        "outcome": "killed",
    }
    row = run_row(entry)
    assert (row["run_id"], row["started_at"], row["outcome"], row["parser_version"]) == ("r1", START, "killed", None)

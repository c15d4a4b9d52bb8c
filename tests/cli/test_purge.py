"""`esf-etl purge`: how long ago, and what it says."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Place, Run


def test_without_contacts_there_is_nothing_to_purge(own: Place, run: Run) -> None:
    done = run("purge", "--older-than", "2y", "--warehouse", own.warehouse)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Removed 0 contacts of projects that ended before ")


def test_it_takes_the_contacts_of_projects_that_ended_longer_ago(own: Place, run: Run) -> None:
    assert run("ingest", *own.options, "--reprocess", "--with-contacts").code == 0

    would = run("purge", "--older-than", "2y", "--dry-run", "--json", "--warehouse", own.warehouse).json
    said = run("purge", "--older-than", "2y", "--json", "--warehouse", own.warehouse).json

    assert would["contacts_removed"] == said["contacts_removed"] > 0
    assert run("purge", "--older-than", "2y", "--json", "--warehouse", own.warehouse).json["contacts_removed"] == 0


@pytest.mark.parametrize("time", ["two years", "2", "-1y", "9999y"])
def test_what_is_no_length_of_time_ends_with_2(time: str, own: Place, run: Run) -> None:
    done = run("purge", f"--older-than={time}", "--warehouse", own.warehouse)

    assert (done.code, done.out) == (2, "")
    assert "[usage]" in done.err


def test_a_length_of_time_must_be_given(own: Place, run: Run) -> None:
    done = run("purge", "--warehouse", own.warehouse)

    assert done.code == 2
    assert "--older-than" in done.err

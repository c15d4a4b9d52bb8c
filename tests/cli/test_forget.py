"""`esf-etl forget`: who it takes, what it says, and that it says no more than that."""

from __future__ import annotations

import pytest

from tests.cli.conftest import CONTACT, Place, Run, tree


def test_a_dry_run_changes_nothing_and_tells_what_would_be_done(own: Place, run: Run) -> None:
    before = tree(own.warehouse)

    done = run("forget", str(CONTACT.email), "--dry-run", "--warehouse", own.warehouse, "--landing", own.landing)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Would remove 0 contacts and mask 0 texts; nothing was changed.\n")
    assert "Pages that still hold the person" in done.out
    assert "a.txt" in done.out
    assert str(CONTACT.email) not in done.out
    assert tree(own.warehouse) == before


def test_json_has_counts_and_lists(own: Place, run: Run) -> None:
    said = run("forget", str(CONTACT.name), "--json", "--warehouse", own.warehouse, "--landing", own.landing).json

    assert set(said) == {
        "dry_run",
        "contacts_removed",
        "masked",
        "snapshot",
        "older_snapshots",
        "landing_files",
        "unsearched",
    }
    assert "a.txt" in said["landing_files"]


@pytest.mark.parametrize("person", ["Kim", "kim@", "@example.se"])
def test_half_a_name_and_half_an_address_end_with_2(person: str, own: Place, run: Run) -> None:
    before = tree(own.warehouse)

    done = run("forget", person, "--warehouse", own.warehouse)

    assert (done.code, done.out) == (2, "")
    assert "[usage]" in done.err
    assert tree(own.warehouse) == before

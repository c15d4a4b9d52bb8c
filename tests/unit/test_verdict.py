"""The first line of `esf-etl status`: every state of a journal, told by the clock that is passed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from esf_etl.warehouse.at_work import AtWork
from esf_etl.warehouse.verdict import Verdict, duration_text, judge

NIGHT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 8, 30, tzinfo=ZoneInfo("Europe/Stockholm"))
LAST_WEEK = datetime(2026, 11, 17, 2, 30, 40, tzinfo=UTC)
SCHEDULE = "See whether the schedule runs (cron, `esf-etl serve`, the Prefect worker)"
STILL = "What is published is from 2026-11-17 03:30 CET (7 d 4 h ago)."


def started(moment: datetime = NIGHT) -> dict[str, Any]:
    return {"event": "started", "run_id": f"{moment:%Y%m%dT%H%M%S.%fZ}", "started_at": moment.isoformat()}


def ended(outcome: str, moment: datetime = NIGHT, **more: Any) -> dict[str, Any]:
    counts = {"files_seen": 316, "vanished": 0, "loaded": 312, "rejected": 4, "unchanged": 0, "deferred": 0}
    at = moment.isoformat()
    return {**started(moment), "event": "ended", "outcome": outcome, "written_at": at, **counts, **more}


def said(*entries: dict[str, Any], working: AtWork = "no", published: bool = True, **more: Any) -> Verdict:
    facts: dict[str, Any] = {"published_at": LAST_WEEK if published else None, "damage": None, "now": NOW}
    return judge(list(entries), working=working, **{**facts, **more})


def test_a_run_that_published() -> None:
    verdict = said(started(), ended("published"))

    assert (verdict.state, verdict.ok, verdict.age) == ("worked", True, timedelta(hours=5))
    assert verdict.sentence == (
        "The last run worked, 2026-11-24 03:30 CET (5 h ago): it published 312 new versions, 4 rejected"
        " (`esf-etl rejects` says why)."
    )


def test_a_run_that_found_nothing_new_worked_too() -> None:
    verdict = said(ended("published", LAST_WEEK), ended("idle", unchanged=316, deferred=1))

    assert (verdict.state, verdict.ok) == ("worked", True)
    assert verdict.sentence == (
        "The last run worked, 2026-11-24 03:30 CET (5 h ago): it found nothing new: 316 unchanged, 1 deferred."
    )


def test_a_run_that_failed_says_why_and_what_is_published_still() -> None:
    message = "/w: the warehouse could not be written: No space left on device. Is there space on the disk?"
    verdict = said(ended("published", LAST_WEEK), ended("failed", error_code="write-failed", error_message=message))

    assert (verdict.state, verdict.ok) == ("failed", False)
    assert verdict.sentence == f"The last run failed, 2026-11-24 03:30 CET (5 h ago): {message} {STILL}"
    assert verdict.last_success_at == LAST_WEEK


def test_the_very_first_run_failed() -> None:
    verdict = said(ended("failed", error_code="landing-missing", error_message="Mount it."), published=False)

    assert verdict.sentence.endswith("Mount it. Nothing is published yet.")
    assert (verdict.ok, verdict.last_success_at, verdict.age) == (False, None, None)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("KeyboardInterrupt", "somebody stopped it. Do `esf-etl ingest` again."),
        (
            "ZeroDivisionError",
            "an error that nobody foresaw (ZeroDivisionError). Do `esf-etl ingest` again, and report",
        ),
    ],
)
def test_what_no_message_of_ours_explains_has_an_advice_too(code: str, words: str) -> None:
    assert words in said(ended("failed", error_code=code, error_message=code)).sentence


def test_a_run_that_was_killed_a_moment_ago() -> None:
    verdict = said(ended("published", LAST_WEEK), started(), working="no")

    assert (verdict.state, verdict.ok) == ("killed", False)
    assert verdict.sentence == (
        "The last run was killed; it had begun 2026-11-24 03:30 CET (5 h ago). The next run heals by itself: wait for"
        f" it, or do `esf-etl ingest` now. {STILL}"
    )


def test_a_killed_run_that_was_cleared_away() -> None:
    verdict = said(ended("published", LAST_WEEK), ended("killed", written_at=None, ended_at=None))

    assert (verdict.state, verdict.ok) == ("killed", False)
    assert verdict.sentence == (
        "The last run was killed; it had begun 2026-11-24 03:30 CET (5 h ago). What it left was cleared away: do"
        f" `esf-etl ingest` again. {STILL}"
    )


def test_a_run_at_work_and_how_the_one_before_did() -> None:
    verdict = said(
        ended("idle", NIGHT - timedelta(days=1), unchanged=3), started(), working="yes", max_age=timedelta(2)
    )

    assert (verdict.state, verdict.ok) == ("running", True)
    assert verdict.sentence == (
        "A run is at work; it began 2026-11-24 03:30 CET (5 h ago). The last run worked, 2026-11-23 03:30 CET"
        " (29 h ago): it found nothing new: 3 unchanged, 0 deferred."
    )


def test_the_first_run_at_work_is_not_yet_a_success() -> None:
    verdict = said(started(), working="yes", published=False)

    assert verdict.sentence == "A run is at work; it began 2026-11-24 03:30 CET (5 h ago)."
    assert (verdict.state, verdict.ok) == ("running", False)


def test_a_run_at_work_does_not_hide_that_the_one_before_failed_or_is_long_ago() -> None:
    failed = said(ended("failed", LAST_WEEK, error_message="Why."), started(), working="yes")
    stale = said(ended("idle", LAST_WEEK), started(), working="yes", max_age=timedelta(hours=26))

    assert (failed.state, failed.ok) == ("failed", False)
    assert "A run is at work; it began" in failed.sentence
    assert (stale.state, stale.ok) == ("stale", False)


def test_a_run_on_another_machine_may_be_at_work_or_dead() -> None:
    verdict = said(ended("idle", NIGHT - timedelta(days=1)), started(), working="unknown")

    assert verdict.sentence.startswith("A run is at work on another machine, or was killed there; it began 2026-11-24")
    assert (verdict.state, verdict.ok) == ("running", True)


@pytest.mark.parametrize(("hours", "state"), [(5, "worked"), (4, "stale")])
def test_a_run_is_stale_only_when_it_is_older_than_allowed(hours: int, state: str) -> None:
    assert said(ended("idle"), max_age=timedelta(hours=hours)).state == state


def test_stale_says_how_old_and_where_to_look() -> None:
    verdict = said(ended("published", LAST_WEEK), max_age=timedelta(hours=26))

    assert verdict.sentence == (
        "Stale: the last run that worked was 2026-11-17 03:30 CET (7 d 4 h ago), and 26 h are allowed."
        f" {SCHEDULE}, then do `esf-etl ingest`."
    )


def test_without_a_limit_an_old_run_worked_but_a_night_is_missing() -> None:
    verdict = said(ended("published", LAST_WEEK))

    assert (verdict.state, verdict.ok) == ("worked", True)
    assert verdict.sentence.endswith(f" That is longer ago than a night. {SCHEDULE}.")


def test_no_run_yet() -> None:
    verdict = said(published=False, max_age=timedelta(hours=26))

    assert (verdict.state, verdict.ok) == ("none", False)
    assert verdict.sentence == "No run yet: start one with `esf-etl ingest`."


def test_what_is_damaged_comes_first() -> None:
    verdict = said(ended("published"), damage="/w: the manifest is gone. Go back.")

    assert (verdict.state, verdict.ok) == ("damaged", False)
    assert verdict.sentence == "What is published is damaged: /w: the manifest is gone. Go back."


def test_going_back_is_told_until_the_next_run_begins() -> None:
    restored = {"event": "restored", "run_id": "20261117T023000.000000Z", "restored_at": "2026-11-24T05:00:00Z"}

    assert said(ended("published"), restored).state == "restored"
    assert said(ended("published"), restored, max_age=timedelta(hours=26)).ok
    assert said(ended("published"), restored, ended("idle")).state == "worked"
    assert said(ended("published", LAST_WEEK), restored, max_age=timedelta(hours=26)).state == "stale"


def test_forgetting_a_person_is_no_night() -> None:
    forgotten = ended("published", files_seen=0, loaded=0, rejected=0)

    verdict = said(ended("idle", LAST_WEEK), forgotten, max_age=timedelta(hours=26))

    assert (verdict.state, verdict.last_success_at) == ("stale", LAST_WEEK)


# ---- the clock -------------------------------------------------------------------------------------------------


def test_a_clock_that_was_set_back_makes_nobody_claim_an_age() -> None:
    verdict = said(ended("idle", NIGHT + timedelta(days=300)), max_age=timedelta(hours=26))

    assert (verdict.state, verdict.ok, verdict.age) == ("clock", False, None)
    assert verdict.sentence == (
        "The last run worked, but how long ago nobody can say: its time, 2027-09-20 04:30 CEST, has not come yet by"
        " this machine's clock. Set the clock right."
    )


def test_runs_after_the_clock_was_set_right_again_are_told_by_the_clock_of_then() -> None:
    # Their own times rise on from the wrong one; the time of the entry is that of the clock.
    wrong = ended("idle", NIGHT + timedelta(days=300))
    right = {**ended("idle", NIGHT + timedelta(days=300, microseconds=1)), "written_at": NIGHT.isoformat()}

    verdict = said(wrong, right, max_age=timedelta(hours=26))

    assert (verdict.state, verdict.ok, verdict.age) == ("worked", True, timedelta(hours=5))


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(minutes=5)])
def test_clocks_of_two_machines_may_differ_a_little(ahead: timedelta) -> None:
    verdict = said(ended("idle", NOW.astimezone(UTC) + ahead))

    assert (verdict.state, verdict.age) == ("worked", timedelta(0))


def test_an_entry_of_an_older_release_has_the_times_of_its_run() -> None:
    old = {name: value for name, value in ended("idle").items() if name != "written_at"} | {"ended_at": None}

    assert said(old).age == timedelta(hours=5)
    assert said({**old, "started_at": "gibberish"}).state == "clock"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (26 * 3600, "26 h"),
        (47 * 3600 + 3599, "47 h"),
        (48 * 3600, "2 d"),
        (75 * 3600, "3 d 3 h"),
    ],
)
def test_a_duration_is_told_in_two_units_at_most(seconds: int, text: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == text

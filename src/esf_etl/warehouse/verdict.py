"""Did last night work, and if not, what is to be done: one sentence, and what a monitor wants to know.

A function of the journal and of the clock, both passed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from esf_etl.warehouse import journal

if TYPE_CHECKING:
    from esf_etl.warehouse.at_work import AtWork

__all__ = ["State", "Verdict", "duration_text", "judge", "worked"]

State = Literal["worked", "running", "restored", "failed", "killed", "stale", "clock", "damaged", "unreachable", "none"]

_FINE: tuple[State, ...] = ("worked", "running", "restored")

_A_NIGHT = timedelta(hours=26)
"""Between two nights are 24 hours, 25 where the clocks change; one more, for a run that takes long."""

_CLOCKS_DIFFER = timedelta(minutes=5)
"""Machines that share a warehouse may differ by so much."""

_SCHEDULE = "See whether the schedule runs (cron, `esf-etl serve`, the Prefect worker)"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the last run. `ok` is False where somebody must do something, and where nobody can tell.

    `last_success_at` is when the newest run ended that published or found nothing new, `age` how long ago that is;
    None where there was none, or the clock cannot say.
    """

    state: State
    ok: bool
    sentence: str
    last_success_at: datetime | None
    age: timedelta | None


def worked(entry: dict[str, Any]) -> bool:
    """Whether a run did what it was to do: also where it found nothing new."""
    return entry.get("outcome") in {"published", "idle"}


def judge(
    entries: list[dict[str, Any]],
    *,
    working: AtWork,
    published_at: datetime | None,
    damage: str | None,
    now: datetime,
    max_age: timedelta | None = None,
) -> Verdict:
    """The verdict on a journal. `damage` is what is wrong with what is published, `max_age` how old is too old."""
    runs = journal.nightly(entries)
    success = next((run for run in reversed(runs) if worked(run)), None)
    success_at = journal.moment_of(success) if success else None
    age = None if success_at is None or success_at > now + _CLOCKS_DIFFER else max(now - success_at, timedelta(0))
    still = f"What is published is from {_when(published_at, now)}." if published_at else "Nothing is published yet."
    state, sentence = _of_the_last(runs, success_at, age, still=still, now=now, max_age=max_age)
    newest = entries[-1] if entries else {"event": None}
    begun = _when(journal.moment_of(newest), now)
    if damage:
        state, sentence = "damaged", f"What is published is damaged: {damage}"
    elif newest["event"] == "started" and working == "no":
        heals = "The next run heals by itself: wait for it, or do `esf-etl ingest` now."
        state, sentence = "killed", f"The last run was killed; it had begun {begun}. {heals} {still}"
    elif newest["event"] == "started":
        at_work = "A run is at work" if working == "yes" else "A run is at work on another machine, or was killed there"
        sentence = f"{at_work}; it began {begun}." + (f" {sentence}" if runs else "")
        state = "running" if state in {"worked", "none"} else state
    elif newest["event"] == "restored" and state == "worked":
        state, sentence = "restored", _restored(newest)
    return Verdict(state, state in _FINE and age is not None, sentence, success_at, age)


def _of_the_last(
    runs: list[dict[str, Any]],
    success_at: datetime | None,
    age: timedelta | None,
    *,
    still: str,
    now: datetime,
    max_age: timedelta | None,
) -> tuple[State, str]:
    """What became of the last run that has ended."""
    if not runs:
        return "none", "No run yet: start one with `esf-etl ingest`."
    last = runs[-1]
    when = _when(journal.moment_of(last), now)
    if last.get("outcome") == "failed":
        return "failed", f"The last run failed, {when}: {_failure(last)} {still}"
    if last.get("outcome") == "killed":
        cleared = "What it left was cleared away: do `esf-etl ingest` again."
        return "killed", f"The last run was killed; it had begun {when}. {cleared} {still}"
    if age is None:
        why = "its time is not in the journal" if success_at is None else f"its time, {when}, has not come yet by this"
        clock = "" if success_at is None else " machine's clock. Set the clock right"
        return "clock", f"The last run worked, but how long ago nobody can say: {why}{clock}."
    if max_age is not None and age > max_age:
        allowed = f"{duration_text(max_age)} are allowed. {_SCHEDULE}, then do `esf-etl ingest`."
        return "stale", f"Stale: the last run that worked was {_when(success_at, now)}, and {allowed}"
    hint = "" if max_age is not None or age <= _A_NIGHT else f" That is longer ago than a night. {_SCHEDULE}."
    return "worked", f"The last run worked, {when}: {_work(last)}{hint}"


def _failure(last: dict[str, Any]) -> str:
    """Why a run failed and what to do; the message of an error of ours says both."""
    message = str(last.get("error_message") or "nobody knows why")
    if message != last.get("error_code"):
        return message
    if message == "KeyboardInterrupt":
        return "somebody stopped it. Do `esf-etl ingest` again."
    return f"an error that nobody foresaw ({message}). Do `esf-etl ingest` again, and report it where it comes back."


def _work(last: dict[str, Any]) -> str:
    if last.get("outcome") == "idle":
        return f"it found nothing new: {last.get('unchanged')} unchanged, {last.get('deferred')} deferred."
    # One that was killed, whose manifest was damaged before the next run could read it, has no counts.
    loaded = "some" if last.get("loaded") is None else last["loaded"]
    rejected = f", {last['rejected']} rejected (`esf-etl rejects` says why)" if last.get("rejected") else ""
    return f"it published {loaded} new versions{rejected}."


def _restored(entry: dict[str, Any]) -> str:
    before = f" from {entry['before']}" if entry.get("before") else ""
    to = f"snapshots/{entry['run_id']}"
    return f"At {entry.get('restored_at')} somebody went back to {to}{before}; the next run reads what came since."


def _when(moment: datetime | None, now: datetime) -> str:
    """A time as the clock on the wall has it, and how long ago that is."""
    if moment is None:
        return "at a time that is not known"
    local = moment.astimezone(now.tzinfo)
    if moment > now + _CLOCKS_DIFFER:
        return f"{local:%Y-%m-%d %H:%M %Z}"
    return f"{local:%Y-%m-%d %H:%M %Z} ({duration_text(max(now - moment, timedelta(0)))} ago)"


def duration_text(span: timedelta) -> str:
    """A time span in at most two units that a person reads at a glance."""
    minutes = int(span.total_seconds()) // 60
    if minutes < 1:
        return f"{int(span.total_seconds())} s"
    days, hours = divmod(minutes // 60, 24)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        hours += days * 24
        return f"{hours} h" if hours >= 10 or not minutes % 60 else f"{hours} h {minutes % 60} min"
    return f"{days} d {hours} h" if hours else f"{days} d"

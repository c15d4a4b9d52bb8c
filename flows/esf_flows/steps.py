"""Between the pipeline and Prefect: its steps as tasks, its progress as log lines, its errors as reasons.

Whatever the pipeline raises stays with us, and Prefect is told the reason in words of ours: the message of an error
that nobody foresaw could quote a page.
"""

from __future__ import annotations

import time
import traceback
from asyncio import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from esf_etl.errors import EsfEtlError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prefect import State

    from esf_etl.progress import Progress

__all__ = ["RunLog", "RunStopped", "as_task", "reason", "way_of"]

_ADVANCE_EVERY_S = 10.0


class RunStopped(EsfEtlError):
    """A signal stopped the run: a cancellation, a timeout, Ctrl-C. `by` is what the signal's handler raised."""

    code = "stopped"

    def __init__(self, message: str, *, by: BaseException, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.by = by


def as_task(name: str, call: Callable[[], None]) -> None:
    """Call `call` once, as a Prefect task of this name, in this process and thread; raises what it raises.

    Nothing is cached, stored or retried: a step leaves its mark in the run's workspace, so that it is the next run
    that tries again, from the start. Raises `RunStopped` where a signal interrupted it.
    """
    called = False
    problems: list[Exception] = []

    def carry_out() -> State[Any]:
        nonlocal called
        called = True
        try:
            call()
        except BaseException as problem:  # noqa: BLE001 - raised again below, out of Prefect's sight
            problems.append(problem if isinstance(problem, Exception) else _stopped(name, problem))
            return Failed(message=reason(problems[0]))
        return Completed(message=f"{name} is done.")

    task = Task(fn=carry_out, name=name, task_run_name=name, cache_policy=NO_CACHE, persist_result=False, retries=0)
    state = task(return_state=True)
    if problems:
        raise problems[0]
    if not called:
        msg = f"Prefect did not carry out the step {name}: it ended as {state.name}."
        raise RuntimeError(msg)


def _stopped(name: str, by: BaseException) -> RunStopped:
    # What Prefect raises where a time is up; what it raises on SIGTERM is a TerminationSignal.
    timed_out = isinstance(by, CancelledError)
    what = "took longer than it may, and was stopped" if timed_out else f"was stopped ({type(by).__qualname__})"
    advice = "What is published is whole; the next run goes on from there."
    stopped = RunStopped(f"the run {what} at the step {name}.", by=by, advice=advice)
    if timed_out:
        stopped.code = "timed-out"
    return stopped


def reason(problem: Exception) -> str:
    """Why something failed: the message of an error of ours; of any other its type and place only."""
    if isinstance(problem, EsfEtlError):
        return str(problem)
    frames = traceback.extract_tb(problem.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"Unexpected {type(problem).__qualname__}{place}. This is a bug; the log of the run shows how it came about."


def way_of(problem: Exception) -> str:
    """How an unexpected error came about: the lines of program it went through, without its message."""
    return f"{type(problem).__qualname__}, by way of:\n" + "".join(traceback.format_tb(problem.__traceback__))


class RunLog:
    """Progress into the log of the Prefect run that is under way, and to others who listen."""

    def __init__(self, listeners: Sequence[Progress] = ()) -> None:
        self._listeners = list(listeners)
        self._name = ""
        self._next = 0.0

    def listen(self, listener: Progress) -> None:
        """Tell this one too, from now on."""
        self._listeners.append(listener)

    def stage(self, name: str) -> None:
        """The stage of this name begins."""
        self._name, self._next = name, time.monotonic() + _ADVANCE_EVERY_S
        get_run_logger().info("Stage %s", name)
        for listener in self._listeners:
            listener.stage(name)

    def advance(self, done: int, total: int) -> None:
        """So many files of this stage are done; the log has it every ten seconds."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + _ADVANCE_EVERY_S
            get_run_logger().info("Stage %s: %d of %d files", self._name, done, total)
        for listener in self._listeners:
            listener.advance(done, total)

    def warn(self, message: str) -> None:
        """Something that a person should know, and that stops nothing."""
        get_run_logger().warning("%s", message)
        for listener in self._listeners:
            listener.warn(message)

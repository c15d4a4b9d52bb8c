"""The promises of docs/promises.md, counted: what was done to the project by its own tests, how often, what came out.

A test belongs to a promise by the marker `promise("crashes")`. It counts as one attempt by its own name, or, where it
does more than one thing, tells them one by one with the fixture `tally`. A run ends with the table; `make prove` runs
the promises alone, and in full.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

import pytest

__all__ = ["FULL", "PROMISES", "Tally", "pytest_terminal_summary", "tally"]

FULL = os.environ.get("ESF_ETL_PROOF") == "full"
"""Whether the harm is done as often as `make prove` does it, instead of the part that every run of the tests does."""

PROMISES = {
    "crashes": "1 Crashes",
    "exhaustion": "2 Disk, memory, clock",
    "company": "3 Company",
    "landing": "4 Hostile landing folders",
    "content": "5 Hostile content",
    "door": "6 The analyst's door",
    "personal": "7 Personal data",
    "healing": "8 Healing and ageing",
    "supply": "9 Secrets and dependencies",
}
"""The promises, by the names that the marker takes."""

Tally: TypeAlias = Callable[..., None]
"""`tally(what, came_out, times=1)`: so often this was done, and this came out, as promised."""

_PROPERTY = "promise"


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Tell what a test did and what came of it, after it has asserted that; once for each kind of thing."""

    def tell(what: str, came_out: str, times: int = 1) -> None:
        request.node.user_properties.append((_PROPERTY, [_promise_of(request.node), what, came_out, times]))

    return tell


def _promise_of(item: pytest.Item) -> str:
    marker = item.get_closest_marker("promise")
    if marker is None or marker.args[0] not in PROMISES:
        msg = f"{item.nodeid} needs the marker promise(name), with one of {', '.join(PROMISES)}"
        raise pytest.UsageError(msg)
    return str(marker.args[0])


def pytest_itemcollected(item: pytest.Item) -> None:
    """Remember the promise where the report of the test will have it, also in another process."""
    if item.get_closest_marker("promise"):
        item.user_properties.append((_PROPERTY, [_promise_of(item), "", "", 0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, where tests of promises ran."""
    done: Counter[tuple[str, str, str]] = Counter()
    seconds: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            told = [value for name, value in getattr(report, "user_properties", ()) if name == _PROPERTY]
            if not told:
                continue
            promise = told[0][0]
            seconds[promise] += report.duration
            if outcome != "passed":
                done[promise, _function(report.nodeid), outcome.upper()] += 1
            elif counted := told[1:]:
                for _, what, came_out, times in counted:
                    done[promise, what, came_out] += times
            else:
                done[promise, _function(report.nodeid), "as the name says"] += 1
    if not done:
        return
    terminalreporter.section("promises, in full" if FULL else "promises, the part that every run of the tests proves")
    for name, title in PROMISES.items():
        rows = [(what, came_out, times) for (promise, what, came_out), times in done.items() if promise == name]
        if not rows:
            continue
        terminalreporter.write_line(
            f"\n{title}: {sum(times for *_, times in rows)} in {seconds[name]:.0f} s of tests\n"
        )
        terminalreporter.write_line("| what was done | times | what came out |\n| --- | ---: | --- |")
        for what, came_out, times in rows:
            terminalreporter.write_line(f"| {what} | {times} | {came_out} |")


def _function(nodeid: str) -> str:
    """The test's name as a sentence, without its parameters."""
    name = nodeid.rpartition("::")[2].partition("@")[0]  # tests of a group are run as `name@group`
    return name.partition("[")[0].removeprefix("test_").replace("_", " ")

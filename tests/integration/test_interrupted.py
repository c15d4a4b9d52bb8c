"""A signal in the middle of a query: the run ends at once, as what the signal's handler raised, and hurts nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from esf_etl.run import Run
from tests.integration.conftest import Job, project
from tests.promises import Tally


class Stop(BaseException):
    """What an orchestrator raises where a run is cancelled, or its time is up."""


@pytest.fixture
def handled() -> Iterator[None]:
    """SIGUSR1 raises `Stop`."""

    def stop(number: int, frame: Any) -> None:
        raise Stop

    before = signal.signal(signal.SIGUSR1, stop)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.promise("crashes")
def test_a_query_without_end_is_given_up(
    job: Job, handled: None, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    job.put("a.txt", project("Ett"))
    job.ingest()
    before = job.digest()
    job.put("b.txt", project("Två"))

    def without_end(run: Run) -> None:
        signals = threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGUSR1])
        signals.start()
        run.connection.execute("SELECT sum(a.range * b.range) FROM range(3000000) AS a, range(3000000) AS b").fetchall()

    with monkeypatch.context() as patch:
        patch.setattr("esf_etl.writing.LAST_STEPS", (("write", without_end),))
        since = time.monotonic()
        with pytest.raises(Stop):
            job.ingest()
        assert time.monotonic() - since < 30

    assert (job.journal()[-1]["outcome"], job.journal()[-1]["error_code"]) == ("failed", "Stop")
    assert job.digest() == before
    assert job.ingest().loaded == 1
    tally("a signal in a query that never ends", "the run ends at once, the digest as before")

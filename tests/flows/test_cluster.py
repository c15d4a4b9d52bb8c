"""Parsing on a Dask cluster: a scheduler and workers as processes of their own, on loopback."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from esf_etl import render
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings
from esf_etl.warehouse import reading
from tests.flows.conftest import CONTACT, PREFECT, PROSE, SOURCES, UNREADABLE, project
from tests.flows.test_nightly import Nightly, everything_prefect_keeps
from tests.integration.object_store import s3_server

pytestmark = [*PREFECT, pytest.mark.slow]

HARM = Path(__file__).with_name("dask_worker_harm.py")
FILES = 8


class Cluster:
    """A Dask scheduler and its workers, each a process; all are ended with it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, SOURCES)),
            "DASK_TEMPORARY_DIRECTORY": str(folder / "dask"),
            "PREFECT_HOME": str(folder / "prefect-of-workers"),
            **environment,
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        told = folder / "scheduler.json"
        self.scheduler = self._start(
            "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(told), "--no-jupyter",
        )  # fmt: skip
        self.address = str(wait_for(lambda: json.loads(told.read_text(encoding="utf-8"))["address"]))

    def worker(self, harm: str = "", **environment: str) -> subprocess.Popen[bytes]:
        """One more worker, with one thread."""
        arguments = [self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny", "--host", "127.0.0.1"]
        if harm:
            arguments += ["--preload", str(HARM)]
        return self._start("distributed.cli.dask_worker", *arguments, ESF_ETL_TEST_HARM=harm, **environment)

    def _start(self, module: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{module}.{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=self._environment | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def wait_for(found: Callable[[], Any], seconds: float = 120) -> Any:
    until = time.monotonic() + seconds
    while True:
        try:
            if value := found():
                return value
        except (OSError, ValueError):
            pass
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


@pytest.fixture
def make_cluster(tmp_path: Path, api: httpx.Client) -> Iterator[Callable[..., Cluster]]:
    made: list[Cluster] = []

    def make(**environment: str) -> Cluster:
        # Workers report to the server of these tests.
        url = str(api.base_url).rstrip("/")
        made.append(Cluster(tmp_path, PREFECT_API_URL=url, **environment))
        return made[-1]

    yield make
    for cluster in made:
        cluster.end()


@pytest.fixture
def pages(with_rejects: Path) -> Path:
    """A landing folder of many chunks: a file each (see `nightly`)."""
    for number in range(10, 10 + FILES - 5):
        (with_rejects / f"page-{number}.txt").write_text(render(project(number)), encoding="utf-8")
    return with_rejects


@pytest.fixture
def nightly(api: httpx.Client, pages: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Nightly:
    monkeypatch.setattr("esf_etl.intake._FILES_A_CHUNK", 1)
    return Nightly(api, pages, warehouse)


def local(landing: Path, warehouse: Path) -> Path:
    """The warehouse of a run that needs nobody."""
    ingest(IngestSettings(landing=landing, warehouse=warehouse, settle_s=0))
    return warehouse


QUERIES = (
    "SELECT path, content_sha256, outcome, project_id FROM etl.landing_file ORDER BY path",
    "SELECT path, ordinal, code, line, field, found, message FROM etl.reject ORDER BY ALL",
    "SELECT project_id, rule, field, line, message, found FROM etl.finding ORDER BY ALL",
)


def assert_alike(one: Path, other: Path) -> None:
    assert reading.warehouse_digest(one) == reading.warehouse_digest(other)
    for query in QUERIES:
        assert reading.run_query(one, query) == reading.run_query(other, query)


def test_a_cluster_comes_to_what_one_machine_does_and_prefect_sees_no_page(
    nightly: Nightly, make_cluster: Callable[..., Cluster], pages: Path, warehouse: Path, tmp_path: Path
) -> None:
    alone = local(pages, tmp_path / "local")
    cluster = make_cluster()
    cluster.worker()
    cluster.worker()

    state = nightly(cluster=cluster.address)

    assert (state.type, state.name) == ("COMPLETED", "Completed with rejects"), state.message
    assert_alike(warehouse, alone)
    assert list((warehouse / "staging").iterdir()) == []
    runs = nightly.task_runs(state, expected=5 + FILES)
    assert len([run for run in runs if run["name"].startswith("parse-chunk-")]) == FILES
    kept = everything_prefect_keeps()
    for secret in (CONTACT.name, CONTACT.email, CONTACT.phone, PROSE, UNREADABLE, "Påhittade kommunen"):
        assert secret is not None
        assert secret not in kept
    logs = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.log"))
    assert PROSE not in logs
    assert str(CONTACT.email) not in logs
    assert list((tmp_path / "prefect-of-workers").glob("storage/*")) == []


@pytest.mark.promise("crashes")
def test_a_worker_that_is_killed_in_mid_run_is_replaced_by_another(
    nightly: Nightly, make_cluster: Callable[..., Cluster], pages: Path, warehouse: Path, tmp_path: Path
) -> None:
    alone = local(pages, tmp_path / "local")
    cluster = make_cluster()
    told = tmp_path / "told"
    doomed = cluster.worker("hang", ESF_ETL_TEST_TOLD=str(told))
    killed: list[int] = []

    def kill_and_replace() -> None:
        killed.append(int(wait_for(lambda: told.read_text(encoding="utf-8"))))
        doomed.send_signal(signal.SIGKILL)
        cluster.worker()

    thread = threading.Thread(target=kill_and_replace)
    thread.start()
    state = nightly(cluster=cluster.address)
    thread.join()

    assert killed == [doomed.pid]
    assert state.type == "COMPLETED", state.message
    assert_alike(warehouse, alone)


@pytest.mark.promise("crashes")
def test_a_page_that_ends_every_worker_fails_the_run_and_nothing_is_published(
    nightly: Nightly, make_cluster: Callable[..., Cluster], warehouse: Path
) -> None:
    cluster = make_cluster(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1")
    for _ in range(3):
        cluster.worker("die page-2.txt")

    state = nightly(cluster=cluster.address)

    assert state.type == "FAILED"
    # That page, or one that was waiting at the same worker.
    assert re.search(r"every worker that was given the pages from (\S+\.txt) to \1 ended", str(state.message))
    assert not (warehouse / "current").exists()
    assert list((warehouse / "staging").iterdir()) == []
    [*_, last] = (warehouse / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(last)["error_code"] == "worker-died"


def test_a_cluster_without_workers_fails_the_run_in_a_while(
    nightly: Nightly, make_cluster: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    import esf_flows.cluster

    monkeypatch.setattr(esf_flows.cluster, "_NO_WORKER_S", 1.0)
    monkeypatch.setattr(esf_flows.cluster, "_LOOK_EVERY_S", 0.2)

    state = nightly(cluster=make_cluster().address)

    assert state.type == "FAILED"
    assert "has had no worker" in str(state.message)


@pytest.mark.promise("crashes")
def test_a_scheduler_that_goes_away_fails_the_run(
    nightly: Nightly, make_cluster: Callable[..., Cluster], tmp_path: Path, warehouse: Path
) -> None:
    cluster = make_cluster()
    told = tmp_path / "told"
    cluster.worker("hang", ESF_ETL_TEST_TOLD=str(told))

    def kill() -> None:
        wait_for(lambda: told.read_text(encoding="utf-8"))
        cluster.scheduler.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    state = nightly(cluster=cluster.address)
    thread.join()

    assert state.type == "FAILED"
    assert "went away" in str(state.message)
    assert not (warehouse / "current").exists()


def test_a_scheduler_that_is_not_there_is_told(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    import esf_flows.cluster

    monkeypatch.setattr(esf_flows.cluster, "_CONNECT_S", 1)

    state = nightly(cluster=f"tcp://127.0.0.1:{free_port}")

    assert state.type == "FAILED"
    assert "cannot be reached" in str(state.message)


def test_contacts_are_not_sent_through_a_cluster(nightly: Nightly, warehouse: Path) -> None:
    state = nightly(cluster="tcp://127.0.0.1:9", with_contacts=True)

    assert state.type == "FAILED"
    assert "contacts are not sent" in str(state.message)
    assert not warehouse.exists()


def test_pages_and_rows_may_both_lie_in_an_object_store(
    nightly: Nightly,
    make_cluster: Callable[..., Cluster],
    pages: Path,
    warehouse: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = local(pages, tmp_path / "local")
    with s3_server() as bucket:
        for path in pages.rglob("*.txt"):
            bucket.put(f"saved/{path.relative_to(pages)}", path.read_bytes())
        for name, value in bucket.environment().items():
            monkeypatch.setenv(name, value)
        cluster = make_cluster()
        cluster.worker()

        state = nightly(cluster=cluster.address, landing="s3://pages/saved", staging="s3://pages/staging")

        assert state.type == "COMPLETED", state.message
        assert [found for page in bucket.store.list("staging") for found in page] == []
    assert_alike(warehouse, alone)


def test_a_cluster_of_this_machine_lasts_as_long_as_the_run(
    nightly: Nightly, pages: Path, warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # For the processes that the run starts.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, SOURCES)))
    monkeypatch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path))
    alone = local(pages, tmp_path / "local")

    state = nightly(cluster="local", workers=2)

    assert state.type == "COMPLETED", state.message
    assert_alike(warehouse, alone)
    assert multiprocessing.active_children() == []

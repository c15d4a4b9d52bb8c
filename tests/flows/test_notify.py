"""`python -m esf_flows.notify`: a real Prefect server tells a webhook of a run that failed, nothing of its pages."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from esf_etl import render
from tests.flows.conftest import CONTACT, PREFECT, PROSE, processes_of, project

pytestmark = [*PREFECT, pytest.mark.slow]


@pytest.fixture
def server(apart: dict[str, str], free_port: int) -> Iterator[dict[str, str]]:
    """A Prefect server as one is started for real, triggers and all; yields the environment that leads to it."""
    base = f"http://127.0.0.1:{free_port}"
    apart |= {
        "PREFECT_API_URL": f"{base}/api",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_STATIC_DIRECTORY": str(Path(apart["PREFECT_HOME"]) / "ui"),
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(free_port)]
    process = subprocess.Popen(command, env=apart, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 180
        while True:
            try:
                httpx.get(f"{base}/api/health", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < until, "the server does not answer"
                time.sleep(0.3)
        yield apart
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert processes_of(apart["PREFECT_HOME"]) == set()


@pytest.fixture
def received() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A webhook on this machine: its address, and what was posted there."""
    posted: list[dict[str, str]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as there:
        thread = threading.Thread(target=there.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{there.server_address[1]}/key-of-ours", posted
        there.shutdown()
        thread.join()


def module(name: str, *arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", name, *arguments], env=env, capture_output=True, text=True, check=False, timeout=240
    )


@pytest.mark.timeout(600)
def test_a_failed_run_is_told_to_a_webhook_with_the_reason_and_nothing_of_a_page(
    landing: Path, warehouse: Path, server: dict[str, str], received: tuple[str, list[dict[str, str]]]
) -> None:
    url, posted = received
    log = warehouse.parent / "log.jsonl"
    flow = ("esf_flows.nightly", "--landing", str(landing), "--warehouse", str(warehouse))
    for _ in range(2):  # done again, it replaces what it had set up
        done = module("esf_flows.notify", "--webhook", url, env=server)
        assert (done.returncode, done.stdout) == (0, "The automation 'esf-etl: nightly failed' is set up.\n"), (
            done.stderr
        )
    unknown = module("esf_flows.notify", "--block", "slack-webhook/ops", env=server)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "has no block 'slack-webhook/ops'" in unknown.stderr
    api = server["PREFECT_API_URL"]
    (automation,) = httpx.post(f"{api}/automations/filter", json={}, timeout=30).raise_for_status().json()
    assert automation["enabled"]
    (block,) = httpx.post(f"{api}/block_documents/filter", json={}, timeout=30).raise_for_status().json()
    assert "key-of-ours" not in json.dumps(block)  # the address is kept as a secret

    settled = server | {"ESF_ETL_LOG_FILE": str(log)}
    good = module(*flow, env=settled)
    assert good.returncode == 0, good.stderr
    (warehouse / "current" / "manifest.json").unlink()
    (landing / "new.txt").write_text(render(project(5)), encoding="utf-8")

    bad = module(*flow, env=settled)

    assert bad.returncode == 1, bad.stderr
    until = time.monotonic() + 90
    while not posted:
        assert time.monotonic() < until, "nothing was posted"
        time.sleep(0.2)
    time.sleep(3)  # a second one would come as fast
    (document,) = posted
    text = document["text"]
    (run,) = httpx.post(
        f"{api}/flow_runs/filter", json={"flow_runs": {"state": {"type": {"any_": ["FAILED"]}}}}, timeout=30
    ).json()
    assert f"Run {run['name']}, state Failed: " in text
    assert run["id"] in text
    assert "the snapshot has no readable manifest" in text
    assert "esf-etl restore" in text
    # The file of lines has both runs, the failed one with its code.
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    ended = [line for line in lines if line["event"] == "run-ended"]
    assert [line["outcome"] for line in ended] == ["published", "failed"]
    assert ended[-1]["error_code"] == "snapshot-damaged"
    for secret in (PROSE, CONTACT.name, CONTACT.email, "Påhitt", "riksdaler"):
        assert secret is not None
        assert secret not in text
        assert secret not in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments", [[], ["--webhook", "ftp://example.org/x"], ["--block", "ops"], ["--webhook", "http://"]]
)
def test_wrong_usage_ends_with_2_and_names_no_address(arguments: list[str], apart: dict[str, str]) -> None:
    done = module("esf_flows.notify", *arguments, env=apart)

    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: python -m esf_flows.notify" in done.stderr
    assert "example.org" not in done.stderr


def test_without_a_server_it_sets_up_nothing(apart: dict[str, str], free_port: int) -> None:
    unnamed = module("esf_flows.notify", "--webhook", "http://127.0.0.1:9/", env=apart)
    url = f"http://127.0.0.1:{free_port}/api"
    silent = module("esf_flows.notify", "--webhook", "http://127.0.0.1:9/", env=apart | {"PREFECT_API_URL": url})

    assert unnamed.returncode == 2
    assert "PREFECT_API_URL is not set" in unnamed.stderr
    assert silent.returncode == 1
    assert "the Prefect server did not do it: " in silent.stderr
    assert "Traceback" not in silent.stderr

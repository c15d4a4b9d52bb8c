"""A Prefect server and the nightly flow on one machine: `python -m esf_flows.serve`.

Starts a server of its own, on a loopback address only, since whoever reaches it can start runs, and serves the flow
with its schedule until SIGINT or SIGTERM. It ends with the server, too, so that a supervisor can start both anew.
Prefect keeps its history in `<warehouse>/.prefect`, unless PREFECT_HOME names another folder.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from esf_etl.cli.warehouse_option import landing_address, read_warehouse
from esf_etl.errors import EsfEtlError, UsageError
from esf_etl.settings import IngestSettings
from esf_etl.warehouse.lake.address import lake_of
from esf_flows.deployments import CRON, NIGHTLY, TIMEZONE, deployments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from prefect.deployments.runner import RunnerDeployment

__all__ = ["ServerError", "main"]

_START_TIMEOUT_S = 180.0
_STOP_TIMEOUT_S = 20.0


class ServerError(EsfEtlError):
    """The Prefect server did not start, or ended by itself."""

    code = "prefect-server"


@contextmanager
def _server(host: str, port: int, told: threading.Event) -> Iterator[None]:
    """A Prefect server for as long as the context lasts.

    Raises `ServerError` where it does not come up, or ends by itself, that is before we were told to.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            msg = f"{host}:{port} cannot be used: {problem.strerror}."
            raise ServerError(msg, advice="Is it being served already? Else choose another --port.") from problem
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port)]
    # In a session of its own: Ctrl-C is meant for us, and we stop the server when the flow no longer needs it.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
    lost = threading.Event()

    def watch() -> None:
        process.wait()
        if not told.is_set():
            lost.set()
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        _wait_until_healthy(process, f"{os.environ['PREFECT_API_URL']}/health")
        threading.Thread(target=watch, daemon=True).start()
        yield
    finally:
        told.set()
        if lost.is_set():
            raise _ended(process)
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise _ended(process)
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    msg = f"the Prefect server did not answer at {url} within {_START_TIMEOUT_S:.0f} s."
    raise ServerError(msg)


def _ended(process: subprocess.Popen[bytes]) -> ServerError:
    msg = f"the Prefect server ended by itself, with status {process.returncode}."
    return ServerError(msg, advice="Its last lines above may say why.")


async def _serve(served: list[RunnerDeployment], told: threading.Event) -> None:
    """Serve the deployments until SIGINT or SIGTERM; a run that is under way then is cancelled, and waited for."""
    from prefect.runner import Runner

    stopping: list[asyncio.Task[None]] = []

    class Stoppable(Runner):
        """Prefect's own answer to SIGTERM leaves its coroutine unawaited, and so the run that is under way alone."""

        def handle_sigterm(self, *_args: object, **_kwargs: object) -> None:
            """Stop looking for runs, and end those under way."""
            told.set()
            if not self.started:
                raise KeyboardInterrupt
            if not stopping:
                stopping.append(loop.create_task(self.astop()))

    loop = asyncio.get_running_loop()
    # The schedule stays active: it is this program that is stopped, and with its server at that.
    runner = Stoppable(name=NIGHTLY, pause_on_shutdown=False)
    for one in served:
        await runner.aadd_deployment(one)
    loop.add_signal_handler(signal.SIGINT, runner.handle_sigterm)
    await runner.start()
    await asyncio.gather(*stopping)


def _end_dead_runs() -> None:
    """Report runs of a time before: what served them was killed, or the machine went down."""
    from prefect import get_client

    from esf_flows.dead import end_dead_runs

    with get_client(sync_client=True) as client:
        for name in end_dead_runs(client, NIGHTLY):
            sys.stdout.write(f"{name} had no process any more, and is reported as ended.\n")


def _configure(settings: IngestSettings, host: str, port: int) -> str:
    """Set what Prefect's server, client and runs read from the environment; returns the server's address."""
    home = settings.warehouse.absolute() / ".prefect"
    base = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if "PREFECT_HOME" not in os.environ:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ["PREFECT_HOME"] = str(home)
    home = Path(os.environ["PREFECT_HOME"])
    os.environ["PREFECT_API_URL"] = os.environ["PREFECT_UI_API_URL"] = f"{base}/api"
    defaults = {
        # Where the files of the UI are unpacked: the environment Prefect is installed in may be read-only.
        "PREFECT_UI_STATIC_DIRECTORY": str(home / "ui"),
        # A web page somewhere else has no business with this server.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": base,
        # On disk: a slot held by a run is forgotten with the memory of a server that is killed, yet counts as taken in
        # its database, and then every later run would be cancelled as one too many.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # Prefect's default keeps every flow run and its log for ever. What the job did stands in runs.jsonl anyway.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    return base


def _loopback(text: str) -> str:
    """An address that only this machine reaches, for argparse."""
    try:
        is_loopback = text == "localhost" or ipaddress.ip_address(text).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        msg = f"{text} is no loopback address, and the server has no login; use 127.0.0.1, and a tunnel to it."
        raise argparse.ArgumentTypeError(msg)
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; returns 0 when told, 1 where the server fails; exits 2 for wrong usage."""
    parser = argparse.ArgumentParser("python -m esf_flows.serve", description="Run the nightly flow every night.")
    parser.add_argument("--landing", type=landing_address, metavar="DIR|URL", help="where the pages lie")
    parser.add_argument("--warehouse", type=read_warehouse, metavar="DIR", help="folder the snapshots are published in")
    parser.add_argument("--cron", default=CRON, help="when to run (%(default)s)")
    parser.add_argument("--timezone", default=TIMEZONE, help="whose clock that is (%(default)s)")
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="a loopback address (%(default)s)")
    parser.add_argument("--port", type=int, default=4200, help="port of Prefect's API and UI (%(default)s)")
    options = parser.parse_args(arguments)
    told = threading.Event()

    def end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the form of a signal handler
        told.set()
        raise KeyboardInterrupt

    # Until the runner starts, which answers SIGTERM itself.
    signal.signal(signal.SIGTERM, end)
    try:
        settings = IngestSettings.from_environment(landing=options.landing, warehouse=options.warehouse)
        address = _configure(settings, options.host, options.port)
        served = deployments(settings, cron=options.cron, timezone=options.timezone)
        with _server(options.host, options.port, told):
            sys.stdout.write(
                f"Serving nightly at {options.cron!r}, {options.timezone}:"
                f" {settings.landing} -> {lake_of(settings) or settings.warehouse}\n"
                f"Prefect's UI: {address}/\nCtrl-C ends it.\n"
            )
            sys.stdout.flush()
            _end_dead_runs()
            asyncio.run(_serve(served, told))
    except UsageError as problem:
        parser.error(str(problem))
    except EsfEtlError as problem:
        sys.stderr.write(f"{problem}\n")
        return problem.exit_code
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the tests of the flows share: one Prefect server for all of them, and a landing folder of invented pages."""

from __future__ import annotations

import gc
import importlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from esf_etl import Contact, Project, Section, render

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (ROOT / "src", ROOT / "schemas", ROOT / "flows")

PREFECT = [
    pytest.mark.prefect,
    # All in one process, which starts one server for them.
    pytest.mark.xdist_group("prefect"),
    # Prefect leaves connections to its server for the garbage collector to close.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

# What must never reach Prefect. Telephone numbers as PTS keeps them for fiction.
CONTACT = Contact(name="Ada Exempelsson", email="ada.exempelsson@example.se", phone="08-465 00 42")
PROSE = "Projektets egna ord om kugghjul och skruvar."
UNREADABLE = "femtiotusen sköna riksdaler"


class Patient(httpx.HTTPTransport):
    """Asks again where Prefect's server says 503, as Prefect's own clients do: its SQLite is busy then."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        until = time.monotonic() + 60
        while (response := super().handle_request(request)).status_code == 503 and time.monotonic() < until:
            response.close()
            time.sleep(0.5)
        return response


def project(number: int) -> Project:
    """An invented project; the number makes it another one."""
    return Project(
        layout="glued-2007",
        programme_period="2007-2013",
        title=f"Påhitt {number}",
        programme_area_code="1",
        programme_area="Kompetensförsörjning",
        phase="Genomförande",
        owner="Påhittade kommunen",
        contact=CONTACT,
        grant_sek=Decimal(400_000 + number),
        budget_sek=Decimal(900_000 + number),
        period_start=date(2009, 1, 1),
        period_end=date(2010, 12, 31),
        region="Sydsverige",
        nuts2_code="SE22",
        sections=(Section("summary", "Sammanfattning", PROSE),),
        municipalities=("Malmö",),
    )


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What a test leaves to the garbage collector is collected while its own filters of warnings hold."""
    yield
    if "prefect" in sys.modules:
        gc.collect()


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A landing folder with three pages of projects."""
    folder = tmp_path / "landing"
    folder.mkdir()
    for number in (1, 2, 3):
        (folder / f"page-{number}.txt").write_text(render(project(number)), encoding="utf-8")
    return folder


@pytest.fixture
def with_rejects(landing: Path) -> Path:
    """The landing folder with two more files: one is no page, one has an amount that is none."""
    (landing / "news").mkdir()
    (landing / "news" / "article.txt").write_text("Logotyp på utskrifter\n\nEn nyhet\n\nMed text.\n", encoding="utf-8")
    page = render(project(4)).replace("400\u00a0004 kr", UNREADABLE)
    assert UNREADABLE in page
    (landing / "unreadable.txt").write_text(page, encoding="utf-8")
    return landing


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Prefect server, empty at first, that flows of this process use; yields a client of its REST API."""
    assert "prefect" not in sys.modules, "a test imported prefect before its home was set"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("PREFECT_", "ESF_ETL_"))]:
            patch.delenv(name)
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        # Sets what prefect reads when it is imported.
        importlib.import_module("esf_flows")
        from prefect.settings import PREFECT_API_URL
        from prefect.testing.utilities import prefect_test_harness

        with (
            prefect_test_harness(server_startup_timeout=180),
            httpx.Client(base_url=str(PREFECT_API_URL.value()), timeout=30, transport=Patient()) as client,
        ):
            yield client


def prefect(*arguments: str, api: httpx.Client) -> subprocess.CompletedProcess[str]:
    """Prefect's own command line, in the checkout, against the server of these tests."""
    return subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        cwd=ROOT,
        env=os.environ
        | {
            "PREFECT_API_URL": str(api.base_url).rstrip("/"),
            "PYTHONPATH": os.pathsep.join(map(str, SOURCES)),
            "PWD": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


@pytest.fixture(scope="session")
def deployed(api: httpx.Client) -> dict[str, dict[str, Any]]:
    """The deployments of prefect.yaml on that server, by their names."""
    before = (ROOT / "prefect.yaml").read_bytes()
    api.post("/work_pools/", json={"name": "esf-etl", "type": "process"}).raise_for_status()
    done = prefect("deploy", "--all", api=api)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "prefect.yaml").read_bytes() == before
    found = api.post("/deployments/filter", json={}).raise_for_status().json()
    return {one["name"]: one for one in found}


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def apart(tmp_path: Path) -> dict[str, str]:
    """The environment of a process of its own: our sources, a Prefect home of its own, no server configured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ESF_ETL_"))}
    return kept | {
        "PYTHONPATH": os.pathsep.join(map(str, SOURCES)),
        "PREFECT_HOME": str(tmp_path / "prefect-home"),
        "ESF_ETL_SETTLE_S": "0",
    }


def processes_of(home: str) -> set[int]:
    """The ids of all processes that were started with this Prefect home, whoever started them."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
            except OSError:  # it has ended, or is somebody else's
                continue
            if f"PREFECT_HOME={home}".encode() in environment:
                found.add(int(folder.name))
    return found

"""The wheel by itself: what it holds, and what it can do with each of the extras, away from the checkout."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
import zipfile
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from esf_etl import Project, render

pytestmark = [pytest.mark.packaging, pytest.mark.slow, pytest.mark.xdist_group("packaging")]

ROOT = Path(__file__).resolve().parents[2]
_LONG_AGO_NS = 1_600_000_000 * 10**9


def environment() -> dict[str, str]:
    """As outside of any checkout: nothing of ours, of Python's or of Prefect's is set."""
    ours = ("PYTHON", "ESF_ETL_", "PREFECT_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}


def must(*command: str | Path, cwd: Path | None = None) -> str:
    """What a command that succeeds prints."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=environment(), capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True, slots=True)
class Place:
    """An environment with the wheel in it, and a folder elsewhere to work in."""

    bin: Path
    cwd: Path

    def esf_etl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.bin / "esf-etl"), *arguments]
        return subprocess.run(
            command, cwd=self.cwd, env=environment(), capture_output=True, text=True, check=False, timeout=120
        )


def make(folder: Path, wheel: Path) -> Place:
    """An environment with the wheel alone."""
    # Without a pip of its own, which takes longer to unpack than all the rest: ours installs into it.
    venv.create(folder / "env", symlinks=True)
    place = Place(folder / "env" / "bin", folder / "elsewhere")
    (place.cwd / "pages").mkdir(parents=True)
    page = place.cwd / "pages" / "a.txt"
    page.write_text(render(PROJECT), encoding="utf-8")
    os.utime(page, ns=(_LONG_AGO_NS, _LONG_AGO_NS))
    install(place, "--no-deps", wheel)
    return place


def install(place: Place, *what: str | Path) -> None:
    must(
        *(sys.executable, "-m", "pip", "--python", place.bin / "python", "install", "--quiet", "--no-compile"),
        *("--no-input", "--disable-pip-version-check", *what),
    )


PROJECT = Project(
    layout="glued-2007",
    programme_period="2007-2013",
    title="Påhitt i ett hjul",
    programme_area_code="1",
    programme_area="Kompetensförsörjning",
    phase="Genomförande",
    owner="Påhittade kommunen",
    grant_sek=Decimal(400_000),
    budget_sek=Decimal(900_000),
    period_start=date(2009, 1, 1),
    period_end=date(2010, 12, 31),
    region="Sydsverige",
    nuts2_code="SE22",
    municipalities=("Malmö",),
)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    must(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="session")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The wheel without extras."""
    return make(tmp_path_factory.mktemp("core"), wheel)


def locked(extra: str) -> str:
    """The part of requirements.lock that an extra needs, hashes and all: its packages and what brings them."""
    entries = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8")):
        if found := re.match(r"([A-Za-z0-9._-]+)==", entry):
            via = re.findall(r"^ +# +(?:via )?(\S.*)$", entry, re.MULTILINE)
            entries[found[1]] = (entry, {name.split()[0].partition("[")[0] for name in via if name != "via"})
    needed = {name for name in entries if name in direct(extra)}
    while more := {name for name, (_, via) in entries.items() if via & needed} - needed:
        needed |= more
    return "\n".join(entries[name][0] for name in sorted(needed)) + "\n"


def direct(extra: str) -> set[str]:
    """The packages that pyproject.toml names for an extra."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[^A-Za-z0-9-]", line)[0] for line in project["optional-dependencies"][extra]}


@pytest.fixture(scope="session")
def with_warehouse(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The wheel with what the extra `warehouse` brings, as requirements.lock pins it, and no other package."""
    folder = tmp_path_factory.mktemp("warehouse")
    place = make(folder, wheel)
    subset = folder / "subset.lock"
    subset.write_text(locked("warehouse"), encoding="utf-8")
    install(place, "--no-deps", "--require-hashes", "-r", subset)
    return place


@pytest.fixture(scope="session")
def with_flows(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The wheel with the packages of this very environment, among which are those of the extra `flows`."""
    place = make(tmp_path_factory.mktemp("flows"), wheel)
    (packages,) = place.bin.parent.glob("lib/python*/site-packages")
    # As a path and not as a site directory: what is installed here in editable form stays out.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    where = must(place.bin / "python", "-c", "import esf_etl, esf_flows; print(esf_etl.__file__, esf_flows.__file__)")
    assert all(path.startswith(str(packages)) for path in where.split())
    return place


# ---- the wheel --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("package", "under"), [("esf_etl", "src"), ("esf_schemas", "schemas"), ("esf_flows", "flows")])
def test_the_wheel_holds_every_module_and_data_file_of_each_package(package: str, under: str, names: set[str]) -> None:
    kinds = (".py", ".csv", ".sql", ".toml", ".html", ".css", ".js", ".topojson", "py.typed")
    here = {
        str(path.relative_to(ROOT / under))
        for path in (ROOT / under / package).rglob("*")
        if path.is_file() and path.name.endswith(kinds)
    }

    assert f"{package}/py.typed" in here
    assert here - names == set()


@pytest.mark.parametrize("kind", [".csv", ".sql", ".toml", ".html", ".css", ".js", ".topojson"])
def test_the_wheel_holds_data_files(kind: str, names: set[str]) -> None:
    assert [name for name in names if name.startswith("esf_etl/") and name.endswith(kind)]


def test_the_wheel_holds_nothing_else(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"esf_etl", "esf_schemas", "esf_flows"}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".duckdb", ".parquet"))]
    assert [name for name in names if name.endswith("/licenses/LICENSE")]


# ---- without extras ---------------------------------------------------------------------------------------------


def test_the_wheel_alone_parses(core: Place) -> None:
    done = core.esf_etl("parse", "pages/a.txt")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["title"] == "Påhitt i ett hjul"


def test_the_wheel_alone_makes_sample_pages(core: Place) -> None:
    done = core.esf_etl("sample", "2", "samples")

    assert done.returncode == 0, done.stderr
    assert len(list((core.cwd / "samples").glob("*.txt"))) == 2


@pytest.mark.parametrize("command", [["ingest", "--landing", "pages"], ["status"], ["sql", "SELECT 1"], ["dictionary"]])
def test_the_wheel_alone_names_the_extra_that_a_command_needs(command: list[str], core: Place) -> None:
    done = core.esf_etl(*command)

    assert (done.returncode, done.stdout) == (1, "")
    assert "esf-etl[warehouse]" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_wheel_alone_names_the_extra_that_serve_needs(core: Place) -> None:
    done = core.esf_etl("serve")

    assert done.returncode == 1
    assert "esf-etl[flows]" in done.stderr


# ---- with the warehouse -----------------------------------------------------------------------------------------


def test_with_the_extra_warehouse_it_ingests_away_from_the_checkout(with_warehouse: Place) -> None:
    done = with_warehouse.esf_etl("ingest", "--landing", "pages", "--warehouse", "warehouse")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Published: 1 loaded.\n"

    asked = with_warehouse.esf_etl("sql", "SELECT title, grant_sek FROM project", "--json")
    assert json.loads(asked.stdout) == [{"title": "Påhitt i ett hjul", "grant_sek": "400000.00"}]
    assert with_warehouse.esf_etl("status").returncode == 0
    assert re.fullmatch("[0-9a-f]{64}\n", with_warehouse.esf_etl("digest").stdout)
    assert with_warehouse.esf_etl("dictionary").stdout.startswith("# Data dictionary")


def test_with_the_extra_warehouse_a_time_with_a_zone_can_be_asked_for(with_warehouse: Place) -> None:
    assert with_warehouse.esf_etl("ingest", "--landing", "pages", "--warehouse", "zoned").returncode == 0

    done = with_warehouse.esf_etl("sql", "SELECT now() AS moment", "--json", "--warehouse", "zoned")

    assert done.returncode == 0, done.stderr


def test_the_extra_warehouse_does_not_bring_prefect(with_warehouse: Place) -> None:
    done = with_warehouse.esf_etl("serve")

    assert done.returncode == 1
    assert "esf-etl[flows]" in done.stderr


# ---- with the flows ---------------------------------------------------------------------------------------------


def test_with_the_extra_flows_serve_tells_of_its_options(with_flows: Place) -> None:
    done = with_flows.esf_etl("serve", "--", "--help")

    assert done.returncode == 0, done.stderr
    for option in ("--landing", "--warehouse", "--cron", "--timezone", "--host", "--port"):
        assert option in done.stdout


def test_with_the_extra_flows_serve_answers_and_ends_on_sigterm_with_its_children(with_flows: Place) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = with_flows.cwd / "serve.log"
    options = ["--landing", "pages", "--warehouse", "warehouse", "--port", str(port)]
    with log.open("w") as written:
        process = subprocess.Popen(
            [str(with_flows.bin / "esf-etl"), "serve", "--", *options],
            cwd=with_flows.cwd,
            env=environment(),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_served(process, log)
        assert _health(port) == "true"
        assert len(_processes_in(with_flows.cwd)) > 1

        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == 0, log.read_text(encoding="utf-8")
        assert _processes_in(with_flows.cwd) == set()
        assert _health(port) is None
        assert "Traceback" not in log.read_text(encoding="utf-8")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for left in _processes_in(with_flows.cwd):
            os.kill(left, signal.SIGKILL)


def _wait_until_served(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while "Ctrl-C ends it." not in log.read_text(encoding="utf-8"):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < until, log.read_text(encoding="utf-8")
        time.sleep(0.2)


def _health(port: int) -> str | None:
    """What the server says of its health; None where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=30) as answer:
            return str(answer.read(), "utf-8")
    except (urllib.error.URLError, ConnectionError):
        return None


def _processes_in(folder: Path) -> set[int]:
    """The ids of all processes that work in this folder, which is a test's own."""
    found = set()
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if (process / "cwd").readlink() == folder:
                    found.add(int(process.name))
            except OSError:  # it has ended, or is somebody else's
                continue
    return found

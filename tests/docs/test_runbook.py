"""docs/runbook.md: everything in it is typed, in its order, and prints what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from esf_etl.errors import LockHeld
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
_LONG_AGO_NS = 1_600_000_000 * 10**9


def steps(text: str) -> list[tuple[str, list[str]]]:
    """The commands of a page, each with the lines that are shown below it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def environment(**more: str) -> dict[str, str]:
    ours = ("PYTHON", "ESF_ETL_", "VIRTUAL_ENV", "MAKE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"XDG_CONFIG_HOME": "/nowhere", "PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **more}


def type_in(text: str, folder: Path, **more: str) -> int:
    """Type the commands of a text in one shell; each must succeed and print the lines shown. Returns how many."""
    typed = steps(text)
    script = "".join(f"echo '@@ {number}'\n{command}\n" for number, (command, _) in enumerate(typed))
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    printed = dict(re.findall(r"^@@ (\d+)\n(.*?)(?=^@@ |\Z)", done.stdout, re.MULTILINE | re.DOTALL))
    assert done.returncode == 0, done.stdout
    for number, (command, shown) in enumerate(typed):
        lines = iter(_plain(printed[str(number)]).splitlines())
        for line in shown:
            wanted = re.compile(".*".join(re.escape(part) for part in _plain(line).split("…")))
            assert any(wanted.fullmatch(other) for other in lines), (
                f"{command}\ndoes not print\n{line}\nbut\n{printed[str(number)]}"
            )
    return len(typed)


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def copy_of_the_sources(folder: Path) -> None:
    """What a checkout holds, as far as the page needs it."""
    folder.mkdir()
    for name in ("src", "schemas", "flows", "landing"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "README.md", "LICENSE", ".gitignore"):
        shutil.copy2(ROOT / name, folder / name)
    for path in (folder / "landing").rglob("*.txt"):
        os.utime(path, ns=(_LONG_AGO_NS, _LONG_AGO_NS))
    # The environment that `make setup` would make is the one of these tests.
    (folder / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    (folder / "fresh").touch()


def release(wheel: Path, version: str, *, schema: int) -> Path:
    """The wheel of a release to come: another version of the package, and perhaps of the tables."""
    now = wheel.name.split("-")[1]
    target = wheel.with_name(wheel.name.replace(now, version))
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(("/METADATA", "/RECORD", "esf_etl/__init__.py")):
                content = content.replace(now.encode(), version.encode())
            if name == "esf_schemas/version.py":
                content = content.replace(b"SCHEMA_VERSION = 1\n", b"SCHEMA_VERSION = %d\n" % schema)
            new.writestr(name.replace(f"esf_etl-{now}", f"esf_etl-{version}"), content)
    return target


def test_the_page_names_the_release_that_this_is() -> None:
    from esf_etl import __version__

    assert f"dist/esf_etl-{__version__}-py3-none-any.whl" in section("Install")


@pytest.mark.packaging
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("packaging")
def test_the_whole_page_does_what_it_says_as_it_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "esf"
    folder.mkdir()
    copy_of_the_sources(folder / "checkout")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    until_upgrade, upgrade, rest = PAGE.partition("\n## Upgrade\n")
    # The releases to come are made between: nobody has them yet.
    typed = type_in(until_upgrade, folder, PATH=path, MAKEFLAGS="STAMP=fresh")
    wheel = folder / "releases" / "esf_etl-0.1.0-py3-none-any.whl"
    release(wheel, "0.2.0", schema=1)
    release(wheel, "0.3.0", schema=2)
    typed += type_in(upgrade + rest, folder, PATH=os.pathsep.join((str(folder / "env" / "bin"), path)))

    assert typed == len(steps(PAGE)) > 50
    assert (folder / "warehouse" / "current").readlink() == Path((folder / "before-0.2.0").read_text().strip())


def test_a_backup_that_is_made_while_runs_publish_is_whole(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "landing", tmp_path / "landing")
    for path in (tmp_path / "landing").rglob("*.txt"):
        os.utime(path, ns=(_LONG_AGO_NS, _LONG_AGO_NS))
    settings = IngestSettings(
        landing=tmp_path / "landing",
        warehouse=tmp_path / "warehouse",
        workers=1,
        reprocess=True,
        with_contacts=True,
    )
    ingest(settings)
    program = tmp_path / "bin" / "esf-etl"
    program.parent.mkdir()
    sources = os.pathsep.join(str(ROOT / name) for name in ("src", "schemas", "flows"))
    program.write_text(f'#!/bin/sh\nPYTHONPATH={sources} exec {sys.executable} -m esf_etl.cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    enough = threading.Event()
    published: list[str | None] = []

    def run_on() -> None:
        while not enough.is_set():
            with suppress(LockHeld):  # the backup's, while it copies the vault
                published.append(ingest(settings).snapshot)
            enough.wait(0.05)

    thread = threading.Thread(target=run_on)
    thread.start()
    try:
        for _ in range(2):
            type_in(section("Back up"), tmp_path, PATH=os.pathsep.join((str(program.parent), os.environ["PATH"])))
    finally:
        enough.set()
        thread.join()

    assert len(published) > 2
    assert None not in published
    assert len(list((tmp_path / "backup" / "snapshots").iterdir())) > 1
    assert (tmp_path / "backup" / "private" / "contacts.duckdb").is_file()

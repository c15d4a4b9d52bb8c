"""Commands of `esf-etl`, in this process or one of their own, and a warehouse that they may read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from esf_etl import Contact, Project, Section, render
from esf_etl.cli import main
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings

ROOT = Path(__file__).resolve().parents[2]
CONTACT = Contact("Kim Exempel", "kim.exempel@example.se", "08-465 00 42")
HOSTILE_TITLE = "Ond\x1b[31m \x9b2J \u202etitel\x07"
HARMLESS_TITLE = r"Ond\u001b[31m \u009b2J \u202etitel\u0007"
ARTICLE = "Logotyp på utskrifter\n\nEn nyhet\n\nMed text.\n"
HARMFUL = ("\x1b", "\x9b", "\x07", "\u202e")
_LONG_AGO_NS = 1_600_000_000 * 10**9


def project(title: str = "Broar till arbete", **fields: Any) -> Project:
    """A project of which there is nothing odd to find; `fields` replace what is given here."""
    whole: dict[str, Any] = {
        "layout": "glued-2007",
        "programme_period": "2007-2013",
        "title": title,
        "programme_area_code": "2",
        "programme_area": "Ökat arbetskraftsutbud",
        "phase": "Genomförande",
        "owner": "Påhittade kommunen",
        "contact": CONTACT,
        "grant_sek": Decimal(5_222_650),
        "budget_sek": Decimal("13120391.50"),
        "period_start": date(2008, 8, 1),
        "period_end": date(2010, 3, 31),
        "region": "Sydsverige",
        "nuts2_code": "SE22",
        "sections": (Section("summary", "Sammanfattning", "Vi bygger broar."),),
        "co_financiers": ("Exempelkommunen",),
        "partners": ("Folkhögskolan Linåkern",),
        "municipalities": ("Bjuv", "Håbo"),
    }
    return Project(**{**whole, **fields})


def put(folder: Path, name: str, page: Project | str) -> Path:
    """Lay a page into a folder; it has settled long ago."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(page) if isinstance(page, Project) else page, encoding="utf-8")
    os.utime(path, ns=(_LONG_AGO_NS, _LONG_AGO_NS))
    return path


def tree(folder: Path) -> dict[str, tuple[int, int, bytes | None]]:
    """Everything below a folder: mode, time of change, bytes."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        found[str(path.relative_to(folder))] = (info.st_mode, info.st_mtime_ns, content)
    return found


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that can import this tree, installed or not."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ESF_ETL_", "PYTHON", "COLUMNS"))}
    path = os.pathsep.join(str(ROOT / name) for name in ("src", "schemas", "flows"))
    return {**kept, "PYTHONPATH": path, "ESF_ETL_CONFIG": os.devnull, **more}


def esf_etl(
    *arguments: str | Path, given: str | None = None, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """`esf-etl` in a process of its own; `more` goes into its environment."""
    return subprocess.run(
        [sys.executable, "-m", "esf_etl.cli", *map(str, arguments)],
        input="" if given is None else given,
        capture_output=True,
        encoding="utf-8",
        env=environment(**more),
        cwd=cwd,
        timeout=120,
        check=False,
    )


def without(package: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`esf-etl` in a process in which a package is not installed."""
    command = f"import sys; sys.modules[{package!r}] = None\nfrom esf_etl.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", command, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left: its exit status and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout, which must be one JSON document to the last byte."""
        return json.loads(self.out, parse_constant=_no_json)


def _no_json(word: str) -> Any:
    msg = f"{word} is no JSON"
    raise ValueError(msg)


Run = Callable[..., Done]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ESF_ETL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ESF_ETL_CONFIG", os.devnull)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("parse", path)` is `esf-etl parse path`, in this process."""

    def call(*arguments: str | Path) -> Done:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return call


@dataclass(frozen=True, slots=True)
class Place:
    """A landing folder and a warehouse."""

    landing: Path
    warehouse: Path

    @property
    def options(self) -> tuple[str, ...]:
        """Both, as options of `ingest`."""
        return "--landing", str(self.landing), "--warehouse", str(self.warehouse)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty landing folder and no warehouse yet."""
    landing = tmp_path / "landing"
    landing.mkdir()
    return Place(landing, tmp_path / "warehouse")


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three projects and two rejects, published once for all tests: to be read only."""
    root = tmp_path_factory.mktemp("published")
    here = Place(root / "landing", root / "warehouse")
    put(here.landing, "a.txt", project())
    put(here.landing, "b.txt", project("Alfa", grant_sek=Decimal("400000.50"), budget_sek=Decimal(900_000)))
    put(here.landing, "c.txt", project(HOSTILE_TITLE))
    put(here.landing, "news/article.txt", ARTICLE)
    put(here.landing, "dear.txt", project("Dyr", grant_sek=Decimal(900_001), budget_sek=Decimal(900_000)))
    summary = ingest(IngestSettings(landing=here.landing, warehouse=here.warehouse, workers=1))
    assert (summary.loaded, summary.rejected) == (3, 2)
    return here


@pytest.fixture
def own(published: Place, tmp_path: Path) -> Place:
    """A copy of what is published, to be changed at will."""
    here = Place(tmp_path / "own-landing", tmp_path / "own-warehouse")
    shutil.copytree(published.landing, here.landing)
    # The index of the search is made by whoever searches first, also in what all tests share.
    shutil.copytree(published.warehouse, here.warehouse, symlinks=True, ignore=shutil.ignore_patterns("search"))
    return here


@pytest.fixture
def with_foreign_wal(own: Place) -> Place:
    """Somebody opened the published file for writing, and left a write-ahead log beside it."""
    (own.warehouse / "current" / "esf.duckdb.wal").write_bytes(b"somebody was here")
    return own

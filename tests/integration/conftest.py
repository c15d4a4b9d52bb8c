"""A landing folder and a warehouse under a temporary folder, and the job between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from esf_etl import Contact, Project, Section, render
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings
from esf_etl.summary import RunSummary
from esf_etl.warehouse import reading

ROOT = Path(__file__).parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"
_DAY_NS = 24 * 3600 * 10**9
_FIRST_DAY_NS = 1_600_000_000 * 10**9


def project(title: str = "Broar till arbete", **fields: Any) -> Project:
    """A project of which there is nothing odd to find; `fields` replace what is given here."""
    whole: dict[str, Any] = {
        "layout": "glued-2007",
        "programme_period": "2007-2013",
        "title": title,
        "programme_area_code": "2",
        "programme_area": "Ökat arbetskraftsutbud",
        "phase": "Genomförande",
        "owner": f"Stiftelsen {title}",
        "contact": Contact("Kim Exempel", "kim.exempel@kommunen.example", "010-000 00 00"),
        "grant_sek": Decimal(400_000),
        "budget_sek": Decimal(1_000_000),
        "period_start": date(2009, 1, 1),
        "period_end": date(2010, 12, 31),
        "region": "Sydsverige",
        "nuts2_code": "SE22",
        "sections": (
            Section("summary", "Sammanfattning", "Vi bygger broar."),
            Section("background", "Bakgrund", "Broarna saknas."),
        ),
        "co_financiers": ("Exempelkommunen", "Exempelkommunen"),
        "partners": ("Folkhögskolan Linåkern",),
        "municipalities": ("Bjuv", "Håbo"),
    }
    return Project(**{**whole, **fields})


def day(number: int) -> int:
    """The mtime of that day, in nanoseconds."""
    return _FIRST_DAY_NS + number * _DAY_NS


@dataclass(frozen=True, slots=True)
class Job:
    """One landing folder, one warehouse."""

    landing: Path
    warehouse: Path

    def put(self, name: str, page: Project | str | bytes, *, on_day: int = 1) -> Path:
        """Lay a page into the landing folder, last changed on that day."""
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = render(page) if isinstance(page, Project) else page
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        os.utime(path, ns=(day(on_day), day(on_day)))
        return path

    def touch(self, name: str, *, on_day: int) -> None:
        os.utime(self.landing / name, ns=(day(on_day), day(on_day)))

    def settings(self, **changes: Any) -> IngestSettings:
        return IngestSettings(**{"landing": self.landing, "warehouse": self.warehouse, **changes})

    def ingest(self, **settings: Any) -> RunSummary:
        """One run in this process. It must keep the law."""
        summary = ingest(self.settings(**settings))
        assert summary.law_holds
        return summary

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Python with these arguments, in a process of its own that can import this tree."""
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=120, check=False)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of `esf-etl`, in a process of its own."""
        return self.python("-m", "esf_etl.cli", *arguments)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`esf-etl ingest` of this landing folder into this warehouse, in a process of its own."""
        return self.command("ingest", "--landing", str(self.landing), "--warehouse", str(self.warehouse), *arguments)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query of what is published."""
        return reading.run_query(self.warehouse, query)[2]

    def column(self, query: str) -> list[Any]:
        return [value for (value,) in self.rows(query)]

    def value(self, query: str) -> Any:
        [value] = self.column(query)
        return value

    def digest(self) -> str:
        return reading.warehouse_digest(self.warehouse)

    def snapshots(self) -> list[str]:
        return sorted(path.name for path in (self.warehouse / "snapshots").iterdir())

    def published(self) -> Path | None:
        """The folder that `current` points to."""
        current = self.warehouse / "current"
        return current.resolve() if current.is_symlink() else None

    def journal(self) -> list[dict[str, Any]]:
        lines = (self.warehouse / "runs.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def fork(self, warehouse: Path) -> Job:
        """The same landing folder and another warehouse."""
        return Job(self.landing, warehouse)


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that can import this tree, installed or not."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ESF_ETL_")}
    path = os.pathsep.join(str(ROOT / name) for name in ("src", "schemas", "flows"))
    return {**kept, "PYTHONPATH": path, **more}


def open_copy(database: Path, copy: Path) -> duckdb.DuckDBPyConnection:
    """A connection that may write, to a copy of a published database."""
    copy.write_bytes(database.read_bytes())
    return duckdb.connect(str(copy))


@pytest.fixture(scope="session")
def three_nights(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A first load with a reject, a new version, and a night with nothing new. To be read only."""
    root = tmp_path_factory.mktemp("nights")
    job = Job(root / "landing", root / "warehouse")
    job.put("a.txt", project("Alfa"), on_day=1)
    job.put("b.txt", project("Beta"), on_day=1)
    job.put("c.txt", "Ingen projektsida.\n", on_day=1)
    job.ingest()
    job.put("a.txt", project("Alfa", owner="En annan ägare"), on_day=2)
    job.ingest()
    job.ingest()
    return job


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """An empty landing folder and no warehouse yet."""
    landing = tmp_path / "landing"
    landing.mkdir()
    return Job(landing, tmp_path / "warehouse")

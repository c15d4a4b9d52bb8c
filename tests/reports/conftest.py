"""A warehouse with all that a report could let vanish: absent values, unknown places, sole traders, odd öre."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from esf_etl import Attribute, Project, Section, render
from esf_etl.pages.invent import invent
from esf_etl.warehouse.reading import run_query
from tests.integration.conftest import Job, project

SUMMARY = Section("summary", "Sammanfattning", "Vi bygger broar.")
TRADER = "Kim Påhitts firma"


def bare(layout: str, period: str, title: str, **fields: Any) -> Project:
    """A page that says nothing but its title and what is given."""
    sections = (SUMMARY,) if layout in ("glued-2007", "lines-2014") else ()
    return Project(**{"layout": layout, "programme_period": period, "title": title, "sections": sections, **fields})


ODD = (
    project(
        "Tre delar", grant_sek=Decimal("100.01"), budget_sek=Decimal("200.02"), municipalities=("Håbo", "Bjuv", "Malmö")
    ),
    project(
        "Två gånger", municipalities=("Håbo", "Atlantis", "Håbo kommun", "Lemurien"), partners=("STIFTELSEN ALFA",)
    ),
    project("Utan region", region=None, nuts2_code=None, owner="Stiftelsen  Alfa", partners=(), co_financiers=()),
    project("Okänd region", region="Månen", nuts2_code=None, owner="stiftelsen alfa", partners=(TRADER.upper(),)),
    project("Hela budgeten", grant_sek=Decimal(500), budget_sek=Decimal(500), municipalities=()),
    project("Ingenting", grant_sek=Decimal(0), budget_sek=Decimal(0), municipalities=("Malmö",)),
    project("Utan budget", budget_sek=None, phase=None, co_financiers=("betagruppen", "betagruppen")),
    project("Utan stöd", grant_sek=None, partners=("Betagruppen",)),
    bare("glued-2007", "2007-2013", "Tom"),
    bare("glued-2007", "2007-2013", "Eget område", programme_area="Egna ord", grant_sek=Decimal(70)),
    bare(
        "colon-2014",
        "2014-2020",
        "Bara början",
        diary_number="2015/00017",
        period_start=date(2016, 2, 15),
        programme_area_code="2",
        grant_sek=Decimal(300),
        nuts2_code="SE0",
        region="ESF Nationellt",
    ),
    bare(
        "lines-2014",
        "2014-2020",
        "Med ören",
        programme_area_code="2",
        programme_area="Ökade övergångar till arbete",
        grant_sek=Decimal("10.55"),
        budget_sek=Decimal("20.10"),
        period_start=date(2016, 1, 4),
        period_end=date(2017, 10, 31),
        owner="Exempelkommunen",
    ),
    bare(
        "lines-2014",
        "2014-2020",
        "Andra ord för området",
        programme_area_code="2",
        programme_area="Övergångar",
        budget_sek=Decimal(0),
        grant_sek=Decimal(0),
    ),
    bare(
        "colon-2021",
        "2021-2027",
        "Rörelse",
        diary_number="22-017-S04",
        programme_area_code="C",
        specific_objective="C1",
        owner="Rörelsen i Exempelby",
        owner_org_number="8020000009",
        cofinancing_rate=Decimal("0.9"),
        period_end=date(2024, 5, 31),
        sections=(Section("description", None, "Vi rör oss."),),
        attributes=(
            Attribute("Land som berörs", "Sverige"),
            Attribute("Fond", "ESF+"),
            Attribute("Program CCI", "2021SE05SFPR"),
            Attribute("Stödmottagare postnr", "111 11"),
            Attribute("Stödmottagare ort", "Exempelby"),
            Attribute("Interventionstyp", "163"),
            Attribute("Insats av strategisk betydelse", "Nej"),
            # Once more, as no page should say it: the first is meant.
            Attribute("Land som berörs", "Danmark"),
            Attribute("Fond", "ESF"),
            Attribute("Program CCI", "2014SE05M9OP001"),
            Attribute("Stödmottagare postnr", "999 99"),
            Attribute("Stödmottagare ort", "Annanby"),
            Attribute("Interventionstyp", "151"),
            Attribute("Insats av strategisk betydelse", "Ja"),
        ),
    ),
    bare(
        "colon-2021",
        "2021-2027",
        "Enskild",
        diary_number="22-018-S04",
        programme_area_code="C",
        owner=TRADER,
        owner_org_number="8001019876",
        grant_sek=Decimal(90),
        budget_sek=Decimal(100),
        attributes=(Attribute("Stödmottagare postnr", "222 22"), Attribute("Stödmottagare ort", "Avskildby")),
    ),
    bare(
        "lines-2014",
        "2014-2020",
        "Enskild med partner",
        owner=TRADER,
        partners=("Gammagruppen",),
    ),
    bare(
        "lines-2014",
        "2014-2020",
        "Numrerad med partner",
        owner="Deltagruppen",
        partners=("Gammagruppen", "Rörelsen i Exempelby"),
        sections=(Section("purpose", "Syfte", "Att bygga broar."),),
    ),
    *(
        bare("colon-2021", "2021-2027", title, diary_number=number, owner=owner, owner_org_number=org_number)
        for title, number, owner, org_number in (
            ("Rörelse igen", "23-001-S04", "Rörelsen i Exempelby", "8020000009"),
            ("Ett nummer", "23-002-S04", "Två nummer AB", "5560000001"),
            ("Ett annat nummer", "23-003-S04", "Två nummer AB", "5560000019"),
            ("Bara nummer", "23-004-S04", None, "5560000027"),
        )
    ),
)
"""What no report may let vanish."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A published warehouse, and questions to it."""

    job: Job

    def rows(self, query: str) -> list[dict[str, Any]]:
        """All rows of a query, as dictionaries."""
        names, _, rows = run_query(self.job.warehouse, query)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def view(self, name: str) -> list[dict[str, Any]]:
        """All rows of a view of the schema `report`."""
        return self.rows(f"FROM report.{name}")

    def total(self, name: str, column: str) -> Any:
        """The sum of a column over all rows of a view; 0 where it has none."""
        return sum((row[column] for row in self.view(name) if row[column] is not None), start=0)

    def projects(self) -> list[dict[str, Any]]:
        """All rows of `project`."""
        return self.rows("FROM project ORDER BY project_id")


def summed(projects: list[dict[str, Any]], column: str) -> Any:
    """The sum of a column of projects; NULL where it is NULL in all, as in SQL."""
    values = [each[column] for each in projects if each[column] is not None]
    return sum(values, start=Decimal(0)) if values else None


def grouped(projects: list[dict[str, Any]], key: Callable[[dict[str, Any]], Any]) -> dict[Any, list[dict[str, Any]]]:
    """Projects by what `key` says of each."""
    found: dict[Any, list[dict[str, Any]]] = {}
    for each in projects:
        found.setdefault(key(each), []).append(each)
    return found


def share(projects: list[dict[str, Any]], part: Callable[[dict[str, Any]], Decimal]) -> Decimal | None:
    """The share of `part` in the budgets of the projects that give both amounts, to six places."""
    known = [each for each in projects if each["budget_sek"] and each["grant_sek"] is not None]
    if not known:
        return None
    whole = sum((each["budget_sek"] for each in known), start=Decimal(0))
    return (sum(map(part, known), start=Decimal(0)) / whole).quantize(Decimal("0.000001"))


def text_of(page: Project) -> str:
    """The page. Some of 2014-2020 give the owner's number before the name, which `render` does not write."""
    number = {"Enskild med partner": "800101-9876", "Numrerad med partner": "556000-0035"}.get(page.title or "")
    return render(page).replace(f"\n{page.owner}\n", f"\n{number} {page.owner}\n") if number else render(page)


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """The odd projects, 150 invented ones and four rejects, published once for all tests: to be read only."""
    root = tmp_path_factory.mktemp("reported")
    job = Job(root / "landing", root / "warehouse")
    for number, page in enumerate((*ODD, *invent(150))):
        job.put(f"{number:03}.txt", text_of(page))
    job.put("dear.txt", project("Dyr", grant_sek=Decimal(900_001), budget_sek=Decimal(900_000)))
    for name in ("article.txt", "later article.txt"):
        job.put(name, "Nyheter\n\nI dag hände ingenting.\n")
    job.put("unread.txt", re.sub(r"[0-9\u00a0]+ kr", "mycket", render(project("Oläst"))))
    summary = job.ingest(workers=1)
    assert (summary.loaded, summary.rejected) == (len(ODD) + 150, 4)
    return Reported(job)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """An empty landing folder and no warehouse yet."""
    landing = tmp_path / "landing"
    landing.mkdir()
    return Job(landing, tmp_path / "warehouse")

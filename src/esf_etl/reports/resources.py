"""The tables of the open data package, as data: what each is called, what it says, how it joins the others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from esf_etl.reports.operations import LIST_OF_OPERATIONS
from esf_etl.reports.views import REPORT, read_views
from esf_schemas import contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from esf_schemas import Column

__all__ = ["RESOURCES", "ForeignKey", "Resource", "withheld_sql"]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that are the key of another resource, by the same names unless `to` says others."""

    columns: tuple[str, ...]
    resource: str
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """One table of the package.

    `source` is the contract (`ref.region`) or view (`report.coverage`) that describes its columns. `catalogued`:
    whether it is a data set of its own in the catalogue; reference tables of others are not.
    """

    name: str
    source: str
    title_sv: str
    title_en: str
    description_sv: str
    description_en: str
    key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    keywords_sv: tuple[str, ...] = ()
    keywords_en: tuple[str, ...] = ()
    catalogued: bool = True

    @property
    def query(self) -> str:
        """The query for its rows: its own SQL file, or else all of its source."""
        return _tables().get(self.name, f"FROM {self.source} ORDER BY ALL")

    def described(self) -> Mapping[str, str]:
        """What each column means."""
        if self.source.startswith(f"{REPORT}."):
            return _views()[self.source.removeprefix(f"{REPORT}.")]
        own = {column.name: column.description for column in self.contracted().values()}
        return {"last_updated": _views()[LIST_OF_OPERATIONS]["last_updated"], **own}

    def contracted(self) -> Mapping[str, Column]:
        """The columns as their contract declares them; nothing for a view, which has none."""
        if self.source.startswith(f"{REPORT}."):
            return {}
        return {column.name: column for column in contract(self.source.partition(".")[2]).table().columns}


def withheld_sql() -> str:
    """The statements that must run before the queries: what is left out of the tables."""
    return files("esf_etl.reports").joinpath("tables", "withheld.sql").read_text(encoding="utf-8")


@cache
def _tables() -> dict[str, str]:
    folder = files("esf_etl.reports").joinpath("tables")
    return {
        path.name.removesuffix(".sql"): path.read_text(encoding="utf-8")
        for path in folder.iterdir()
        if path.name.endswith(".sql")
    }


@cache
def _views() -> dict[str, dict[str, str]]:
    return {view.name: view.columns for view in read_views()}


_PROJECT = ForeignKey(("project_id",), "project")
_PERIOD = ForeignKey(("programme_period",), "programme_period")
_REGION = ForeignKey(("nuts2_code",), "region")
_COUNTY = ForeignKey(("county_code",), "county")
_MUNICIPALITY = ForeignKey(("municipality_code",), "municipality")

RESOURCES = (
    Resource(
        LIST_OF_OPERATIONS,
        f"{REPORT}.{LIST_OF_OPERATIONS}",
        "Förteckning över insatser",
        "List of operations",
        "En rad per insats (projekt): stödmottagare, namn, syfte, datum, total kostnad, fond, mål, plats och "
        "interventionstyp, så långt projektbankens sidor anger dem. Jfr förordning (EU) 2021/1060, artikel 49.3.",
        "One row an operation (project): beneficiary, name, purpose, dates, total cost, fund, objective, location and "
        "type of intervention, as far as the pages of the project bank give them. Cf. Regulation (EU) 2021/1060, "
        "Article 49(3).",
        ("operation_code",),
        (ForeignKey(("operation_code",), "project", ("project_id",)), _PERIOD, _REGION),
        ("insatser", "stödmottagare"),
        ("list of operations", "beneficiaries"),
    ),
    Resource(
        "project",
        "main.project",
        "Projekt",
        "Projects",
        "En rad per projekt med stöd från Europeiska socialfonden i Sverige sedan 2007, som projektbankens sida "
        "beskriver det.",
        "One row a project with support of the European Social Fund in Sweden since 2007, as its page in the project "
        "bank says.",
        ("project_id",),
        (_PERIOD, _REGION),
        ("projekt",),
        ("projects",),
    ),
    Resource(
        "project_section",
        "main.project_section",
        "Projektbeskrivningar",
        "Project descriptions",
        "Projektens texter: sammanfattning, bakgrund, syfte, målsättning med mera, en rad per avsnitt.",
        "The texts of the projects: summary, background, purpose, objectives and so on, one row a section.",
        ("project_id", "section_key"),
        (_PROJECT,),
        ("projektbeskrivningar",),
        ("project descriptions",),
    ),
    Resource(
        "project_organisation",
        "main.project_organisation",
        "Organisationer i projekten",
        "Organisations in projects",
        "Projektägare, medfinansiärer och samarbetspartner, en rad per namn och roll. Enskilda firmor är utelämnade.",
        "Owners, co-financiers and partners, one row a name and role. Sole traders are left out.",
        ("project_id", "role", "ordinal"),
        (_PROJECT,),
        ("projektägare", "samarbetspartner"),
        ("organisations", "partnerships"),
    ),
    Resource(
        "project_municipality",
        "main.project_municipality",
        "Kommuner i projekten",
        "Municipalities of projects",
        "Kommunerna som projekten arbetar i, en rad per kommun; okända namn saknar kod.",
        "The municipalities that projects work in, one row each; unknown names have no code.",
        ("project_id", "ordinal"),
        (_PROJECT, _MUNICIPALITY, _COUNTY, _REGION),
        ("kommuner",),
        ("municipalities",),
    ),
    Resource(
        "funding_by_region_year",
        f"{REPORT}.funding_by_region_year",
        "Stöd per region och startår",
        "Funding by region and year of start",
        "Antal projekt, ESF-stöd och budget per region och år då projekten började.",
        "Projects, ESF grants and budgets by region and year in which projects started.",
        foreign_keys=(_REGION,),
        keywords_sv=("regioner",),
        keywords_en=("regions",),
    ),
    Resource(
        "funding_by_programme_area",
        f"{REPORT}.funding_by_programme_area",
        "Stöd per programområde",
        "Funding by programme area",
        "Antal projekt, ESF-stöd och budget per programperiod och programområde.",
        "Projects, ESF grants and budgets by programme period and programme area.",
        foreign_keys=(_PERIOD,),
        keywords_sv=("programområden",),
        keywords_en=("programme areas",),
    ),
    Resource(
        "funding_by_municipality",
        f"{REPORT}.funding_by_municipality",
        "Stöd per kommun",
        "Funding by municipality",
        "ESF-stöd och budget per kommun; ett projekts belopp är jämnt fördelade på dess kommuner.",
        "ESF grants and budgets by municipality; the amounts of a project are split evenly over its municipalities.",
        foreign_keys=(_MUNICIPALITY, _COUNTY, _REGION),
        keywords_sv=("kommuner",),
        keywords_en=("municipalities",),
    ),
    Resource(
        "co_financing",
        f"{REPORT}.co_financing",
        "Medfinansiering",
        "Co-financing",
        "Vad andra bidrar med utöver ESF-stödet, per programperiod, programområde och region.",
        "What others add to the ESF grants, by programme period, programme area and region.",
        foreign_keys=(_PERIOD, _REGION),
        keywords_sv=("medfinansiering",),
        keywords_en=("co-financing",),
    ),
    Resource(
        "coverage",
        f"{REPORT}.coverage",
        "Täckning",
        "Coverage",
        "Hur stor del av varje programperiods kända projekt som finns med här. Läs den före varje summa.",
        "How much of the known projects of each programme period is here. Read it before any total.",
        ("programme_period",),
        (_PERIOD,),
        ("täckning",),
        ("coverage",),
    ),
    Resource(
        "programme_period",
        "ref.programme_period",
        "Programperioder",
        "Programme periods",
        "Programperioderna, deras program, dagar och kända omfattning.",
        "The programme periods, their programmes, days and known size.",
        ("programme_period",),
        catalogued=False,
    ),
    Resource(
        "programme_area",
        "ref.programme_area",
        "Programområden",
        "Programme areas",
        "Programområdena i varje programperiod.",
        "The programme areas of each programme period.",
        ("programme_period", "programme_area_code"),
        (_PERIOD,),
        catalogued=False,
    ),
    Resource(
        "region",
        "ref.region",
        "Regioner",
        "Regions",
        "ESF-rådets regioner och deras NUTS 2-koder; SE0 är hela landet.",
        "The regions of the ESF Council and their NUTS 2 codes; SE0 is the whole country.",
        ("nuts2_code",),
        catalogued=False,
    ),
    Resource(
        "county",
        "ref.county",
        "Län",
        "Counties",
        "Sveriges 21 län.",
        "The 21 counties of Sweden.",
        ("county_code",),
        (_REGION,),
        catalogued=False,
    ),
    Resource(
        "municipality",
        "ref.municipality",
        "Kommuner",
        "Municipalities",
        "Sveriges 290 kommuner.",
        "The 290 municipalities of Sweden.",
        ("municipality_code",),
        (_COUNTY, _REGION),
        catalogued=False,
    ),
    Resource(
        "section",
        "ref.section",
        "Sidornas avsnitt",
        "Sections of pages",
        "Avsnitten som sidor av varje uppställning kan ha.",
        "The sections that pages of each layout may have.",
        ("layout", "section_key"),
        catalogued=False,
    ),
)
"""All tables, those that are read most before the others."""

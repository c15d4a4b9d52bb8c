"""The words above the columns of exports, in Swedish and English: one place for all of them.

Headings in a second official language of the Union are asked for by Regulation (EU) No 1303/2013, Annex XII, point 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

__all__ = ["HEADERS", "LANGUAGES", "Language", "header", "title"]

Language = Literal["both", "sv", "en", "names"]

LANGUAGES: tuple[Language, ...] = ("both", "sv", "en", "names")
"""Both languages, one of them, or the machine names of the columns."""

HEADERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # The list of operations.
        "operation_code": ("Insatsens kod", "Operation code"),
        "diary_number": ("Diarienummer", "File number"),
        "beneficiary": ("Stödmottagare", "Beneficiary"),
        "beneficiary_org_number": ("Stödmottagarens organisationsnummer", "Beneficiary's organisation number"),
        "beneficiary_postcode": ("Stödmottagarens postnummer", "Beneficiary's postcode"),
        "beneficiary_town": ("Stödmottagarens ort", "Beneficiary's town"),
        "operation_name": ("Insatsens namn", "Operation name"),
        "operation_summary": ("Sammanfattning", "Operation summary"),
        "purpose": ("Syfte", "Purpose"),
        "expected_achievements": ("Förväntade resultat", "Expected achievements"),
        "start_date": ("Startdatum", "Start date"),
        "end_date": ("Slutdatum", "End date"),
        "total_cost_sek": ("Total kostnad (SEK)", "Total cost (SEK)"),
        "grant_sek": ("Beviljat ESF-stöd (SEK)", "ESF grant (SEK)"),
        "union_cofinancing_rate": ("Unionens medfinansieringsgrad", "Union co-financing rate"),
        "fund": ("Fond", "Fund"),
        "programme_period": ("Programperiod", "Programme period"),
        "cci": ("Programmets CCI-kod", "CCI code of the programme"),
        "programme_area_code": ("Programområde, kod", "Programme area code"),
        "specific_objective": ("Specifikt mål", "Specific objective"),
        "type_of_intervention": ("Typ av intervention, kod", "Type of intervention code"),
        "strategic_importance": ("Insats av strategisk betydelse", "Operation of strategic importance"),
        "country": ("Land", "Country"),
        "nuts2_code": ("NUTS 2-kod", "NUTS 2 code"),
        "region": ("Region", "Region"),
        "municipalities": ("Kommuner", "Municipalities"),
        "last_updated": ("Senast uppdaterad", "Last updated"),
        # The tables of projects.
        "project_id": ("Projektets id", "Project id"),
        "title": ("Projektets namn", "Title"),
        "project_number": ("Projektnummer", "Project number"),
        "programme_area": ("Programområde", "Programme area"),
        "phase": ("Projektfas", "Phase"),
        "owner": ("Projektägare", "Owner"),
        "owner_org_number": ("Projektägarens organisationsnummer", "Owner's organisation number"),
        "budget_sek": ("Total projektbudget (SEK)", "Total budget (SEK)"),
        "cofinancing_rate": ("Unionens medfinansieringsgrad", "Union co-financing rate"),
        "period_start": ("Projektets första dag", "First day"),
        "period_end": ("Projektets sista dag", "Last day"),
        "participants_planned": ("Planerat antal deltagare", "Planned participants"),
        "ordinal": ("Ordningsnummer", "Ordinal"),
        "section_key": ("Avsnitt", "Section"),
        "heading": ("Rubrik", "Heading"),
        "body": ("Text", "Text"),
        "role": ("Roll", "Role"),
        "name": ("Namn", "Name"),
        "municipality_code": ("Kommunkod", "Municipality code"),
        "county_code": ("Länskod", "County code"),
        # The reference tables.
        "layout": ("Sidans uppställning", "Layout of the page"),
        "kind": ("Slag", "Kind"),
        "eligible_from": ("Stödberättigande från", "Eligible from"),
        "eligible_to": ("Stödberättigande till", "Eligible to"),
        "known_projects": ("Kända projekt", "Known projects"),
        "known_as_of": ("Kända per", "Known as of"),
        "known_grant_sek": ("Känt stöd (SEK)", "Known grants (SEK)"),
        "source": ("Källa", "Source"),
        # The reports.
        "start_year": ("Startår", "Start year"),
        "projects": ("Projekt", "Projects"),
        "grant_share": ("Stödets andel av budgeten", "Grant's share of the budget"),
        "municipality": ("Kommun", "Municipality"),
        "county": ("Län", "County"),
        "shared_projects": ("Projekt delade med andra kommuner", "Projects shared with other municipalities"),
        "co_financed_projects": ("Medfinansierade projekt", "Co-financed projects"),
        "wholly_granted_projects": ("Projekt med stöd för hela budgeten", "Wholly granted projects"),
        "unknown_projects": ("Projekt utan uppgift om belopp", "Projects without an amount"),
        "naming_projects": ("Projekt som anger medfinansiärer", "Projects naming co-financiers"),
        "co_financiers": ("Medfinansiärer", "Co-financiers"),
        "co_financing_sek": ("Medfinansiering (SEK)", "Co-financing (SEK)"),
        "co_financing_share": ("Medfinansieringens andel av budgeten", "Co-financing's share of the budget"),
        "projects_coverage": ("Andel av kända projekt", "Share of known projects"),
        "grant_coverage": ("Andel av känt stöd", "Share of known grants"),
    }
)
"""Swedish and English by the machine name of the column. A column that is not here is headed by its name."""


def header(column: str, language: Language) -> str:
    """What stands above a column. Not even of two columns alike in one language (`Text / Text`) is it said twice."""
    if language == "names" or column not in HEADERS:
        return column
    swedish, english = HEADERS[column]
    if language == "both":
        return swedish if swedish == english else f"{swedish} / {english}"
    return swedish if language == "sv" else english


def title(column: str) -> str:
    """Both headings of a column, for descriptions of tables."""
    return header(column, "both")

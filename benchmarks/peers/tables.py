"""The tables that every peer fills: what the record of a page says, by the names that these tables have with us."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from esf_etl import content_digest, project_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from esf_etl import Project

__all__ = ["KEYS", "LISTS", "REGIONS", "SECTIONS", "TABLES", "connect", "create_tables", "print_versions", "rows_of"]

TABLES: dict[str, dict[str, str]] = {
    "project": {
        "project_id": "VARCHAR NOT NULL",
        "layout": "VARCHAR",
        "programme_period": "VARCHAR",
        "diary_number": "VARCHAR",
        "project_number": "VARCHAR",
        "title": "VARCHAR",
        "programme_area_code": "VARCHAR",
        "programme_area": "VARCHAR",
        "specific_objective": "VARCHAR",
        "phase": "VARCHAR",
        "owner": "VARCHAR",
        "owner_org_number": "VARCHAR",
        "grant_sek": "DECIMAL(15,2)",
        "budget_sek": "DECIMAL(15,2)",
        "cofinancing_rate": "DECIMAL(5,4)",
        "period_start": "DATE",
        "period_end": "DATE",
        "region": "VARCHAR",
        "nuts2_code": "VARCHAR",
        "participants_planned": "INTEGER",
        "content_digest": "VARCHAR",
    },
    "project_section": {
        "project_id": "VARCHAR NOT NULL",
        "ordinal": "INTEGER NOT NULL",
        "section_key": "VARCHAR",
        "heading": "VARCHAR",
        "body": "VARCHAR USING COMPRESSION zstd",
    },
    "project_organisation": {
        "project_id": "VARCHAR NOT NULL",
        "role": "VARCHAR NOT NULL",
        "ordinal": "INTEGER NOT NULL",
        "name": "VARCHAR",
    },
    "project_municipality": {"project_id": "VARCHAR NOT NULL", "ordinal": "INTEGER NOT NULL", "name": "VARCHAR"},
}
"""Columns of each table with their types."""

KEYS: dict[str, tuple[str, ...]] = {
    "project": ("project_id",),
    "project_section": ("project_id", "ordinal"),
    "project_organisation": ("project_id", "role", "ordinal"),
    "project_municipality": ("project_id", "ordinal"),
}

SECTIONS = {
    "Sammanfattning": "summary",
    "Bakgrund": "background",
    "Syfte": "purpose",
    "Målsättning": "objectives",
    "Tillgänglighet för personer med funktionsnedsättning": "accessibility",
    "Jämställdhetsintegrering": "gender_equality",
    "Transnationellt samarbete": "transnational",
}
"""For peers without our parser: the headings of prose in the layout glued-2007, with the keys of their sections."""

LISTS = {"Medfinansiärer": "co_financier", "Samarbetspartners": "partner", "Kommun": "municipality"}
"""The headings of its lists, with what their items are."""

REGIONS = {
    "Stockholm": "SE11",
    "Östra Mellansverige": "SE12",
    "Småland och Öarna": "SE21",
    "Sydsverige": "SE22",
    "Västsverige": "SE23",
    "Norra Mellansverige": "SE31",
    "Mellersta Norrland": "SE32",
    "Övre Norrland": "SE33",
}
"""Its regions, with their NUTS 2 codes."""

_DERIVED = {"project_id": project_id, "content_digest": content_digest}


def rows_of(project: Project) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of one project, by table."""
    key = project_id(project)
    yield (
        "project",
        [{name: _DERIVED[name](project) if name in _DERIVED else getattr(project, name) for name in TABLES["project"]}],
    )
    sections = enumerate(project.sections, 1)
    yield (
        "project_section",
        [
            {"project_id": key, "ordinal": place, "section_key": part.key, "heading": part.heading, "body": part.text}
            for place, part in sections
        ],
    )
    owners = () if project.owner is None else (project.owner,)
    roles = {"owner": owners, "co_financier": project.co_financiers, "partner": project.partners}
    yield (
        "project_organisation",
        [
            {"project_id": key, "role": role, "ordinal": place, "name": name}
            for role, names in roles.items()
            for place, name in enumerate(names, 1)
        ],
    )
    municipalities = enumerate(project.municipalities, 1)
    yield (
        "project_municipality",
        [{"project_id": key, "ordinal": place, "name": name} for place, name in municipalities],
    )


def connect(database: str) -> DuckDBPyConnection:
    """A new database in the file format of ours, which zstd on prose needs."""
    import duckdb

    return duckdb.connect(database, config={"storage_compatibility_version": "v1.5.0"})


def create_tables(connection: DuckDBPyConnection, *, keys: bool) -> None:
    """Create the tables, empty; with `keys` each has its PRIMARY KEY, which INSERT OR REPLACE needs."""
    for name, columns in TABLES.items():
        lines = [f"{column} {kind}" for column, kind in columns.items()]
        if keys:
            lines.append(f"PRIMARY KEY ({', '.join(KEYS[name])})")
        connection.execute(f"CREATE TABLE {name} ({', '.join(lines)})")


def print_versions(*packages: str) -> None:
    """Say at the end what the peer was made of, on standard output as JSON."""
    print(json.dumps({"versions": {name: version(name) for name in packages}}))

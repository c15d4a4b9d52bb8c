"""The Data Package that describes the tables: `datapackage.json`, with a Table Schema a table.

Source: Data Package standard, version 2.0 (https://datapackage.org/standard/data-package/). Types come from the
database, meanings and constraints from the contracts and the views.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from esf_etl.reports.headers import HEADERS, title

if TYPE_CHECKING:
    from datetime import datetime

    from esf_etl.reports.publication import Publication
    from esf_etl.reports.resources import Resource
    from esf_etl.reports.rows import Field, Kind, Snapshot
    from esf_schemas import Column

__all__ = ["DESCRIPTION_EN", "DESCRIPTION_SV", "NAME", "TITLE_EN", "TITLE_SV", "Written", "WrittenFile", "data_package"]

NAME = "esf-projects-sweden"
TITLE_SV = "Projekt med stöd från Europeiska socialfonden i Sverige"
TITLE_EN = "Projects of the European Social Fund in Sweden"
DESCRIPTION_SV = (
    "Projekten i Svenska ESF-rådets projektbank sedan 2007, så långt deras sidor har sparats och lästs in; tabellen "
    "coverage säger hur stor del det är. Inga kontaktuppgifter; enskilda firmor är utelämnade."
)
DESCRIPTION_EN = (
    "The projects in the project bank of the Swedish ESF Council since 2007, as far as their pages were saved and "
    "read; the table coverage says how much that is. No contact details; sole traders are left out."
)
_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_TYPES: dict[Kind, str] = {
    "text": "string",
    "integer": "integer",
    "money": "number",
    "share": "number",
    "number": "number",
    "date": "date",
    "time": "datetime",
    "boolean": "boolean",
}
# Owners that are sole traders are withheld, so that a column may be empty here although the contract says otherwise.
_EMPTIED = ("owner",)


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of the package: its path within it, its size, its SHA-256."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Written:
    """A table that was written: its columns, its rows, its files."""

    resource: Resource
    fields: tuple[Field, ...]
    rows: int
    csv: WrittenFile
    parquet: WrittenFile


def data_package(
    tables: tuple[Written, ...], publication: Publication, snapshot: Snapshot, *, created: datetime, issued: str
) -> dict[str, Any]:
    """The descriptor of the package; what the publisher did not state is not in it."""
    descriptor: dict[str, Any] = {
        "$schema": _PROFILE,
        "name": NAME,
        "title": TITLE_EN,
        "description": f"{DESCRIPTION_EN}\n\n{DESCRIPTION_SV}",
        "version": snapshot.run_id,
        "created": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        "issued": issued,
        "keywords": ["ESF", "European Social Fund", "Europeiska socialfonden", "Sweden"],
        "sources": [{"title": "Svenska ESF-rådets projektbank (Project bank of the Swedish ESF Council)"}],
    }
    if publication.base_url:
        descriptor["homepage"] = publication.base_url
    if publication.licence:
        licence = {"path": publication.licence_uri, "title": publication.licence_name}
        if publication.licence != publication.licence_uri:
            licence["name"] = publication.licence
        descriptor["licenses"] = [licence]
    if publication.publisher:
        publisher: dict[str, Any] = {"title": publication.publisher, "roles": ["publisher"]}
        if publication.publisher_uri:
            publisher["path"] = publication.publisher_uri
        descriptor["contributors"] = [publisher]
    descriptor["resources"] = [_resource(table) for table in tables]
    return descriptor


def _resource(table: Written) -> dict[str, Any]:
    resource = table.resource
    return {
        "name": resource.name,
        "type": "table",
        "title": f"{resource.title_sv} / {resource.title_en}",
        "description": f"{resource.description_en}\n\n{resource.description_sv}",
        "path": table.csv.path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": table.csv.size_bytes,
        "hash": f"sha256:{table.csv.sha256}",
        "schema": _schema(table),
    }


def _schema(table: Written) -> dict[str, Any]:
    resource = table.resource
    meanings, contracted = resource.described(), resource.contracted()
    schema: dict[str, Any] = {
        "fields": [
            _field(field, meanings[field.name], contracted.get(field.name), is_key=field.name in resource.key)
            for field in table.fields
        ],
        "missingValues": [""],
    }
    if resource.key:
        schema["primaryKey"] = list(resource.key)
    if resource.foreign_keys:
        schema["foreignKeys"] = [
            {
                "fields": list(key.columns),
                "reference": {"resource": key.resource, "fields": list(key.to or key.columns)},
            }
            for key in resource.foreign_keys
        ]
    return schema


def _field(field: Field, meaning: str, column: Column | None, *, is_key: bool) -> dict[str, Any]:
    described: dict[str, Any] = {"name": field.name, "type": _TYPES[field.kind], "description": meaning}
    if field.name in HEADERS:
        described["title"] = title(field.name)
    constraints: dict[str, Any] = {}
    if is_key or (column is not None and not column.nullable and field.name not in _EMPTIED):
        constraints["required"] = True
    if column is not None:
        if column.allowed:
            constraints["enum"] = list(column.allowed)
        bounds = {"minimum": column.lowest, "maximum": column.highest}
        constraints |= {name: bound for name, bound in bounds.items() if bound is not None}
    if constraints:
        described["constraints"] = constraints
    return described

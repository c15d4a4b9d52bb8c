"""The JSON Schema of a parsed page, derived from the records."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from esf_etl.pages.records import RECORD_VERSION, Attribute, Contact, Diagnostic, Project, Section

__all__ = ["project_schema"]

_NUMBER = {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}
_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}

_ABOUT = {
    "source": "Where the page came from.",
    "layout": "The layout of the page.",
    "grant_sek": "ESF grant in SEK, as digits.",
    "budget_sek": "Total budget in SEK, as digits.",
    "cofinancing_rate": "The Union's share of the costs, from 0 to 1.",
    "participants_planned": "Planned number of participants.",
    "contact": "Personal data; only with --with-contacts.",
    "attributes": "Labels and lines of the page that no field models, verbatim.",
}


def project_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of what `Project.to_dict` returns and `esf-etl parse` prints for a page."""
    version = {"schema_version": {"const": RECORD_VERSION}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A project page of the Swedish ESF council",
        **_object({spec.name: spec.type for spec in fields(Project)}, version, optional=("contact",)),
    }


def _object(types: dict[str, Any], first: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """The schema of a record by the annotations of its fields."""
    properties = dict(first)
    for name, annotation in types.items():
        schema = _of_type(str(annotation))
        properties[name] = {**schema, "description": _ABOUT[name]} if name in _ABOUT else schema
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _of_type(annotation: str) -> dict[str, Any]:
    required = annotation.removesuffix(" | None")
    schema = _SCHEMAS[required]
    return schema if required == annotation else {"anyOf": [schema, {"type": "null"}]}


def _record(record: type[Attribute | Contact | Diagnostic | Section], *left_out: str) -> dict[str, Any]:
    return _object({spec.name: spec.type for spec in fields(record) if spec.name not in left_out}, {})


_SCHEMAS: dict[str, dict[str, Any]] = {
    "str": _TEXT,
    "int": {"type": "integer"},
    "Decimal": _NUMBER,
    "date": {"type": "string", "format": "date"},
    "tuple[str, ...]": _TEXTS,
    "Severity": {"enum": ["info", "warning", "error"]},
}
_SCHEMAS |= {
    "Contact": _record(Contact),
    "tuple[Section, ...]": {"type": "array", "items": _record(Section)},
    "tuple[Attribute, ...]": {"type": "array", "items": _record(Attribute)},
    "tuple[Diagnostic, ...]": {"type": "array", "items": _record(Diagnostic, "field", "found", "expected")},
}

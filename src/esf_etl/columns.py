"""Records become columns here and nowhere else: the staged tables of projects.

The tables have the columns of the contracts that a page fills, and `file_no`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from esf_etl.pages.corrections import Corrections
from esf_etl.pages.identity import project_id
from esf_etl.pages.masking import Masking, mask_project
from esf_etl.pages.personal import email_domain, is_personal_number
from esf_etl.pages.places import county
from esf_etl.pages.records import Contact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from esf_etl.pages.masking import Masked
    from esf_etl.pages.records import Project

__all__ = ["table_of", "to_arrow", "to_tables"]


def table_of(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """Rows as an Arrow table of this schema."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _org_number(project: Project) -> str | None:
    number = project.owner_org_number
    return None if number is None or is_personal_number(number) else number


_DERIVED: dict[str, Callable[[Project], Any]] = {
    "contact_email_domain": lambda project: email_domain(project.contact.email if project.contact else None),
    "owner_org_number": _org_number,
}
"""The columns of `project` that are worked out from the record, or not to be published as they are."""


def _sections(project: Project, _: Corrections) -> Iterable[tuple[Any, ...]]:
    return ((place, part.key, part.heading, part.text) for place, part in enumerate(project.sections, 1))


def _organisations(project: Project, _: Corrections) -> Iterable[tuple[Any, ...]]:
    if project.owner is not None:
        yield "owner", 1, project.owner
    for place, name in enumerate(project.co_financiers, 1):
        yield "co_financier", place, name
    for place, name in enumerate(project.partners, 1):
        yield "partner", place, name


def _municipalities(project: Project, corrections: Corrections) -> Iterable[tuple[Any, ...]]:
    for place, name in enumerate(project.municipalities, 1):
        found = corrections.find_municipality(name)
        if found is None:
            yield place, name, None, None, None
        else:
            place_county = county(found.county_code)
            nuts2_code = place_county.nuts2_code if place_county else None
            yield place, name, found.municipality_code, found.county_code, nuts2_code


def _attributes(project: Project, _: Corrections) -> Iterable[tuple[Any, ...]]:
    return ((place, item.label, item.value) for place, item in enumerate(project.impersonal_attributes(), 1))


def _contact(project: Project, _: Corrections) -> Iterable[tuple[Any, ...]]:
    contact = project.contact or Contact()
    yield contact.name, contact.email, contact.phone


_CHILDREN: dict[str, tuple[tuple[str, ...], Callable[[Project, Corrections], Iterable[tuple[Any, ...]]]]] = {
    "project_section": (("ordinal", "section_key", "heading", "body"), _sections),
    "project_organisation": (("role", "ordinal", "name"), _organisations),
    "project_municipality": (
        ("ordinal", "name", "municipality_code", "county_code", "nuts2_code"),
        _municipalities,
    ),
    "project_attribute": (("ordinal", "label", "value"), _attributes),
    "contact": (("name", "email", "phone"), _contact),
}
"""For each table below `project`: the columns that its rows fill, and the rows of one project."""

_NO_CORRECTIONS = Corrections()


def to_tables(
    pages: Sequence[tuple[int, str, Masked]],
    schemas: Mapping[str, pa.Schema],
    corrections: Corrections = _NO_CORRECTIONS,
) -> dict[str, pa.Table]:
    """The staged tables of projects, each with its number and `project_id`, in the given schemas (by table name).

    Every project gives one row of `project` and of `contact`, and a row an item of its sections, organisations,
    municipalities and attributes, numbered from 1 in the order of the page.
    """
    columns: dict[str, Sequence[Any]] = {
        "file_no": [number for number, _, _ in pages],
        "project_id": [key for _, key, _ in pages],
        "content_digest": [page.content_digest for _, _, page in pages],
    }
    for name in schemas["project"].names:
        if name not in columns:
            read = _DERIVED.get(name) or attrgetter(name)
            columns[name] = [read(page.project) for _, _, page in pages]
    tables = {"project": pa.table(columns, schema=schemas["project"])}
    for table, (filled, rows_of) in _CHILDREN.items():
        rows = [(number, key, *row) for number, key, page in pages for row in rows_of(page.project, corrections)]
        schema = schemas[table]
        names = ("file_no", "project_id", *filled)
        tables[table] = table_of(rows, pa.schema([schema.field(name) for name in names])).select(schema.names)
    return tables


def to_arrow(
    projects: Iterable[Project], *, with_contacts: bool = False, mask_prose: bool = True
) -> dict[str, pa.Table]:
    """Projects as Arrow tables by name, in the schemas of the contracts but for the columns that a warehouse fills.

    `file_no` is the place of the project among `projects`, from 0. What is personal is left out as in the warehouse:
    `with_contacts` adds the table `contact`, `mask_prose=False` leaves addresses and phone numbers in texts.
    """
    from esf_schemas import STAGED_TABLES, staged_arrow_schema

    schemas = {contract.table().name: staged_arrow_schema(contract) for contract in STAGED_TABLES}
    masking = Masking(prose=mask_prose)
    pages = [(number, project_id(project), mask_project(project, masking)) for number, project in enumerate(projects)]
    tables = to_tables(pages, schemas)
    if not with_contacts:
        del tables["contact"]
    return tables

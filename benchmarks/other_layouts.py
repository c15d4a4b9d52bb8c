"""Invented projects on pages of the other layouts: `invent` makes those of the first one only."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from esf_etl import Attribute, Project, Section

if TYPE_CHECKING:
    from esf_etl import Layout

__all__ = ["in_layout"]

# What pages of these layouts say and invented projects do not.
_MORE: dict[str, dict[str, Any]] = {
    "lines-2014": {
        "programme_area_code": "1.1",
        "project_number": "2016/00123",
        "participants_planned": 400,
        "attributes": (Attribute("Utlysning", "2015/00001"),),
    },
    "colon-2014": {
        "diary_number": "2016/00648",
        "programme_area_code": "2",
        "specific_objective": "2.1",
        "participants_planned": 120,
        "cofinancing_rate": Decimal("0.67"),
        "attributes": (Attribute("Total Kostnader", "0"), Attribute("Interventionstyp", "107")),
    },
    "colon-2021": {
        "diary_number": "22-017-S04",
        "programme_area_code": "C",
        "specific_objective": "C1",
        "participants_planned": 80,
        "cofinancing_rate": Decimal("0.40"),
        "attributes": (Attribute("Land som berörs", "Sverige"), Attribute("Berörd fond", "ESF+")),
    },
}


def in_layout(project: Project, layout: Layout) -> Project:
    """The project as a page of that layout says it: without what has no place there, with what such pages add."""
    if project.layout == layout.key:
        return project
    carried = {name.partition(".")[0] for label in layout.labels for name in label.fields}
    carried |= {heading.key for heading in layout.headings if heading.kind == "list"}
    values = {spec.name: getattr(project, spec.name) for spec in fields(Project) if spec.name in carried}
    values.update(_MORE[layout.key])
    if "programme_area" in values and layout.form == "colon":
        values["programme_area"] = None  # those pages give the code alone
    prose = project.sections
    if not layout.headings:
        prose = (Section("description", None, "\n\n".join(part.text for part in prose)),)
    bare = Project(layout=layout.key, programme_period=layout.programme_period, title=project.title, sections=prose)
    return replace(bare, **values)

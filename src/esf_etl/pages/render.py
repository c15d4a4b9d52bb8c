"""`Project` -> the page it would stand on: for samples, benchmarks and tests. `parse(render(p)) == p`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.errors import EsfEtlError
from esf_etl.pages.layouts import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from esf_etl.pages.layouts import Layout
    from esf_etl.pages.records import Project

__all__ = ["NotRenderable", "render"]

_NBSP = "\u00a0"
_NOT_GIVEN = "saknas"


class NotRenderable(EsfEtlError):
    """No known layout can carry this project."""

    code = "not-renderable"


def render(project: Project, *, layouts: Sequence[Layout] = LAYOUTS) -> str:
    """The text of a page in the project's own layout, with LF line ends and a last line end.

    Left out is what a page of that layout has no place for: source, diagnostics, attributes. Raises `NotRenderable`
    for a layout that is not among `layouts`.
    """
    layout = next((known for known in layouts if known.key == project.layout), None)
    if layout is None:
        msg = f"the layout {project.layout!r} is not known."
        raise NotRenderable(msg, advice=f"Known are {', '.join(known.key for known in layouts)}.")
    logo, link = layout.boilerplate
    title = [] if project.title is None else [project.title, ""]
    lines = [
        logo,
        "",
        *title,
        *(f"{label.text}{_value(project, label.fields)}" for label in layout.labels),
        link,
    ]
    texts = {part.key: part.text for part in project.sections}
    if "description" in texts:
        lines += ["", texts["description"]]
    for heading in layout.headings:
        if heading.kind == "list":
            items: tuple[str, ...] = getattr(project, heading.key)
            if items:
                lines += ["", heading.text, "", *(f"  • {item}" for item in items)]
        elif heading.key in texts:
            lines += ["", heading.text, "", texts[heading.key]]
    return "\n".join(lines) + "\n"


def _value(project: Project, names: tuple[str, ...]) -> str:
    """The value of one label as a page writes it."""
    write = _WRITE.get(names[0])
    if write is not None:
        return write(project) or _NOT_GIVEN
    if names[0].startswith("contact."):
        owner: object = project.contact
        name = names[0].removeprefix("contact.")
    else:
        owner, name = project, names[0]
    return (getattr(owner, name) if owner is not None else None) or _NOT_GIVEN


def _kronor(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    return f"{amount:,f}".replace(",", _NBSP).replace(".", ",") + " kr"


def _period(project: Project) -> str:
    if project.period_start is None or project.period_end is None:
        return ""
    return f"{project.period_start.isoformat()} till {project.period_end.isoformat()}"


def _programme_area(project: Project) -> str:
    code = project.programme_area_code
    return f"Programområde {code} {project.programme_area}" if code else project.programme_area or ""


_WRITE: dict[str, Callable[[Project], str]] = {
    "programme_area_code": _programme_area,
    "grant_sek": lambda project: _kronor(project.grant_sek),
    "budget_sek": lambda project: _kronor(project.budget_sek),
    "period_start": _period,
}

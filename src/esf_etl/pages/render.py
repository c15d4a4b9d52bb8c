"""`Project` -> the page it would stand on: for samples, benchmarks and tests. `parse(render(p)) == p`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.errors import EsfEtlError, NotAProjectPage
from esf_etl.pages.layouts import LAYOUTS
from esf_etl.pages.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from decimal import Decimal

    from esf_etl.pages.layouts import Label, Layout
    from esf_etl.pages.records import Project

__all__ = ["NotRenderable", "render"]

_NBSP = "\u00a0"
_NOT_GIVEN = "saknas"


class NotRenderable(EsfEtlError):
    """No known layout can carry this project."""

    code = "not-renderable"


def render(project: Project, *, layouts: Sequence[Layout] = LAYOUTS, check: bool = True) -> str:
    """The text of a page in the project's own layout, with LF line ends and a last line end.

    Raises `NotRenderable` for a layout that is not among `layouts`, and for a project that no page of its layout can
    say (a heading's words alone in the prose, one end of a period alone …): what the page says is read back and
    compared. `check=False` leaves that out, for projects that are known to be fine.
    """
    layout = next((known for known in layouts if known.key == project.layout), None)
    if layout is None:
        msg = f"the layout {project.layout!r} is not known."
        raise NotRenderable(msg, advice=f"Known are {', '.join(known.key for known in layouts)}.")
    lines = [*layout.boilerplate[:1], ""] if layout.form != "colon" else []
    if project.title is not None:
        lines += [_title(project, layout), ""]
    lines += _HEADERS[layout.form](project, layout)
    lines += [*layout.boilerplate[1:]]
    lines += _body(project, layout)
    if layout.form != "glued" and lines[-1]:
        lines.append("")
    text = "\n".join(lines) + "\n"
    if check:
        _compare(project, text, layouts)
    return text


def _compare(project: Project, text: str, layouts: Sequence[Layout]) -> None:
    try:
        read = parse(text, layouts=layouts)
    except NotAProjectPage as problem:
        msg = "no page of its layout can say what the project says."
        raise NotRenderable(msg) from problem
    differing = [name for name in read.field_names() if getattr(read, name) != getattr(project, name)]
    if differing:
        msg = f"a page of the layout {project.layout} cannot say its {', '.join(differing)}."
        raise NotRenderable(msg)


def _title(project: Project, layout: Layout) -> str:
    numbered = layout.numbered_title is not None and project.diary_number is not None
    return f"{project.diary_number} - {project.title}" if numbered else project.title or ""


def _body(project: Project, layout: Layout) -> list[str]:
    lines = [""]
    texts = {part.key: part.text for part in project.sections}
    if "description" in texts:
        lines += [texts["description"], ""]
    for heading in layout.headings:
        if heading.kind == "list":
            items: tuple[str, ...] = getattr(project, heading.key)
            if items:
                lines += [heading.text, "", *(f"  • {item}" for item in items), ""]
        elif heading.key in texts:
            lines += [heading.text, "", texts[heading.key], ""]
    return lines if layout.form != "glued" else lines[:-1]


def _glued_header(project: Project, layout: Layout) -> Iterator[str]:
    for label in layout.labels:
        yield f"{label.text}{_value(project, label, layout) or _NOT_GIVEN}"


def _lines_header(project: Project, layout: Layout) -> Iterator[str]:
    for words, value in _pairs(project, layout):
        yield words
        if value is not None:
            yield value


def _colon_header(project: Project, layout: Layout) -> Iterator[str]:
    for words, value in _pairs(project, layout):
        yield f"{words}:"
        if value is not None:
            yield value


_HEADERS: dict[str, Callable[[Project, Layout], Iterator[str]]] = {
    "glued": _glued_header,
    "lines": _lines_header,
    "colon": _colon_header,
}


def _pairs(project: Project, layout: Layout) -> Iterator[tuple[str, str | None]]:
    """Labels and values of a header in the order of the layout, the attributes after those that have a field."""
    firm = {name for label in layout.labels if not label.yields for name in label.fields}
    for label in layout.labels:
        if label.fields and not (label.yields and label.fields[0] in firm):
            yield label.text, _value(project, label, layout) or _NOT_GIVEN
    for attribute in project.attributes:
        yield attribute.label, attribute.value


def _value(project: Project, label: Label, layout: Layout) -> str:
    """The value of one label as a page writes it; empty where the project has none."""
    name = label.fields[0]
    if name.startswith("contact."):
        return getattr(project.contact, name.removeprefix("contact."), None) or ""
    return _WRITE[label.reader](project, name, layout)


def _text(project: Project, name: str, layout: Layout) -> str:  # noqa: ARG001 - the same call for all
    value = getattr(project, name)
    return "" if value is None else str(value)


def _kronor(project: Project, name: str, layout: Layout) -> str:
    amount: Decimal | None = getattr(project, name)
    if amount is None:
        return ""
    whole = amount == amount.to_integral_value()
    digits = f"{amount:,.0f}" if whole else f"{amount:,.2f}"
    digits = digits.replace(",", _NBSP).replace(".", ",")
    return digits if layout.form == "colon" else f"{digits} kr"


def _percent(project: Project, name: str, layout: Layout) -> str:  # noqa: ARG001 - the same call for all
    rate: Decimal | None = getattr(project, name)
    return "" if rate is None else f"{rate.scaleb(2):f}%"


def _period(project: Project, name: str, layout: Layout) -> str:  # noqa: ARG001 - the same call for all
    first, last = project.period_start, project.period_end
    if first is None or last is None:
        return ""
    return f"{first.isoformat()}{' till ' if layout.form == 'glued' else '-'}{last.isoformat()}"


def _area(project: Project, name: str, layout: Layout) -> str:  # noqa: ARG001 - the same call for all
    parts = (project.programme_area_code, project.programme_area)
    said = " ".join(part for part in parts if part is not None)
    return f"Programområde {said}" if layout.form == "glued" and project.programme_area_code else said


_WRITE: dict[str, Callable[[Project, str, Layout], str]] = {
    "text": _text,
    "kronor": _kronor,
    "kronor_or_goal": _kronor,
    "count": _text,
    "percent": _percent,
    "date": _text,
    "period": _period,
    "named_area": _area,
    "coded_area": _area,
    "region": _text,
    "nuts2": _text,
    "org_number": _text,
    "owner": _text,
}
"""How a value is written, by the name of the reader that reads it."""

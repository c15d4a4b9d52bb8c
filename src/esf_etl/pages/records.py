"""The frozen records a page becomes, and their form as plain dictionaries.

Absent is `None` or `()`, never `""`, `"-"` or `"saknas"`. Money is `Decimal` in SEK, a rate a `Decimal` share from
0 to 1, a day a `datetime.date`, a text keeps its own line breaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal

from esf_etl.errors import EsfEtlError
from esf_etl.pages.personal import looks_personal

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "HEADER_FIELDS",
    "LIST_FIELDS",
    "RECORD_VERSION",
    "Attribute",
    "Contact",
    "Diagnostic",
    "Project",
    "RecordError",
    "Section",
]

RECORD_VERSION = 1
"""Version of the dictionary form; it rises when a field changes its meaning, its type or its name."""

Severity = Literal["info", "warning", "error"]


class RecordError(EsfEtlError):
    """A dictionary is not the dictionary form of a record."""

    code = "record-invalid"


@dataclass(frozen=True, slots=True)
class Contact:
    """The contact person of a page. Personal data: published nowhere unless asked for (DESIGN §6)."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One section of prose: its stable key, the heading as on the page (None for prose without one), its text."""

    key: str
    heading: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """A line of the page that no field models, kept to the letter. `value` is None where the page gave none."""

    label: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something the parser noticed.

    `info` is worth knowing, `warning` deserves a look, `error` means that a value could not be read: a job must
    not load the page. `line` counts from 1; None where the whole page is meant. The message holds no contact.
    An unreadable value also says which `field` it was for, what was `found` and what was `expected`; these three
    are for programs and not part of the dictionary form.
    """

    code: str
    severity: Severity
    line: int | None
    message: str
    field: str | None = None
    found: str | None = None
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """What one page says of one project. Two are equal when they say the same, wherever the page came from."""

    layout: str
    programme_period: str
    source: str | None = field(default=None, compare=False)
    diary_number: str | None = None
    project_number: str | None = None
    title: str | None = None
    programme_area_code: str | None = None
    programme_area: str | None = None
    specific_objective: str | None = None
    phase: str | None = None
    owner: str | None = None
    owner_org_number: str | None = None
    contact: Contact | None = field(default=None, repr=False)
    grant_sek: Decimal | None = None
    budget_sek: Decimal | None = None
    cofinancing_rate: Decimal | None = None
    period_start: date | None = None
    period_end: date | None = None
    region: str | None = None
    nuts2_code: str | None = None
    participants_planned: int | None = None
    sections: tuple[Section, ...] = ()
    co_financiers: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    municipalities: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = field(default=(), compare=False)

    def section(self, key: str) -> str | None:
        """The text of the section with this key, or None."""
        return next((part.text for part in self.sections if part.key == key), None)

    @staticmethod
    def field_names() -> tuple[str, ...]:
        """The fields that make two projects equal or not."""
        return tuple(spec.name for spec in fields(Project) if spec.compare)

    def to_dict(self, *, with_contact: bool = False) -> dict[str, Any]:
        """The record as JSON-ready values: money and rates as strings of digits, dates ISO, tuples as lists.

        The key `contact`, and attributes that look like one, are there only when asked for.
        """
        result: dict[str, Any] = {"schema_version": RECORD_VERSION}
        for name in _FIELD_NAMES:
            if name == "contact":
                if with_contact:
                    result[name] = None if self.contact is None else _plain(self.contact)
                continue
            result[name] = _plain(getattr(self, name))
        if not with_contact:
            result["attributes"] = _plain(self.impersonal_attributes())
        return result

    def impersonal_attributes(self) -> tuple[Attribute, ...]:
        """The attributes that do not look like personal data."""
        return tuple(item for item in self.attributes if not looks_personal(item.label, item.value))

    @classmethod
    def from_dict(cls, values: object) -> Project:
        """The record of a dictionary made by `to_dict`; a missing key means absent.

        Raises `RecordError` for another record version, an unknown key, or a value of the wrong form.
        """
        if not isinstance(values, Mapping):
            msg = f"a dictionary was expected, not {type(values).__name__}."
            raise RecordError(msg)
        version = values.get("schema_version", RECORD_VERSION)
        if version != RECORD_VERSION:
            msg = f"schema_version is {version!r}; this release reads version {RECORD_VERSION}."
            raise RecordError(msg, advice="Read it with the release that wrote it.")
        unknown = set(values) - set(_FIELD_NAMES) - {"schema_version"}
        if unknown:
            msg = f"unknown keys: {', '.join(sorted(unknown))}."
            raise RecordError(msg)
        try:
            return cls(**{name: _read(name, values[name]) for name in _FIELD_NAMES if values.get(name) is not None})
        except (TypeError, ValueError, KeyError, InvalidOperation) as problem:
            msg = f"not the dictionary form of a project: {problem}."
            raise RecordError(msg) from problem


_FIELD_NAMES = tuple(spec.name for spec in fields(Project))

LIST_FIELDS = ("co_financiers", "partners", "municipalities")
"""The fields that a list of a page fills."""

_NOT_FROM_HEADER = ("layout", "programme_period", "source", "contact", "sections", "attributes", "diagnostics")

HEADER_FIELDS = (
    *(name for name in _FIELD_NAMES if name not in (*_NOT_FROM_HEADER, *LIST_FIELDS)),
    *(f"contact.{spec.name}" for spec in fields(Contact)),
)
"""The fields that a label of a header block can fill."""


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Diagnostic):
        return {"code": value.code, "severity": value.severity, "line": value.line, "message": value.message}
    if isinstance(value, Contact | Section | Attribute):
        return {spec.name: getattr(value, spec.name) for spec in fields(value)}
    return value


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        msg = f"a text was expected, not {value!r}"
        raise TypeError(msg)
    return value


def _read_texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        msg = f"a list of texts was expected, not {value!r}"
        raise TypeError(msg)
    return tuple(map(_read_text, value))


def _read_number(value: Any) -> Decimal:
    number = Decimal(_read_text(value))
    if not number.is_finite():
        msg = f"a number was expected, not {value!r}"
        raise ValueError(msg)
    return number


def _read_count(value: Any) -> int:
    if type(value) is not int:
        msg = f"a whole number was expected, not {value!r}"
        raise TypeError(msg)
    return value


def _read(name: str, value: Any) -> Any:
    return _READ[name](value) if name in _READ else _read_text(value)


_READ: dict[str, Callable[[Any], Any]] = {
    "contact": lambda value: Contact(**value),
    "grant_sek": _read_number,
    "budget_sek": _read_number,
    "cofinancing_rate": _read_number,
    "period_start": date.fromisoformat,
    "period_end": date.fromisoformat,
    "participants_planned": _read_count,
    "sections": lambda items: tuple(Section(**item) for item in items),
    "co_financiers": _read_texts,
    "partners": _read_texts,
    "municipalities": _read_texts,
    "attributes": lambda items: tuple(Attribute(**item) for item in items),
    "diagnostics": lambda items: tuple(Diagnostic(**item) for item in items),
}

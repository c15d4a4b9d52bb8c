"""Readers of one value each: text as it stands on a page -> a typed value, or `UnreadableValue`.

A reader gets a text without blanks at its ends that is not one of the words for "not given". It never guesses: a
number in a report is right or absent.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from esf_etl.pages.places import find_region

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READERS", "UnreadableValue", "given"]

_NOT_GIVEN = frozenset({"", "-", "saknas", "saknas saknas"})
_NOT_GIVEN_LENGTH = max(map(len, _NOT_GIVEN))

# The blanks that group digits on the pages: space, no-break space, narrow no-break space, thin space.
_GROUP_BLANK = "[ \u00a0\u202f\u2009]"
_KRONOR = re.compile(
    rf"(?P<whole>-?(?:[0-9]{{1,3}}(?:{_GROUP_BLANK}[0-9]{{3}})+|[0-9]+))(?:,(?P<cents>[0-9]{{2}}))?"
    rf"(?:{_GROUP_BLANK}?kr)?"
)
_NOT_DIGITS = re.compile(r"[^0-9-]")
_PERIOD = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\s+till\s+([0-9]{4}-[0-9]{2}-[0-9]{2})")
_PROGRAMME_AREA = re.compile(r"Programområde\s+([0-9]{1,2})\s+(.+)")

MAX_AMOUNT = Decimal("9999999999999.99")
"""The largest amount the tables hold, DECIMAL(15,2)."""


class UnreadableValue(ValueError):
    """A value does not have the form its label asks for: a stable code, and that form in words for a person."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(expected)
        self.code = code
        self.expected = expected


def given(text: str) -> str | None:
    """The text without blanks at its ends, or None where the page says that nothing was given.

    `saknas`, in any field, and `-` mean "not given" on the pages.
    """
    text = text.strip()
    return None if len(text) <= _NOT_GIVEN_LENGTH and text.casefold() in _NOT_GIVEN else text


def read_text(text: str) -> str:
    """The text as it stands."""
    return text


def read_kronor(text: str) -> Decimal:
    """An amount in SEK: `5 222 650 kr` with any of the blanks that group digits, decimals after a comma."""
    match = _KRONOR.fullmatch(text)
    if match is None:
        raise UnreadableValue("amount-unreadable", "an amount in kronor, such as 5 222 650 kr")
    whole = _NOT_DIGITS.sub("", match["whole"])
    amount = Decimal(f"{whole}.{match['cents']}" if match["cents"] else whole)
    if abs(amount) > MAX_AMOUNT:
        raise UnreadableValue("amount-too-large", f"an amount of at most {MAX_AMOUNT} kr")
    return amount


def read_period(text: str) -> tuple[date, date]:
    """First and last day of a project: `2008-08-01 till 2010-03-31`. Their order is not judged here."""
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise UnreadableValue("period-unreadable", "a period such as 2008-08-01 till 2010-03-31")
    try:
        return date.fromisoformat(match[1]), date.fromisoformat(match[2])
    except ValueError as problem:
        raise UnreadableValue("date-impossible", "days that the calendar has") from problem


def read_programme_area(text: str) -> tuple[str | None, str]:
    """Code and name of a programme area: `Programområde 2 Ökat arbetskraftsutbud`; without a code, all is name."""
    match = _PROGRAMME_AREA.fullmatch(text)
    return (None, text) if match is None else (match[1], match[2])


def read_region(text: str) -> tuple[str, str | None]:
    """A region as written, and its NUTS 2 code where the region is known."""
    region = find_region(text)
    return text, None if region is None else region.nuts2_code


READERS: dict[str, Callable[[str], Any]] = {
    "text": read_text,
    "kronor": read_kronor,
    "period": read_period,
    "programme_area": read_programme_area,
    "region": read_region,
}
"""The readers by the name that a `Label` gives. A label of several fields has a reader that returns a tuple."""

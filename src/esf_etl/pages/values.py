"""Readers of one value each: text as it stands on a page -> a typed value, or `UnreadableValue`.

A reader gets a text without blanks at its ends that is not one of the words for "not given". It never guesses: a
number in a report is right or absent.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from esf_etl.pages.places import find_region

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LONGEST_NOT_GIVEN", "MAX_AMOUNT", "READERS", "UnreadableValue", "given"]

_NOT_GIVEN = frozenset({"", "-", "saknas", "saknas saknas"})
LONGEST_NOT_GIVEN = max(map(len, _NOT_GIVEN))
"""A longer text without blanks at its ends gives something: it need not be asked about."""

# The blanks that group digits on the pages: space, no-break space, narrow no-break space, thin space.
_GROUP_BLANK = "[ \u00a0\u202f\u2009]"
_WHOLE = rf"(?:[0-9]{{1,3}}(?:{_GROUP_BLANK}[0-9]{{3}})+|[0-9]+)"
_KRONOR = re.compile(rf"(?P<whole>-?{_WHOLE})(?:,(?P<cents>[0-9]{{2}}))?(?:{_GROUP_BLANK}?kr)?")
_GOAL_NUMBER = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}")
_COUNT = re.compile(_WHOLE)
_PERCENT = re.compile(r"(?P<number>[0-9]{1,3}(?:[.,][0-9]{1,4})?)\s*%?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PERIOD = re.compile(rf"({_DATE.pattern})(?:\s+till\s+|\s*[-–]\s*)({_DATE.pattern})")
_NAMED_AREA = re.compile(r"Programområde\s+([0-9]{1,2})\s+(.+)")
_CODED_AREA = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,2})?|[A-F])(?:\s+(.+))?")
_ORG_NUMBER = re.compile(r"(?:[0-9]{2})?([0-9]{6})-?([0-9]{4})")
_NUMBERED_OWNER = re.compile(rf"({_ORG_NUMBER.pattern})\b[\s,]*(.*)")
_NUTS2 = re.compile(r"SE[0-9]{1,2}")

MAX_AMOUNT = Decimal("9999999999999.99")
"""The largest amount the tables hold, DECIMAL(15,2)."""

_MAX_COUNT = 2**31 - 1

_FEW = 256
"""Areas and regions are few and come again on page after page: so many of each are remembered as read."""


class UnreadableValue(ValueError):
    """A value does not have the form its label asks for: a stable code, and that form in words for a person.

    Severity `error` means that a job must not load the page, `warning` that the value is known to go wrong in this
    way and is absent.
    """

    def __init__(self, code: str, expected: str, severity: Literal["warning", "error"] = "error") -> None:
        super().__init__(expected)
        self.code = code
        self.expected = expected
        self.severity = severity


def given(text: str) -> str | None:
    """The text without blanks at its ends, or None where the page says that nothing was given.

    `saknas`, in any field, and `-` mean "not given" on the pages.
    """
    text = text.strip()
    return None if len(text) <= LONGEST_NOT_GIVEN and text.casefold() in _NOT_GIVEN else text


def read_text(text: str) -> str:
    """The text as it stands."""
    return text


def read_kronor(text: str) -> Decimal:
    """An amount in SEK: `5 222 650 kr` with any of the blanks that group digits, decimals after a comma."""
    match = _KRONOR.fullmatch(text)
    if match is None:
        raise UnreadableValue("amount-unreadable", "an amount in kronor, such as 5 222 650 kr")
    whole = "".join(match["whole"].split())
    amount = Decimal(f"{whole}.{match['cents']}" if match["cents"] else whole)
    if abs(amount) > MAX_AMOUNT:
        raise UnreadableValue("amount-too-large", f"an amount of at most {MAX_AMOUNT} kr")
    return amount


def read_kronor_or_goal(text: str) -> Decimal:
    """As `read_kronor`; a goal number (`1.1`), which was seen where a budget should stand, is a warning."""
    if _GOAL_NUMBER.fullmatch(text):
        raise UnreadableValue("amount-is-a-goal-number", "an amount in kronor", "warning")
    return read_kronor(text)


def read_count(text: str) -> int:
    """A number of people: digits, which blanks may group."""
    if _COUNT.fullmatch(text) is None:
        raise UnreadableValue("number-unreadable", "a whole number, such as 400")
    # int() refuses thousands of digits in words of its own.
    if len(text) > len("9 999 999 999") or (number := int("".join(text.split()))) > _MAX_COUNT:
        raise UnreadableValue("number-too-large", f"a number of at most {_MAX_COUNT}")
    return number


def read_percent(text: str) -> Decimal:
    """A share from 0 to 1 of a percentage: `90%` is `0.90`, `39,8 %` is `0.398`."""
    match = _PERCENT.fullmatch(text)
    if match is not None:
        percent = Decimal(match["number"].replace(",", "."))
        if percent <= 100:
            return percent.scaleb(-2)
    raise UnreadableValue("percent-unreadable", "a percentage from 0 to 100, such as 90%")


def read_date(text: str) -> date:
    """A day: `2008-08-01`."""
    if _DATE.fullmatch(text) is None:
        raise UnreadableValue("date-unreadable", "a day such as 2008-08-01")
    return _day(text)


def read_period(text: str) -> tuple[date, date]:
    """First and last day of a project: `2008-08-01 till 2010-03-31`, or joined by a hyphen, with blanks or without.

    Their order is not judged here.
    """
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise UnreadableValue("period-unreadable", "a period such as 2008-08-01 till 2010-03-31")
    return _day(match[1]), _day(match[2])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise UnreadableValue("date-impossible", "a day that the calendar has") from problem


@lru_cache(_FEW)
def read_named_area(text: str) -> tuple[str | None, str]:
    """Code and name of a programme area: `Programområde 2 Ökat arbetskraftsutbud`; without a code, all is name."""
    match = _NAMED_AREA.fullmatch(text)
    return (None, text) if match is None else (match[1], match[2])


@lru_cache(_FEW)
def read_coded_area(text: str) -> tuple[str | None, str | None]:
    """Code and name of a programme area: `1.1 Kompetensförsörjning`, or the code alone: `2`, `A`."""
    match = _CODED_AREA.fullmatch(text)
    return (None, text) if match is None else (match[1], match[2])


@lru_cache(_FEW)
def read_region(text: str) -> tuple[str, str | None]:
    """A region as written, and its NUTS 2 code where the region is known."""
    region = find_region(text)
    return text, None if region is None else region.nuts2_code


def read_nuts2(text: str) -> str:
    """A Swedish NUTS 2 code: `SE21`; `SE0` is the whole country."""
    if _NUTS2.fullmatch(text) is None:
        raise UnreadableValue("nuts2-unreadable", "a Swedish NUTS 2 code such as SE21", "warning")
    return text


def read_org_number(text: str) -> str:
    """Ten digits of a Swedish organisation number; a dash and the century before a sole trader's are left out."""
    match = _ORG_NUMBER.fullmatch(text)
    if match is None:
        raise UnreadableValue("org-number-unreadable", "an organisation number of ten digits", "warning")
    return match[1] + match[2]


def read_owner(text: str) -> tuple[str | None, str | None]:
    """The owner, and its organisation number where the value begins with one.

    An owner given twice after a comma (`X kommun, X KOMMUN`) is given once.
    """
    number = None
    match = _NUMBERED_OWNER.fullmatch(text)
    if match is not None:
        number = match[2] + match[3]
        text = match[4]
    half = len(text) // 2
    if text[half - 1 : half + 1] == ", " and text[: half - 1].casefold() == text[half + 1 :].casefold():
        text = text[: half - 1]
    return given(text), number


READERS: dict[str, Callable[[str], Any]] = {
    "text": read_text,
    "kronor": read_kronor,
    "kronor_or_goal": read_kronor_or_goal,
    "count": read_count,
    "percent": read_percent,
    "date": read_date,
    "period": read_period,
    "named_area": read_named_area,
    "coded_area": read_coded_area,
    "region": read_region,
    "nuts2": read_nuts2,
    "org_number": read_org_number,
    "owner": read_owner,
}
"""The readers by the name that a `Label` gives. A label of several fields has a reader that returns a tuple."""

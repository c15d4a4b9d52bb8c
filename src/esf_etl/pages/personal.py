"""What on a page is personal data although no field says so (DESIGN §6)."""

from __future__ import annotations

import re

__all__ = ["email_domain", "is_personal_number", "looks_personal"]

_LABEL_WORDS = (
    "kontakt",
    "e-post",
    "epost",
    "mejl",
    "mail",
    "telefon",
    "mobil",
    "personnummer",
    "handläggare",
    "projektledare",
    "ansvarig",
    "attest",
    "ombud",
    "namn på",
)
_EMAIL = re.compile(r"[^\s@]@[^\s@]")
_DOMAIN = re.compile(r"(?:[a-z0-9åäöéü-]{1,63}\.){1,8}[a-zåäö]{2,24}")
_PERSONAL_NUMBER = re.compile(r"(?:19|20)?[0-9]{6}[-+]?[0-9]{4}")
_SOLE_TRADER_MONTH = "2"


def is_personal_number(number: str) -> bool:
    """Whether an organisation number is a sole trader's personal number: its third digit is below 2.

    Source: Skatteverket gives legal persons a third digit of 2 or more; a personal number has a month there.
    """
    digits = "".join(c for c in number if c.isdecimal())
    if len(digits) == len("19YYMMDDNNNN"):
        digits = digits[2:]
    return len(digits) > 2 and digits[2] < _SOLE_TRADER_MONTH


def looks_personal(label: str, value: str | None) -> bool:
    """Whether an unmodelled line of a page may be about a person, so that it is not published."""
    words = label.casefold()
    if any(word in words for word in _LABEL_WORDS):
        return True
    return any(
        _EMAIL.search(text) is not None or any(is_personal_number(number) for number in _PERSONAL_NUMBER.findall(text))
        for text in (label, value or "")
    )


def email_domain(address: str | None) -> str | None:
    """The domain of an e-mail address, lower case; None where there is none that can be told."""
    if address is None or address.count("@") != 1:
        return None
    domain = address.rpartition("@")[2].strip().casefold()
    return domain if _DOMAIN.fullmatch(domain) else None

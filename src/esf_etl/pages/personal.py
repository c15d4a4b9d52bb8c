"""What on a page is personal data although no field says so (DESIGN §6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "EMAIL_MASK",
    "PHONE_MASK",
    "email_domain",
    "is_personal_number",
    "looks_personal",
    "mask_emails",
    "mask_prose",
    "may_hold_personal",
]

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


# ---- in prose ---------------------------------------------------------------------------------------------------

_BLANKS = " \t\u00a0\u2009\u202f"
_DASHES = r"\-\u2010-\u2015\u2212"
# One after the other from the @, so that a long word without one costs nothing.
_LOCAL_PART = re.compile(r"[\w.%+'-]+\Z")
_LOCAL_MOST = 64
_AFTER_AT = re.compile(r"(?:[\w-]{1,63}\.){1,8}\w{2,24}")

# Both begin with a letter of their own, which is looked for at a byte a cycle. A zero counts where no letter or digit
# stands before it.
_TRUNK = re.compile(r"0(?<![^\W_]0)(?:[1-9]|046)")
_NATIONAL = re.compile(
    rf"0(?<![^\W_]0)([1-9][0-9]{{0,2}})(\)?[{_BLANKS}]?[{_DASHES}/]?[{_BLANKS}]?)"
    rf"([0-9]{{2,3}}(?:[{_BLANKS}.{_DASHES}]?[0-9]{{2,3}}){{1,3}})(?![0-9])"
)
_ABROAD = re.compile(
    rf"(?:\+|00(?<![^\W_]00))[{_BLANKS}]?46[{_BLANKS}{_DASHES}]{{0,3}}(?:\(0\)[{_BLANKS}{_DASHES}]{{0,3}})?"
    rf"0?[1-9](?:[{_BLANKS}{_DASHES}]{{0,3}}[0-9]){{6,9}}(?![0-9])"
)
_SHORT_AREA_CODES = frozenset(
    "8,10,11,13,16,18,19,20,21,23,26,31,33,35,36,40,42,44,46,54,60,63,70,72,73,74,75,76,77,79,90".split(",")  # noqa: SIM905
)
"""Area codes of one and two digits, without the zero; all others have three. Source: the numbering plan of PTS."""
_SUBSCRIBER_DIGITS = {1: (6, 8), 2: (5, 8), 3: (5, 7)}
"""How many digits may follow an area code of so many."""
_DAY = re.compile(r"0[0-9][^0-9]{1,3}[0-9]{2}[^0-9]{0,3}(?:19|20)[0-9]{2}")
_AMOUNT_AFTER = re.compile(rf"[{_BLANKS}]?(?:kr\b|kronor|sek\b|tkr\b|mkr\b|miljoner|euro?\b|%|€)", re.IGNORECASE)

EMAIL_MASK = "[e-mail address not shown]"
PHONE_MASK = "[phone number not shown]"


def may_hold_personal(texts: Iterable[str]) -> bool:
    """Whether one of the texts has to be looked at: quick, and True for all that `mask_prose` would change."""
    search = _TRUNK.search
    for text in texts:  # noqa: SIM110 - a generator would take half as long again, for every page
        if "@" in text or ("0" in text and search(text)) or ("+" in text and "+46" in text):
            return True
    return False


def mask_prose(text: str) -> tuple[str, int]:
    """A text with e-mail addresses and Swedish phone numbers masked, and how many there were.

    The same text where there are none. Amounts, days, years, postcodes, diary and organisation numbers stay.
    """
    count = 0
    if "@" in text:
        text, count = mask_emails(text, EMAIL_MASK)
    if "46" in text:
        text, abroad = _ABROAD.subn(PHONE_MASK, text)
        count += abroad
    parts: list[str] = []
    done, found = 0, _NATIONAL.search(text)
    while found:
        phone: re.Match[str] | None = found
        while phone and not _is_phone(phone):
            phone = _without_the_next(phone)
        if phone:
            parts += text[done : phone.start()], PHONE_MASK + (")" if ")" in phone[2] else "")
            done = phone.end()
        found = _NATIONAL.search(text, phone.end() if phone else found.start() + 1)
    return ("".join(parts) + text[done:] if parts else text), count + len(parts) // 2


def mask_emails(text: str, mask: str, wanted: Callable[[str], bool] | None = None) -> tuple[str, int]:
    """A text with the e-mail addresses masked that are `wanted` (all, without it), and how many they were."""
    parts: list[str] = []
    done, at = 0, text.find("@")
    while at >= 0:
        local = _LOCAL_PART.search(text, max(done, at - _LOCAL_MOST), at)
        domain = _AFTER_AT.match(text, at + 1)
        end = at + 1
        if local and domain:
            end = domain.end()
            if wanted is None or wanted(text[local.start() : end]):
                parts += text[done : local.start()], mask
                done = end
        at = text.find("@", end)
    return ("".join(parts) + text[done:], len(parts) // 2) if parts else (text, 0)


def _is_phone(found: re.Match[str]) -> bool:
    """Whether what looks like one is a phone number, and no amount, day or file number."""
    area, between, rest = found.groups()
    digits = "".join(c for c in rest if c.isdecimal())
    before = found.string[max(0, found.start() - 2) : found.start()]
    after_digit = before[:1].isdecimal()
    if _DAY.fullmatch(found[0]) or _AMOUNT_AFTER.match(found.string, found.end()):
        return False
    if not between:  # the digits do not say where the area code ends
        bare = not (after_digit and before[1:] in "-.:,/" + _BLANKS) and not before.endswith(("/", "=", "-"))
        return bare and len(area + digits) in (8, 9)
    least, most = _SUBSCRIBER_DIGITS[len(area)]
    if not (least <= len(digits) <= most and (len(area) == len("NNN") or area in _SHORT_AREA_CODES)):
        return False
    if "/" in between and area == "8":  # 08/09: two years
        return False
    if any(c not in _BLANKS for c in between):
        return not (after_digit and before[1:] in ("-", ".", ":"))
    group = re.match("[0-9]+", rest)
    few = group is not None and len(group[0]) < len("NNN") and len(area) < len("NNN")
    return not (after_digit or rest.startswith("0") or (few and not area.startswith("7")))


def _without_the_next(found: re.Match[str]) -> re.Match[str] | None:
    """The same without its end, where another number seems to begin there; else None."""
    end = max(found[0].rfind(f"{blank}0") for blank in _BLANKS)
    return found.re.match(found.string, found.start(), found.start() + end) if end > 0 else None

"""Which project a page is of, and whether two pages say the same: stable across runs, machines and versions.

Both are pinned by tests: a change here gives every project of a warehouse another name or another version.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from esf_etl.pages.records import Project

__all__ = ["content_digest", "project_id", "title_key"]

_QUOTES = "\"'`´“”„‟‘’‚‛«»‹›"
_NO_QUOTES = str.maketrans("", "", _QUOTES)
_NOT_ID = re.compile(r"[^0-9a-z]+")


def title_key(title: str) -> str:
    """A title as identity sees it: NFC, casefolded, quotes dropped, punctuation but `+` to blanks, blanks folded."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", title).casefold()).translate(_NO_QUOTES)
    if not text.replace(" ", "").isalnum():
        text = "".join(" " if unicodedata.category(c)[0] in "PS" and c != "+" else c for c in text)
    return " ".join(text.split())


def project_id(project: Project) -> str:
    """The stable id of a project.

    From the diary number, or else the project number, where the page has one (`esf-2016-00648`); else `esf-` and 16
    hexadecimal digits of BLAKE2b over title key, NUTS 2 code, phase and first day.
    """
    for number in (project.diary_number, project.project_number):
        name = _NOT_ID.sub("-", (number or "").casefold()).strip("-")
        if name:
            return f"esf-{name}"
    parts = (
        title_key(project.title or ""),
        project.nuts2_code or "",
        project.phase or "",
        project.period_start.isoformat() if project.period_start else "",
    )
    key = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return f"esf-{blake2b(key, digest_size=8).hexdigest()}"


def content_digest(project: Project) -> str:
    """32 hexadecimal digits of BLAKE2b over what the page says of the project.

    Left out: contact (attributes that look like one, too), diagnostics, source and layout, so that none of them makes a
    new version; attributes are taken in sorted order, so that another order of labels does not either.
    """
    head = [
        project.programme_period,
        project.diary_number,
        project.project_number,
        project.title,
        project.programme_area_code,
        project.programme_area,
        project.specific_objective,
        project.phase,
        project.owner,
        project.owner_org_number,
        _digits(project.grant_sek),
        _digits(project.budget_sek),
        _digits(project.cofinancing_rate),
        project.period_start.isoformat() if project.period_start else None,
        project.period_end.isoformat() if project.period_end else None,
        project.region,
        project.nuts2_code,
        project.participants_planned,
    ]
    tail = [
        project.co_financiers,
        project.partners,
        project.municipalities,
        sorted((attribute.label, attribute.value or "") for attribute in project.impersonal_attributes()),
    ]
    # What is hashed is the JSON array [*head, [[key, heading, text], …], *tail].
    sections = b",".join(
        [b"[%b,%b]" % (_json_name(part.key, part.heading), _json_text(part.text)) for part in project.sections]
    )
    content = b"%b,[%b],%b" % (_json(head)[:-1], sections, _json(tail)[1:])
    return blake2b(content, digest_size=16).hexdigest()


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _json(value: object) -> bytes:
    return _to_json(value).encode("utf-8", "surrogatepass")


@lru_cache(256)
def _json_name(key: str, heading: str | None) -> bytes:
    """Key and heading of a section as the beginning of a JSON array, without its bracket: they are few."""
    return _json([key, heading])[1:-1]


# All bytes but control characters; a line end is none here.
_NO_CONTROLS = bytes(byte for byte in range(256) if byte >= ord(" ") or byte == ord("\n"))


def _json_text(text: str) -> bytes:
    """A long text as a JSON string: what `_json` makes of it, in a third of the time."""
    data = text.encode("utf-8", "surrogatepass")
    if data.translate(None, _NO_CONTROLS):
        return _json(text)
    return b'"%b"' % data.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")


def _digits(value: Decimal | None) -> str | None:
    """The number without trailing zeros after the point, so that 100 and 100.00 are the same content."""
    if value is None:
        return None
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits

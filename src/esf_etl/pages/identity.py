"""Which project a page is of, and whether two pages say the same: stable across runs, machines and versions.

Both are pinned by tests: a change here gives every project of a warehouse another name or another version.
"""

from __future__ import annotations

import json
import re
import unicodedata
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
    content = [
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
        [(part.key, part.heading, part.text) for part in project.sections],
        project.co_financiers,
        project.partners,
        project.municipalities,
        sorted((attribute.label, attribute.value or "") for attribute in project.impersonal_attributes()),
    ]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _digits(value: Decimal | None) -> str | None:
    """The number without trailing zeros after the point, so that 100 and 100.00 are the same content."""
    if value is None:
        return None
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits

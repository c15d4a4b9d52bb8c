"""Naming what a text is that is no project page: each kind a code, a reason and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.errors import NotAProjectPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from esf_etl.pages.layouts import Layout

__all__ = ["CALL_FOR_PROPOSALS_LABEL", "call_for_proposals", "why_not"]

CALL_FOR_PROPOSALS_LABEL = "Utlyst belopp"
"""The label that only calls for proposals have."""

_ENOUGH_LABELS = 3


def call_for_proposals(line: int) -> NotAProjectPage:
    """The error for a call for proposals, whose own label stands on this line, from 1."""
    return NotAProjectPage(
        f"this is a call for proposals (it has the label {CALL_FOR_PROPOSALS_LABEL}), not a project.",
        code="call-for-proposals",
        line=line,
        advice="Leave calls out of the landing folder.",
    )


def why_not(lines: list[str], layouts: Sequence[Layout]) -> NotAProjectPage:
    """The error for a text in which no layout found its header block."""
    filled = [(number, line) for number, line in enumerate(lines, 1) if line]
    if not filled:
        return NotAProjectPage("the file is empty.", code="empty", advice="Save the page again.")

    for number, line in filled:
        if line.rstrip(":") == CALL_FOR_PROPOSALS_LABEL:
            return call_for_proposals(number)

    words = {word for layout in layouts for word in layout.label_of}
    for number, line in filled:
        if sum(f"{word}:" in line for word in words) >= _ENOUGH_LABELS:
            return NotAProjectPage(
                "the page was flattened: several labels stand on one line, so that values cannot be told apart.",
                code="flattened",
                line=number,
                advice="Save the page as text with its line breaks.",
            )

    headings = {heading.text for layout in layouts for heading in layout.headings}
    logos = {line for layout in layouts for line in layout.boilerplate[:1]}
    number, first = filled[0]
    for at, line in filled:
        if line in headings:
            return NotAProjectPage(
                f"a project page without its header block: it has the heading {line!r}, but no labels before it.",
                code="header-missing",
                line=at,
                advice="Save the page again, whole.",
            )
    if first in logos:
        return NotAProjectPage(
            "an article or other page: there is no header block with a project's labels.",
            code="article",
            line=number,
            advice="Leave it out of the landing folder.",
        )
    return NotAProjectPage(
        "no header block with a project's labels was found.",
        code="header-missing",
        line=number,
        advice="If this is a project page, save it again, whole.",
    )

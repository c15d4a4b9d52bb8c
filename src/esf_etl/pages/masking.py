"""A page as it may be published: what is personal in its texts is masked. The record itself is never changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from esf_etl.pages.identity import content_digest
from esf_etl.pages.personal import looks_personal, mask_prose, may_hold_personal
from esf_etl.pages.records import LIST_FIELDS, Attribute, Section

if TYPE_CHECKING:
    from collections.abc import Callable

    from esf_etl.pages.corrections import Corrections
    from esf_etl.pages.forgotten import Forgotten
    from esf_etl.pages.records import Project

__all__ = ["Masked", "Masking", "mask_project"]

_NAMES = ("title", "owner", "programme_area", "region", "specific_objective", "phase")
"""Texts of the header in which a person may stand."""


@dataclass(frozen=True, slots=True)
class Masking:
    """What is masked: e-mail addresses and phone numbers in prose, and the persons who are forgotten, everywhere."""

    prose: bool = True
    forgotten: Forgotten | None = None

    def mask(self, text: str) -> str:
        """One text that is not of a project's record."""
        if self.prose:
            text = mask_prose(text)[0]
        return self.forgotten.mask(text)[0] if self.forgotten else text


class Masked(NamedTuple):
    """A project to publish, its content digest, and how many addresses and numbers in its prose are hidden.

    The digest is of what is published: one of the page itself could be tried against all phone numbers there are.
    """

    project: Project
    content_digest: str
    hidden: int


def mask_project(project: Project, masking: Masking, corrections: Corrections | None = None) -> Masked:
    """A page as it may be published; the same record where there is nothing to mask.

    `corrections` may give it another content digest (see `Corrections.digest`).
    """
    count = 0
    if masking.prose and _may_hold(project):
        project, count = _map_texts(project, mask_prose, ("title",), ())
    digest = content_digest(project)
    if corrections is not None:
        digest = corrections.digest(project, digest)
    if masking.forgotten is not None:
        project, found = _map_texts(project, masking.forgotten.mask, _NAMES, LIST_FIELDS)
        if found:
            digest = masking.forgotten.seal(digest)
    return Masked(project, digest, count)


def _may_hold(project: Project) -> bool:
    texts = [part.text for part in project.sections]
    if project.title is not None:
        texts.append(project.title)
    if project.attributes:
        texts += [text for item in project.attributes for text in (item.label, item.value) if text is not None]
    return may_hold_personal(texts)


def _map_texts(
    project: Project, mask: Callable[[str], tuple[str, int]], names: tuple[str, ...], lists: tuple[str, ...]
) -> tuple[Project, int]:
    """The project with its prose, and the texts and lists of these names, masked; and how much was.

    Attributes that look personal stay as they are: by that they are told, and not published.
    """
    total = 0

    def masked(text: str) -> str:
        nonlocal total
        text, count = mask(text)
        total += count
        return text

    def masked_attribute(item: Attribute) -> Attribute:
        if looks_personal(item.label, item.value):
            return item
        return Attribute(masked(item.label), None if item.value is None else masked(item.value))

    changes: dict[str, object] = {
        "sections": tuple(Section(part.key, part.heading, masked(part.text)) for part in project.sections),
        "attributes": tuple(map(masked_attribute, project.attributes)),
    }
    for name in names:
        text = getattr(project, name)
        changes[name] = None if text is None else masked(text)
    for name in lists:
        changes[name] = tuple(map(masked, getattr(project, name)))
    return (replace(project, **changes) if total else project), total  # type: ignore[arg-type]

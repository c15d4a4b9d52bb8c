"""What a person knows better than a page: which project it is of, which place a spelling means.

A page is read as it is; a correction changes the id of its project and the codes of its places, never a word of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from esf_etl.pages.identity import project_id
from esf_etl.pages.places import Municipality, find_municipality, find_region, place_key

if TYPE_CHECKING:
    from esf_etl.pages.records import Project

__all__ = ["Applied", "Corrected", "Corrections"]


class Applied(NamedTuple):
    """A correction that a page came under: its kind, what it is of, and what becomes of that."""

    kind: str
    what: str
    becomes: str


class Corrected(NamedTuple):
    """A page under the corrections: its record, its project's id, the id it says by itself, and what it came under."""

    project: Project
    project_id: str
    own_id: str
    applied: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True)
class Corrections:
    """All corrections of a run. Ids by id (`merged`) and by path (`moved`); places by `place_key` of their spelling."""

    merged: Mapping[str, Applied] = field(default_factory=dict)
    moved: Mapping[str, Applied] = field(default_factory=dict)
    regions: Mapping[str, Applied] = field(default_factory=dict)
    municipalities: Mapping[str, Municipality] = field(default_factory=dict)
    spellings: Mapping[str, Applied] = field(default_factory=dict)
    """The corrections behind `municipalities`."""

    def correct(self, project: Project, path: str | None = None) -> Corrected:
        """A page as the corrections want it. Its own id is that of the page as it is: a new spelling renames nothing.

        A page that is given an id by its path keeps that one, whatever its own is merged into.
        """
        own_id = project_id(project)
        if not (self.merged or self.moved or self.regions or self.municipalities):
            return Corrected(project, own_id, own_id)
        applied = []
        given = self.moved.get(path or "") or self.merged.get(own_id)
        if given is not None:
            applied.append(given)
        if project.region is not None and (region := self.regions.get(place_key(project.region))):
            applied.append(region)
            known = find_region(project.region)
            # A page that has a code beside the name says more exactly what it means.
            if project.nuts2_code in (None, known.nuts2_code if known else None):
                project = replace(project, nuts2_code=region.becomes)
        if self.spellings:
            keys = dict.fromkeys(map(place_key, project.municipalities))
            applied += [self.spellings[key] for key in keys if key in self.spellings]
        return Corrected(project, given.becomes if given else own_id, own_id, tuple(applied))

    def find_municipality(self, text: str) -> Municipality | None:
        """The municipality a page names so: as a person says, else as `places.find_municipality` does."""
        if self.municipalities and (place := self.municipalities.get(place_key(text))):
            return place
        return find_municipality(text)

    def digest(self, project: Project, content_digest: str) -> str:
        """The content digest under these corrections: another one where they give a municipality another code.

        The digest of a page holds the region's code and no municipality's: those follow from the names.
        """
        if not self.municipalities:
            return content_digest
        codes = [
            f"{place}\x1f{found.municipality_code}"
            for place, name in enumerate(project.municipalities)
            if (found := self.municipalities.get(place_key(name))) and found != find_municipality(name)
        ]
        if not codes:
            return content_digest
        return blake2b("\x1f".join([content_digest, *codes]).encode(), digest_size=16).hexdigest()

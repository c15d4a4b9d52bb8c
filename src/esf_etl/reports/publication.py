"""Who publishes the open data, and on what terms: what the warehouse cannot know and its owner has to say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from esf_etl.errors import UsageError
from esf_etl.settings_sources import Sourced, gather

__all__ = ["AVAILABILITIES", "FREQUENCIES", "LICENCES", "PUBLISHER_TYPES", "Publication"]

_PREFIX = "ESF_ETL_OPENDATA_"

LICENCES = {
    "CC0-1.0": ("http://creativecommons.org/publicdomain/zero/1.0/", "Creative Commons Zero 1.0"),
    "CC-BY-4.0": ("http://creativecommons.org/licenses/by/4.0/", "Creative Commons Attribution 4.0"),
}
"""Licences that may be said by their SPDX identifier: address and name of each."""

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "QUARTERLY", "ANNUAL_3", "ANNUAL_2", "ANNUAL", "IRREG")
"""How often the data are published anew, in codes of the EU's vocabulary; ANNUAL_3 is three times a year."""

AVAILABILITIES = ("TEMPORARY", "EXPERIMENTAL", "AVAILABLE", "STABLE")
"""How long the data are planned to stay, from no plan to long term, in codes of the EU's vocabulary."""

PUBLISHER_TYPES = (
    "NationalAuthority",
    "RegionalAuthority",
    "LocalAuthority",
    "SupraNationalAuthority",
    "Academia-ScientificOrganisation",
    "NonGovernmentalOrganisation",
    "NonProfitOrganisation",
    "Company",
    "IndustryConsortium",
    "StandardisationBody",
    "PrivateIndividual(s)",
)
"""What a publisher is, in the words of the ADMS vocabulary."""

_ALLOWED = {"frequency": FREQUENCIES, "availability": AVAILABILITIES, "publisher_type": PUBLISHER_TYPES}
_ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
_EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+")


@dataclass(frozen=True, slots=True)
class Publication:
    """What is said of the publisher; None is not stated.

    Each may come from `ESF_ETL_OPENDATA_<NAME>`, or from the table `opendata` of the settings file.


    publisher: name of the organisation that publishes.
    publisher_uri: its address on the web, which stands for it in the catalogue.
    publisher_type: what kind of organisation it is, a word of the ADMS vocabulary.
    contact_name: name of a function, not of a person, to ask about the data.
    contact_email: its e-mail address.
    licence: CC0-1.0, CC-BY-4.0, or the address of another licence. The pages' own is not known to us.
    base_url: where the folder will be found on the web.
    frequency: how often it is published anew, a code of the EU's vocabulary.
    availability: how long it is planned to stay, likewise.
    """

    publisher: str | None = None
    publisher_uri: str | None = None
    publisher_type: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    licence: str | None = None
    base_url: str | None = None
    frequency: str | None = None
    availability: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; raises `UsageError`."""
        for name in ("publisher_uri", "base_url"):
            _demand(name, getattr(self, name), _ADDRESS, "an address that begins with http:// or https://")
        _demand("contact_email", self.contact_email, _EMAIL, "an e-mail address")
        if self.licence not in LICENCES:
            _demand("licence", self.licence, _ADDRESS, f"one of {', '.join(LICENCES)}, or an address")
        for name, allowed in _ALLOWED.items():
            said = getattr(self, name)
            if said is not None and said not in allowed:
                msg = f"{name} is {said!r}; it is one of {', '.join(allowed)}."
                raise UsageError(msg)

    @classmethod
    def from_environment(cls, **said: str | None) -> Self:
        """What settings file and environment say, with what of `said` is not None on top."""
        return cls(**{name: found.value for name, found in cls.sources(**said).items()})

    @classmethod
    def sources(cls, **said: str | None) -> dict[str, Sourced]:
        """The same, each with where it came from."""
        return gather(cls, said, prefix=_PREFIX, table="opendata")

    @property
    def licence_uri(self) -> str | None:
        """The address of the licence."""
        return LICENCES[self.licence][0] if self.licence in LICENCES else self.licence

    @property
    def licence_name(self) -> str | None:
        """The licence in words, or its address."""
        return LICENCES[self.licence][1] if self.licence in LICENCES else self.licence

    @property
    def missing_for_catalogue(self) -> tuple[str, ...]:
        """What a catalogue cannot do without and is not stated: DCAT-AP-SE demands a publisher and addresses."""
        return tuple(name for name in ("publisher", "base_url") if getattr(self, name) is None)


def _demand(name: str, value: str | None, form: re.Pattern[str], expected: str) -> None:
    if value is not None and not form.fullmatch(value):
        msg = f"{name} is {value!r}; expected {expected}."
        raise UsageError(msg)

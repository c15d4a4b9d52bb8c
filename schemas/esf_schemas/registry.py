"""All contracts, by the places their tables lie in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_schemas.contact import Contact
from esf_schemas.etl import Finding, LandingFile, Override, OverridePage, Reject, Run
from esf_schemas.project import (
    Project,
    ProjectAttribute,
    ProjectMunicipality,
    ProjectOrganisation,
    ProjectSection,
)
from esf_schemas.reference import County, Municipality, ProgrammeArea, ProgrammePeriod, Region, Section

if TYPE_CHECKING:
    from esf_schemas.model import Contract

__all__ = [
    "CONTRACTS",
    "ETL_TABLES",
    "PROJECT_TABLES",
    "REF_TABLES",
    "STAGED_TABLES",
    "VAULT_TABLES",
    "contract",
]

PROJECT_TABLES: tuple[type[Contract], ...] = (
    Project,
    ProjectSection,
    ProjectOrganisation,
    ProjectMunicipality,
    ProjectAttribute,
)
"""What the pages say; parents before children."""

REF_TABLES: tuple[type[Contract], ...] = (
    Region,
    County,
    Municipality,
    ProgrammePeriod,
    ProgrammeArea,
    Section,
)
"""What the codes stand for."""

ETL_TABLES: tuple[type[Contract], ...] = (Run, LandingFile, Reject, Finding, Override, OverridePage)
"""What the job did."""

VAULT_TABLES: tuple[type[Contract], ...] = (Contact,)
"""Personal data: only in the private vault."""

STAGED_TABLES: tuple[type[Contract], ...] = (*PROJECT_TABLES, *VAULT_TABLES)
"""What a batch of pages becomes on its way to the warehouse and the vault."""

CONTRACTS: tuple[type[Contract], ...] = (*PROJECT_TABLES, *REF_TABLES, *ETL_TABLES, *VAULT_TABLES)
"""Every contract."""

_BY_NAME = {each.table().name: each for each in CONTRACTS}


def contract(name: str) -> type[Contract]:
    """The contract of the table of that name, without its schema; raises `KeyError` where there is none."""
    return _BY_NAME[name]

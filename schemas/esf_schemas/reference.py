"""The reference tables: what the codes in the project tables stand for."""

from __future__ import annotations

from esf_schemas.model import Contract, Integer, Text, column, one_of, within

__all__ = ["County", "Municipality", "ProgrammeArea", "Region", "Section"]


class Region(Contract, table="region", schema="ref", key=("nuts2_code",)):
    """The regions of the ESF council and their NUTS 2 codes, and one for the whole country (SE0).

    Source: Regulation (EC) 1059/2003, Annex I.
    """

    nuts2_code: Text = column("NUTS 2 code, such as SE12; SE0 is the whole country.")
    name: Text = column("Name of the region, as the ESF council writes it.")


class County(Contract, table="county", schema="ref", key=("county_code",)):
    """The 21 counties (län) of Sweden. Source: Statistics Sweden (SCB)."""

    county_code: Text = column("Two-digit county code, with its leading zero.")
    name: Text = column("Name of the county.")
    nuts2_code: Text = column("NUTS 2 code of the county's region (ref.region).")


class Municipality(Contract, table="municipality", schema="ref", key=("municipality_code",)):
    """The 290 municipalities (kommuner) of Sweden. Source: Statistics Sweden (SCB)."""

    municipality_code: Text = column(
        "Four-digit municipality code, with its leading zero; the first two digits are the county's."
    )
    name: Text = column("Name of the municipality; no two have the same.")
    county_code: Text = column("Two-digit county code (ref.county).")
    nuts2_code: Text = column("NUTS 2 code of the municipality's region (ref.region).")


class ProgrammeArea(Contract, table="programme_area", schema="ref", key=("programme_period", "programme_area_code")):
    """The programme areas of each programme period."""

    programme_period: Text = column("Programme period, such as 2007-2013.")
    programme_area_code: Text = column("Code of the programme area within its period, such as 2, 1.1 or C.")
    name: Text = column("Name of the programme area.")


class Section(Contract, table="section", schema="ref", key=("layout", "section_key")):
    """The sections that pages of each layout may have, in the order of the page."""

    layout: Text = column("Layout of the page, such as glued-2007.")
    section_key: Text = column("What the section is, the same word in every layout (project_section.section_key).")
    heading: Text = column("Heading on the page; NULL for prose without one.", nullable=True)
    ordinal: Integer = column(
        "Place among the sections of the layout, from 1.", unit="count", checks=[within("ordinal", 1)]
    )
    kind: Text = column(
        "prose (its text is in project_section) or list (its lines are in project_organisation or "
        "project_municipality).",
        checks=[one_of("kind", ("prose", "list"))],
    )

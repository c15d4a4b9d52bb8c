"""The reference tables: what the codes in the project tables stand for."""

from __future__ import annotations

from esf_schemas.model import Contract, Date, Integer, Money, Text, column, one_of, within

__all__ = ["County", "Municipality", "ProgrammeArea", "ProgrammePeriod", "Region", "Section"]


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


class ProgrammePeriod(Contract, table="programme_period", schema="ref", key=("programme_period",)):
    """The programme periods: their programme, their days, and how many projects each is known to have.

    The known numbers are what the council has said, some of them rounded; report.coverage sets them beside ours.
    """

    programme_period: Text = column("Programme period, such as 2007-2013.")
    cci: Text = column("CCI: the code of the period's programme at the European Commission, such as 2021SE05SFPR.")
    fund: Text = column("The fund that pays: ESF, or ESF+ from 2021.", checks=[one_of("fund", ("ESF", "ESF+"))])
    eligible_from: Date = column(
        "First day of eligibility: what was paid earlier is not supported. NULL where not known.",
        nullable=True,
        unit="ISO date",
    )
    eligible_to: Date = column(
        "Last day of eligibility; years after the period's name says. NULL where not known.",
        nullable=True,
        unit="ISO date",
    )
    known_projects: Integer = column(
        "How many projects the programme is known to have had when they were last counted. NULL where not known.",
        nullable=True,
        unit="count",
        checks=[within("known_projects", 0)],
    )
    known_as_of: Date = column(
        "Day of that count; the last of a month where only the month is known. NULL where not even that is.",
        nullable=True,
        unit="ISO date",
    )
    known_grant_sek: Money = column(
        "How much money of the fund the programme is known to have, in kronor. NULL where not known.",
        nullable=True,
        unit="SEK",
        checks=[within("known_grant_sek", 0)],
    )
    source: Text = column("Where days and numbers come from.")


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

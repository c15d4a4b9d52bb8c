"""What the pages say: projects, their sections, organisations, municipalities and other attributes."""

from __future__ import annotations

import polars as pl

from esf_schemas.model import (
    BigInteger,
    Date,
    Integer,
    Money,
    Share,
    Text,
    Versioned,
    column,
    holds,
    one_of,
    within,
)

__all__ = ["Project", "ProjectAttribute", "ProjectMunicipality", "ProjectOrganisation", "ProjectSection"]

_PROGRAMME_YEARS = {"2007-2013": (2007, 2013), "2014-2020": (2014, 2020), "2021-2027": (2021, 2027)}
# Projects may outlast their programme: those of 2007-2013 ran into 2015.
_YEARS_AFTER = 2
_PHASES = ("Genomförande", "Förprojektering")
_ROLES = ("owner", "co_financier", "partner")


def _in_programme(day: str) -> pl.Expr:
    """Whether the day in the column `day` lies in the years of the row's programme or the two after them."""
    period = pl.col("programme_period")
    first = {name: years[0] for name, years in _PROGRAMME_YEARS.items()}
    last = {name: years[1] + _YEARS_AFTER for name, years in _PROGRAMME_YEARS.items()}
    return (
        pl.col(day)
        .dt.year()
        .is_between(
            period.replace_strict(first, default=None, return_dtype=pl.Int32),
            period.replace_strict(last, default=None, return_dtype=pl.Int32),
        )
    )


class Project(Versioned, table="project", key=("project_id",)):
    """One row a project: what its page in the ESF council's project bank says of it.

    Money is in SEK, days are those of the page. Contacts are not here.
    """

    project_id: Text = column(
        "Stable id of the project: from the diary number, else the project number, where the page has one "
        "(esf-2016-00648), else a hash of title, region, phase and first day.",
    )
    title: Text = column(
        "Title of the project, as on the page.",
        missing="title-missing",
        checks=[holds("title-missing", pl.col("title").str.strip_chars() != "")],
    )
    programme_period: Text = column(
        "Programme period: 2007-2013, 2014-2020 or 2021-2027.",
        checks=[one_of("programme_period", tuple(_PROGRAMME_YEARS))],
    )
    diary_number: Text = column("Diarienummer: the file number at the ESF council.", nullable=True)
    project_number: Text = column("Projektnummer at the ESF council.", nullable=True)
    programme_area_code: Text = column(
        "Code of the programme area within its programme period (ref.programme_area), such as 2, 1.1 or C.",
        nullable=True,
    )
    programme_area: Text = column("Programområde: name of the programme area, as on the page.", nullable=True)
    specific_objective: Text = column("Specifikt mål: code of the specific objective, such as 2.1.", nullable=True)
    phase: Text = column(
        "Projektfas: Genomförande (implementation) or Förprojektering (preparation). Only pages of "
        "2007-2013 have it; it is never inferred from the text, which may contradict it.",
        nullable=True,
        checks=[
            holds("phase-missing", pl.col("phase").is_not_null()),
            holds("phase-unknown", pl.col("phase").is_in(_PHASES)),
        ],
    )
    owner: Text = column(
        "Projektägare: the beneficiary, as on the page, which may cut it at about 30 characters. NULL where "
        "the page says saknas.",
        nullable=True,
        checks=[holds("owner-missing", pl.col("owner").is_not_null())],
    )
    owner_org_number: Text = column(
        "Swedish organisation number of the owner, ten digits. A sole trader's (third digit below 2) is a "
        "personal number and is left out.",
        nullable=True,
        pii=True,
    )
    contact_email_domain: Text = column(
        "Domain of the contact's e-mail address, such as a municipality's; the contact itself is not "
        "published. A new contact alone makes no new version.",
        nullable=True,
        lineage=True,
    )
    grant_sek: Money = column(
        "Beviljat ESF-stöd: the ESF grant, in kronor. May be the whole budget; never more.",
        nullable=True,
        unit="SEK",
        checks=[
            holds("amount-negative", pl.col("grant_sek") >= 0),
            holds("grant-above-budget", pl.col("grant_sek") <= pl.col("budget_sek")),
            holds("grant-share-low", pl.col("grant_sek") * 10 >= pl.col("budget_sek")),
        ],
    )
    budget_sek: Money = column(
        "Total projektbudget: the whole budget, in kronor, the grant included.",
        nullable=True,
        unit="SEK",
        checks=[holds("amount-negative", pl.col("budget_sek") >= 0)],
    )
    cofinancing_rate: Share = column(
        "Unionens medfinansieringsgrad: the Union's share of the costs, as on the page; not the grant over the budget.",
        nullable=True,
        unit="share 0-1",
        checks=[within("cofinancing_rate", 0, 1)],
    )
    period_start: Date = column(
        "First day of the project.",
        nullable=True,
        unit="ISO date",
        checks=[
            holds("period-reversed", pl.col("period_start") <= pl.col("period_end")),
            holds("period-outside-programme", _in_programme("period_start")),
        ],
    )
    period_end: Date = column(
        "Last day of the project.",
        nullable=True,
        unit="ISO date",
        checks=[holds("period-outside-programme", _in_programme("period_end"))],
    )
    region: Text = column(
        "Region, as on the page. Projects of the whole country say Stockholm in 2007-2013.",
        nullable=True,
        checks=[
            holds("region-missing", pl.col("region").is_not_null() | pl.col("nuts2_code").is_not_null()),
            holds("region-unknown", pl.col("region").is_null() | pl.col("nuts2_code").is_not_null()),
        ],
    )
    nuts2_code: Text = column(
        "NUTS 2 code of the region (ref.region); SE0 is the whole country. NULL where the region is not known.",
        nullable=True,
    )
    participants_planned: Integer = column(
        "Planerat antal deltagare: planned number of participants; may be 0.",
        nullable=True,
        unit="persons",
        checks=[within("participants_planned", 0)],
    )
    content_digest: Text = column(
        "Hash of all that the page says of the project, but for its contact, its layout and what is masked, and of the "
        "codes that an override gives its municipalities: two versions with the same digest say the same. One that "
        "begins with x is keyed: a person in it was forgotten.",
    )
    layout: Text = column("Layout of the page, such as glued-2007.", lineage=True)
    landing: Text = column("Name of the landing folder the page came from.", lineage=True, staged=False)
    source_path: Text = column("Path of the page within its landing folder.", lineage=True, staged=False)
    source_mtime_ns: BigInteger = column(
        "When the page's file was last changed, in nanoseconds since 1970-01-01 UTC. Later files replace earlier ones.",
        unit="ns",
        lineage=True,
        staged=False,
    )
    cause: Text = column(
        "Why this version was made: page (the page said something new), parser (it was read anew, "
        "otherwise) or override (a person said something else, see etl.override).",
        lineage=True,
        staged=False,
        checks=[one_of("cause", ("page", "parser", "override"))],
    )


_PROJECT_ID = "The project (project.project_id)."


class ProjectSection(Versioned, table="project_section", key=("project_id", "section_key"), parent="project"):
    """The prose of a project's page, one row a section.

    A section that the page leaves empty has no row.
    """

    project_id: Text = column(_PROJECT_ID)
    ordinal: Integer = column("Place of the section on the page, from 1.", unit="count", checks=[within("ordinal", 1)])
    section_key: Text = column(
        "What the section is: summary, background, purpose, objectives, accessibility, gender_equality, "
        "transnational, or description for prose without a heading (ref.section).",
    )
    heading: Text = column("Heading, as on the page; NULL for prose without one.", nullable=True)
    body: Text = column("Text of the section, with its own line breaks.", prose=True)


class ProjectOrganisation(
    Versioned, table="project_organisation", key=("project_id", "role", "ordinal"), parent="project"
):
    """The organisations of a project, one row a name and role.

    An organisation that the page names twice has two rows, on purpose.
    """

    project_id: Text = column(_PROJECT_ID)
    role: Text = column(
        "owner (Projektägare), co_financier (Medfinansiärer) or partner (Samarbetspartners).",
        checks=[one_of("role", _ROLES)],
    )
    ordinal: Integer = column("Place in the list of that role, from 1.", unit="count", checks=[within("ordinal", 1)])
    name: Text = column("Name, as on the page.")


class ProjectMunicipality(
    Versioned,
    table="project_municipality",
    key=("project_id", "ordinal"),
    parent="project",
    absent="municipality-missing",
):
    """The municipalities (Kommun) a project works in, one row each."""

    project_id: Text = column(_PROJECT_ID)
    ordinal: Integer = column("Place in the list of the page, from 1.", unit="count", checks=[within("ordinal", 1)])
    name: Text = column(
        "Name of the municipality, as on the page.",
        checks=[holds("municipality-unknown", pl.col("municipality_code").is_not_null())],
    )
    municipality_code: Text = column(
        "Four-digit municipality code (ref.municipality), with its leading zero. NULL where the name is not known.",
        nullable=True,
    )
    county_code: Text = column("Two-digit county code (ref.county), with its leading zero.", nullable=True)
    nuts2_code: Text = column("NUTS 2 code of the municipality's region (ref.region).", nullable=True)


class ProjectAttribute(Versioned, table="project_attribute", key=("project_id", "ordinal"), parent="project"):
    """Labels of a page that no column models, with their values to the letter."""

    project_id: Text = column(_PROJECT_ID)
    ordinal: Integer = column("Place on the page, from 1.", unit="count", checks=[within("ordinal", 1)])
    label: Text = column("Label, as on the page.")
    value: Text = column("Value, as on the page; NULL where it gives none.", nullable=True)

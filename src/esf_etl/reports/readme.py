"""The README.md of the open data package: what it is, in Swedish and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.reports.operations import absent
from esf_etl.reports.table_schema import DESCRIPTION_EN, DESCRIPTION_SV, TITLE_EN, TITLE_SV

if TYPE_CHECKING:
    from datetime import datetime

    from esf_etl.reports.publication import Publication
    from esf_etl.reports.rows import Snapshot
    from esf_etl.reports.table_schema import Written

__all__ = ["readme"]

_NOT_STATED = "inte angiven / not stated"

_PAGE = """\
# {title_sv} / {title_en}

{description_sv}

{description_en}

| | |
| --- | --- |
| Källa / Source | Svenska ESF-rådets projektbank / Project bank of the Swedish ESF Council |
| Utgivare / Publisher | {publisher} |
| Licens / Licence | {licence} |
| Körning / Run | {run_id} |
| Skapad / Created | {created} |

## Tabeller / Tables

`data/` holds each table as CSV (RFC 4180: UTF-8, comma, decimal point, lines end in CR LF; an absent value is empty),
`parquet/` the same as Parquet. `datapackage.json` describes every column: type, meaning, key, which table it joins
(Data Package 2.0). Texts stand to the letter: a spreadsheet may take one that begins with `=`, `+`, `-` or `@` for a
formula, so import CSV files into one with all columns as text.

| tabell / table | rader / rows | |
| --- | ---: | --- |
{tables}

## Vad som inte finns här / What is not here

- Contacts of projects (name, e-mail, phone): they are in none of these tables, nor is the domain of an address.
- Sole traders: where a project's organisation number is a personal number, it, the owner's name and place are left out,
  and the name in every other table and role. Pages of 2007-2013 give no numbers to tell one by.
- E-mail addresses, phone numbers and personal numbers within texts, where their form tells; each place says so. Names
  of persons that a text mentions cannot be told and stand there as on the page.
- Labels of pages that no column models.

Of what the regulations ask of a list of operations, these are absent:

{absent}
"""


def readme(tables: tuple[Written, ...], publication: Publication, snapshot: Snapshot, created: datetime) -> str:
    """The page."""
    return _PAGE.format(
        title_sv=TITLE_SV,
        title_en=TITLE_EN,
        description_sv=DESCRIPTION_SV,
        description_en=DESCRIPTION_EN,
        publisher=publication.publisher or _NOT_STATED,
        licence=_licence(publication),
        run_id=snapshot.run_id,
        created=f"{created:%Y-%m-%d %H:%M} UTC",
        tables="\n".join(
            f"| [`{table.resource.name}`]({table.csv.path}) | {table.rows} | {table.resource.description_sv} / "
            f"{table.resource.description_en} |"
            for table in tables
        ),
        absent="\n".join(f"- {asked.sv} / {asked.en} ({asked.regulation}): {asked.remark_en}" for asked in absent()),
    )


def _licence(publication: Publication) -> str:
    if publication.licence_uri is None:
        return f"{_NOT_STATED}: the licence of the pages is not known to who made this, and the publisher named none"
    return f"[{publication.licence_name}]({publication.licence_uri})"

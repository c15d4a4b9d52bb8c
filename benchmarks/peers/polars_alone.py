"""polars: pages read in Python and taken apart by its expressions.

`python -m benchmarks.peers.polars_alone LANDING DATABASE`

Reads the layout glued-2007 only. polars has no database of its own: DuckDB writes its frames.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from benchmarks.peers.tables import LISTS, REGIONS, SECTIONS, TABLES, connect, create_tables, print_versions

_HEADER = (
    r"\n(?<title>[^\n]+)\n\n"
    r"Programområde(?:Programområde )?(?:(?<programme_area_code>\d\S*) )?(?<programme_area>[^\n]*)\n"
    r"Projektfas(?<phase>[^\n]*)\nProjektägare(?<owner>[^\n]*)\nKontaktperson[^\n]*\nE-post[^\n]*\nTelefonnummer[^\n]*\n"
    r"Beviljat ESF-stöd(?<grant_sek>[^\n]*)\nTotal projektbudget(?<budget_sek>[^\n]*)\n"
    r"Projektperiod(?<period_start>\S+) till (?<period_end>\S+)\nRegion(?<region>[^\n]*)\n"
)
_HEADINGS = {**SECTIONS, **LISTS}
_HEADING = rf"\n\n({'|'.join(_HEADINGS)})\n\n"
_MARK = "\x1e"  # between the parts of a page: polars splits at a text, not at a regular expression


def main() -> None:
    """Load the pages of a folder into a new database."""
    landing, database = sys.argv[1:]
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(landing).rglob("*.txt"))]
    project, part = _take_apart(pl.LazyFrame({"text": texts}))
    frames = {
        "project": project,
        "project_section": _sections(part),
        "project_organisation": _organisations(project, part),
        "project_municipality": _items(part).filter(key="municipality").select("project_id", "ordinal", "name"),
    }
    with connect(database) as connection:
        create_tables(connection, keys=False)
        for name in TABLES:
            connection.register("arriving", frames[name].to_arrow())
            connection.execute(f"INSERT INTO {name} BY NAME FROM arriving")
        connection.execute("CHECKPOINT")
    print_versions("polars", "duckdb")


def _take_apart(pages: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row a project, and one a part of a page that stands under a heading: project_id, ordinal, heading, body."""
    header = pl.col("text").str.extract_groups(_HEADER).struct.unnest()
    whole = pages.select(
        header,
        parts=pl.col("text").str.replace_all(_HEADING, f"{_MARK}$1\n{_MARK}").str.split(_MARK).list.slice(1),
    ).with_columns(project_id=pl.concat_str("title", "region", "phase", "period_start", separator="|").hash().cast(str))
    project = whole.drop("parts").with_columns(
        pl.lit("glued-2007").alias("layout"),
        pl.lit("2007-2013").alias("programme_period"),
        *(_given(name) for name in ("title", "programme_area_code", "programme_area", "phase", "owner", "region")),
        *(_kronor(name) for name in ("grant_sek", "budget_sek")),
        *(pl.col(name).str.to_date() for name in ("period_start", "period_end")),
        nuts2_code=pl.col("region").replace_strict(REGIONS, default=None),
    )
    part = whole.select(
        "project_id",
        pl.col("parts").list.gather_every(2).alias("heading"),
        pl.col("parts").list.gather_every(2, 1).alias("body"),
        pl.int_ranges(1, pl.col("parts").list.len() // 2 + 1).alias("ordinal"),
    ).explode("heading", "body", "ordinal")
    part = part.with_columns(pl.col("heading", "body").str.strip_chars("\n"))
    part = part.with_columns(key=pl.col("heading").replace_strict(_HEADINGS))
    projects, parts = pl.collect_all([project, part])
    return projects, parts


def _given(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.when(text.is_in(["", "saknas"])).then(None).otherwise(text).alias(name)


def _kronor(name: str) -> pl.Expr:
    return pl.col(name).str.replace_all(r"[^\d,]", "").str.to_decimal(scale=2).alias(name)


def _sections(part: pl.DataFrame) -> pl.DataFrame:
    return part.filter(pl.col("heading").is_in(list(SECTIONS))).rename({"key": "section_key"})


def _items(part: pl.DataFrame) -> pl.DataFrame:
    """The items of all lists, numbered from 1 in each."""
    lists = part.filter(pl.col("heading").is_in(list(LISTS))).select(
        "project_id", "key", name=pl.col("body").str.split("\n")
    )
    numbered = lists.with_columns(ordinal=pl.int_ranges(1, pl.col("name").list.len() + 1))
    return numbered.explode("name", "ordinal").with_columns(pl.col("name").str.replace(r"^\s*•\s*", ""))


def _organisations(project: pl.DataFrame, part: pl.DataFrame) -> pl.DataFrame:
    owners = project.filter(pl.col("owner").is_not_null()).select(
        "project_id", pl.lit("owner").alias("role"), pl.lit(1, pl.Int64).alias("ordinal"), name="owner"
    )
    others = _items(part).filter(pl.col("key") != "municipality").rename({"key": "role"})
    return pl.concat([owners, others.select(owners.columns)])


if __name__ == "__main__":
    main()

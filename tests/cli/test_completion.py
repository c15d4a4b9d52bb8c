"""What the prompt offers: the cursor is where `|` stands."""

from __future__ import annotations

import pytest

from esf_etl.cli.completion import candidates, mentioned
from esf_etl.cli.dot_commands import complete_command
from esf_etl.warehouse.catalogue import Catalogue, read_catalogue
from esf_etl.warehouse.reading import open_current
from tests.cli.conftest import Place


@pytest.fixture(scope="module")
def catalogue(published: Place) -> Catalogue:
    with open_current(published.warehouse) as connection:
        return read_catalogue(connection)


def offered(text: str, catalogue: Catalogue) -> list[str]:
    before, _, after = text.partition("|")
    return [one.text for one in candidates(before, before + after, catalogue)[1]]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("SEL|", "SELECT"),
        ("sel|", "select"),
        ("FROM proj|", "project"),
        ("FROM project JOIN project_sec|", "project_section"),
        ("FROM project, project_sec|", "project_section"),
        ("FROM rep|", "report"),
        ("FROM report.cov|", "coverage"),
        ("FROM report.funding_by_region_year_|", "funding_by_region_year_as_of("),
        ("FROM project_a|", "project_as_of("),
        ("FROM cover|", "report.coverage"),
        ("SELECT gra| FROM project", "grant_sek"),
        ("SELECT p.ti| FROM project p JOIN project_section s USING (project_id)", "title"),
        ("SELECT s.hea| FROM project AS p JOIN project_section AS s USING (project_id)", "heading"),
        ("SELECT project.ti| FROM project", "title"),
        ("FROM project WHERE nuts|", "nuts2_code"),
        ("FROM report.coverage WHERE known_p|", "known_projects"),
        ("FROM project_as_of(TIMESTAMP '2026-01-01') WHERE tit|", "title"),
        ("FROM history.project WHERE valid_|", "valid_from"),
        ('FROM "rep|', "report"),
        ("SELECT 1; SELECT tit|", "title"),
        ("FROM project ORD|", "ORDER"),
        ("FROM project WHERE title = 'it''s' AND gra|", "grant_sek"),
    ],
)
def test_the_likeliest_word_comes_first(text: str, first: str, catalogue: Catalogue) -> None:
    assert offered(text, catalogue)[0] == first


def test_columns_of_the_tables_named_come_before_all_else(catalogue: Catalogue) -> None:
    found = offered("SELECT | FROM ref.region", catalogue)

    assert found[:2] == [column.name for column in catalogue.find("ref.region").columns]  # type: ignore[union-attr]
    assert found.index("title") > found.index("SELECT")


def test_a_table_of_another_statement_is_not_named_here(catalogue: Catalogue) -> None:
    assert list(mentioned("SELECT 1", catalogue)) == []
    assert offered("FROM project; SELECT na| FROM ref.region", catalogue)[0].startswith("na")
    assert "project_id" not in offered("FROM project; FROM ref.region WHERE |", catalogue)[:2]


@pytest.mark.parametrize("text", ["SELECT 'gra|", "SELECT 1 -- gra|", "SELECT /* gra|", "FROM nowhere.gra|"])
def test_nothing_is_offered_in_strings_and_remarks_and_of_what_is_not_there(text: str, catalogue: Catalogue) -> None:
    assert offered(text, catalogue) == []


def test_after_from_no_keyword_and_no_column_is_offered(catalogue: Catalogue) -> None:
    found = set(offered("SELECT 1 FROM |", catalogue))

    assert {"project", "report", "report.coverage", "project_as_of("} <= found
    assert found.isdisjoint({"SELECT", "grant_sek"})


def test_each_word_is_offered_once(catalogue: Catalogue) -> None:
    found = [
        word.casefold() for word in offered("SELECT | FROM project JOIN project_section USING (project_id)", catalogue)
    ]

    assert len(found) == len(set(found))


def test_the_catalogue_finds_names_as_queries_write_them(catalogue: Catalogue) -> None:
    for name in ("project", "main.project", "PROJECT", '"project"'):
        found = catalogue.find(name)
        assert found is not None
        assert (found.schema, found.name, found.kind) == ("main", "project", "view")
    assert catalogue.find("coverage") is None


def test_commands_and_what_they_take_are_completed(catalogue: Catalogue) -> None:
    def words(text: str) -> list[str]:
        return [one.text for one in complete_command(text, catalogue)[1]]

    assert words(".s") == [".schema"]
    assert words(".schema report.cov") == ["report.coverage"]
    assert words(".format n") == ["ndjson"]
    assert words(".tables re") == ["ref", "report"]
    assert words(".nothing x") == []

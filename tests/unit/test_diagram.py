"""The entity diagram: which tables join by which columns, in words that Mermaid knows."""

from __future__ import annotations

import re

from esf_schemas import CONTRACTS, ETL_TABLES, PROJECT_TABLES, REF_TABLES, VAULT_TABLES
from esf_schemas.diagram import diagram, relations

WHOLE = (*PROJECT_TABLES, *REF_TABLES, *ETL_TABLES, *VAULT_TABLES)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def test_every_child_joins_its_parent() -> None:
    joined = {(relation.parent.name, relation.child.name) for relation in relations()}

    expected = {(each.table().parent, each.table().name) for each in CONTRACTS if each.table().parent}
    assert expected <= joined


def test_codes_join_what_they_stand_for() -> None:
    joined = {(relation.parent.name, relation.child.name, relation.columns) for relation in relations()}

    assert {
        ("region", "project", ("nuts2_code",)),
        ("programme_period", "project", ("programme_period",)),
        ("programme_area", "project", ("programme_period", "programme_area_code")),
        ("municipality", "project_municipality", ("municipality_code",)),
        ("county", "municipality", ("county_code",)),
        ("landing_file", "reject", ("landing", "path")),
        ("override", "override_page", ("landing", "kind", "what")),
        ("run", "finding", ("run_id",)),
    } <= joined


def test_ordinals_and_lineage_join_nothing() -> None:
    for relation in relations():
        assert "ordinal" not in relation.columns
        assert not any(relation.child.column(name).lineage for name in relation.columns)


def test_a_relation_tells_whether_it_must_be_there_and_how_often_it_can() -> None:
    drawn = lines(diagram(WHOLE))

    assert 'region |o--o{ project : "nuts2_code"' in drawn  # a page may name no region
    assert 'project ||--o{ project_section : "project_id"' in drawn
    assert 'project ||--o| contact : "project_id"' in drawn  # one contact at most


def test_a_diagram_has_the_tables_asked_for_and_those_they_name() -> None:
    entities = [line.removesuffix(" {") for line in lines(diagram(ETL_TABLES)) if line.endswith("{")]

    assert entities == ["run", "landing_file", "reject", "finding", "override", "override_page", "project"]


def test_every_line_is_of_a_form_that_mermaid_reads() -> None:
    word = r"[A-Za-z][A-Za-z0-9_]*"
    forms = (
        "erDiagram",
        rf"{word} \{{",
        r"\}",
        rf"{word} {word} (PK|FK|PK, FK)",
        rf'{word} (\|\||\|o)--o(\||\{{) {word} : "[a-z0-9_, ]+"',
    )

    assert [line for line in lines(diagram(WHOLE)) if not any(re.fullmatch(form, line) for form in forms)] == []

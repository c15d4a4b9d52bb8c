"""Pages become columns: one row a project, rows below it numbered as on the page, and a fate for every file."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from esf_etl import Attribute, Contact, Project, Section, content_digest, project_id, render, to_arrow
from esf_etl.batch import FILES, FINDINGS, REJECTS, Chunk, ChunkTask, WaitingFile, parse_chunk, with_lines
from esf_etl.errors import LandingError
from esf_etl.landing import scan_landing
from esf_schemas import STAGED_TABLES, staged_arrow_schema

SCHEMAS = {contract.table().name: staged_arrow_schema(contract) for contract in STAGED_TABLES}

ALFA = Project(
    layout="glued-2007",
    programme_period="2007-2013",
    title="Alfa",
    programme_area_code="2",
    programme_area="Ökat arbetskraftsutbud",
    phase="Genomförande",
    owner="Exempelkommunen",
    contact=Contact("Kim Exempel", "kim@Kommunen.Example", "010-1"),
    grant_sek=Decimal("400000.50"),
    budget_sek=Decimal(1_000_000),
    period_start=date(2009, 1, 1),
    period_end=date(2010, 12, 31),
    region="Sydsverige",
    nuts2_code="SE22",
    sections=(Section("summary", "Sammanfattning", "En.\n\nTvå."), Section("background", "Bakgrund", "Tre.")),
    co_financiers=("B", "A", "B"),
    municipalities=("Håbo", "Habo", "Ingenstans"),
)


def rows(table: pa.Table, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


def chunk_of(folder: Path, *pages: Project | str | bytes, known: str | None = None, limit: int = 100_000) -> Chunk:
    """What becomes of these pages, laid into a folder as 0.txt, 1.txt and so on; their numbers start at 10."""
    for number, page in enumerate(pages):
        text = render(page) if isinstance(page, Project) else page
        (folder / f"{number}.txt").write_bytes(text.encode() if isinstance(text, str) else text)
    return parse_chunk(task_of(folder, known=known, limit=limit))


def task_of(folder: Path, *, known: str | None = None, limit: int = 100_000) -> ChunkTask:
    files = sorted(scan_landing(folder, settle_s=0.0, passed_over=[]))
    waiting = [WaitingFile(number, *file[:3], known) for number, file in enumerate(files, 10)]
    return ChunkTask(str(folder), waiting, SCHEMAS, limit)


def test_a_project_is_one_row(tmp_path: Path) -> None:
    chunk = chunk_of(tmp_path, ALFA)
    names = ("file_no", "project_id", "title", "grant_sek", "budget_sek", "period_start", "content_digest")
    assert rows(chunk.tables["project"], *names) == [
        (
            10,
            project_id(ALFA),
            "Alfa",
            Decimal("400000.50"),
            Decimal("1000000.00"),
            date(2009, 1, 1),
            content_digest(ALFA),
        )
    ]
    assert rows(chunk.tables["project"], "contact_email_domain", "diary_number") == [("kommunen.example", None)]


def test_what_stands_below_a_project_is_numbered_in_the_order_of_the_page(tmp_path: Path) -> None:
    tables = chunk_of(tmp_path, ALFA).tables
    assert rows(tables["project_section"], "ordinal", "section_key", "heading", "body") == [
        (1, "summary", "Sammanfattning", "En.\n\nTvå."),
        (2, "background", "Bakgrund", "Tre."),
    ]
    assert rows(tables["project_organisation"], "role", "ordinal", "name") == [
        ("owner", 1, "Exempelkommunen"),
        ("co_financier", 1, "B"),
        ("co_financier", 2, "A"),
        ("co_financier", 3, "B"),
    ]
    assert rows(
        tables["project_municipality"], "ordinal", "name", "municipality_code", "county_code", "nuts2_code"
    ) == [
        (1, "Håbo", "0305", "03", "SE12"),
        (2, "Habo", "0643", "06", "SE21"),
        (3, "Ingenstans", None, None, None),
    ]
    assert rows(tables["contact"], "name", "email", "phone") == [("Kim Exempel", "kim@Kommunen.Example", "010-1")]


def test_every_table_has_the_schema_of_its_contract_also_without_a_row(tmp_path: Path) -> None:
    for chunk in (chunk_of(tmp_path), chunk_of(tmp_path, ALFA)):
        assert {name: table.schema for name, table in chunk.tables.items()} == SCHEMAS
        assert (chunk.files.schema, chunk.rejects.schema, chunk.findings.schema) == (FILES, REJECTS, FINDINGS)


def test_every_file_has_one_fate(tmp_path: Path) -> None:
    broken = render(ALFA).replace("2009-01-01", "sedan")
    chunk = chunk_of(tmp_path, ALFA, "Ingen projektsida.", broken, b"\0")
    hashes = [hashlib.sha256((tmp_path / f"{number}.txt").read_bytes()).hexdigest() for number in range(4)]
    assert rows(chunk.files, "file_no", "content_sha256", "state") == [
        (10, hashes[0], "parsed"),
        (11, hashes[1], "rejected"),
        (12, hashes[2], "rejected"),
        (13, hashes[3], "rejected"),
    ]
    assert rows(chunk.rejects, "file_no", "ordinal", "code") == [
        (11, 1, "header-missing"),
        (12, 1, "period-unreadable"),
        (13, 1, "binary"),
    ]
    assert rows(chunk.tables["project"], "file_no") == [(10,)]


def test_a_file_with_the_bytes_of_last_time_is_not_parsed(tmp_path: Path) -> None:
    known = hashlib.sha256(render(ALFA).encode()).hexdigest()
    chunk = chunk_of(tmp_path, ALFA, "Ingen projektsida.", known=known)
    assert rows(chunk.files, "state") == [("unchanged",), ("rejected",)]
    assert chunk.tables["project"].num_rows == 0


@pytest.mark.parametrize("change", ["grows", "is touched", "leaves"])
def test_a_file_that_moves_while_it_is_read_is_not_settled(change: str, tmp_path: Path) -> None:
    path = tmp_path / "0.txt"
    path.write_text(render(ALFA))
    task = task_of(tmp_path)
    if change == "grows":
        path.write_text(render(ALFA) + "mer\n")
    elif change == "is touched":
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
    chunk = parse_chunk(task)
    assert rows(chunk.files, "state", "content_sha256") == [("unsettled", None)]
    assert (chunk.tables["project"].num_rows, chunk.rejects.num_rows) == (0, 0)


def test_a_file_that_the_disk_does_not_give_is_a_reject(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    chunk = parse_chunk(ChunkTask(str(tmp_path), [WaitingFile(3, "folder", 0, 0, None)], SCHEMAS, 1000))
    assert rows(chunk.files, "file_no", "content_sha256", "state") == [(3, None, "rejected")]
    assert rows(chunk.rejects, "code", "found", "expected") == [
        ("file-unreadable", "Is a directory", "a readable file")
    ]


@pytest.mark.parametrize("number", [errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN])
def test_a_disk_of_the_network_that_is_away_is_no_fault_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("esf_etl.batch.file_bytes", refuse)
    with pytest.raises(LandingError) as caught:
        parse_chunk(ChunkTask(str(tmp_path), [WaitingFile(3, "a.txt", 0, 0, None)], SCHEMAS, 1000))
    assert (caught.value.code, caught.value.path, caught.value.transient) == ("landing-unreadable", "a.txt", True)


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    chunk = chunk_of(tmp_path, b"x" * 200_000, limit=100_000)
    assert rows(chunk.rejects, "code") == [("too-large",)]


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    chunk = chunk_of(tmp_path, ALFA, limit=len(render(ALFA).encode()))
    assert rows(chunk.files, "state") == [("parsed",)]


def test_a_sole_trader_s_number_is_withheld_and_found(tmp_path: Path) -> None:
    trader = Project(
        layout="colon-2021",
        programme_period="2021-2027",
        diary_number="22-017-S04",
        title="Alfa",
        owner="Enskild firma",
        owner_org_number="8001019876",
    )
    company = Project(
        layout="colon-2021",
        programme_period="2021-2027",
        diary_number="22-017-S05",
        title="Beta",
        owner="Bolaget AB",
        owner_org_number="5560360793",
    )
    chunk = chunk_of(tmp_path, trader, company)
    assert rows(chunk.tables["project"], "owner_org_number") == [(None,), ("5560360793",)]
    [(file_no, _, field, found, message)] = [
        row
        for row in rows(chunk.findings, "file_no", "rule", "field", "found", "message")
        if row[1] == "personal-number-withheld"
    ]
    assert (file_no, field, found) == (10, "owner_org_number", None)
    assert "8001019876" not in message


def test_a_warning_of_the_parser_is_a_finding_with_its_line(tmp_path: Path) -> None:
    page = render(ALFA).replace("RegionSydsverige\n", "RegionSydsverige\nDiarie 2009-1\n")
    chunk = chunk_of(tmp_path, page)
    line = page.splitlines().index("Diarie 2009-1") + 1
    assert ("label-unknown", line) in rows(chunk.findings, "rule", "line")
    assert rows(chunk.tables["project_attribute"], "ordinal", "label", "value") == [(1, "Region", "Diarie 2009-1")]


def test_rejects_of_rows_learn_the_line_of_their_field(tmp_path: Path) -> None:
    chunk_of(tmp_path, ALFA)
    given = [(0, "grant_sek", None), (0, "project_section.body", None), (0, None, None), (0, "title", 99)]
    rejects = pa.Table.from_pylist(
        [
            {"file_no": number, "ordinal": 1, "code": "x", "line": line, "field": field, "message": "x"}
            for number, field, line in given
        ],
        schema=REJECTS,
    )
    lines = with_lines(rejects, lambda number: (tmp_path / f"{number}.txt").read_bytes())["line"].to_pylist()
    expected = next(
        number for number, line in enumerate(render(ALFA).splitlines(), 1) if line.startswith("Beviljat ESF-stöd")
    )
    assert lines == [expected, None, None, 99]


def test_a_table_may_be_put_aside_and_is_mapped_when_it_is_asked_for(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    handed_back = chunk_of(landing, ALFA)
    aside = str(tmp_path / "sections.arrow")

    chunk = parse_chunk(replace(task_of(landing), aside={"project_section": aside}))

    assert "project_section" not in chunk.tables
    assert chunk.aside == {"project_section": aside}
    assert chunk.all_tables() == handed_back.all_tables()
    assert handed_back.tables["project_section"].num_rows


def test_projects_become_arrow_tables_without_contacts_unless_asked() -> None:
    odd = Project(
        layout="glued-2007",
        programme_period="2007-2013",
        title="Beta",
        attributes=(Attribute("Diarie", "2009-1"), Attribute("Handläggare", "Kim Exempel")),
    )
    tables = to_arrow([ALFA, odd])
    assert set(tables) == set(SCHEMAS) - {"contact"}
    assert rows(tables["project"], "file_no", "title") == [(0, "Alfa"), (1, "Beta")]
    assert rows(tables["project_attribute"], "file_no", "label", "value") == [(1, "Diarie", "2009-1")]
    assert rows(to_arrow([ALFA], with_contacts=True)["contact"], "name") == [("Kim Exempel",)]

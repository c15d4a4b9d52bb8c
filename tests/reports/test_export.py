"""The list of operations as CSV, for Swedish Excel, as a workbook and as Parquet: all of it comes back."""

from __future__ import annotations

import os
import subprocess
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from esf_etl.errors import EsfEtlError, ExportError, UsageError, WarehouseError
from esf_etl.reports import spreadsheets
from esf_etl.reports.export import FORMATS, Format, export
from esf_etl.reports.headers import HEADERS
from esf_etl.reports.operations import ASKED, absent
from esf_etl.reports.resources import RESOURCES
from esf_etl.reports.rows import Field
from esf_etl.reports.spreadsheets import MAX_CELL
from esf_etl.reports.views import read_views
from tests.integration.conftest import Job
from tests.reports.conftest import Reported
from tests.reports.exported import HOSTILE_TITLES, LONG, as_text, lay_hostile, read_csv, read_sheet

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def rows_of(job: Job) -> list[dict[str, Any]]:
    """The view, in the order of the export."""
    return Reported(job).rows("FROM report.list_of_operations ORDER BY operation_code")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A published warehouse of pages that could do harm: to be read only."""
    root = tmp_path_factory.mktemp("hostile")
    job = Job(root / "landing", root / "warehouse")
    lay_hostile(job)
    assert job.ingest(workers=1).loaded == len(HOSTILE_TITLES) + 1
    return job


@pytest.fixture(params=["reported", "hostile"])
def each(request: pytest.FixtureRequest) -> Job:
    """Either warehouse: the odd one and the harmful one."""
    found = request.getfixturevalue(request.param)
    return found.job if isinstance(found, Reported) else found


@pytest.fixture
def empty(job: Job) -> Job:
    """A published warehouse without a project."""
    job.put("article.txt", "Nyheter\n\nI dag hände ingenting.\n")
    summary = job.ingest(workers=1)
    assert (summary.outcome, summary.rejected) == ("published", 1)
    return job


# ---- headings -------------------------------------------------------------------------------------------------


def test_every_column_of_what_is_published_has_headings_in_both_languages() -> None:
    columns = {column for resource in RESOURCES for column in resource.described()}
    hidden = {"contact_email_domain", "content_digest", "landing", "source_path", "source_mtime_ns", "cause", "layout"}

    assert columns - set(HEADERS) - hidden == {"valid_from", "valid_to", "run_id"}
    assert all(swedish and english for swedish, english in HEADERS.values())


def test_no_two_columns_of_a_table_have_one_heading() -> None:
    for view in read_views():
        heads = [HEADERS[column] for column in view.columns if column in HEADERS]
        for language in (0, 1):
            assert len({head[language] for head in heads}) == len(heads), view.name


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("both", "Stödmottagare / Beneficiary"),
        ("sv", "Stödmottagare"),
        ("en", "Beneficiary"),
        ("names", "beneficiary"),
    ],
)
def test_the_headings_are_of_the_language_asked_for(
    language: Any, expected: str, reported: Reported, tmp_path: Path
) -> None:
    export(reported.job.warehouse, tmp_path / "a.csv", language=language)

    assert read_csv((tmp_path / "a.csv").read_bytes())[0][2] == expected


# ---- what the regulations ask for ----------------------------------------------------------------------------


def test_what_is_asked_for_is_answered_by_columns_of_the_list_or_said_to_be_absent() -> None:
    (view,) = (view for view in read_views() if view.name == "list_of_operations")

    for asked in ASKED:
        assert set(asked.columns) <= set(view.columns)
        assert asked.columns or (asked.remark_sv and asked.remark_en), asked.en
    letters = {asked.regulation[-2] for asked in ASKED if asked.regulation.startswith("(EU) 2021/1060, Art. 49(3)(")}
    assert letters == set("abcdefghijklmn")


def test_the_workbook_names_what_is_absent_and_why(reported: Reported, tmp_path: Path) -> None:
    export(reported.job.warehouse, tmp_path / "a.xlsx", format="xlsx", now=NOW)

    told = {(row[0], row[2]): row for row in read_sheet(tmp_path / "a.xlsx", 1)}
    assert len(absent()) >= 5
    for asked in absent():
        row = told[asked.regulation, asked.en]
        assert row[3] == "SAKNAS / ABSENT"
        assert asked.remark_en in str(row[4])


# ---- CSV ------------------------------------------------------------------------------------------------------


def test_csv_is_that_of_rfc_4180_and_comes_back_as_it_was(each: Job, tmp_path: Path) -> None:
    done = export(each.warehouse, tmp_path / "a.csv", language="names")

    data = (tmp_path / "a.csv").read_bytes()
    rows = rows_of(each)
    header, *cells = read_csv(data)
    assert header == list(rows[0])
    assert cells == [[as_text(value) for value in row.values()] for row in rows]
    assert data.endswith(b"\r\n")
    assert (done.rows, done.columns, done.size_bytes) == (len(rows), len(header), len(data))


def test_csv_is_read_by_duckdb_with_the_types_of_the_view(each: Job, tmp_path: Path) -> None:
    export(each.warehouse, tmp_path / "a.csv", language="names")

    rows = rows_of(each)
    described = Reported(each).rows("DESCRIBE FROM report.list_of_operations")
    types = {row["column_name"]: row["column_type"] for row in described}
    with duckdb.connect() as connection:
        read = connection.execute(
            "SELECT * FROM read_csv($path, header = true, columns = $types, max_line_size = 10000000, quote = '\"',"
            " escape = '\"', parallel = false, new_line = '\\r\\n')",
            {"path": str(tmp_path / "a.csv"), "types": types},
        ).fetchall()
    assert read == [tuple(row.values()) for row in rows]


def test_the_harmless_csv_has_an_apostrophe_before_what_looks_like_a_formula(hostile: Job, tmp_path: Path) -> None:
    export(hostile.warehouse, tmp_path / "a.csv", language="names", harmless=True)

    titles = {row[6] for row in read_csv((tmp_path / "a.csv").read_bytes())[1:]}
    assert titles == {"Lång", *(f"'{title}" for title in HOSTILE_TITLES[:5]), *HOSTILE_TITLES[5:]}


def test_csv_for_swedish_excel_comes_back_once_comma_and_apostrophe_are_undone(each: Job, tmp_path: Path) -> None:
    export(each.warehouse, tmp_path / "a.csv", format="csv-excel", language="names")

    data = (tmp_path / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = rows_of(each)
    header, *cells = read_csv(data, delimiter=";", encoding="utf-8-sig")
    assert header == list(rows[0])
    for row, line in zip(rows, cells, strict=True):
        for value, cell in zip(row.values(), line, strict=True):
            if isinstance(value, str):
                assert cell.removeprefix("'") == value
                assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋"))
            else:
                assert cell == as_text(value, decimal=",", yes="Ja", no="Nej")


# ---- workbooks ------------------------------------------------------------------------------------------------


def as_cell(value: Any) -> Any:
    """A value as a workbook has it: amounts are binary numbers, and long texts are cut."""
    return float(value) if isinstance(value, Decimal) else value


def test_a_workbook_comes_back_with_numbers_and_days_as_such(each: Job, tmp_path: Path) -> None:
    export(each.warehouse, tmp_path / "a.xlsx", format="xlsx", language="names", now=NOW)

    rows = rows_of(each)
    header, *cells = read_sheet(tmp_path / "a.xlsx")
    assert header == list(rows[0])
    for row, line in zip(rows, cells, strict=True):
        for name, value, cell in zip(row, row.values(), line, strict=True):
            if isinstance(value, str) and len(value) > MAX_CELL:
                continue
            assert (cell, type(cell)) in ((as_cell(value), type(as_cell(value))), (value, int)), name


def test_a_workbook_has_no_formula_and_no_link_whatever_texts_look_like(hostile: Job, tmp_path: Path) -> None:
    export(hostile.warehouse, tmp_path / "a.xlsx", format="xlsx", now=NOW)

    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "b", "inlineStr"}
    assert [cell for cell in cells if cell.hyperlink] == []
    # What looks like a formula is marked as text for whoever edits it.
    marked = {cell.value for cell in cells if cell.quotePrefix}
    assert set(HOSTILE_TITLES[:4]) <= marked
    assert "Vanlig titel" not in marked
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())
        assert not any("externalLink" in name for name in archive.namelist())


def test_a_workbook_has_a_frozen_header_widths_and_formats(reported: Reported, tmp_path: Path) -> None:
    export(reported.job.warehouse, tmp_path / "a.xlsx", format="xlsx", language="names", now=NOW)

    sheet, about = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets
    assert (sheet.title, about.title) == ("Insatser Operations", "Om About")
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:AA{sheet.max_row}")
    place = {cell.value: cell.column_letter for cell in sheet[1]}
    assert sheet.column_dimensions[place["operation_name"]].width > 40
    formats = {
        name: {cell.number_format for cell in sheet[place[name]][1:] if cell.value is not None}
        for name in ("total_cost_sek", "union_cofinancing_rate", "start_date")
    }
    assert formats == {
        "total_cost_sek": {"#,##0.00"},
        "union_cofinancing_rate": {"0.0#%"},
        "start_date": {"yyyy-mm-dd"},
    }


def test_the_second_sheet_says_what_it_is_and_which_run_it_is_of(reported: Reported, tmp_path: Path) -> None:
    done = export(reported.job.warehouse, tmp_path / "a.xlsx", format="xlsx", now=NOW)

    cells = {cell for row in read_sheet(tmp_path / "a.xlsx", 1) for cell in row}
    assert {done.run_id, "2026-11-24 12:00:00", "Stödmottagare", "Beneficiary", "beneficiary"} <= cells
    assert done.run_id == reported.rows("SELECT max(run_id) AS run FROM etl.run")[0]["run"]
    (view,) = (view for view in read_views() if view.name == "list_of_operations")
    assert set(view.columns.values()) <= cells


def test_a_text_that_fits_no_cell_is_cut_and_that_is_said_everywhere(hostile: Job, tmp_path: Path) -> None:
    done = export(hostile.warehouse, tmp_path / "a.xlsx", format="xlsx", language="names", now=NOW)

    (cut,) = done.shortened
    assert (cut.column, cut.characters) == ("operation_summary", len(LONG))
    header, *rows = read_sheet(tmp_path / "a.xlsx")
    (cell,) = (row[header.index("operation_summary")] for row in rows if row[0] == cut.row)
    assert len(cell) <= MAX_CELL
    assert cell.startswith("Å" * 32_000)
    assert cell.endswith(f"the whole text has {len(LONG)} characters]")
    assert [cut.row, "operation_summary", len(LONG)] in [row[:3] for row in read_sheet(tmp_path / "a.xlsx", 1)]


def test_more_rows_than_a_sheet_can_have_are_refused_and_leave_no_file(
    hostile: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheets, "MAX_ROWS", 5)

    with pytest.raises(ExportError) as refusal:
        export(hostile.warehouse, tmp_path / "a.xlsx", format="xlsx")

    assert refusal.value.code == "export-too-large"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_workbook_opens_in_libreoffice_and_comes_back_equal(each: Job, tmp_path: Path, soffice: str) -> None:
    export(each.warehouse, tmp_path / "a.xlsx", format="xlsx", language="names", now=NOW)

    # Comma, quotes, UTF-8, from the first line; values in full, not as they are shown.
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false"
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(
        [soffice, profile, "--headless", "--convert-to", form, "--outdir", str(tmp_path / "out"), "a.xlsx"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=180,
    )

    rows = rows_of(each)
    header, *cells = read_csv((tmp_path / "out" / "a.csv").read_bytes())
    assert header == list(rows[0])
    assert len(cells) == len(rows)
    for row, line in zip(rows, cells, strict=True):
        for name, value, cell in zip(row, row.values(), line, strict=True):
            if isinstance(value, Decimal):
                assert number(cell) == value, name
            elif isinstance(value, str) and len(value) > MAX_CELL:
                assert cell.startswith(value[:32_000])
            else:
                assert cell == as_text(value, yes="TRUE", no="FALSE"), name


def number(cell: str) -> Decimal:
    """A number as LibreOffice writes it; a share is one in percent."""
    return Decimal(cell.removesuffix("%")) / 100 if cell.endswith("%") else Decimal(cell)


# ---- Parquet --------------------------------------------------------------------------------------------------


def test_parquet_comes_back_with_types_and_says_what_its_columns_are(each: Job, tmp_path: Path) -> None:
    done = export(each.warehouse, tmp_path / "a.parquet", format="parquet")

    table = pq.read_table(tmp_path / "a.parquet")
    assert table.to_pylist() == rows_of(each)
    field = table.schema.field("beneficiary")
    assert field.metadata[b"title_sv"].decode() == "Stödmottagare"
    (view,) = (view for view in read_views() if view.name == "list_of_operations")
    said = {name: table.schema.field(name).metadata[b"description"].decode() for name in view.columns}
    assert said == view.columns
    assert table.schema.metadata[b"run_id"].decode() == done.run_id


# ---- other views, no rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", [view.name for view in read_views()])
def test_every_view_can_be_exported_in_every_format(view: str, reported: Reported, tmp_path: Path) -> None:
    rows = len(reported.view(view))

    assert {form: export(reported.job.warehouse, tmp_path / form, view=view, format=form).rows for form in FORMATS} == (
        dict.fromkeys(FORMATS, rows)
    )


def test_there_is_no_other_view(reported: Reported, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no view nothing"):
        export(reported.job.warehouse, tmp_path / "a.csv", view="nothing")


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_warehouse_gives_headings_alone(form: Format, empty: Job, tmp_path: Path) -> None:
    done = export(empty.warehouse, tmp_path / "a", format=form, language="names")

    columns = [row["column_name"] for row in Reported(empty).rows("DESCRIBE FROM report.list_of_operations")]
    data = (tmp_path / "a").read_bytes()
    assert done.rows == 0
    if form == "parquet":
        assert pq.read_table(tmp_path / "a").schema.names == columns
    elif form == "xlsx":
        (tmp_path / "a").rename(tmp_path / "a.xlsx")
        assert read_sheet(tmp_path / "a.xlsx") == [columns]
    else:
        assert data.decode("utf-8-sig") == (";" if form == "csv-excel" else ",").join(columns) + "\r\n"


# ---- whole or not at all --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_an_older_file_is_replaced(form: Format, reported: Reported, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("older", encoding="utf-8")

    done = export(reported.job.warehouse, tmp_path / "a", format=form)

    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").stat().st_size == done.size_bytes > 1000


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_of_that_name_is_refused(form: Format, reported: Reported, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    with pytest.raises(ExportError, match="folder of this name"):
        export(reported.job.warehouse, tmp_path / "a", format=form)

    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_that_is_not_there_is_an_error_in_words(form: Format, reported: Reported, tmp_path: Path) -> None:
    with pytest.raises(ExportError) as refusal:
        export(reported.job.warehouse, tmp_path / "missing" / "a", format=form)

    assert refusal.value.code == "export-unwritable"


def test_a_special_file_is_not_replaced(reported: Reported, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")

    with pytest.raises(ExportError, match="no regular file"):
        export(reported.job.warehouse, tmp_path / "a")


def test_without_a_warehouse_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError):
        export(tmp_path / "none", tmp_path / "a.csv")

    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_without_the_views_is_told_apart(job: Job, tmp_path: Path) -> None:
    job.put("article.txt", "Nyheter\n\nI dag hände ingenting.\n")
    job.ingest(workers=1)
    database = job.warehouse / "current" / "esf.duckdb"
    database.chmod(0o644)
    with duckdb.connect(str(database)) as connection:
        connection.execute("DROP SCHEMA report CASCADE")

    with pytest.raises(WarehouseError) as refusal:
        export(job.warehouse, tmp_path / "a.csv")

    assert refusal.value.code == "warehouse-outdated"
    assert not (tmp_path / "a.csv").exists()


def test_every_refusal_is_one_of_ours() -> None:
    assert issubclass(ExportError, EsfEtlError)
    assert ExportError("x").exit_code == 1


def test_days_before_excels_first_are_texts(tmp_path: Path) -> None:
    book = spreadsheets.Workbook("a", "b", "t", (), NOW)
    days = [(date(1899, 12, 31),), (date(2008, 8, 1),)]
    spreadsheets.write_workbook(tmp_path / "a.xlsx", ["day"], [Field("day", "date")], days, book)

    assert read_sheet(tmp_path / "a.xlsx") == [["day"], ["1899-12-31"], [date(2008, 8, 1)]]

"""One view of the schema `report` as a file: CSV, CSV for Swedish Excel, an Excel workbook or Parquet."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from esf_etl.errors import UsageError
from esf_etl.reports.delimited import EXCEL_SV, RFC_4180, RFC_4180_HARMLESS, Delimited, write_delimited
from esf_etl.reports.headers import HEADERS, Language, header
from esf_etl.reports.operations import ASKED, LIST_OF_OPERATIONS
from esf_etl.reports.rows import Field, Snapshot, fetched, kinds, open_export, published_snapshot
from esf_etl.reports.views import REPORT, VIEWS, View, read_views
from esf_etl.reports.whole import file_written_whole

if TYPE_CHECKING:
    from typing import BinaryIO

    from duckdb import DuckDBPyConnection

    from esf_etl.reports.spreadsheets import About, Shortened, Workbook
    from esf_etl.warehouse.lake.address import Lake

__all__ = ["FORMATS", "SUFFIXES", "Exported", "Format", "export", "export_to_stream", "format_of"]

Format = Literal["csv", "csv-excel", "xlsx", "parquet"]

FORMATS: tuple[Format, ...] = ("csv", "csv-excel", "xlsx", "parquet")

SUFFIXES: dict[Format, str] = {"csv": ".csv", "csv-excel": ".csv", "xlsx": ".xlsx", "parquet": ".parquet"}

SOURCE = (
    "Svenska ESF-rådets projektbank / The project bank of the Swedish ESF Council, pages saved as text, read by esf_etl"
)
"""Where the data come from, in words."""

_COVERAGE = f"SELECT programme_period, projects, known_projects FROM {REPORT}.coverage ORDER BY ALL"  # noqa: S608
_TITLE_OF_LIST = "Förteckning över insatser / List of operations"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: where, from which run, how many rows, and which texts a workbook had to cut."""

    view: str
    format: Format
    path: str
    rows: int
    columns: int
    size_bytes: int
    run_id: str
    shortened: tuple[Shortened, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "shortened": [asdict(each) for each in self.shortened]}


def format_of(path: Path) -> Format:
    """The format that a file's name asks for; CSV where it asks for none."""
    return {".xlsx": "xlsx", ".parquet": "parquet"}.get(path.suffix.lower(), "csv")  # type: ignore[return-value]


def export(
    root: Path | Lake,
    output: Path,
    *,
    format: Format = "csv",  # noqa: A002 - the name of the option
    view: str = LIST_OF_OPERATIONS,
    language: Language = "both",
    harmless: bool = False,
    now: datetime | None = None,
) -> Exported:
    """Write a view of the warehouse in `root` to a file, whole or not at all; an older file is replaced.

    Args:
        root: The warehouse folder, or a lake.
        output: The file.
        format: What to write.
        view: Name of the view.
        language: Language of the headings; Parquet has machine names always, and both languages as metadata.
        harmless: Make texts that look like formulas harmless in `csv` too, as `csv-excel` always does.
        now: The time that a workbook says it was made at.

    Raises `WarehouseError` where there is nothing to export, `ExportError` where it cannot be written.
    """
    described = _view(view)
    with open_export(root) as connection:
        snapshot = published_snapshot(connection)
        coverage = connection.execute(_COVERAGE).fetchall()
        _ask(connection, view)
        fields = kinds(connection)
        heads = [header(field.name, language) for field in fields]
        shortened: list[Shortened] = []
        with file_written_whole(output) as path:
            if format == "parquet":
                from esf_etl.reports.columnar import write_parquet

                rows = write_parquet(connection, path, described.columns, _metadata(described, snapshot))
            elif format == "xlsx":
                from esf_etl.reports.spreadsheets import write_workbook

                book = _workbook(described, fields, snapshot, now or datetime.now(UTC), coverage)
                rows, shortened = write_workbook(path, heads, fields, fetched(connection), book)
            else:
                with path.open("xb") as file:
                    rows = write_delimited(file, heads, fetched(connection), _form(format, harmless=harmless))
            size_bytes = path.stat().st_size
    return Exported(view, format, str(output), rows, len(fields), size_bytes, snapshot.run_id, tuple(shortened))


def export_to_stream(
    root: Path | Lake,
    file: BinaryIO,
    *,
    format: Format = "csv",  # noqa: A002 - the name of the option
    view: str = LIST_OF_OPERATIONS,
    language: Language = "both",
    harmless: bool = False,
) -> int:
    """Write a view as CSV of either kind to a stream of bytes; returns the number of rows.

    Raises `UsageError` for the other formats, which need a file.
    """
    if format not in ("csv", "csv-excel"):
        msg = f"{format} needs a file; only CSV can go to standard output."
        raise UsageError(msg, advice="Name one with --output.")
    _view(view)
    with open_export(root) as connection:
        _ask(connection, view)
        heads = [header(field.name, language) for field in kinds(connection)]
        return write_delimited(file, heads, fetched(connection), _form(format, harmless=harmless))


def _view(name: str) -> View:
    for view in read_views():
        if view.name == name:
            return view
    msg = f"there is no view {name}."
    raise UsageError(msg, advice=f"It is one of: {', '.join(VIEWS)}.")


def _ask(connection: DuckDBPyConnection, view: str) -> None:
    # By all columns from the first: the same rows come out in the same order.
    connection.execute(f"FROM {REPORT}.{view} ORDER BY ALL")


def _form(format: Format, *, harmless: bool) -> Delimited:  # noqa: A002 - the name of the option
    if format == "csv-excel":
        return EXCEL_SV
    return RFC_4180_HARMLESS if harmless else RFC_4180


def _metadata(view: View, snapshot: Snapshot) -> dict[str, str]:
    return {
        "title": _title(view),
        "description": view.description,
        "source": SOURCE,
        "run_id": snapshot.run_id,
        "run_started_at": f"{snapshot.started_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _title(view: View) -> str:
    return _TITLE_OF_LIST if view.name == LIST_OF_OPERATIONS else view.name


def _workbook(
    view: View, fields: tuple[Field, ...], snapshot: Snapshot, now: datetime, coverage: list[tuple[Any, ...]]
) -> Workbook:
    """What the workbook says of itself."""
    from esf_etl.reports.spreadsheets import Workbook

    is_list = view.name == LIST_OF_OPERATIONS
    return Workbook(
        sheet="Insatser Operations" if is_list else view.name[:31],
        about_sheet="Om About",
        title=_title(view),
        about=_about(view, fields, snapshot, now, coverage),
        created=now,
    )


def _about(
    view: View, fields: tuple[Field, ...], snapshot: Snapshot, now: datetime, coverage: list[tuple[Any, ...]]
) -> tuple[About, ...]:
    """The parts of the second sheet: what it is, its columns, what the regulations ask for, how much is loaded."""
    from esf_etl.reports.spreadsheets import About

    parts = [
        About(
            "Om filen / About this file",
            ("", ""),
            (
                ("Innehåll / Content", view.description),
                ("Källa / Source", SOURCE),
                ("Körning / Run", snapshot.run_id),
                ("Körd (UTC) / Run at (UTC)", f"{snapshot.started_at:%Y-%m-%d %H:%M:%S}"),
                ("Skapad (UTC) / Made at (UTC)", f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S}"),
            ),
        ),
        About(
            "Kolumner / Columns",
            ("Namn / Name", "Svenska", "English", "Betydelse / Meaning"),
            tuple((field.name, *HEADERS.get(field.name, ("", "")), view.columns[field.name]) for field in fields),
        ),
        About(
            "Inläst / Loaded",
            ("Programperiod / Programme period", "Inlästa projekt / Projects loaded", "Kända / Known"),
            tuple(coverage),
        ),
    ]
    if view.name == LIST_OF_OPERATIONS:
        rows = tuple(
            (
                asked.regulation,
                asked.sv,
                asked.en,
                ", ".join(asked.columns) or "SAKNAS / ABSENT",
                f"{asked.remark_sv} / {asked.remark_en}" if asked.remark_en else "",
            )
            for asked in ASKED
        )
        parts.append(
            About(
                "Vad förordningarna kräver / What the regulations ask for",
                ("Förordning / Regulation", "Uppgift", "Data", "Kolumner / Columns", "Anmärkning / Remark"),
                rows,
            )
        )
    return tuple(parts)

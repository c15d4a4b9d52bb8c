"""The open data package: a folder with the tables, what describes them, and a catalogue for data portals.

It is made of the published database, and of nothing that could lead to a person where that can be told (see
`tables/withheld.sql`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from esf_etl.errors import ExportError
from esf_etl.reports.catalogue import Days, catalogue
from esf_etl.reports.columnar import rows_through_parquet
from esf_etl.reports.delimited import write_delimited
from esf_etl.reports.export import SOURCE
from esf_etl.reports.graph import to_json_ld, to_turtle
from esf_etl.reports.readme import readme
from esf_etl.reports.resources import RESOURCES, Resource, withheld_sql
from esf_etl.reports.rows import Snapshot, kinds, open_export, published_snapshot
from esf_etl.reports.table_schema import NAME, Written, WrittenFile, data_package
from esf_etl.reports.whole import folder_written_whole

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from esf_etl.reports.publication import Publication
    from esf_etl.warehouse.lake.address import Lake

__all__ = ["Packaged", "write_package"]

_DESCRIPTOR = "datapackage.json"
_README = "README.md"
_TURTLE, _JSON_LD = "dcat.ttl", "dcat.jsonld"
_CSV, _PARQUET = "data", "parquet"


@dataclass(frozen=True, slots=True)
class Packaged:
    """What was written: where, from which run, the rows of each table; what a catalogue lacked, where there is none."""

    path: str
    run_id: str
    tables: dict[str, int]
    files: int
    size_bytes: int
    has_catalogue: bool
    missing_for_catalogue: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def write_package(
    root: Path | Lake, folder: Path, publication: Publication, *, now: datetime | None = None
) -> Packaged:
    """Write the package of the warehouse in `root` into a folder, whole or not at all.

    An earlier package there is replaced. Without a publisher and a base address there is no catalogue.

    Raises `ExportError` where the folder holds anything else or cannot be written, `WarehouseError` where there is
    nothing to package.
    """
    issued = _refuse_foreign(folder)
    created = (now or datetime.now(UTC)).astimezone(UTC)
    issued = issued or f"{created:%Y-%m-%d}"
    with open_export(root) as connection:
        connection.execute(withheld_sql())
        snapshot = published_snapshot(connection)
        with folder_written_whole(folder) as new:
            (new / _CSV).mkdir()
            (new / _PARQUET).mkdir()
            tables = tuple(_write_table(connection, new, resource, snapshot) for resource in RESOURCES)
            descriptor = data_package(tables, publication, snapshot, created=created, issued=issued)
            _write_text(new / _DESCRIPTOR, json.dumps(descriptor, ensure_ascii=False, indent=1) + "\n")
            if not publication.missing_for_catalogue:
                days = Days(issued, f"{created:%Y-%m-%d}", *_span(connection))
                graph = catalogue(tables, publication, days)
                _write_text(new / _TURTLE, to_turtle(graph))
                _write_text(new / _JSON_LD, to_json_ld(graph))
            _write_text(new / _README, readme(tables, publication, snapshot, created))
            sizes = [path.stat().st_size for path in new.rglob("*") if path.is_file()]
    return Packaged(
        str(folder),
        snapshot.run_id,
        {table.resource.name: table.rows for table in tables},
        len(sizes),
        sum(sizes),
        not publication.missing_for_catalogue,
        publication.missing_for_catalogue,
    )


def _write_table(connection: DuckDBPyConnection, folder: Path, resource: Resource, snapshot: Snapshot) -> Written:
    """One table as CSV and as Parquet."""
    csv, parquet = f"{_CSV}/{resource.name}.csv", f"{_PARQUET}/{resource.name}.parquet"
    connection.execute(resource.query)
    fields = kinds(connection)
    about = {
        "title": f"{resource.title_sv} / {resource.title_en}",
        "description": resource.description_en,
        "source": SOURCE,
        "run_id": snapshot.run_id,
    }
    read = rows_through_parquet(connection, folder / parquet, resource.described(), about)
    with (folder / csv).open("xb") as file:
        rows = write_delimited(file, [field.name for field in fields], read)
    return Written(resource, fields, rows, _written(folder, csv), _written(folder, parquet))


def _written(folder: Path, path: str) -> WrittenFile:
    with (folder / path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WrittenFile(path, (folder / path).stat().st_size, digest)


def _span(connection: DuckDBPyConnection) -> tuple[Any, Any]:
    row = connection.execute("SELECT min(period_start), max(period_end) FROM main.project").fetchone()
    return row or (None, None)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _refuse_foreign(folder: Path) -> str | None:
    """The day on which an earlier package in this folder first came out; None where there is none.

    Raises `ExportError` where anything lies there that is not of such a package: it would be lost.
    """
    if not folder.exists() and not folder.is_symlink():
        return None
    if not folder.is_dir():
        msg = "it is no folder."
        raise ExportError(msg, path=str(folder), code="export-in-the-way", advice="Name another.")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    if not found:
        return None
    ours = {_DESCRIPTOR, _README, _TURTLE, _JSON_LD, _CSV, _PARQUET}
    ours |= {f"{_CSV}/{each.name}.csv" for each in RESOURCES}
    ours |= {f"{_PARQUET}/{each.name}.parquet" for each in RESOURCES}
    try:
        descriptor = json.loads((folder / _DESCRIPTOR).read_text(encoding="utf-8"))
        own = descriptor["name"] == NAME
        issued = str(descriptor["issued"])
    except (OSError, ValueError, LookupError, TypeError):
        own, issued = False, ""
    if not own or found - ours:
        what = f"{min(found - ours)} is not of" if found - ours else "it is not"
        msg = f"the folder is not empty, and {what} an earlier package."
        raise ExportError(msg, path=str(folder), code="export-in-the-way", advice="Name an empty or a new folder.")
    return issued

"""Opening databases: the one place that knows DuckDB's settings, and what a new database holds."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

import duckdb

from esf_etl.errors import SnapshotDamaged, WarehouseError
from esf_etl.warehouse.failure import cause_of
from esf_etl.warehouse.publish import GO_BACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from duckdb import DuckDBPyConnection

__all__ = [
    "MEMORY_MB",
    "STORAGE_VERSION",
    "attach",
    "count_rows",
    "fit_memory",
    "foreign_wal",
    "open_reader",
    "refuse_unpublished",
    "script",
    "workspace",
]

STORAGE_VERSION = "v1.5.0"
"""The file format: DuckDB 1.5 and later open it. zstd on prose needs it, and makes the file a quarter of the size."""


_ROWS_A_GROUP = 40_960
"""A row group is held uncompressed until it is full. One of prose of DuckDB's own size fills the memory limit, so that
writing takes two and a half times the work.
"""

MEMORY_MB = 256
"""What DuckDB may hold in a run over pages of ordinary size. With less, writing 10^5 projects takes longer;
with more it does not get shorter.
"""

_PAGES_A_ROW_GROUP = _ROWS_A_GROUP // 5
_LARGE_PAGE_BYTES = 64 * 1024
_LOCKED = "Could not set lock on file"
"""What DuckDB says of a file that another program has open for writing."""

_TIMES_HELD = 4
"""A row group is held as it came, as it is compressed, and by the writer of Parquet; one time is to spare."""

_BYTES_A_FILE = 50
"""Of each row of the list and of the ledger: a million files keep to `MEMORY_MB`."""


def script(name: str, names: Mapping[str, str] | None = None) -> str:
    """The text of one of our SQL files, with `$name` replaced by identifiers of ours (never by data)."""
    text = files("esf_etl.warehouse").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return Template(text).substitute(names) if names else text


def foreign_wal(database: Path) -> Path | None:
    """The write-ahead log beside a published database, where somebody else left one: ours never has one."""
    wal = database.with_name(database.name + ".wal")
    return wal if wal.exists() else None


@contextmanager
def workspace(temporary: Path | None = None) -> Iterator[DuckDBPyConnection]:
    """An in-memory database to work in, which may attach others.

    It keeps to `MEMORY_MB` however many projects there are, and spills the rest to `temporary`. Without such a folder
    it spills nothing and has no limit of ours.
    """
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET temp_directory = $folder", {"folder": str(temporary or "")})
        if temporary:
            connection.execute(f"SET memory_limit = '{MEMORY_MB}MB'")
        yield connection
    finally:
        connection.close()


def fit_memory(connection: DuckDBPyConnection, sizes: str) -> None:
    """Raise the limit of a workspace where a row group of the pages, or what must be held of each, would not fit it.

    `sizes` is a query for the pages' `size_bytes`. Large pages may all lie in one row group. Comparisons of some ten
    million files do not all spill. Nothing is raised above what DuckDB takes by itself, most of the machine's memory.
    """
    row = connection.execute(
        f"SELECT count(*), coalesce(sum(size_bytes), 0), coalesce(sum(size_bytes) FILTER (size_bytes > $large), 0)"
        f" FROM ({sizes})",
        {"large": _LARGE_PAGE_BYTES},
    ).fetchone()
    pages, total_bytes, large_bytes = row or (0, 0, 0)
    held_bytes = total_bytes * min(1, _PAGES_A_ROW_GROUP / max(1, pages)) + large_bytes
    needed_mb = int(max(_TIMES_HELD * held_bytes, pages * _BYTES_A_FILE) / 1_000_000)
    if needed_mb <= MEMORY_MB:
        return
    connection.execute("RESET memory_limit")
    if needed_mb < _machine_mb() * 0.8:
        connection.execute(f"SET memory_limit = '{needed_mb}MB'")


def _machine_mb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1_000_000


def attach(connection: DuckDBPyConnection, path: Path, name: str, *, read_only: bool) -> None:
    """Attach a database file under a name.

    Raises `SnapshotDamaged` where DuckDB cannot read it, `WarehouseError` where another program has it open for writing
    (`database-held`), or where memory or the disk does not take it (`out-of-memory`, `write-failed`).
    """
    options = "READ_ONLY" if read_only else f"STORAGE_VERSION '{STORAGE_VERSION}', ROW_GROUP_SIZE {_ROWS_A_GROUP}"
    if path.exists() and not path.is_file():  # at a pipe DuckDB waits without end
        msg = "the database is no regular file."
        raise SnapshotDamaged(msg, path=str(path), advice=GO_BACK)
    quoted = str(path).replace("'", "''")
    try:
        connection.execute(f"ATTACH '{quoted}' AS {name} ({options})")
    except duckdb.Error as problem:
        # One that we write is new or just copied: what is wrong with it is the disk.
        if isinstance(problem, duckdb.OutOfMemoryException) or not read_only:
            raise cause_of(problem, path) from problem
        raise _unopened(problem, path) from problem


def count_rows(connection: DuckDBPyConnection, query: str) -> int:
    """How many rows a query has."""
    row = connection.execute(f"SELECT count(*) FROM ({query})").fetchone()
    return int(row[0]) if row else 0


def refuse_unpublished(database: Path) -> None:
    """Raise where a database cannot be read as it was published.

    `WarehouseError` where it is missing, `SnapshotDamaged` where somebody left a write-ahead log beside it.
    """
    if not database.is_file():
        msg = "there is no published database."
        raise WarehouseError(
            msg, path=str(database), advice="Run `esf-etl ingest` first, or name the folder with --warehouse."
        )
    if wal := foreign_wal(database):
        msg = "a write-ahead log lies beside the published database, which DuckDB would read into it."
        raise SnapshotDamaged(
            msg,
            code="foreign-wal",
            path=str(wal),
            advice="It is not ours: somebody opened the file for writing. Remove it.",
        )


def open_reader(database: Path) -> DuckDBPyConnection:
    """A connection that can read this database and nothing else: no writing, no other file, no extension.

    It spills nothing to the disk: DuckDB would do so beside the published file. What is not to be had by settings, the
    caller refuses by `esf_etl.warehouse.gate`.

    Raises `WarehouseError` where it is missing, `SnapshotDamaged` where it is not as published.
    """
    refuse_unpublished(database)
    try:
        connection = duckdb.connect(
            str(database.resolve()),
            read_only=True,
            config={
                "enable_external_access": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",  # a name of a table is no variable of this program
                "temp_directory": "",
            },
        )
    except duckdb.Error as problem:
        raise _unopened(problem, database) from problem
    # A bar would be drawn on stdout, into the answer of a slow query. Where this process has the file open already,
    # both are set, and cannot be set again.
    for said in ("enable_progress_bar = false", "lock_configuration = true"):
        with suppress(duckdb.InvalidInputException):
            connection.execute(f"SET {said}")
    return connection


def _unopened(problem: duckdb.Error, database: Path) -> WarehouseError:
    """The error for a database that DuckDB cannot open."""
    said = _first_line(problem)
    if _LOCKED in said:
        who = said.partition("Conflicting lock is held in ")[2].partition(". See")[0] or "another program"
        msg = f"{who} has the published database open for writing, so that nobody can read it."
        return WarehouseError(
            msg, code="database-held", path=str(database), advice="Close that program; open published files read-only."
        )
    return SnapshotDamaged(f"DuckDB cannot open the database: {said}", path=str(database), advice=GO_BACK)


def _first_line(problem: duckdb.Error) -> str:
    return str(problem).partition("\n")[0]

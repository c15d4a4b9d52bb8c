"""The least a first load could cost: the pages read and hashed, ready-made columns written, nothing parsed or checked.

`python -m benchmarks.floor LANDING COLUMNS TARGET` runs it once; COLUMNS is made by `export_columns`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

# DuckDB and Arrow are imported below: a process with their threads must not be forked.
if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

_STORAGE_VERSION = "v1.5.0"
_PARQUET = "FORMAT parquet, COMPRESSION zstd"
_READ_CHUNK = 64 * 1024


def main() -> None:
    """List, read and hash the pages, write the columns into a database and Parquet files; print counts and stages."""
    landing, columns, target = map(Path, sys.argv[1:])
    stages: dict[str, float] = {}
    with _told(stages, "list"):
        paths = list(_list(str(landing)))
    with _told(stages, "read and hash"):
        size_bytes = _read_in_two_processes(paths)
    with _told(stages, "import"):
        import duckdb

        tables = json.loads((columns / "tables.json").read_text(encoding="utf-8"))
    target.mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{target / 'floor.duckdb'}' AS floor (STORAGE_VERSION '{_STORAGE_VERSION}')")
        connection.execute("USE floor")
        connection.execute("SET preserve_insertion_order = false")
        with _told(stages, "tables"):
            _load(connection, columns, tables)
        with _told(stages, "checkpoint"):
            connection.execute("CHECKPOINT floor")
        with _told(stages, "parquet"):
            _write_parquet(connection, tables, target)
    print(json.dumps({"pages": len(paths), "size_bytes": size_bytes, "stages_s": stages}))


@contextmanager
def _told(stages: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    stages[name] = time.perf_counter() - started


def _list(folder: str) -> Iterator[str]:
    """The paths of all files, each with its stat taken."""
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    yield entry.path


def _read_in_two_processes(paths: list[str]) -> int:
    """Read and hash every file, half of them in a second process; returns their bytes."""
    half = len(paths) // 2
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(_read(paths[:half])).encode())
        os._exit(0)
    size_bytes = _read(paths[half:])
    size_bytes += int(os.read(reading, 64))
    os.waitpid(child, 0)
    return size_bytes


def _read(paths: list[str]) -> int:
    size_bytes = 0
    for path in paths:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        page = os.read(handle, _READ_CHUNK)
        os.close(handle)
        hashlib.sha256(page).hexdigest()
        size_bytes += len(page)
    return size_bytes


def _load(connection: DuckDBPyConnection, columns: Path, tables: list[dict[str, Any]]) -> None:
    """Create and fill the tables in one transaction, from mapped files: nothing is decoded or copied first."""
    import pyarrow as pa

    connection.execute("BEGIN")
    for schema in sorted({table["schema"] for table in tables}):
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    for table in tables:
        connection.execute(table["create"])
        mapped = pa.ipc.open_file(pa.memory_map(str(columns / f"{table['schema']}.{table['name']}.arrow")))
        connection.register("ready", mapped.read_all())
        connection.execute(f'INSERT INTO "{table["schema"]}"."{table["name"]}" FROM ready')
        connection.unregister("ready")
    connection.execute("COMMIT")


def _write_parquet(connection: DuckDBPyConnection, tables: list[dict[str, Any]], target: Path) -> None:
    """One file a table, with the columns ours has there, in the order in which the rows lie in the database."""
    (target / "parquet").mkdir()
    for table in tables:
        if table["parquet"] is not None:
            selected = ", ".join(f'"{column}"' for column in table["parquet"])
            path = target / "parquet" / f"{table['schema']}.{table['name']}.parquet"
            source = f'SELECT {selected} FROM "{table["schema"]}"."{table["name"]}"'  # noqa: S608
            connection.execute(f"COPY ({source}) TO '{path}' ({_PARQUET})")


if __name__ == "__main__":
    main()

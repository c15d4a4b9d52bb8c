"""dlt into DuckDB with merge, tuned: `python -m benchmarks.peers.dlt_merge LANDING DATABASE records|arrow`.

What its documentation recommends for speed (reference/performance and destinations/duckdb, dlt 1.31): items yielded by
the thousand and not one by one, Parquet as the loader's file format, larger buffers, files rotated so that two
processes can normalize, as many workers as there are cores, completed jobs deleted. With `arrow` it is given Arrow
tables, which it need not normalize. Its extract workers are threads, which do not make a parser in Python any faster.
"""

from __future__ import annotations

import os
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlt

from benchmarks.peers.tables import KEYS, TABLES, print_versions, rows_of
from esf_etl import parse_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGES_AT_A_TIME = 1_000

_SETTINGS = {
    "DATA_WRITER__BUFFER_MAX_ITEMS": "10000",
    "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "5000",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "2",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
}


def main() -> None:
    """Load the pages of a folder into a new database."""
    landing, database, items = sys.argv[1:]
    os.environ.update(_SETTINGS, DLT_DATA_DIR=f"{database}.dlt")
    pipeline = dlt.pipeline(
        "peer",
        destination=dlt.destinations.duckdb(database),
        dataset_name="peer",
        pipelines_dir=f"{database}.pipelines",
    )
    paths = sorted(Path(landing).rglob("*.txt"))
    pages = dlt.resource(_pages, name="pages")(paths, as_arrow=items == "arrow")
    pipeline.run(pages, loader_file_format="parquet")
    print_versions("dlt", "duckdb", "pyarrow")


def _pages(paths: list[Path], *, as_arrow: bool) -> Iterator[Any]:
    """The rows of each table for a thousand pages at a time, each table with its key and to be merged by it."""
    remaining = iter(paths)
    while part := list(islice(remaining, _PAGES_AT_A_TIME)):
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in KEYS}
        for path in part:
            for table, more in rows_of(parse_bytes(path.read_bytes())):
                rows[table].extend(more)
        for name, found in rows.items():
            if found:
                hints = dlt.mark.make_hints(table_name=name, primary_key=KEYS[name], write_disposition="merge")
                yield dlt.mark.with_hints(_arrow(name, found) if as_arrow else found, hints, create_table_variant=True)


def _arrow(table: str, rows: list[dict[str, Any]]) -> Any:
    """Rows as an Arrow table, with types that are the same for every thousand pages."""
    import pyarrow as pa

    types = {
        "VARCHAR": pa.string(),
        "INTEGER": pa.int32(),
        "DATE": pa.date32(),
        "DECIMAL(15,2)": pa.decimal128(15, 2),
        "DECIMAL(5,4)": pa.decimal128(5, 4),
    }
    schema = pa.schema([(name, types[kind.split()[0]]) for name, kind in TABLES[table].items()])
    return pa.Table.from_pylist(rows, schema=schema)


if __name__ == "__main__":
    main()

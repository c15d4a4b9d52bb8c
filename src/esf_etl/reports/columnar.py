"""Rows as Parquet: the types of the database, and with each column what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from esf_etl.reports.headers import HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from duckdb import DuckDBPyConnection

__all__ = ["rows_through_parquet", "write_parquet"]

_ROWS_A_GROUP = 40_960
_ROWS_AT_A_TIME = 1000


def write_parquet(
    connection: DuckDBPyConnection, path: Path, meanings: Mapping[str, str], about: Mapping[str, str]
) -> int:
    """Write the rows of the query that was executed last; returns their number.

    `meanings` of the columns, and their headings, become metadata of the fields (`description`, `title_sv`,
    `title_en`); `about` becomes that of the file.
    """
    return sum(batch.num_rows for batch in _written(connection, path, meanings, about))


def rows_through_parquet(
    connection: DuckDBPyConnection, path: Path, meanings: Mapping[str, str], about: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    """The rows of the query that was executed last; while they are read the file is written, as by `write_parquet`.

    Half of the time of two files goes into the query, which so is made once for both.
    """
    for batch in _written(connection, path, meanings, about):
        for start in range(0, batch.num_rows, _ROWS_AT_A_TIME):
            part = batch.slice(start, _ROWS_AT_A_TIME)
            yield from zip(*(column.to_pylist() for column in part.columns), strict=True)


def _written(
    connection: DuckDBPyConnection, path: Path, meanings: Mapping[str, str], about: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    """The batches of rows, each once it is in the file."""
    reader = connection.to_arrow_reader(_ROWS_A_GROUP)
    fields = [field.with_metadata(_of_field(field.name, meanings)) for field in reader.schema]
    schema = pa.schema(fields, metadata=dict(about))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            yield batch


def _of_field(name: str, meanings: Mapping[str, str]) -> dict[str, str]:
    metadata = {"description": meanings[name]} if name in meanings else {}
    if name in HEADERS:
        metadata["title_sv"], metadata["title_en"] = HEADERS[name]
    return metadata

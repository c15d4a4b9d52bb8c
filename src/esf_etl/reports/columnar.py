"""Rows as Parquet: the types of the database, and with each column what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from esf_etl.reports.headers import HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from duckdb import DuckDBPyConnection

__all__ = ["write_parquet"]

_ROWS_A_GROUP = 40_960


def write_parquet(
    connection: DuckDBPyConnection, path: Path, meanings: Mapping[str, str], about: Mapping[str, str]
) -> int:
    """Write the rows of the query that was executed last; returns their number.

    `meanings` of the columns, and their headings, become metadata of the fields (`description`, `title_sv`,
    `title_en`); `about` becomes that of the file.
    """
    reader = connection.to_arrow_reader(_ROWS_A_GROUP)
    fields = [field.with_metadata(_of_field(field.name, meanings)) for field in reader.schema]
    schema = pa.schema(fields, metadata=dict(about))
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            count += batch.num_rows
    return count


def _of_field(name: str, meanings: Mapping[str, str]) -> dict[str, str]:
    metadata = {"description": meanings[name]} if name in meanings else {}
    if name in HEADERS:
        metadata["title_sv"], metadata["title_en"] = HEADERS[name]
    return metadata

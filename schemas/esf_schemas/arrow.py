"""Contracts as Arrow schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import pyarrow as pa

    from esf_schemas.model import Contract

__all__ = ["FILE_NO", "arrow_schema", "arrow_type", "staged_arrow_schema"]

FILE_NO = "file_no"
"""The column (int64) that says, in staged rows, which file of the batch a row came from."""


def arrow_type(dtype: pl.DataType) -> pa.DataType:
    """The Arrow type of a polars type; raises `KeyError` for a type that no contract may use."""
    import pyarrow as pa

    if isinstance(dtype, pl.Decimal):
        return pa.decimal128(dtype.precision, dtype.scale)
    types = {
        pl.String(): pa.string(),
        pl.Int32(): pa.int32(),
        pl.Int64(): pa.int64(),
        pl.Boolean(): pa.bool_(),
        pl.Date(): pa.date32(),
        pl.Datetime("us"): pa.timestamp("us"),
    }
    return types[dtype]


def arrow_schema(
    contract: type[Contract], *, columns: Collection[str] | None = None, extra: Iterable[pa.Field] = ()
) -> pa.Schema:
    """The Arrow schema of a contract: the fields of `extra`, then its columns (of `columns` only, if given).

    Each field carries its `description` as metadata, and `unit` where it has one; the schema carries the
    table's.
    """
    import pyarrow as pa

    table = contract.table()
    fields = list(extra)
    for column in table.columns:
        if columns is None or column.name in columns:
            metadata = {"description": column.description}
            if column.unit is not None:
                metadata["unit"] = column.unit
            fields.append(pa.field(column.name, arrow_type(column.dtype), column.nullable, metadata))
    return pa.schema(fields, metadata={"description": table.description})


def staged_arrow_schema(contract: type[Contract]) -> pa.Schema:
    """The Arrow schema of rows on their way to validation: `file_no`, then what the writer does not set.

    All of them may be null but `file_no`: whether the contract allows it is what validation will say.
    """
    import pyarrow as pa

    staged = {column.name for column in contract.table().columns if column.staged}
    schema = arrow_schema(contract, columns=staged)
    fields = [pa.field(field.name, field.type, nullable=True, metadata=field.metadata) for field in schema]
    return pa.schema([pa.field(FILE_NO, pa.int64(), nullable=False), *fields])

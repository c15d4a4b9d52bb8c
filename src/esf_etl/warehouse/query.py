"""Statements of a user's, one at a time, and their rows as they come: what `esf-etl sql` is made of.

Each call of the database is made in a thread of its own while ours waits: so Ctrl-C reaches us at any moment, which it
does not while DuckDB fills an Arrow batch, and we tell DuckDB to stop.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from esf_etl.errors import QueryError, UsageError
from esf_etl.warehouse.gate import refuse_all_but_reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from duckdb import DuckDBPyConnection, Statement

__all__ = ["Answer", "ask", "gives_rows", "is_finished", "statements_of"]

_Got = TypeVar("_Got")

_ROWS_AT_A_TIME = 10_000
"""Twenty megabytes of prose, and a row group of Parquet."""

_LOOK_UP_S = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of one statement, fetched once and before the next statement is asked."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    _connection: DuckDBPyConnection

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as Python values. Raises `QueryError` where the database comes to an error on the way."""
        while batch := _interruptibly(self._connection, lambda: self._connection.fetchmany(_ROWS_AT_A_TIME)):
            yield from batch

    def batches(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The same as Arrow batches, under their schema. Raises as `rows`."""
        reader = _interruptibly(self._connection, lambda: self._connection.to_arrow_reader(_ROWS_AT_A_TIME))
        return reader.schema, self._read(reader)

    def _read(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        while (batch := _interruptibly(self._connection, lambda: next(reader, None))) is not None:
            yield batch


def statements_of(connection: DuckDBPyConnection, query: str) -> list[Statement]:
    """The statements of a text, all of which read; none of them is run yet.

    Raises `QueryError` for what is no SQL or would not only read, `UsageError` where there is none.
    """
    refuse_all_but_reading(connection, query)
    statements = connection.extract_statements(query)
    if not statements:
        msg = "the query is empty."
        raise UsageError(msg, advice='Write one, such as "FROM project LIMIT 5".')
    return statements


def gives_rows(statement: Statement) -> bool:
    """Whether a statement has rows; what PIVOT does first has none."""
    return statement.expected_result_type == [duckdb.ExpectedResultType.QUERY_RESULT]


def ask(connection: DuckDBPyConnection, statement: Statement) -> Answer | None:
    """Run one statement; None where it gives no rows. Raises `QueryError` with the database's words."""
    _interruptibly(connection, lambda: connection.execute(statement))
    if not gives_rows(statement) or connection.description is None:
        return None
    return Answer(
        tuple(column[0] for column in connection.description),
        tuple(str(column[1]) for column in connection.description),
        connection,
    )


def is_finished(text: str) -> bool:
    """Whether a text that is being typed ends with a semicolon, one outside of strings and remarks."""
    tokens = duckdb.tokenize(text)
    if not tokens:
        return False
    written = text.encode()
    place = tokens[-1][0]  # in bytes; a string without its end is no token
    rest = written[place + 1 :].strip()
    return written[place : place + 1] == b";" and (not rest or rest.startswith((b"--", b"/*")))


def _interruptibly(connection: DuckDBPyConnection, call: Callable[[], _Got]) -> _Got:
    """What a call of the database returns; Ctrl-C ends the call and is raised when it has ended."""
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(call)
        try:
            # Not one wait without end: a signal may come to another thread than this one, which then goes on waiting.
            while not future.done():
                wait([future], _LOOK_UP_S)
            return future.result()
        except KeyboardInterrupt:
            while not future.done():
                connection.interrupt()  # again: one that comes before the query has begun is lost
                wait([future], _LOOK_UP_S)
            raise
        except (duckdb.Error, OSError) as problem:  # Arrow's reader says OSError of all that the database says
            raise QueryError(str(problem)) from problem

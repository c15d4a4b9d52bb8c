"""The audit of a finished copy, opened read-only: what must hold before anybody may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from esf_etl.errors import AuditFailed
from esf_etl.validate import broken_rows
from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.database import count_rows
from esf_etl.warehouse.staging import WORK, loaded_files, staged_rows
from esf_etl.warehouse.upsert import COPY
from esf_schemas import CONTRACTS, FILE_NO, PROJECT_TABLES, VAULT_TABLES, staged_arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from esf_schemas import Contract

__all__ = ["audit"]

_ROWS_AT_ONCE = 100_000
"""So many rows are held to their contract again at a time; it bounds the memory."""


def audit(connection: DuckDBPyConnection, aside: Mapping[str, Sequence[str]]) -> None:
    """Check the copy attached as `esf` against the contracts and against what this run meant to write.

    `aside` names for each project table the Arrow files of its staged rows.
    Raises `AuditFailed`, naming each check that did not hold and how many rows it found.
    """
    failed = [f"{name}: {count}" for name, count in _violations(connection, aside) if count]
    if failed:
        msg = f"the new snapshot does not hold what it should ({'; '.join(failed)})."
        raise AuditFailed(msg, advice="Nothing was published; the copy is kept below failed/ for inspection.")


def _violations(connection: DuckDBPyConnection, aside: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, int]]:
    """Each check by name, with the number of rows that break it."""
    for contract in CONTRACTS:
        table = contract.table()
        if contract in VAULT_TABLES or not table.key:
            continue
        keys = ", ".join(table.key)
        rows = f"FROM {COPY}.{table.schema}.{table.name}"
        if contract in PROJECT_TABLES:  # projects that this run left alone were audited when they were written
            rows += f" SEMI JOIN (FROM {WORK}.election WHERE outcome = 'loaded') USING (project_id)"
        yield (
            f"keys of {table.name} that stand twice",
            count_rows(connection, f"SELECT 1 {rows} GROUP BY {keys} HAVING count(*) > 1"),
        )
    loaded = loaded_files(connection)
    for contract in PROJECT_TABLES:
        table = contract.table()
        history = f"{COPY}.{HISTORY}.{table.name}"
        yield (
            f"versions of {table.name} that end before they begin",
            count_rows(connection, f"SELECT 1 FROM {history} WHERE valid_to <= valid_from"),
        )
        yield (
            f"versions of {table.name} that are current beside a later one",
            count_rows(
                connection,
                f"SELECT 1 FROM {history} WHERE valid_to IS NULL"
                " GROUP BY project_id HAVING min(valid_from) < max(valid_from)",
            ),
        )
        yield (
            f"rows of {table.name} without a project",
            count_rows(
                connection,
                f"SELECT 1 FROM {COPY}.main.{table.name} ANTI JOIN {COPY}.main.project USING (project_id)",
            ),
        )
        written = count_rows(connection, f"FROM {history} WHERE run_id = getvariable('run_id')")
        yield (
            f"rows of {table.name} too few or too many",
            abs(written - staged_rows(aside.get(table.name, ()), loaded)),
        )
    yield (
        "files that were read and are not in the ledger",
        count_rows(
            connection,
            f"SELECT 1 FROM {WORK}.seen JOIN {WORK}.file USING (file_no) ANTI JOIN {COPY}.etl.landing_file AS known"
            " ON known.landing = getvariable('landing') AND known.path = seen.path AND known.missing_since IS NULL"
            " WHERE file.state <> 'unsettled'",
        ),
    )
    yield (
        "rejected files without a reason",
        count_rows(
            connection,
            f"SELECT 1 FROM (FROM {COPY}.etl.landing_file WHERE outcome = 'rejected' AND missing_since IS NULL)"
            f" ANTI JOIN {COPY}.etl.reject USING (landing, path)",
        ),
    )
    yield (
        "rejects of files that were not rejected",
        count_rows(
            connection,
            f"SELECT 1 FROM {COPY}.etl.reject ANTI JOIN (FROM {COPY}.etl.landing_file WHERE outcome = 'rejected')"
            " USING (landing, path)",
        ),
    )
    for contract in PROJECT_TABLES:
        yield (
            f"rows of {contract.table().name} that break their contract",
            sum(broken_rows(contract, rows) for rows in _written(connection, contract)),
        )


def _written(connection: DuckDBPyConnection, contract: type[Contract]) -> Iterator[pa.Table]:
    """The rows of a table that this run wrote, read back from the copy in the staged form, some of them at a time.

    Prose is not read again: the only rule it has, that there is some, DuckDB holds.
    """
    schema = staged_arrow_schema(contract)
    prose = {column.name for column in contract.table().columns if column.prose}
    columns = [f"'' AS {name}" if name in prose else name for name in schema.names if name != FILE_NO]
    name = contract.table().name
    batches = connection.execute(
        f"SELECT {', '.join(columns)}, 0::BIGINT AS {FILE_NO} FROM {COPY}.{HISTORY}.{name}"
        " WHERE run_id = getvariable('run_id')"
    ).to_arrow_reader(_ROWS_AT_ONCE)
    for batch in batches:
        yield pa.Table.from_batches([batch]).select(schema.names).cast(schema)

"""The audit of a finished copy, opened read-only: what must hold before anybody may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.errors import AuditFailed
from esf_etl.validate import validate
from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.database import count_rows
from esf_etl.warehouse.upsert import COPY, WORK
from esf_schemas import CONTRACTS, FILE_NO, PROJECT_TABLES, STAGED_TABLES, VAULT_TABLES, staged_arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from duckdb import DuckDBPyConnection

__all__ = ["audit"]

_PROJECTS_AT_ONCE = 20_000
"""So many projects are held to the contracts again at a time; it bounds the memory."""


def audit(connection: DuckDBPyConnection) -> None:
    """Check the copy attached as `esf` against the contracts and against what this run meant to write.

    Raises `AuditFailed`, naming each check that did not hold and how many rows it found.
    """
    failed = [f"{name}: {count}" for name, count in _violations(connection) if count]
    if failed:
        msg = f"the new snapshot does not hold what it should ({'; '.join(failed)})."
        raise AuditFailed(msg, advice="Nothing was published; the copy is kept below failed/ for inspection.")


def _violations(connection: DuckDBPyConnection) -> Iterator[tuple[str, int]]:
    """Each check by name, with the number of rows that break it."""
    for contract in CONTRACTS:
        table = contract.table()
        if contract in VAULT_TABLES or not table.key:
            continue
        keys = ", ".join(table.key)
        name = f"{COPY}.{table.schema}.{table.name}"
        yield (
            f"keys of {table.name} that stand twice",
            count_rows(connection, f"SELECT 1 FROM {name} GROUP BY {keys} HAVING count(*) > 1"),
        )
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
                " GROUP BY project_id HAVING count(DISTINCT valid_from) > 1",
            ),
        )
        yield (
            f"rows of {table.name} without a project",
            count_rows(
                connection,
                f"SELECT 1 FROM {COPY}.main.{table.name} ANTI JOIN {COPY}.main.project USING (project_id)",
            ),
        )
        yield (
            f"rows of {table.name} too few or too many",
            count_rows(
                connection,
                f"SELECT 1 WHERE (SELECT count(*) FROM {history} WHERE run_id = getvariable('run_id'))"
                f" <> (SELECT count(*) FROM {WORK}.{table.name} "
                f" SEMI JOIN (FROM {WORK}.election WHERE outcome = 'loaded') USING (file_no))",
            ),
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
    yield "rows that break a contract", sum(validate(rows).rejects.num_rows for rows in _written(connection))


def _written(connection: DuckDBPyConnection) -> Iterator[dict[str, pa.Table]]:
    """The rows this run wrote, read back from the copy, in the staged form, some projects at a time."""
    connection.execute(
        f"CREATE OR REPLACE TABLE {WORK}.written AS SELECT project_id, row_number() OVER () AS {FILE_NO}"
        f" FROM {COPY}.main.project WHERE run_id = getvariable('run_id')"
    )
    count = count_rows(connection, f"FROM {WORK}.written")
    for first in range(0, count, _PROJECTS_AT_ONCE):
        connection.execute(
            f"CREATE OR REPLACE TABLE {WORK}.slice AS FROM {WORK}.written"
            f" WHERE {FILE_NO} > {first} AND {FILE_NO} <= {first + _PROJECTS_AT_ONCE}"
        )
        rows = {}
        for contract in STAGED_TABLES:
            schema = staged_arrow_schema(contract)
            name = contract.table().name
            if contract in VAULT_TABLES:
                rows[name] = schema.empty_table()
                continue
            rows[name] = (
                connection.execute(
                    f"SELECT {', '.join(schema.names)} FROM {COPY}.main.{name} JOIN {WORK}.slice USING (project_id)"
                )
                .to_arrow_table()
                .cast(schema)
            )
        yield rows

"""The audit of a finished copy, opened read-only: what must hold before anybody may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.errors import AuditFailed
from esf_etl.warehouse.checks import broken_in, checks_of_history, checks_of_keys, checks_of_ledger
from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.database import count_rows
from esf_etl.warehouse.staging import WORK, loaded_files, staged_rows
from esf_etl.warehouse.upsert import COPY
from esf_schemas import PROJECT_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

__all__ = ["audit"]


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
    # Projects that this run left alone were audited when they were written.
    among = f"SEMI JOIN (FROM {WORK}.election WHERE outcome = 'loaded') USING (project_id)"
    for check in (*checks_of_keys(COPY, among=among), *checks_of_history(COPY), *checks_of_ledger(COPY)):
        yield check.name, count_rows(connection, check.query)
    loaded = loaded_files(connection)
    of_this_run = "run_id = getvariable('run_id')"
    for contract in PROJECT_TABLES:
        name = contract.table().name
        written = count_rows(connection, f"FROM {COPY}.{HISTORY}.{name} WHERE {of_this_run}")
        yield f"rows of {name} too few or too many", abs(written - staged_rows(aside.get(name, ()), loaded))
    yield (
        "files that were read and are not in the ledger",
        count_rows(
            connection,
            f"SELECT 1 FROM {WORK}.seen JOIN {WORK}.file USING (file_no) ANTI JOIN {COPY}.etl.landing_file AS known"
            " ON known.landing = getvariable('landing') AND known.path = seen.path AND known.missing_since IS NULL"
            " WHERE file.state <> 'unsettled'",
        ),
    )
    for contract in PROJECT_TABLES:
        yield (
            f"rows of {contract.table().name} that break their contract",
            broken_in(connection, COPY, contract, of_this_run),
        )

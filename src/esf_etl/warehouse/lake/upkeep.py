"""Upkeep of a lake: small files become large ones, and what no snapshot needs any more leaves the disk.

Our history is rows, not snapshots: it is whole however few snapshots are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from esf_etl.errors import WarehouseError
from esf_etl.warehouse.database import workspace
from esf_etl.warehouse.lake.attach import WRITER, attach_lake, load_extensions, newest_snapshot, writing
from esf_etl.warehouse.lake.reading import NAME
from esf_etl.warehouse.lake.release import refuse_empty

if TYPE_CHECKING:
    from pathlib import Path

    from esf_etl.warehouse.lake.address import Lake

__all__ = ["KEEP_DAYS", "keep_up"]

KEEP_DAYS = 7
"""Readers and runs hold the snapshot that they began with: none may be expired while somebody may still read it."""


def keep_up(lake: Lake, temporary: Path, *, keep_days: float = KEEP_DAYS) -> dict[str, int]:
    """Merge small files, rewrite those of which much is deleted, expire snapshots older than `keep_days`, remove files.

    Files that no snapshot names, which a killed job has left, go when they are as old; a job writes its files and names
    them under the writer's lock, which is held here. Returns how many data files there were `before` and `after`, and
    how many snapshots were `expired`. Raises `WarehouseError` where the lake cannot be reached or written.
    """
    with workspace(temporary) as connection:
        load_extensions(connection)
        attach_lake(connection, lake, NAME, options=[])
        refuse_empty(connection, NAME, lake)
        with writing(connection, lake, WRITER, wait=True):
            try:
                files, snapshots = _data_files(connection), _snapshots(connection)
                for call in (
                    f"ducklake_rewrite_data_files('{NAME}')",
                    f"ducklake_merge_adjacent_files('{NAME}')",
                    f"ducklake_expire_snapshots('{NAME}', older_than => now() - to_seconds($seconds))",
                    f"ducklake_cleanup_old_files('{NAME}', older_than => now() - to_seconds($seconds))",
                    f"ducklake_delete_orphaned_files('{NAME}', older_than => now() - to_seconds($seconds))",
                ):
                    said = {"seconds": keep_days * 86_400} if "$seconds" in call else {}
                    connection.execute(f"CALL {call}", said).fetchall()
                return {
                    "before": files,
                    "after": _data_files(connection),
                    "expired": snapshots - _snapshots(connection),
                    "snapshot": newest_snapshot(connection, NAME),
                }
            except duckdb.Error as problem:
                msg = f"the lake could not be kept up: {str(problem).partition(chr(10))[0]}"
                advice = "Nothing of what it says is lost. Run it again."
                raise WarehouseError(msg, code="lake-upkeep", path=str(lake), advice=advice) from problem


def _data_files(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(f"SELECT sum(file_count) FROM ducklake_table_info('{NAME}')").fetchone()
    return int(row[0] or 0) if row else 0


def _snapshots(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(f"SELECT count(*) FROM ducklake_snapshots('{NAME}')").fetchone()
    return int(row[0]) if row else 0

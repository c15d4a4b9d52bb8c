"""What a rebuild cannot bring back: it knows the pages that are there, and nothing of what was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from esf_etl.errors import EsfEtlError
from esf_etl.warehouse.database import count_rows, open_reader
from esf_etl.warehouse.folder import DATABASE
from esf_etl.warehouse.staging import WORK

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

__all__ = ["lost_by_rebuilding"]


def lost_by_rebuilding(connection: DuckDBPyConnection, snapshot: Path, landing_name: str) -> str | None:
    """What of a snapshot does not come back from the listed files of this landing, in a sentence; None if nothing.

    Earlier versions, projects of files that have gone, and projects of other landing folders. Of a database that
    cannot be read, nobody can say.
    """
    advice = "It stays in the snapshots that are kept, until they are pruned."
    try:
        with open_reader(snapshot / DATABASE) as reader:
            versions = count_rows(reader, "FROM history.project WHERE valid_to IS NOT NULL")
            known = reader.execute("SELECT landing, path FROM etl.landing_file").to_arrow_table()
    except (EsfEtlError, duckdb.Error):
        return (
            "A rebuild brings back the pages that are there. What the damaged snapshot had of history and of files that"
            " have gone does not come back, and cannot be counted."
        )
    connection.register("known", known)
    gone = count_rows(
        connection,
        f"SELECT 1 FROM known ANTI JOIN {WORK}.listed USING (path) ANTI JOIN {WORK}.ignored USING (path)"
        " WHERE landing = getvariable('landing')",
    )
    elsewhere = count_rows(connection, "SELECT 1 FROM known WHERE landing <> getvariable('landing')")
    connection.unregister("known")
    lost = [
        f"{count} {what}"
        for count, what in (
            (versions, "earlier versions of projects"),
            (gone, "files that have gone"),
            (elsewhere, f"files of other landing folders than {landing_name}"),
        )
        if count
    ]
    return f"A rebuild does not bring back: {', '.join(lost)}. {advice}" if lost else None

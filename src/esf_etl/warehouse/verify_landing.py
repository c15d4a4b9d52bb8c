"""The ledger of a published database against the landing folder as it is now."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from esf_etl.address import StoreUrl
from esf_etl.errors import EsfEtlError, LandingError
from esf_etl.inbox import pages_bytes, scan_landing
from esf_etl.pages.parser import PARSER_VERSION
from esf_etl.warehouse.database import attach, count_rows, script, workspace
from esf_etl.warehouse.folder import WarehouseFolder
from esf_etl.warehouse.lake.address import Lake
from esf_etl.warehouse.lake.attach import load_extensions, open_lake
from esf_etl.warehouse.overriding import mark_misread, overrides_of, stage_overrides
from esf_etl.warehouse.staging import WORK, append_listed, ledger_of_base
from esf_etl.warehouse.suppression import read_suppression
from esf_etl.warehouse.verifying import Check, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from esf_etl.settings import IngestSettings

__all__ = ["landing_checks"]

_WAITING = {
    "new": "new",
    "touched": "changed by its size or times",
    "again": "to be read again",
    "deferred": "too young to be read",
    "vanished": "gone",
}


def landing_checks(database: Path | Lake, settings: IngestSettings, *, read: bool) -> Iterator[Check]:
    """What the next run will find, which is no fault; and with `read`, files that changed without a trace, which is."""
    with workspace() as connection:
        connection.execute(f"CREATE SCHEMA {WORK}")
        if isinstance(database, Lake):
            load_extensions(connection)
            open_lake(connection, database, "base")
        else:
            attach(connection, database, "base", read_only=True)
        ledger_of_base(connection)
        variables = {"landing": settings.landing_name, "parser_version": PARSER_VERSION, "reprocess": False}
        for name, value in variables.items():
            connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
        passed_over: list[str] = []
        try:
            files = scan_landing(settings.landing, settle_s=settings.settle_s, passed_over=passed_over)
            seen = append_listed(connection, files, names_twice=isinstance(settings.landing, StoreUrl))
            _stage(connection, settings)
        except EsfEtlError as problem:
            which = "landing folder" if isinstance(problem, LandingError) else "overrides"
            yield Check(which, "wrong", problem.message, problem.advice)
            return
        yield _waiting(connection, seen)
        if read:
            wrong = list(_changed_unseen(connection, settings))
            yield verdict(
                "landing files",
                wrong,
                "every file that the ledger knows has the bytes that were read.",
                "No run will notice by itself: touch the file, or ingest with --reprocess.",
            )


def _stage(connection: DuckDBPyConnection, settings: IngestSettings) -> None:
    """The overrides that the next run will apply."""
    folder = WarehouseFolder(settings.warehouse)
    suppression = read_suppression(folder) if folder.private.is_dir() else None
    overrides = overrides_of(settings, connection, None)
    stage_overrides(connection, overrides, suppression.forgotten() if suppression else None)


def _waiting(connection: DuckDBPyConnection, seen: int) -> Check:
    connection.execute(script("difference"))
    mark_misread(connection)
    found = dict(connection.execute(f"SELECT state, count(*) FROM {WORK}.difference GROUP BY state").fetchall())
    known = count_rows(connection, "FROM base.etl.landing_file WHERE landing = getvariable('landing')")
    if not found:
        return Check("landing folder", "ok", f"{seen} files, all of them known to the ledger as they are.")
    if not seen and known:
        message = f"it has no page files, but the ledger knows {known}."
        return Check("landing folder", "wrong", message, "Is its disk mounted?")
    told = ", ".join(f"{found[state]} {text}" for state, text in _WAITING.items() if state in found)
    return Check("landing folder", "note", f"since the last run: {told}.", "The next run takes them in.")


def _changed_unseen(connection: DuckDBPyConnection, settings: IngestSettings) -> Iterator[str]:
    """The files that are as the ledger knows them by size and times, and have other bytes."""
    rows = connection.execute(
        f"SELECT path, content_sha256 FROM base.etl.landing_file AS known SEMI JOIN {WORK}.listed USING (path)"
        f" ANTI JOIN {WORK}.difference AS difference ON difference.path = known.path"
        " WHERE landing = getvariable('landing') AND content_sha256 IS NOT NULL ORDER BY path"
    )
    while some := rows.fetchmany(1000):
        read = pages_bytes(settings.landing, (path for path, _ in some), limit=settings.max_page_bytes)
        for (path, known), (_, data) in zip(some, read, strict=True):
            if isinstance(data, FileNotFoundError):
                continue  # it left while we looked
            if isinstance(data, OSError):
                yield f"{path} cannot be read ({data.strerror})"
            elif hashlib.sha256(data).hexdigest() != known:
                yield f"{path} has other bytes, and the size and times of then"

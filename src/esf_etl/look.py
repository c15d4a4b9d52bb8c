"""The landing folder against the ledger: what is new, changed, too young, or gone. No page is read for it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa

from esf_etl.errors import LandingError
from esf_etl.landing import scan_landing
from esf_etl.warehouse.database import script
from esf_etl.warehouse.staging import append_staged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from esf_etl.landing import LandingFile
    from esf_etl.run import Run

__all__ = ["look"]

_LISTED_AT_ONCE = 500
"""So few that Python does not look for garbage among them."""
_BATCHES_AN_INSERT = 40

_LISTED = pa.schema(
    [
        ("path", pa.string()),
        ("size_bytes", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("ctime_ns", pa.int64()),
        ("deferred", pa.bool_()),
    ]
)


def look(run: Run) -> None:
    """List the landing folder and compare it with the ledger.

    Raises `LandingError` for a folder that is missing, cannot be listed, or has no page although the ledger knows some.
    """
    with run.told("look"):
        connection, summary = run.connection, run.summary
        passed_over: list[str] = []
        append_staged(connection, "listed", _LISTED.empty_table())
        files = scan_landing(run.settings.landing, settle_s=run.settings.settle_s, passed_over=passed_over)
        batches = _batches(files)
        while some := list(islice(batches, _BATCHES_AN_INSERT)):
            summary.files_seen += sum(batch.num_rows for batch in some)
            append_staged(connection, "listed", pa.Table.from_batches(some))
        for path in passed_over:
            run.warn(f"{path} is no regular file; it was passed over.")
        _refuse_emptiness(run)
        connection.execute(script("look"))
        summary.deferred = run.count("FROM work.seen WHERE state = 'deferred'")
        summary.unchanged = summary.files_seen - run.count("FROM work.seen WHERE state <> 'unchanged'")
        summary.vanished = run.count("FROM work.vanished")


def _batches(files: Iterator[LandingFile]) -> Iterator[pa.RecordBatch]:
    while some := list(islice(files, _LISTED_AT_ONCE)):
        columns = zip(zip(*some, strict=True), _LISTED.types, strict=True)
        yield pa.record_batch([pa.array(column, type_) for column, type_ in columns], schema=_LISTED)


def _refuse_emptiness(run: Run) -> None:
    if run.summary.files_seen:
        return
    known = run.count("FROM base.etl.landing_file WHERE landing = getvariable('landing') AND missing_since IS NULL")
    if known:
        msg = f"the landing folder has no page files, but the ledger knows {known}."
        raise LandingError(
            msg,
            path=str(run.settings.landing),
            code="landing-empty",
            advice="Is its disk mounted? If the pages are gone on purpose, leave one file there.",
        )
    run.warn(f"The landing folder {run.settings.landing} has no page files (*.txt) yet; there is nothing to do.")

"""The landing folder against the ledger: what is new, changed, too young, or gone. No page is read for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.address import StoreUrl
from esf_etl.errors import LandingError
from esf_etl.inbox import scan_landing
from esf_etl.warehouse.database import script
from esf_etl.warehouse.rebuilding import lost_by_rebuilding
from esf_etl.warehouse.staging import append_listed

if TYPE_CHECKING:
    from esf_etl.run import Run

__all__ = ["look"]


def look(run: Run) -> None:
    """List the landing folder and compare it with the ledger.

    Raises `LandingError` for a folder that is missing, cannot be listed, or has no page although the ledger knows some.
    """
    with run.told("look"):
        connection, summary = run.connection, run.summary
        passed_over: list[str] = []
        files = scan_landing(run.settings.landing, settle_s=run.settings.settle_s, passed_over=passed_over)
        summary.files_seen = append_listed(connection, files, names_twice=isinstance(run.settings.landing, StoreUrl))
        for path in passed_over:
            run.warn(f"{path} is no regular file; it was passed over.")
        _refuse_emptiness(run)
        _say_what_is_lost(run)
        connection.execute(script("difference"))
        connection.execute(script("look"))
        summary.deferred = run.count("FROM work.seen WHERE state = 'deferred'")
        summary.unchanged = summary.files_seen - run.count("FROM work.seen WHERE state <> 'unchanged'")
        summary.vanished = run.count("FROM work.vanished")


def _say_what_is_lost(run: Run) -> None:
    snapshot = run.folder.standing_snapshot() if run.settings.rebuild else None
    if snapshot is not None and (lost := lost_by_rebuilding(run.connection, snapshot, run.settings.landing_name)):
        run.warn(lost)


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
            advice="Is its disk mounted, its prefix right? If the pages are gone on purpose, leave one file there.",
        )
    run.warn(f"The landing folder {run.settings.landing} has no page files (*.txt) yet; there is nothing to do.")

"""The landing folder against the ledger: what is new, changed, too young, or gone. No page is read for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.address import StoreUrl
from esf_etl.errors import LandingError
from esf_etl.inbox import scan_landing
from esf_etl.warehouse.database import fit_memory, script
from esf_etl.warehouse.overriding import counts_of, mark_misread, overrides_of, stage_overrides
from esf_etl.warehouse.rebuilding import lost_by_rebuilding
from esf_etl.warehouse.staging import append_listed

if TYPE_CHECKING:
    from esf_etl.run import Run

__all__ = ["look", "tell_of_overrides"]

_SIZES = "SELECT size_bytes FROM work.listed UNION ALL FROM base.etl.landing_file SELECT size_bytes"
"""Of all files that are there, and of those that left, which may be in the warehouse still."""

_NAMED_MOST = 100
"""So many links, pipes and the like are named: a folder full of them must not fill the journal."""


_OLDER = (
    "FROM base.etl.landing_file AS known ANTI JOIN work.todo AS todo ON todo.path = known.path"
    " WHERE known.landing = getvariable('landing') AND known.missing_since IS NULL"
    " AND known.parser_version <> getvariable('parser_version')"
)


def look(run: Run) -> None:
    """List the landing folder and compare it with the ledger.

    Raises `LandingError` for a folder that is missing, cannot be listed, or has no page although the ledger knows some,
    and `EsfEtlError` (`overrides-invalid`, `overrides-missing`) for an overrides file that cannot be applied.
    """
    with run.told("look"):
        connection, summary = run.connection, run.summary
        run.overrides = overrides_of(run.settings, connection, run.folder.standing_snapshot())
        passed_over: list[str] = []
        files = scan_landing(run.settings.landing, settle_s=run.settings.settle_s, passed_over=passed_over)
        summary.files_seen = append_listed(connection, files, names_twice=isinstance(run.settings.landing, StoreUrl))
        for path in passed_over[:_NAMED_MOST]:
            run.warn(f"{path} is no regular file; it was passed over.")
        if (more := len(passed_over) - _NAMED_MOST) > 0:
            run.warn(f"{more} more that are no regular files were passed over.")
        _refuse_emptiness(run)
        if not run.settings.dry_run:  # which has no folder to spill to, and no limit of ours
            fit_memory(connection, _SIZES)
        forgotten = run.suppression.forgotten() if run.suppression else None
        run.overrides_changed = stage_overrides(connection, run.overrides, forgotten)
        summary.ignored = run.count("FROM work.left_unread")
        summary.files_seen -= summary.ignored
        _say_what_is_lost(run)
        connection.execute(script("difference"))
        mark_misread(connection)
        connection.execute(script("look"))
        summary.deferred = run.count("FROM work.seen WHERE state = 'deferred'")
        summary.unchanged = summary.files_seen - run.count("FROM work.seen WHERE state <> 'unchanged'")
        summary.vanished = run.count("FROM work.vanished")
        summary.read_by_older_parser = run.count(_OLDER)


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
            transient=True,
        )
    run.warn(f"The landing folder {run.settings.landing} has no page files (*.txt) yet; there is nothing to do.")


def tell_of_overrides(run: Run, *, after: bool) -> None:
    """Put the overrides in force into the summary, and warn of those that match nothing.

    `after` a run that read something, they are as it leaves them, else as it found them.
    """
    table = "override_after" if after else "override_before"
    run.summary.overrides, unmatched = counts_of(run.connection, table)
    run.summary.overrides_unmatched = len(unmatched)
    if unmatched:
        lines = f"line{'s' if len(unmatched) > 1 else ''} {', '.join(map(str, unmatched))}"
        run.warn(f"{lines} of the overrides file: no page in the landing folder comes under it, or none read so far.")

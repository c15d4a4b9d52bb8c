"""A run that writes to a lake: the same steps over the same SQL, where a transaction's commit is the publication.

What differs from a run into a folder: the tables of before are the lake's newest snapshot, the copy is the lake itself
within one transaction, the audit is held before its commit, and the election is held again where another job has
published since this one looked. The folder of the warehouse holds the run's own things: lock, journal, staging.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import duckdb

from esf_etl.errors import UsageError, WarehouseError
from esf_etl.intake import elect_versions
from esf_etl.reports.views import create_reports
from esf_etl.run import Run
from esf_etl.summary import run_row
from esf_etl.warehouse.audit import audit
from esf_etl.warehouse.create import create_schema, refresh_reference
from esf_etl.warehouse.failure import cause_of
from esf_etl.warehouse.lake.address import read_lake
from esf_etl.warehouse.lake.attach import (
    WRITER,
    attach_lake,
    is_made,
    load_extensions,
    newest_snapshot,
    open_lake,
    writing,
)
from esf_etl.warehouse.lake.ending import PLACES_MOST, end_versions
from esf_etl.warehouse.lake.layout import lay_out
from esf_etl.warehouse.lake.release import refuse_other_release
from esf_etl.warehouse.lake.state import runs_among
from esf_etl.warehouse.overriding import write_overrides
from esf_etl.warehouse.recovery import Published, known_runs
from esf_etl.warehouse.upsert import COPY, record_runs, upsert
from esf_schemas import DUCKLAKE

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from esf_etl.batch import ChunkMapper
    from esf_etl.progress import Progress
    from esf_etl.settings import IngestSettings

__all__ = ["LAST_STEPS", "LakeRun", "lake_failed"]


def lake_failed(run: Run, problem: duckdb.Error) -> BaseException:
    """What a run into a lake failed of, where the database says so: most often that its server has gone."""
    if isinstance(problem, duckdb.OutOfMemoryException):
        return cause_of(problem, run.folder.root)
    msg = f"the lake could not be read or written: {str(problem).partition(chr(10))[0]}"
    advice = "Nothing was published. Is its PostgreSQL running, and is there space for its files? Then run it again."
    return WarehouseError(msg, code="write-failed", path=run.summary.warehouse, advice=advice)


class LakeRun(Run):
    """The state of one run into a lake between its steps."""

    def __init__(
        self, settings: IngestSettings, progress: Progress, *, parse_elsewhere: ChunkMapper | None = None
    ) -> None:
        super().__init__(settings, progress, parse_elsewhere=parse_elsewhere)
        self.lake = read_lake(settings.lake or "", settings.lake_data)
        for name in ("rebuild", "with_contacts"):
            if getattr(settings, name):
                msg = f"{name} is for a warehouse in a folder."
                advice = {
                    "rebuild": "Make a new lake instead: other jobs write to this one.",
                    "with_contacts": "A vault is the matter of one machine; keep one with a run into a folder.",
                }[name]
                raise UsageError(msg, advice=advice)
        self.summary.warehouse = str(self.lake)
        self.snapshot = 0
        self._committed = False
        self._nobody_knows = False
        self._writer = ExitStack()
        self._locks: list[Callable[[], None]] = []

    def _open_base(self, stack: ExitStack, connection: DuckDBPyConnection) -> None:
        """Attach the lake to write to as `esf`, and its newest snapshot as `base`; make it where it is empty."""
        stack.callback(self._let_go)
        stack.push(self._writer)
        load_extensions(connection)
        connection.execute(f"SET dynamic_or_filter_threshold = {PLACES_MOST}")
        if not self.settings.dry_run:
            what = f"landing {self.settings.landing_name}"
            self._locks = [stack.enter_context(writing(connection, self.lake, what, wait=False))]
            attach_lake(connection, self.lake, COPY, options=[])
            if not is_made(connection, COPY):
                self._make(connection)
            self.snapshot = newest_snapshot(connection, COPY)
        open_lake(connection, self.lake, "base", snapshot=self.snapshot or None)
        refuse_other_release(connection, "base", self.lake)

    def _make(self, connection: DuckDBPyConnection) -> None:
        with writing(connection, self.lake, WRITER, wait=True):
            connection.execute("BEGIN")
            if not is_made(connection, COPY):  # somebody may have made it while we waited
                create_schema(connection, COPY, dialect=DUCKLAKE)
                create_reports(connection, COPY, dialect=DUCKLAKE)
            connection.execute("COMMIT")
            lay_out(connection, COPY)

    def write(self) -> None:
        """Bring the new rows into the lake, in a transaction that stays open."""
        connection, summary = self.connection, self.summary
        with self.told("copy"):
            self._locks.append(self._writer.enter_context(writing(connection, self.lake, WRITER, wait=True)))
            self._hold_locks()
            self._take_the_newest_base()
        with self.told("write"):
            connection.execute("BEGIN")
            if self.count(f"FROM {COPY}.etl.run WHERE run_id = '{self.run_id}'"):
                msg = "another job has a run of the very same time."
                raise WarehouseError(msg, path=str(self.lake), advice="Run it again.")
            refresh_reference(connection, COPY)
            create_reports(connection, COPY, dialect=DUCKLAKE)
            upsert(connection, self.aside, end_versions=end_versions)
            write_overrides(connection, COPY)
            summary.outcome = "published"
            self.count_warehouse(COPY)
            self.close()
            record_runs(connection, [*known_runs(self.folder), run_row(summary.to_dict())])

    def _take_the_newest_base(self) -> None:
        """Where another job has published since this one looked, decide again by what is there now."""
        connection = self.connection
        newest = newest_snapshot(connection, COPY)
        if newest != self.snapshot:
            connection.execute("DETACH base")
            open_lake(connection, self.lake, "base", snapshot=newest)
            self.snapshot = newest
            elect_versions(self)
        # Versions are told apart by their times, which rise in the order in which jobs write, whatever their clocks do.
        row = connection.execute("SELECT max(greatest(valid_from, valid_to)) FROM base.history.project").fetchone()
        last: datetime | None = row[0] if row else None
        if last is not None and last >= self.run_at:
            connection.execute("SET VARIABLE run_at = $value", {"value": last + timedelta(microseconds=1)})

    def hold_to_audit(self) -> None:
        """Hold what the transaction will publish to the contracts."""
        with self.told("audit"):
            audit(self.connection, self.aside)
            self.drop_aside()

    def publish(self) -> None:
        """Commit: from here on readers see it."""
        with self.told("commit"):
            self._hold_locks()
            try:
                self._commit()
                self._committed = True
            except duckdb.Error:
                # A connection that breaks now may have brought the commit there, but not the answer back.
                self._committed = self._is_there()
                if not self._committed:
                    raise
        self._writer.close()

    def _commit(self) -> None:
        self.connection.execute("COMMIT")

    def _is_there(self) -> bool:
        try:
            return self.run_id in runs_among(self.lake, [self.run_id])
        except WarehouseError:
            self._nobody_knows = True
            return False

    def _record(self) -> None:
        """Write the ended line; where nobody can tell whether the run has published, the next one writes it."""
        if self._nobody_knows:
            self.warn(
                "The lake went away during the commit: the next run will say in the journal whether this one did."
            )
            return
        super()._record()

    def _publishers(self) -> Published:
        return partial(runs_among, self.lake)

    def _let_go(self) -> None:
        """End an open transaction: where its server has gone, DuckDB would end the process when it is closed."""
        for statement in ("ROLLBACK", f"DETACH {COPY}", "DETACH base"):
            with suppress(duckdb.Error):
                self.connection.execute(statement)

    def _hold_locks(self) -> None:
        for hold in self._locks:
            hold()

    def _has_published(self) -> bool:
        return self._committed


def _of_lake(call: Callable[[LakeRun], None]) -> Callable[[Run], None]:
    def step(run: Run) -> None:
        assert isinstance(run, LakeRun)  # noqa: S101 - the pipeline made it
        call(run)

    return step


LAST_STEPS: tuple[tuple[str, Callable[[Run], None]], ...] = (
    ("write", _of_lake(LakeRun.write)),
    ("audit", _of_lake(LakeRun.hold_to_audit)),
    ("publish", _of_lake(LakeRun.publish)),
)
"""What is done where there is something new, in its order, by the names of the steps."""

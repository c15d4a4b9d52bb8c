"""The state of one run between its steps, its place in the journal, and the databases it has open."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.errors import AuditFailed, EsfEtlError, WarehouseError
from esf_etl.landing import path_text
from esf_etl.pages.parser import PARSER_VERSION
from esf_etl.summary import RunSummary
from esf_etl.warehouse import journal, publish
from esf_etl.warehouse.database import attach, count_rows, foreign_wal, workspace
from esf_etl.warehouse.folder import DATABASE, FOLDER_MODE, WarehouseFolder
from esf_etl.warehouse.recovery import Published, next_run_time, put_right, run_id_of, settle_vault
from esf_etl.warehouse.seal import hold_to_journal
from esf_etl.warehouse.staging import WORK, ledger_of_base
from esf_schemas import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from duckdb import DuckDBPyConnection

    from esf_etl.batch import ChunkMapper
    from esf_etl.overrides import Override
    from esf_etl.progress import Progress
    from esf_etl.settings import IngestSettings
    from esf_etl.warehouse.suppression import Suppression

__all__ = ["Run"]


class Run:
    """The state of one run between its steps."""

    def __init__(
        self, settings: IngestSettings, progress: Progress, *, parse_elsewhere: ChunkMapper | None = None
    ) -> None:
        self.settings = settings
        self.parse_elsewhere = parse_elsewhere
        self.folder = WarehouseFolder(settings.warehouse)
        self.folder.refuse_file()
        self.progress = progress
        self._stage: tuple[str, float] | None = None
        self.run_at = next_run_time(self.folder)
        self.run_id = run_id_of(self.run_at)
        self.summary = RunSummary(
            run_id=self.run_id,
            started_at=self.run_at,
            landing=path_text(str(settings.landing)),
            landing_name=settings.landing_name,
            warehouse=path_text(str(settings.warehouse)),
            parser_version=PARSER_VERSION,
            dry_run=settings.dry_run,
        )
        self.staging = self.folder.staging / self.run_id
        self.base: Path | None = None
        self.aside: dict[str, list[str]] = {}
        self.suppression: Suppression | None = None
        self.overrides: list[Override] = []
        self.overrides_changed = False

    def begin(self) -> None:
        """Under the lock: put right what a killed run left, and put this one into the journal."""
        # A rebuild is the way out where `current` points to nothing; for every other run that is an error.
        current = self.folder.standing_snapshot() if self.settings.rebuild else self.folder.current_snapshot()
        put_right(self.folder, current, published=self._publishers())
        self.run_at = next_run_time(self.folder)
        self.run_id = run_id_of(self.run_at)
        self.summary.run_id, self.summary.started_at = self.run_id, self.run_at
        self.staging = self.folder.staging / self.run_id
        self.folder.staging.mkdir(FOLDER_MODE, exist_ok=True)
        self.staging.mkdir(FOLDER_MODE)
        summary = self.summary.to_dict()
        names = ("run_id", "started_at", "landing", "landing_name", "parser_version")
        journal.append(self.folder.journal, {"event": "started", **{name: summary[name] for name in names}})

    def open(self, stack: ExitStack) -> None:
        """Open the workspace, with the current snapshot attached as `base` (an empty one where there is none)."""
        if self.settings.with_contacts or self.folder.private.is_dir():
            from esf_etl.warehouse.suppression import read_suppression

            self.suppression = read_suppression(self.folder)
        temporary = None if self.settings.dry_run else self.staging
        connection = stack.enter_context(workspace(temporary))
        self.connection = connection
        connection.execute(f"CREATE SCHEMA {WORK}")
        self._open_base(stack, connection)
        ledger_of_base(connection)
        variables = {
            "landing": self.settings.landing_name,
            "run_id": self.run_id,
            "run_at": self.run_at,
            "parser_version": PARSER_VERSION,
            "reprocess": self.settings.reprocess,
        }
        for name, value in variables.items():
            connection.execute(f"SET VARIABLE {name} = $value", {"value": value})

    def _open_base(self, stack: ExitStack, connection: DuckDBPyConnection) -> None:  # noqa: ARG002 - a lake's run needs it
        self.base = None if self.settings.rebuild else self.folder.current_snapshot()
        if self.base is None:
            # Imported here: on every night but the first it is not needed.
            from esf_etl.warehouse.create import create_schema

            connection.execute("ATTACH ':memory:' AS base")
            create_schema(connection, "base")
        else:
            self._attach_base(connection, self.base)

    def _attach_base(self, connection: DuckDBPyConnection, snapshot: Path) -> None:
        manifest = publish.read_manifest(snapshot)
        if manifest.schema_version != SCHEMA_VERSION:
            msg = f"its tables have version {manifest.schema_version}, this release writes version {SCHEMA_VERSION}."
            raise WarehouseError(
                msg,
                code="schema-version",
                path=str(snapshot),
                advice="Use the release that wrote it, or load all pages anew with --rebuild.",
            )
        hold_to_journal(self.folder, snapshot)
        database = snapshot / DATABASE
        if wal := foreign_wal(database):
            self.warn(
                f"{wal} lies beside the published database: somebody opened that file for writing. It was not read, and"
                " is no part of any snapshot; remove it."
            )
            if self.settings.dry_run:
                msg = "a write-ahead log lies beside the published database; a dry run has no place to work around it."
                raise WarehouseError(msg, code="foreign-wal", path=str(wal), advice="Remove it.")
            # Under another name no log lies beside it, so that DuckDB reads the published bytes alone.
            aside = self.staging / "base.duckdb"
            aside.hardlink_to(database)
            database = aside
        try:
            attach(connection, database, "base", read_only=True)
        except WarehouseError as problem:
            if problem.code != "database-held" or self.settings.dry_run:
                raise
            self.warn(f"{problem.message} It was not waited for: the run reads a copy. Close that program.")
            # No lock is on a copy, and its checksum tells whether that program has changed the file.
            held = self.staging / "held.duckdb"
            publish.copy_database(snapshot, held)
            attach(connection, held, "base", read_only=True)

    def end(self) -> None:
        """The run has come to its end: clear up and write the journal."""
        with self._clearing_up():
            publish.remove_tree(self.staging)
            settle_vault(self.folder)
        self._begin_stage("record")
        self.close()
        self._finish_stage()
        self._record()

    def _publishers(self) -> Published | None:
        """What says which runs have published, where that is not to be seen in the folder."""
        return None

    def close(self) -> None:
        """The work is done: this is its time in every record of the run."""
        self.summary.ended_at = max(datetime.now(UTC).replace(tzinfo=None), self.run_at)

    def fail(self, problem: BaseException) -> None:
        """The run ends with an error: keep the copy where the audit refused it, and write the journal.

        What came after the flip was clearing up: that run has published, however it ends.
        """
        if self._has_published():
            self.end()
            return
        self.summary.outcome, self.summary.snapshot = "failed", None
        self.summary.error_code = problem.code if isinstance(problem, EsfEtlError) else type(problem).__name__
        self.summary.error_message = str(problem) if isinstance(problem, EsfEtlError) else type(problem).__name__
        with self._clearing_up():
            self.drop_aside()
            settle_vault(self.folder)
            if isinstance(problem, AuditFailed):
                publish.remove_tree(self.folder.failed)
                self.folder.failed.mkdir(FOLDER_MODE)
                self.staging.rename(self.folder.failed / self.run_id)
            else:
                publish.remove_tree(self.staging)
        self._finish_stage()
        self.close()
        self._record()

    @contextmanager
    def _clearing_up(self) -> Iterator[None]:
        """What cannot be cleared up changes nothing of what became of the run: it is told, and left to the next."""
        try:
            yield
        except (OSError, WarehouseError) as problem:
            self.warn(f"what this run had put aside could not all be removed; the next run will try again: {problem}")

    def _record(self) -> None:
        """Write the ended line. Where that cannot be, the next run writes one, from what is published by then."""
        try:
            journal.append(self.folder.journal, journal.ended(self.summary.to_dict()))
        except OSError as problem:
            self.warn(
                f"{self.folder.journal} could not be written ({problem.strerror}): it does not say how this run ended"
                " until the next one puts that right."
            )

    def _has_published(self) -> bool:
        return self.folder.current.is_symlink() and self.folder.current.readlink().name == self.run_id

    def drop_aside(self) -> None:
        """Remove the rows that were put aside: they are in the copy, or will never be."""
        for path in (path for paths in self.aside.values() for path in paths):
            Path(path).unlink(missing_ok=True)

    @contextmanager
    def told(self, stage: str) -> Iterator[None]:
        """Do the work of a stage: it is told, and timed."""
        self._begin_stage(stage)
        yield
        self._finish_stage()

    def _begin_stage(self, name: str) -> None:
        self._finish_stage()
        self._stage = (name, time.perf_counter())
        self.progress.stage(name)

    def _finish_stage(self) -> None:
        if self._stage is not None:
            name, since = self._stage
            self.summary.stages_s[name] = round(time.perf_counter() - since, 3)
            self._stage = None

    def warn(self, message: str) -> None:
        """Say now and in the summary what a person should know."""
        self.summary.warnings.append(message)
        self.progress.warn(message)

    def count(self, query: str) -> int:
        """How many rows a query of ours has."""
        return count_rows(self.connection, query)

    def count_warehouse(self, database: str) -> None:
        """Put into the summary what an attached database holds."""
        summary = self.summary
        summary.projects = self.count(f"FROM {database}.main.project")
        summary.findings = self.count(f"FROM {database}.etl.finding")
        summary.standing_rejects = self.count(f"SELECT DISTINCT landing, path FROM {database}.etl.reject")  # noqa: S608

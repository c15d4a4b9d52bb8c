"""The warehouse folder: where its parts stand, and the lock that keeps it to one writer."""

from __future__ import annotations

import json
import os
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from esf_etl.errors import LockHeld, WarehouseError
from esf_etl.warehouse.disk import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DATABASE", "FOLDER_MODE", "MANIFEST", "PAGE", "PARQUET", "WarehouseFolder"]

DATABASE = "esf.duckdb"
PARQUET = "parquet"
MANIFEST = "manifest.json"
PAGE = "report.html"

FOLDER_MODE = 0o755
"""Whatever the umask allows: nobody else may put another snapshot in the place of a published one."""


@dataclass(frozen=True, slots=True)
class WarehouseFolder:
    """Names the parts of a warehouse folder; reads and creates nothing until asked."""

    root: Path

    @property
    def current(self) -> Path:
        """The symlink to the published snapshot."""
        return self.root / "current"

    @property
    def snapshots(self) -> Path:
        """The folder of published snapshots, one a publishing run, named by its run id."""
        return self.root / "snapshots"

    @property
    def staging(self) -> Path:
        """Where a run works before it publishes; what lies here was left by a run that was killed."""
        return self.root / "staging"

    @property
    def failed(self) -> Path:
        """Where the copy that failed its audit is kept for inspection, the last one only."""
        return self.root / "failed"

    @property
    def search(self) -> Path:
        """Where the search keeps its indexes; a run neither reads nor needs it."""
        return self.root / "search"

    @property
    def report_page(self) -> Path:
        """The report page of the last publication, where somebody made it."""
        return self.root / PAGE

    @property
    def metrics(self) -> Path:
        """The metrics of the last run, for Prometheus, unless a run was told of another place."""
        return self.root / "metrics.prom"

    @property
    def private(self) -> Path:
        """Where personal data lie: the vault of contacts, and the list of whom to forget. Made only when needed."""
        return self.root / "private"

    @property
    def journal(self) -> Path:
        """The journal of all runs, a JSON object a line."""
        return self.root / "runs.jsonl"

    @property
    def lock_file(self) -> Path:
        """The file whose lock a writer holds."""
        return self.root / "run.lock"

    @property
    def lock_holder(self) -> Path:
        """Who holds the lock, for a message to whoever is refused."""
        return self.root / "run.lock.json"

    def current_snapshot(self) -> Path | None:
        """The folder that `current` points to, or None where nothing is published.

        Raises `WarehouseError` where the link points to nothing: a snapshot was removed by hand.
        """
        if not self.current.is_symlink():
            if self.current.exists():
                msg = "it is no symlink; a published snapshot is one."
                raise WarehouseError(msg, path=str(self.current), advice="Move it away.")
            return None
        snapshot = self.root / self.current.readlink()
        if not snapshot.is_dir():
            what = "no folder" if snapshot.exists() else "not there"
            msg = f"it points to {self.current.readlink()}, which is {what}."
            raise WarehouseError(
                msg,
                path=str(self.current),
                advice="Go back to a snapshot with `esf-etl restore`, or move it away to begin anew.",
            )
        return snapshot

    def standing_snapshot(self) -> Path | None:
        """The same, but None also where the link points to nothing: for whoever will point it elsewhere."""
        try:
            return self.current_snapshot()
        except WarehouseError:
            if self.current.is_symlink():
                return None
            raise

    def refuse_file(self) -> None:
        """Raise `WarehouseError` where the path is one of a file, or of something in one."""
        if any(path.exists() and not path.is_dir() for path in (self.root, *self.root.parents)):
            msg = "it is no folder; a warehouse is one."
            raise WarehouseError(msg, path=str(self.root), advice="Name another with --warehouse.")

    def create(self) -> None:
        """Make the folder and its parts. Raises `WarehouseError` where that cannot be."""
        self.refuse_file()
        try:
            make_folder(self.snapshots, FOLDER_MODE)
        except OSError as problem:
            msg = f"the warehouse folder cannot be made or written: {problem.strerror}."
            raise WarehouseError(msg, path=str(self.root), advice="Check the path and its permissions.") from problem

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the only writer; raises `LockHeld`, naming the holder, where another run has it.

        The kernel frees the lock with the process that holds it, however that ends.
        """
        lock = FileLock(self.lock_file, mode=0o644, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout as problem:
            raise self._held() from problem
        except OSError as problem:
            msg = f"the lock file cannot be written: {problem.strerror}."
            raise WarehouseError(msg, path=str(self.lock_file), advice="Check its permissions.") from problem
        try:
            since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
            self.lock_holder.write_text(json.dumps(holder) + "\n", encoding="utf-8")
            yield
        finally:
            self.lock_holder.unlink(missing_ok=True)
            lock.release()

    def _held(self) -> LockHeld:
        try:
            holder = json.loads(self.lock_holder.read_text(encoding="utf-8"))
            who = f"process {holder['pid']} on {holder['host']}, since {holder['since']},"
        except (OSError, ValueError, KeyError, TypeError):
            who = "another process"
        msg = f"another run is writing this warehouse: {who} holds the lock."
        return LockHeld(msg, path=str(self.root), advice="Wait until it has ended; nothing was done.")

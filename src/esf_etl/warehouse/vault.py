"""The vault of contacts: a database of its own in the private folder, replaced whole or not at all (DESIGN §6).

It holds the contact of each project's newest page and nothing older: a row that goes is not deleted, which would leave
its bytes, but left out of the next file. The new file is renamed into place just before `current` is flipped, the old
one being kept under the run's name until the flip is done; what a run that dies between the two leaves is put right by
`settle`, so that vault and published snapshot are always those of one run.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from esf_etl.errors import AuditFailed, WarehouseError
from esf_etl.warehouse.database import attach, foreign_wal, workspace
from esf_etl.warehouse.disk import fsync
from esf_etl.warehouse.publish import remove_tree
from esf_etl.warehouse.staging import WORK, loaded_batches
from esf_etl.warehouse.suppression import make_private, open_private, private_umask
from esf_schemas import comment_sql, contract, create_table_sql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.folder import WarehouseFolder
    from esf_etl.warehouse.suppression import Suppression

__all__ = ["VAULT", "ArrivingContacts", "build_vault", "place_vault", "replace_vault", "settle", "vault_contacts"]

VAULT = "contacts.duckdb"

_ARRIVING = "arriving.arrow"
_NEW = "contacts.new.duckdb"
_SPILL = "spill"
_BEFORE = re.compile(r"contacts\.before\.(?P<run>[0-9TZ.]+)\.duckdb")
_ID = pa.schema([("project_id", pa.string())])


class ArrivingContacts:
    """The contacts of the pages of a run, put aside in the private folder as the pages are read.

    They are in memory only a batch at a time. Whoever is suppressed is left out here already.
    """

    def __init__(self, folder: WarehouseFolder, suppression: Suppression) -> None:
        make_private(folder)
        self.path = folder.private / _ARRIVING
        self._file = open_private(self.path)
        self._writer: pa.RecordBatchFileWriter | None = None
        self._forgotten = suppression.forgotten()
        self._ended_before = suppression.ended_before

    def add(self, contacts: pa.Table, projects: pa.Table) -> None:
        """Put aside the rows of the staged table `contact` that say something; `projects` are theirs."""
        present = pc.or_(
            pc.or_(pc.is_valid(contacts["name"]), pc.is_valid(contacts["email"])), pc.is_valid(contacts["phone"])
        )
        rows = contacts.filter(present)
        if self._ended_before is not None:
            ended = dict(zip(projects["file_no"].to_pylist(), _last_days(projects), strict=True))
            kept = [ended[number] >= self._ended_before for number in rows["file_no"].to_pylist()]
            rows = rows.filter(pa.array(kept, pa.bool_()))
        if self._forgotten is not None:
            forgotten = self._forgotten
            texts = zip(*(rows[name].to_pylist() for name in ("name", "email", "phone")), strict=True)
            rows = rows.filter(pa.array([not forgotten.holds(*some) for some in texts], pa.bool_()))
        if self._writer is None:
            self._writer = pa.ipc.new_file(self._file, rows.schema)
        self._writer.write_table(rows)

    def close(self) -> None:
        """All are put aside."""
        if self._writer is not None:
            self._writer.close()
        self._file.close()


def _last_days(projects: pa.Table) -> list[date]:
    """The last day of each project: as its page says, else the last of its programme period."""
    periods = projects["programme_period"].to_pylist()
    return [
        day if day is not None else date(int(period[-4:]), 12, 31)
        for day, period in zip(projects["period_end"].to_pylist(), periods, strict=True)
    ]


def build_vault(folder: WarehouseFolder, work: DuckDBPyConnection, *, with_contacts: bool, anew: bool) -> int | None:
    """Write the vault as it will be after this run beside the one that is; returns how many contacts were left out.

    `work` is the workspace of the run, after its election. With contacts, every project that has a page in this run
    gets the contact of its newest page, or none. Without them, a project with a new version loses its contact: it
    would be that of another version. A project that is none any more loses it in any case. `anew` begins with an empty
    vault. None where there is nothing to write.
    """
    old = folder.private / VAULT
    if not with_contacts and not old.exists():
        return None
    which = "is_newest_page" if with_contacts else "outcome = 'loaded'"
    replaced = work.execute(
        f"SELECT project_id FROM {WORK}.election WHERE {which} UNION SELECT project_id FROM {WORK}.disowned"
    ).to_arrow_table()
    if not replaced.num_rows and not anew and old.exists():
        return None
    with _new_vault(folder) as connection:
        dropped = 0 if anew else _keep(connection, old, replaced)
        if with_contacts:
            _insert_arriving(connection, folder.private / _ARRIVING, _newest_pages(work))
        _hold_to_key(connection)
    return dropped


def _newest_pages(work: DuckDBPyConnection) -> pa.Array:
    """For each file number of the run, from 0, whether it is the newest page of its project."""
    found = work.execute(
        f"SELECT coalesce(election.is_newest_page, FALSE) AS newest FROM {WORK}.todo AS todo"
        f" LEFT JOIN {WORK}.election AS election ON election.file_no = todo.file_no ORDER BY todo.file_no"
    ).to_arrow_table()
    return found["newest"].combine_chunks()


def _insert_arriving(connection: DuckDBPyConnection, path: Path, newest: pa.Array) -> None:
    if not path.stat().st_size:
        return  # a run without a page
    schema = pa.ipc.open_file(pa.memory_map(str(path))).schema
    connection.register("arriving", pa.RecordBatchReader.from_batches(schema, loaded_batches(str(path), newest)))
    connection.execute("INSERT INTO new.vault.contact SELECT project_id, name, email, phone FROM arriving")
    connection.unregister("arriving")


def replace_vault(folder: WarehouseFolder, gone: list[str]) -> None:
    """Put a vault without the contacts of these projects into the place of the one that is, at once."""
    with _new_vault(folder) as connection:
        _keep(connection, folder.private / VAULT, pa.table({"project_id": gone}, schema=_ID))
        _hold_to_key(connection)
    (folder.private / _NEW).replace(folder.private / VAULT)
    fsync(folder.private)


def vault_contacts(folder: WarehouseFolder) -> list[tuple[str, str | None, str | None, str | None]]:
    """All contacts: project, name, e-mail address, phone number; none where there is no vault."""
    old = folder.private / VAULT
    if not old.exists():
        return []
    with workspace(folder.private / _SPILL) as connection:
        _attach_old(connection, old)
        return connection.execute("SELECT project_id, name, email, phone FROM old.vault.contact").fetchall()


@contextmanager
def _new_vault(folder: WarehouseFolder) -> Iterator[DuckDBPyConnection]:
    """An empty vault attached as `new`; when it is left without an error it lies on the disk, whole."""
    make_private(folder)
    path = folder.private / _NEW
    path.unlink(missing_ok=True)
    with private_umask(), workspace(folder.private / _SPILL) as connection:
        attach(connection, path, "new", read_only=False)
        connection.execute("CREATE SCHEMA new.vault")
        connection.execute(create_table_sql(contract("contact"), "new.vault"))
        connection.execute(comment_sql(contract("contact"), "new.vault"))
        yield connection
        connection.execute("CHECKPOINT new")
        connection.execute("DETACH new")
    fsync(path)
    fsync(folder.private)


def _keep(connection: DuckDBPyConnection, old: Path, gone: pa.Table) -> int:
    """Take over the rows of the old vault but for those of some projects; returns how many were left."""
    if not old.exists():
        return 0
    _attach_old(connection, old)
    connection.register("gone", gone)
    [(left,)] = connection.execute(
        "SELECT count(*) FROM old.vault.contact SEMI JOIN gone USING (project_id)"
    ).fetchall()
    connection.execute("INSERT INTO new.vault.contact FROM old.vault.contact ANTI JOIN gone USING (project_id)")
    connection.unregister("gone")
    connection.execute("DETACH old")
    return int(left)


def _attach_old(connection: DuckDBPyConnection, old: Path) -> None:
    """Attach the vault as `old`. Raises `WarehouseError` (`vault-damaged`) where it cannot be read."""
    msg = "the vault of contacts cannot be read."
    advice = (
        "Nothing was changed. Close whatever writes to it; else move it away and ingest --reprocess --with-contacts."
    )
    if wal := foreign_wal(old):
        raise WarehouseError(
            "a write-ahead log lies beside the vault: somebody opened it for writing.",
            code="foreign-wal",
            path=str(wal),
            advice="Close what writes to the vault, and remove the log if it stays.",
        )
    try:
        attach(connection, old, "old", read_only=True)
        connection.execute("SELECT count(*) FROM old.vault.contact")
    except (WarehouseError, duckdb.Error) as problem:
        raise WarehouseError(msg, code="vault-damaged", path=str(old), advice=advice) from problem


def _hold_to_key(connection: DuckDBPyConnection) -> None:
    twice = connection.execute(
        "SELECT 1 FROM new.vault.contact GROUP BY project_id HAVING count(*) > 1 LIMIT 1"
    ).fetchone()
    if twice is not None:
        msg = "the new vault has two contacts of one project."
        raise AuditFailed(msg, advice="Nothing was published. This is a bug.")


def place_vault(folder: WarehouseFolder, run_id: str) -> None:
    """Put the vault that a run has built into place; the one that was stays under the run's name until `settle`.

    Where there was none, an empty file says so.
    """
    new, vault = folder.private / _NEW, folder.private / VAULT
    if not new.exists():
        return
    before = folder.private / f"contacts.before.{run_id}.duckdb"
    if vault.exists():
        os.link(vault, before)
    else:
        open_private(before).close()
    fsync(folder.private)
    new.replace(vault)
    fsync(folder.private)


def settle(folder: WarehouseFolder) -> None:
    """Under the lock: make the vault that of the published snapshot, and clear away what a run left beside it.

    A vault of before a run goes where that run was published, and comes back where it was not.
    """
    if not folder.private.is_dir():
        return
    current = folder.standing_snapshot()
    vault = folder.private / VAULT
    for path in sorted(folder.private.iterdir()):
        if found := _BEFORE.fullmatch(path.name):
            if current is None or current.name != found["run"]:
                _bring_back(path, vault)
            path.unlink(missing_ok=True)
        elif path.name == _SPILL:
            remove_tree(path)
        elif path.name.startswith((_ARRIVING, _NEW)) or path.name.endswith(".new"):
            path.unlink()
    fsync(folder.private)


def _bring_back(before: Path, vault: Path) -> None:
    if before.stat().st_size:
        before.replace(vault)  # does nothing where both are one file: the new one was not in place yet
    else:
        vault.unlink(missing_ok=True)

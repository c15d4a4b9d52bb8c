"""Forgetting: a person is taken out of vault and warehouse and kept out; contacts of long ago are purged.

What keeps them out is written first, so that whatever ends this half-way, nothing comes back, and doing it again
completes it.
"""

from __future__ import annotations

import unicodedata
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from esf_etl.errors import AuditFailed, EsfEtlError, LandingError, NotAProjectPage, UsageError, WarehouseError
from esf_etl.inbox import pages_bytes, scan_landing
from esf_etl.pages.decoding import clean_lines, decode
from esf_etl.pages.forgotten import Forgotten, hash_of
from esf_etl.pages.parser import parse_bytes
from esf_etl.progress import Silent
from esf_etl.reports.views import create_reports
from esf_etl.run import Run
from esf_etl.summary import run_row
from esf_etl.warehouse.create import create_schema
from esf_etl.warehouse.database import attach, fit_memory, foreign_wal, open_reader, workspace
from esf_etl.warehouse.failure import cause_of, in_words
from esf_etl.warehouse.folder import DATABASE, WarehouseFolder
from esf_etl.warehouse.publish import remove_tree
from esf_etl.warehouse.recovery import known_runs, put_right
from esf_etl.warehouse.rewriting import Held, copy_masked, search_database
from esf_etl.warehouse.suppression import Suppression, read_suppression, write_suppression
from esf_etl.warehouse.upsert import COPY, record_runs
from esf_etl.warehouse.vault import replace_vault, vault_contacts
from esf_etl.writing import publish_copy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from esf_etl.settings import IngestSettings

__all__ = ["Forgetting", "Purging", "forget", "purge"]

_UNIT_DAYS = {"d": 1, "w": 7}
_UNIT_MONTHS = {"m": 1, "y": 12}


@dataclass(slots=True)
class Forgetting:
    """What forgetting a person came to, or would; nothing here names the person.

    `masked` counts the different texts of what is published by table; `older_snapshots` and `landing_files` still
    hold the person, `unsearched` could not be looked into.
    """

    dry_run: bool
    contacts_removed: int = 0
    masked: dict[str, int] = field(default_factory=dict)
    snapshot: str | None = None
    older_snapshots: list[str] = field(default_factory=list)
    landing_files: list[str] = field(default_factory=list)
    unsearched: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Purging:
    """What a purge came to, or would: contacts of projects that ended before that day are gone and stay away."""

    dry_run: bool
    ended_before: date
    contacts_removed: int
    contacts_kept: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "ended_before": self.ended_before.isoformat()}


@dataclass(frozen=True, slots=True)
class _Person:
    """A person as typed, and what tells them in a text. `hint` stands in small letters in every text they are in."""

    typed: str = field(repr=False)
    told_by: Forgotten
    hint: str = field(repr=False)

    @classmethod
    def of(cls, typed: str, key: bytes) -> _Person:
        digest, words = hash_of(key, typed)
        plain = unicodedata.normalize("NFC", typed).strip().lower()
        parts = "".join(c if c.isalnum() else " " for c in plain).split()
        return cls(plain, Forgotten.of(key, {digest: words}), plain if words == 0 else max(parts, key=len))

    def is_on(self, text: str) -> bool:
        """Whether a saved page, on which names may be glued to labels, holds the person."""
        folded = " ".join(text.casefold().split())
        return " ".join(self.typed.casefold().split()) in folded or self.told_by.holds(text)


def forget(settings: IngestSettings, person: str) -> Forgetting:
    """Take a person, given by e-mail address or name, out of vault, tables and history, and keep them out.

    Raises `UsageError` for what is neither an address nor a whole name, `WarehouseError`, `LockHeld`.
    """
    hash_of(b"", person)  # refuses what cannot be meant, before anything is touched
    folder = _existing(settings.warehouse)
    result = Forgetting(settings.dry_run)
    with ExitStack() as stack:
        stack.enter_context(in_words(folder.root))
        if not settings.dry_run:
            stack.enter_context(folder.locked())
            put_right(folder, folder.current_snapshot())
        suppression = read_suppression(folder)
        told = _Person.of(person, suppression.key)
        if not settings.dry_run:
            write_suppression(folder, suppression.with_person(person))
        contacts = vault_contacts(folder)
        gone = [key for key, *texts in contacts if told.told_by.holds(*texts)]
        result.contacts_removed = len(gone)
        if gone and not settings.dry_run:
            replace_vault(folder, gone)
        _forget_published(settings, told, result)
        if not settings.dry_run:
            # Made of what was published before, and made anew when asked for: words of texts, names of organisations.
            remove_tree(folder.search)
            folder.report_page.unlink(missing_ok=True)
        _look_into_older(folder, told, result)
    _look_into_landing(settings, told, result)
    return result


def _existing(root: Path) -> WarehouseFolder:
    folder = WarehouseFolder(root)
    folder.refuse_file()
    if not folder.snapshots.is_dir():
        msg = "there is no warehouse."
        raise WarehouseError(msg, path=str(root), advice="Name the folder with --warehouse.")
    return folder


def _forget_published(settings: IngestSettings, person: _Person, result: Forgetting) -> None:
    """Publish what is published anew, without the person, where they are in it."""
    folder = WarehouseFolder(settings.warehouse)
    current = folder.current_snapshot()
    if current is None:
        return
    with open_reader(current / DATABASE) as connection:
        name = connection.execute("SELECT current_database()").fetchall()[0][0]
        held = search_database(connection, name, person.told_by, person.hint)
    for one in held:
        result.masked[one.table] = result.masked.get(one.table, 0) + 1
    if not held or settings.dry_run:
        return
    run = Run(settings, Silent())
    run.begin()
    try:
        with ExitStack() as stack:
            run.open(stack)
            _write_masked(run, held, person)
            publish_copy(run, rewritten={one.table for one in held})
    except BaseException as problem:
        run.fail(cause_of(problem, folder.root))
        raise
    run.end()
    result.snapshot = run.summary.snapshot


def _write_masked(run: Run, held: list[Held], person: _Person) -> None:
    connection = run.connection
    copy = run.staging / "snapshot" / DATABASE
    copy.parent.mkdir()
    fit_memory(connection, "SELECT size_bytes FROM base.etl.landing_file")
    attach(connection, copy, COPY, read_only=False)
    create_schema(connection, COPY)
    connection.execute("SET threads = 1")
    copy_masked(connection, held, person.told_by)
    connection.execute("RESET threads")
    connection.execute("BEGIN")
    create_reports(connection, COPY)
    run.summary.outcome = "published"
    run.summary.snapshot = f"snapshots/{run.run_id}"
    run.count_warehouse(COPY)
    run.close()
    record_runs(connection, [*known_runs(run.folder), run_row(run.summary.to_dict())])
    connection.execute("COMMIT")
    connection.execute(f"CHECKPOINT {COPY}")
    connection.execute(f"DETACH {COPY}")
    attach(connection, copy, COPY, read_only=True)
    if search_database(connection, COPY, person.told_by, person.hint):
        msg = "the new database still holds whom it was to forget."
        raise AuditFailed(msg, advice="Nothing was published. This is a bug.")


def _look_into_older(folder: WarehouseFolder, person: _Person, result: Forgetting) -> None:
    """Name the databases other than the current one that hold the person; nothing of them is changed."""
    current = folder.current_snapshot()
    others = [path for path in sorted(folder.snapshots.iterdir()) if current is None or path.name != current.name]
    others += [path.parent for path in sorted(folder.failed.glob("*/snapshot"))]
    for path in others:
        name = path.relative_to(folder.root).as_posix()
        database = next((one for one in (path / DATABASE, path / "snapshot" / DATABASE) if one.is_file()), None)
        try:
            if database is None or foreign_wal(database):
                result.unsearched.append(name)
                continue
            with workspace() as connection:
                attach(connection, database, "older", read_only=True)
                if search_database(connection, "older", person.told_by, person.hint):
                    result.older_snapshots.append(name)
        except (EsfEtlError, duckdb.Error):
            result.unsearched.append(name)


def _look_into_landing(settings: IngestSettings, person: _Person, result: Forgetting) -> None:
    """Name the pages that hold the person; nothing in the landing folder is ever changed."""
    try:
        for path, data in pages_bytes(settings.landing, _pages(settings), limit=settings.max_page_bytes):
            if isinstance(data, OSError):
                result.unsearched.append(path)
            elif any(map(person.is_on, [path, *_texts_of(data)])):
                result.landing_files.append(path)
    except LandingError:
        result.unsearched.append(str(settings.landing))
    result.landing_files.sort()


def _pages(settings: IngestSettings) -> Iterator[str]:
    return (file.path for file in scan_landing(settings.landing, settle_s=0, passed_over=[]))


def _texts_of(data: bytes) -> Iterator[str]:
    """The text of a page, and what its parser makes of its contact, which may be glued to a label."""
    try:
        yield "\n".join(clean_lines(decode(data)[0])[0])
        contact = parse_bytes(data).contact
    except NotAProjectPage:
        return
    if contact is not None:
        yield from (text for text in (contact.name, contact.email) if text is not None)


def purge(settings: IngestSettings, older_than: str, *, today: date | None = None) -> Purging:
    """Remove the contacts of projects that ended longer ago than `older_than` (`2y`, `18m`, `90d`), and keep them out.

    A project ends on the last day of its period, or, where its page gives none, of its programme period.
    Raises `UsageError`, `WarehouseError`, `LockHeld`.
    """
    limit = _before(today or date.today(), older_than)  # noqa: DTZ011 - days of projects are days in Sweden
    folder = _existing(settings.warehouse)
    with ExitStack() as stack:
        stack.enter_context(in_words(folder.root))
        if not settings.dry_run:
            stack.enter_context(folder.locked())
            put_right(folder, folder.current_snapshot())
        suppression: Suppression = read_suppression(folder).purged(limit)
        if not settings.dry_run:
            write_suppression(folder, suppression)
        contacts = [key for key, *_ in vault_contacts(folder)]
        ended = _ended_before(folder, suppression.ended_before or limit) if contacts else set()
        gone = [key for key in contacts if key in ended]
        if gone and not settings.dry_run:
            replace_vault(folder, gone)
    return Purging(settings.dry_run, suppression.ended_before or limit, len(gone), len(contacts) - len(gone))


def _ended_before(folder: WarehouseFolder, limit: date) -> set[str]:
    current = folder.current_snapshot()
    if current is None:
        return set()
    with open_reader(current / DATABASE) as connection:
        rows = connection.execute(
            "SELECT project_id FROM project"
            " WHERE coalesce(period_end, make_date(right(programme_period, 4)::INTEGER, 12, 31)) < $limit",
            {"limit": limit},
        ).fetchall()
    return {key for (key,) in rows}


def _before(today: date, older_than: str) -> date:
    """The day so long before today."""
    number, unit = older_than[:-1], older_than[-1:]
    if not (number.isascii() and number.isdecimal() and unit in {*_UNIT_DAYS, *_UNIT_MONTHS}):
        msg = f"{older_than!r} is no length of time."
        raise UsageError(msg, advice="Write a number and d, w, m or y, such as 2y or 90d.")
    try:
        if unit in _UNIT_DAYS:
            return today - timedelta(days=int(number) * _UNIT_DAYS[unit])
        months = today.year * 12 + today.month - 1 - int(number) * _UNIT_MONTHS[unit]
        first = date(months // 12, months % 12 + 1, 1)
        following = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
        return first.replace(day=min(today.day, (following - first).days))
    except (ValueError, OverflowError) as problem:
        msg = f"{older_than!r} goes back beyond the calendar."
        raise UsageError(msg) from problem

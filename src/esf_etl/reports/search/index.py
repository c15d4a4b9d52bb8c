"""The index of the search: one file a snapshot, made at the first search, so that a night does not pay for it.

`search/<snapshot>.<made by>.duckdb` in the warehouse folder. The second part of the name stands for the way of
indexing: another release of ours or of DuckDB makes another file. It is built aside and renamed into place whole, so
that of two searches at once each has a whole one, whoever was first. It has the words of the texts and not the texts.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import duckdb

from esf_etl.errors import SnapshotDamaged, WarehouseError
from esf_etl.reports.search.words import IGNORE, stop_words
from esf_etl.warehouse.database import attach, workspace
from esf_etl.warehouse.folder import DATABASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.folder import WarehouseFolder

__all__ = ["INDEX", "SNAPSHOT", "extension_file", "load_extension", "open_index", "read_script"]

INDEX, SNAPSHOT = "search_index", "snapshot"
"""The names under which the index and what is published are attached."""

_PACKAGE = "duckdb_extension_fts"
_FORMAT = 1
_BUILDING = ".building-"
_ABANDONED_S = 3600


def extension_file() -> Path | None:
    """The file of DuckDB's fts extension as its package brings it for this DuckDB; None where there is none."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}" / "fts.duckdb_extension"
    return path if path.is_file() else None


def load_extension(connection: DuckDBPyConnection) -> str | None:
    """Load the fts extension, without any download; returns None, or why it cannot be had."""
    for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):
        connection.execute(f"SET {setting} = false")
    path = extension_file()
    if path is None:
        return (
            f"DuckDB's fts extension for DuckDB {duckdb.__version__} is not installed: pip install 'esf-etl[reports]'"
        )
    quoted = str(path).replace("'", "''")
    try:
        connection.execute(f"LOAD '{quoted}'")
    except duckdb.Error as problem:
        return f"DuckDB's fts extension cannot be loaded: {str(problem).partition(chr(10))[0]}"
    return None


def read_script(name: str) -> str:
    """The text of one of the SQL files of the search."""
    return files("esf_etl.reports.search").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def open_index(
    connection: DuckDBPyConnection,
    folder: WarehouseFolder,
    snapshot: Path,
    tell: Callable[[str], None],
    *,
    anew: bool = False,
) -> Iterator[None]:
    """Attach the index of a snapshot, and use it while this lasts; it is built where there is none that can be read.

    The connection has the extension loaded. Where the warehouse folder cannot be written, the index is built in a
    temporary folder, for this search only, and `tell` is told so. `anew` takes no index that is there. Raises
    `WarehouseError` where no index can be made, DuckDB's errors where the snapshot cannot be read.
    """
    path = folder.search / f"{snapshot.name}.{_made_by()}.duckdb"
    if not anew and _attach(connection, path, snapshot.name):
        yield from _using(connection)
        return
    tell("Building the search index of this snapshot, once for all searches.")
    try:
        folder.search.mkdir(exist_ok=True)
        _build(snapshot, path)
        _remove_old(folder)
        kept = _attach(connection, path, snapshot.name)
    except (OSError, duckdb.IOException):
        kept = False
    if kept:
        yield from _using(connection)
        return
    tell(f"It cannot be kept in {folder.search}: it is for this search only, and the next one builds it again.")
    with tempfile.TemporaryDirectory(prefix="esf-etl-search-") as temporary:
        path = Path(temporary) / path.name
        try:
            _build(snapshot, path)
        except OSError as problem:
            msg = f"no search index can be written: {problem.strerror}."
            raise WarehouseError(
                msg, path=temporary, advice="Free some room, or name another with TMPDIR."
            ) from problem
        attach(connection, path, INDEX, read_only=True)
        yield from _using(connection)


def _using(connection: DuckDBPyConnection) -> Iterator[None]:
    """The macros of the index find its tables only where it is the database in use."""
    connection.execute(f"USE {INDEX}")
    try:
        yield
    finally:
        connection.execute("USE memory")
        connection.execute(f"DETACH {INDEX}")


def _attach(connection: DuckDBPyConnection, path: Path, snapshot: str) -> bool:
    """Attach an index file, if it is there, whole, and that of the snapshot."""
    if not path.is_file():
        return False
    try:
        attach(connection, path, INDEX, read_only=True)
    except SnapshotDamaged:
        return False
    try:
        found = connection.execute(f"FROM {INDEX}.main.made").fetchall()
    except duckdb.Error:
        found = []
    if found != [(snapshot, _made_by())]:
        connection.execute(f"DETACH {INDEX}")
        return False
    return True


@cache
def _made_by() -> str:
    """What tells apart ways of indexing: the statements, the words left out, DuckDB with its stemmer, the format."""
    parts = [read_script("documents"), read_script("index"), IGNORE, *sorted(stop_words())]
    parts += [duckdb.__version__, str(_FORMAT)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _build(snapshot: Path, path: Path) -> None:
    """Build the index in a folder beside the file, then rename it into place.

    Memory is bounded, and the rest goes to that folder; where the bound is too low, DuckDB takes what it wants.
    Raises `WarehouseError` where that does not do either.
    """
    try:
        _build_aside(snapshot, path, bounded=True)
    except duckdb.OutOfMemoryException:
        try:
            _build_aside(snapshot, path, bounded=False)
        except duckdb.OutOfMemoryException as problem:
            msg = f"there is not memory or disk enough for its search index: {str(problem).partition(chr(10))[0]}"
            raise WarehouseError(
                msg, path=str(snapshot), advice="Free some, or name a folder with TMPDIR."
            ) from problem


def _build_aside(snapshot: Path, path: Path, *, bounded: bool) -> None:
    """The extension wants the texts in a table of the database it makes its index in, and leaves much room in the file.

    So that is a scratch file, from which all but the texts is copied.
    """
    aside = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=path.parent))
    try:
        with workspace(aside / "spill") as connection:
            if not bounded:
                connection.execute("RESET memory_limit")
            attach(connection, (snapshot / DATABASE).resolve(), SNAPSHOT, read_only=True)
            load_extension(connection)
            attach(connection, aside / "scratch.duckdb", "scratch", read_only=False)
            attach(connection, aside / "index.duckdb", INDEX, read_only=False)
            _fill(connection, snapshot.name)
        (aside / "index.duckdb").replace(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fill(connection: DuckDBPyConnection, snapshot: str) -> None:
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("USE scratch")
    connection.execute(read_script("documents"))
    connection.execute(
        "CREATE TABLE stop_word AS SELECT unnest($words::VARCHAR[]) AS word", {"words": sorted(stop_words())}
    )
    connection.execute(Template(read_script("index")).substitute(ignore=IGNORE))
    connection.execute("ALTER TABLE document DROP COLUMN body")
    connection.execute(
        "CREATE TABLE made AS SELECT $snapshot AS snapshot, $made_by AS made_by",
        {"snapshot": snapshot, "made_by": _made_by()},
    )
    connection.execute(f"COPY FROM DATABASE scratch TO {INDEX}")
    connection.execute(f"DETACH {INDEX}")  # writes all of it into the file, and leaves no log beside it


def _remove_old(folder: WarehouseFolder) -> None:
    """Remove the indexes of snapshots that are gone or that were made another way, and what killed builds left.

    A search that has one of them open keeps it until it is done. What cannot be removed stays.
    """
    for path in folder.search.glob("*.duckdb"):
        snapshot, _, made_by = path.stem.rpartition(".")
        if made_by != _made_by() or not (folder.snapshots / snapshot).is_dir():
            path.unlink(missing_ok=True)
    for aside in folder.search.glob(f"{_BUILDING}*"):
        if time.time() - _last_written(aside) > _ABANDONED_S:
            shutil.rmtree(aside, ignore_errors=True)


def _last_written(folder: Path) -> float:
    """When anything in a folder was last written, in seconds since 1970."""
    times = []
    for path in (folder, *folder.glob("*")):
        try:
            times.append(path.stat().st_mtime)
        except OSError:  # another search's build, which has just ended
            times.append(time.time())
    return max(times)

"""A lake as an attached database: extensions, attaching at a snapshot, and the right to write."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import duckdb

from esf_etl.errors import LockHeld, MissingExtra, WarehouseError
from esf_schemas.ddl import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.lake.address import Lake

__all__ = ["WRITER", "attach_lake", "is_made", "load_extensions", "newest_snapshot", "open_lake", "writing"]

_EXTENSIONS = {"ducklake": "ducklake", "postgres_scanner": "postgres_scanner", "httpfs": "httpfs"}
"""The package of each extension, without its prefix, and the name of its file."""

WRITER = "writer"
"""The lock of whoever writes to a lake. A run holds it from the last look at what is there until its commit."""

_LOCK_SPACE = 0x657366  # "esf": the first of the two numbers of an advisory lock of ours


def load_extensions(connection: DuckDBPyConnection) -> None:
    """Load what a lake needs from the packages that bring it; nothing is downloaded. Raises `MissingExtra`."""
    for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):
        connection.execute(f"SET {setting} = false")
    for package, name in _EXTENSIONS.items():
        spec = find_spec(f"duckdb_extension_{package}")
        folder = Path(spec.origin).parent if spec and spec.origin else Path()
        path = folder / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if not path.is_file():
            msg = f"a lake needs DuckDB's extension {name} for DuckDB {duckdb.__version__}, which is not installed."
            raise MissingExtra(msg, advice="Install it with: pip install 'esf-etl[lake]'")
        connection.execute(f"LOAD {literal(str(path))}")


def open_lake(connection: DuckDBPyConnection, lake: Lake, name: str, *, snapshot: int | None = None) -> None:
    """Attach a lake under a name, read-only: as it is now, or as it was at a snapshot.

    Raises `WarehouseError` where it cannot be reached, or nothing was ever published there.
    """
    attach_lake(connection, lake, name, options=["READ_ONLY", *([f"SNAPSHOT_VERSION {snapshot}"] if snapshot else [])])


def attach_lake(connection: DuckDBPyConnection, lake: Lake, name: str, *, options: list[str]) -> None:
    """Attach a lake under a name. Raises `WarehouseError`, without the password that the database's words may show."""
    said = [f"DATA_PATH {literal(_with_slash(lake.data))}"] if lake.data and "READ_ONLY" not in options else []
    listed = f" ({', '.join([*options, *said])})" if options or said else ""
    _let_reach_buckets(connection)
    try:
        connection.execute(f"ATTACH {literal(f'ducklake:postgres:{lake.catalogue}')} AS {name}{listed}")
    except duckdb.Error as problem:
        first = str(problem).partition("\n")[0].replace(lake.catalogue, str(lake).partition("postgres:")[2])
        msg = f"the lake cannot be reached: {first}"
        raise WarehouseError(
            msg,
            code="lake-unreachable",
            path=str(lake),
            advice="Is its PostgreSQL running, and was the lake made by a first `esf-etl ingest` with --lake-data?",
        ) from problem


def _with_slash(folder: str) -> str:
    return folder if folder.endswith("/") else f"{folder}/"


def _let_reach_buckets(connection: DuckDBPyConnection) -> None:
    """Give DuckDB what the environment says of an S3 store, where it says something. Never stored, never printed.

    Plain HTTP is for whoever allows it, as with a landing in a bucket: else DuckDB is to speak HTTPS, and fails.
    """
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    said = {"KEY_ID": key, "SECRET": secret} if key and secret else {}
    if not said and not os.environ.get("AWS_ENDPOINT_URL"):
        return
    if token := os.environ.get("AWS_SESSION_TOKEN"):
        said["SESSION_TOKEN"] = token
    if region := os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        said["REGION"] = region
    rest = ""
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        parts = urlsplit(endpoint)
        said |= {"ENDPOINT": parts.netloc, "URL_STYLE": "path"}
        plain = parts.scheme == "http" and os.environ.get("AWS_ALLOW_HTTP", "").casefold() in {"1", "true", "yes"}
        rest = f", USE_SSL {str(not plain).lower()}"
    listed = ", ".join(f"{name} {literal(value)}" for name, value in said.items())
    connection.execute(f"CREATE OR REPLACE TEMPORARY SECRET esf_bucket (TYPE s3, PROVIDER config, {listed}{rest})")


def is_made(connection: DuckDBPyConnection, name: str) -> bool:
    """Whether the attached lake has our tables."""
    query = "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'etl' AND table_name = 'run'"
    return connection.execute(query, [name]).fetchone() is not None


def newest_snapshot(connection: DuckDBPyConnection, name: str) -> int:
    """The number of the newest snapshot of the attached lake."""
    row = connection.execute(f"SELECT max(snapshot_id) FROM ducklake_snapshots({literal(name)})").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


@contextmanager
def writing(connection: DuckDBPyConnection, lake: Lake, what: str, *, wait: bool) -> Iterator[Callable[[], None]]:
    """Hold a lock of the lake's PostgreSQL while the block runs; it goes with this process, however that ends.

    It is an advisory lock of a transaction that another connection of ours keeps open. Yields what raises
    `WarehouseError` (`lock-lost`) where the lock is no longer held: the server was started anew.
    Raises `LockHeld` where another process has it and `wait` is false.
    """
    keeper = connection.cursor()
    name = f"locks_{what.encode().hex()}"

    def ask(query: str) -> tuple[str, ...] | None:
        return keeper.execute(f"FROM postgres_query({literal(name)}, {literal(query)})").fetchone()

    def hold() -> None:
        try:
            held = ask(
                "SELECT count(*)::VARCHAR FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                f" AND classid = {_LOCK_SPACE}"
            )
        except duckdb.Error as problem:
            raise _lock_lost(lake, what) from problem
        if held != ("1",):
            raise _lock_lost(lake, what)

    try:
        keeper.execute(f"ATTACH {literal(lake.catalogue)} AS {name} (TYPE postgres, READ_ONLY)")
        keeper.execute("BEGIN")
        call = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
        row = ask(f"SELECT {call}({_LOCK_SPACE}, hashtext({literal(what)}))::VARCHAR")
        if not wait and row != ("true",):
            msg = f"another run holds the lock {what!r} of this lake."
            raise LockHeld(msg, path=str(lake), advice="Wait until it has ended; nothing was done.")
        yield hold
    finally:
        for statement in ("ROLLBACK", f"DETACH {name}"):
            with suppress(duckdb.Error):  # the server has gone, and the lock with it
                keeper.execute(statement)
        keeper.close()


def _lock_lost(lake: Lake, what: str) -> WarehouseError:
    msg = f"the lock {what!r} of the lake was lost: its PostgreSQL went away meanwhile."
    return WarehouseError(msg, code="lock-lost", path=str(lake), advice="Nothing was published. Run it again.")

"""The overrides beside what the warehouse knows: which pages they concern, and what is remembered of them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from esf_etl.errors import EsfEtlError, SnapshotDamaged
from esf_etl.overrides import FILE_NAME, overrides_path, read_overrides
from esf_etl.pages.masking import Masking
from esf_etl.pages.places import place_key
from esf_etl.warehouse.database import count_rows, script
from esf_etl.warehouse.publish import read_manifest
from esf_etl.warehouse.staging import WORK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from esf_etl.overrides import Override
    from esf_etl.pages.forgotten import Forgotten
    from esf_etl.settings import IngestSettings

__all__ = ["TABLES", "counts_of", "mark_misread", "note_after", "overrides_of", "stage_overrides", "write_overrides"]

TABLES = ("override", "override_page")
"""The tables of `etl` that remember overrides. A database of a release that knew none has not got them."""

_STAGED = pa.schema(
    [("line", pa.int32()), *((name, pa.string()) for name in ("kind", "what", "shown", "becomes", "why"))]
)
_SPELT = pa.schema([("kind", pa.string()), ("spelling", pa.string())])


def overrides_of(settings: IngestSettings, connection: DuckDBPyConnection, standing: Path | None) -> list[Override]:
    """The overrides of a run, whose database is attached as `base`; `standing` is what is published.

    Raises `EsfEtlError`: `overrides-invalid` (see `read_overrides`), and `overrides-missing` where there is no file,
    but there are overrides in force: that must not look like a person who takes them back.
    """
    path = overrides_path(settings)
    if path is not None:
        return read_overrides(path)
    in_force = 0
    if settings.rebuild and standing is not None:
        with suppress(SnapshotDamaged):  # of a damaged one nobody can say
            in_force = read_manifest(standing).rows.get("etl.override", 0)
    elif _knows_overrides(connection):
        in_force = count_rows(connection, "FROM base.etl.override WHERE landing = getvariable('landing')")
    if in_force:
        msg = f"there is no overrides file, and {in_force} overrides are in force."
        advice = "Name it with --overrides or put it back; to take all back, leave one with only its first line."
        path = settings.warehouse / FILE_NAME
        raise EsfEtlError(msg, code="overrides-missing", path=str(path), advice=advice)
    return []


def _knows_overrides(connection: DuckDBPyConnection) -> bool:
    query = "FROM duckdb_tables() WHERE database_name = 'base' AND schema_name = 'etl' AND table_name = 'override'"
    return count_rows(connection, query) > 0


def stage_overrides(connection: DuckDBPyConnection, overrides: Sequence[Override], forgotten: Forgotten | None) -> bool:
    """Put the overrides into the workspace, beside those of before; returns whether they differ.

    Ignored files leave `work.listed`. What is shown of an override has no person who is to be forgotten, and no
    address or number in its reason; what it is compared and applied by stays as it is.
    """
    rows = _shown(overrides, forgotten)
    connection.register("arriving", pa.Table.from_pylist(rows, schema=_STAGED))
    connection.execute(f"CREATE OR REPLACE TABLE {WORK}.override AS FROM arriving")
    connection.unregister("arriving")
    known = _knows_overrides(connection)
    for name, columns in (
        ("override", "line::INTEGER AS line, kind, what, becomes, why, 0 AS pages, NULL::TIMESTAMP AS since"),
        ("override_page", "what AS path, kind, what, becomes"),
    ):
        source = f"SELECT {columns} FROM {WORK}.override LIMIT 0"
        if known:
            source = f"SELECT * EXCLUDE (landing) FROM base.etl.{name} WHERE landing = getvariable('landing')"
        connection.execute(f"CREATE OR REPLACE TABLE {WORK}.{name}_before AS {source}")
    connection.execute(script("ignore"))
    same = "SELECT line, kind, {}, becomes, why FROM {}"
    now, before = same.format("shown", f"{WORK}.override"), same.format("what", f"{WORK}.override_before")
    return count_rows(connection, f"({now} EXCEPT {before}) UNION ALL ({before} EXCEPT {now})") > 0


def _shown(overrides: Sequence[Override], forgotten: Forgotten | None) -> list[dict[str, Any]]:
    hide = Masking(prose=True, forgotten=forgotten).mask
    rows: list[dict[str, Any]] = []
    taken: set[tuple[str, str]] = set()
    for each in overrides:
        shown = forgotten.mask(each.what)[0] if forgotten else each.what
        if (each.kind, shown) in taken:  # two that differ in a person only
            shown = f"{shown} ({each.line})"
        taken.add((each.kind, shown))
        rows.append({**each._asdict(), "becomes": each.becomes or None, "shown": shown, "why": hide(each.why)})
    return rows


def mark_misread(connection: DuckDBPyConnection) -> None:
    """Put into `work.difference` the files that must be read again because the overrides have changed."""
    rows: list[dict[str, str]] = []
    for kind, spellings in (
        ("region", "SELECT DISTINCT region FROM base.main.project WHERE region IS NOT NULL"),
        ("municipality", "SELECT DISTINCT name FROM base.main.project_municipality"),
    ):
        keys = {place_key(what) for (what,) in connection.execute(_NEW_SPELLINGS, {"kind": kind}).fetchall()}
        if keys:
            found = (text for (text,) in connection.execute(spellings).fetchall())
            rows += [{"kind": kind, "spelling": text} for text in found if place_key(text) in keys]
    connection.register("arriving", pa.Table.from_pylist(rows, schema=_SPELT))
    connection.execute(f"CREATE OR REPLACE TABLE {WORK}.respelt AS FROM arriving")
    connection.unregister("arriving")
    connection.execute(script("override"))


_NEW_SPELLINGS = (
    f"SELECT override.what FROM {WORK}.override AS override ANTI JOIN {WORK}.override_before AS before"
    " ON before.kind = override.kind AND before.what = override.shown AND before.becomes = override.becomes"
    " WHERE override.kind = $kind"
)


def note_after(connection: DuckDBPyConnection) -> None:
    """After the election: make `work.override_page_after` and `work.override_after`, as they will be remembered."""
    connection.execute(script("override_after"))


def write_overrides(connection: DuckDBPyConnection, database: str) -> None:
    """Remember the overrides of this run in the copy; tables that it does not have yet are made."""
    from esf_schemas import comment_sql, contract, create_table_sql

    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'etl'", [database]
    ).fetchall()
    for name in TABLES:
        if (name,) not in found:
            connection.execute(create_table_sql(contract(name), f"{database}.etl"))
            connection.execute(comment_sql(contract(name), f"{database}.etl"))
        connection.execute(f"DELETE FROM {database}.etl.{name} WHERE landing = getvariable('landing')")
        connection.execute(
            f"INSERT INTO {database}.etl.{name} BY NAME"
            f" SELECT getvariable('landing') AS landing, * FROM {WORK}.{name}_after"
        )


def counts_of(connection: DuckDBPyConnection, table: str) -> tuple[dict[str, int], list[int]]:
    """Of the overrides in a table of the workspace: how many of each kind, the lines that match nothing."""
    rows: list[tuple[Any, ...]] = connection.execute(f"SELECT kind, line, pages FROM {WORK}.{table}").fetchall()
    kinds: dict[str, int] = {}
    for kind, _, _ in sorted(rows):
        kinds[kind] = kinds.get(kind, 0) + 1
    unmatched = sorted(line for _, line, pages in rows if not pages)
    return kinds, unmatched

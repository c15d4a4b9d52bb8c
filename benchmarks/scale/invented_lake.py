"""A lake with more projects than can be loaded here, and nights of it: programs of their own, set by the environment.

`fill N` adds rows by SQL to a lake that holds the pages of a small landing folder, until N files and projects are
there; `fill-ledger N` adds them to the ledger only.
`night N` is a real run, but for the list of the landing folder: beside the files that are there it names those N.
"""

from __future__ import annotations

import json
import resource
import sys
from itertools import chain
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from esf_etl.landing import LandingFile
    from esf_etl.settings import IngestSettings

_AT_ONCE = 250_000
_SIZE_BYTES, _TIME_NS = 7_400, 10**18
_ID = "'invented-' || left(md5(n::VARCHAR), 16) AS project_id"
_STAT = f"{_SIZE_BYTES} AS size_bytes, {_TIME_NS} AS mtime_ns, {_TIME_NS} AS ctime_ns"
_PATH = "format('{:04d}/{:07d}.txt', n // 1000, n)"
_LEDGER = "landing_file"
_REPLACED = {
    # An owner each: of the same owner, amounts and period, all would be likely duplicates, and a finding each.
    "project": f"{_ID}, owner || ' ' || n AS owner, {_PATH} AS source_path, {_TIME_NS} AS source_mtime_ns",
    "project_section": f"{_ID}, 'Kort.' AS body",
    _LEDGER: f"{_ID}, {_PATH} AS path, {_STAT}",
}


def main() -> int:
    """Do what the arguments say, and print JSON."""
    from esf_etl.settings import IngestSettings

    what, files = sys.argv[1], int(sys.argv[2])
    settings = IngestSettings.from_environment()
    if what == "night":
        print(json.dumps(_night(settings, files)))
    else:
        print(json.dumps(_fill(settings, files, only_ledger=what == "fill-ledger")))
    return 0


def _fill(settings: IngestSettings, files: int, *, only_ledger: bool) -> dict[str, int]:
    from esf_etl.warehouse.database import workspace
    from esf_etl.warehouse.lake.address import read_lake
    from esf_etl.warehouse.lake.attach import attach_lake, load_extensions
    from esf_schemas import PROJECT_TABLES

    text = Template(Path(__file__).with_name("invented.sql").read_text(encoding="utf-8"))
    places = {contract.table().name: "history" for contract in PROJECT_TABLES} | {_LEDGER: "etl"}
    filled = {_LEDGER: places[_LEDGER]} if only_ledger else places
    assert settings.lake is not None
    with workspace(settings.warehouse) as connection:
        load_extensions(connection)
        attach_lake(connection, read_lake(settings.lake), "esf", options=[])
        for table, schema in places.items():
            connection.execute(f"CREATE TEMP TABLE real_{table} AS FROM esf.{schema}.{table}")
        real = connection.execute("SELECT count(*) FROM real_project").fetchone()
        assert real is not None
        for first in range(real[0], files, _AT_ONCE):
            connection.execute("SET VARIABLE first = $value", {"value": first})
            connection.execute("SET VARIABLE until = $value", {"value": min(first + _AT_ONCE, files)})
            for table, schema in filled.items():
                names = {"table": table, "schema": schema, "replaced": _REPLACED.get(table, _ID)}
                connection.execute(text.substitute(names))
        return {"projects": files}


def _night(settings: IngestSettings, files: int) -> dict[str, object]:
    import esf_etl.look
    from esf_etl.inbox import scan_landing
    from esf_etl.landing import LandingFile
    from esf_etl.pipeline import ingest

    def invented(first: int) -> Iterator[LandingFile]:
        for number in range(first, files):
            path = f"{number // 1000:04}/{number:07}.txt"
            yield LandingFile(path, _SIZE_BYTES, _TIME_NS, _TIME_NS, False, None)  # noqa: FBT003

    def listed(*_: object, **__: object) -> Iterator[LandingFile]:
        real = list(scan_landing(settings.landing, settle_s=0, passed_over=[]))
        return chain(real, invented(len(real)))

    setattr(esf_etl.look, "scan_landing", listed)  # noqa: B010 - mypy knows whose name it is
    summary = ingest(settings).to_dict()
    return {**summary, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


if __name__ == "__main__":
    sys.exit(main())

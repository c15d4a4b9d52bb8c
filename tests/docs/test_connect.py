"""docs/connect.md: its SQL and Python run as written, against a warehouse of the sample pages."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "connect.md"
QUERIES = [
    query
    for block in re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for statement in block.split(";")
    if (query := re.sub(r"--[^\n]*", "", statement).strip())
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with landing and warehouse, as the page has them."""
    folder = tmp_path_factory.mktemp("connect")
    shutil.copytree(ROOT / "landing", folder / "landing")
    for path in (folder / "landing").rglob("*.txt"):
        os.utime(path, ns=(1_600_000_000 * 10**9, 1_600_000_000 * 10**9))
    ingest(IngestSettings(landing=folder / "landing", warehouse=folder / "warehouse", workers=1))
    return folder


def test_every_python_example_runs_as_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8", globs={"Decimal": Decimal})

    assert tried > 10
    assert failed == 0


def test_the_page_has_queries() -> None:
    assert len(QUERIES) == 5


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_runs_and_has_rows(query: str, place: Path) -> None:
    with duckdb.connect(str(place / "warehouse/current/esf.duckdb"), read_only=True) as connection:
        assert connection.sql(query).fetchall()


def test_every_shell_example_of_ours_runs(place: Path) -> None:
    path = os.pathsep.join(str(ROOT / name) for name in ("src", "schemas", "flows"))
    commands = re.findall(r"^esf-etl (sql .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        subprocess.run(
            ["/bin/sh", "-c", f"{sys.executable} -m esf_etl.cli {command}"],
            check=True,
            cwd=place,
            env=os.environ | {"PYTHONPATH": path},
            timeout=60,
        )

    assert (place / "coverage.csv").read_bytes().startswith(b"programme_period,cci,projects,")
    assert duckdb.sql(f"SELECT count(*) FROM '{place}/operations.parquet'").fetchone() == (9,)


def test_another_process_keeps_its_snapshot_while_one_is_published_and_sees_the_new_one_after_reconnecting(
    place: Path, tmp_path: Path
) -> None:
    shutil.copytree(place / "landing", tmp_path / "landing")
    shutil.copytree(place / "warehouse", tmp_path / "warehouse", symlinks=True)
    reader = """
import duckdb, sys
count = lambda: connection.sql("SELECT count(*) FROM project").fetchone()[0]
connection = duckdb.connect("warehouse/current/esf.duckdb", read_only=True)
print(count(), flush=True)
sys.stdin.readline()
print(count(), flush=True)
connection.close()
connection = duckdb.connect("warehouse/current/esf.duckdb", read_only=True)
print(count(), flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", reader], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "9\n"
        page = next((tmp_path / "landing").rglob("kugghjulet.txt"))
        text = page.read_text(encoding="utf-8")
        other = page.with_name("annat.txt")
        other.write_text(text.replace("Kugghjulet", "Remskivan"), encoding="utf-8")
        os.utime(other, ns=(1_600_000_001 * 10**9, 1_600_000_001 * 10**9))
        summary = ingest(IngestSettings(landing=tmp_path / "landing", warehouse=tmp_path / "warehouse", workers=1))
        assert summary.loaded == 1
        rest, _ = process.communicate("\n", timeout=60)

    assert rest == "9\n10\n"

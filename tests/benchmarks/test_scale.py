"""The benchmarks of what is beyond one machine, in small: that they run, and measure what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpus import Corpus
from benchmarks.scale.measured import measure
from benchmarks.scale.postgres import programs
from benchmarks.scale.table import as_table

ROOT = Path(__file__).resolve().parents[2]

needs_postgres = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")


def run(tmp_path: Path, *arguments: str) -> tuple[list[dict[str, Any]], str]:
    """The lines of JSON that the program prints, but the machine's, and the rest."""
    command = [sys.executable, "-m", "benchmarks.scale", *arguments, "--folder", str(tmp_path)]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    machine, *lines = done.stdout.splitlines()
    assert json.loads(machine)["cores"] >= 1
    return [json.loads(line) for line in lines if line.startswith("{")], done.stdout


@pytest.mark.slow
@needs_postgres
def test_a_night_is_measured_by_its_bytes_and_compared_with_the_full_load(tmp_path: Path) -> None:
    nights, text = run(tmp_path, "nights", "--pages", "30", "--rounds", "2", "--workers", "2")
    names = [night["name"] for night in nights]
    assert names[:3] == ["full load", "a process that only opens the lake", "idle night"]
    assert names[3:] == [*["night with changes"] * 2, "upkeep", *["night with changes after upkeep"] * 2]
    by_name = {night["name"]: night for night in nights}
    assert {night["loaded"] for night in nights if "changes" in night["name"]} == {30}
    assert by_name["full load"]["parquet_files"] > 0
    assert by_name["idle night"]["parquet_files"] == 0
    # The processes that parse read the pages, and their bytes are counted.
    pages = Corpus.at(tmp_path / "30", 30).size_bytes
    assert by_name["full load"]["read_bytes"] > by_name["a process that only opens the lake"]["read_bytes"] + pages
    assert "ratio to the full load" in text
    assert len(text.rpartition("digest ")[2].strip()) == 64


@pytest.mark.slow
@needs_postgres
def test_a_night_of_more_pages_than_there_are_is_a_run_over_all_of_them(tmp_path: Path) -> None:
    lines, text = run(tmp_path, "ledger", "--files", "700", "--idle", "900", "--listed", "30")
    [filled, idle, changed, ledger_filled, ledger_idle] = lines
    assert (filled["files"], ledger_filled["files"]) == (700, 900)
    assert filled["parquet_bytes"] > ledger_filled["parquet_bytes"] > 0
    assert (ledger_idle["night"], ledger_idle["files"]) == ("idle night", 900)
    assert (idle["night"], changed["night"]) == ("idle night", "night with 200 changes")
    assert "write" not in idle["stages_s"]
    assert {"look", "write", "audit", "commit"} <= changed["stages_s"].keys()
    assert "| S3 (moto) | 30 |" in text


def test_what_a_process_of_a_process_wrote_is_counted_also_where_it_outlives_its_parent(tmp_path: Path) -> None:
    late = f"import time; time.sleep(0.5); open({str(tmp_path / 'late')!r}, 'wb').write(bytes(3_000_000))"
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {late!r}]); print('{{}}')"
    done = measure(["-c", program], os.environ)
    assert (tmp_path / "late").stat().st_size == 3_000_000
    assert 3_000_000 <= done.written_bytes < 3_100_000
    assert done.elapsed_s > 0


def test_a_program_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        measure(["-c", "raise SystemExit(3)"], os.environ)


def test_a_table_shows_as_many_digits_as_are_worth_reading() -> None:
    text = as_table(["", "a", "b"], [["one", 1234.5, None], ["two", 0.0123, 3.0]])
    assert text.splitlines()[2:] == ["| one | 1,234 |  |", "| two | 0.0123 | 3 |"]

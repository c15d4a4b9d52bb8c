"""`esf-etl export`: the list of operations as a file, or on stdout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Place, Run, environment, esf_etl

FORMATS = ("csv", "csv-excel", "xlsx", "parquet")
MAGIC = {"csv": b"Insatsens kod / Operation code,", "csv-excel": b"\xef\xbb\xbf", "xlsx": b"PK", "parquet": b"PAR1"}


@pytest.mark.parametrize("form", FORMATS)
def test_it_writes_the_list_and_says_what_was_written(form: str, published: Place, run: Run, tmp_path: Path) -> None:
    done = run("export", "--format", form, "--output", tmp_path / "a", "--warehouse", published.warehouse)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{tmp_path / 'a'}: 3 rows, 27 columns, ")
    assert (tmp_path / "a").read_bytes().startswith(MAGIC[form])


@pytest.mark.parametrize(
    ("name", "form"), [("a.xlsx", "xlsx"), ("a.parquet", "parquet"), ("a.csv", "csv"), ("a", "csv")]
)
def test_the_name_of_the_file_tells_the_format(
    name: str, form: str, published: Place, run: Run, tmp_path: Path
) -> None:
    done = run("export", "--output", tmp_path / name, "--json", "--warehouse", published.warehouse)

    assert (done.json["format"], done.json["rows"], done.json["shortened"]) == (form, 3, [])
    assert done.json["size_bytes"] == (tmp_path / name).stat().st_size


def test_without_a_name_it_has_that_of_the_report(
    published: Place, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    run("export", "--warehouse", published.warehouse)
    run("export", "--view", "coverage", "--format", "xlsx", "--warehouse", published.warehouse)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["coverage.xlsx", "list_of_operations.csv"]


@pytest.mark.parametrize("form", ["csv", "csv-excel"])
def test_csv_may_go_to_stdout_byte_for_byte(form: str, published: Place, tmp_path: Path, run: Run) -> None:
    run("export", "--format", form, "--output", tmp_path / "a", "--warehouse", published.warehouse)
    command = [sys.executable, "-m", "esf_etl.cli", "export", "--format", form, "--output", "-", "--warehouse"]

    done = subprocess.run(
        [*command, str(published.warehouse)], env=environment(), capture_output=True, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (tmp_path / "a").read_bytes()


@pytest.mark.parametrize(
    "wrong",
    [
        ["--format", "xlsx", "--output", "-"],
        ["--format", "parquet", "--output", "-"],
        ["--output", "-", "--json"],
        ["--view", "nothing"],
        ["--view", "project; DROP"],
        ["--format", "xlsx", "--harmless"],
        ["--format", "pdf"],
        ["--language", "de"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_wrong_usage(
    wrong: list[str], published: Place, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = run("export", *wrong, "--warehouse", published.warehouse)

    assert (done.code, done.out) == (2, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_is_told_in_words_and_leaves_what_was_there(form: str, published: Place, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("older", encoding="utf-8")
    command = [sys.executable, "-m", "esf_etl.cli", "export", "--format", form, "--output", str(tmp_path / "a")]

    # No file may be larger than this: one of 512 bytes (with bash, units of 1,024).
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 0 && exec "$@"', "bash", *command, "--warehouse", str(published.warehouse)],
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "[export-unwritable]" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text(encoding="utf-8") == "older"


def test_without_a_warehouse_it_ends_with_1_and_advice(tmp_path: Path) -> None:
    done = esf_etl("export", "--warehouse", tmp_path / "none", "--output", tmp_path / "a.csv")

    assert (done.returncode, done.stdout) == (1, "")
    assert "Run `esf-etl ingest` first" in done.stderr


def test_json_is_one_document(published: Place, tmp_path: Path) -> None:
    done = esf_etl("export", "--json", "--output", tmp_path / "a.csv", "--warehouse", published.warehouse)

    assert json.loads(done.stdout)["view"] == "list_of_operations"

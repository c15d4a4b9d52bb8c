"""`esf-etl opendata`: the package, and what it says of what was not stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Place, Run

STATED = ("--publisher", "Exempelmyndigheten", "--base-url", "https://example.org/esf", "--licence", "CC0-1.0")


def test_it_writes_the_package_and_says_so(published: Place, run: Run, tmp_path: Path) -> None:
    done = run("opendata", tmp_path / "esf", *STATED, "--warehouse", published.warehouse)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{tmp_path / 'esf'}: 16 tables, 36 files, ")
    assert {"README.md", "data", "datapackage.json", "dcat.jsonld", "dcat.ttl", "parquet"} == {
        path.name for path in (tmp_path / "esf").iterdir()
    }


def test_json_tells_the_rows_of_each_table(published: Place, run: Run, tmp_path: Path) -> None:
    done = run("opendata", tmp_path / "esf", "--json", "--warehouse", published.warehouse)

    assert (done.json["tables"]["project"], done.json["has_catalogue"]) == (3, False)
    assert done.json["missing_for_catalogue"] == ["publisher", "base_url"]


def test_what_is_not_stated_is_told(published: Place, run: Run, tmp_path: Path) -> None:
    done = run("opendata", tmp_path / "esf", "--warehouse", published.warehouse)

    assert done.code == 0
    assert "that needs --publisher and --base-url" in done.err
    assert "No licence is stated" in done.err


@pytest.mark.parametrize("wrong", [("--licence", "MIT"), ("--base-url", "here"), ("--frequency", "NOW")], ids=" ".join)
def test_what_cannot_be_meant_is_wrong_usage(
    wrong: tuple[str, str], published: Place, run: Run, tmp_path: Path
) -> None:
    done = run("opendata", tmp_path / "esf", *wrong, "--warehouse", published.warehouse)

    assert (done.code, done.out) == (2, "")
    assert list(tmp_path.iterdir()) == []


def test_the_environment_may_state_it(
    published: Place, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESF_ETL_OPENDATA_PUBLISHER", "Miljömyndigheten")

    done = run("opendata", tmp_path / "esf", *STATED[2:], "--warehouse", published.warehouse)

    assert (done.code, done.err) == (0, "")
    assert "Miljömyndigheten" in (tmp_path / "esf" / "dcat.ttl").read_text(encoding="utf-8")


def test_a_folder_of_other_things_is_refused(published: Place, run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")

    done = run("opendata", tmp_path, "--warehouse", published.warehouse)

    assert (done.code, done.out) == (1, "")
    assert "[export-in-the-way]" in done.err

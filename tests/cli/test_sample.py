"""`esf-etl sample`: invented pages that the other commands take."""

from __future__ import annotations

from pathlib import Path

import pytest

from esf_etl import parse_file
from tests.cli.conftest import Place, Run


def pages(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.txt"))}


def test_it_writes_so_many_pages_that_ingest_takes_at_once(place: Place, run: Run) -> None:
    done = run("sample", "7", place.landing)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"7 invented pages in {place.landing} (")
    assert len(pages(place.landing)) == 7
    summary = run("ingest", *place.options, "--json").json
    assert (summary["loaded"], summary["rejected"], summary["deferred"]) == (7, 0, 0)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, run: Run) -> None:
    for folder, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert run("sample", "4", tmp_path / folder, "--seed", seed).code == 0

    assert pages(tmp_path / "a") == pages(tmp_path / "b")
    assert set(pages(tmp_path / "a").values()).isdisjoint(pages(tmp_path / "c").values())


def test_the_seed_is_0_unless_said(tmp_path: Path, run: Run) -> None:
    assert run("sample", "2", tmp_path / "a").code == 0
    assert run("sample", "2", tmp_path / "b", "--seed", "0").code == 0

    assert pages(tmp_path / "a") == pages(tmp_path / "b")


def test_a_larger_sample_begins_with_the_pages_of_a_smaller_one(tmp_path: Path, run: Run) -> None:
    assert run("sample", "2", tmp_path / "a").code == 0
    assert run("sample", "5", tmp_path / "b").code == 0

    assert pages(tmp_path / "a").items() <= pages(tmp_path / "b").items()


def test_a_large_sample_stands_in_folders_of_a_thousand(tmp_path: Path, run: Run) -> None:
    assert run("sample", "1001", tmp_path / "a").code == 0

    folders = [len(list(folder.iterdir())) for folder in sorted((tmp_path / "a").iterdir())]
    assert folders == [1000, 1]


@pytest.mark.parametrize("name", ["a.txt", "below/a.txt"])
def test_a_folder_that_has_pages_is_refused_unless_forced(name: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("somebody's page", encoding="utf-8")

    refused = run("sample", "2", tmp_path)

    assert (refused.code, refused.out) == (2, "")
    assert name in refused.err
    assert "--force" in refused.err
    assert pages(tmp_path) == {name: b"somebody's page"}

    assert run("sample", "2", tmp_path, "--force").code == 0
    assert len(pages(tmp_path)) == 3
    assert (tmp_path / name).read_bytes() == b"somebody's page"


def test_a_folder_with_other_files_is_taken(tmp_path: Path, run: Run) -> None:
    (tmp_path / "README.md").write_text("notes", encoding="utf-8")

    assert run("sample", "1", tmp_path).code == 0


def test_json_says_where_how_many_how_large_and_which(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "a"

    done = run("sample", "3", folder, "--seed", "5", "--json")

    size = sum(len(page) for page in pages(folder).values())
    assert done.json == {"folder": str(folder), "pages": 3, "bytes": size, "seed": 5}


def test_every_page_is_one_that_parse_knows(tmp_path: Path, run: Run) -> None:
    assert run("sample", "20", tmp_path, "--seed", "9").code == 0

    for path in tmp_path.iterdir():
        assert [found for found in parse_file(path).diagnostics if found.severity == "error"] == []


@pytest.mark.parametrize("count", ["0", "-3", "many"])
def test_a_number_of_pages_that_cannot_be_meant_is_wrong_usage(count: str, tmp_path: Path, run: Run) -> None:
    done = run("sample", count, tmp_path / "a")

    assert (done.code, done.out) == (2, "")
    assert not (tmp_path / "a").exists()


def test_a_file_is_no_folder(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "a"
    path.write_text("a file", encoding="utf-8")

    done = run("sample", "1", path)

    assert done.code == 2
    assert "is no folder" in done.err
    assert path.read_text(encoding="utf-8") == "a file"


def test_a_folder_that_cannot_be_made_ends_with_1(run: Run) -> None:
    done = run("sample", "1", "/proc/nowhere/a")

    assert done.code == 1
    assert "[sample-not-written]" in done.err

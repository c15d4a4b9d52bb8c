"""The benchmarks in small: that they run, and measure what they say. How fast anything is, is not asked here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpus import Corpus, invented
from benchmarks.other_layouts import in_layout
from esf_etl import LAYOUTS, Layout, parse, project_id, render

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus.at(tmp_path / "30", 30)


def run(tmp_path: Path, *options: str) -> dict[str, Any]:
    """What the program writes as JSON, measuring 30 pages in one round."""
    written = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--pages", "30", "--rounds", "1", "--folder", str(tmp_path)]
    subprocess.run([*command, "--json", str(written), *options], check=True, cwd=ROOT)
    document: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
    return document


def names(figures: list[dict[str, Any]]) -> set[str]:
    return {figure["name"] for figure in figures}


def pages(corpus: Corpus) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in corpus.folder.rglob("*.txt")}


@pytest.mark.slow
def test_everything_is_measured_in_one_run(tmp_path: Path) -> None:
    document = run(tmp_path, "--no-memory", "--peers", "plain-loop=10", "duckdb", "polars")
    (contest,) = document["contests"]
    nights = {"first load", "idle night", "incremental night"}
    floors = {"floor of the first load", "floor of the idle night: scandir and stat"}
    peers = {"plain-loop: 10 pages", "duckdb: 30 pages", "polars: 30 pages"}
    assert names(contest["figures"]) >= nights | floors | peers
    assert names(document["alone"]) >= {"esf-etl --help", "parse_bytes, colon-2021, in memory", "validate, in memory"}
    assert {ratio["name"] for ratio in contest["ratios"]} >= {"first load to its floor", "idle night to its floor"}
    assert "dlt" in document["left_out"]


def test_memory_and_disk_are_watched_in_a_round_of_their_own(tmp_path: Path) -> None:
    document = run(tmp_path, "--only", "floor", "peers", "--peers", "duckdb")
    (contest,) = document["contests"]
    assert names(contest["memory"]) >= {
        "floor of the first load: peak memory",
        "floor of the first load: parquet on disk",
        "duckdb: 30 pages: peak memory",
        "duckdb: 30 pages: database on disk",
    }
    assert all(figure["median"] > 0 for figure in contest["memory"])


def test_a_small_corpus_is_the_beginning_of_a_large_one(corpus: Corpus, tmp_path: Path) -> None:
    large = pages(Corpus.at(tmp_path / "40", 40))
    assert len(large) == 40
    assert pages(corpus).items() <= large.items()
    assert len({project_id(parse(page.decode())) for page in large.values()}) == 40


def test_the_night_after_has_changed_and_new_pages_and_can_be_taken_back(corpus: Corpus) -> None:
    before = pages(corpus)
    assert corpus.change() == 30 + 50
    after = pages(corpus)
    assert len(after) == 30 + 50
    assert not before.items() & after.items()
    corpus.restore()
    assert pages(corpus) == before


def test_a_kept_corpus_is_as_it_was_also_after_a_run_that_was_killed(corpus: Corpus) -> None:
    before = pages(corpus)
    corpus.change()
    assert Corpus.at(corpus.root, 30) == corpus
    assert pages(corpus) == before


def test_a_kept_corpus_of_other_pages_is_refused(corpus: Corpus) -> None:
    corpus.path(0).write_bytes(b"another page")
    with pytest.raises(ValueError, match="another version"):
        Corpus.at(corpus.root, 30)


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.key for layout in LAYOUTS])
def test_an_invented_project_stands_on_a_page_of_each_layout(layout: Layout) -> None:
    project = in_layout(invented(7), layout)
    assert parse(render(project)) == project
    assert project.layout == layout.key

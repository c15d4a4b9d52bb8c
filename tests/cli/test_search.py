"""`esf-etl search`: projects with their facts and snippets, the hits marked; JSON with offsets."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from esf_etl import Section
from esf_etl.reports.search import index
from tests.cli.conftest import HARMFUL, HARMLESS_TITLE, Place, Run, environment, esf_etl, project, put, without


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of three projects, with its index: to be read only."""
    root = tmp_path_factory.mktemp("searched")
    here = Place(root / "landing", root / "warehouse")
    text = "Stöd åt\n\narbetslösa kvinnor [och män]."
    put(here.landing, "a.txt", project("Arbetslösheten", grant_sek=Decimal("1234567.50")))
    put(here.landing, "b.txt", project("Steget", sections=(Section("summary", "Sammanfattning", text),)))
    put(here.landing, "c.txt", project("Får", region="Stockholm", nuts2_code="SE11", grant_sek=None))
    assert esf_etl("ingest", *here.options).returncode == 0
    assert esf_etl("search", "får", "--warehouse", here.warehouse).returncode == 0
    return here.warehouse


def test_each_project_has_its_facts_and_its_snippet_with_the_hits_in_brackets(searched: Path, run: Run) -> None:
    done = run("search", "arbetslös", "--warehouse", searched)

    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "1. [Arbetslösheten]"
    assert lines[1].startswith("   Sydsverige · 2008 · 1 234 567,50 kr · 2007-2013 · esf-")
    assert lines[2] == ""
    assert lines[3] == "2. Steget"
    assert lines[4].startswith("   Sydsverige · 2008 · 5 222 650 kr · 2007-2013 · esf-")
    assert lines[5] == "   Sammanfattning: Stöd åt [arbetslösa] kvinnor [och män]."
    assert lines[-1] == "2 projects have this word: arbetslös. Shown: 2."


def test_json_has_texts_and_offsets_and_no_marks_in_them(searched: Path, run: Run) -> None:
    done = run(
        "search", "arbetslös och får", "--json", "--warehouse", searched, "--region", "sydsverige", "--year", "2008"
    )
    answer = done.json

    assert (done.code, done.err) == (0, "")
    assert {name: answer[name] for name in ("query", "engine", "left_out", "nuts2_code", "year", "notes")} == {
        "query": "arbetslös och får",
        "engine": "fts",
        "left_out": ["och"],
        "nuts2_code": "SE22",
        "year": 2008,
        "notes": [],
    }
    assert answer["words"] == [
        {"word": "arbetslös", "stem": "arbetslös", "projects": 2},
        {"word": "får", "stem": "får", "projects": 1},
    ]
    assert (answer["projects_found"], len(answer["hits"])) == (2, 2)
    hit = answer["hits"][1]
    assert hit.pop("score") > 0
    assert hit.pop("project_id").startswith("esf-")
    assert hit == {
        "rank": 2,
        "words_found": 1,
        "title": {"text": "Steget", "marks": []},
        "programme_period": "2007-2013",
        "nuts2_code": "SE22",
        "region": "Sydsverige",
        "start_year": 2008,
        "grant_sek": "5222650.00",
        "section_key": "summary",
        "heading": "Sammanfattning",
        "snippet": {"text": "Stöd åt arbetslösa kvinnor [och män].", "marks": [[8, 18]]},
    }


def test_on_a_terminal_hits_are_bold(searched: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "esf_etl.cli", "search", "arbetslös", "--warehouse", str(searched)]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=environment(TERM="xterm")) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        assert process.wait(timeout=120) == 0

    assert "\x1b[1marbetslösa\x1b[0m" in shown.decode()
    assert "[arbetslösa]" not in shown.decode()


def test_a_project_without_an_amount_says_none(searched: Path, run: Run) -> None:
    facts = run("search", "får", "--warehouse", searched).out.splitlines()[1]

    assert facts.startswith("   Stockholm · 2008 · 2007-2013 · esf-")


def test_limit_shows_so_many(searched: Path, run: Run) -> None:
    out = run("search", "arbetslös", "--limit", "1", "--warehouse", searched).out

    assert "2. " not in out
    assert out.endswith("2 projects have this word: arbetslös. Shown: 1.\n")


def test_nothing_found_is_said_and_is_no_error(searched: Path, run: Run) -> None:
    done = run("search", "kopparslagare", "--warehouse", searched)

    assert (done.code, done.out) == (0, "No project found.\n")
    assert done.err == "No project has the word kopparslagare.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((" !",), "no word"),
        (("får", "--region", "Narnia"), "SE22 Sydsverige"),
        (("får", "--limit", "0"), "limit"),
        (("får", "--year", "i fjol"), "--year"),
        ((), "QUERY"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(arguments: tuple[str, ...], said: str, searched: Path, run: Run) -> None:
    done = run("search", *arguments, "--warehouse", searched)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_the_first_search_says_that_it_builds_the_index(own: Place, run: Run) -> None:
    first = run("search", "broar", "--json", "--warehouse", own.warehouse)
    second = run("search", "broar", "--json", "--warehouse", own.warehouse)

    assert first.err == "Building the search index of this snapshot, once for all searches.\n"
    assert second.err == ""
    assert first.json["hits"] == second.json["hits"]


def test_without_the_extension_s_package_it_searches_plainly_and_says_so(own: Place) -> None:
    done = without("duckdb_extension_fts", "search", "bygger", "--warehouse", str(own.warehouse))

    assert done.returncode == 0
    assert "pip install 'esf-etl[reports]'" in done.stderr
    assert "Vi [bygger] broar." in done.stdout
    assert not (own.warehouse / "search").exists()


def test_json_names_the_plain_engine(own: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "extension_file", lambda: None)

    answer = run("search", "bygger", "--json", "--warehouse", own.warehouse).json

    assert answer["engine"] == "plain"
    assert len(answer["notes"]) == 1


def test_a_hostile_title_can_do_a_terminal_no_harm(own: Place, run: Run) -> None:
    done = run("search", "titel", "--warehouse", own.warehouse)
    as_json = run("search", "titel", "--json", "--warehouse", own.warehouse)

    assert not any(sign in done.out + as_json.out for sign in HARMFUL)
    assert done.out.splitlines()[0] == "1. " + HARMLESS_TITLE.replace("titel", "[titel]")


def test_a_foreign_log_is_refused(with_foreign_wal: Place, run: Run) -> None:
    done = run("search", "broar", "--warehouse", with_foreign_wal.warehouse)

    assert (done.code, done.out) == (1, "")
    assert "[foreign-wal]" in done.err


def test_without_a_warehouse_it_ends_with_1_and_advice(tmp_path: Path, run: Run) -> None:
    done = run("search", "får", "--warehouse", tmp_path)

    assert (done.code, done.out) == (1, "")
    assert "Run `esf-etl ingest` first, or name the folder with --warehouse." in done.err

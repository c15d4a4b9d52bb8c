"""Full-text search: which projects a query finds, in which order, with which snippet; with the index and without."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from unicodedata import normalize

import pytest

from esf_etl import Section
from esf_etl.errors import UsageError
from esf_etl.reports.search import Found, index, search
from esf_etl.reports.search.snippet import cut
from esf_etl.reports.search.words import MOST_WORDS, query_words, stop_words
from tests.integration.conftest import Job, project

LONG = ("Vi ordnar möten om resor och mat. " * 40).strip()


def summary(text: str) -> tuple[Section, ...]:
    return (Section("summary", "Sammanfattning", text),)


PAGES = (
    project("Vallen", sections=summary("Den som vill FÅR ull av fåren."), region="Stockholm", nuts2_code="SE11"),
    project("Familjen", sections=summary("En far och en son."), period_start=date(2010, 1, 1)),
    project("Arbetslösheten", sections=summary("Om tid.")),
    project("Steget", sections=summary("Stöd åt arbetslösa kvinnor, arbetslösa män och arbetslösa unga.")),
    project("Länge", sections=summary(f"{LONG} Här möts unga och långtidsarbetslösa personer.\n\n{LONG}")),
    project(
        "Delat", sections=(*summary(f"Om unga. {LONG}"), Section("purpose", "Syfte", "Att nå långtidsarbetslösa."))
    ),
    project("Vägval", sections=summary("Ett väg-val för EU-projekt, 2010 års e-post."), owner="Ägaren"),
    project("Åldern", sections=summary("ÅRHUNDRADEN och Ängar."), region="Övre Norrland", nuts2_code="SE33"),
    *(project(f"Kopia {letter}", sections=summary("Samma text om kopparslagare.")) for letter in "ABC"),
    project("Utan allt", sections=summary("Enslingens text."), region=None, nuts2_code=None, grant_sek=None),
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of a few pages, to be read only."""
    root = tmp_path_factory.mktemp("searched")
    job = Job(root / "landing", root / "warehouse")
    for number, page in enumerate(PAGES):
        job.put(f"{number}.txt", page)
    assert job.ingest(workers=1).loaded == len(PAGES)
    return job.warehouse


@pytest.fixture(params=["fts", "plain"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the two ways of searching."""
    if request.param == "plain":
        monkeypatch.setattr(index, "extension_file", lambda: None)
    elif index.extension_file() is None:
        pytest.fail("the package duckdb-extension-fts is not installed")
    return str(request.param)


def titles(found: Found) -> list[str]:
    return [hit.title.text for hit in found.hits]


# ---- letters and words ------------------------------------------------------------------------------------------


def test_a_with_a_ring_is_another_letter_than_a(engine: str, warehouse: Path) -> None:
    assert titles(search(warehouse, "får")) == ["Vallen"]
    assert titles(search(warehouse, "far")) == ["Familjen"]
    assert search(warehouse, "får").engine == engine


@pytest.mark.parametrize("query", ["FÅR", "får", normalize("NFD", "får"), normalize("NFD", "FÅR")])
def test_capitals_and_decomposed_letters_are_the_same_word(engine: str, query: str, warehouse: Path) -> None:
    found = search(warehouse, query)

    assert titles(found) == ["Vallen"]
    assert [word.word for word in found.words] == ["får"]


@pytest.mark.parametrize(("query", "title"), [("årh", None), ("århundraden", "Åldern"), ("ängar", "Åldern")])
def test_capitals_with_rings_and_dots_of_a_page_are_lowered(
    engine: str, query: str, title: str | None, warehouse: Path
) -> None:
    assert titles(search(warehouse, query)) == ([title] if title else [])


@pytest.mark.parametrize("query", ["väg", "val", "väg-val", "eu", "e-post", "2010"])
def test_a_hyphen_parts_words_and_digits_are_words(engine: str, query: str, warehouse: Path) -> None:
    assert titles(search(warehouse, query)) == ["Vägval"]


def test_with_the_index_a_word_finds_its_other_forms(warehouse: Path) -> None:
    found = search(warehouse, "arbetslös")

    assert set(titles(found)) == {"Arbetslösheten", "Steget"}
    assert [(word.stem, word.projects) for word in found.words] == [("arbetslös", 2)]


def test_without_it_a_word_finds_only_itself_and_says_so(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "extension_file", lambda: None)

    told: list[str] = []
    found = search(warehouse, "arbetslös", tell=told.append)

    assert (found.engine, found.hits) == ("plain", ())
    assert titles(search(warehouse, "arbetslösa")) == ["Steget"]
    assert list(found.notes) == told
    assert "pip install 'esf-etl[reports]'" in told[0]
    assert "each in the form given" in told[0]


def test_an_extension_that_cannot_be_loaded_is_done_without(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "fts.duckdb_extension"
    other.write_bytes(b"of another version" * 1000)
    monkeypatch.setattr(index, "extension_file", lambda: other)

    found = search(warehouse, "får")

    assert (found.engine, titles(found)) == ("plain", ["Vallen"])
    assert "cannot be loaded" in found.notes[0]


def test_two_forms_of_one_word_are_one_word(warehouse: Path) -> None:
    found = search(warehouse, "arbetslösa arbetslös ARBETSLÖSA")

    assert [word.word for word in found.words] == ["arbetslösa"]
    assert {hit.words_found for hit in found.hits} == {1}


@pytest.mark.parametrize(
    "query",
    ["'; DROP TABLE document; --", '"far" OR 1=1', "far%_*(", "$word", "far AND NOT son", "\\p{L} far", "far\0"],
)
def test_signs_and_operators_only_part_words(engine: str, query: str, warehouse: Path) -> None:
    found = search(warehouse, query)

    assert titles(found) == (["Familjen"] if "far" in query else [])


@pytest.mark.parametrize("query", ["", "  ", "!?", "-", "\u0301"])
def test_a_query_without_a_word_is_wrong_usage(query: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no word"):
        search(tmp_path, query)


def test_a_whole_text_is_no_query(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"at most {MOST_WORDS}"):
        search(tmp_path, " ".join(f"ord{number}" for number in range(MOST_WORDS + 1)))


# ---- very common words ------------------------------------------------------------------------------------------


def test_very_common_words_are_left_out_beside_others(engine: str, warehouse: Path) -> None:
    found = search(warehouse, "en far och en son")

    assert titles(found) == ["Familjen"]
    assert (found.left_out, found.hits[0].words_found) == (("en", "och"), 2)


def test_a_query_of_common_words_alone_finds_titles(engine: str, tmp_path: Path) -> None:
    job = Job(tmp_path / "landing", tmp_path / "warehouse")
    job.put("a.txt", project("Från och med nu", sections=summary("Text.")))
    job.put("b.txt", project("Annat", sections=summary("Från och med då.")))
    job.ingest(workers=1)

    found = search(job.warehouse, "från och med")

    assert titles(found) == ["Från och med nu"]
    assert found.engine == "plain"
    assert any("titles alone" in text for text in found.notes)


def test_no_common_word_is_one_that_is_looked_for() -> None:
    assert {"får", "far", "man", "unga"}.isdisjoint(stop_words())
    assert all(query_words(word) == ([], [word]) for word in stop_words())


# ---- order ------------------------------------------------------------------------------------------------------


def test_projects_with_all_the_words_come_before_those_with_some(engine: str, warehouse: Path) -> None:
    found = search(warehouse, "unga långtidsarbetslösa")

    # Together in one section before apart, and "Steget", with one of them, last.
    assert titles(found) == ["Länge", "Delat", "Steget"] or titles(found) == ["Delat", "Länge", "Steget"]
    assert [hit.words_found for hit in found.hits] == [2, 2, 1]
    assert [hit.rank for hit in found.hits] == [1, 2, 3]


def test_a_word_of_the_title_weighs_more_than_many_in_a_section(warehouse: Path) -> None:
    found = search(warehouse, "arbetslös")

    assert titles(found) == ["Arbetslösheten", "Steget"]
    assert found.hits[0].score > found.hits[1].score


def test_equals_stand_in_the_order_of_their_ids(engine: str, warehouse: Path) -> None:
    found = search(warehouse, "kopparslagare")

    ids = [hit.project_id for hit in found.hits]
    assert len({hit.score for hit in found.hits}) == 1
    assert len(ids) == 3
    assert ids == sorted(ids)


# ---- filters ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "region", ["SE33", "se33", "Övre Norrland", "övre  norrland", normalize("NFD", "ÖVRE NORRLAND")]
)
def test_a_region_is_named_by_code_or_name(engine: str, region: str, warehouse: Path) -> None:
    found = search(warehouse, "århundraden vägval", region=region)

    assert titles(found) == ["Åldern"]
    assert (found.nuts2_code, found.hits[0].region) == ("SE33", "Övre Norrland")
    assert found.projects_found == 1


def test_a_region_as_pages_write_it_is_known(warehouse: Path) -> None:
    assert search(warehouse, "får", region="Småland & Öarna").nuts2_code == "SE21"


@pytest.mark.parametrize("region", ["Ovre Norrland", "SE99", "", "Norrland"])
def test_an_unknown_region_is_wrong_usage_and_the_known_ones_are_named(region: str, warehouse: Path) -> None:
    with pytest.raises(UsageError, match=r"SE22 Sydsverige") as caught:
        search(warehouse, "får", region=region)

    assert "SE33 Övre Norrland" in str(caught.value)


def test_the_year_is_that_of_the_first_day(engine: str, warehouse: Path) -> None:
    assert titles(search(warehouse, "far son", year=2010)) == ["Familjen"]
    assert titles(search(warehouse, "far son", year=2009)) == []
    assert search(warehouse, "far", year=2009).words[0].projects == 1


def test_the_limit_cuts_the_list_and_not_the_count(engine: str, warehouse: Path) -> None:
    found = search(warehouse, "kopparslagare", limit=2)

    assert (len(found.hits), found.projects_found) == (2, 3)
    assert found.hits == search(warehouse, "kopparslagare").hits[:2]


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_that_is_none_is_wrong_usage(limit: int, warehouse: Path) -> None:
    with pytest.raises(UsageError, match="limit"):
        search(warehouse, "får", limit=limit)


@pytest.mark.parametrize("year", [0, -5, 10_000, 10**12])
def test_a_year_that_is_none_is_wrong_usage(year: int, warehouse: Path) -> None:
    with pytest.raises(UsageError, match="year"):
        search(warehouse, "får", year=year)


def test_a_project_that_says_little_is_found_as_well(engine: str, warehouse: Path) -> None:
    (hit,) = search(warehouse, "enslingens").hits

    assert (hit.region, hit.nuts2_code, hit.grant_sek) == (None, None, None)


# ---- snippets ---------------------------------------------------------------------------------------------------


def test_the_words_that_matched_by_their_stem_are_marked(warehouse: Path) -> None:
    first, second = search(warehouse, "arbetslös").hits

    assert first.title.pieces() == [("Arbetslösheten", True)]
    assert (first.section_key, first.heading, first.snippet) == ("title", None, first.title)
    assert (second.section_key, second.heading) == ("summary", "Sammanfattning")
    assert [piece for piece, is_hit in second.snippet.pieces() if is_hit] == ["arbetslösa"] * 3


def test_without_the_index_only_the_words_themselves_are_marked(engine: str, warehouse: Path) -> None:
    (hit,) = search(warehouse, "får").hits

    marked = [piece for piece, is_hit in hit.snippet.pieces() if is_hit]
    assert marked == (["FÅR", "fåren"] if engine == "fts" else ["FÅR"])


def test_a_snippet_is_the_part_that_shows_most_of_the_words(engine: str, warehouse: Path) -> None:
    hits = {hit.title.text: hit for hit in search(warehouse, "unga långtidsarbetslösa").hits}
    snippet = hits["Länge"].snippet

    assert [snippet.text[start:end] for start, end in snippet.marks] == ["unga", "långtidsarbetslösa"]
    assert snippet.text.startswith("…")
    assert snippet.text.endswith("…")
    assert "\n" not in snippet.text
    assert len(snippet.text) <= 242


@pytest.mark.parametrize("length", [5, 12, 30, 60])
@pytest.mark.parametrize("place", [0, 1, 7, 19])
def test_a_cut_keeps_to_whole_words_and_shows_the_hit(length: int, place: int) -> None:
    words = [f"ord{number:02}" for number in range(20)]
    words[place] = "träff"

    part = cut(" ".join(words), {"träff": 0}, length=length)

    assert [part.text[start:end] for start, end in part.marks] == ["träff"]
    assert len(part.text.strip("…")) <= length
    assert set(part.text.strip("…").split()) <= set(words)


def test_a_cut_prefers_different_words_to_many() -> None:
    text = "far far far far " + "x " * 200 + "far son " + "x " * 200

    part = cut(text, {"far": 0, "son": 1}, length=40)

    assert [part.text[start:end] for start, end in part.marks] == ["far", "son"]


def test_a_cut_of_a_text_without_hits_is_its_beginning() -> None:
    part = cut("ett två tre fyra", {}, length=8)

    assert (part.text, part.marks) == ("ett två…", ())

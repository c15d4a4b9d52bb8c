"""The report page as a file: its figures reconcile with the views, what it quotes does nothing, two languages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from esf_etl.cli import main
from esf_etl.errors import ExportError, UsageError, WarehouseError
from esf_etl.reports.page import LANGUAGES, make_page, write_page
from esf_etl.reports.page.charts import topology
from esf_etl.reports.page.tables import MOST_REJECTS, Writer
from esf_etl.reports.page.texts import texts_in
from esf_schemas.rules import RULES
from tests.integration.conftest import Job, environment, project
from tests.reports.conftest import Reported

MOST_BYTES = 1_300_000
"""Ceiling of the page's weight. Nine tenths are the scripts that draw, and the map, whatever the warehouse holds."""
HOSTILE = "<script>window.hit=1</script><img src=x onerror='window.hit=1'>"


class Parts(HTMLParser):
    """The script elements of a page by their ids or order, all attributes, the text outside scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self._attrs: dict[str, str | None] | None = None
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag == "script":
            self._attrs = dict(attrs)
            self.scripts.append((self._attrs, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._attrs = None

    def handle_data(self, data: str) -> None:
        if self._attrs is None:
            self.text += data
        else:
            self.scripts[-1] = (self._attrs, self.scripts[-1][1] + data)

    def json(self, name: str) -> Any:
        (found,) = (text for attrs, text in self.scripts if attrs.get("id") == name)
        return json.loads(found)


@pytest.fixture(scope="module")
def page(reported: Reported) -> str:
    return make_page(reported.job.warehouse, now=datetime(2026, 11, 24, 3, 35, tzinfo=UTC))


@pytest.fixture(scope="module")
def figures(page: str) -> dict[str, Any]:
    found: dict[str, Any] = Parts(page).json("figures")
    return found


def table(figures: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [dict(zip(figures[name]["columns"], row, strict=True)) for row in figures[name]["rows"]]


def ore(value: Decimal | None) -> int | None:
    return None if value is None else int(value * 100)


def total(rows: list[dict[str, Any]], column: str) -> Any:
    values = [row[column] for row in rows if row[column] is not None]
    return sum(values) if values else None


def grouped(rows: list[dict[str, Any]], *keys: str) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def amounts(rows: list[dict[str, Any]]) -> tuple[Any, Any, Any]:
    return total(rows, "projects"), total(rows, "grant_ore"), total(rows, "budget_ore")


# ---- figures ----------------------------------------------------------------------------------------------------


def test_the_groups_are_the_projects_to_the_ore(figures: dict[str, Any], reported: Reported) -> None:
    projects = reported.projects()

    assert amounts(table(figures, "groups")) == (
        len(projects),
        sum(ore(each["grant_sek"]) or 0 for each in projects),
        sum(ore(each["budget_sek"]) or 0 for each in projects),
    )


def test_region_and_year_are_those_of_the_view_also_where_not_stated(
    figures: dict[str, Any], reported: Reported
) -> None:
    codes = [region["code"] for region in figures["regions"]]
    expected = {
        (row["nuts2_code"], row["start_year"]): (row["projects"], ore(row["grant_sek"]), ore(row["budget_sek"]))
        for row in reported.view("funding_by_region_year")
    }

    found = {
        (codes[region], year): amounts(rows)
        for (region, year), rows in grouped(table(figures, "groups"), "region", "year").items()
    }

    assert found == expected
    assert any(region is None for region, _ in found)
    assert any(year is None for _, year in found)


def test_areas_are_those_of_the_view(figures: dict[str, Any], reported: Reported) -> None:
    expected = {
        (row["programme_period"], row["programme_area_code"], row["programme_area"]): (
            row["projects"],
            ore(row["grant_sek"]),
            ore(row["budget_sek"]),
        )
        for row in reported.view("funding_by_programme_area")
    }

    found = {}
    for (place,), rows in grouped(table(figures, "groups"), "area").items():
        area = figures["areas"][place]
        found[figures["periods"][area["period"]], area["code"], area["name"]] = amounts(rows)

    assert found == expected


def test_municipalities_are_those_of_the_view_split_to_the_ore(figures: dict[str, Any], reported: Reported) -> None:
    expected = {
        row["municipality_code"]: (row["projects"], ore(row["grant_sek"]), ore(row["budget_sek"]))
        for row in reported.view("funding_by_municipality")
    }

    found = {code: amounts(rows) for (code,), rows in grouped(table(figures, "places"), "municipality").items()}

    assert found == expected
    assert None in found


def test_months_are_those_of_the_view(figures: dict[str, Any], reported: Reported) -> None:
    by_month = grouped(table(figures, "months"), "month")
    running = 0
    for row in reported.view("active_projects_by_month"):
        events = by_month.get((row["month"] and f"{row['month']:%Y-%m}",), [])
        if row["month"] is None:
            assert total(events, "unplaced") == row["running"]
        else:
            running += total(events, "coming") or 0
            assert running == row["running"]
            running -= total(events, "going") or 0
        assert (total(events, "starting") or 0, total(events, "ending") or 0) == (row["starting"], row["ending"])


def test_the_lists_of_all_are_those_of_the_view(figures: dict[str, Any], reported: Reported) -> None:
    lists = grouped(table(figures, "lists"), "period", "region", "list")
    organisations = [row for row in reported.view("organisations") if row["organisation"] is not None]
    most = sorted(organisations, key=lambda row: (-row["projects"], -row["as_owner"], row["organisation"]))[:10]

    (number,) = lists[-1, -1, "all"]
    assert number["organisations"] == len(organisations)
    assert [(figures["organisations"][row["organisation"]], row["projects"]) for row in lists[-1, -1, "part"]] == [
        (row["organisation"], row["projects"]) for row in most
    ]


def test_the_owners_of_every_choice_add_up_to_its_projects(figures: dict[str, Any]) -> None:
    groups, lists = table(figures, "groups"), grouped(table(figures, "lists"), "period", "region")
    for (period, region), rows in lists.items():
        chosen = [row for row in groups if period in (-1, row["period"]) and region in (-1, row["region"])]
        owners = [row for row in rows if row["list"] in ("owner", "rest", "not_stated")]
        assert amounts(owners) == amounts(chosen)
    choices = {(row["period"], row["region"]) for row in groups}
    assert set(lists) == choices | {(period, -1) for period, _ in choices} | {(-1, region) for _, region in choices} | {
        (-1, -1)
    }


def test_a_sole_trader_and_a_contact_are_nowhere_on_the_page(page: str) -> None:
    assert "Kim Påhitts" not in page
    assert "kim.exempel" not in page.lower()


# ---- the map ----------------------------------------------------------------------------------------------------


def test_every_municipality_is_on_the_map(reported: Reported) -> None:
    codes = reported.rows("SELECT municipality_code FROM ref.municipality")

    shapes = topology()["objects"]["municipalities"]["geometries"]

    assert {shape["id"] for shape in shapes} == {row["municipality_code"] for row in codes}
    assert len(shapes) == 290
    assert all(shape["arcs"] for shape in shapes)


def test_the_map_is_small() -> None:
    path = Path(__file__).parents[2] / "src/esf_etl/reports/page/assets/municipalities.topojson"

    assert path.stat().st_size < 150_000


# ---- one file, alone --------------------------------------------------------------------------------------------


def test_nothing_on_the_page_names_a_place_to_fetch_from(page: str) -> None:
    fetching = [
        (tag, name, value)
        for tag, name, value in Parts(page).attributes
        if name in ("src", "srcset", "action", "poster", "background") or (name == "href" and tag != "a")
    ]

    assert fetching == [("link", "href", "data:,")]
    assert "@import" not in page.split("</style>", maxsplit=1)[0]
    assert "url(" not in page.split("</style>", maxsplit=1)[0]


def test_the_policy_allows_the_scripts_of_the_page_by_their_hashes_and_no_network(page: str) -> None:
    parts = Parts(page)
    (policy,) = (
        str(value) for tag, name, value in parts.attributes if name == "content" and "default-src" in str(value)
    )
    programs = [text for attrs, text in parts.scripts if attrs.get("type") != "application/json"]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in programs]

    assert policy.startswith("default-src 'none'; ")
    assert f"script-src {' '.join(hashes)};" in policy
    assert "unsafe-eval" not in policy
    assert "connect-src" not in policy


def test_the_page_stays_small(page: str) -> None:
    assert len(page.encode()) < MOST_BYTES


def test_altair_and_no_pandas_makes_the_page(reported: Reported) -> None:
    code = (
        "import sys; from pathlib import Path; from esf_etl.reports.page import make_page\n"
        "assert 'altair' not in sys.modules\n"
        f"make_page(Path({str(reported.job.warehouse)!r}))\n"
        "print('altair' in sys.modules, 'pandas' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True, timeout=120
    )

    assert done.stdout.split() == ["True", "False", "False"]


# ---- what is quoted does nothing ----------------------------------------------------------------------------------


@pytest.fixture
def hostile(job: Job) -> Job:
    """A warehouse whose titles, owners, areas and paths are markup."""
    job.put(
        "a.txt",
        project(
            HOSTILE,
            layout="lines-2014",
            programme_period="2014-2020",
            project_number="2015/00001",
            owner=HOSTILE,
            programme_area=HOSTILE,
            programme_area_code=None,
            phase=None,
            contact=None,
            municipalities=(),
            co_financiers=(),
            partners=(),
            period_start=None,
            period_end=None,
        ),
    )
    job.put("<img src=x onerror=window.hit=1>.txt", "Nyheter\n\nInget.\n")
    assert job.ingest(workers=1).loaded == 1
    return job


def test_markup_of_pages_and_paths_is_text(hostile: Job) -> None:
    page = make_page(hostile.warehouse)

    assert HOSTILE not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=window.hit=1&gt;.txt" in page
    figures = Parts(page).json("figures")
    assert figures["organisations"] == [HOSTILE]
    assert HOSTILE in figures["areas"][0]["name"]


# ---- odd warehouses ---------------------------------------------------------------------------------------------


def test_no_warehouse_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="esf-etl ingest"):
        make_page(tmp_path / "nowhere")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_warehouse_without_a_publication_says_so(job: Job, language: str) -> None:
    assert job.ingest().outcome == "idle"

    page = make_page(job.warehouse, language=language)

    texts = texts_in(language)
    assert texts.page["empty"] in page
    assert texts.page["made_empty"].partition("{")[0] in page
    assert texts.outcomes["idle"] in page


def test_a_warehouse_of_rejects_only_says_that_it_has_no_projects(job: Job) -> None:
    job.put("news.txt", "Nyheter\n\nInget.\n")
    assert job.ingest(workers=1).rejected == 1

    page = make_page(job.warehouse)

    assert texts_in("sv").page["empty"] in page
    assert "news.txt" in page


def test_a_warehouse_with_projects_does_not_call_itself_empty(page: str) -> None:
    assert texts_in("sv").page["empty"] not in page


def test_another_language_is_refused_by_name(reported: Reported) -> None:
    with pytest.raises(UsageError, match="'de' is none of sv, en"):
        make_page(reported.job.warehouse, language="de")


# ---- the tables of the job --------------------------------------------------------------------------------------


def test_runs_rejects_and_findings_are_there_with_what_to_do(page: str, reported: Reported) -> None:
    text = Parts(page).text
    rules = texts_in("sv").rules

    for row in reported.rows("SELECT * FROM etl.reject"):
        assert row["path"] in text
        assert row["code"] in text
        assert rules.get(row["code"], row["message"]) in text
    for row in reported.view("data_quality"):
        if row["kind"] == "finding":
            assert rules[row["code"]] in text
    assert "publicerad" in text
    assert "Se avvisade filer nedan." in text


def test_a_failed_night_after_the_publication_is_shown_with_its_reason(job: Job) -> None:
    job.put("a.txt", project())
    job.ingest(workers=1)
    (job.landing / "a.txt").unlink()
    with pytest.raises(Exception, match="no page files"):
        job.ingest()

    text = Parts(make_page(job.warehouse)).text

    assert "misslyckad" in text
    assert job.journal()[-1]["error_message"] in text


def test_many_rejects_are_cut_and_their_number_said() -> None:
    rows = [
        {"path": f"{number:03}.txt", "line": 1, "code": "article", "field": None, "message": "An article."}
        for number in range(MOST_REJECTS + 7)
    ]

    written = Writer(texts_in("en")).rejects(rows)

    assert written.count("<tr>") == MOST_REJECTS + 1
    assert "7 more rows" in written


@pytest.mark.parametrize(
    ("language", "money", "share", "day"),
    [
        ("sv", "5\u00a0222\u00a0650\u00a0kr", "12,3\u00a0%", "2026-11-04"),
        ("en", "SEK\u00a05,222,650", "12.3%", "4 November 2026"),
    ],
)
def test_numbers_and_days_have_the_form_of_the_language(language: str, money: str, share: str, day: str) -> None:
    writer = Writer(texts_in(language))

    assert writer.money(Decimal("5222649.50")) == money
    assert writer.share(Decimal("0.1225")) == share
    assert writer.day(datetime(2026, 11, 4, tzinfo=UTC).date()) == day
    assert {writer.money(None), writer.share(None), writer.day(None)} == {"–"}


# ---- words ------------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_words() -> None:
    swedish, english = map(texts_in, LANGUAGES)

    for part in ("page", "script", "work", "outcomes", "absent"):
        assert set(getattr(swedish, part)) == set(getattr(english, part)), part
        assert all(getattr(swedish, part).values()), part


def test_every_rule_and_refusal_has_swedish_words() -> None:
    sources = (Path(__file__).parents[2] / "src/esf_etl/pages").glob("*.py")
    refusals = {code for path in sources for code in re.findall(r'\bcode="([a-z-]+)"', path.read_text("utf-8"))}

    assert (set(RULES) | refusals) - set(texts_in("sv").rules) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_its_language(reported: Reported, language: str) -> None:
    page = make_page(reported.job.warehouse, language=language)

    assert f'<html lang="{language}">' in page
    assert f"<h1>{texts_in(language).page['title']}</h1>" in page
    assert "$" not in Parts(page).text


# ---- the command ------------------------------------------------------------------------------------------------


def test_the_command_writes_the_page_into_the_warehouse_folder(
    hostile: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed = {path: path.stat().st_mtime_ns for path in hostile.warehouse.rglob("snapshots/**/*")}

    status = main(["report", "--warehouse", str(hostile.warehouse), "--json"])

    written = hostile.warehouse / "report.html"
    said = json.loads(capsys.readouterr().out)
    assert status == 0
    assert said == {"output": str(written), "language": "sv", "size_bytes": written.stat().st_size}
    assert {path: path.stat().st_mtime_ns for path in hostile.warehouse.rglob("snapshots/**/*")} == sealed
    assert [path.name for path in hostile.warehouse.glob(".report*")] == []


def test_the_command_writes_where_and_in_the_language_it_is_told(
    hostile: Job, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "page.html"

    arguments = ["report", "--warehouse", str(hostile.warehouse), "--output", str(output), "--language", "en"]
    assert main(arguments) == 0

    assert '<html lang="en">' in output.read_text(encoding="utf-8")
    assert str(output) in capsys.readouterr().out


def test_a_page_that_cannot_be_written_leaves_the_one_before(hostile: Job, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written") as caught:
        write_page(hostile.warehouse, tmp_path / "no such folder" / "page.html")

    assert caught.value.code == "export-unwritable"

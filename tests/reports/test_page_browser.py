"""The report page in a real browser: filters, map, no requests, accessibility, phone, print, keyboard, weight."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from esf_etl.reports.page import LANGUAGES, write_page
from esf_etl.reports.page.tables import Writer
from esf_etl.reports.page.texts import texts_in
from tests.integration.conftest import Job, project
from tests.reports.conftest import Reported
from tests.reports.test_page import HOSTILE

SWEDISH = Writer(texts_in("sv"))
WORDS = texts_in("sv").script
ALL = "-1"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
A4_PIXELS = 688
"""The width between the margins of an A4 page, at 96 pixels an inch."""

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def written(reported: Reported, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of the odd warehouse in both languages."""
    folder = tmp_path_factory.mktemp("pages")
    return {
        language: write_page(reported.job.warehouse, folder / f"{language}.html", language=language)
        for language in LANGUAGES
    }


class Watched:
    """A browser's context that notes what leaves, what fails and what is complained of."""

    def __init__(self, context: BrowserContext) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.context = context
        context.on("request", lambda request: self.requests.append(request.url))
        context.route(lambda url: not url.startswith("file:"), lambda route: route.abort())
        context.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        context.on("weberror", lambda problem: self.complaints.append(str(problem.error)))


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport=DESKTOP)  # type: ignore[arg-type]
    yield Watched(context)
    context.close()


@pytest.fixture
def open_page(watched: Watched) -> Open:
    def call(path: Path, viewport: dict[str, int] = DESKTOP) -> Page:
        page = watched.context.new_page()
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")
        return page

    return call


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where screenshots go: the folder that ESF_ETL_SHOTS names, else a temporary one."""
    folder = Path(os.environ.get("ESF_ETL_SHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def choose(page: Page, name: str, label: str | None) -> None:
    """Choose in a filter, None being what is not stated, and wait until the charts follow."""
    before = page.get_attribute("html", "data-drawn")
    if label is not None and label == page.eval_on_selector(f"#{name}", "it => it.selectedOptions[0].textContent"):
        return
    page.select_option(f"#{name}", label=WORDS["not_stated"] if label is None else label)
    page.wait_for_function("before => document.documentElement.dataset.drawn !== before", arg=before)


def totals(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.eval_on_selector_all(
        "[data-total]", "them => Object.fromEntries(them.map(it => [it.dataset.total, it.textContent]))"
    )
    return found


def table(page: Page, name: str) -> list[list[str]]:
    found: list[list[str]] = page.eval_on_selector_all(
        f"#table-{name} tbody tr", "rows => rows.map(row => [...row.children].map(cell => cell.textContent))"
    )
    return found


def drawn(page: Page, name: str) -> list[dict[str, Any]]:
    """The rows that a chart has, as Vega knows them."""
    found: list[dict[str, Any]] = page.evaluate(
        "name => report.charts[`chart-${name}`].data('rows').map(row => ({...row}))", name
    )
    return found


# ---- filters ----------------------------------------------------------------------------------------------------

ANY = "any"
CHOICES = [
    (ANY, ANY),
    ("2007-2013", ANY),
    (ANY, "SE22"),
    ("2007-2013", "SE22"),
    ("2014-2020", None),
    (ANY, None),
    ("2021-2027", "SE11"),
]


def condition(period: str, region: str | None) -> str:
    """The choice as SQL over `project`."""
    said = ["true"]
    if period != ANY:
        said.append(f"programme_period = '{period}'")
    if region != ANY:
        said.append("nuts2_code IS NULL" if region is None else f"nuts2_code = '{region}'")
    return " AND ".join(said)


def money(value: Decimal | None) -> str:
    return SWEDISH.money(value)


@pytest.mark.parametrize(("period", "region"), CHOICES)
def test_filters_work_together_and_equal_what_sql_says(
    open_page: Open, written: dict[str, Path], reported: Reported, period: str, region: str | None
) -> None:
    page = open_page(written["sv"])
    names = {row["nuts2_code"]: row["name"] for row in reported.rows("SELECT nuts2_code, name FROM ref.region")}
    if period != ANY:
        choose(page, "period", period)
    if region != ANY:
        choose(page, "region", region and names[region])
    where = condition(period, region)
    (whole,) = reported.rows(
        "SELECT count(*) AS n, sum(grant_sek) AS grant, sum(budget_sek) AS budget,"
        " sum(budget_sek - grant_sek) / nullif(sum(budget_sek) FILTER (grant_sek IS NOT NULL), 0) AS share"
        f" FROM project WHERE {where}"
    )
    (organisations,) = reported.rows(
        "SELECT count(DISTINCT organisation) AS n FROM report.project_role AS role"
        f" SEMI JOIN (FROM project WHERE {where}) AS chosen ON chosen.project_id = role.project_id"
    )

    shown = totals(page)

    assert shown[WORDS["projects"]] == SWEDISH.number(whole["n"])
    assert (shown[WORDS["grant"]], shown[WORDS["budget"]]) == (money(whole["grant"]), money(whole["budget"]))
    assert shown[WORDS["co_financing"]] == SWEDISH.share(
        None if whole["share"] is None else Decimal(str(whole["share"]))
    )
    assert shown[WORDS["organisations"]] == SWEDISH.number(organisations["n"])
    assert f"{SWEDISH.number(whole['n'])} projekt" in page.inner_text("#chosen")

    def rows(query: str) -> set[tuple[Any, ...]]:
        return {tuple(row.values()) for row in reported.rows(query)}

    assert {(row["code"], row["projects"], row["grant_text"], money_of(row)) for row in drawn(page, "map")} == {
        (code, n, money(grant), money(budget))
        for code, n, grant, budget in rows(
            "SELECT municipality_code, count(DISTINCT project_id), sum(share.grant_sek), sum(share.budget_sek)"
            f" FROM report.municipality_share AS share JOIN project USING (project_id) WHERE {where}"
            " AND municipality_code IS NOT NULL GROUP BY ALL"
        )
    }
    assert {(row["label"], row["projects"], row["grant_text"]) for row in drawn(page, "regions")} == {
        (names.get(code, WORDS["not_stated"]), n, money(grant))
        for code, n, grant in rows(
            f"SELECT nuts2_code, count(*), sum(grant_sek) FROM project WHERE {where} GROUP BY ALL"
        )
    }
    assert {
        (row["year"], row["label"], row["projects"], row["grant_text"])
        for row in drawn(page, "years")
        if row["projects"]
    } == {
        (WORDS["not_stated"] if year is None else str(year), names.get(code, WORDS["not_stated"]), n, money(grant))
        for year, code, n, grant in rows(
            f"SELECT year(period_start), nuts2_code, count(*), sum(grant_sek) FROM project WHERE {where} GROUP BY ALL"
        )
    }
    assert [(row["month"], row["running"]) for row in drawn(page, "months") if row["running"]] == [
        (row["month"], row["n"])
        for row in reported.rows(
            "SELECT strftime(month, '%Y-%m') AS month, count(*) AS n"
            " FROM (SELECT unnest(generate_series(DATE '1990-01-01', DATE '2050-01-01', INTERVAL 1 MONTH))::DATE"
            " AS month)"
            f" JOIN (FROM project WHERE {where}) AS project"
            " ON period_start <= last_day(month) AND period_end >= month GROUP BY month ORDER BY month"
        )
    ]
    assert sum(row["projects"] for row in drawn(page, "areas")) == whole["n"]
    if whole["n"]:
        for name in ("regions", "years", "areas", "owners"):
            assert table(page, name)[-1] == [
                WORDS["sum"],
                SWEDISH.number(whole["n"]),
                money(whole["grant"]),
                money(whole["budget"]),
            ]
    else:
        assert table(page, "owners") == []
        assert WORDS["nothing"] in page.inner_text("#table-owners")


def money_of(row: dict[str, Any]) -> str:
    """The budget of a row of a chart, written as the page does."""
    return money(None if row["budget_ore"] is None else Decimal(int(row["budget_ore"])) / 100)


def test_top_owners_of_a_choice_are_those_of_sql(open_page: Open, written: dict[str, Path], reported: Reported) -> None:
    page = open_page(written["sv"])
    choose(page, "period", "2007-2013")
    choose(page, "region", "Sydsverige")

    expected = reported.rows(
        "SELECT organisation, count(*) AS n, sum(grant_sek) AS grant"
        " FROM report.project_role JOIN project USING (project_id)"
        f" WHERE role = 'owner' AND organisation IS NOT NULL AND {condition('2007-2013', 'SE22')}"
        " GROUP BY ALL ORDER BY grant DESC NULLS LAST, n DESC, organisation LIMIT 10"
    )

    shown = table(page, "owners")[: len(expected)]
    assert [row[:3] for row in shown] == [
        [row["organisation"], SWEDISH.number(row["n"]), money(row["grant"])] for row in expected
    ]


def test_reset_shows_everything_again(open_page: Open, written: dict[str, Path]) -> None:
    page = open_page(written["sv"])
    before = totals(page)
    choose(page, "period", "2014-2020")
    assert totals(page) != before

    page.click("button[type=reset]")

    assert totals(page) == before


def test_the_share_loaded_is_that_of_the_programme_and_absent_for_a_region(
    open_page: Open, written: dict[str, Path], reported: Reported
) -> None:
    page = open_page(written["sv"])
    choose(page, "period", "2007-2013")
    (row,) = reported.rows("SELECT projects_coverage FROM report.coverage WHERE programme_period = '2007-2013'")

    assert totals(page)[WORDS["coverage_tile"]] == SWEDISH.share(row["projects_coverage"])
    choose(page, "region", "Sydsverige")
    assert totals(page)[WORDS["coverage_tile"]] == WORDS["absent"]


# ---- the map ----------------------------------------------------------------------------------------------------

POINT_IN = """code => {
  for (const path of document.querySelectorAll('#chart-map svg path')) {
    if (path.__data__?.datum?.id !== code) continue;
    const box = path.getBBox(), point = path.ownerSVGElement.createSVGPoint(), inside = [];
    for (let i = 1; i < 40; i += 1) for (let j = 1; j < 40; j += 1) {
      point.x = box.x + box.width * i / 40; point.y = box.y + box.height * j / 40;
      if (!path.isPointInFill(point)) continue;
      const at = point.matrixTransform(path.getScreenCTM());
      inside.push({x: at.x, y: at.y});
    }
    return inside[Math.floor(inside.length / 2)];
  }
  return null;
}"""


def hover(page: Page, code: str) -> str:
    """The text that appears over a municipality of the map."""
    page.locator("#chart-map").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#chart-map').scrollIntoView()")
    at = page.evaluate(POINT_IN, code)
    assert at is not None, f"{code} is not on the map"
    page.mouse.move(at["x"], at["y"])
    tooltip = page.wait_for_selector("#vg-tooltip-element.visible")
    assert tooltip is not None
    return tooltip.inner_text()


def test_the_map_says_name_projects_and_money_of_a_municipality(
    open_page: Open, written: dict[str, Path], reported: Reported
) -> None:
    page = open_page(written["sv"])
    (row,) = reported.rows("SELECT * FROM report.funding_by_municipality WHERE municipality = 'Malmö'")

    said = hover(page, row["municipality_code"])

    assert "Malmö" in said
    assert str(row["projects"]) in said
    assert money(row["grant_sek"]) in said


def test_the_map_follows_the_choice(open_page: Open, written: dict[str, Path], reported: Reported) -> None:
    page = open_page(written["sv"])
    choose(page, "period", "2007-2013")
    choose(page, "region", "Sydsverige")
    (row,) = reported.rows(
        "SELECT count(DISTINCT project_id) AS n, sum(share.grant_sek) AS grant FROM report.municipality_share AS share"
        f" JOIN project USING (project_id) WHERE municipality = 'Bjuv' AND {condition('2007-2013', 'SE22')}"
    )

    said = hover(page, "1260")

    assert "Bjuv" in said
    assert str(row["n"]) in said
    assert money(row["grant"]) in said


def test_all_municipalities_stay_on_the_map_and_those_without_money_are_grey(
    open_page: Open, written: dict[str, Path]
) -> None:
    page = open_page(written["sv"])
    choose(page, "period", "2014-2020")

    fills = page.eval_on_selector_all(
        "#chart-map svg path",
        "them => them.filter(it => it.__data__?.datum?.id).map(it => it.getAttribute('fill'))",
    )

    assert len(fills) == 290
    assert set(fills) == {"#c3c7cd"}


# ---- alone and safe ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_request_leaves_and_nothing_is_complained_of(
    open_page: Open, written: dict[str, Path], watched: Watched, language: str
) -> None:
    page = open_page(written[language])
    page.select_option("#period", index=1)
    page.select_option("#region", index=2)
    page.wait_for_selector("html[data-drawn='3']", state="attached")
    page.evaluate("fetch('https://example.org/').catch(() => null)")

    assert watched.requests == [written[language].as_uri()]
    # The one complaint is of the fetch that the page's policy refused.
    assert [text for text in watched.complaints if "example.org" not in text] == []
    assert any("Content Security Policy" in text for text in watched.complaints)


def test_markup_in_titles_and_names_runs_nothing(open_page: Open, job: Job, watched: Watched, tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "layout": "lines-2014",
        "programme_period": "2014-2020",
        "project_number": "2015/00001",
        "phase": None,
        "contact": None,
        "municipalities": (),
        "co_financiers": (HOSTILE,),
        "partners": ("</script><b>x",),
    }
    job.put("a.txt", project(HOSTILE, owner=HOSTILE, programme_area=HOSTILE, programme_area_code=None, **fields))
    job.put("<img src=x onerror=window.hit=1>.txt", "Nyheter\n\nInget.\n")
    assert job.ingest(workers=1).loaded == 1

    page = open_page(write_page(job.warehouse))
    page.locator("#chart-areas svg .mark-rect path").first.hover()
    page.wait_for_selector("#vg-tooltip-element.visible")

    assert page.evaluate("window.hit") is None
    assert page.locator("img").count() == 0
    assert table(page, "owners")[0][0] == HOSTILE
    assert "<img src=x onerror=window.hit=1>.txt" in page.inner_text("main")
    assert watched.complaints == []


def test_a_warehouse_of_one_project_has_its_charts(open_page: Open, job: Job) -> None:
    job.put("a.txt", project())
    job.ingest(workers=1)

    page = open_page(write_page(job.warehouse))

    assert totals(page)[WORDS["projects"]] == "1"
    assert totals(page)[WORDS["grant"]] == money(Decimal(400_000))
    assert len(drawn(page, "map")) == 2
    assert page.locator(".chart svg").count() == 5


def test_an_empty_warehouse_says_so_and_nothing_breaks(open_page: Open, job: Job, watched: Watched) -> None:
    job.ingest()

    page = open_page(write_page(job.warehouse))

    assert page.inner_text(".empty") == texts_in("sv").page["empty"]
    assert totals(page)[WORDS["projects"]] == "0"
    assert totals(page)[WORDS["grant"]] == WORDS["absent"]
    assert watched.complaints == []


# ---- for everybody ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_serious(open_page: Open, written: dict[str, Path], language: str, scheme: Any) -> None:
    page = open_page(written[language])
    page.emulate_media(color_scheme=scheme)
    page.eval_on_selector_all("details", "them => them.forEach(it => { it.open = true; })")

    violations = Axe().run(page).response["violations"]

    found = [(each["id"], [node["html"][:120] for node in each["nodes"][:3]]) for each in violations]
    assert [each for each in violations if each["impact"] in ("serious", "critical")] == [], found
    assert found == []


def test_the_keyboard_reaches_filters_and_tables(open_page: Open, written: dict[str, Path]) -> None:
    page = open_page(written["sv"])
    page.eval_on_selector_all("details", "them => them.forEach(it => { it.open = true; })")
    reached: list[str] = []
    outlined = []
    for _ in range(60):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "(() => { const it = document.activeElement; return [it.id || it.type || it.tagName,"
            " getComputedStyle(it).outlineStyle] })()"
        )
        if told[0] == "BODY":
            break
        reached.append(told[0])
        outlined.append(told[1])

    assert reached[0] == "A"
    assert reached[1:4] == ["period", "region", "reset"]
    assert reached.count("SUMMARY") == 6
    assert {f"table-{name}" for name in ("map", "regions", "years", "areas", "months", "owners", "parts")} <= set(
        reached
    )
    assert set(outlined) == {"solid"}

    page.focus("#region")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("html[data-drawn='2']", state="attached")
    assert "Alla regioner" not in page.inner_text("#chosen")


def test_each_chart_is_a_picture_with_words_and_a_table(open_page: Open, written: dict[str, Path]) -> None:
    page = open_page(written["sv"])
    for name in ("map", "regions", "years", "areas", "months"):
        picture = page.locator(f"#picture-{name}")
        assert picture.get_attribute("role") == "img"
        assert len(str(picture.get_attribute("aria-label"))) > 40
        assert picture.locator("[aria-hidden=true] svg").count() == 1
        assert len(table(page, name)) > 0


def test_headings_are_in_order(open_page: Open, written: dict[str, Path]) -> None:
    levels = open_page(written["sv"]).eval_on_selector_all(
        "h1, h2, h3, h4", "them => them.map(it => Number(it.tagName[1]))"
    )

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


# ---- screens and paper ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "viewport"), [("desktop", DESKTOP), ("phone", PHONE)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_never_scrolls_sideways(
    open_page: Open, written: dict[str, Path], shots: Path, name: str, viewport: dict[str, int], language: str
) -> None:
    page = open_page(written[language], viewport)
    page.screenshot(path=shots / f"{name}-{language}.png", full_page=True)
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    closed = page.evaluate(widths)
    page.eval_on_selector_all("details", "them => them.forEach(it => { it.open = true; })")

    assert closed == [viewport["width"]] * 2
    assert page.evaluate(widths) == [viewport["width"]] * 2
    right = page.eval_on_selector_all(
        ".chart svg", "them => Math.max(...them.map(it => it.getBoundingClientRect().right))"
    )
    assert right <= viewport["width"]


def test_print_states_the_choice_hides_the_filters_and_cuts_no_chart(
    open_page: Open, written: dict[str, Path], shots: Path
) -> None:
    page = open_page(written["sv"])
    choose(page, "period", "2007-2013")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4_PIXELS, "height": 1000})

    assert not page.locator("#filters").is_visible()
    assert "2007-2013, Alla regioner" in page.inner_text("#chosen")
    boxes = page.eval_on_selector_all(
        ".chart svg", "them => them.map(it => { const b = it.getBoundingClientRect(); return [b.right, b.height]; })"
    )
    assert len(boxes) == 5
    # 269 mm stand between the margins of a page; a figure has its heading, too.
    assert all(right <= A4_PIXELS and height < 800 for right, height in boxes)
    # Words of 12 pixels on the screen are no smaller than 10 on paper.
    scales = page.eval_on_selector_all(".chart svg", "them => them.map(it => it.getScreenCTM().a)")
    assert min(scales) > 10 / 12
    kept = page.eval_on_selector_all("figure", "them => them.map(it => getComputedStyle(it).breakInside)")
    assert set(kept) == {"avoid"}
    page.screenshot(path=shots / "print.png", full_page=True)
    printed = page.pdf(path=shots / "print.pdf", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594" in printed or b"/MediaBox [0 0 595" in printed


@pytest.mark.benchmark
def test_the_first_picture_comes_before_the_charts_and_both_soon(open_page: Open, written: dict[str, Path]) -> None:
    page = open_page(written["sv"])

    first_ms, drawn_ms = page.evaluate(
        "[performance.getEntriesByName('first-contentful-paint')[0].startTime,"
        " performance.getEntriesByName('charts-drawn')[0].startTime]"
    )

    assert first_ms < drawn_ms
    assert first_ms < 4_000
    assert drawn_ms < 12_000

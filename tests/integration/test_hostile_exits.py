"""One hostile corpus, the whole way: from the landing folder to every place where a person or a program sees it.

A terminal, the prompt, rejects, search, status, the report page in a browser, CSV, a workbook, Prefect's artifact. At
each exit each payload is looked for, and must be there to the letter or shown harmlessly; nothing of it runs.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from esf_etl import Section, parse, render
from esf_etl.cli.prompt import Prompt
from esf_etl.reports.export import export
from esf_etl.reports.page import write_page
from esf_etl.warehouse.verify import verify
from esf_flows.report import markdown, read_report
from tests.integration.conftest import Job, environment, project
from tests.integration.test_hostile_content import HARMFUL, STEERING, TEXTS
from tests.promises import Tally

pytestmark = pytest.mark.promise("content")

CANARY = "document.documentElement.dataset.hit=1;alert(1);fetch('http://canary.example/')"
MARKUP = {
    "script": f"<script>{CANARY}</script>",
    "end of a script": f"</script><script>{CANARY}</script>",
    "end of a comment": f"--><script>{CANARY}</script><!--",
    "end of a title": f"</title></textarea></style><script>{CANARY}</script>",
    "image": f'<img src=x onerror="{CANARY}">',
    "vector": f'<svg onload="{CANARY}"><use href="http://canary.example/a.svg#a">',
    "attribute": f'" onmouseover="{CANARY}" autofocus onfocus="{CANARY}',
    "single quotes": f"' onmouseover='{CANARY}'",
    "link": '<a href="javascript:alert(1)">här</a> [här](javascript:alert(1))',
    "frame": '<iframe src="http://canary.example/"></iframe><base href="http://canary.example/">',
    "style": "<style>@import url(http://canary.example/a.css)</style>",
    "reload": '<meta http-equiv="refresh" content="0;url=http://canary.example/">',
    "template": "{{constructor.constructor('alert(1)')()}} ${alert(1)} <%= 1 %> #{1}",
    "markdown": "![bild](http://canary.example/a.png) `kod` | cell | **fet** # rubrik",
    "formula with a tab": "\t=1+1",
    "formula of a service": '=WEBSERVICE("http://canary.example/")',
    "formula of old": "=1+cmd|' /C calc'!A0",
    "separator": 'a;"b";c,d',
}
PAYLOADS = TEXTS | STEERING | MARKUP
"""By what they try. Each is title, owner, partner and prose of a project, and an amount that is none of a reject."""

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """All payloads published; the name of the file of a reject is one, too, where a name can be."""
    root = tmp_path_factory.mktemp("hostile")
    job = Job(root / "landing", root / "warehouse")
    for number, text in enumerate(PAYLOADS.values()):
        page = project(
            f"{text} {number}",
            owner=text,
            partners=(text,),
            sections=(Section("summary", "Sammanfattning", f"Skadlig {number}: {text}"),),
        )
        job.put(f"{number:02}.txt", render(page, check=False))
        name = re.sub(r"[/\x00]|^\.", "_", text)[:60]  # with a dot before it, it would be hidden
        broken = render(project(f"Avvisad {number}")).replace("400\u00a0000 kr", text)
        job.put(f"refused/{name}{number}.txt", broken)
    summary = job.ingest(workers=1)
    assert summary.loaded == len(PAYLOADS)
    assert summary.rejected == len(PAYLOADS)
    assert verify(job.settings(), with_landing=True, read=True).ok
    return job


def titles(job: Job) -> list[str]:
    return [str(title) for title in job.column("SELECT title FROM project ORDER BY source_path")]


def on_a_terminal(job: Job, *arguments: str) -> str:
    command = [sys.executable, "-m", "esf_etl.cli", *arguments, "--warehouse", str(job.warehouse)]
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in command)
    done = subprocess.run(
        ["script", "-qec", quoted, "/dev/null"],
        env=environment(TERM="xterm", COLUMNS="120"),
        capture_output=True,
        timeout=120,
        check=False,
    )
    text = done.stdout.decode(errors="replace")
    assert done.returncode == 0, text
    return text


def assert_harmless(text: str) -> None:
    """Nothing that steers a terminal, but the bold of ours and the line ends."""
    plain = text.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\r\n", "\n")
    assert [mark for mark in HARMFUL if mark in plain] == []
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", plain)


def test_what_is_loaded_is_what_the_pages_say(told: Job, tally: Tally) -> None:
    pages = sorted(told.landing.glob("*.txt"))
    said = [parse(path.read_text(encoding="utf-8")) for path in pages]
    assert titles(told) == [page.title for page in said]
    plain = {text for name, text in PAYLOADS.items() if name not in STEERING and text == text.strip()}
    assert plain <= set(told.column("SELECT owner FROM project"))
    assert told.value("SELECT count(*) FROM project_organisation") == sum(1 + len(page.partners) + 2 for page in said)
    tally("payload through the whole run into the database", "to the letter", len(pages))


@pytest.mark.parametrize(
    "arguments",
    [
        ("sql", "SELECT title, owner FROM project"),
        ("sql", "SELECT title, body FROM project JOIN project_section USING (project_id)", "--format", "csv"),
        ("sql", "FROM project", "--format", "json"),
        ("sql", "FROM etl.reject", "--format", "ndjson"),
        ("rejects",),
        ("search", "skadlig", "--limit", "100"),
        ("status",),
    ],
    ids=" ".join,
)
def test_on_a_terminal_nothing_steers_it(arguments: tuple[str, ...], told: Job, tally: Tally) -> None:
    text = on_a_terminal(told, *arguments)
    assert_harmless(text)
    if arguments[0] != "status":
        assert "DROP TABLE" in text
    tally(f"payload shown by {arguments[0]} on a terminal", "harmless", len(PAYLOADS))


def test_in_the_prompt_nothing_steers_it(told: Job, capsys: pytest.CaptureFixture[str], tally: Tally) -> None:
    prompt = Prompt(told.warehouse)
    try:
        prompt.answer(".rows all")
        for query in ("SELECT title, owner FROM project;", "SELECT body FROM project_section;", "FROM etl.reject;"):
            prompt.answer(query)
            shown = capsys.readouterr().out
            assert "DROP TABLE" in shown
            assert_harmless(shown)
    finally:
        prompt.close()
    tally("payload shown by the prompt", "harmless", 3 * len(PAYLOADS))


def test_programs_get_json_with_every_letter(told: Job, tally: Tally) -> None:
    where = ("--warehouse", str(told.warehouse))
    rows = json.loads(told.command("sql", "--json", "SELECT title FROM project ORDER BY source_path", *where).stdout)
    assert [row["title"] for row in rows] == titles(told)
    rejects = json.loads(told.command("rejects", "--json", *where).stdout)
    assert len({row["path"] for row in rejects}) == len(PAYLOADS)
    hits = json.loads(told.command("search", "--json", "--limit", "100", "skadlig", *where).stdout)["hits"]
    assert {hit["title"]["text"] for hit in hits} == set(titles(told))
    tally("payload in JSON of sql, rejects and search", "to the letter", 3 * len(PAYLOADS))


@pytest.mark.parametrize("form", ["csv", "csv-excel"])
def test_csv_has_every_letter_and_for_excel_no_formula(form: str, told: Job, tmp_path: Path, tally: Tally) -> None:
    path = tmp_path / "a.csv"
    export(told.warehouse, path, format=form, language="names")  # type: ignore[arg-type]
    encoding, delimiter = ("utf-8-sig", ";") if form == "csv-excel" else ("utf-8", ",")
    with path.open(encoding=encoding, newline="") as file:
        rows = list(csv.DictReader(file, delimiter=delimiter, strict=True))
    names = {row["operation_name"] for row in rows}
    assert len(rows) == len(PAYLOADS)
    if form == "csv":
        assert names == set(titles(told))
    else:
        assert {name.removeprefix("'") for name in names} == set(titles(told)), (
            "an apostrophe before those that need it"
        )
        cells = [cell for row in rows for cell in row.values() if cell]
        assert not [cell for cell in cells if cell[0] in "=@\t\r" or (cell[0] in "+-" and not cell[1:2].isdigit())]
    tally(
        f"payload in {form}", "to the letter" if form == "csv" else "to the letter, no cell begins a formula", len(rows)
    )


def test_a_workbook_has_every_letter_and_no_formula(told: Job, tmp_path: Path, tally: Tally) -> None:
    path = tmp_path / "a.xlsx"
    export(told.warehouse, path, format="xlsx", language="names")
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "b", "inlineStr"}
    assert not [cell for cell in cells if cell.hyperlink]
    texts = {unescape(cell.value) for cell in cells if isinstance(cell.value, str)}
    assert set(titles(told)) <= texts
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if b"<f>" in archive.read(name) or "external" in name]
    tally("payload in a workbook", "to the letter, no formula, no link", len(PAYLOADS))


def test_the_artifact_of_prefect_has_no_markup_of_theirs(told: Job, tmp_path: Path, tally: Tally) -> None:
    job = told.fork(tmp_path / "other")
    summary = job.ingest(workers=1)
    text = markdown(summary, read_report(summary, job.warehouse))
    rows = [line for line in text.splitlines() if "refused/" in line]
    assert len(rows) == len(PAYLOADS), "one line a reject, whatever stands in its name"
    bare = re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", text)
    assert not [sign for sign in ("<", ">", "javascript", "canary", "![", "](") if sign in bare]
    assert_harmless(re.sub(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", text))
    tally("payload in the artifact of Prefect", "within a span of code", len(rows))


def test_the_report_page_in_a_browser_runs_and_asks_for_nothing(
    told: Job, tmp_path: Path, chromium: str, tally: Tally
) -> None:
    from playwright.sync_api import Dialog, sync_playwright

    path = write_page(told.warehouse, tmp_path / "report.html")
    dialogs: list[str] = []
    requests: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        try:
            page = browser.new_page()
            page.on("dialog", note)
            page.on("request", lambda request: requests.append(request.url))
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")
            page.eval_on_selector_all("details", "them => them.forEach(it => it.open = true)")
            page.eval_on_selector_all(
                "body *", "them => them.forEach(it => it.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})))"
            )
            text = page.inner_text("body")
            hit = page.get_attribute("html", "data-hit")
            theirs = page.locator(
                "iframe, base, meta[http-equiv=refresh], [onerror], [onload], [onmouseover], [onfocus]"
            )
            counted = theirs.count()
            links = page.eval_on_selector_all("a[href], use[href]", "them => them.map(it => it.getAttribute('href'))")
        finally:
            browser.close()
    assert dialogs == []
    assert hit is None
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert counted == 0
    assert [link for link in links if not link.startswith("#")] == []
    assert "<script>" in text, "it is shown as text"
    tally(
        "payload in the report page, opened in Chromium", "no dialog, no request, no element of theirs", len(PAYLOADS)
    )


def test_no_command_made_a_file_or_changed_one(told: Job) -> None:
    names = {path.name for path in told.warehouse.iterdir()}
    assert names <= {"current", "snapshots", "runs.jsonl", "run.lock", "metrics.prom", "staging", "search"}
    assert os.listdir(told.warehouse / "staging") == []  # noqa: PTH208 - a folder, not paths

"""Whatever a page says is text: loaded to the letter or refused by name, shown without harm, each within a limit."""

from __future__ import annotations

import json
import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from esf_etl import Section, parse, parse_file, render
from esf_etl.warehouse.verify import verify
from tests.integration.conftest import Job, project

pytestmark = pytest.mark.promise("content")

HARMFUL = ("\x1b", "\x9b", "\x07", "\x08", "\r", "\u202e", "\u2066", "\u200f")

TEXTS = {
    "sql": "Robert'); DROP TABLE history.project;--",
    "sql with a dollar": "$$; ATTACH 'x' AS y; $$ {run_id} $run_id",
    "html": '<script>alert("x")</script><img src=x onerror=alert(1)>',
    "entities": "&lt;b&gt; &amp;amp; &#0;",
    "formula": '=HYPERLINK("http://example.com";"Klicka")',
    "formula with a plus": "+cmd|' /C calc'!A0",
    "formula with an at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula with a minus": "-2+3+cmd|' /C calc'!A0",
    "python": "{0.__class__} %s %(x)s \\N{DIGIT ONE} __import__('os')",
    "rich": "[bold red]Varning[/bold red] [link=http://example.com]här[/link]",
    "path": "../../../etc/passwd",
    "json": '{"title": null}\\u0000"',
    "emoji": "\U0001f469\u200d\U0001f680 familj \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "combining": "Z" + "\u0351" * 60 + "algo",
    "right to left": "שלום عرب",
    "astral": "\U00020000 \U0010fffd",
}
STEERING = {
    "escape": "Ond\x1b[31m röd\x1b]0;titel\x07",
    "c1": "Ond\x9b2J titel",
    "bidi": "Ond\u202egnp.exe titel",
    "isolate": "Ond \u2066a\u2069 titel",
    "backspace": "Ond\x08\x08\x08 titel",
    "marks": "Ond\u200f\u200e titel",
}


def shown(job: Job, path: str) -> str:
    """What the commands print of a page, on terminals and elsewhere."""
    warehouse = ("--warehouse", str(job.warehouse))
    commands = [
        (
            "sql",
            "SELECT p.title, s.body FROM project AS p LEFT JOIN project_section AS s USING (project_id)",
            *warehouse,
        ),
        ("sql", "--json", "FROM project", *warehouse),
        ("rejects", *warehouse),
        ("rejects", "--json", *warehouse),
        ("status", *warehouse),
        ("parse", "--format", "text", path),
        ("parse", path),
    ]
    printed = []
    for command in commands:
        done = job.command(*command)
        assert "Traceback" not in done.stderr, (command, done.stderr)
        assert done.returncode in (0, 1), (command, done.stderr)
        printed.append(done.stdout + done.stderr)
    return "\n".join(printed)


def within(limit_s: float, job: Job, **settings: Any) -> Any:
    since = time.monotonic()
    summary = job.ingest(workers=1, **settings)
    assert time.monotonic() - since < limit_s
    return summary


def reasons(job: Job) -> list[str]:
    return job.column("SELECT code FROM etl.reject ORDER BY ordinal")


def page_of(**changes: str) -> str:
    """The text of a whole page, with parts of it changed."""
    page = render(project("Alfa"))
    for old, new in changes.items():
        page = page.replace(old.replace("_", " "), new)
    return page


# ---- texts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", TEXTS)
def test_a_text_is_loaded_to_the_letter_in_every_place(what: str, job: Job) -> None:
    text = TEXTS[what]
    page = project(text, owner=text, partners=(text,), sections=(Section("summary", "Sammanfattning", text),))
    told = parse(render(page))
    assert told.title is not None
    job.put("a.txt", page)

    summary = within(30, job)

    assert (summary.loaded, summary.rejected) == (1, 0)
    assert job.rows("SELECT title, owner FROM project") == [(told.title, told.owner)]
    assert job.column("SELECT body FROM project_section") == [part.text for part in told.sections]
    assert (told.title, told.owner, told.partners) == (page.title, page.owner, page.partners)
    assert job.value("SELECT count(*) FROM history.project") == 1
    assert verify(job.settings()).ok


@pytest.mark.parametrize("what", STEERING)
def test_what_could_steer_a_terminal_is_loaded_and_shown_harmlessly(what: str, job: Job) -> None:
    text = STEERING[what]
    page = project(text, owner=text, sections=(Section("summary", "Sammanfattning", text),))
    path = job.put("a.txt", page)
    summary = within(30, job)
    assert summary.loaded + summary.rejected == 1
    if summary.loaded:
        told = parse_file(path)
        assert job.value("SELECT title FROM project") == told.title

    printed = shown(job, str(path))

    assert not [mark for mark in HARMFUL if mark in printed]


@pytest.mark.parametrize("what", STEERING)
def test_a_reject_with_such_a_text_is_shown_harmlessly_as_well(what: str, job: Job) -> None:
    path = job.put("a.txt", render(project("Alfa")).replace("400\u00a0000 kr", STEERING[what]))
    assert within(30, job).rejected == 1
    printed = shown(job, str(path))
    assert not [mark for mark in HARMFUL if mark in printed]


def test_nul_bytes_are_refused_by_name_or_loaded_to_the_letter(job: Job) -> None:
    job.put("title.txt", render(project("Al\x00fa")))
    job.put("many.txt", b"\x00" * 10_000)
    job.put("utf16.txt", render(project("Beta")).encode("utf-16"))
    job.put("good.txt", project("Gamma"))

    summary = within(30, job)

    assert summary.loaded + summary.rejected == 4
    rejected = dict(job.rows("SELECT path, code FROM etl.reject"))
    assert rejected["many.txt"] == "binary"
    assert set(rejected.values()) == {"binary"}
    assert "Gamma" in job.column("SELECT title FROM project")
    assert job.rows("SELECT 1 FROM project WHERE contains(title, chr(0))") == []


# ---- sizes ------------------------------------------------------------------------------------------------------


def test_a_line_of_a_million_letters_is_loaded_to_the_letter(job: Job) -> None:
    body = "å" * 1_000_000
    job.put("a.txt", project("Alfa", sections=(Section("summary", "Sammanfattning", body),)))
    assert within(60, job).loaded == 1
    assert job.value("SELECT body FROM project_section") == body


def test_a_title_of_a_million_letters_is_loaded_or_refused_by_name(job: Job) -> None:
    job.put("a.txt", project("A" * 1_000_000))
    job.put("b.txt", project("Beta"))
    summary = within(60, job)
    assert summary.loaded + summary.rejected == 2
    assert job.column("SELECT len(title) FROM project ORDER BY 1") in ([4], [4, 1_000_000])


def test_a_hundred_thousand_headings_are_loaded_line_by_line_or_refused_by_name(job: Job) -> None:
    page = render(project("Alfa")) + "\nBakgrund\n\nText.\n" * 100_000
    job.put("a.txt", page)
    summary = within(120, job)
    assert summary.loaded + summary.rejected == 1
    if summary.loaded:
        told = parse(page)
        assert job.value("SELECT count(*) FROM project_section") == len(told.sections)
        assert job.value("SELECT sum(len(body)) FROM project_section") == sum(len(part.text) for part in told.sections)
    else:
        assert reasons(job)


@pytest.mark.parametrize(
    "filling",
    ["x" * 4_999_000, "\n" * 4_999_000, " " * 4_999_000, "a\n" * 2_400_000, "5 000 kr " * 500_000],
    ids=["one line", "no lines", "blanks", "short lines", "amounts"],
)
def test_a_page_as_large_as_is_read_takes_a_bounded_time(filling: str, job: Job) -> None:
    page = render(project("Alfa"))
    job.put("a.txt", page + filling[: 4_990_000 - len(page.encode())])
    summary = within(120, job)
    assert summary.loaded + summary.rejected == 1


def test_many_partners_and_labels_are_all_loaded(job: Job) -> None:
    page = project("Alfa", partners=tuple(f"Partner {number}" for number in range(20_000)))
    job.put("a.txt", page)
    assert within(60, job).loaded == 1
    assert job.value("SELECT count(*) FROM project_organisation WHERE role = 'partner'") == 20_000


# ---- numbers and days -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "loads"),
    [
        ("9\u00a0999\u00a0999\u00a0999\u00a0999 kr", True),
        ("10\u00a0000\u00a0000\u00a0000\u00a0000 kr", False),
        ("9" * 400 + " kr", False),
        ("1e10 kr", False),
        ("NaN kr", False),
        ("Infinity kr", False),
        ("٣٤٥ kr", False),
        ("0x10 kr", False),
        ("1,000,001.001 kr", False),
    ],
)
def test_an_amount_is_loaded_exactly_or_refused_by_name(amount: str, loads: bool, job: Job) -> None:
    job.put("a.txt", render(project("Alfa")).replace("1\u00a0000\u00a0000 kr", amount))
    job.put("good.txt", project("Beta"))
    summary = within(30, job)
    assert (summary.loaded, summary.rejected) == ((2, 0) if loads else (1, 1))
    if loads:
        assert job.value("SELECT budget_sek FROM project WHERE title = 'Alfa'") == Decimal(9_999_999_999_999)
    else:
        [(code, field, line)] = job.rows("SELECT code, field, line FROM etl.reject")
        assert code in ("amount-unreadable", "value-not-in-contract", "amount-too-large", "grant-above-budget")
        assert field.endswith("budget_sek") or code == "grant-above-budget"
        assert line is not None


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("2011-02-30 till 2012-01-01", None),
        ("2011-13-01 till 2012-01-01", None),
        ("2009-00-00 till 2012-01-01", None),
        ("0000-01-01 till 2012-01-01", None),
        ("99999-01-01 till 99999-01-02", None),
        ("0001-01-01 till 9999-12-31", (date(1, 1, 1), date(9999, 12, 31))),
        ("2012-02-29 till 2012-02-29", (date(2012, 2, 29), date(2012, 2, 29))),
    ],
)
def test_a_day_is_loaded_exactly_or_refused_by_name(period: str, expected: tuple[date, date] | None, job: Job) -> None:
    job.put("a.txt", render(project("Alfa")).replace("2009-01-01 till 2010-12-31", period))
    job.put("good.txt", project("Beta"))
    within(30, job)
    if expected is None:
        [(code, line)] = job.rows("SELECT code, line FROM etl.reject")
        assert code in ("period-unreadable", "date-impossible")
        assert line is not None
    else:
        found = job.rows("SELECT period_start, period_end FROM project WHERE title = 'Alfa'")
        assert found == [expected] or reasons(job) == ["period-unreadable"]
        if found:
            assert verify(job.settings()).ok
            done = job.command(
                "sql", "--json", "FROM report.active_projects_by_month", "--warehouse", str(job.warehouse)
            )
            assert done.returncode == 0, done.stderr
            assert isinstance(json.loads(done.stdout), list)

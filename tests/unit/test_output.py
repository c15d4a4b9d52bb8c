"""What a command prints: text from pages can do a terminal no harm, and JSON is JSON."""

from __future__ import annotations

import json
import sys

import pytest

from esf_etl.cli import output
from esf_etl.errors import EsfEtlError

LONE_SURROGATE = "\udce5"
"""A byte of a file name that is no UTF-8; no stream of a test takes it as it is."""

HARMFUL = [
    ("\x1b[2J", "\\u001b[2J"),
    ("a\rb", "a\\u000db"),
    ("a\bb", "a\\u0008b"),
    ("\x9b2J", "\\u009b2J"),
    ("\u202etxt.exe", "\\u202etxt.exe"),
    ("\x00", "\\u0000"),
    (LONE_SURROGATE, "\\udce5"),
]


@pytest.mark.parametrize("text", ["", "åäö ÅÄÖ", "5\u00a0222\u00a0650 kr", "a\n\tb", "– ”citat” •", "日本"])
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert output.harmless(text) == text


@pytest.mark.parametrize(("text", "shown"), HARMFUL)
def test_what_could_steer_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert output.harmless(text) == shown


@pytest.mark.parametrize("text", [text for text, _ in HARMFUL if text != LONE_SURROGATE])
def test_no_way_of_printing_lets_it_through(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.say(text)
    output.note(text)
    output.complain(EsfEtlError(text, path=text))
    output.print_table(["name"], [[text]])
    output.print_json({"title": text})
    printed = capsys.readouterr()
    [harmful] = [c for c in text if output.harmless(c) != c]
    assert harmful not in printed.out + printed.err


@pytest.mark.parametrize("text", [text for text, _ in HARMFUL if text != LONE_SURROGATE])
def test_json_is_read_back_as_it_was(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"title": text, "råd": "åäö"})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"title": text, "råd": "åäö"}
    assert "åäö" in printed, "letters are for reading"


def test_where_stdout_is_no_terminal_a_table_is_tab_separated(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(["a", "b"], [[1, None], ["x\ty", "two\nlines"]])
    assert capsys.readouterr().out == "a\tb\n1\t\nx y\ttwo lines\n"


def test_on_a_terminal_a_table_is_drawn(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    output.print_table(["name", "count"], [["[bold]Alfa\x1b[0m", 1], ["Beta", 22]], right=[False, True])
    printed = capsys.readouterr().out
    assert "[bold]Alfa\\u001b[0m" in printed, "no markup, no escapes"
    assert [line.split() for line in printed.splitlines() if "Beta" in line] == [["Beta", "22"]]


def test_an_error_names_its_code_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.complain(EsfEtlError("no good.", code="some-code", path="a.txt", line=3, advice="Mend it."))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "esf-etl: error [some-code]: a.txt:3: no good. Mend it.\n"

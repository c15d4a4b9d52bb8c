"""Bytes to lines: whatever the encoding and the line ends, the project is the same."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable

import pytest

from esf_etl import NotAProjectPage, Project, parse, parse_bytes
from esf_etl.pages.decoding import clean_lines, decode, is_surely_composed

Page = Callable[..., str]

BODY = "Bakgrund\n\nÅtta öar: två små, sex större.\n\nSyfte\n\n-\n\nKommun\n\n  • Åmål\n  • Älvsbyn"


def codes(project: Project) -> list[str]:
    return [found.code for found in project.diagnostics if found.code != "empty-section"]


@pytest.fixture
def text(page: Page) -> str:
    return page(BODY)


# ---- encodings ------------------------------------------------------------------------------------------------


def test_utf8_is_read_without_remark(text: str) -> None:
    project = parse_bytes(text.encode())

    assert project == parse(text)
    assert codes(project) == []


@pytest.mark.parametrize("bom", ["\ufeff", "\ufeff\n"])
def test_a_byte_order_mark_is_no_text(text: str, bom: str) -> None:
    assert parse_bytes(f"{bom}{text}".encode()) == parse(f"{bom}{text}") == parse(text)


def test_windows_1252_is_read_and_noticed(page: Page) -> None:
    text = page(BODY.replace("två", "”två” – 5 €"))

    project = parse_bytes(text.encode("cp1252"))

    assert project == parse(text)
    assert codes(project) == ["not-utf-8"]
    assert "Windows-1252" in project.diagnostics[0].message


def test_latin_1_is_read_where_windows_1252_has_no_letter(page: Page) -> None:
    text = page("Bakgrund\n\nÅtta\x81 öar.")

    project = parse_bytes(text.encode("latin-1"))

    assert project == parse(text)
    assert codes(project) == ["not-utf-8"]
    assert "Latin-1" in project.diagnostics[0].message


def test_decomposed_letters_are_composed_and_noticed(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert decomposed != text

    project = parse_bytes(decomposed.encode())

    assert project == parse(text)
    assert codes(project) == ["letters-composed"]


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", "\u2009"], ids=["nbsp", "narrow-nbsp", "thin"])
def test_the_blanks_in_amounts_survive_the_way_from_bytes(page: Page, blank: str) -> None:
    data = page(header={"Beviljat ESF-stöd": f"5{blank}222{blank}650{blank}kr"}).encode()

    assert parse_bytes(data).grant_sek == 5222650


def test_all_at_once_is_still_the_same_project(text: str) -> None:
    data = ("\ufeff" + unicodedata.normalize("NFD", text)).replace("\n", "  \r\n").encode()

    assert parse_bytes(data) == parse(text)


@pytest.mark.parametrize("letter", ["ö", "\u00a0", "”", "😀"], ids=["two bytes", "nbsp", "three bytes", "four bytes"])
def test_a_file_cut_in_the_middle_of_a_letter_is_still_utf8(page: Page, letter: str) -> None:
    text = page("Bakgrund\n\nFörst detta. Sedan")
    whole = f"{text}{letter}".encode()

    for cut in range(1, len(letter.encode())):
        project = parse_bytes(whole[:-cut])

        assert project == parse(text)
        assert len(codes(project)) == 1


# ---- line ends ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"], ids=["CRLF", "CR", "LF"])
def test_any_line_end_gives_the_same_project_and_line_numbers(text: str, end: str) -> None:
    project = parse_bytes(text.replace("\n", end).encode())

    assert project == parse(text)
    assert project.diagnostics == parse(text).diagnostics
    assert project.section("background") == "Åtta öar: två små, sex större."


def test_line_ends_may_be_mixed(text: str) -> None:
    assert parse(text.replace("\n", "\r\n", 9)) == parse(text)


def test_a_page_may_end_without_a_line_end(text: str) -> None:
    assert parse(text.rstrip("\n")) == parse(text)


@pytest.mark.parametrize("inner", ["\f", "\v", "\x1c", "\x85", "\u2028", "\u2029"])
def test_nothing_else_ends_a_line(inner: str) -> None:
    assert clean_lines(f"a{inner}b\nc") == ([f"a{inner}b", "c"], ())


def test_a_line_of_blanks_is_blank() -> None:
    assert clean_lines("a \t\n \u00a0\u2009\n  b\u202f") == (["a", "", "  b"], ())


# ---- no text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", "\ufeff".encode(), "\ufeff\n\u00a0\n".encode()])
def test_a_file_without_text_is_empty(data: bytes) -> None:
    with pytest.raises(NotAProjectPage) as caught:
        parse_bytes(data)

    assert caught.value.code == "empty"


def test_a_binary_file_is_refused_at_the_line_of_its_first_zero_byte(text: str) -> None:
    with pytest.raises(NotAProjectPage) as caught:
        decode(b"one\ntwo\nth\0ree\n" + text.encode())

    assert (caught.value.code, caught.value.line) == ("binary", 3)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_file_of_wide_characters_is_refused_as_binary(text: str, encoding: str) -> None:
    with pytest.raises(NotAProjectPage) as caught:
        parse_bytes(text.encode(encoding))

    assert caught.value.code == "binary"
    assert "UTF-8" in str(caught.value)


def test_no_character_that_composing_could_change_is_taken_for_surely_composed() -> None:
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    # The second of two that compose may stand alone composed; Hangul has its own arithmetic.
    seconds = {pair[1] for letter in letters if len(pair := unicodedata.normalize("NFD", letter)) == 2}
    changeable = [
        letter
        for letter in letters
        if unicodedata.combining(letter)
        or letter in seconds
        or not unicodedata.is_normalized("NFC", letter)
        or "\u1100" <= letter <= "\u11ff"
    ]

    assert [letter for letter in changeable if is_surely_composed(f"a{letter}b".encode())] == []


def test_what_swedish_pages_hold_is_surely_composed() -> None:
    assert is_surely_composed("Åtgärd för 5\u00a0222\u202f650\u2009kr – ”språk”, café; Müller… • 100 € ’tal’".encode())

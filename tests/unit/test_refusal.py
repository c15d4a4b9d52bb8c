"""What is no project page is refused by name, with a line and advice, and never half-read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from esf_etl import NotAProjectPage, parse, parse_bytes
from esf_etl.pages.layouts import GLUED_2007

Page = Callable[..., str]

LOGO = "Logotyp på utskrifter"


def refused(text: str) -> NotAProjectPage:
    """The refusal of a text by the layout of 2007-2013."""
    with pytest.raises(NotAProjectPage) as caught:
        parse(text, source="x.txt", layouts=(GLUED_2007,))
    return caught.value


# ---- other pages ----------------------------------------------------------------------------------------------

CALL = f"""{LOGO}

Kompetens för alla

Utlysning
2015/00001
Programområde
1.1 Kompetensförsörjning
Region
Övre Norrland
Startdatum
2015-01-01
Slutdatum
2015-03-31
Utlyst belopp
10 000 000 kr

Sammanfattning

Vem som helst kan söka.
"""


@pytest.mark.parametrize("end", ["\n", ":\n"], ids=["bare label", "colon"])
def test_a_call_for_proposals_is_refused_at_its_amount(end: str) -> None:
    problem = refused(CALL.replace("Utlyst belopp\n", f"Utlyst belopp{end}"))

    assert (problem.code, problem.line) == ("call-for-proposals", 15)
    assert "Utlyst belopp" in str(problem)


def test_a_call_that_names_a_contact_is_still_a_call() -> None:
    contact = "Kontaktperson\nAda Exempel\nE-post\nada.exempel@example.se\nTelefonnummer\n0123-456789\n"

    assert refused(CALL.replace("Startdatum", f"{contact}Startdatum")).code == "call-for-proposals"


def test_an_article_is_refused() -> None:
    problem = refused(f"{LOGO}\n\nEn dag på Broar\n\nIgår hände något.\n\nProjektet går vidare.\n")

    assert (problem.code, problem.line) == ("article", 1)


@pytest.mark.parametrize(
    "text",
    [
        "Sammanfattning\n\nText.\n\nBakgrund\n\nMer.\n",
        f"{LOGO}\n\nBroar till arbete\n\nSammanfattning\n\nText.\n",
        "Broar till arbete\n\nSammanfattning\n\nText.\n",
        "Broar till arbete\n\nProjektet riktar sig till alla.\n",
    ],
    ids=["headings", "logo, title, headings", "title, headings", "title, prose"],
)
def test_a_page_that_lost_its_header_is_refused(text: str) -> None:
    problem = refused(text)

    assert problem.code == "header-missing"
    assert problem.line is not None


@pytest.mark.parametrize("start", ["Broar till arbete ", f"{LOGO} Broar till arbete ", f"{LOGO}\n\nBroar till arbete "])
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_page_flattened_into_one_line_is_refused(start: str, end: str) -> None:
    text = f"{start}Programområde: Programområde 2 Projektfas: Genomförande Projektägare: Exempelby Region: Sydsverige"

    problem = refused(f"{text} Sammanfattning Text.{end}")

    assert problem.code == "flattened"
    assert problem.line == start.count("\n") + 1


def test_a_flattened_page_without_title_is_not_called_truncated() -> None:
    assert (
        refused("Programområde: Programområde 2 Projektfas: Genomförande Projektägare: Exempelby").code == "flattened"
    )


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", " \u00a0\n"])
def test_a_page_without_text_is_empty(text: str) -> None:
    assert refused(text).code == "empty"


@pytest.mark.parametrize(
    "prose", ["Region Nord växer.", "E-post och\nProjektfas", "Regionen\n\nE-posten\n\nProjektfasen"]
)
def test_one_or_two_words_of_labels_make_no_header(prose: str) -> None:
    assert refused(f"{LOGO}\n\nEn dag på Broar\n\n{prose}\n\nSlut.\n").code == "article"


# ---- pages of other layouts -----------------------------------------------------------------------------------

OTHERS = {
    "label line, value line": f"""{LOGO}

Broar till arbete

Programområde
1.1 Kompetensförsörjning
Region
Övre Norrland
Utlysning
2015/00001
Projektägare
Exempelkommunen
Projektnummer
2015/00002
Projektperiod
2016-01-04-2017-10-31
Total projektbudget
6\u00a0137\u00a0000 kr
Beviljat ESF-stöd
4\u00a0580\u00a0000 kr
Kontaktperson
Ada Exempel
E-post
ada.exempel@example.se

Sammanfattning

Text.
""",
    "label line with a colon": """2020/00001 - Broar till arbete

Diarienummer:
2020/00001
Projektägare:
Exempelkommunen
Region:
Stockholm
Projektperiod:
2018-01-01 - 2019-12-31
Total projektbudget:
6137000
Beviljat ESF-stöd:
4580000
Kontaktperson:
Ada Exempel
E-post:
ada.exempel@example.se

Text.
""",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_a_page_whose_values_stand_on_lines_of_their_own_is_not_half_read_as_glued(text: str) -> None:
    assert refused(text).code != "truncated"


# ---- truncated ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", range(1, 10))
@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"])
def test_a_page_that_ends_after_any_line_of_its_header_before_region_is_truncated(
    page: Page, lines: int, end: str
) -> None:
    text = "\n".join(page().split("\n")[: 4 + lines]) + end

    problem = refused(text)

    assert (problem.code, problem.line) == ("truncated", 4 + lines)
    assert "Region" in str(problem)


def test_a_page_that_ends_within_any_later_line_of_its_header_is_truncated(page: Page) -> None:
    data = page().encode()

    for cut in range(data.index(b"Projektfas"), data.index(b"RegionSyd") + len(b"Regio")):
        with pytest.raises(NotAProjectPage) as caught:
            parse_bytes(data[:cut])
        assert caught.value.code == "truncated", data[:cut]


def test_a_truncated_page_with_a_banner_is_truncated(page: Page) -> None:
    text = page(banner="Stäng\n\nNågot nytt\n\n")

    assert refused(text[: text.index("Projektperiod")]).code == "truncated"


def test_a_page_that_ends_with_its_header_is_whole(page: Page) -> None:
    text = page()

    assert parse(text[: text.index("In English")]) == parse(text)


def test_a_page_without_region_that_goes_on_is_whole(page: Page) -> None:
    assert parse(page("Bakgrund\n\nText.", header={"Region": None})).section("background") == "Text."


# ---- what a user sees -----------------------------------------------------------------------------------------


def test_every_refusal_says_file_line_reason_and_what_to_do(page: Page) -> None:
    data = {
        "empty": b"",
        "binary": b"PK\0",
        "too-large": b"x" * 5_000_001,
        "call-for-proposals": CALL.encode(),
        "article": f"{LOGO}\n\nTitel\n\nText.".encode(),
        "header-missing": b"Titel\n\nText.",
        "flattened": "T Programområde: x Projektfas: y Region: z".encode(),
        "truncated": page()[: page().index("E-post")].encode(),
    }
    for code, content in data.items():
        with pytest.raises(NotAProjectPage) as caught:
            parse_bytes(content, source="in/x.txt")
        problem = caught.value
        assert problem.code == code
        assert problem.advice
        assert str(problem).startswith("in/x.txt:")
        assert str(problem).endswith(problem.advice)
        if code not in ("empty", "too-large"):
            assert problem.line is not None
            assert f"in/x.txt:{problem.line}: " in str(problem)

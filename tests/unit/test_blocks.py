"""Header blocks of several layouts at once, and of layouts with words that hide each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from esf_etl import Attribute, Label, Layout, NotAProjectPage, Project, Section, parse
from esf_etl.pages.layouts import COLON_2014, COLON_2021, GLUED_2007, LINES_2014

Page = Callable[..., str]

COLON = "Ett projekt\n\nDiarienummer:\n{number}\n{more}Projektägare:\nExempelby kommun\nRegion:\nSydsverige\n\nText."


def glued(*labels: Label) -> Layout:
    return Layout("own", "2021-2027", "glued", labels)


def test_the_layout_that_knows_most_labels_of_the_block_is_the_pages() -> None:
    older = parse(COLON.format(number="7", more="Total Kostnader:\n0\n"))
    newer = parse(COLON.format(number="7", more="NUTS-2 kod:\nSE22\n"))

    assert (older.layout, older.attributes) == ("colon-2014", (Attribute("Total Kostnader", "0"),))
    assert (newer.layout, newer.nuts2_code) == ("colon-2021", "SE22")


def test_of_layouts_without_colons_too_the_one_that_knows_most_labels_is_the_pages() -> None:
    few = replace(LINES_2014, key="few", labels=LINES_2014.labels[1:4])

    assert parse(LINES, layouts=(few, LINES_2014)).layout == "few"
    assert parse(LINES.replace("\n\n", "\nProjektnummer\n7\n\n"), layouts=(few, LINES_2014)).layout == "lines-2014"


def test_a_tie_is_decided_by_the_form_of_a_number() -> None:
    assert parse(COLON.format(number="2016/00648", more="")).layout == "colon-2014"
    assert parse(COLON.format(number="22-017-S04", more="")).layout == "colon-2021"


def test_the_number_that_decides_a_tie_may_stand_on_the_line_of_its_label_or_before_the_title() -> None:
    page = COLON.format(number="7", more="Projektnummer:\n")

    assert parse(page.replace("Diarienummer:\n7", "Diarienummer:  22-017-S04")).layout == "colon-2021"
    assert parse(f"22-017-S04 - {page}").layout == "colon-2021"
    assert parse(f"Om 22-017-S04 - {page}").layout == "colon-2014"
    assert parse(page.removeprefix("Ett projekt\n\n")).layout == "colon-2014"


def test_a_label_without_a_value_does_not_speak_for_its_layout() -> None:
    page = COLON.format(number="7", more="Total Kostnader:\nStödmottagarens address:\nNUTS-2 kod:\nSE22\n")

    assert parse(page).layout == "colon-2021"


def test_each_glued_layout_is_looked_for_by_its_own_labels() -> None:
    own = glued(Label("Sökande", ("owner",)), Label("Stöd", ("grant_sek",), "kronor"), Label("Ort", ("region",)))

    project = parse("Titel\n\nSökandeEtt bolag\nStöd500 kr\nOrtSkåne\n\nText.\n", layouts=(GLUED_2007, own))

    assert (project.layout, project.owner, project.region) == ("own", "Ett bolag", "Skåne")
    assert project.grant_sek == 500


def test_without_a_number_the_first_of_equal_layouts_wins() -> None:
    page = COLON.format(number="7", more="")

    assert parse(page).layout == "colon-2014"
    assert parse(page, layouts=(COLON_2021, COLON_2014)).layout == "colon-2021"


def test_a_label_of_the_other_layout_is_an_attribute_whatever_stands_on_its_line() -> None:
    project = parse(COLON.format(number="2016/00648", more="Total Kostnader:\n0\nFond: ESF\n"))

    assert project.layout == "colon-2014"
    assert Attribute("Fond", "ESF") in project.attributes
    assert project.owner == "Exempelby kommun"


def test_a_longer_label_is_not_hidden_by_a_shorter_one() -> None:
    layout = glued(Label("Region", ("region",)), Label("Regionkod", ("nuts2_code",)), Label("Ägare", ("owner",)))

    project = parse("Titel\n\nRegionSkåne\nRegionkodSE22\nÄgareEtt bolag\n", layouts=(layout,))

    assert (project.region, project.nuts2_code, project.owner) == ("Skåne", "SE22", "Ett bolag")


def test_a_longer_label_with_a_colon_is_not_taken_for_a_shorter_one() -> None:
    layout = glued(Label("Region", ("region",)), Label("Regionkod", ("nuts2_code",)), Label("Ägare", ("owner",)))

    project = parse("Titel\n\nRegionSkåne\nRegionkod: SE22\nRegionkodSE11\nÄgareEtt bolag\n", layouts=(layout,))

    assert (project.region, project.nuts2_code) == ("Skåne", "SE11")
    assert project.attributes == (Attribute("Region", "Regionkod: SE22"),)


def test_an_alias_of_another_length_leaves_its_value_whole() -> None:
    layout = replace(
        GLUED_2007,
        labels=(Label("Programområde", aliases=("Område",)), *GLUED_2007.labels[1:]),
    )
    page = "Titel\n\nOmrådeNorr\nProjektfasGenomförande\nProjektägareEtt bolag\nRegionSkåne\n\nText.\n"

    project = parse(page, layouts=(layout,))

    assert project.attributes == (Attribute("Område", "Norr"),)
    assert project.title == "Titel"


def test_a_title_of_two_lines_that_begins_with_a_labels_word_is_no_part_of_the_block(page: Page) -> None:
    whole = page(title="Region i rörelse\noch mera")
    glued_to_it = whole.replace("och mera\n\n", "och mera\n")

    assert parse(glued_to_it).title == "och mera"
    assert parse(glued_to_it).region == "Sydsverige"
    assert parse(glued_to_it).attributes == ()


def test_two_labels_that_fill_a_field_of_ones_own_layout_may_say_different_things() -> None:
    layout = Layout(
        "own",
        "2021-2027",
        "colon",
        (Label("Ägare", ("owner",)), Label("Sökande", ("owner",), yields=True), Label("Fas", ("phase",))),
    )

    project = parse("Titel\n\nÄgare:\nEtt\nSökande:\nTvå\nFas:\nSen\n\nText.\n", layouts=(layout,))

    assert project.owner == "Ett"
    assert project.attributes == (Attribute("Sökande", "Två"),)
    assert [found.code for found in project.diagnostics] == ["value-differs"]


# ---- where a header with colons begins ------------------------------------------------------------------------

AFTER = "Diarienummer:\n2020/00001\nProjektägare:\nExempelby kommun\nRegion:\nStockholm\n\nText.\n"
UNIT, DESK = Attribute("Handläggande enhet", "Nord"), Attribute("Diskett", None)


@pytest.mark.parametrize(
    ("top", "attributes"),
    [
        ("Handläggande enhet:\nNord\n", (UNIT,)),
        ("Handläggande enhet: \n Nord\n", (UNIT,)),
        ("Diskett:\n", (DESK,)),
        ("Handläggande enhet:\nNord\nDiskett:\n", (UNIT, DESK)),
        ("Diskett:\nHandläggande enhet:\nNord\n", (DESK, UNIT)),
    ],
    ids=["with a value", "blanks round", "without one", "with and without", "without and with"],
)
def test_labels_nobody_modelled_may_stand_first_in_a_header_with_colons(
    top: str, attributes: tuple[Attribute, ...]
) -> None:
    plain = parse(f"Broar till arbete\n\n{AFTER}")

    for title, above in (("Broar till arbete", "Broar till arbete\n\n"), (None, "")):
        project = parse(f"{above}{top}{AFTER}")
        assert project == replace(plain, title=title, attributes=attributes)
        assert {found.code for found in project.diagnostics} == {"label-unknown"}


def test_a_title_with_a_colon_may_stand_on_the_line_before_a_header_with_colons() -> None:
    for title in ("Broar till arbete", "Namnlöst: ett projekt", "Region"):
        assert parse(f"{title}\n{AFTER}") == parse(f"{title}\n\n{AFTER}")
        assert parse(f"{title}\n{AFTER}").title == title


def test_a_line_with_a_colon_and_a_blank_line_after_it_is_no_part_of_the_header_below() -> None:
    project = parse(f"Vi använder kakor:\n\n{AFTER}")

    assert (project.title, project.attributes) == ("Vi använder kakor:", ())


def test_a_paragraph_of_few_labels_before_the_header_is_a_banner() -> None:
    project = parse(f"Namn: ett\nRegion: två\n\nBroar till arbete\n\n{AFTER}")

    assert project == parse(f"Broar till arbete\n\n{AFTER}")
    assert [(found.code, found.line) for found in project.diagnostics] == [("banner-line", 1), ("banner-line", 2)]


# ---- where a header begins and ends, in all three forms -------------------------------------------------------

LINES = "Region\nStockholm\nProjektägare\nExempelby kommun\nUtlysning\n2015/00001\n\nText.\n"
GLUED = "ProjektfasGenomförande\nProjektägareExempelby kommun\nRegionSydsverige\n\nText.\n"
every_form = pytest.mark.parametrize("text", [GLUED, LINES, AFTER], ids=["glued", "lines", "colon"])


@every_form
def test_a_header_may_be_the_first_of_a_page(text: str) -> None:
    project = parse(text)

    assert project == replace(parse(f"Titel\n\n{text}"), title=None)
    assert (project.owner, project.sections) == ("Exempelby kommun", (Section("description", None, "Text."),))


@every_form
@pytest.mark.parametrize("last", ["Projektfas", "Region", "Mer:"])
def test_the_last_line_of_a_page_says_nothing_of_its_first(text: str, last: str) -> None:
    project = parse(f"{text}\n{last}")

    assert project == replace(parse(text), sections=(Section("description", None, f"Text.\n\n{last}"),))


@every_form
def test_a_title_that_ends_in_a_colon_has_a_blank_line_after_it_or_is_of_the_form_without_colons(text: str) -> None:
    assert parse(f"Vägen vidare:\n\n{text}").title == "Vägen vidare:"
    if text != AFTER:
        assert parse(f"Vägen vidare:\n{text}") == parse(f"Vägen vidare:\n\n{text}")


@every_form
@pytest.mark.parametrize("words", ["Region och kommun", "Telefonnummer till oss", "Interventionstyp 163", "Utlysning"])
def test_the_words_of_a_label_below_the_blank_line_after_a_header_are_prose(text: str, words: str) -> None:
    header = text.removesuffix("Text.\n")
    prose = f"{words} samverkar.\nText."

    assert parse(header + prose) == replace(parse(text), sections=(Section("description", None, prose),))


@pytest.mark.parametrize("text", [LINES, AFTER], ids=["lines", "colon"])
def test_blanks_before_the_lines_of_a_header_change_nothing(text: str) -> None:
    header, prose = text.split("\n\n")

    assert parse(header.replace("\n", "\n  \u00a0") + f"\n\n{prose}") == parse(text)


def refusal_of_article(text: str) -> str:
    with pytest.raises(NotAProjectPage) as caught:
        parse(f"Logotyp på utskrifter\n\nEn dag på Broar\n\n{text}")
    return caught.value.code


@pytest.mark.parametrize(
    "text",
    [
        "Region Nord växer.\nE-post till alla.\nProjektfas",
        "Vad: en dag\nHur:\nMed alla\nVar:\nHär\nRegion:\nNord",
        "Region: Nord",
        "Region\nNord",
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\n\nVälkommen!\n"], ids=["no line end", "line end", "more"])
def test_few_labels_make_no_header(text: str, end: str) -> None:
    assert refusal_of_article(f"{text}{end}") == "article"


@pytest.mark.parametrize(
    "text", ["Region\nProjektägare\nUtlysning\nProjektnummer", "Namn:\nStartdatum:\nSlutdatum:\nRegion:"]
)
def test_labels_without_a_single_value_make_no_header(text: str) -> None:
    assert refusal_of_article(f"{text}\n\nVälkommen!\n") == "article"


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_page_that_ends_after_a_label_with_a_colon_is_truncated(end: str) -> None:
    text = f"Titel\n\n{AFTER}"

    with pytest.raises(NotAProjectPage, match="before the blank line that closes it") as caught:
        parse(text[: text.index("\nStockholm")] + end)

    assert (caught.value.code, caught.value.line) == ("truncated", 7)


def test_a_glued_page_without_its_first_label_that_ends_before_its_last_is_truncated(page: Page) -> None:
    text = page(header={"Programområde": None})

    with pytest.raises(NotAProjectPage, match="before Region") as caught:
        parse(text[: text.index("Projektperiod")])

    assert caught.value.code == "truncated"


def test_a_page_of_label_lines_without_a_region_is_not_taken_for_a_truncated_glued_one() -> None:
    project = parse("T\n\nProgramområde\n1.1 Kompetens\nProjektägare\nEtt bolag\nUtlysning\n2015/00001\n\n")

    assert (project.layout, project.programme_area_code, project.region) == ("lines-2014", "1.1", None)


# ---- a title that looks like a label, on the line before a glued header ---------------------------------------


def adjacent(page: Page, title: str, header: dict[str, str | None] | None = None) -> tuple[Project, Project]:
    """The project with that title on the line before the header, and with a blank line between."""
    text = page(title=title, header=header or {})
    last = title.rpartition("\n")[2]
    return parse(text.replace(f"{last}\n\n", f"{last}\n", 1)), parse(text)


@pytest.mark.parametrize("title", ["Region i rörelse", "Projektfas två", "Projektfas ett\nProjektfas två"])
@pytest.mark.parametrize("header", [{}, {"Programområde": None}], ids=["ten labels", "nine"])
def test_a_title_that_begins_with_a_labels_word_may_stand_on_the_line_before_the_header(
    page: Page, title: str, header: dict[str, str | None]
) -> None:
    on_the_line_before, apart = adjacent(page, title, header)

    assert on_the_line_before == apart
    assert (apart.title, apart.phase, apart.region) == (title.rpartition("\n")[2], "Genomförande", "Sydsverige")


def test_a_blank_line_in_a_header_under_such_a_title_does_not_break_the_rest(page: Page) -> None:
    text = page(title="Region i rörelse")

    assert parse(text.replace("Beviljat", "\nBeviljat")) == parse(text)


# ---- values of a header with colons ---------------------------------------------------------------------------


def test_a_line_below_a_value_on_its_labels_line_is_kept_as_the_rest_of_it() -> None:
    project = parse(f"Titel\n\nNamn: Titel\nmed mera\n{AFTER}")

    assert project == replace(parse(f"Titel\n\n{AFTER}"), attributes=(Attribute("Namn", "med mera"),))


def test_a_value_may_be_the_word_of_a_label_or_hold_a_colon() -> None:
    project = parse(f"Titel\n\nUnderlag:\nRegion\nKälla:\nrapport: del 2\n{AFTER}")

    assert project.attributes == (Attribute("Underlag", "Region"), Attribute("Källa", "rapport: del 2"))
    assert project.region == "Stockholm"


def test_a_blank_before_the_colon_is_no_part_of_the_label() -> None:
    text = f"Titel\n\n{AFTER}"

    assert parse(text.replace("Region:", "Region\u00a0:").replace("Projektägare:", "Projektägare :")) == parse(text)
    assert parse(text.replace("Region:", "Källa :\nX\nRegion:")).attributes == (Attribute("Källa", "X"),)


# ---- where a value stands -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("T\n\nRegion\nStockholm\nProjektägare\nEtt bolag\nTotal projektbudget\nmycket\n\nText.\n", 8),
        ("T\n\nProjektfas\nRegion\nTotal projektbudget\nmycket\nProjektägare\nEtt\nUtlysning\nX\n\nText.\n", 6),
        ("T\n\nNamn:\nTotal projektbudget:\nmycket\nProjektägare:\nEtt\nRegion:\nStockholm\n\nText.\n", 5),
        ("T\n\nTotal projektbudget: mycket\nProjektägare:\nEtt\nRegion:\nStockholm\n\nText.\n", 3),
    ],
    ids=["line", "line after a label without a value", "colon", "on the line of its label"],
)
def test_a_value_that_cannot_be_read_is_named_by_its_own_line(text: str, line: int) -> None:
    found = [each for each in parse(text).diagnostics if each.code == "amount-unreadable"]

    assert [(each.line, each.found) for each in found] == [(line, "mycket")]

"""Header blocks of several layouts at once, and of layouts with words that hide each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from esf_etl import Attribute, Label, Layout, parse
from esf_etl.pages.layouts import COLON_2014, COLON_2021, GLUED_2007

Page = Callable[..., str]

COLON = "Ett projekt\n\nDiarienummer:\n{number}\n{more}Projektägare:\nExempelby kommun\nRegion:\nSydsverige\n\nText."


def glued(*labels: Label) -> Layout:
    return Layout("own", "2021-2027", "glued", labels)


def test_the_layout_that_knows_most_labels_of_the_block_is_the_pages() -> None:
    older = parse(COLON.format(number="7", more="Total Kostnader:\n0\n"))
    newer = parse(COLON.format(number="7", more="NUTS-2 kod:\nSE22\n"))

    assert (older.layout, older.attributes) == ("colon-2014", (Attribute("Total Kostnader", "0"),))
    assert (newer.layout, newer.nuts2_code) == ("colon-2021", "SE22")


def test_a_tie_is_decided_by_the_form_of_a_number() -> None:
    assert parse(COLON.format(number="2016/00648", more="")).layout == "colon-2014"
    assert parse(COLON.format(number="22-017-S04", more="")).layout == "colon-2021"


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

"""The layouts as data: what each label of a page fills, and which layouts are refused before a page comes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from esf_etl import LAYOUTS, Attribute, Heading, Label, Layout, parse
from esf_etl.errors import UsageError
from esf_etl.pages.layouts import COLON_2014, COLON_2021, GLUED_2007, LINES_2014

every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.key)

LINES = """Logotyp på utskrifter

{title}

Region
Övre Norrland
Projektägare
Exempelby kommun
Projektnummer
2015/00002

Text.
"""
COLON_2014_PAGE = """{title}

Projektägare:
Exempelby kommun
Region:
Stockholm
Total Kostnader:
0

Text.
"""
COLON_2021_PAGE = """{title}

Projektägare:
{owner}
Region:
Sydsverige
NUTS-2 kod:
{nuts2}
Fond:
ESF+

Text.
"""


def page_of_2021(*, title: str = "Broar till arbete", owner: str = "Exempelby kommun", nuts2: str = "SE22") -> str:
    return COLON_2021_PAGE.format(title=title, owner=owner, nuts2=nuts2)


# ---- what a layout is refused for -----------------------------------------------------------------------------


def layout_of(*labels: Label, headings: tuple[Heading, ...] = ()) -> Layout:
    return Layout("mine", "2028-2034", "colon", labels, headings)


def test_a_label_names_a_reader_that_there_is() -> None:
    with pytest.raises(UsageError, match=r"'Stöd'.*'dollar'.*kronor") as caught:
        layout_of(Label("Stöd", ("grant_sek",), "dollar"))

    assert "text, kronor, kronor_or_goal, count, percent, date, period, named_area" in str(caught.value)


@pytest.mark.parametrize("field", ["grant", "co_financiers", "contact", "source", "diagnostics"])
def test_a_label_fills_a_field_that_a_header_can_fill(field: str) -> None:
    with pytest.raises(UsageError, match=f"'Stöd' fills {field},"):
        layout_of(Label("Ägare", ("owner",)), Label("Stöd", ("grant_sek", field)))


@pytest.mark.parametrize("key", ["summary", "associates"])
def test_a_list_fills_a_list_of_the_record(key: str) -> None:
    with pytest.raises(UsageError, match=f"'Vänner' fills {key},.*co_financiers, partners, municipalities"):
        layout_of(Label("Ägare", ("owner",)), headings=(Heading(key, "Vänner", "list"),))


def test_a_section_may_have_any_key() -> None:
    assert layout_of(Label("Ägare", ("owner",)), headings=(Heading("friends", "Vänner"),)).headings[0].key == "friends"


@pytest.mark.parametrize(
    ("labels", "headings"),
    [
        ((), ()),
        ((Label(""),), ()),
        ((Label("Ägare", aliases=("",)),), ()),
        ((Label("Ägare"),), (Heading("summary", ""),)),
    ],
    ids=["no label", "label", "alias", "heading"],
)
def test_a_layout_has_labels_and_each_label_and_heading_has_words(
    labels: tuple[Label, ...], headings: tuple[Heading, ...]
) -> None:
    with pytest.raises(UsageError, match="'mine'"):
        layout_of(*labels, headings=headings)


@pytest.mark.parametrize(
    ("part", "field"), [(GLUED_2007, "key"), (GLUED_2007.labels[0], "text"), (GLUED_2007.headings[0], "text")]
)
def test_a_layout_that_was_looked_over_cannot_be_changed(part: object, field: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(part, field, "Annat")


# ---- what is personal -----------------------------------------------------------------------------------------


@every_layout
def test_the_three_labels_of_a_contact_are_marked_as_personal(layout: Layout) -> None:
    contact = [label for label in layout.labels if label.fields and label.fields[0].startswith("contact.")]

    assert [label.text for label in contact] == ["Kontaktperson", "E-post", "Telefonnummer"]
    assert all(label.personal for label in contact)


@pytest.mark.parametrize("words", ["Projektägare organisationsnummer", "Projektägare org.nr.", "Projektägare org.nr"])
def test_an_organisation_number_which_may_be_a_persons_is_not_shown_by_its_diagnostic(words: str) -> None:
    page = page_of_2021().replace("Region:", f"{words}:\n850101-12345\nRegion:")

    (found,) = parse(page).diagnostics

    assert (found.code, found.severity, found.line) == ("org-number-unreadable", "warning", 6)
    assert "850101" not in repr(found)


# ---- labels that say the same ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["Projektägare:", "Region:"], ids=["before the owner", "after the owner"])
def test_the_label_of_the_organisation_number_counts_before_the_number_that_the_owner_begins_with(place: str) -> None:
    page = page_of_2021(owner="556000-1234 Exempelbolaget")
    number = "Projektägare organisationsnummer:\n{}\n"

    same = parse(page.replace(place, number.format("5560001234") + place))
    other = parse(page.replace(place, number.format("5560005678") + place))

    assert (same.owner, same.owner_org_number, same.diagnostics) == ("Exempelbolaget", "5560001234", ())
    assert (other.owner, other.owner_org_number) == ("Exempelbolaget", "5560005678")
    assert [(found.code, found.severity) for found in other.diagnostics] == [("org-number-differs", "warning")]


def test_the_number_that_an_owner_begins_with_counts_where_no_label_gives_one() -> None:
    project = parse(page_of_2021(owner="556000-1234 Exempelbolaget"))

    assert (project.owner, project.owner_org_number, project.diagnostics) == ("Exempelbolaget", "5560001234", ())


def test_where_the_nuts_code_cannot_be_read_that_of_the_region_counts() -> None:
    project = parse(page_of_2021(nuts2="södra Sverige"))

    assert (project.region, project.nuts2_code) == ("Sydsverige", "SE22")
    assert project.attributes == (Attribute("NUTS-2 kod", "södra Sverige"), Attribute("Fond", "ESF+"))
    assert [(found.code, found.severity) for found in project.diagnostics] == [("nuts2-unreadable", "warning")]


# ---- the number before a title --------------------------------------------------------------------------------

NUMBERED = [
    (LINES_2014, LINES, "2015/00001"),
    (COLON_2014, COLON_2014_PAGE, "2020/00001"),
    (COLON_2021, page_of_2021(title="{title}"), "22-017-S04"),
]
every_numbered = pytest.mark.parametrize(
    ("layout", "page", "number"), NUMBERED, ids=[layout.key for layout, _, _ in NUMBERED]
)


@every_numbered
@pytest.mark.parametrize("title", ["Projektets namn", "Broar - över vatten", "2 - Vägen"])
@pytest.mark.parametrize("between", [" - ", "  -  ", "\u00a0-\u00a0"], ids=["blanks", "two blanks", "hard blanks"])
def test_a_title_line_that_begins_with_a_diary_number_gives_both(
    layout: Layout, page: str, number: str, title: str, between: str
) -> None:
    project = parse(page.format(title=f"{number}{between}{title}"))

    assert (project.layout, project.diary_number, project.title) == (layout.key, number, title)


@every_numbered
@pytest.mark.parametrize("said", ["saknas", "-"])
def test_a_diary_number_may_stand_before_a_title_that_is_not_given(
    layout: Layout, page: str, number: str, said: str
) -> None:
    project = parse(page.format(title=f"{number} - {said}"))

    assert (project.layout, project.diary_number, project.title) == (layout.key, number, None)


def test_a_label_that_names_the_project_gives_the_title_that_its_line_does_not() -> None:
    page = COLON_2014_PAGE.format(title="2020/00001 - saknas").replace("Region:", "Namn:\nBroar till arbete\nRegion:")

    project = parse(page)

    assert (project.diary_number, project.title, project.diagnostics) == ("2020/00001", "Broar till arbete", ())
    assert project.attributes == (Attribute("Total Kostnader", "0"),)


@every_numbered
@pytest.mark.parametrize("form", ["{}-1 Etapp", "{} -2", "{}- 2", "{}", "{} Namn", "Dnr {} - Namn"])
def test_a_diary_number_without_a_dash_between_blanks_after_it_is_part_of_the_title(
    layout: Layout, page: str, number: str, form: str
) -> None:
    title = form.format(number)

    project = parse(page.format(title=title))

    assert (project.layout, project.diary_number, project.title) == (layout.key, None, title)


@pytest.mark.parametrize(
    ("layout", "page", "title"),
    [
        *((LINES_2014, LINES, title) for title in ("2020/21 - Läsåret", "Väst/2020 - Vägen", "2020/våren - Vägen")),
        *((COLON_2014, COLON_2014_PAGE, title) for title in ("2020/21 - Läsåret", "Väst/2020 - Vägen")),
        (COLON_2014, COLON_2014_PAGE, "2020/våren - Vägen"),
        *(
            (COLON_2021, page_of_2021(title="{title}"), title)
            for title in ("åk-017-S04 - Vägen", "22-sju-S04 - Vägen", "22-017-504 - Vägen", "22-017-Syd - Vägen")
        ),
    ],
)
def test_what_only_looks_like_a_diary_number_is_part_of_the_title(layout: Layout, page: str, title: str) -> None:
    project = parse(page.format(title=title))

    assert (project.layout, project.diary_number, project.title) == (layout.key, None, title)


def test_pages_of_2007_have_no_number_before_their_title() -> None:
    assert GLUED_2007.numbered_title is None
    assert GLUED_2007.numbered_value is None


# ---- lines that say nothing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [COLON_2014_PAGE.format(title="Broar"), page_of_2021(title="Broar")])
def test_a_logo_line_over_a_page_that_has_none_is_no_banner(text: str) -> None:
    assert parse(f"Logotyp på utskrifter\n\n{text}") == parse(text)
    assert parse(f"Logotyp på utskrifter\n\n{text}").diagnostics == ()

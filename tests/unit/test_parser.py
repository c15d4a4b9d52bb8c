"""A page as a whole: its title, what stands before it, and the ways to hand a page to the parser."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from esf_etl import (
    Attribute,
    EsfEtlError,
    Label,
    Layout,
    NotAProjectPage,
    Project,
    content_digest,
    parse,
    parse_bytes,
    parse_file,
    project_id,
)
from esf_etl.pages.layouts import GLUED_2007, LAYOUTS
from esf_etl.pages.parser import MAX_PAGE_BYTES, PageUnreadable, field_line_of

Page = Callable[..., str]

BANNERS = {
    "webinar, to be closed": "Stäng\n\n4 mars - Webbinarium om något nytt\n\nMer information och anmälan.\n\n",
    "webinar": "4 mars - Webbinarium om något nytt\n\nMer information och anmälan.\n\n",
    "covid-19": "Med anledning av covid-19 är vi hemma\n\nLäs mer om covid-19 här  \n\n",
    "downtime": "Stäng\n\nDriftstopp i systemet på söndag\n\nSystemet är nere mellan 8 och 10 \n\n",
    "one never seen": "Ny webbplats!\nLäs mer\n\n\nRegion Nord har flyttat\n\nIn English\n\n",
}
BODY = "Bakgrund\n\nText."


# ---- title and banner -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("banner", BANNERS.values(), ids=BANNERS)
def test_a_banner_is_no_change_of_the_project(page: Page, banner: str) -> None:
    plain, with_banner = parse(page(BODY)), parse(page(BODY, banner=banner))

    assert with_banner == plain
    assert content_digest(with_banner) == content_digest(plain)
    assert project_id(with_banner) == project_id(plain)


@pytest.mark.parametrize("banner", BANNERS.values(), ids=BANNERS)
def test_each_line_of_a_banner_is_remembered_by_its_number(page: Page, banner: str) -> None:
    text = page(banner=banner)
    numbers = [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if line and line in banner.splitlines() and line != "In English"
    ]

    found = parse(text).diagnostics

    assert [(each.code, each.severity, each.line) for each in found] == [
        ("banner-line", "info", number) for number in numbers
    ]


@pytest.mark.parametrize(
    "title",
    [
        '"Ut i arbete!"',
        "Vägen vidare!",
        "Vägen vidare -",
        "Vägen +",
        "Vägen 2",
        "18 till 25",
        "vägen vidare",
        "A Way to Work",
        "Vägen: vidare",
        "Arbete/Studier & Praktik (förstudie)",
        "Vägen - vidare",
        "”Vägen”– vidare",
        "En lång väg " * 40 + "vidare",
        "Exempelby kommun",
        "Bakgrund",
        "Stäng",
        "Region Exempelbygden växer",
        "Projektfas två",
        "ProgramområdeProgramområde",
    ],
)
def test_the_title_is_the_last_line_before_the_header_to_the_letter(page: Page, title: str) -> None:
    assert parse(page(BODY, title=title, banner=BANNERS["webinar"])) == replace(parse(page(BODY)), title=title)


def test_a_title_may_stand_on_the_line_before_the_header(page: Page) -> None:
    text = page(BODY, title="Region Exempelbygden växer")

    assert parse(text.replace("växer\n\n", "växer\n")) == parse(text)


def test_a_title_that_is_the_beginning_of_another_is_another_project(page: Page) -> None:
    one, other = parse(page(title="Vägen")), parse(page(title="Vägen vidare"))

    assert project_id(one) != project_id(other)


@pytest.mark.parametrize("title", ["saknas", "-", ""])
def test_a_page_may_lack_its_title(page: Page, title: str) -> None:
    project = parse(page(BODY, title=title))

    assert project == replace(parse(page(BODY)), title=None)


@pytest.mark.parametrize(
    "change",
    [
        {"header": {"Projektfas": "Förprojektering"}},
        {"header": {"Projektperiod": "2008-08-02 till 2010-03-31"}},
        {"header": {"Region": "Stockholm"}},
    ],
    ids=["phase", "first day", "region"],
)
def test_the_same_title_may_come_back_as_another_project(page: Page, change: dict[str, dict[str, str]]) -> None:
    assert project_id(parse(page(BODY))) != project_id(parse(page(BODY, **change)))


def test_the_logo_line_may_be_missing(page: Page) -> None:
    assert parse(page(BODY).removeprefix("Logotyp på utskrifter\n\n")) == parse(page(BODY))


def test_other_blank_lines_are_no_change_of_the_project(page: Page) -> None:
    assert parse("\n\n" + page(BODY).replace("\n\n", "\n\n\n") + "\n\n\n") == parse(page(BODY))


def test_line_numbers_count_banner_and_blank_lines(page: Page) -> None:
    text = "\n" + page("Bakgrund\n\n-", banner=BANNERS["webinar"], header={"Region": "Sydsverige\nNågot"})

    lines = text.splitlines()

    assert [(found.code, found.line) for found in parse(text).diagnostics] == [
        ("banner-line", lines.index("4 mars - Webbinarium om något nytt") + 1),
        ("banner-line", lines.index("Mer information och anmälan.") + 1),
        ("label-unknown", lines.index("Något") + 1),
        ("empty-section", lines.index("Bakgrund") + 1),
    ]


# ---- the record as a whole ------------------------------------------------------------------------------------


def test_a_page_says_its_layout_and_programme_period(page: Page) -> None:
    project = parse(page())

    assert (project.layout, project.programme_period) == ("glued-2007", "2007-2013")


def test_what_a_page_of_this_layout_cannot_say_is_absent(page: Page) -> None:
    project = parse(page(BODY))

    assert (project.diary_number, project.project_number, project.specific_objective) == (None, None, None)
    assert (project.owner_org_number, project.cofinancing_rate, project.participants_planned) == (None, None, None)


def test_two_projects_are_equal_wherever_their_pages_came_from(page: Page) -> None:
    assert parse(page(BODY), source="a.txt") == parse(page(BODY, banner=BANNERS["webinar"]), source="b.txt")


def test_the_contact_is_not_shown_by_repr(page: Page) -> None:
    assert "ada.exempel" not in repr(parse(page()))


def test_a_project_can_be_hashed_and_pickled(page: Page) -> None:
    project = parse(page(BODY), source="a.txt")

    again = pickle.loads(pickle.dumps(project))  # noqa: S301 - our own

    assert again == project
    assert hash(again) == hash(project)
    assert (again.source, again.diagnostics) == (project.source, project.diagnostics)


# ---- the ways in ----------------------------------------------------------------------------------------------


def test_text_bytes_and_file_give_the_same_project(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text(page(BODY), encoding="utf-8")

    assert parse(page(BODY)) == parse_bytes(page(BODY).encode()) == parse_file(path) == parse_file(str(path))


def test_the_source_is_kept_on_the_record(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text(page(), encoding="utf-8")

    assert parse(page()).source is None
    assert parse(page(), source="a/b.txt").source == "a/b.txt"
    assert parse_bytes(page().encode(), source="a/b.txt").source == "a/b.txt"
    assert parse_file(path).source == str(path)


def test_a_refusal_names_its_source(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text("Inget projekt.", encoding="utf-8")

    ways: list[Callable[[], Project]] = [
        lambda: parse("Inget projekt.", source=str(path)),
        lambda: parse_bytes(b"", source=str(path)),
        lambda: parse_file(path),
    ]
    for way in ways:
        with pytest.raises(NotAProjectPage, match=r"page\.txt") as caught:
            way()
        assert caught.value.path == str(path)


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_a_file_that_the_disk_does_not_give_is_an_error_of_its_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(PageUnreadable) as caught:
        parse_file(tmp_path / name)

    assert caught.value.code == "file-unreadable"
    assert caught.value.path == str(tmp_path / name)
    assert not isinstance(caught.value, NotAProjectPage)


def test_a_file_larger_than_any_page_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(300_000_000)

    with pytest.raises(NotAProjectPage, match="5000000") as caught:
        parse_file(path)

    assert caught.value.code == "too-large"
    assert "5000001" not in str(caught.value)


def test_the_limit_can_be_raised_and_lowered(page: Page, tmp_path: Path) -> None:
    data = page(BODY).encode()
    path = tmp_path / "page.txt"
    path.write_bytes(data)

    assert parse_bytes(data, max_bytes=len(data)) == parse_file(path, max_bytes=len(data)) == parse(page(BODY))
    ways: list[Callable[[], Project]] = [
        lambda: parse_bytes(data, max_bytes=len(data) - 1),
        lambda: parse_file(path, max_bytes=len(data) - 1),
    ]
    for way in ways:
        with pytest.raises(NotAProjectPage) as caught:
            way()
        assert caught.value.code == "too-large"


def test_the_limit_is_five_megabytes() -> None:
    assert MAX_PAGE_BYTES == 5_000_000


# ---- layouts --------------------------------------------------------------------------------------------------


def test_a_layout_of_ones_own_is_data(page: Page) -> None:
    mine = replace(GLUED_2007, key="mine", labels=(Label("Diarienummer", ("diary_number",)), *GLUED_2007.labels))

    project = parse(page(BODY, header={"Projektfas": "Genomförande\nDiarienummer2009/00001"}), layouts=(mine,))

    assert (project.layout, project.diary_number) == ("mine", "2009/00001")
    assert project_id(project) == "esf-2009-00001"
    assert project.attributes == ()


def test_every_way_in_takes_layouts(page: Page, tmp_path: Path) -> None:
    mine = (replace(GLUED_2007, key="mine"),)
    path = tmp_path / "page.txt"
    path.write_text(page(), encoding="utf-8")

    assert parse(page(), layouts=mine).layout == "mine"
    assert parse_bytes(page().encode(), layouts=mine).layout == "mine"
    assert parse_file(path, layouts=mine).layout == "mine"
    assert field_line_of(page().encode(), "owner", layouts=mine) == 7
    assert field_line_of(page().encode(), "owner", layouts=()) is None


def test_layouts_are_tried_in_order(page: Page) -> None:
    first = replace(GLUED_2007, key="first")

    assert parse(page(), layouts=(first, *LAYOUTS)).layout == "first"
    assert parse(page(), layouts=(*LAYOUTS, first)).layout == LAYOUTS[0].key


def test_without_layouts_every_page_is_refused(page: Page) -> None:
    with pytest.raises(EsfEtlError):
        parse(page(), layouts=())


# ---- what a title line with a number says beside the header ---------------------------------------------------

NUMBERED = (
    "information (1)\n\nCookies\n\n{title}\n\n"
    "Diarienummer:\n{number}\nProjektägare:\nEtt bolag\nRegion:\nSydsverige\n{more}\nText.\n"
)


def numbered(title: str, number: str = "2016/00648", more: str = "") -> Project:
    return parse(NUMBERED.format(title=title, number=number, more=more))


@pytest.mark.parametrize(("other", "above", "line"), [("2016/00647", "", 5), ("2016/00649", "Stäng\n", 6)])
def test_another_number_in_the_title_line_is_noticed_on_its_line_and_the_header_counts(
    other: str, above: str, line: int
) -> None:
    project = numbered(f"{above}{other} - Broar")

    assert (project.diary_number, project.title) == ("2016/00648", "Broar")
    assert [(found.code, found.severity, found.line) for found in project.diagnostics if found.severity != "info"] == [
        ("number-differs", "warning", line)
    ]


def test_the_same_number_in_the_title_line_is_nothing_to_notice() -> None:
    assert [found.code for found in numbered("2016/00648 - Broar").diagnostics] == ["banner-line", "banner-line"]


@pytest.mark.parametrize("name", ["Alfa", "Zeta"])
def test_another_name_in_the_header_is_kept_and_noticed_on_its_line(name: str) -> None:
    project = numbered("2016/00648 - Broar", more=f"Namn:\n{name}\n")

    assert project.title == "Broar"
    assert project.attributes == (Attribute("Namn", name),)
    assert [(found.code, found.line) for found in project.diagnostics if found.severity != "info"] == [
        ("title-differs", 14)
    ]


def test_a_title_line_that_the_header_repeats_is_the_title_and_no_banner() -> None:
    project = numbered("Broar", more="Namn:\nBroar\n")

    assert project.title == "Broar"
    assert [(found.code, found.line) for found in project.diagnostics] == [("banner-line", 1), ("banner-line", 3)]


def test_a_layout_with_numbers_of_its_own_wins_a_tie_with_one_that_has_none() -> None:
    labels = (Label("Diarienummer", ("diary_number",)), Label("Projektägare", ("owner",)), Label("Region", ("region",)))
    plain = Layout("plain", "2021-2027", "colon", labels)
    with_numbers = Layout("with-numbers", "2021-2027", "colon", labels, number=r"[0-9]{4}/[0-9]{5}")
    page = NUMBERED.format(title="Broar", number="2016/00648", more="")

    assert parse(page, layouts=(plain, with_numbers)).layout == "with-numbers"
    assert parse(page.replace("2016/00648", "7"), layouts=(plain, with_numbers)).layout == "plain"


def test_all_but_the_page_is_said_by_name(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(page())
    for call in (parse, parse_bytes, parse_file, field_line_of):
        kinds = [parameter.kind for parameter in inspect.signature(call).parameters.values()]
        said_by_place = 2 if call is field_line_of else 1
        assert kinds[said_by_place:] == [inspect.Parameter.KEYWORD_ONLY] * (len(kinds) - said_by_place), call


def test_what_the_disk_says_stands_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(PageUnreadable, match=r"cannot be read: No such file or directory\."):
        parse_file(tmp_path / "missing.txt")

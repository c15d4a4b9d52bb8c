"""The body of a page: which lines are headings, what stands under them, and the traps of real pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from esf_etl import Attribute, Project, Section, parse
from esf_etl.pages.layouts import GLUED_2007

Page = Callable[..., str]

PROSE = {heading.text: heading.key for heading in GLUED_2007.headings if heading.kind == "prose"}
LISTS = {heading.text: heading.key for heading in GLUED_2007.headings if heading.kind == "list"}

every_heading = pytest.mark.parametrize("heading", [*PROSE, *LISTS])
every_list = pytest.mark.parametrize(("heading", "key"), LISTS.items())


def noticed(project: Project) -> list[tuple[str, int | None]]:
    """Code and line of each diagnostic."""
    return [(found.code, found.line) for found in project.diagnostics]


def sections(project: Project) -> dict[str, str]:
    """The texts of the sections by key, in the order of the page."""
    return {part.key: part.text for part in project.sections}


# ---- headings that are ----------------------------------------------------------------------------------------


def test_the_ten_headings_are_those_of_the_pages_in_their_order() -> None:
    assert {heading.text: heading.key for heading in GLUED_2007.headings} == {
        "Sammanfattning": "summary",
        "Bakgrund": "background",
        "Syfte": "purpose",
        "Målsättning": "objectives",
        "Tillgänglighet för personer med funktionsnedsättning": "accessibility",
        "Jämställdhetsintegrering": "gender_equality",
        "Transnationellt samarbete": "transnational",
        "Medfinansiärer": "co_financiers",
        "Samarbetspartners": "partners",
        "Kommun": "municipalities",
    }


def test_each_heading_of_a_whole_page_opens_its_section_or_list(page: Page) -> None:
    prose = "\n\n".join(f"{heading}\n\nText om {key}." for heading, key in PROSE.items())
    lists = "\n\n".join(f"{heading}\n\n  • En {key}\n  • Två {key}" for heading, key in LISTS.items())

    project = parse(page(f"{prose}\n\n{lists}"))

    assert project.sections == tuple(Section(key, heading, f"Text om {key}.") for heading, key in PROSE.items())
    assert [getattr(project, key) for key in LISTS.values()] == [(f"En {key}", f"Två {key}") for key in LISTS.values()]
    assert project.diagnostics == ()


@pytest.mark.parametrize(("heading", "key"), PROSE.items())
def test_any_section_may_stand_alone(page: Page, heading: str, key: str) -> None:
    assert parse(page(f"{heading}\n\nText.")).sections == (Section(key, heading, "Text."),)


@every_list
def test_any_list_may_stand_alone(page: Page, heading: str, key: str) -> None:
    project = parse(page(f"{heading}\n\n  • Ett\n  • Två"))

    assert getattr(project, key) == ("Ett", "Två")
    assert project.sections == ()


def test_a_page_without_a_body_has_no_sections(page: Page) -> None:
    project = parse(page())

    assert (project.sections, project.co_financiers, project.partners, project.municipalities) == ((), (), (), ())


def test_a_heading_may_follow_the_link_without_a_blank_line(page: Page) -> None:
    text = page("Sammanfattning\n\nText.")

    assert parse(text.replace("In English\n\n", "In English\n")) == parse(text)


def test_prose_under_no_heading_is_the_description(page: Page) -> None:
    project = parse(page("Ett stycke.\n\nEtt till.\n\nSyfte\n\nText."))

    assert project.sections == (
        Section("description", None, "Ett stycke.\n\nEtt till."),
        Section("purpose", "Syfte", "Text."),
    )


# ---- headings that are none -----------------------------------------------------------------------------------


@every_heading
def test_a_headings_words_with_text_on_the_next_line_are_prose(page: Page, heading: str) -> None:
    prose = f"Inledning.\n\n{heading}\nText på nästa rad.\n\nAvslutning."

    assert sections(parse(page(f"Bakgrund\n\n{prose}"))) == {"background": prose}


@every_heading
def test_a_headings_words_on_the_line_after_text_are_prose(page: Page, heading: str) -> None:
    prose = f"Text på raden före\n{heading}\n\nAvslutning."

    assert sections(parse(page(f"Bakgrund\n\n{prose}"))) == {"background": prose}


def test_the_summarys_heading_may_stand_again_as_its_first_line(page: Page) -> None:
    project = parse(page("Sammanfattning\n\nSammanfattning\nText."))

    assert project.sections == (Section("summary", "Sammanfattning", "Sammanfattning\nText."),)


def test_a_heading_that_stands_again_alone_is_prose_the_second_time(page: Page) -> None:
    project = parse(page("Sammanfattning\n\nSammanfattning\n\nText.\n\nBakgrund\n\nMer."))

    assert sections(project) == {"summary": "Sammanfattning\n\nText.", "background": "Mer."}
    assert noticed(project) == [("heading-in-prose", 19)]


def test_a_heading_in_capitals_is_prose(page: Page) -> None:
    assert sections(parse(page("Bakgrund\n\nBAKGRUND\n\nText."))) == {"background": "BAKGRUND\n\nText."}


@pytest.mark.parametrize(
    "line", ["Syftet med projektet", "Syfte:", "Syfte och mål", "Kommunen", "Målsättningar", "Bakgrund 2", "Om syfte"]
)
def test_a_line_that_only_holds_a_headings_word_is_prose(page: Page, line: str) -> None:
    prose = f"Inledning.\n\n{line}\n\nText."

    project = parse(page(f"Sammanfattning\n\n{prose}"))

    assert sections(project) == {"summary": prose}
    assert project.diagnostics == ()


@pytest.mark.parametrize("line", ["Mål", "Fokus i projektet är", "Delmål ett:"])
def test_a_sub_heading_that_is_nobodys_heading_is_prose(page: Page, line: str) -> None:
    prose = f"{line}\n\nText.\n\n{line}\n\nMer."

    assert sections(parse(page(f"Målsättning\n\n{prose}"))) == {"objectives": prose}


@every_list
def test_a_lists_heading_alone_among_prose_is_prose(page: Page, heading: str, key: str) -> None:
    prose = f"Inledning.\n\n{heading}\n\nVi samverkar med alla."

    project = parse(page(f"Bakgrund\n\n{prose}\n\n{heading}\n\n  • Ett"))

    assert sections(project) == {"background": prose}
    assert getattr(project, key) == ("Ett",)


# ---- headings in and out of order -----------------------------------------------------------------------------


def test_a_heading_out_of_order_is_prose_of_the_section_it_stands_in(page: Page) -> None:
    project = parse(page("Bakgrund\n\nEtt.\n\nMålsättning\n\nTvå.\n\nSyfte\n\nTre.\n\nMålsättning\n\nFyra."))

    assert sections(project) == {
        "background": "Ett.\n\nMålsättning\n\nTvå.",
        "purpose": "Tre.",
        "objectives": "Fyra.",
    }
    assert noticed(project) == [("heading-in-prose", 21)]


def test_as_many_headings_as_can_stand_in_order_are_kept(page: Page) -> None:
    project = parse(page("Transnationellt samarbete\n\nEtt.\n\nBakgrund\n\nTvå.\n\nSyfte\n\nTre."))

    assert sections(project) == {
        "description": "Transnationellt samarbete\n\nEtt.",
        "background": "Två.",
        "purpose": "Tre.",
    }


def test_of_two_headings_in_the_wrong_order_the_earlier_is_kept(page: Page) -> None:
    assert sections(parse(page("Syfte\n\nEtt.\n\nBakgrund\n\nTvå."))) == {"purpose": "Ett.\n\nBakgrund\n\nTvå."}


def test_of_equal_runs_of_headings_the_one_that_starts_earlier_is_kept(page: Page) -> None:
    project = parse(page("Bakgrund\n\nEtt.\n\nSammanfattning\n\nTvå.\n\nSyfte\n\nTre."))

    assert sections(project) == {"background": "Ett.\n\nSammanfattning\n\nTvå.", "purpose": "Tre."}


# ---- glued headings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("heading", "key"), PROSE.items())
def test_a_heading_glued_to_the_end_of_a_sentence_is_a_heading(page: Page, heading: str, key: str) -> None:
    project = parse(page(f"Inledning.\n\nSå slutar stycket.{heading}\n\nText."))

    assert sections(project) == {"description": "Inledning.\n\nSå slutar stycket.", key: "Text."}
    assert noticed(project) == [("heading-glued", 19)]


@every_list
def test_a_lists_heading_may_be_glued_too(page: Page, heading: str, key: str) -> None:
    project = parse(page(f"Bakgrund\n\nSå slutar stycket.{heading}\n\n  • Ett"))

    assert sections(project) == {"background": "Så slutar stycket."}
    assert getattr(project, key) == ("Ett",)


@pytest.mark.parametrize("end", [".", "!", "?", ":", ")", "”", '."', "…"])
def test_any_end_of_a_sentence_will_do(page: Page, end: str) -> None:
    project = parse(page(f"Bakgrund\n\nSlut{end}Syfte\n\nText."))

    assert sections(project) == {"background": f"Slut{end}", "purpose": "Text."}


def test_a_bullet_may_end_in_the_next_heading(page: Page) -> None:
    project = parse(page("Målsättning\n\n- Ett mål.\n\n- Ett till.Jämställdhetsintegrering\n\nText."))

    assert sections(project) == {"objectives": "- Ett mål.\n\n- Ett till.", "gender_equality": "Text."}


@pytest.mark.parametrize("line", ["Detta är vårt Syfte", "Se vidare: Syfte", "Huvud-Syfte", "Delsyfte. Syfte"])
def test_a_sentence_that_ends_in_a_headings_word_is_prose(page: Page, line: str) -> None:
    prose = f"{line}\n\nText."

    assert sections(parse(page(f"Bakgrund\n\n{prose}"))) == {"background": prose}


def test_a_glued_heading_with_text_on_the_next_line_is_prose(page: Page) -> None:
    assert sections(parse(page("Bakgrund\n\nSlut.Syfte\nText."))) == {"background": "Slut.Syfte\nText."}


@pytest.mark.parametrize(
    ("first", "second", "background", "purpose"),
    [
        ("Slut.Syfte\n\nEtt.", "Syfte\n\nTvå.", "Noll.\n\nSlut.Syfte\n\nEtt.", "Två."),
        ("Syfte\n\nEtt.", "Slut.Syfte\n\nTvå.", "Noll.", "Ett.\n\nSlut.Syfte\n\nTvå."),
    ],
    ids=["glued first", "alone first"],
)
def test_a_heading_alone_goes_before_the_same_one_glued(
    page: Page, first: str, second: str, background: str, purpose: str
) -> None:
    project = parse(page(f"Bakgrund\n\nNoll.\n\n{first}\n\n{second}"))

    assert sections(project) == {"background": background, "purpose": purpose}
    assert [code for code, _ in noticed(project)] == ["heading-in-prose"]


# ---- nothing given --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["-\n\n", "saknas\n\n", ""], ids=["dash", "saknas", "nothing"])
def test_a_section_that_gives_nothing_is_absent_and_remembered(page: Page, text: str) -> None:
    project = parse(page(f"Bakgrund\n\nText.\n\nJämställdhetsintegrering\n\n{text}Kommun\n\n  • Ett"))

    assert sections(project) == {"background": "Text."}
    assert project.municipalities == ("Ett",)
    assert noticed(project) == [("empty-section", 21)]
    assert project.diagnostics[0].severity == "info"
    assert "Jämställdhetsintegrering" in project.diagnostics[0].message


def test_a_heading_on_the_last_line_of_a_page_gives_nothing(page: Page) -> None:
    project = parse(page("Bakgrund\n\nText.\n\nSyfte").rstrip("\n"))

    assert sections(project) == {"background": "Text."}
    assert noticed(project) == [("empty-section", 21)]


@every_list
@pytest.mark.parametrize("text", ["-", "saknas", "  • -", "  • saknas", "  •"])
def test_a_list_that_gives_nothing_is_empty_and_remembered(page: Page, heading: str, key: str, text: str) -> None:
    project = parse(page(f"Bakgrund\n\nText.\n\n{heading}\n\n{text}"))

    assert getattr(project, key) == ()
    assert sections(project) == {"background": "Text."}
    assert project.attributes == ()
    assert noticed(project) == [("empty-section", 21)]


@pytest.mark.parametrize("item", ["  •", "  • -", "  • saknas", "saknas", "-"])
def test_an_item_that_says_nothing_is_absent_and_remembered(page: Page, item: str) -> None:
    project = parse(page(f"Kommun\n\n  • Ett\n\n{item}\n\n  • Två"))

    assert project.municipalities == ("Ett", "Två")
    assert project.attributes == ()
    assert [(found.severity, found.line) for found in project.diagnostics] == [("info", 21)]


def test_a_dash_before_the_first_heading_is_no_description_but_remembered(page: Page) -> None:
    project = parse(page("-\n\nSyfte\n\nText."))

    assert sections(project) == {"purpose": "Text."}
    assert noticed(project) == [("empty-section", 17)]


# ---- prose, to the letter -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prose",
    [
        "- Ett\n- Två",
        "* Ett\n* Två",
        "Dels\n• ett\n  • två",
        "1. Ett\n2) Två\n10. Tio",
        "År     Antal\n2008\t10\n2009\t12",
        "Läs mer:\nhttp://www.example.se/a?b=c&d=e#f\nwww.example.se",
        "En mening som bryts\nmitt i och går\nvidare här.",
        "Ett.\n\n\nTvå.\n\n\n\nTre.",
        ".\nText.",
        ". Text.",
        "  Indraget.\nInte.",
        "”Citat” – och ’apostrof’ & 50 % + 1\u00a0000 kr",
        "Sidbryt\fmitt i\u2028och radbryt\u0085av annat slag.",
        "Detta saknas\n\n-",
    ],
)
def test_prose_keeps_its_words_blanks_and_line_breaks(page: Page, prose: str) -> None:
    assert sections(parse(page(f"Bakgrund\n\n{prose}\n\nSyfte\n\nMer."))) == {"background": prose, "purpose": "Mer."}


def test_trailing_blanks_are_no_part_of_a_text(page: Page) -> None:
    project = parse(page("Bakgrund  \n \u00a0\nEtt. \t\nTvå.\u00a0\n\n \n\nSyfte\n\nTre.\n\n\n"))

    assert sections(project) == {"background": "Ett.\nTvå.", "purpose": "Tre."}


def test_double_blank_lines_round_a_heading_change_nothing(page: Page) -> None:
    body = "Bakgrund\n\nEtt.\n\nSyfte\n\nTvå.\n\nKommun\n\n  • Ett"

    assert parse(page(body.replace("\n\n", "\n\n\n"))) == parse(page(body))


# ---- lists ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blanks", ["", " ", "  ", "   ", "\u00a0 ", "\t"])
def test_a_bullet_stands_after_any_number_of_blanks(page: Page, blanks: str) -> None:
    project = parse(page(f"Kommun\n\n{blanks}• Ett\n{blanks}• Två"))

    assert project.municipalities == ("Ett", "Två")
    assert project.diagnostics == ()


def test_one_organisation_twice_in_a_list_is_kept_twice(page: Page) -> None:
    project = parse(page("Medfinansiärer\n\n  • Biblioteket\n  • Skolan\n  • Biblioteket"))

    assert project.co_financiers == ("Biblioteket", "Skolan", "Biblioteket")


def test_one_organisation_may_stand_in_two_lists(page: Page) -> None:
    project = parse(page("Medfinansiärer\n\n  • Skolan\n\nSamarbetspartners\n\n  • Skolan"))

    assert (project.co_financiers, project.partners) == (("Skolan",), ("Skolan",))


def test_items_keep_the_order_and_the_letters_of_the_page(page: Page) -> None:
    items = ("Östby", "östby", "Aneby - Norra, avd. 2", "A & B/C", "Förening «X»")

    assert parse(page("Samarbetspartners\n\n" + "\n".join(f"  • {item}" for item in items))).partners == items


def test_blank_lines_between_items_change_nothing(page: Page) -> None:
    assert parse(page("Kommun\n\n  • Ett\n\n\n  • Två")).municipalities == ("Ett", "Två")


def test_an_item_that_goes_on_without_a_bullet_is_joined_and_noticed(page: Page) -> None:
    project = parse(page("Medfinansiärer\n\n  • Förvaltningen för\n    arbete\n  • Skolan"))

    assert project.co_financiers == ("Förvaltningen för arbete", "Skolan")
    assert noticed(project) == [("item-wrapped", 20)]


def test_a_line_after_the_last_list_is_kept_as_an_attribute_and_noticed(page: Page) -> None:
    project = parse(page("Kommun\n\n  • Ett\n\nSidan uppdaterades i går"))

    assert project.municipalities == ("Ett",)
    assert project.attributes == (Attribute("Sidan uppdaterades i går"),)
    assert noticed(project) == [("line-after-list", 21)]
    assert project.diagnostics[0].severity == "warning"


def test_two_lines_after_the_last_list_are_no_part_of_its_last_item(page: Page) -> None:
    project = parse(page("Kommun\n\n  • Laholm\n\nSidan uppdaterades\n2012-01-01"))

    assert project.municipalities == ("Laholm",)
    assert project.attributes == (Attribute("Sidan uppdaterades"), Attribute("2012-01-01"))
    assert noticed(project) == [("line-after-list", 21), ("line-after-list", 22)]

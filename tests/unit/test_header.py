"""The header block: ten labels with their values glued on, and whatever else stands among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from esf_etl import Attribute, Contact, Project, parse
from esf_etl.pages.parser import field_line_of

Page = Callable[..., str]

# What the record lacks when the page lacks the label: the header's ten labels, in the order of the page.
ABSENT: dict[str, dict[str, Any]] = {
    "Programområde": {"programme_area_code": None, "programme_area": None},
    "Projektfas": {"phase": None},
    "Projektägare": {"owner": None},
    "Kontaktperson": {"contact": Contact(email="ada.exempel@example.se", phone="0123-456789")},
    "E-post": {"contact": Contact(name="Ada Exempel", phone="0123-456789")},
    "Telefonnummer": {"contact": Contact(name="Ada Exempel", email="ada.exempel@example.se")},
    "Beviljat ESF-stöd": {"grant_sek": None},
    "Total projektbudget": {"budget_sek": None},
    "Projektperiod": {"period_start": None, "period_end": None},
    "Region": {"region": None, "nuts2_code": None},
}

every_label = pytest.mark.parametrize("label", ABSENT)


def test_the_ten_labels_fill_the_record(page: Page) -> None:
    assert parse(page("Bakgrund\n\nText.")) == Project(
        layout="glued-2007",
        programme_period="2007-2013",
        title="Broar till arbete",
        programme_area_code="2",
        programme_area="Ökat arbetskraftsutbud",
        phase="Genomförande",
        owner="Exempelby kommun",
        contact=Contact("Ada Exempel", "ada.exempel@example.se", "0123-456789"),
        grant_sek=Decimal(5222650),
        budget_sek=Decimal(13056000),
        period_start=date(2008, 8, 1),
        period_end=date(2010, 3, 31),
        region="Sydsverige",
        nuts2_code="SE22",
        sections=parse(page("Bakgrund\n\nText.")).sections,
    )


def test_a_whole_header_gives_no_diagnostic(page: Page) -> None:
    assert parse(page()).diagnostics == ()


@every_label
def test_a_missing_label_does_not_break_the_rest(page: Page, label: str) -> None:
    assert parse(page(header={label: None})) == replace(parse(page()), **ABSENT[label])


@every_label
@pytest.mark.parametrize("value", ["", "saknas", "Saknas ", "-"], ids=["empty", "saknas", "Saknas", "dash"])
def test_a_label_without_a_value_is_absent_and_does_not_break_the_rest(page: Page, label: str, value: str) -> None:
    project = parse(page(header={label: value}))

    assert project == replace(parse(page()), **ABSENT[label])
    assert project.attributes == ()


def test_saknas_twice_is_no_contact(page: Page) -> None:
    contact = parse(page(header={"Kontaktperson": "saknas saknas"})).contact

    assert contact == Contact(None, "ada.exempel@example.se", "0123-456789")


def test_a_page_without_any_contact_has_none(page: Page) -> None:
    header = {"Kontaktperson": "saknas saknas", "E-post": "saknas", "Telefonnummer": ""}

    assert parse(page(header=header)).contact is None


@pytest.mark.parametrize(
    "phone",
    [
        "0123-456789",
        "012345678",
        "010-1234567",
        "0123 - 45 67 89",
        "0123 -456789",
        "0123- 456789",
        "0123 456789",
        "070-123 45 67",
        "+46 70 123 45 67",
    ],
)
def test_a_phone_number_is_kept_as_written(page: Page, phone: str) -> None:
    contact = parse(page(header={"Telefonnummer": phone})).contact

    assert contact is not None
    assert contact.phone == phone


@pytest.mark.parametrize(
    "owner",
    [
        "Förvaltningen för arbete och lä",  # cut in the middle of a word
        "EXEMPELBY KOMMUN",
        "exempelby kommun",
        "Fritidsförvaltningen",
        "Exempelby",
        "Exempelby kommun, Vuxenskolan",
        "Exempelby kommun,Vuxenskolan",
        "Exempelby kommun - Vuxenskolan",
        "Arbete/Försörjning",
        "Ada & Bo AB",
        "Exempelby kommun.",
        "Broar till arbete",  # the same as the title
        "Region Exempelbygden",  # starts with the word of a label
        "E-postverket",
        "Projektägareföreningen",
    ],
)
def test_an_owner_is_kept_as_written(page: Page, owner: str) -> None:
    assert parse(page(header={"Projektägare": owner})) == replace(parse(page()), owner=owner)


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u202f", "\u2009"], ids=["space", "nbsp", "narrow-nbsp", "thin"])
def test_amounts_are_exact_whatever_blank_groups_their_digits(page: Page, blank: str) -> None:
    project = parse(
        page(
            header={
                "Beviljat ESF-stöd": f"194{blank}990{blank}kr",
                "Total projektbudget": f"56{blank}753{blank}391{blank}kr",
            }
        )
    )

    assert (project.grant_sek, project.budget_sek) == (Decimal(194990), Decimal(56753391))


def test_a_grant_of_the_whole_budget_is_no_error(page: Page) -> None:
    project = parse(page(header={"Beviljat ESF-stöd": "450 000 kr", "Total projektbudget": "450 000 kr"}))

    assert project.grant_sek == project.budget_sek == 450000
    assert project.diagnostics == ()


@pytest.mark.parametrize("phase", ["Genomförande", "Förprojektering"])
def test_the_phase_is_what_the_label_says_and_not_what_the_text_does(page: Page, phase: str) -> None:
    header = {"Projektfas": phase}

    assert parse(page("Sammanfattning\n\nDenna förstudie är ett genomförande.", header=header)).phase == phase


def test_no_phase_is_inferred_from_the_text(page: Page) -> None:
    assert (
        parse(page("Sammanfattning\n\nDenna förstudie.", title="Förstudie", header={"Projektfas": None})).phase is None
    )


# ---- unreadable values ----------------------------------------------------------------------------------------

UNREADABLE = [
    ("Beviljat ESF-stöd", 11, "grant_sek", "amount-unreadable", "ca 5 miljoner", "such as 5 222 650 kr"),
    ("Total projektbudget", 12, "budget_sek", "amount-unreadable", "1.1", "such as 5 222 650 kr"),
    ("Total projektbudget", 12, "budget_sek", "amount-too-large", "10 000 000 000 000 kr", "at most 9999999999999.99"),
    ("Projektperiod", 13, "period_start", "period-unreadable", "hösten 2008", "2008-08-01 till 2010-03-31"),
    ("Projektperiod", 13, "period_start", "date-impossible", "2009-02-30 till 2010-01-01", "the calendar"),
]


@pytest.mark.parametrize(("label", "line", "field", "code", "found", "expected"), UNREADABLE)
def test_an_unreadable_value_is_absent_kept_to_the_letter_and_named_with_its_place(
    page: Page, label: str, line: int, field: str, code: str, found: str, expected: str
) -> None:
    project = parse(page(header={label: found}))

    assert project == replace(parse(page()), **ABSENT[label], attributes=(Attribute(label, found),))
    (diagnostic,) = project.diagnostics
    assert (diagnostic.code, diagnostic.severity, diagnostic.line) == (code, "error", line)
    assert (diagnostic.field, diagnostic.found) == (field, found)
    assert diagnostic.expected is not None
    assert expected in diagnostic.expected
    assert label in diagnostic.message
    assert repr(found) in diagnostic.message
    assert diagnostic.expected in diagnostic.message


def test_two_unreadable_values_are_named_each_on_its_line(page: Page) -> None:
    project = parse(page(header={"Beviljat ESF-stöd": "?", "Projektperiod": "?"}))

    assert [(found.field, found.line) for found in project.diagnostics] == [("grant_sek", 11), ("period_start", 13)]


def test_an_unknown_region_is_kept_without_a_code(page: Page) -> None:
    project = parse(page(header={"Region": "Landet Annorstädes"}))

    assert (project.region, project.nuts2_code) == ("Landet Annorstädes", None)


# ---- other lines in the block ---------------------------------------------------------------------------------


def test_a_line_that_starts_with_no_label_is_kept_with_the_label_before_it(page: Page) -> None:
    project = parse(page().replace("Exempelby kommun\n", "Exempelby kommun,\nVuxenskolan\n"))

    assert project.owner == "Exempelby kommun,"
    assert project.region == "Sydsverige"
    assert project.attributes == (Attribute("Projektägare", "Vuxenskolan"),)
    (diagnostic,) = project.diagnostics
    assert (diagnostic.code, diagnostic.severity, diagnostic.line) == ("label-unknown", "warning", 8)
    assert "Projektägare" in diagnostic.message


def test_a_diagnostic_of_the_contact_does_not_show_it(page: Page) -> None:
    project = parse(page().replace("E-post", "Bo Exempel\nKontaktpersonCecilia Exempel\nE-post"))

    assert len(project.diagnostics) == 2
    assert not any(name in repr(project.diagnostics) for name in ("Bo", "Cecilia"))


@every_label
def test_a_label_that_stands_twice_counts_once_and_the_second_is_kept(page: Page, label: str) -> None:
    text = page()
    line = next(line for line in text.splitlines() if line.startswith(label))
    second = text.replace(f"{line}\n", f"{line}\n{label}Något annat\n", 1)

    project = parse(second)

    assert project == replace(parse(text), attributes=(Attribute(label, "Något annat"),))
    (diagnostic,) = project.diagnostics
    assert (diagnostic.code, diagnostic.severity) == ("label-repeated", "warning")
    assert diagnostic.line == text.splitlines().index(line) + 2
    assert label in diagnostic.message


def test_another_order_of_the_labels_is_no_other_project(page: Page) -> None:
    logo, title, block, rest = page("Bakgrund\n\nText.").split("\n\n", 3)
    *labels, english = block.splitlines()

    assert parse("\n\n".join([logo, title, "\n".join([*reversed(labels), english]), rest])) == parse(
        page("Bakgrund\n\nText.")
    )


def test_a_blank_line_in_the_block_does_not_break_the_rest(page: Page) -> None:
    assert parse(page("Bakgrund\n\nText.").replace("Beviljat", "\nBeviljat")) == parse(page("Bakgrund\n\nText."))


def test_blanks_at_the_ends_of_header_lines_change_nothing(page: Page) -> None:
    assert parse(page().replace("\n", " \u00a0\n")) == parse(page())


# ---- where the block ends -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link", ["", "\nIn English", "\nIn English\n"], ids=["missing", "after a blank", "blanks round"]
)
def test_the_link_after_the_block_is_no_data(page: Page, link: str) -> None:
    text = page("Bakgrund\n\nText.")

    assert parse(text.replace("In English\n", f"{link}\n")) == parse(text)


@pytest.mark.parametrize(
    "prose",
    [
        "Region och kommun samverkar.",
        "E-post till alla deltagare.",
        "Projektfas två:\nProjektfas ett:\nRegion:\nE-post:",
        "Projektägaresaknas\nRegionStockholm\nProjektfasFörprojektering\nTotal projektbudget1 kr",
    ],
)
def test_prose_that_starts_with_the_words_of_a_label_is_prose(page: Page, prose: str) -> None:
    project = parse(page(f"Bakgrund\n\n{prose}"))

    assert project.section("background") == prose
    assert replace(project, sections=()) == parse(page())


# ---- where a field stands -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "line"),
    [("owner", 7), ("grant_sek", 11), ("budget_sek", 12), ("period_start", 13), ("period_end", 13), ("nuts2_code", 14)],
)
def test_the_line_of_a_field_can_be_asked_for_afterwards(page: Page, field: str, line: int) -> None:
    assert field_line_of(page().encode(), field) == line
    assert field_line_of(f"\ufeff\n\n{page()}".encode(), field) == line + 2


def test_a_line_without_a_known_label_does_not_hide_the_line_of_a_field(page: Page) -> None:
    colon = "Titel\n\nKälla:\nX\nDiarienummer:\n2020/00001\nProjektägare:\nEtt\nRegion:\nSkåne\n\nText.\n"

    assert field_line_of(page(header={"Projektfas": "Genomförande\noch mera"}).encode(), "owner") == 8
    assert field_line_of(colon.encode(), "region") == 9


def test_a_field_that_the_page_does_not_give_has_no_line(page: Page) -> None:
    assert field_line_of(page(header={"Region": None}).encode(), "region") is None
    assert field_line_of(page().encode(), "diary_number") is None
    assert field_line_of(b"", "owner") is None
    assert field_line_of(b"Titel", "owner") is None

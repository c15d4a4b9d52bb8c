"""What is personal data although no field says so."""

from __future__ import annotations

import pytest

from esf_etl.pages.personal import email_domain, is_personal_number, looks_personal


@pytest.mark.parametrize(
    "number",
    ["850101-1234", "8501011234", "19850101-1234", "198501011234", "20010229+1234", "011231-9999", "850161-1234"],
)
def test_a_number_whose_third_digit_is_below_two_is_a_persons(number: str) -> None:
    assert is_personal_number(number)


@pytest.mark.parametrize(
    "number", ["212000-0142", "2120000142", "556012-3456", "802400-1234", "165560123456", "", "12"]
)
def test_a_legal_persons_number_is_not(number: str) -> None:
    assert not is_personal_number(number)


@pytest.mark.parametrize(
    "label",
    [
        "Kontakt",
        "Kontaktperson",
        "Projektets KONTAKTUPPGIFTER",
        "E-post",
        "Mejladress",
        "Mobiltelefon",
        "Handläggare",
        "Projektledare",
        "Ansvarig för ekonomin",
        "Namn på firmatecknaren",
    ],
)
def test_some_labels_are_about_persons_whatever_they_say(label: str) -> None:
    assert looks_personal(label, None)
    assert looks_personal(label, "Ada Exempel")


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Övrigt", "skriv till ada@example.se"),
        ("Övrigt", "850101-1234"),
        ("Övrigt", "född 19850101-1234"),
        ("ada@example.se", None),
        ("Ring 850101-1234", None),
    ],
)
def test_an_email_address_or_a_personal_number_is_personal_under_any_label(label: str, value: str | None) -> None:
    assert looks_personal(label, value)


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Interventionstyp", "163"),
        ("Stödmottagare postnr", "123 45"),
        ("Utlysning", "2015/00001"),
        ("Beviljat ESF-stöd", "ca 5 miljoner"),
        ("Projektperiod", "2008-08-01"),
        ("Organisationsnummer", "212000-0142"),
        ("Namn", None),
        ("@", "a @ b"),
    ],
)
def test_other_lines_are_not(label: str, value: str | None) -> None:
    assert not looks_personal(label, value)


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("ada.exempel@example.se", "example.se"),
        ("Ada.Exempel@Exempelby.SE", "exempelby.se"),
        ("ada@hr.exempelby.se", "hr.exempelby.se"),
        ("ada@håbo.se", "håbo.se"),
        ("ada@example.se ", "example.se"),
    ],
)
def test_the_domain_of_an_address_is_lower_case(address: str, domain: str) -> None:
    assert email_domain(address) == domain


@pytest.mark.parametrize(
    "address",
    [None, "", "ada", "ada.exempel.se", "ada@", "@", "ada@example", "ada@bo@example.se", "ada@ex ample.se", "a@b/c.se"],
)
def test_what_is_no_address_has_no_domain(address: str | None) -> None:
    assert email_domain(address) is None

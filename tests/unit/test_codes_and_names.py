"""Values that hold a code, a name or both: programme area, region, organisation number, owner."""

from __future__ import annotations

import pytest

from esf_etl.pages.values import (
    UnreadableValue,
    read_coded_area,
    read_named_area,
    read_nuts2,
    read_org_number,
    read_owner,
    read_region,
)

# ---- programme area, region -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("Programområde 1 Kompetensförsörjning", ("1", "Kompetensförsörjning")),
        ("Programområde 2 Ökat arbetskraftsutbud", ("2", "Ökat arbetskraftsutbud")),
        ("Programområde 3 Tekniskt stöd", ("3", "Tekniskt stöd")),
        ("Programområde  12  Tekniskt stöd", ("12", "Tekniskt stöd")),
        ("Tekniskt stöd", (None, "Tekniskt stöd")),
    ],
)
def test_a_programme_area_has_a_code_and_a_name(text: str, area: tuple[str | None, str]) -> None:
    assert read_named_area(text) == area


@pytest.mark.parametrize(
    "text",
    [
        *("Programområde A Namn", "Programområde  Namn", "Programområde 123 Namn", "Programområde 1: Namn"),
        *("Programområde1 Namn", "Programområde 1Namn", "Nytt Programområde 1 Namn"),
    ],
)
def test_without_a_code_of_that_form_all_is_the_name_of_the_area(text: str) -> None:
    assert read_named_area(text) == (None, text)


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("1.1 Kompetensförsörjning", ("1.1", "Kompetensförsörjning")),
        ("1.1  Kompetensförsörjning", ("1.1", "Kompetensförsörjning")),
        ("10.12 Tekniskt stöd", ("10.12", "Tekniskt stöd")),
        ("2", ("2", None)),
        ("A", ("A", None)),
        ("F", ("F", None)),
        ("C Vägar till arbete", ("C", "Vägar till arbete")),
    ],
)
def test_a_programme_area_of_the_later_layouts_is_its_code_with_or_without_a_name(
    text: str, area: tuple[str, str | None]
) -> None:
    assert read_coded_area(text) == area


@pytest.mark.parametrize(
    "text",
    [
        *("Kompetensförsörjning", "Aktiv inkludering", "G", "g Namn", "Mål 2", "100 vägar", "1a", "1a Namn"),
        *("1x1 Namn", "1.x Namn", "1. Namn", ".1 Namn", "1.123 Namn", "1.1.1 Namn"),
    ],
)
def test_what_does_not_begin_with_a_code_is_the_name_of_the_area(text: str) -> None:
    assert read_coded_area(text) == (None, text)


@pytest.mark.parametrize("text", ["SE21", "SE0"])
def test_a_nuts_code_is_kept_as_written(text: str) -> None:
    assert read_nuts2(text) == text


@pytest.mark.parametrize("text", ["21", "SE", "SExx", "SE211", "SE 21", "SE21 Småland", "NUTS SE21", "DK01"])
def test_a_nuts_code_of_another_form_is_a_warning(text: str) -> None:
    with pytest.raises(UnreadableValue, match="such as SE21") as caught:
        read_nuts2(text)

    assert (caught.value.code, caught.value.severity) == ("nuts2-unreadable", "warning")


@pytest.mark.parametrize(
    ("text", "nuts2_code"),
    [
        ("Stockholm", "SE11"),
        ("Östra Mellansverige", "SE12"),
        ("Småland och Öarna", "SE21"),
        ("Sydsverige", "SE22"),
        ("Västsverige", "SE23"),
        ("Norra Mellansverige", "SE31"),
        ("Mellersta Norrland", "SE32"),
        ("Övre Norrland", "SE33"),
    ],
)
def test_each_of_the_eight_regions_has_its_nuts_code(text: str, nuts2_code: str) -> None:
    assert read_region(text) == (text, nuts2_code)


def test_an_unknown_region_is_kept_as_written_without_a_code() -> None:
    assert read_region("Landet Annorstädes") == ("Landet Annorstädes", None)


# ---- owner, organisation number -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["5560001234", "556000-1234", "165560001234", "16556000-1234"])
def test_an_organisation_number_is_its_last_ten_digits(text: str) -> None:
    assert read_org_number(text) == "5560001234"


@pytest.mark.parametrize(
    "text",
    [
        *("556000123", "55600012345", "16165560001234", "xx5560001234", "55600x1234", "556000--1234", "556000 1234"),
        *("SE5560001234", "556000-1234 AB", "saknar nummer"),
    ],
)
def test_an_organisation_number_of_another_form_is_a_warning(text: str) -> None:
    with pytest.raises(UnreadableValue, match="of ten digits") as caught:
        read_org_number(text)

    assert (caught.value.code, caught.value.severity) == ("org-number-unreadable", "warning")


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("Exempelby kommun, Exempelby kommun", "Exempelby kommun"),
        ("Exempelby kommun, EXEMPELBY KOMMUN", "Exempelby kommun"),
        ("Bolaget, avdelning 1, Bolaget, avdelning 1", "Bolaget, avdelning 1"),
    ],
)
def test_an_owner_given_twice_after_a_comma_is_given_once(text: str, owner: str) -> None:
    assert read_owner(text) == (owner, None)


@pytest.mark.parametrize(
    "text",
    [
        *("Alfa, Beta", "Beta, Alfa", "Duvan; Duvan", "Duvan  Duvan", "Duvan,Duvan", "Duvan, Duvan 2", "A"),
        *("16 kommuner i samverkan", "5560001234AB", "Bolaget 556000-1234"),  # pragma: allowlist secret
    ],
)
def test_any_other_owner_is_kept_as_written(text: str) -> None:
    assert read_owner(text) == (text, None)


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("556000-1234 Exempelbolaget", "Exempelbolaget"),
        ("5560001234, Exempelbolaget", "Exempelbolaget"),
        ("5560001234,Exempelbolaget", "Exempelbolaget"),
        ("165560001234 Exempelbolaget, EXEMPELBOLAGET", "Exempelbolaget"),
        ("556000-1234", None),
        ("556000-1234, saknas", None),
    ],
)
def test_a_number_that_an_owner_begins_with_is_the_organisations(text: str, owner: str | None) -> None:
    assert read_owner(text) == (owner, "5560001234")

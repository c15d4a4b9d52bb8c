"""One value each: what its reader makes of it, and what it refuses to guess."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from esf_etl.pages.values import (
    MAX_AMOUNT,
    UnreadableValue,
    given,
    read_kronor,
    read_named_area,
    read_period,
    read_region,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# ---- not given ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["saknas", "Saknas", "saknas saknas", "-", "", "  ", "\u00a0", " saknas\u00a0"])
def test_words_for_not_given_are_absent(text: str) -> None:
    assert given(text) is None


@pytest.mark.parametrize("text", ["saknas i dag", "Lokaler saknas", "--", "- Ja", "0"])
def test_a_text_that_only_holds_such_a_word_is_given(text: str) -> None:
    assert given(text) == text


def test_blanks_at_the_ends_of_a_value_are_no_part_of_it() -> None:
    assert given("\u00a0 Exempelby kommun \u2009") == "Exempelby kommun"


# ---- kronor ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u202f", "\u2009"], ids=["space", "nbsp", "narrow-nbsp", "thin"])
def test_any_of_the_four_blanks_groups_digits(blank: str) -> None:
    assert read_kronor(f"5{blank}222{blank}650{blank}kr") == 5222650


def test_blanks_may_be_mixed() -> None:
    assert read_kronor("56\u00a0753\u202f391 kr") == 56753391


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("194 990 kr", "194990"),
        ("450000 kr", "450000"),
        ("450 000kr", "450000"),
        ("6 137 000", "6137000"),
        ("0 kr", "0"),
        ("5 222 650,50 kr", "5222650.50"),
    ],
)
def test_an_amount_is_exact_to_the_digit(text: str, amount: str) -> None:
    assert str(read_kronor(text)) == amount


def test_an_amount_below_zero_is_read_for_the_contract_to_judge() -> None:
    assert read_kronor("-1 000 kr") == -1000


@pytest.mark.parametrize(
    "text",
    [
        "cirka 5 000 kr",
        "5 22 650 kr",
        "5222 650 kr",
        "5  222 650 kr",
        "5.222.650 kr",
        "5,222,650 kr",
        "5 222 650,5 kr",
        "5 222 650 SEK",
        "5 222 650 kr 6",
        "kr",
        "1.1",
        "٥٢٢ kr",
        "5²",
    ],
)
def test_an_amount_of_another_form_is_not_guessed(text: str) -> None:
    with pytest.raises(UnreadableValue, match="an amount in kronor") as caught:
        read_kronor(text)

    assert caught.value.code == "amount-unreadable"


def test_the_largest_amount_is_the_one_the_tables_hold() -> None:
    assert read_kronor("9 999 999 999 999,99 kr") == MAX_AMOUNT == Decimal("9999999999999.99")
    with pytest.raises(UnreadableValue) as caught:
        read_kronor("10 000 000 000 000 kr")
    assert caught.value.code == "amount-too-large"


# ---- period ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", [" till ", "  till  ", "\u00a0till\u00a0"])
def test_a_period_is_two_days_with_till_between(between: str) -> None:
    assert read_period(f"2009-01-15{between}2011-01-15") == (date(2009, 1, 15), date(2011, 1, 15))


def test_a_period_that_ends_before_it_starts_is_read_for_the_contract_to_judge() -> None:
    assert read_period("2010-03-31 till 2008-08-01") == (date(2010, 3, 31), date(2008, 8, 1))


@pytest.mark.parametrize(
    "text",
    [
        "2008-08-01",
        "2008-08-01 till",
        "2008-8-1 till 2010-3-31",
        "20080801 till 20100331",
        "aug 2008 till mars 2010",
        "från 2008-08-01 till 2010-03-31",
        "2008-08-01 till 2010-03-31, förlängd",
    ],
)
def test_a_period_of_another_form_is_not_guessed(text: str) -> None:
    with pytest.raises(UnreadableValue, match="2008-08-01 till 2010-03-31") as caught:
        read_period(text)

    assert caught.value.code == "period-unreadable"


@pytest.mark.parametrize(
    "text", ["2009-02-29 till 2010-03-31", "2008-08-01 till 2010-13-01", "0000-01-01 till 2010-01-01"]
)
def test_a_day_that_the_calendar_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(UnreadableValue) as caught:
        read_period(text)

    assert caught.value.code == "date-impossible"


# ---- programme area, region -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("Programområde 1 Kompetensförsörjning", ("1", "Kompetensförsörjning")),
        ("Programområde 2 Ökat arbetskraftsutbud", ("2", "Ökat arbetskraftsutbud")),
        ("Programområde 3 Tekniskt stöd", ("3", "Tekniskt stöd")),
        ("Tekniskt stöd", (None, "Tekniskt stöd")),
    ],
)
def test_a_programme_area_has_a_code_and_a_name(text: str, area: tuple[str | None, str]) -> None:
    assert read_named_area(text) == area


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


@pytest.mark.parametrize("read", [read_kronor, read_period])
def test_what_was_expected_is_said_in_words(read: Callable[[str], Any]) -> None:
    with pytest.raises(UnreadableValue) as caught:
        read("?")

    assert str(caught.value) == caught.value.expected
    assert " such as " in caught.value.expected

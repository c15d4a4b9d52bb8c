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
    read_count,
    read_date,
    read_kronor,
    read_kronor_or_goal,
    read_percent,
    read_period,
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
        "5 222 650  kr",
        "- 500 kr",
        "--500 kr",
        "5.222.650 kr",
        "5,222,650 kr",
        "5 222 650,5 kr",
        "5 222 650,50,50 kr",
        "5 222 650 kr kr",
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


@pytest.mark.parametrize("text", ["1.1", "2.10", "10.2"])
def test_a_goal_number_where_an_amount_should_stand_is_a_warning(text: str) -> None:
    with pytest.raises(UnreadableValue, match="an amount in kronor") as caught:
        read_kronor_or_goal(text)

    assert (caught.value.code, caught.value.severity) == ("amount-is-a-goal-number", "warning")


@pytest.mark.parametrize("text", ["1.500", "100.5", ".5", "5.", "x.1", "1.x", "1,1", "1.1 kr", "mål 1.1"])
def test_what_only_looks_like_a_goal_number_is_an_error(text: str) -> None:
    with pytest.raises(UnreadableValue) as caught:
        read_kronor_or_goal(text)

    assert (caught.value.code, caught.value.severity) == ("amount-unreadable", "error")


def test_an_amount_where_a_goal_number_may_stand_is_an_amount() -> None:
    assert str(read_kronor_or_goal("6137000")) == "6137000"


# ---- count, percent -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [("400", 400), ("0", 0), ("1 200", 1200), ("12\u00a0500", 12500), ("2 147 483 647", 2147483647)],
)
def test_a_number_of_people_is_whole(text: str, number: int) -> None:
    assert read_count(text) == number


@pytest.mark.parametrize("text", ["cirka 400", "400 personer", "400-500", "-4", "4,5", "4.5", "12 00", "fyra"])
def test_a_number_of_another_form_is_not_guessed(text: str) -> None:
    with pytest.raises(UnreadableValue, match="a whole number, such as 400") as caught:
        read_count(text)

    assert (caught.value.code, caught.value.severity) == ("number-unreadable", "error")


@pytest.mark.parametrize("text", ["2147483648", "2 147 483 648", "99999999999999", "9" * 5000])
def test_a_number_that_the_tables_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(UnreadableValue, match="at most 2147483647") as caught:
        read_count(text)

    assert (caught.value.code, caught.value.severity) == ("number-too-large", "error")


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("90%", "0.90"),
        ("90 %", "0.90"),
        ("90", "0.90"),
        ("39,8 %", "0.398"),
        ("39.8%", "0.398"),
        ("33,3333%", "0.333333"),
        ("0%", "0.00"),
        ("100%", "1.00"),
    ],
)
def test_a_percentage_is_a_share_exact_to_the_digit(text: str, share: str) -> None:
    assert str(read_percent(text)) == share


@pytest.mark.parametrize(
    "text",
    [
        *("101%", "100,01 %", "-5%", "%", ",5%", "90,%", "33,33333%", "90,5,5%", "90x5%", "9 0%"),
        *("90%%", "90 procent", "90 av 100%", "ca 90%"),
    ],
)
def test_a_percentage_of_another_form_or_size_is_not_guessed(text: str) -> None:
    with pytest.raises(UnreadableValue, match="from 0 to 100, such as 90%") as caught:
        read_percent(text)

    assert (caught.value.code, caught.value.severity) == ("percent-unreadable", "error")


# ---- day, period ----------------------------------------------------------------------------------------------


def test_a_day_is_year_month_day() -> None:
    assert read_date("2008-08-01") == date(2008, 8, 1)


@pytest.mark.parametrize(
    "text",
    [
        *("2008", "2008-8-1", "20080801", "2008-W31-5", "åååå-08-01", "2008-xx-01", "2008-08-xx", "1 augusti 2008"),
        *("2008-08-01 kl. 8", "från 2008-08-01"),
    ],
)
def test_a_day_of_another_form_is_not_guessed(text: str) -> None:
    with pytest.raises(UnreadableValue, match="such as 2008-08-01") as caught:
        read_date(text)

    assert (caught.value.code, caught.value.severity) == ("date-unreadable", "error")


def test_a_day_of_the_right_form_is_one_of_the_calendar() -> None:
    with pytest.raises(UnreadableValue, match="the calendar has") as caught:
        read_date("2009-02-29")

    assert (caught.value.code, caught.value.severity) == ("date-impossible", "error")


@pytest.mark.parametrize("between", [" till ", "  till  ", "\u00a0till\u00a0", "-", " - ", "–", " – "])
def test_a_period_is_two_days_with_till_or_a_dash_between(between: str) -> None:
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
        "2008-08-01till 2010-03-31",
        "2008-08-01 till2010-03-31",
        "2008-08-01, till 2010-03-31",
        "2008-08-01 till den 2010-03-31",
        "2008-08-01/2010-03-31",
        "2008-08-01 2010-03-31",
        "2008-08-01 ca - 2010-03-31",
        "2008-08-01 - ca 2010-03-31",
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


@pytest.mark.parametrize("read", [read_kronor, read_period])
def test_what_was_expected_is_said_in_words(read: Callable[[str], Any]) -> None:
    with pytest.raises(UnreadableValue) as caught:
        read("?")

    assert str(caught.value) == caught.value.expected
    assert " such as " in caught.value.expected

"""What is masked in the texts of a page, and what stays: amounts, days, numbers of files and organisations."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esf_etl import Attribute, NotAProjectPage, Project, Section, content_digest, parse_bytes, render
from esf_etl.pages.forgotten import MASK, Forgotten, hash_of
from esf_etl.pages.invent import invent
from esf_etl.pages.masking import Masking, mask_project
from esf_etl.pages.personal import EMAIL_MASK, PHONE_MASK, mask_prose, may_hold_personal

pytestmark = pytest.mark.promise("personal")

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "tests" / "golden" / "pages").rglob("*.txt"), *(ROOT / "landing").rglob("*.txt")])
KEY = bytes(range(32))

PHONES = [
    "0410-733095",
    "043026524",
    "010-4860016",
    "0410 - 73 30 95",
    "(0410) 73 30 95",
    "0410/73 30 95",
    "0410\u201373 30 95",
    "08-465 00 42",
    "(08)465 00 42",
    "08 465 00 42",
    "08-12345678",
    "070-123 45 67",
    "070 123 45 67",
    "0701234567",
    "070-1234567",
    "073\u00a0123\u00a045\u00a067",
    "020-12 34 56",
    "0771-12 34 56",
    "+46 70 123 45 67",
    "+46 (0)70-123 45 67",
    "+46701234567",
    "0046 70 123 45 67",
]
NO_PHONES = [
    "1 050 000 000 kr",
    "5\u00a0222\u00a0650 kr",
    "33 400 000",
    "033 400 000 kr",
    "100 050 000 000",
    "0 500 000",
    "2008-01-01 till 2010-03-31",
    "2016-01-04-2017-10-31",
    "01-01-2009",
    "08-12-2009",
    "08-01-2009",
    "08/09 2010/11",
    "07/08 och 08/09 2009",
    "05 06 07 08 09",
    "08 10 11 12",
    "kl 08.00-16.30",
    "kl 08-16 2010",
    "2015/00001",
    "2011-01234567",
    "3.2.01-0123/2008",
    "22-017-S04",
    "556012-3456",
    "5560123456",
    "212000-0142",
    "012 34",
    "SE-123 45",
    "0114 0115 0117",
    "0114, 0115, 0117, 0120",
    "0,123456789",
    "0.123456789",
    "0123456789012",
    "https://exempel.se/0123456789.pdf",
    "2021SE05SFPR001",
    "ESF+ 2021-2027",
]


FRAMES = ["{}", "ring {}.", "Tfn:{}, eller", "(tel. {})", "\n{}\n", "{}, {}"]
FRAMES_AFTER_A_DIGIT = ["nr 2 {}", "{}/{}", "{} {}"]
"""After a digit, what has no dash or slash may be the end of an amount, and stays."""


def has_mark(phone: str) -> bool:
    return not re.fullmatch(r"[0-9 \u00a0]+", phone) or phone.startswith("0046")


@pytest.mark.parametrize(
    ("phone", "frame"),
    [(phone, frame) for phone in PHONES for frame in FRAMES]
    + [(phone, frame) for phone in filter(has_mark, PHONES) for frame in FRAMES_AFTER_A_DIGIT],
)
def test_a_phone_number_is_masked_wherever_it_stands(phone: str, frame: str) -> None:
    text, count = mask_prose(frame.format(phone, phone))
    assert count == frame.count("{}")
    assert not re.search("[0-9]", text.replace("nr 2 ", ""))
    assert may_hold_personal([frame.format(phone, phone)])


@pytest.mark.parametrize("text", NO_PHONES)
@pytest.mark.parametrize("frame", ["{}", "om {}.", "({}), som", "\n{}\n", "{} och {}", "{}; {}"])
def test_what_is_no_phone_number_stays(text: str, frame: str) -> None:
    whole = frame.format(text, text)
    assert mask_prose(whole) == (whole, 0)


@pytest.mark.parametrize("address", ["ada@exempel.se", "ada.exempel+esf@hr.håbo.se", "ÅSA_B@EXEMPEL.SE", "info@x-y.nu"])
@pytest.mark.parametrize("frame", ["{}", "till {}.", "<{}>", "mailto:{}?", "({})", "{},{}"])
def test_an_address_is_masked_wherever_it_stands(address: str, frame: str) -> None:
    assert mask_prose(frame.format(address, address)) == (
        frame.format(EMAIL_MASK, EMAIL_MASK),
        frame.count("{}"),
    )


@pytest.mark.parametrize("text", ["@", "a @ b", "@exempel", "a@b", "pris @ 10 kr", "@@@", "x@.se"])
def test_what_is_no_address_stays(text: str) -> None:
    assert mask_prose(text) == (text, 0)


def test_all_of_a_text_but_the_addresses_and_numbers_stays() -> None:
    text = "Start 2008-08-01.\n\n•  Ring Ada (08-465 00 42) eller skriv: ada@exempel.se!\n•  Kostnad 1 050 000 kr"
    assert mask_prose(text) == (
        f"Start 2008-08-01.\n\n•  Ring Ada ({PHONE_MASK}) eller skriv: {EMAIL_MASK}!\n•  Kostnad 1 050 000 kr",
        2,
    )


@given(st.text(alphabet="0123456789 -+/@.,():a\u00a0\n", max_size=60))
def test_the_quick_look_misses_nothing_and_what_is_counted_is_changed(text: str) -> None:
    masked, count = mask_prose(text)
    assert may_hold_personal([text]) or (masked, count) == (text, 0)
    assert (masked == text) == (count == 0)


@given(st.integers(0, 10**11), st.sampled_from([" ", "\u00a0", ".", ""]))
def test_no_amount_in_kronor_is_taken_for_a_number(amount: int, group: str) -> None:
    text = f"{amount:,}".replace(",", group)
    for whole in (f"{text} kr", f"ca {text} kronor.", f"från {text} SEK", text):
        assert mask_prose(whole) == (whole, 0)


# A day of the year 46 begins as a number from abroad does: 0046-01-01.
days = st.dates(min_value=date(1000, 1, 1))


@given(days, days)
def test_no_period_is_taken_for_a_number(first: date, last: date) -> None:
    for text in (f"{first} till {last}", f"{first}-{last}", f"{first}--{last}", f"({first}/{last})"):
        assert mask_prose(text) == (text, 0)


@pytest.mark.parametrize(
    "evil", ["0" * 50_000, "070-" * 20_000, "a" * 50_000 + "@", "a@" * 20_000, "0123 " * 20_000, "+46" * 20_000]
)
def test_no_text_takes_long(evil: str) -> None:
    since = time.process_time()
    mask_prose(evil)
    assert time.process_time() - since < 2


# ---- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_golden_pages_and_samples_have_neither_in_their_prose_and_nothing_is_masked(path: Path) -> None:
    try:
        project = parse_bytes(path.read_bytes())
    except NotAProjectPage:
        return
    masked = mask_project(project, Masking())
    assert masked.hidden == 0
    assert masked.project is project
    assert masked.content_digest == content_digest(project)


def test_in_invented_pages_nothing_is_masked() -> None:
    assert all(mask_project(page, Masking()).project is page for page in invent(300))


TOLD = Project(
    layout="colon-2021",
    programme_period="2021-2027",
    title="Ring 08-465 00 42",
    owner="Ada Exempel",
    sections=(Section("summary", None, "Skriv till ada@exempel.se"), Section("purpose", None, "Inget")),
    partners=("Ada Exempels byrå",),
    attributes=(Attribute("Växel", "08-465 00 43"), Attribute("Kontakt", "08-465 00 44"), Attribute("Tomt")),
)


def test_title_sections_and_attributes_are_masked_and_the_record_stays() -> None:
    before = replace(TOLD)
    project, digest, hidden = mask_project(TOLD, Masking())
    assert before == TOLD
    assert project.title == f"Ring {PHONE_MASK}"
    assert project.section("summary") == f"Skriv till {EMAIL_MASK}"
    assert project.attributes[0] == Attribute("Växel", PHONE_MASK)
    assert project.owner == "Ada Exempel"
    assert hidden == 3
    assert digest == content_digest(project) != content_digest(TOLD)


def test_a_line_that_is_withheld_stays_recognisable_as_such() -> None:
    project = mask_project(TOLD, Masking()).project
    assert project.attributes[1] == TOLD.attributes[1]
    assert [item.label for item in project.impersonal_attributes()] == ["Växel", "Tomt"]


def test_another_number_in_a_text_is_no_other_content() -> None:
    other = replace(TOLD, title="Ring 08-465 00 99")
    assert mask_project(TOLD, Masking()).content_digest == mask_project(other, Masking()).content_digest


def test_without_the_masking_of_prose_nothing_is_masked() -> None:
    project, digest, hidden = mask_project(TOLD, Masking(prose=False))
    assert (project is TOLD, digest, hidden) == (True, content_digest(TOLD), 0)


def test_parse_and_render_know_nothing_of_it() -> None:
    page = next(iter(invent(1)))
    page = replace(page, sections=(Section("summary", "Sammanfattning", "Ring 08-465 00 42 eller ada@exempel.se."),))
    assert parse_bytes(render(page).encode()) == page


# ---- the forgotten --------------------------------------------------------------------------------------------------


def forgotten(*persons: str) -> Forgotten:
    return Forgotten.of(KEY, dict(hash_of(KEY, person) for person in persons))


@pytest.mark.parametrize(
    "text",
    [
        "Ada Exempel",
        "ADA EXEMPEL",
        "ada\nexempel",
        "Ada\u00a0Exempel",
        "Ada-Exempel",
        "(Ada Exempel)",
        "Ada Exempels",
        "av Ada  Exempel, vd",
    ],
)
def test_a_name_is_told_by_its_whole_words_whatever_stands_between(text: str) -> None:
    masked, count = forgotten("ada exempel").mask(text)
    assert count == 1
    assert MASK in masked
    assert "xempel" not in masked.lower()


@pytest.mark.parametrize(
    "text", ["Ada", "Exempel", "Ada B Exempel", "Adam Exempel", "Ada Exempelsson", "Exempel Ada", "KontaktpersonAda"]
)
def test_other_names_stay(text: str) -> None:
    assert forgotten("Ada Exempel").mask(text) == (text, 0)


def test_letters_may_be_composed_or_not() -> None:
    assert forgotten("A\u030asa O\u0308berg").mask("Åsa Öberg")[1] == 1


def test_an_address_is_told_as_a_whole() -> None:
    person = forgotten("Ada@Exempel.SE")
    assert person.mask("ada@exempel.se, beda@exempel.se") == (f"{MASK}, beda@exempel.se", 1)
    assert person.mask("ada@exempel.se.example") == ("ada@exempel.se.example", 0)


def test_several_are_masked_in_every_text_of_a_page_and_its_digest_is_sealed() -> None:
    masking = Masking(prose=False, forgotten=forgotten("Ada Exempel", "ada@exempel.se"))
    project, digest, hidden = mask_project(TOLD, masking)
    assert (project.owner, project.partners) == (MASK, (f"{MASK} byrå",))
    assert project.section("summary") == f"Skriv till {MASK}"
    assert hidden == 0
    assert re.fullmatch("x[0-9a-f]{31}", digest)
    assert masking.forgotten is not None
    assert masking.forgotten.seal(digest) == digest


def test_a_page_without_them_is_left_alone() -> None:
    page = next(iter(invent(1)))
    assert mask_project(page, Masking(forgotten=forgotten("Ada Exempel"))).project is page


def test_the_hashes_tell_nothing_without_the_key_and_are_not_shown() -> None:
    person = forgotten("Ada Exempel")
    assert hash_of(KEY, "Ada Exempel") != hash_of(bytes(32), "Ada Exempel")
    assert KEY.hex() not in repr(person)
    assert repr(KEY) not in repr(person)

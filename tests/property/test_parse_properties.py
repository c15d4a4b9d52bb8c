"""What holds for all pages: parsing undoes rendering, nothing is lost, nothing else is raised, time is linear."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esf_etl import (
    Contact,
    NotAProjectPage,
    Project,
    Section,
    content_digest,
    parse,
    parse_bytes,
    project_id,
    render,
)
from esf_etl.pages.layouts import GLUED_2007, LAYOUTS
from esf_etl.pages.places import regions

# How long one page takes is another test's question; here a slow machine is no failure.
patient = settings(deadline=None)

NOT_GIVEN = {"", "-", "saknas", "saknas saknas"}
BOILERPLATE = {"Logotyp på utskrifter", "In English"}
# Letters that UTF-8 read as another encoding begins with; Swedish has no use for them.
MOJIBAKE_LEADS = str.maketrans("ÃÂâ", "ÄÄä")
HEADINGS = [heading.text for heading in GLUED_2007.headings]
LABELS = [label.text for label in GLUED_2007.labels]
ANY_LABELS = sorted({label.text for layout in LAYOUTS for label in layout.labels})

# ---- projects that a page can carry -----------------------------------------------------------------------------

letters = st.one_of(
    st.sampled_from("abcåäöÅÄÖ 0123456789.,:;!?-–+*•/&()\"”'%\u00a0"),
    # Not the letters that garbled text is told by: it would be mended.
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="ÃÂâ"),
)


def is_line(text: str) -> bool:
    """Whether the text can stand on a line of its own and be read as it is."""
    if text.startswith(("Programområde", ":")):  # a colon after a label is another layout's
        return False
    if unicodedata.category(text[:1] or " ").startswith("M"):  # it would become one letter with the label before it
        return False
    return text.casefold() not in NOT_GIVEN and text not in BOILERPLATE


def one_line(text: str) -> str:
    """The text as it stands on a page that is saved as it should be: composed, trimmed, not garbled."""
    composed = unicodedata.normalize("NFC", text).translate(MOJIBAKE_LEADS)
    return composed.strip().strip("\ufeff").strip()


lines = st.text(letters, min_size=1, max_size=40).map(one_line).filter(is_line)
sub_headings = st.tuples(st.sampled_from(HEADINGS), lines).map("\n".join)
bullets = st.tuples(st.sampled_from(["- ", "* ", "• ", "1. "]), lines).map("".join)
started = st.tuples(st.sampled_from([*HEADINGS, *LABELS]), lines).map("".join)
paragraphs = st.lists(st.one_of(lines, sub_headings, bullets, started), min_size=1, max_size=4).map("\n".join)


def has_no_heading(text: str) -> bool:
    """Whether no line of the text can be a heading: none that ends in one's words has a blank line after it."""
    part = text.split("\n")
    return not any(
        line.endswith(tuple(HEADINGS)) and (at + 1 == len(part) or not part[at + 1]) for at, line in enumerate(part)
    )


texts = (
    st.lists(paragraphs, min_size=1, max_size=3)
    .flatmap(lambda parts: st.sampled_from(["\n\n", "\n\n\n"]).map(lambda blank: blank.join(parts)))
    .filter(has_no_heading)
    .filter(is_line)
)
amounts = st.one_of(
    st.integers(0, 10**13 - 1).map(Decimal), st.integers(0, 10**15 - 1).map(lambda cents: Decimal(cents).scaleb(-2))
)
places = st.one_of(
    st.sampled_from(regions()).map(lambda region: (region.name, region.nuts2_code)),
    st.just((None, None)),
)
areas = st.one_of(
    st.tuples(st.integers(0, 99).map(str), lines),
    st.tuples(st.none(), lines),
    st.just((None, None)),
)
periods = st.one_of(st.tuples(st.dates(), st.dates()), st.just((None, None)))
contacts = st.builds(Contact, *[st.none() | lines] * 3).map(lambda contact: None if contact == Contact() else contact)
names = st.lists(lines, max_size=4).map(tuple)


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """Any project that a page of the layout of 2007-2013 can carry."""
    area_code, area = draw(areas)
    start, end = draw(periods)
    region, nuts2_code = draw(places)
    kept = {heading.key: draw(st.none() | texts) for heading in GLUED_2007.headings if heading.kind == "prose"}
    headings = {heading.key: heading.text for heading in GLUED_2007.headings}
    description = draw(st.none() | texts)
    return Project(
        layout=GLUED_2007.key,
        programme_period=GLUED_2007.programme_period,
        title=draw(st.none() | lines),
        programme_area_code=area_code,
        programme_area=area,
        phase=draw(st.sampled_from(["Genomförande", "Förprojektering", None]) | lines),
        owner=draw(st.none() | lines),
        contact=draw(contacts),
        grant_sek=draw(st.none() | amounts),
        budget_sek=draw(st.none() | amounts),
        period_start=start,
        period_end=end,
        region=region,
        nuts2_code=nuts2_code,
        sections=(
            *([] if description is None else [Section("description", None, description)]),
            *(Section(key, headings[key], text) for key, text in kept.items() if text is not None),
        ),
        co_financiers=draw(names),
        partners=draw(names),
        municipalities=draw(names),
    )


@patient
@given(projects())
def test_a_rendered_project_is_parsed_as_itself(project: Project) -> None:
    text = render(project)

    assert parse(text) == project
    assert parse_bytes(text.encode()) == project
    assert content_digest(parse(text)) == content_digest(project)
    assert project_id(parse(text)) == project_id(project)


@patient
@given(projects())
def test_line_ends_and_decomposed_letters_change_nothing(project: Project) -> None:
    text = render(project)

    assert parse(text.replace("\n", "\r\n")) == project
    assert parse("\ufeff" + unicodedata.normalize("NFD", text)) == project


@patient
@given(projects(), st.lists(lines, max_size=4))
def test_a_banner_changes_nothing(project: Project, banner: list[str]) -> None:
    logo, rest = render(project).split("\n\n", 1)
    if project.title is None:
        banner = []

    assert parse("\n\n".join([logo, *banner, rest])) == project


# ---- nothing is lost ------------------------------------------------------------------------------------------

stray = st.one_of(
    lines,
    started,
    st.sampled_from(
        [*HEADINGS, "Mål", "-", "saknas", "•", "  • -", "  • saknas", "* ", "Slut.Syfte", "1. Ett", "Ä:\tÖ"]
    ),
    st.sampled_from(HEADINGS).map(lambda heading: f"Slut.{heading}"),
    st.just(""),
    st.sampled_from(LABELS).map(lambda label: f"{label}Något annat"),
)


@st.composite
def disturbed_pages(draw: st.DrawFn) -> str:
    """A rendered page with lines put in: a banner before the title, anything in the header and in the body."""
    page = render(draw(projects())).rstrip("\n").split("\n")
    first, last = next(at for at, line in enumerate(page) if line.startswith("Programområde")), page.index("In English")
    top, header, body = page[:first], page[first:last], page[last:]
    for line in draw(st.lists(lines, max_size=3)):
        top[2:2] = [line, ""]
    for line in draw(st.lists(stray.filter(bool), max_size=3)):
        header.insert(draw(st.integers(1, len(header))), line)
    for line in draw(st.lists(stray, max_size=6)):
        body.insert(draw(st.integers(1, len(body))), line)
    return "\n".join([*top, *header, *body])


def said(project: Project) -> Iterator[str]:
    """Every text that a record holds, line by line, once for each time it stands there."""
    contact = project.contact or Contact()
    yield from (project.title or "", project.phase or "", project.owner or "", project.region or "")
    yield from (contact.name or "", contact.email or "", contact.phone or "")
    code, area = project.programme_area_code, project.programme_area
    yield f"Programområde {code} {area}" if code else area or ""
    for amount in (project.grant_sek, project.budget_sek):
        yield "" if amount is None else f"{amount:f}".replace(".", ",")
    yield "" if project.period_start is None else f"{project.period_start} till {project.period_end}"
    for part in project.sections:
        yield part.heading or ""
        yield from part.text.split("\n")
    for heading in GLUED_2007.headings:
        if heading.kind == "list":
            items = getattr(project, heading.key)
            yield from (heading.text if items else "", *items)
    for attribute in project.attributes:
        yield attribute.value if attribute.value is not None else attribute.label


def forms(line: str) -> Iterator[str]:
    """The ways a line of a page may stand in a record: as it is, without its bullet, without its label."""
    line = line.strip()
    yield line
    if line.startswith(("•", "*", "-")):
        yield line[1:].strip()
    for label in LABELS:
        if line.startswith(label):
            value = line.removeprefix(label).strip()
            yield value
            yield re.sub(r"\s|kr", "", value)


def page_lines(text: str, project: Project) -> Iterator[tuple[int, str]]:
    """The lines with text and their numbers, where glued headings are parted and wrapped items joined, as noticed."""
    codes = {(found.code, found.line) for found in project.diagnostics}
    whole: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if ("item-wrapped", number) in codes:
            start, item = whole.pop()
            whole.append((start, f"{item} {line.strip()}"))
        elif ("heading-glued", number) in codes:
            heading = next(heading for heading in HEADINGS if line.endswith(heading))
            whole += [(number, line.removesuffix(heading)), (number, heading)]
        elif line.strip():
            whole.append((number, line))
    yield from whole


def lost_lines(text: str, project: Project) -> list[str]:
    """The lines of a page that are found nowhere in its record, each as often as it was lost."""
    remaining = Counter(line.strip() for line in said(project))
    remembered = {found.line: found.code for found in project.diagnostics}
    nothing_follows = False
    lost = []
    for number, line in page_lines(text, project):
        code = remembered.get(number)
        says_nothing = any(form.casefold() in NOT_GIVEN for form in forms(line))
        by_number_only = code == "banner-line" or (code == "empty-section" and (line in HEADINGS or says_nothing))
        candidates = [form for form in forms(line) if form == line.strip() or form.casefold() not in NOT_GIVEN]
        kept = None if by_number_only else next((form for form in candidates if remaining[form] > 0), None)
        if kept is not None:
            remaining[kept] -= 1
        elif number not in remembered and not (
            line.strip() in BOILERPLATE or (says_nothing and (nothing_follows or line.startswith(tuple(LABELS))))
        ):
            lost.append(f"{number}: {line}")
        nothing_follows = code == "empty-section" or (nothing_follows and says_nothing)
    return lost


@patient
@given(disturbed_pages())
def test_every_line_of_a_page_is_found_again_in_its_record(text: str) -> None:
    text = unicodedata.normalize("NFC", text)

    assert lost_lines(text, parse(text)) == []


def test_the_search_for_lost_lines_finds_one() -> None:
    text = "Logotyp på utskrifter\n\nTitel\n\nProgramområdeX\nProjektfasY\nRegionZ\n\nText.\n\nBakgrund\n\nMer.\n"
    project = parse(text)

    assert lost_lines(text, project) == []
    assert lost_lines(text + "Mer.\n", project) == ["14: Mer."]
    assert lost_lines(text.replace("Y", "W"), project) == ["6: ProjektfasW"]


# ---- nothing else is raised ------------------------------------------------------------------------------------

anything = st.text(st.characters(codec=None), max_size=200)
pieces = st.one_of(
    st.sampled_from(
        [*HEADINGS, *BOILERPLATE, "Utlyst belopp", "-", "•", "  • Ett", "", "", "\r", "\ufeff", "Slut.Syfte"]
    ),
    st.tuples(st.sampled_from(ANY_LABELS), st.sampled_from(["", ":", "saknas", "1 kr", "9" * 20 + " kr"])).map("".join),
    st.sampled_from(["Projektperiod0000-00-00 till 9999-99-99", "RegionSydsverige", "ProgramområdeProgramområde 1 X"]),
    st.text(letters, max_size=20),
)
patchworks = st.lists(pieces, max_size=40).map("\n".join)


def parsed_or_refused(read: Callable[[], Project]) -> Project | None:
    """The project; None where the page was refused, by a reason of its own and with advice. All else is raised."""
    refusal: NotAProjectPage | None = None
    try:
        return read()
    except NotAProjectPage as problem:
        refusal = problem
    assert refusal.code != NotAProjectPage.code
    assert refusal.advice
    return None


def check_invariants(project: Project, line_count: int) -> None:
    """What every record promises: absent is None or (), texts are trimmed, lines exist, the forms convert."""
    flat = [project.title, project.phase, project.owner, project.region, project.programme_area]
    flat += [] if project.contact is None else [project.contact.name, project.contact.email, project.contact.phone]
    flat += [*project.co_financiers, *project.partners, *project.municipalities]
    assert not any(text is not None and (text.casefold() in NOT_GIVEN or text != text.strip()) for text in flat)
    for part in project.sections:
        assert part.text.casefold() not in NOT_GIVEN
        assert part.text == part.text.strip("\n")
        assert "\r" not in part.text
        assert not any(line != line.rstrip() for line in part.text.split("\n"))
    keys = [part.key for part in project.sections]
    assert len(set(keys)) == len(keys)
    assert all(found.line is None or 1 <= found.line <= line_count for found in project.diagnostics)
    values = json.loads(json.dumps(project.to_dict(with_contact=True)))
    assert Project.from_dict(values) == project
    assert re.fullmatch(r"esf(-[0-9a-z]+)+", project_id(project))
    assert re.fullmatch(r"[0-9a-f]{32}", content_digest(project))


@patient
@given(st.one_of(anything, patchworks, disturbed_pages()))
def test_any_text_gives_a_record_or_a_refusal(text: str) -> None:
    project = parsed_or_refused(lambda: parse(text))

    if project is not None:
        check_invariants(project, text.replace("\r\n", "\n").count("\n") + text.count("\r") + 1)


@patient
@given(st.one_of(st.binary(max_size=300), patchworks.map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_give_a_record_or_a_refusal(data: bytes) -> None:
    parsed_or_refused(lambda: parse_bytes(data))


@patient
@given(disturbed_pages(), st.data())
def test_a_page_with_any_byte_changed_or_cut_gives_a_record_or_a_refusal(text: str, data: st.DataObject) -> None:
    whole = text.encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    for damaged in (whole[:at], whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + 1 :]):
        parsed_or_refused(partial(parse_bytes, damaged))


# ---- time is linear -------------------------------------------------------------------------------------------

TOP = "Logotyp på utskrifter\n\nTitel\n\n"
HEAD = f"{TOP}ProgramområdeX\nProjektfasY\nRegionZ\nIn English\n\n"

# Pages of about `n` lines (or words) of the kinds that would hurt a careless parser.
HOSTILE: dict[str, Callable[[int], str]] = {
    "one heading": lambda n: HEAD + "Bakgrund\n\n" * n,
    "all headings, over and over": lambda n: HEAD + "\n\n".join(HEADINGS * (n // 10)),
    "all headings, the last one first": lambda n: HEAD + "\n\n".join(HEADINGS[::-1] * (n // 10)),
    "glued headings": lambda n: HEAD + "Slut.Syfte\n\n" * n,
    "a heading glued to itself on one line": lambda n: HEAD + "Syfte." * n + "Syfte",
    "list headings": lambda n: HEAD + "Kommun\n\n" * n,
    "list headings far from their lists": lambda n: HEAD + ("Kommun" + "\n" * 10) * (n // 10),
    "blank lines": lambda n: HEAD + "\n" * 10 * n + "Text.",
    "blank lines at the end": lambda n: HEAD + "Kommun" + "\n" * 10 * n,
    "bullets": lambda n: HEAD + "Kommun\n\n" + "  • Ett\n" * n,
    "an item that never ends": lambda n: HEAD + "Kommun\n\n  • Ett\n" + "Två\n" * n,
    "lines after a list": lambda n: HEAD + "Kommun\n\n" + "Två\n\n" * n,
    "prose": lambda n: HEAD + "Bakgrund\n\n" + "Text.\n" * n,
    "one long line": lambda n: HEAD + "Bakgrund\n\n" + "Text. " * n,
    "one label, over and over": lambda n: TOP + "RegionX\n" * n,
    "labels, over and over": lambda n: TOP + "ProjektfasX\nRegionX\nE-postX\n" * (n // 3),
    "labels without end": lambda n: TOP + "ProgramområdeX\nProjektfasY\n" * (n // 2),
    "labels with blank lines between": lambda n: TOP + "RegionX\n\n" * n,
    "two labels, a blank line": lambda n: TOP + "RegionX\nE-postX\n\n" * (n // 2),
    "a header without known labels": lambda n: TOP + "ProjektfasX\nRegionX\nE-postX\n" + "Y\n" * n,
    "a banner": lambda n: "Stäng\n\n" * n + HEAD,
    "labels in one line": lambda n: "Titel Programområde: " + "Projektfas: " * n,
    "digits": lambda n: f"{TOP}ProjektfasX\nRegionX\nE-postX\nBeviljat ESF-stöd" + "1 234 " * n,
    "blanks in a period": lambda n: f"{TOP}ProjektfasX\nRegionX\nE-postX\nProjektperiod2008-08-01" + " " * n + "till",
    "blanks in an area": lambda n: f"{TOP}ProjektfasX\nRegionX\nProgramområdeProgramområde" + " " * n + "x",
    "carriage returns": lambda n: HEAD + "\r" * n + "Text.\r\n" * n,
    "decomposed letters": lambda n: HEAD + "a\u030a\n" * n,
    "no header at all": lambda n: "Text.\n" * n,
}


def seconds(text: str) -> float:
    """Processor time of parsing the text, whatever comes of it; the best of three."""
    times = []
    for _ in range(3):
        start = time.process_time()
        with suppress(NotAProjectPage):
            parse(text)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_ten_times_the_lines_cost_about_ten_times_as_much(make: Callable[[int], str]) -> None:
    few, many = seconds(make(3_000)), seconds(make(30_000))

    # A quadratic parser is at 100 times. Below some milliseconds the clock measures other things.
    assert many < 40 * max(few, 0.002), f"{few:.4f} s, ten times as much: {many:.4f} s"


def test_a_hundred_thousand_headings_and_a_million_blank_lines_take_seconds() -> None:
    assert seconds(HOSTILE["one heading"](100_000)) < 5
    assert seconds(HOSTILE["all headings, the last one first"](100_000)) < 5
    assert seconds(HOSTILE["blank lines"](100_000)) < 5

"""What holds for layouts with labels on lines of their own: parsing undoes rendering, in any order of labels."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esf_etl import Attribute, Contact, Layout, Project, Section, content_digest, parse, parse_bytes, project_id, render
from esf_etl.pages.layouts import COLON_2014, COLON_2021, LINES_2014
from esf_etl.pages.places import regions

LAYOUTS = (LINES_2014, COLON_2014, COLON_2021)
every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.key)
patient = settings(deadline=None)

# ---- projects that such a page can carry ---------------------------------------------------------------------------

_NOT_WORDS = {word.casefold() for layout in LAYOUTS for word in layout.label_of} | {"saknas", "in english"}
words = st.text("abcåäöÅÄÖéü0123456789()/&+%!?’”–", min_size=2, max_size=12).filter(lambda text: text != "--")
lines = st.lists(words, min_size=1, max_size=6).map(" ".join).filter(lambda text: text.casefold() not in _NOT_WORDS)
texts = st.lists(st.lists(lines, min_size=1, max_size=4).map("\n".join), min_size=1, max_size=3).map("\n\n".join)
names = lines.filter(lambda text: not text[:1].isdigit())
amounts = st.integers(0, 10**15 - 1).map(lambda cents: Decimal(cents).scaleb(-2))
shares = st.integers(0, 10_000).map(lambda part: Decimal(part).scaleb(-4))
NUMBERS = {
    "lines-2014": st.none(),
    "colon-2014": st.integers(1, 99_999).map(lambda n: f"2020/{n:05}"),
    "colon-2021": st.integers(1, 99).map(lambda n: f"22-0{n:02}-S{n:02}"),
}
CODES = {"lines-2014": "1.1", "colon-2014": "2", "colon-2021": "A"}


@st.composite
def projects(draw: st.DrawFn, layout: Layout) -> Project:
    """Any project that a page of this layout can carry."""
    region = draw(st.sampled_from(regions()))
    fields = {name for label in layout.labels for name in label.fields}
    start, end = draw(st.tuples(st.dates(), st.dates()) | st.just((None, None)))
    contact = Contact(*(draw(st.none() | lines) for _ in range(3)))
    description = draw(st.none() | texts)
    return Project(
        layout=layout.key,
        programme_period=layout.programme_period,
        diary_number=draw(NUMBERS[layout.key]),
        project_number=draw(st.none() | st.just("2015/00002")),
        title=draw(names),
        programme_area_code=draw(st.none() | st.just(CODES[layout.key])),
        specific_objective=draw(st.none() | st.just("2.1")) if "specific_objective" in fields else None,
        owner=draw(st.none() | names),
        owner_org_number=draw(st.none() | st.just("5560001234")) if layout is COLON_2021 else None,
        contact=None if contact == Contact() else contact,
        grant_sek=draw(st.none() | amounts),
        budget_sek=draw(st.none() | amounts),
        cofinancing_rate=draw(st.none() | shares) if "cofinancing_rate" in fields else None,
        period_start=start,
        period_end=end,
        region=region.name,
        nuts2_code=region.nuts2_code,
        participants_planned=draw(st.none() | st.integers(0, 10**6)),
        sections=() if description is None else (Section("description", None, description),),
        attributes=draw(st.just(()) | st.just((Attribute("Någon annan etikett", "värde"),))),
    )


@every_layout
@patient
@given(data=st.data())
def test_a_rendered_project_is_parsed_as_itself(layout: Layout, data: st.DataObject) -> None:
    project = data.draw(projects(layout))
    text = render(project, check=False)

    assert parse(text) == project
    assert parse_bytes(text.encode()) == project


@pytest.mark.parametrize("layout", [COLON_2014, COLON_2021], ids=lambda layout: layout.key)
@patient
@given(data=st.data())
def test_another_order_of_the_labels_and_a_banner_are_the_same_project(layout: Layout, data: st.DataObject) -> None:
    project = data.draw(projects(layout))
    title, header, rest = render(project, check=False).split("\n\n", 2)
    header_lines = header.split("\n")
    pairs = [header_lines[at : at + 2] for at in range(0, len(header_lines), 2)]
    shuffled = data.draw(st.permutations(pairs))
    banner = "information (1)\n\nCookies\n\nVi använder kakor.\n\nLär dig mer\n\n"

    other = parse("\n\n".join([banner + title, "\n".join(line for pair in shuffled for line in pair), rest]))

    assert project_id(other) == project_id(project)
    assert content_digest(other) == content_digest(project)

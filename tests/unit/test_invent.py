"""Invented projects: believable, like real pages in size, the same for a seed, and nobody's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import date
from itertools import islice
from statistics import median

import pytest

from esf_etl import LAYOUTS, Project, content_digest, parse, project_id, render
from esf_etl.pages.invent import _stock, invent
from esf_etl.pages.places import county, find_municipality, find_region

COUNT = 2_000
HEADINGS = [heading.key for heading in LAYOUTS[0].headings]
# The series PTS keeps for fiction: area code, first and last number.
FICTION = {
    "031": (3900600, 3900699),
    "040": (6280400, 6280499),
    "08": (46500400, 46500499),
    "0980": (319200, 319299),
    "070": (1740605, 1740699),
}


@pytest.fixture(scope="module")
def projects() -> list[Project]:
    return list(invent(COUNT))


@pytest.fixture(scope="module")
def page_bytes(projects: list[Project]) -> list[int]:
    return sorted(len(render(project).encode()) for project in projects)


@pytest.mark.parametrize("seed", [0, 20211115])
def test_an_invented_project_is_what_is_read_from_its_page(seed: int) -> None:
    for project in invent(400, seed=seed):
        read = parse(render(project))
        assert read == project
        assert read.diagnostics == ()


def test_a_seed_always_gives_the_same_projects() -> None:
    assert list(invent(20, seed=7)) == list(invent(20, seed=7))


def test_another_process_invents_the_same() -> None:
    program = "from esf_etl import content_digest\nfrom esf_etl.pages.invent import invent\n"
    program += "print(*map(content_digest, invent(5, seed=3)))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert ended.stdout.split() == [content_digest(project) for project in invent(5, seed=3)]


def test_another_seed_gives_others() -> None:
    assert not {content_digest(p) for p in invent(20, seed=1)} & {content_digest(p) for p in invent(20, seed=2)}


def test_the_first_of_many_are_those_of_few() -> None:
    assert list(islice(invent(1_000_000, seed=5), 10)) == list(invent(10, seed=5))


def test_none_are_invented_when_none_are_asked_for() -> None:
    assert list(invent(0)) == []


def test_no_two_projects_have_the_same_id() -> None:
    assert len({project_id(project) for project in invent(5_000)}) == 5_000


def test_a_title_holds_the_serial_number_and_no_other_digits(projects: list[Project]) -> None:
    for serial, project in enumerate(projects, 1):
        assert "".join(c for c in project.title or "" if c.isdecimal()) == str(serial)


def test_pages_are_as_large_as_real_ones(page_bytes: list[int]) -> None:
    assert page_bytes[0] >= 3_000
    assert page_bytes[-1] <= 14_000
    assert 6_500 <= median(page_bytes) <= 7_500


def test_sections_and_lists_are_as_many_as_on_real_pages(projects: list[Project]) -> None:
    assert {len(project.sections) for project in projects} == set(range(3, 8))
    assert {len(project.co_financiers) for project in projects} == set(range(12))
    assert {len(project.partners) for project in projects} == set(range(6))
    assert {len(project.municipalities) for project in projects} == set(range(1, 9))


def test_sections_stand_in_the_order_of_the_page(projects: list[Project]) -> None:
    for project in projects:
        ranks = [HEADINGS.index(section.key) for section in project.sections]
        assert ranks == sorted(set(ranks))


def test_amounts_lie_within_those_of_real_pages(projects: list[Project]) -> None:
    for project in projects:
        assert project.grant_sek is not None
        assert project.budget_sek is not None
        assert 194_990 <= project.grant_sek <= project.budget_sek <= 56_753_391


def test_on_programme_area_1_the_grant_is_the_budget_and_elsewhere_often_not(projects: list[Project]) -> None:
    equal = Counter((project.programme_area_code, project.grant_sek == project.budget_sek) for project in projects)
    assert equal["1", False] == 0
    assert equal["2", False] > equal["2", True] > 0


def test_periods_lie_within_the_programme(projects: list[Project]) -> None:
    for project in projects:
        assert project.period_start is not None
        assert project.period_end is not None
        assert date(2008, 1, 1) <= project.period_start < project.period_end <= date(2014, 12, 31)


def test_there_are_both_phases_and_areas_and_all_regions(projects: list[Project]) -> None:
    assert {project.phase for project in projects} == {"Genomförande", "Förprojektering"}
    assert {project.programme_area_code for project in projects} == {"1", "2"}
    assert len({project.nuts2_code for project in projects}) == 8


def test_municipalities_are_real_and_lie_in_the_region(projects: list[Project]) -> None:
    for project in projects:
        region = find_region(project.region or "")
        assert region is not None
        assert region.nuts2_code == project.nuts2_code
        assert len(set(project.municipalities)) == len(project.municipalities)
        for name in project.municipalities:
            place = find_municipality(name)
            assert place is not None
            assert place.name == name
            found = county(place.county_code)
            assert found is not None
            assert found.nuts2_code == project.nuts2_code


def test_what_pages_lack_now_and_then_is_absent_now_and_then(projects: list[Project]) -> None:
    absent: Counter[str] = Counter()
    for project in projects:
        absent["owner"] += project.owner is None
        absent["contact"] += project.contact is None
        absent["phone"] += project.contact is not None and project.contact.phone is None
        absent["e-mail"] += project.contact is not None and project.contact.email is None
    for name in ("owner", "contact", "phone", "e-mail"):
        assert 0 < absent[name] < COUNT / 10, name


def test_owners_are_written_as_on_real_pages(projects: list[Project]) -> None:
    owners = [project.owner for project in projects if project.owner]
    assert any(owner.isupper() for owner in owners)
    assert any(owner.islower() for owner in owners)
    assert any(len(owner) == 30 for owner in owners)


def test_an_organisation_stands_twice_in_a_list_now_and_then(projects: list[Project]) -> None:
    twice = sum(len(set(project.partners)) < len(project.partners) for project in projects)
    assert 0 < twice < COUNT / 20


def test_contacts_can_be_nobody(projects: list[Project]) -> None:
    for project in projects:
        if project.contact is None:
            continue
        if project.contact.email:
            assert project.contact.email.rpartition("@")[2] in ("example.se", "example.org")
            assert project.contact.email.isascii()
        if project.contact.phone:
            digits = "".join(c for c in project.contact.phone if c.isdecimal())
            assert any(
                first <= int(digits.removeprefix(area)) <= last
                for area, (first, last) in FICTION.items()
                if digits.startswith(area)
            ), project.contact.phone


def test_every_name_in_braces_was_replaced(projects: list[Project]) -> None:
    for project in projects:
        assert not set("{}") & set(render(project))


def test_no_sentence_stands_twice_on_a_page_but_for_chance(projects: list[Project]) -> None:
    for project in projects[:200]:
        sentences = [line for part in project.sections for line in part.text.replace("\n", " ").split(". ")]
        assert len(sentences) - len(set(sentences)) <= len(sentences) / 10


def test_every_layout_of_the_data_is_a_known_one_with_all_its_fields_invented(projects: list[Project]) -> None:
    known = {layout.key for layout in LAYOUTS}
    for form in _stock().forms.items:
        assert form.layout.key in known
        assert set(form.section_weights) == {part.key for part in form.layout.headings if part.kind == "prose"}
        assert set(form.section_weights) <= set(_stock().clauses)
        assert sum(project.layout == form.layout.key for project in projects) > 0

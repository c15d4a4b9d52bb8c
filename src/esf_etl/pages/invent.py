"""Invented projects, believable and made up: for samples, benchmarks and tests. `parse(render(p)) == p` for each.

What they are made of stands in `data/invented.toml`; places are real ones. A seed always gives the same projects, the
first of many being those of few. Only `Random.random` is drawn from, whose numbers no Python release changes.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import accumulate, product
from operator import add
from random import Random
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from esf_etl.pages.layouts import LAYOUTS
from esf_etl.pages.phrases import PLACE, Words, pick
from esf_etl.pages.places import counties, municipalities, regions
from esf_etl.pages.records import Contact, Project, Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from esf_etl.pages.layouts import Heading, Layout
    from esf_etl.pages.phrases import Draw, Pool

__all__ = ["invent"]

T = TypeVar("T")

_POOL_SEED = 0
_OWNER_CUT = 30
_MOST_CO_FINANCIERS, _MOST_PARTNERS, _MOST_MUNICIPALITIES = 11, 5, 8
_LEAST_GRANT_SHARE = 0.398
_NO_ACCENTS = str.maketrans("åäöé", "aaoe")
_ONE_DAY = timedelta(days=1)


def invent(count: int, *, seed: int = 0) -> Iterator[Project]:
    """So many invented projects, no two with the same `project_id`; the same ones for the same seed.

    Sizes follow real pages: 3 to 14 kB as a page, about 7 on average, amounts in SEK, periods within the programme.
    People, organisations and figures are made up: addresses are at example.se and example.org, telephone numbers from
    the series kept for fiction.
    """
    draw = Random(seed).random  # noqa: S311 - nothing secret
    stock = _stock()
    for serial in range(1, count + 1):
        yield _project(draw, stock, stock.forms.draw(draw()), serial)


class _Weighted(NamedTuple, Generic[T]):
    """Items to draw by weight."""

    items: tuple[T, ...]
    bounds: tuple[float, ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[T, float]]) -> _Weighted[T]:
        """From items with their weights."""
        items, weights = zip(*pairs, strict=True)
        return cls(items, tuple(accumulate(weights)))

    def draw(self, number: float) -> T:
        """The item that a number from 0 to 1 falls on."""
        return self.items[bisect_right(self.bounds, number * self.bounds[-1])]


class _Area(NamedTuple):
    """A programme area; without co-financing a grant is as large as its budget."""

    code: str
    name: str
    co_financed: bool


class _Phase(NamedTuple):
    """A phase with the smallest, a usual and the largest budget (SEK) and length (days)."""

    name: str
    budget_sek: tuple[float, float, float]
    days: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Form:
    """What the projects of one layout have; `carried` are the record fields its pages have a place for."""

    layout: Layout
    first_day: date
    last_day: date
    body_characters: tuple[float, float, float]
    section_weights: Mapping[str, float]
    always: tuple[Heading, ...]
    sometimes: tuple[Heading, ...]
    least_sections: int
    areas: _Weighted[_Area]
    phases: _Weighted[_Phase]
    least_sek: int
    carried: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Stock:
    """Ready-made parts, so that a page is put together and not written. `{ort}` in them is still to be filled."""

    forms: _Weighted[_Form]
    clauses: Mapping[str, Pool]
    endings: Pool
    sentence_characters: Mapping[str, float]
    bulleted: frozenset[str]
    title_forms: tuple[str, ...]
    phrases: tuple[str, ...]
    organisations: Pool
    people: tuple[tuple[str, str], ...]
    phones: tuple[str, ...]
    places: tuple[tuple[str, str, tuple[str, ...]], ...]


def _project(draw: Draw, stock: _Stock, form: _Form, serial: int) -> Project:
    area = form.areas.draw(draw())
    phase = form.phases.draw(draw())
    nuts2_code, region, names = pick(draw, stock.places)
    several = min(len(names), 1 + _few(draw, _MOST_MUNICIPALITIES - 1))
    first = int(draw() * (len(names) - several + 1))
    place = names[first]
    grant, budget = _amounts(draw, form, area, phase)
    start, end = _period(draw, form, phase)
    values: dict[str, Any] = {
        "title": pick(draw, stock.title_forms).format(phrase=pick(draw, stock.phrases), serial=serial),
        "programme_area_code": area.code,
        "programme_area": area.name,
        "phase": phase.name,
        "owner": _owner(draw, stock, place),
        "contact": _contact(draw, stock),
        "grant_sek": grant,
        "budget_sek": budget,
        "period_start": start,
        "period_end": end,
        "region": region,
        "nuts2_code": nuts2_code,
        "sections": _sections(draw, stock, form, place),
        "co_financiers": _organisations(draw, stock, _MOST_CO_FINANCIERS if area.co_financed else 0, place),
        "partners": _organisations(draw, stock, _MOST_PARTNERS, place),
        "municipalities": names[first : first + several],
    }
    return Project(
        layout=form.layout.key,
        programme_period=form.layout.programme_period,
        **{name: values[name] for name in form.carried},
    )


def _few(draw: Draw, most: int) -> int:
    """A number from 0 to `most`, more often a small one."""
    return int(draw() ** 2 * (most + 1))


def _around(draw: Draw, bounds: tuple[float, float, float]) -> float:
    """A number between the first and the last bound, half of all below the middle one, few near the ends."""
    low, usual, high = bounds
    away = (draw() + draw() + draw() - 1.5) / 1.5
    factor: float = (low / usual) ** -away if away < 0 else (high / usual) ** away
    return usual * factor


def _amounts(draw: Draw, form: _Form, area: _Area, phase: _Phase) -> tuple[Decimal, Decimal]:
    """Grant and budget in whole kronor; the grant is never the larger one."""
    budget = int(_around(draw, phase.budget_sek))
    share = _LEAST_GRANT_SHARE + (1.15 - _LEAST_GRANT_SHARE) * draw()  # above 1: many grants are the whole budget
    if not area.co_financed or share >= 1:
        return Decimal(budget), Decimal(budget)
    return Decimal(max(form.least_sek, int(budget * share))), Decimal(budget)


def _period(draw: Draw, form: _Form, phase: _Phase) -> tuple[date, date]:
    """First and last day, often but not always those of a month."""
    days = int(_around(draw, phase.days))
    room = (form.last_day - form.first_day).days - days
    start = form.first_day + timedelta(days=int(draw() * (room + 1)))
    end = start + timedelta(days=days)
    if draw() < 0.6:
        start, end = start.replace(day=1), end.replace(day=1) - _ONE_DAY
    return start, end


def _owner(draw: Draw, stock: _Stock, place: str) -> str | None:
    """An organisation as pages write owners: cut mid-word, in capitals, in small letters, sometimes not at all."""
    name = pick(draw, stock.organisations.texts).replace(PLACE, place)
    style = draw()
    if style < 0.03:
        return None
    if style < 0.13:
        return name[:_OWNER_CUT].rstrip()
    if style < 0.18:
        return name.upper()
    return name.lower() if style < 0.23 else name


def _contact(draw: Draw, stock: _Stock) -> Contact | None:
    name, email = pick(draw, stock.people)
    phone = pick(draw, stock.phones)
    given = draw()
    if given < 0.02:
        return None
    return Contact(name, None if given < 0.03 else email, None if 0.03 <= given < 0.08 else phone)


def _organisations(draw: Draw, stock: _Stock, most: int, place: str) -> tuple[str, ...]:
    """A list of organisations; now and then one stands in it twice, as on real pages."""
    names = [name.replace(PLACE, place) for name in stock.organisations.some(draw, _few(draw, most))]
    if len(names) > 1 and draw() < 0.03:
        names[-1] = names[0]
    return tuple(names)


def _sections(draw: Draw, stock: _Stock, form: _Form, place: str) -> tuple[Section, ...]:
    """Prose under some of the headings, in the order of the page."""
    optional = len(form.sometimes)
    least = form.least_sections - len(form.always)
    wanted = least + int((draw() + draw()) / 2 * (optional - least + 1))
    headings = list(form.always)
    for passed, heading in enumerate(form.sometimes):
        if draw() * (optional - passed) < wanted:
            headings.append(heading)
            wanted -= 1
    shares = [form.section_weights[heading.key] * (0.5 + draw()) for heading in headings]
    characters = _around(draw, form.body_characters) / sum(shares)
    return tuple(
        Section(heading.key, heading.text, _prose(draw, stock, heading.key, share * characters, place))
        for heading, share in zip(headings, shares, strict=True)
    )


def _prose(draw: Draw, stock: _Stock, key: str, characters: float, place: str) -> str:
    """About so many characters of prose: paragraphs, or a list with bullets."""
    count = max(1, round(characters / stock.sentence_characters[key]))
    sentences = list(map(add, stock.clauses[key].some(draw, count), stock.endings.some(draw, count)))
    if key in stock.bulleted and draw() < 0.4:
        text = "• " + "\n• ".join(sentences)
    else:
        step = 3 + int(draw() * 5)
        text = "\n\n".join([" ".join(sentences[at : at + step]) for at in range(0, len(sentences), step)])
    return text.replace(PLACE, place)


@cache
def _stock() -> _Stock:
    """The parts, made once a process from `invented.toml`."""
    data = tomllib.loads(files("esf_etl.pages").joinpath("data", "invented.toml").read_text(encoding="utf-8"))
    draw = Random(_POOL_SEED).random  # noqa: S311 - nothing secret
    prose, title, organisation, contact = (data[name] for name in ("prose", "title", "organisation", "contact"))
    words = Words.of(prose["words"])
    clauses = {key: words.pool(draw, forms) for key, forms in prose["clauses"].items()}
    endings = words.pool(draw, prose["endings"])
    return _Stock(
        forms=_Weighted.of((_form(row), row["weight"]) for row in data["form"]),
        clauses=clauses,
        endings=endings,
        sentence_characters={key: pool.mean_characters + endings.mean_characters + 1 for key, pool in clauses.items()},
        bulleted=frozenset(prose["bulleted"]),
        title_forms=tuple(title["forms"]),
        phrases=tuple(title["names"]) * 4 + tuple(map(" ".join, product(title["openings"], title["endings"]))),
        organisations=Words.of(organisation["words"]).pool(draw, organisation["forms"]),
        people=tuple(
            (f"{first} {last}", f"{first}.{last}@{domain}".lower().translate(_NO_ACCENTS))
            for first, last, domain in product(contact["first_names"], contact["surnames"], contact["domains"])
        ),
        phones=tuple(
            form.format(area=series["area"], number=f"{series['number']}{last:02}")
            for series, form in product(contact["phones"], contact["phone_forms"])
            for last in range(series["first"], 100)
        ),
        places=_places(),
    )


def _form(row: dict[str, Any]) -> _Form:
    layout = next(known for known in LAYOUTS if known.key == row["layout"])
    prose = [heading for heading in layout.headings if heading.kind == "prose"]
    fields = [name.partition(".")[0] for label in layout.labels for name in label.fields]
    lists = [heading.key for heading in layout.headings if heading.kind == "list"]
    phases = [_Phase(phase["name"], tuple(phase["budget_sek"]), tuple(phase["days"])) for phase in row["phase"]]
    areas = [_Area(area["code"], area["name"], area["co_financed"]) for area in row["area"]]
    return _Form(
        layout=layout,
        first_day=row["first_day"],
        last_day=row["last_day"],
        body_characters=tuple(row["body_characters"]),
        section_weights=row["section_weights"],
        always=tuple(heading for heading in prose if heading.key in row["always"]),
        sometimes=tuple(heading for heading in prose if heading.key not in row["always"]),
        least_sections=row["least_sections"],
        areas=_Weighted.of(zip(areas, (area["weight"] for area in row["area"]), strict=True)),
        phases=_Weighted.of(zip(phases, (phase["weight"] for phase in row["phase"]), strict=True)),
        least_sek=int(min(phase.budget_sek[0] for phase in phases)),
        carried=tuple(dict.fromkeys(["title", *fields, "sections", *lists])),
    )


def _places() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """NUTS 2 code, name and municipalities of each region, in the order of their codes: neighbours stand near."""
    region_of = {county.county_code: county.nuts2_code for county in counties()}
    names: dict[str, list[str]] = {}
    for place in municipalities():
        names.setdefault(region_of[place.county_code], []).append(place.name)
    return tuple(
        (region.nuts2_code, region.name, tuple(names[region.nuts2_code]))
        for region in regions()
        if region.nuts2_code in names
    )

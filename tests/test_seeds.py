"""The five real pages, as checked by eye: counts, amounts, days, section keys, and hashes instead of texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from esf_etl import Project, content_digest, parse, parse_file, project_id
from esf_etl.pages.layouts import GLUED_2007
from esf_etl.pages.places import find_municipality

SEEDS = Path(__file__).resolve().parents[1].parent / "shared" / "seeds"

pytestmark = [
    pytest.mark.seeds,
    pytest.mark.skipif(not SEEDS.is_dir(), reason=f"the real pages are not at {SEEDS}"),
]


@dataclass(frozen=True)
class Seed:
    """What one page says. Texts are SHA-256 of UTF-8; a list is hashed with its items joined by line ends."""

    name: str
    grant_sek: int
    budget_sek: int
    period: tuple[str, str]
    fields: dict[str, str]
    sections: dict[str, str]
    lists: dict[str, tuple[int, str]]
    noticed: tuple[tuple[str, int], ...] = ()


BANNER = (("banner-line", 3), ("banner-line", 5), ("banner-line", 7))

PAGES = (
    Seed(
        name="000",
        grant_sek=450000,
        budget_sek=450000,
        period=("2014-07-01", "2014-12-31"),
        fields={
            "title": "0e853dd8fcc20eb82abfffc3793a4af8306a828170c64112bbd6dbce23fff5ef",
            "programme_area_code": "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
            "programme_area": "1d68f8e3cf5c2833c0385e111db0a7bff3ff3257788ef5f7bb76eeaa5727b31a",
            "phase": "f9715d3fdb08532fd2c661773ea6efa816f98489fd214b8013f210f2b146e060",
            "owner": "6ed1598b20e931d8ea69a001d2bd56d91c37776e8a619a09babc3f34d558feea",
            "region": "6892b272d1b9a95579659c0f5344d1a3068ef3b41ae00af541b5ceb539ed6841",
            "nuts2_code": "9dddb3ec9e8c6a149590bc5908ec8dddd270c93119ba82bf819b4ab17b9e3e99",
        },
        sections={
            "summary": "82e59734925d8c2a2e96fa7a239cffbb05786ef22a479a1a1e885eb583d15067",
            "background": "617fe34564a15b4942c8322638699a66ff2651eccae6821df58e7366dcc8f57e",
            "objectives": "622323702c87bd566cf2c848db0456808b62c726b75d241bd9c1d5dac90ce580",
            "accessibility": "3bba406f43a2f6141f9100e0c3a35327c14ac572ec46837ea968cc61e534626a",
            "transnational": "0251a7678af8dbf6b12747636d02ea4af26786ceab383acfabd4fbd9ecfadc42",
        },
        lists={
            "municipalities": (1, "6139730ebd3b13d1f984206125dcfa2a90b813cf433e336433d100e11b63cfe5"),
        },
        noticed=BANNER,
    ),
    Seed(
        name="001",
        grant_sek=5222650,
        budget_sek=13120391,
        period=("2008-08-01", "2010-03-31"),
        fields={
            "title": "25470c8490e9abb0ccdb31a8a59e4d78442f4afe0aa60b087112a9beb0552d6b",
            "programme_area_code": "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
            "programme_area": "1d68f8e3cf5c2833c0385e111db0a7bff3ff3257788ef5f7bb76eeaa5727b31a",
            "phase": "f9715d3fdb08532fd2c661773ea6efa816f98489fd214b8013f210f2b146e060",
            "owner": "98b277b88ab5d6c922a1f43aae85edd0eb15f4875e5a4ec92c80be8641c7a70a",
            "region": "1626489f38658c7f12c005f1f3f974340de49fdfa98269f4f515bdbbdc9bd6c0",
            "nuts2_code": "8e4fa49284ce9ec35931d507b2c750634cde428c729e162a074a4169532a6970",
        },
        sections={
            "summary": "3e87c6856bd55919efeb6d85100d7ca5b697097262bf2f8d00708fa4d7f85a54",
            "background": "4736ace54bcf9afa1f9f27b5acc5658a05d9a86182d677f838b38f8f4c1ab292",
            "purpose": "2482a2bad9a8719576c658fe72f99c34f131cf011fdf7b10c92b3e05355bb48f",
            "objectives": "a778cd41956032ab09f1f51ac682f142605f8fd69b652afd00e198e2d77bc7b2",
            "accessibility": "327fd6eb31599bf39e4969fdec056a5719b9c29ef6e408744af77f20c4571d6b",
            "gender_equality": "582350dd9ca94a5245e3c930483e8fd0a9debf9c7f96308ce3583e8d1273524e",
        },
        lists={
            "co_financiers": (1, "98b277b88ab5d6c922a1f43aae85edd0eb15f4875e5a4ec92c80be8641c7a70a"),
            "partners": (1, "c6957ea4ff7dd8fec24faed0299265b626f739f9c57049058062b307b5e45f7f"),
            "municipalities": (1, "62fbc08d16536c18af4e9cda71fcebb7b56c8daaf7b3dede80f4f3e1754f1724"),
        },
    ),
    Seed(
        name="002",
        grant_sek=5172130,
        budget_sek=12929174,
        period=("2009-01-15", "2011-01-15"),
        fields={
            "title": "2ce5b6e8b587663d4f3fa06e92ef2c4ddcf78400c88f59aee4340bf00def7463",
            "programme_area_code": "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
            "programme_area": "1d68f8e3cf5c2833c0385e111db0a7bff3ff3257788ef5f7bb76eeaa5727b31a",
            "phase": "f9715d3fdb08532fd2c661773ea6efa816f98489fd214b8013f210f2b146e060",
            "region": "216575b90d6d741d88f51d1e8f2a216ba2609bc4e68c475d519f13aeb1172ee4",
            "nuts2_code": "81870d369c9700238703eca7c19796ad8a78e5c53635e3c468acc83fc0afacbc",
        },
        sections={
            "summary": "b19609eef4579da679d60bbba021991b79ba37b54bd6b914b7976f96f282df2d",
            "background": "a7c305ef496299a8760f215f682b64f2197d255b4c2b300b7324c61fe3843c13",
            "purpose": "85ce15aec6ac4cf4302b9f484c7cea99220aceff155da410c6628c2c3e43b41b",
            "objectives": "4b5d0511e8fb9404546a93cbdf99f1d402b04491a5998ac7f2f4b5267897ae19",
            "accessibility": "01071834c599ffb3a081eccd86e58c65164c4d149327912b2fa0b202354ef739",
            "gender_equality": "9dc1598b2184c879eacb31d3597a78be1ac7c569711593358445d0c8c99f704f",
        },
        lists={
            "co_financiers": (11, "fd4e5df8aa5b2ae21dc1252be8fea862f1a5aa318f5ed5eba6aa1fcfbf15843f"),
            "municipalities": (8, "27bd931a91d5bb6f200771d8f38bee1db5c51c483661c42499f9741217b8d729"),
        },
        noticed=(*BANNER, ("heading-glued", 71)),
    ),
    Seed(
        name="003",
        grant_sek=451546,
        budget_sek=619546,
        period=("2008-07-01", "2008-12-31"),
        fields={
            "title": "942fa89780071df7ae8910e6ae52f1d344758178864fc3577e433b53f4bee47d",
            "programme_area_code": "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
            "programme_area": "1d68f8e3cf5c2833c0385e111db0a7bff3ff3257788ef5f7bb76eeaa5727b31a",
            "phase": "9d3d87c9b688195bbf8c94f96c1ebcfe4c37670e323ce0e8f65881b309b7dd0e",
            "owner": "ee99c6c0293ddd0609132e1a3ac3afe1c93135b924bfb32ba2e4522506cc5a8f",
            "region": "6892b272d1b9a95579659c0f5344d1a3068ef3b41ae00af541b5ceb539ed6841",
            "nuts2_code": "9dddb3ec9e8c6a149590bc5908ec8dddd270c93119ba82bf819b4ab17b9e3e99",
        },
        sections={
            "summary": "38f499480082b026fded34b8368c056c33776b4c3a1af9a18f123a6f9283b884",
            "background": "2e86cb7ccdcffd17c08c0125466fe63e500e7936467c5c96852b03d1be581710",
            "purpose": "eae261838b1661d85b587293af5bb515e2597055010f017957146184f6e09165",
            "objectives": "b7556c2e00e7ce42ac0b1c2200a948f399ba002b762f23fe922244dc89f89e53",
            "accessibility": "6058799878272815d538e2fd9a2bfe20e8bcb1153e26e62df54cb12f9d7741e3",
        },
        lists={
            "co_financiers": (1, "c8b2ecb8ce895405deb24439061eb9c7b7a8bb6dd1aabef0445227c3025fffb6"),
            "municipalities": (8, "60a46c77a0d3a28b883fd344323c5d8cbcc228c45cd2d1e62f7de572f18114d1"),
        },
        noticed=(("empty-section", 51), ("empty-section", 55)),
    ),
    Seed(
        name="004",
        grant_sek=10638862,
        budget_sek=25397159,
        period=("2012-02-01", "2014-12-31"),
        fields={
            "title": "00706ac908d6bea29ce4491dbe6062258e206afc6c68636abde31162c65c827f",
            "programme_area_code": "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
            "programme_area": "1d68f8e3cf5c2833c0385e111db0a7bff3ff3257788ef5f7bb76eeaa5727b31a",
            "phase": "f9715d3fdb08532fd2c661773ea6efa816f98489fd214b8013f210f2b146e060",
            "owner": "c8b2ecb8ce895405deb24439061eb9c7b7a8bb6dd1aabef0445227c3025fffb6",
            "region": "1626489f38658c7f12c005f1f3f974340de49fdfa98269f4f515bdbbdc9bd6c0",
            "nuts2_code": "8e4fa49284ce9ec35931d507b2c750634cde428c729e162a074a4169532a6970",
        },
        sections={
            "summary": "d34e738628e395ee95087f9bf8dcda087494d12f68efdea4a3470b927d0f2abc",
            "background": "f70fdc00d1a7e8e04c80a2a24352a4b727ee2bd09a47b2bc38d426f00cf7db18",
            "objectives": "124412dcb7f7110311a15318ee655d538173f23033770e9ecc23c8b9f0b94440",
            "accessibility": "fb822999754dc1648ccc6447402807f01766b9bb1c4c87056c1c85040eec35a9",
            "transnational": "1b194b300e4f650f77677794e714153cd8b0d9df57342e31f797e5b856491f05",
        },
        lists={
            "co_financiers": (2, "aef55f2aa7d87c5dbeb80a82ff5c60a51f0c323906c4e93846424ba54c1ffd45"),
            "partners": (4, "7d5d6f4a94f631fb30ff2d07f32a00a4b70648c430b859a857412ad4d75164d7"),
            "municipalities": (2, "84742297a7ca0a4038b5dd6b3987d66ce37613a6f30341be941c53e9b45163f3"),
        },
    ),
)

every_seed = pytest.mark.parametrize("seed", PAGES, ids=lambda seed: seed.name)


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def path_of(seed: Seed) -> Path:
    (path,) = SEEDS.glob(f"{seed.name}_*.txt")
    return path


def all_projects() -> Sequence[Project]:
    return [parse_file(path_of(seed)) for seed in PAGES]


def test_there_are_five_pages_and_each_is_described_here() -> None:
    assert sorted(path.name.partition("_")[0] for path in SEEDS.iterdir()) == [seed.name for seed in PAGES]


@every_seed
def test_amounts_and_days_are_those_of_the_page(seed: Seed) -> None:
    project = parse_file(path_of(seed))

    assert (project.grant_sek, project.budget_sek) == (Decimal(seed.grant_sek), Decimal(seed.budget_sek))
    assert (str(project.period_start), str(project.period_end)) == seed.period


@every_seed
def test_each_field_is_that_of_the_page(seed: Seed) -> None:
    project = parse_file(path_of(seed))
    names = ("title", "programme_area_code", "programme_area", "phase", "owner", "region", "nuts2_code")
    given = {name: getattr(project, name) for name in names}

    assert {name: hashed(value) for name, value in given.items() if value is not None} == seed.fields


@every_seed
def test_each_section_is_that_of_the_page(seed: Seed) -> None:
    project = parse_file(path_of(seed))

    assert {part.key: hashed(part.text) for part in project.sections} == seed.sections
    assert [part.key for part in project.sections] == list(seed.sections)


@every_seed
def test_each_list_is_that_of_the_page(seed: Seed) -> None:
    project = parse_file(path_of(seed))
    lists = {name: getattr(project, name) for name in ("co_financiers", "partners", "municipalities")}

    assert {name: (len(items), hashed("\n".join(items))) for name, items in lists.items() if items} == seed.lists


@every_seed
def test_the_contact_is_that_of_the_page(seed: Seed) -> None:
    """Not even as hashes: a telephone number is soon found from one. The lines of the page are read here anew."""
    lines = path_of(seed).read_text(encoding="utf-8").splitlines()
    contact = parse_file(path_of(seed)).contact

    assert contact is not None
    for label, value in {
        "Kontaktperson": contact.name,
        "E-post": contact.email,
        "Telefonnummer": contact.phone,
    }.items():
        same = f"{label}{value}" in lines
        assert same, label


@every_seed
def test_what_was_noticed_is_what_the_eye_sees(seed: Seed) -> None:
    project = parse_file(path_of(seed))

    assert tuple((found.code, found.line) for found in project.diagnostics) == seed.noticed
    assert {found.severity for found in project.diagnostics} <= {"info"}
    assert project.attributes == ()


@every_seed
def test_no_line_of_a_page_is_lost(seed: Seed) -> None:
    """Below the header, what was kept has as many letters as the page: a line lost or kept twice would show."""
    project = parse_file(path_of(seed))
    body = path_of(seed).read_text(encoding="utf-8").partition("In English")[2]
    headings = [heading.text for heading in GLUED_2007.headings if getattr(project, heading.key, None)]
    headings += [str(part.heading) for part in project.sections]
    items = [f"•{item}" for key in seed.lists for item in getattr(project, key)]
    empty = [line - 1 for code, line in seed.noticed if code == "empty-section"]
    lines = path_of(seed).read_text(encoding="utf-8").splitlines()
    headings += [f"{lines[at]}-" for at in empty]

    def letters(texts: list[str]) -> int:
        return sum(len("".join(text.split())) for text in texts)

    assert letters([body]) == letters([*headings, *items, *(part.text for part in project.sections)])


def test_all_five_pages_together_have_the_known_numbers() -> None:
    projects = all_projects()

    assert len(projects) == len({project_id(project) for project in projects}) == 5
    assert sum(project.owner is not None for project in projects) == 4
    assert sum(len(project.sections) for project in projects) == 27
    assert sum(len(project.co_financiers) for project in projects) == 15
    assert sum(len(project.partners) for project in projects) == 5
    assert sum(len(project.municipalities) for project in projects) == 20


def test_all_twenty_municipalities_have_a_code_in_the_region_of_their_project() -> None:
    found = [(project, find_municipality(name)) for project in all_projects() for name in project.municipalities]

    assert sum(place is not None for _, place in found) == 20
    assert len({place.municipality_code for _, place in found if place is not None}) == 20


def test_the_section_glued_to_a_sentence_is_there_and_the_two_of_a_dash_are_not() -> None:
    _, _, glued, dashes, _ = all_projects()

    assert glued.section("accessibility") is not None
    assert dashes.section("gender_equality") is None
    assert dashes.section("transnational") is None


@every_seed
def test_the_same_page_without_its_banner_or_with_other_blank_lines_is_no_change(seed: Seed) -> None:
    text = path_of(seed).read_text(encoding="utf-8")
    project = parse(text)
    start = text.index("Programområde")
    title = text[:start].rstrip("\n").rpartition("\n")[2]

    for other in (f"{title}\n\n{text[start:]}", f"\ufeff{text}\n\n".replace("\n", "\r\n")):
        assert parse(other) == project
        assert content_digest(parse(other)) == content_digest(project)
        assert project_id(parse(other)) == project_id(project)


@every_seed
def test_another_budget_is_another_content_of_the_same_project(seed: Seed) -> None:
    project = parse_file(path_of(seed))
    changed = replace(project, budget_sek=Decimal(seed.budget_sek + 1))

    assert project_id(changed) == project_id(project)
    assert content_digest(changed) != content_digest(project)

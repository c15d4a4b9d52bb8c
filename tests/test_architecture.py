"""The house of DESIGN §2: one-way imports, a light front door, records and contracts that agree, small rooms."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from esf_etl import Attribute, Contact, Project, Section
from esf_schemas import contract

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {"esf_etl": ROOT / "src", "esf_schemas": ROOT / "schemas", "esf_flows": ROOT / "flows"}

# Each room of the house and its floor: imports go to the same floor or below. Rooms of one floor that may not know
# of each other are kept apart by the test that there are no circles.
FLOORS = (
    {"esf_etl.errors"},
    {"esf_etl.pages", "esf_schemas"},
    {
        "esf_etl.address",
        "esf_etl.overrides",
        "esf_etl.progress",
        "esf_etl.settings",
        "esf_etl.settings_file",
        "esf_etl.settings_sources",
        "esf_etl.summary",
    },
    {"esf_etl.landing", "esf_etl.objects", "esf_etl.inbox"},
    {"esf_etl.batch", "esf_etl.columns", "esf_etl.many", "esf_etl.parallel", "esf_etl.validate", "esf_etl.warehouse"},
    # esf_etl itself is the public face; what it shows beside pages and errors it loads when it is asked for.
    {
        "esf_etl",
        "esf_etl.run",
        "esf_etl.room",
        "esf_etl.look",
        "esf_etl.intake",
        "esf_etl.lake",
        "esf_etl.writing",
        "esf_etl.forgetting",
        "esf_etl.pipeline",
        "esf_etl.reports",
    },
    {"esf_etl.cli", "esf_flows"},
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "misc"}
HEAVY = (
    "pandera",
    "polars",
    "duckdb",
    "pyarrow",
    "prefect",
    "rich",
    "filelock",
    "ftfy",
    "pandas",
    "numpy",
    "obstore",
    "distributed",
)


@cache
def modules() -> dict[str, Path]:
    """All our modules by their dotted names."""
    found = {}
    for package, root in SOURCES.items():
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(path: Path) -> Iterator[str]:
    """Every dotted name that a module imports, also inside functions and for type checking only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_of(name: str) -> str | None:
    """The module of ours in which an imported name lies; None for what is not ours."""
    parts = name.split(".")
    if parts[0] not in SOURCES:
        return None
    return next(".".join(parts[:end]) for end in range(len(parts), 0, -1) if ".".join(parts[:end]) in modules())


def room_of(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "esf_etl" else parts[0]


@cache
def graph() -> dict[str, set[str]]:
    """Which of our modules imports which."""
    return {
        module: {found for name in imports_of(path) if (found := module_of(name)) is not None and found != module}
        for module, path in modules().items()
    }


every_module = pytest.mark.parametrize("module", modules())


# ---- imports --------------------------------------------------------------------------------------------------


def test_the_modules_were_found() -> None:
    assert {"esf_etl.pages.parser", "esf_etl.errors", "esf_schemas.project"} <= set(modules())


@every_module
def test_every_module_stands_in_a_room_of_the_house(module: str) -> None:
    assert room_of(module) in FLOOR_OF


@every_module
def test_imports_run_one_way(module: str) -> None:
    floor = FLOOR_OF[room_of(module)]

    assert {used for used in graph()[module] if FLOOR_OF[room_of(used)] > floor} == set()


def test_imports_never_run_in_a_circle() -> None:
    # A package's __init__ that shows what its own modules hold is no circle.
    inside = {
        module: {used for used in targets if not module.startswith(f"{used}.")} for module, targets in graph().items()
    }

    assert list(TopologicalSorter(inside).static_order())


def test_rooms_import_each_other_one_way_only() -> None:
    rooms: dict[str, set[str]] = {}
    for module, targets in graph().items():
        rooms.setdefault(room_of(module), set()).update(room_of(used) for used in targets)
    for room, targets in rooms.items():
        targets.discard(room)

    assert list(TopologicalSorter(rooms).static_order())


@pytest.mark.parametrize("room", ["esf_etl.pages", "esf_schemas", "esf_etl.errors"])
def test_the_ground_floor_knows_only_itself_and_errors(room: str) -> None:
    used = {room_of(target) for module, targets in graph().items() if room_of(module) == room for target in targets}

    assert used <= {room, "esf_etl.errors"}


@every_module
def test_only_the_flows_import_prefect(module: str) -> None:
    if not module.startswith("esf_flows"):
        assert not any(name.split(".")[0] == "prefect" for name in imports_of(modules()[module]))


@every_module
def test_the_contracts_and_the_flows_keep_to_their_side(module: str) -> None:
    package = module.partition(".")[0]
    used = {name.split(".")[0] for name in imports_of(modules()[module])}

    if package == "esf_schemas":
        assert used.isdisjoint({"esf_etl", "esf_flows"})
    if package == "esf_etl":
        assert "esf_flows" not in used


def test_pages_need_nothing_but_the_standard_library() -> None:
    used = {
        name.split(".")[0]
        for module, path in modules().items()
        if room_of(module) in ("esf_etl", "esf_etl.pages", "esf_etl.errors")
        for name in imports_of(path)
    }

    # ftfy is loaded only where a page looks like mojibake.
    assert used - set(sys.stdlib_module_names) - {"esf_etl"} <= {"ftfy"}


def modules_after(code: str, *options: str) -> set[str]:
    """The top-level names of all modules that a fresh interpreter has loaded by running the code, and not before."""
    loaded = "{name.partition('.')[0] for name in set(sys.modules) - before}"
    script = f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*{loaded})"
    done = subprocess.run(
        [sys.executable, *options, "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, SOURCES.values()))},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(done.stdout.split())


USES = {
    "import": "import esf_etl",
    "star": "from esf_etl import *",
    "parse": "import esf_etl\ntry:\n    esf_etl.parse('Titel')\nexcept esf_etl.EsfEtlError:\n    pass",
    "all of it": """
import esf_etl
written = esf_etl.Project("glued-2007", "2007-2013", title="Titel", region="Sydsverige", nuts2_code="SE22")
read = esf_etl.parse_bytes(esf_etl.render(written).encode())
assert read == written
esf_etl.project_id(read), esf_etl.content_digest(read), read.to_dict()
""",
}


@pytest.mark.parametrize("code", USES.values(), ids=USES)
def test_the_front_door_loads_only_the_standard_library(code: str) -> None:
    loaded = modules_after(code)

    assert "esf_etl" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert loaded - {"esf_etl"} <= set(sys.stdlib_module_names)


def test_the_front_door_opens_where_nothing_is_installed() -> None:
    # -S: no site-packages at all.
    assert "esf_etl" in modules_after(USES["all of it"], "-S")


# ---- records and contracts ------------------------------------------------------------------------------------

# Fields of the record that are no column of `project`: they are tables of their own, or stay behind.
NOT_IN_PROJECT = {
    "source": "lives on as source_path, relative to the landing folder",
    "contact": "in the vault; here only contact_email_domain",
    "sections": "table project_section",
    "co_financiers": "table project_organisation",
    "partners": "table project_organisation",
    "municipalities": "table project_municipality",
    "attributes": "table project_attribute",
    "diagnostics": "etl.reject and etl.finding",
}
# Columns of `project` that are no field of the record: derived from it, or known to the run only.
NOT_ON_THE_PAGE = {
    "project_id": "derived",
    "content_digest": "derived",
    "contact_email_domain": "derived from the contact",
    "landing": "the run",
    "source_path": "the run",
    "source_mtime_ns": "the run",
    "cause": "the run",
    "valid_from": "the run",
    "valid_to": "the run",
    "run_id": "the run",
}
VERSIONS = {"valid_from", "valid_to", "run_id"}


def columns(table: str) -> set[str]:
    return {column.name for column in contract(table).table().columns}


def names(record: type[Project | Section | Attribute | Contact]) -> set[str]:
    return {spec.name for spec in fields(record)}


def test_project_and_its_contract_name_the_same_fields() -> None:
    assert names(Project) - set(NOT_IN_PROJECT) == columns("project") - set(NOT_ON_THE_PAGE)


def test_the_differences_between_project_and_its_contract_are_still_there() -> None:
    assert set(NOT_IN_PROJECT) <= names(Project)
    assert set(NOT_ON_THE_PAGE) <= columns("project")


def test_section_and_its_contract_name_the_same_fields() -> None:
    # A table has no column `key` or `text`: SQL reserves the one, and the other is a type.
    renamed = {"key": "section_key", "text": "body"}

    assert {renamed.get(name, name) for name in names(Section)} == columns("project_section") - VERSIONS - {
        "project_id",
        "ordinal",
    }


def test_attribute_and_its_contract_name_the_same_fields() -> None:
    assert names(Attribute) == columns("project_attribute") - VERSIONS - {"project_id", "ordinal"}


def test_contact_and_its_contract_name_the_same_fields() -> None:
    assert names(Contact) == columns("contact") - VERSIONS - {"project_id"}


# ---- rooms ----------------------------------------------------------------------------------------------------


@every_module
def test_no_room_has_over_400_lines(module: str) -> None:
    assert len(modules()[module].read_text(encoding="utf-8").splitlines()) <= 400


@every_module
def test_no_room_has_a_name_that_says_nothing(module: str) -> None:
    assert FORBIDDEN_NAMES.isdisjoint(module.split("."))


@every_module
def test_every_module_says_in_its_first_line_why_it_exists(module: str) -> None:
    docstring = ast.get_docstring(ast.parse(modules()[module].read_text(encoding="utf-8")))

    assert docstring
    assert docstring.splitlines()[0].rstrip().endswith((".", "`", "?", ")"))

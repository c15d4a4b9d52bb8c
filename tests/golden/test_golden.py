"""The golden corpus: hand-written pages, what must be read from them, and a floor that only rises.

`python -m tests.golden.test_golden`, in the root of the repository, raises the floor to what is reached; it never
lowers it.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from esf_etl import parse_bytes
from esf_etl.errors import EsfEtlError

GOLDEN = Path(__file__).resolve().parent
PAGES = GOLDEN / "pages"
EXPECTED = GOLDEN / "expected"
FLOOR = GOLDEN / "floor.json"
RAISE_FLOOR = "python -m tests.golden.test_golden"

LAYOUTS = ("glued-2007", "lines-2014", "colon-2014", "colon-2021", "refused")
FEWEST_PAGES = 60

NAMES = sorted(path.relative_to(PAGES).with_suffix("").as_posix() for path in PAGES.rglob("*.txt"))

Counts = dict[str, dict[str, int]]


def expected_fields(name: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
    said: dict[str, Any] = fields.get("error", fields)
    return said


@cache
def read_fields(name: str) -> dict[str, Any]:
    """The fields of a page as the command line prints them, or code and line of the refusal."""
    try:
        project = parse_bytes((PAGES / f"{name}.txt").read_bytes(), source=f"{name}.txt")
    except EsfEtlError as refusal:
        return {"code": refusal.code, "line": refusal.line}
    fields = project.to_dict(with_contact=True)
    assert fields.pop("source") == f"{name}.txt"
    del fields["schema_version"]
    found = [{key: entry[key] for key in ("code", "severity", "line")} for entry in fields["diagnostics"]]
    fields["diagnostics"] = sorted(found, key=lambda entry: (entry["line"] or 0, entry["code"]))
    return fields


def right_fields(name: str) -> int:
    read, expected = read_fields(name), expected_fields(name)
    return sum(key in read and read[key] == value for key, value in expected.items())


def count() -> Counts:
    """For each layout and in all: pages, fields expected, and fields read right."""
    counts = {layout: {"pages": 0, "fields": 0, "right": 0} for layout in (*LAYOUTS, "all")}
    for name in NAMES:
        for part in (name.split("/", 1)[0], "all"):
            counts[part]["pages"] += 1
            counts[part]["fields"] += len(expected_fields(name))
            counts[part]["right"] += right_fields(name)
    return counts


def floor() -> Counts:
    counts: Counts = json.loads(FLOOR.read_text(encoding="utf-8"))
    return counts


def summary(fields: dict[str, Any]) -> str:
    """What a text was taken for."""
    if "layout" in fields:
        return f"a project page of layout {fields['layout']}, titled {fields['title']!r}"
    return f"refused as {fields['code']}, line {fields['line']}"


def differences(read: dict[str, Any], expected: dict[str, Any]) -> str:
    """One paragraph a field that is not as expected, lists item by item; empty where all is."""
    if ("layout" in read) != ("layout" in expected):
        return "\n".join(f"{what}: {summary(fields)}" for what, fields in (("expected", expected), ("read", read)))
    absent = object()
    lines: list[str] = []
    for key in [*expected, *(key for key in read if key not in expected)]:
        wanted, found = expected.get(key, absent), read.get(key, absent)
        if wanted == found:
            continue
        lines.append(f"{key}:")
        if isinstance(wanted, list) and isinstance(found, list):
            for mark, these, those in (("expected, not read", wanted, found), ("read, not expected", found, wanted)):
                lines.extend(f"  {mark}: {item!r}" for item in these if item not in those)
            if sorted(map(repr, wanted)) == sorted(map(repr, found)):
                lines.append(f"  another order: expected {wanted!r}, read {found!r}")
            elif len(wanted) != len(found):
                lines.append(f"  expected {len(wanted)}, read {len(found)}")
        else:
            lines.append(f"  expected: {'(no such field)' if wanted is absent else repr(wanted)}")
            lines.append(f"  read:     {'(no such field)' if found is absent else repr(found)}")
    return "\n".join(lines)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_read_as_expected(name: str) -> None:
    found = differences(read_fields(name), expected_fields(name))
    assert not found, f"{name}\n{found}"


def test_every_page_has_an_expectation_and_every_expectation_a_page() -> None:
    expectations = sorted(path.relative_to(EXPECTED).with_suffix("").as_posix() for path in EXPECTED.rglob("*.json"))
    assert expectations == NAMES


def test_the_corpus_is_large_enough_and_has_every_layout() -> None:
    assert len(NAMES) >= FEWEST_PAGES
    assert {name.split("/", 1)[0] for name in NAMES} == set(LAYOUTS)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("refused/")])
def test_an_expectation_has_every_field_and_its_own_layout(name: str) -> None:
    expected = expected_fields(name)
    assert expected["layout"] == name.split("/", 1)[0]
    assert len(expected) == 26


def test_the_table_names_every_page_and_no_other() -> None:
    table = (GOLDEN / "README.md").read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"`([a-z0-9-]+/[a-z0-9-]+)`", table))) == NAMES


@pytest.mark.parametrize("part", [*LAYOUTS, "all"])
def test_the_number_of_pages_and_of_fields_read_right_never_falls(part: str) -> None:
    pinned, reached = floor()[part], count()[part]
    for what, least in pinned.items():
        assert reached[what] >= least, f"{part}: {what} fell from {least} to {reached[what]}"
    assert reached == pinned, f"{part}: risen from {pinned} to {reached}. Raise the floor: {RAISE_FLOOR}"


def test_a_page_of_more_than_five_megabytes_is_refused() -> None:
    page = (PAGES / "glued-2007" / "plain.txt").read_bytes()
    with pytest.raises(EsfEtlError) as refusal:
        parse_bytes(page + b"\n" * (6 * 1024 * 1024))
    assert (refusal.value.code, refusal.value.line) == ("too-large", None)


def raise_floor() -> int:
    """Pin what is reached, unless something fell. Returns the exit code."""
    reached = count()
    pinned = floor() if FLOOR.exists() else {}
    fallen = [
        f"{part}: {what} fell from {least} to {reached[part][what]}"
        for part, counts in pinned.items()
        for what, least in counts.items()
        if reached[part][what] < least
    ]
    if fallen:
        sys.stderr.write("\n".join(["The floor is not lowered.", *fallen, ""]))
        return 1
    FLOOR.write_text(json.dumps(reached, indent=2) + "\n", encoding="utf-8")
    for part, counts in reached.items():
        sys.stdout.write(f"{part}: {counts['pages']} pages, {counts['right']} of {counts['fields']} fields right\n")
    return 0


if __name__ == "__main__":
    sys.exit(raise_floor())

"""The overrides file: what only a person knows, a line each, read and checked as a whole.

Errors name lines and columns and repeat no cell: they go into the journal, and a path or spelling can hold a name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from esf_etl.errors import EsfEtlError
from esf_etl.pages.corrections import Applied, Corrections
from esf_etl.pages.places import municipalities, place_key, regions

if TYPE_CHECKING:
    from esf_etl.settings import IngestSettings

__all__ = ["COLUMNS", "FILE_NAME", "KINDS", "Override", "corrections_of", "overrides_path", "read_overrides"]

FILE_NAME = "overrides.csv"
"""Its name in the warehouse folder, where no other is set."""

COLUMNS = ("kind", "what", "becomes", "why")

_ID = re.compile(r"esf(?:-[0-9a-z]+)+")
_CODE = "overrides-invalid"
_ADVICE = (
    "Correct these lines; nothing was done, and what is published stays. docs/overrides.md says what a line holds."
)


class Override(NamedTuple):
    """One line: its number in the file, and its four cells without the blanks around them."""

    line: int
    kind: str
    what: str
    becomes: str
    why: str

    @property
    def key(self) -> tuple[str, str]:
        """What must stand once."""
        return self.kind, place_key(self.what) if self.kind in ("region", "municipality") else self.what


def _id_problem(text: str) -> str | None:
    return None if _ID.fullmatch(text) else "is no project id, such as esf-2016-00648"


def _path_problem(text: str) -> str | None:
    parts = text.split("/")
    if text.startswith("/") or any(part in ("", ".", "..") for part in parts):
        return "is no path within the landing folder: relative, without empty parts, `.` and `..`"
    return None if text.lower().endswith(".txt") else "is no page: their names end in .txt"


def _spelling_problem(text: str) -> str | None:
    return None if place_key(text) else "names nothing"


def _region_problem(text: str) -> str | None:
    return None if text in {place.nuts2_code for place in regions()} else "is no code of ref.region, such as SE22"


def _municipality_problem(text: str) -> str | None:
    known = text in {place.municipality_code for place in municipalities()}
    return None if known else "is no code of ref.municipality: four digits, such as 0114"


_Problem = Callable[[str], str | None]

KINDS: Mapping[str, tuple[_Problem, _Problem | None]] = MappingProxyType(
    {
        "same-project": (_id_problem, _id_problem),
        "other-project": (_path_problem, _id_problem),
        "region": (_spelling_problem, _region_problem),
        "municipality": (_spelling_problem, _municipality_problem),
        "ignore": (_path_problem, None),
    }
)
"""Each kind with what `what` and `becomes` must be; None where `becomes` stays empty."""


def overrides_path(settings: IngestSettings) -> Path | None:
    """The overrides file of a run: the one that is set, else the one in the warehouse folder, if it is there."""
    if settings.overrides is not None:
        return settings.overrides
    path = settings.warehouse / FILE_NAME
    return path if path.exists() or path.is_symlink() else None


def read_overrides(path: Path) -> list[Override]:
    """All lines of an overrides file.

    Raises `EsfEtlError` (`overrides-invalid`) that names every line at fault, or says why the file cannot be read.
    """
    try:
        if not path.is_file():
            msg = "the overrides file is missing." if not path.exists() else "the overrides file is no regular file."
            raise _error(path, msg, advice="Put it there, or name another with --overrides.")
        data = path.read_bytes()
    except OSError as problem:
        msg = f"the overrides file cannot be read: {problem.strerror}."
        raise _error(path, msg, advice="Check its permissions and its disk.") from problem
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise _error(path, "the line is not UTF-8.", line, "Save the file as CSV UTF-8.") from problem
    problems: list[tuple[int, str]] = []
    overrides = list(_parsed(text, problems))
    problems += _contradictions(overrides)
    if problems:
        problems.sort()
        told = "; ".join(f"line {line}: {said}" for line, said in problems)
        several = len({line for line, _ in problems})
        msg = f"{several} {'line is' if several == 1 else 'lines are'} wrong: {told}."
        raise _error(path, msg, problems[0][0])
    return overrides


def _error(path: Path, message: str, line: int | None = None, advice: str = _ADVICE) -> EsfEtlError:
    return EsfEtlError(message, code=_CODE, path=str(path), line=line, advice=advice)


def _records(text: str, delimiter: str, problems: list[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line, without comments and blank lines.

    A comment is told before its quotes are: a lone one in it opens no cell.
    """
    first, begins = 0, True

    def lines() -> Iterator[str]:
        nonlocal first, begins
        for number, line in enumerate(text.splitlines(keepends=True), 1):
            if begins and (not line.strip() or line.lstrip().startswith("#")):
                continue
            if begins:
                first, begins = number, False
            yield line

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    while True:
        begins = True
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            problems.append((first, "its quotes do not close as CSV's do"))
            return
        cells = [cell.strip() for cell in cells]
        if any(cells) and not cells[0].startswith("#"):
            yield first, cells


def _parsed(text: str, problems: list[tuple[int, str]]) -> Iterator[Override]:
    head = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    records = _records(text, ";" if ";" in head else ",", problems)
    number, names = next(records, (1, []))
    names = [name.casefold() for name in names]
    if sorted(names) != sorted(COLUMNS):
        problems.append((number, f"the first line must name the columns {', '.join(COLUMNS)}"))
        return
    for line, cells in records:
        if len(cells) != len(COLUMNS):
            problems.append((line, f"it has {len(cells)} columns instead of {len(COLUMNS)}"))
            continue
        override = Override(line, **dict(zip(names, cells, strict=True)))
        wrong = list(_wrong_cells(override))
        problems += [(line, said) for said in wrong]
        if not wrong:
            yield override


def _wrong_cells(override: Override) -> Iterator[str]:
    if override.kind not in KINDS:
        yield f"`kind` is none of {', '.join(KINDS)}"
    else:
        what, becomes = KINDS[override.kind]
        if override.what and (said := what(override.what)):
            yield f"`what` {said}"
        if becomes is None:
            if override.becomes:
                yield "`becomes` must be empty: the page is not read"
        elif not override.becomes:
            yield "`becomes` is empty"
        elif said := becomes(override.becomes):
            yield f"`becomes` {said}"
    if not override.what:
        yield "`what` is empty"
    if not override.why:
        yield "`why` is empty: say it for whoever reads this in a year"


def _contradictions(overrides: list[Override]) -> Iterator[tuple[int, str]]:
    """What is wrong with lines that are each right by themselves."""
    seen: dict[tuple[str, str], Override] = {}
    for each in overrides:
        before = seen.setdefault(each.key, each)
        if before is not each:
            what = "repeats" if before.becomes == each.becomes else "contradicts"
            yield each.line, f"it {what} line {before.line}"
        if each.kind == "same-project" and each.what == each.becomes:
            yield each.line, "it merges a project into itself"
    merged = {each.what: each for each in overrides if each.kind == "same-project" and each.what != each.becomes}
    ignored = {each.what: each for each in overrides if each.kind == "ignore"}
    for each in overrides:
        if each.kind in ("same-project", "other-project") and each.becomes in merged:
            onward = merged[each.becomes]
            if onward is not each and each.what != each.becomes:
                round_about = _leads_back(each, merged)
                said = (
                    f"it goes round in a circle by line {onward.line}"
                    if round_about
                    else f"its `becomes` is merged on by line {onward.line}: name the last id"
                )
                yield each.line, said
        if each.kind == "other-project" and each.what in ignored:
            yield each.line, f"line {ignored[each.what].line} ignores that page"


def _leads_back(start: Override, merged: Mapping[str, Override]) -> bool:
    passed: set[str] = set()
    step: Override | None = start
    while step is not None and step.becomes not in passed:
        if step.becomes == start.what:
            return True
        passed.add(step.becomes)
        step = merged.get(step.becomes)
    return False


def corrections_of(overrides: Iterable[Override]) -> Corrections:
    """What they mean for a page that is read."""
    kinds: dict[str, dict[str, Applied]] = {kind: {} for kind in KINDS}
    for each in overrides:
        kinds[each.kind][each.key[1]] = Applied(each.kind, each.what, each.becomes)
    places = {place.municipality_code: place for place in municipalities()} if kinds["municipality"] else {}
    return Corrections(
        merged=kinds["same-project"],
        moved=kinds["other-project"],
        regions=kinds["region"],
        municipalities={key: places[each.becomes] for key, each in kinds["municipality"].items()},
        spellings=kinds["municipality"],
    )

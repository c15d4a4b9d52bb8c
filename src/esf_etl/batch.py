"""Many pages -> Arrow tables: what is read and parsed at a time, by whoever does it.

The tables are "staged": they have the columns of the contracts that a page fills, and `file_no`, the number of the file
in this run. What the writer knows (run, validity, source) is added when the rows are written.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from esf_etl.address import is_url
from esf_etl.columns import table_of, to_tables
from esf_etl.errors import LandingError, NotAProjectPage, may_pass
from esf_etl.landing import file_bytes, location_of, within_reach
from esf_etl.pages.corrections import Corrections
from esf_etl.pages.masking import Masking, mask_project
from esf_etl.pages.parser import field_line_of, parse_bytes
from esf_etl.pages.personal import is_personal_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from esf_etl.pages.masking import Masked
    from esf_etl.pages.records import Diagnostic, Project

__all__ = [
    "APPLIED",
    "FILES",
    "FINDINGS",
    "REJECTS",
    "Chunk",
    "ChunkMapper",
    "ChunkTask",
    "WaitingFile",
    "parse_chunk",
    "with_lines",
]

_MAX_FOUND = 200
"""A reject shows so many characters of what was found."""

FILES = pa.schema(
    [("file_no", pa.int64()), ("content_sha256", pa.string()), ("state", pa.string()), ("own_id", pa.string())]
)
"""What became of each file: `parsed`, `rejected`, `unchanged` (the bytes of last time), `unsettled` (it moves).

`own_id` is the project that a parsed page says it is of, whatever the overrides make of that.
"""

APPLIED = pa.schema([("file_no", pa.int64()), *((name, pa.string()) for name in ("kind", "what", "becomes"))])
"""The overrides that each file came under."""

REJECTS = pa.schema(
    [
        ("file_no", pa.int64()),
        ("ordinal", pa.int32()),
        ("code", pa.string()),
        ("line", pa.int32()),
        ("field", pa.string()),
        ("found", pa.string()),
        ("expected", pa.string()),
        ("message", pa.string()),
        ("project_id", pa.string()),
    ]
)
FINDINGS = pa.schema(
    [
        ("file_no", pa.int64()),
        ("project_id", pa.string()),
        ("rule", pa.string()),
        ("field", pa.string()),
        ("line", pa.int32()),
        ("found", pa.string()),
        ("message", pa.string()),
    ]
)


class WaitingFile(NamedTuple):
    """A file to read: its number in this run, its path, and what `stat` said of it when it was listed.

    `known_sha256` is the hash of its bytes last time, where they may be the same now; `etag` is that of an object.
    """

    file_no: int
    path: str
    size_bytes: int
    mtime_ns: int
    known_sha256: str | None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class ChunkTask:
    """Some files to read of the landing `root`, a folder or the URL of a place in an object store.

    The tables named in `aside` are written to the file given there and not handed back: what is large goes to the disk
    once instead of from process to process. `masking` says what of the texts is not published, `corrections` what a
    person knows better than the pages.
    """

    root: str
    files: Sequence[WaitingFile]
    schemas: Mapping[str, pa.Schema]
    max_page_bytes: int
    aside: Mapping[str, str] = field(default_factory=dict)
    masking: Masking = field(default_factory=Masking)
    corrections: Corrections = field(default_factory=Corrections)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What came of a task: staged tables by name, a row a file, the rejects and findings of the parser, and overrides.

    `aside` names the Arrow files of the tables that are not among `tables`.
    """

    tables: dict[str, pa.Table]
    files: pa.Table
    rejects: pa.Table
    findings: pa.Table
    applied: pa.Table
    aside: Mapping[str, str] = field(default_factory=dict)

    def all_tables(self) -> dict[str, pa.Table]:
        """All staged tables; those that lie aside are mapped into memory, and read as they are used."""
        mapped = {name: pa.ipc.open_file(pa.memory_map(path)).read_all() for name, path in self.aside.items()}
        return self.tables | mapped


ChunkMapper = Callable[[Iterable[ChunkTask]], Generator[Chunk, None, None]]
"""What becomes of tasks, in their order: `parse_chunk` over them, here or elsewhere, so many at a time as it sees fit.

The files of a chunk's `aside` are those that its task asked for when the chunk is handed over.
"""


def parse_chunk(task: ChunkTask) -> Chunk:
    """Read and parse the files of a task. No page stops it: what cannot be read becomes a reject."""
    pages: list[tuple[int, str, Masked]] = []
    files: list[tuple[int, str | None, str, str | None]] = []
    rejects: list[tuple[Any, ...]] = []
    findings: list[tuple[Any, ...]] = []
    applied: list[tuple[Any, ...]] = []
    for file, data in zip(task.files, _bytes_of_files(task), strict=True):
        number = file.file_no
        state, digest, project, problems = _judge(task, file, data)
        corrected = task.corrections.correct(project, file.path) if project is not None else None
        files.append((number, digest, state, corrected.own_id if corrected else None))
        rejects.extend((number, place, *problem) for place, problem in enumerate(problems, 1))
        if corrected is not None:
            masked = mask_project(corrected.project, task.masking, task.corrections)
            page = (number, corrected.project_id, masked)
            applied.extend((number, *each) for each in corrected.applied)
            pages.append(page)
            findings.extend(_findings(*page))
    tables = to_tables(pages, task.schemas, task.corrections)
    for name, path in task.aside.items():
        table = tables.pop(name)
        with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return Chunk(
        tables=tables,
        files=table_of(files, FILES),
        rejects=table_of(rejects, REJECTS),
        findings=table_of(findings, FINDINGS),
        applied=table_of(applied, APPLIED),
        aside=task.aside,
    )


def with_lines(rejects: pa.Table, page_of: Callable[[int], bytes]) -> pa.Table:
    """Rejects of rows (which know no lines) with the line of the field at fault, looked up in its page again.

    `page_of` gives the bytes of the file of a number, or raises `OSError`.
    """
    lines = []
    for number, field_name, line in zip(
        *(rejects[name].to_pylist() for name in ("file_no", "field", "line")), strict=True
    ):
        if line is None and field_name is not None:
            try:
                lines.append(field_line_of(page_of(number), field_name))
            except OSError:
                lines.append(None)
        else:
            lines.append(line)
    place = rejects.schema.get_field_index("line")
    return rejects.set_column(place, "line", pa.array(lines, pa.int32()))


def _bytes_of_files(task: ChunkTask) -> Iterator[bytes | OSError | None]:
    """For each file its bytes, None where it is not as it was listed, or why it cannot be read."""
    if is_url(task.root):
        from esf_etl.objects import read_objects

        return read_objects(task.root, ((file.path, file.etag) for file in task.files), limit=task.max_page_bytes)
    return (_bytes_of(task.root, file, task.max_page_bytes) for file in task.files)


def _bytes_of(root: str, file: WaitingFile, max_bytes: int) -> bytes | OSError | None:
    location = location_of(root, file.path)
    try:
        data = file_bytes(location, limit=max_bytes)
        info = os.stat(location, follow_symlinks=False)  # noqa: PTH116 - called once a page
    except FileNotFoundError:
        return None
    except OSError as problem:
        if may_pass(problem) and problem.errno != errno.EIO:
            # It says nothing of this page: as a reject it would stand, for nothing about the file changes afterwards.
            msg = f"the file cannot be read: {problem.strerror}."
            advice = "Is the disk of the landing folder still there?"
            raise LandingError(
                msg, path=file.path, code="landing-unreadable", advice=advice, transient=True
            ) from problem
        return problem
    as_listed = (info.st_size, within_reach(info.st_mtime_ns)) == (file.size_bytes, file.mtime_ns)
    return data if as_listed else None


def _judge(
    task: ChunkTask, file: WaitingFile, data: bytes | OSError | None
) -> tuple[str, str | None, Project | None, list[tuple[Any, ...]]]:
    """State, content hash, the project if there is one, and the reasons (see REJECTS) if there is none."""
    if data is None:
        return "unsettled", None, None, []
    if isinstance(data, OSError):
        message = f"The file cannot be read: {data.strerror}. Check its permissions and the disk."
        return (
            "rejected",
            None,
            None,
            [("file-unreadable", None, None, data.strerror, "a readable file", message, None)],
        )
    max_bytes = task.max_page_bytes
    whole = len(data) <= max_bytes
    digest = hashlib.sha256(data).hexdigest() if whole else None
    if whole and digest == file.known_sha256:
        return "unchanged", digest, None, []
    try:
        project = parse_bytes(data, source=file.path, max_bytes=max_bytes)
    except NotAProjectPage as problem:
        message = problem.message[:1].upper() + problem.message[1:]
        text = f"{message} {problem.advice}" if problem.advice else message
        return (
            "rejected",
            digest,
            None,
            [(problem.code, problem.line, None, problem.message.rstrip("."), "a project page", text, None)],
        )
    errors = [
        _reject(diagnostic, project, task, file) for diagnostic in project.diagnostics if diagnostic.severity == "error"
    ]
    if errors:
        return "rejected", digest, None, errors
    return "parsed", digest, project, []


def _reject(diagnostic: Diagnostic, project: Project, task: ChunkTask, file: WaitingFile) -> tuple[Any, ...]:
    masking = task.masking
    found = None if diagnostic.found is None else masking.mask(diagnostic.found)
    message = masking.mask(diagnostic.message)
    if found is not None and len(found) > _MAX_FOUND:
        found, message = found[:_MAX_FOUND], f"{message[:_MAX_FOUND]} …"
    return (
        diagnostic.code,
        diagnostic.line,
        diagnostic.field,
        found,
        diagnostic.expected,
        message,
        task.corrections.correct(project, file.path).project_id,
    )


def _findings(number: int, key: str, page: Masked) -> Iterable[tuple[Any, ...]]:
    """The parser's warnings, and what is withheld because it looks personal, as rows of FINDINGS."""
    project = page.project
    rows = [
        (diagnostic.code, diagnostic.field, diagnostic.line, None, diagnostic.message)
        for diagnostic in project.diagnostics
        if diagnostic.severity == "warning"
    ]
    if project.owner_org_number is not None and is_personal_number(project.owner_org_number):
        message = "The owner's organisation number is a sole trader's personal number; it is not published."
        rows.append(("personal-number-withheld", "owner_org_number", None, None, message))
    withheld = len(project.attributes) - len(project.impersonal_attributes())
    if withheld:
        message = f"{withheld} unmodelled lines of the page look personal; they are not published."
        rows.append(("personal-attribute-withheld", None, None, None, message))
    if page.hidden:
        message = f"{page.hidden} e-mail addresses or phone numbers in the texts of the page are not published."
        rows.append(("personal-in-prose", None, None, None, message))
    return ((number, key, *row) for row in rows)

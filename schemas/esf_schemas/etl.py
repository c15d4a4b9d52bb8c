"""The tables about the work itself: runs, the ledger of files, what was rejected and what was found."""

from __future__ import annotations

from typing import Any

from esf_schemas.model import BigInteger, Contract, Integer, Text, Timestamp, column, one_of, within

__all__ = ["Finding", "LandingFile", "Override", "OverridePage", "Reject", "Run"]

_RUN_OUTCOMES = ("published", "idle", "failed", "killed")
_OVERRIDES = ("same-project", "other-project", "region", "municipality", "ignore")
_FILE_OUTCOMES = ("loaded", "same-content", "superseded", "rejected")


def _count(name: str, description: str) -> Any:
    """A count of a run; null where the run ended before it was known."""
    return column(description, nullable=True, unit="count", checks=[within(name, 0)])


class Run(Contract, table="run", schema="etl", key=("run_id",)):
    """One row a run of the job, also an idle, a failed or a killed one.

    files_seen = unchanged + deferred + loaded + same_content + superseded + rejected in every run that was
    not cut short.
    """

    run_id: Text = column("Id of the run; ids sort in the order of the runs.")
    started_at: Timestamp = column("When it started.", unit="UTC")
    ended_at: Timestamp = column("When it ended; NULL for a run that was killed.", nullable=True, unit="UTC")
    outcome: Text = column(
        "published (a new snapshot), idle (nothing new), failed (see error_code) or killed (it never ended).",
        checks=[one_of("outcome", _RUN_OUTCOMES)],
    )
    files_seen: Integer = _count("files_seen", "Files in the landing folder, but for those that an override ignores.")
    unchanged: Integer = _count("unchanged", "Files that were the same as in the run before.")
    deferred: Integer = _count("deferred", "Files too young to be read; left for the next run.")
    loaded: Integer = _count("loaded", "Files that made a new version of a project.")
    same_content: Integer = _count("same_content", "Files that said nothing new of a known project.")
    superseded: Integer = _count("superseded", "Files older than the version that is loaded.")
    rejected: Integer = _count("rejected", "Files that were refused (etl.reject says why).")
    vanished: Integer = _count("vanished", "Files of earlier runs that were no longer there; their projects stay.")
    findings: Integer = _count("findings", "Findings about the loaded rows (etl.finding).")
    projects: Integer = _count("projects", "Current projects after the run.")
    parser_version: Text = column("Version of the parser that read the pages.", nullable=True)
    error_code: Text = column("Why the run failed, as a stable code; else NULL.", nullable=True)
    error_message: Text = column("Why the run failed, in words; else NULL.", nullable=True)


class LandingFile(Contract, table="landing_file", schema="etl", key=("landing", "path")):
    """The ledger: one row a file that was ever read, and what became of it."""

    landing: Text = column("Name of the landing folder.")
    path: Text = column("Path of the file within its landing folder.")
    size_bytes: BigInteger = column("Size when it was last read.", unit="bytes", checks=[within("size_bytes", 0)])
    mtime_ns: BigInteger = column(
        "Time of its last change, since 1970-01-01 UTC, when it was last read; of an object, when it was written.",
        unit="ns",
    )
    ctime_ns: BigInteger = column(
        "Time of the last change of its inode, since 1970-01-01 UTC, when it was last read; of an object, mtime_ns.",
        unit="ns",
    )
    content_sha256: Text = column(
        "SHA-256 of its bytes, 64 hexadecimal digits; NULL where it was not read whole.", nullable=True
    )
    outcome: Text = column(
        "What became of it: loaded (a new version), same-content, superseded (by a later file) or rejected.",
        checks=[one_of("outcome", _FILE_OUTCOMES)],
    )
    project_id: Text = column("The project it is about; NULL where that is not known.", nullable=True)
    parser_version: Text = column("Version of the parser that last read it.")
    run_id: Text = column("The run that last read it (etl.run).")
    first_seen_at: Timestamp = column("Start of the run that first saw it.", unit="UTC")
    last_read_at: Timestamp = column("Start of the run that last read it.", unit="UTC")
    missing_since: Timestamp = column(
        "Start of the first run that no longer found it, or was told to ignore it; NULL while it is there.",
        nullable=True,
        unit="UTC",
    )
    etag: Text = column(
        "Of an object in an object store, what the store told its versions apart by when it was last read; NULL of a"
        " file in a folder.",
        nullable=True,
    )


class Reject(Contract, table="reject", schema="etl", key=("landing", "path", "ordinal")):
    """Why a file was refused, one row a reason.

    It stands until the file changes or leaves, or the parser's version does.
    """

    landing: Text = column("Name of the landing folder.")
    path: Text = column("Path of the file within its landing folder.")
    ordinal: Integer = column(
        "Number of the reason within the file, from 1.", unit="count", checks=[within("ordinal", 1)]
    )
    code: Text = column("The reason as a stable code: of the parser, or of a hard rule of a contract.")
    line: Integer = column("Line of the file, from 1; NULL where the reason is not one line.", nullable=True)
    field: Text = column("Column at fault, with its table before a dot where that is not project.", nullable=True)
    found: Text = column("What stood there; not shown where it may be personal data.", nullable=True)
    expected: Text = column("What should have stood there.", nullable=True)
    message: Text = column("What is wrong and what to do about it, in a sentence.")
    project_id: Text = column("The project the file is about, where that is known.", nullable=True)
    run_id: Text = column("The run that refused it (etl.run).")
    rejected_at: Timestamp = column("Start of that run.", unit="UTC")


class Finding(Contract, table="finding", schema="etl"):
    """What is odd about a loaded project, one row an oddity; the project is loaded all the same."""

    project_id: Text = column("The project it is about (project.project_id).")
    rule: Text = column("The soft rule that is broken, as a stable code.")
    field: Text = column("Column at fault, with its table before a dot where that is not project.", nullable=True)
    line: Integer = column("Line of the file, from 1; NULL where it is not one line.", nullable=True)
    message: Text = column("What is odd and what to do about it, in a sentence.")
    found: Text = column("What stood there; not shown where it may be personal data.", nullable=True)
    related_project_id: Text = column("The other project, where the rule is about two.", nullable=True)
    landing: Text = column("Name of the landing folder of the project's page.")
    path: Text = column("Path of that page within its landing folder.")
    run_id: Text = column("The run that found it (etl.run).")
    found_at: Timestamp = column("Start of that run.", unit="UTC")


class Override(Contract, table="override", schema="etl", key=("landing", "kind", "what")):
    """The overrides in force: what a person knows better than the pages, one row a line of the overrides file."""

    landing: Text = column("Name of the landing folder to whose pages it applies.")
    line: Integer = column("Line of the overrides file, from 1.", unit="count", checks=[within("line", 1)])
    kind: Text = column(
        "same-project (two ids are one project), other-project (a page is of another project than it says), region or "
        "municipality (what a spelling means) or ignore (a page that is not read).",
        checks=[one_of("kind", _OVERRIDES)],
    )
    what: Text = column("What it is about: a project id, a page's path within its landing folder, or a spelling.")
    becomes: Text = column("The project id or the code that holds instead; NULL for ignore.", nullable=True)
    why: Text = column("The reason, in the words of whoever wrote the line.")
    pages: Integer = column(
        "Pages in the landing folder that came under it when they were last read; for ignore, that are not read.",
        unit="count",
        checks=[within("pages", 0)],
    )
    since: Timestamp = column("Start of the run that first applied it, but for its reason and line.", unit="UTC")


class OverridePage(Contract, table="override_page", schema="etl", key=("landing", "path", "kind", "what")):
    """Which pages came under which override when they were last read, one row a page and override; none for ignore."""

    landing: Text = column("Name of the landing folder.")
    path: Text = column("Path of the page within its landing folder (etl.landing_file).")
    kind: Text = column("Kind of the override (etl.override).", checks=[one_of("kind", _OVERRIDES)])
    what: Text = column("What the override is about (etl.override).")
    becomes: Text = column("The project id or code that the page got by it.")

"""What became of a run: its counts, the law they keep, and its form in the journal."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COUNTS", "Outcome", "RunSummary", "run_row"]

Outcome = Literal["published", "idle", "failed", "killed"]

COUNTS = (
    "files_seen",
    "unchanged",
    "deferred",
    "loaded",
    "same_content",
    "superseded",
    "rejected",
    "vanished",
)
"""The counts of a run, by the names they have in the journal and in `etl.run`."""


@dataclass(slots=True)
class RunSummary:
    """One run. Times are UTC; `snapshot` is the folder it published, None where it published nothing.

    `manifest_sha256` seals that folder: the manifest has the checksums of all other files.

    `read_by_older_parser` counts files that another version of the parser read, and that this run leaves as they are.
    `ignored` files, those that an override names, are not among `files_seen`. `overrides` counts those in force by
    kind.

    `findings`, `projects` and `standing_rejects` describe the warehouse after the run; None where it was not opened.
    """

    run_id: str
    started_at: datetime
    landing: str
    landing_name: str
    warehouse: str
    parser_version: str
    outcome: Outcome = "idle"
    ended_at: datetime | None = None
    files_seen: int = 0
    unchanged: int = 0
    deferred: int = 0
    loaded: int = 0
    same_content: int = 0
    superseded: int = 0
    rejected: int = 0
    vanished: int = 0
    ignored: int = 0
    findings: int | None = None
    projects: int | None = None
    standing_rejects: int | None = None
    read_by_older_parser: int = 0
    snapshot: str | None = None
    manifest_sha256: str | None = None
    overrides: dict[str, int] = field(default_factory=dict)
    overrides_unmatched: int = 0
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)
    stages_s: dict[str, float] = field(default_factory=dict)
    error_code: str | None = None
    error_message: str | None = None

    @property
    def law_holds(self) -> bool:
        """Whether every file that was seen is accounted for, once."""
        return self.files_seen == (
            self.unchanged + self.deferred + self.loaded + self.same_content + self.superseded + self.rejected
        )

    @property
    def elapsed_s(self) -> float | None:
        """Seconds from start to end; None while it runs."""
        return None if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()

    def sentence(self) -> str:
        """The run in one line for a person."""
        if self.outcome == "failed":
            return f"Failed: {self.error_message}"
        said = [f"{self.loaded} loaded"] if self.loaded or self.outcome == "published" else []
        said += [
            f"{getattr(self, name)} {name.replace('_', '-')}"
            for name in ("unchanged", "same_content", "superseded", "rejected", "deferred", "vanished", "ignored")
            if getattr(self, name)
        ]
        what = "Would publish" if self.dry_run else {"published": "Published", "idle": "Nothing new"}[self.outcome]
        if self.dry_run and self.outcome == "idle":
            what = "Would publish nothing"
        return f"{what}: {', '.join(said) or 'no page files'}."

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values: times in ISO 8601, with what follows from the counts."""
        values = asdict(self)
        values["started_at"] = self.started_at.isoformat() + "Z"
        values["ended_at"] = None if self.ended_at is None else self.ended_at.isoformat() + "Z"
        return {**values, "elapsed_s": self.elapsed_s, "law_holds": self.law_holds}


_ROW_COLUMNS = (
    "run_id",
    "started_at",
    "ended_at",
    "outcome",
    *COUNTS,
    "findings",
    "projects",
    "parser_version",
    "error_code",
    "error_message",
)


def run_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An ended run, in the form of `RunSummary.to_dict` or of its journal entry, as a row of `etl.run`.

    What a failed or killed run had counted when it ended came to nothing, and is left out.
    """
    row: dict[str, Any] = {name: entry.get(name) for name in _ROW_COLUMNS}
    if row["outcome"] in ("failed", "killed"):
        row.update(dict.fromkeys((*COUNTS, "findings", "projects")))
    for name in ("started_at", "ended_at"):
        if row[name] is not None:
            row[name] = datetime.fromisoformat(row[name]).replace(tzinfo=None)
    return row

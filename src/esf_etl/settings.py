"""What a run is asked to do: one frozen record, filled from options, environment and settings file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Self

from esf_etl.errors import UsageError, without_passwords
from esf_etl.pages.parser import MAX_PAGE_BYTES
from esf_etl.settings_sources import Sourced, gather

__all__ = ["ENVIRONMENT_PREFIX", "FILE_TABLES", "ONE_RUN", "IngestSettings"]

ENVIRONMENT_PREFIX = "ESF_ETL_"

ONE_RUN = ("reprocess", "rebuild", "dry_run")
"""Settings that have no place in a file: each night would be one of them."""

FILE_TABLES = ("opendata",)
"""Tables of the settings file that are settings of something else."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:(?:/|.*=)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Settings of one run: the caller's word, else `ESF_ETL_<NAME>`, else the settings file, else these.

    landing: folder the pages lie in; read only, never changed.
    warehouse: folder the snapshots are published in.
    landing_name: name under which the ledger knows the landing folder, wherever it is mounted.
    workers: processes that parse; None lets the amount of work decide.
    settle_s: files changed less than so many seconds ago are left for the next run.
    max_page_bytes: larger files are refused unread.
    keep_snapshots: so many of the newest snapshots stay.
    reprocess: parse every file again, changed or not.
    rebuild: begin with an empty warehouse instead of the current snapshot.
    dry_run: say what a run would do; write nothing.
    report_page: the nightly flow makes the report page after it has published.
    with_contacts: keep the contacts of projects, in the private vault.
    mask_prose: mask e-mail addresses and phone numbers in the texts that are published.
    log_format: what stderr shows of a run: `text` for people, `json` for a collector of logs.
    log_file: file that gets the JSON lines of each run added, whatever stderr shows.
    metrics_file: file of metrics that every run writes anew; None is `metrics.prom` in the warehouse folder.
    overrides: file of what only a person knows; None takes `overrides.csv` in the warehouse folder, if it is there.
    """

    landing: Path = Path("landing")
    warehouse: Path = Path("warehouse")
    landing_name: str = "default"
    workers: int | None = None
    settle_s: float = 5.0
    max_page_bytes: int = MAX_PAGE_BYTES
    keep_snapshots: int = 7
    reprocess: bool = False
    rebuild: bool = False
    dry_run: bool = False
    report_page: bool = True
    with_contacts: bool = False
    mask_prose: bool = True
    log_format: str = "text"
    log_file: Path | None = None
    metrics_file: Path | None = None
    overrides: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; raises `UsageError`."""
        for name in ("landing", "warehouse"):
            said = str(getattr(self, name))
            if _ADDRESS.match(said) or without_passwords(said) != said:
                msg = f"{name} is {without_passwords(said)!r}; it is a folder, and no address."
                raise UsageError(msg)
        if self.workers is not None and self.workers < 1:
            msg = f"workers is {self.workers}; at least one process must parse."
            raise UsageError(msg)
        if not (isfinite(self.settle_s) and self.settle_s >= 0):
            msg = f"settle_s is {self.settle_s}; it counts seconds, from 0."
            raise UsageError(msg)
        if self.max_page_bytes < 1:
            msg = f"max_page_bytes is {self.max_page_bytes}; a page has at least one."
            raise UsageError(msg)
        if self.keep_snapshots < 1:
            msg = f"keep_snapshots is {self.keep_snapshots}; the published one always stays."
            raise UsageError(msg)
        if self.log_format not in {"text", "json"}:
            msg = f"log_format is {self.log_format!r}; expected text or json."
            raise UsageError(msg)

    @classmethod
    def from_environment(cls, **said: Any) -> Self:
        """Settings from settings file and `ESF_ETL_*`, with those in `said` that are not None on top.

        Raises `UsageError`, naming the variable, or the file and its line, for a value of the wrong form.
        """
        return cls(**{name: found.value for name, found in cls.sources(**said).items()})

    @classmethod
    def sources(cls, **said: Any) -> dict[str, Sourced]:
        """The same, each with where it came from."""
        return gather(cls, said, prefix=ENVIRONMENT_PREFIX, tables=FILE_TABLES, one_run=ONE_RUN)

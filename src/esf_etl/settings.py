"""What a run is asked to do: one frozen record, filled from the environment and from what the caller says."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any, Self

from esf_etl.address import StoreUrl, is_url, read_address
from esf_etl.errors import UsageError
from esf_etl.pages.parser import MAX_PAGE_BYTES

__all__ = ["ENVIRONMENT_PREFIX", "IngestSettings"]

ENVIRONMENT_PREFIX = "ESF_ETL_"


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Settings of one run. Each may also come from `ESF_ETL_<NAME>` in the environment; the caller's word wins.

    landing: folder the pages lie in, or place in an object store (`StoreUrl`); read only, never changed.
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
    cluster: where the flow has pages parsed instead: the address of a Dask scheduler (`tcp://…`), or `local`.
    staging: what the workers of a cluster lay rows into; None is the warehouse folder's own, which they then share.
    mask_prose: mask e-mail addresses and phone numbers in the texts that are published.
    """

    landing: Path | StoreUrl = Path("landing")
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
    cluster: str | None = None
    staging: Path | StoreUrl | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; raises `UsageError`."""
        if isinstance(self.landing, Path) and self.landing.parts[:1] in _LOST_URLS:
            msg = "landing is a Path made of a URL, which lost a slash by that."
            raise UsageError(msg, advice="Pass esf_etl.address.read_address(URL).")
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

    @classmethod
    def from_environment(cls, **said: Any) -> Self:
        """Settings from `ESF_ETL_*`, with those in `said` that are not None on top.

        Raises `UsageError`, naming the variable, for a value of the wrong form.
        """
        found = {}
        for spec in fields(cls):
            name = ENVIRONMENT_PREFIX + spec.name.upper()
            text = os.environ.get(name)
            if text:
                try:
                    found[spec.name] = _READ[str(spec.type)](text)
                    replace(cls(), **{spec.name: found[spec.name]})
                except (ValueError, UsageError) as problem:
                    shown = "no usable URL" if is_url(text) else repr(text)  # somebody may have put a secret into it
                    msg = f"{name} is {shown}: {str(problem).rstrip('.')}."
                    raise UsageError(msg) from problem
        said = {name: value for name, value in said.items() if value is not None}
        return replace(cls(), **{**found, **said})


def _read_switch(text: str) -> bool:
    try:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.casefold()]
    except KeyError:
        msg = "expected 1, true or yes, or 0, false or no"
        raise ValueError(msg) from None


_LOST_URLS = (("s3:",), ("gs:",), ("az:",))

_READ: dict[str, Callable[[str], Any]] = {
    "Path": Path,
    "Path | StoreUrl": read_address,
    "Path | StoreUrl | None": read_address,
    "str": str,
    "str | None": str,
    "int": int,
    "int | None": int,
    "float": float,
    "bool": _read_switch,
}

"""Where a run reads, parses and writes: its environment, and the servers that it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.scale.measured import Measured, measure
from benchmarks.scale.object_store import BUCKET
from benchmarks.scale.postgres import Server, programs, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.corpus import Corpus
    from benchmarks.scale.object_store import Bucket

__all__ = ["Site", "postgres", "upload"]

_CHECKOUT = Path(__file__).resolve().parents[2]
_OURS = ("ESF_ETL_", "PREFECT_", "AWS_", "DASK_")
_UPLOADS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Site:
    """One kind of run: `folder` has its own things, `said` the settings, `bucket` the S3 server that it reaches."""

    folder: Path
    said: dict[str, str]
    bucket: Bucket | None = field(default=None, repr=False)

    def run(self) -> Measured:
        """One run, measured; its line of the journal is what it printed."""
        return measure(["-m", "benchmarks.scale.one_run"], self.environment())

    def digest(self) -> str:
        """What `esf-etl digest` says of what this site has published."""
        command = [sys.executable, "-m", "esf_etl.cli", "digest"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=self.environment())  # noqa: S603
        return done.stdout.strip()

    def environment(self) -> dict[str, str]:
        """The environment of its processes: nothing of what is set for a run of the user's own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        ours = {
            "PYTHONPATH": os.pathsep.join(str(_CHECKOUT / name) for name in ("src", "schemas", "flows", ".")),
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "PREFECT_LOGGING_ROOT_LEVEL": "WARNING",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
            "DASK_LOGGING__DISTRIBUTED": "warning",
            "DASK_TEMPORARY_DIRECTORY": str(self.folder / "dask"),
            "ESF_ETL_WAREHOUSE": str(self.folder / "warehouse"),
            "ESF_ETL_SETTLE_S": "0",
            "ESF_ETL_REPORT_PAGE": "0",
        }
        return kept | ours | (self.bucket.environment() if self.bucket else {}) | self._settings()

    def _settings(self) -> dict[str, Any]:
        return {f"ESF_ETL_{name.upper()}": value for name, value in self.said.items()}


@contextmanager
def postgres(folder: Path) -> Iterator[Server]:
    """A PostgreSQL server that waits for the disk as a real one does; the program ends where there is none."""
    where = programs()
    if where is None:
        sys.exit("PostgreSQL is not installed: `apt-get install postgresql` brings the programs.")
    with running(where, folder, hasty=False) as server:
        yield server


def upload(corpus: Corpus, bucket: Bucket, prefix: str) -> str:
    """Put the pages of a corpus into the bucket; returns their URL."""

    def put(path: Path) -> None:
        bucket.put(f"{prefix}/{path.relative_to(corpus.folder)}", path.read_bytes())

    with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
        for _ in pool.map(put, sorted(corpus.folder.rglob("*.txt"))):
            pass
    return f"s3://{BUCKET}/{prefix}"

"""What each command says of a snapshot that was damaged or tampered with: an error of ours that names it, or the truth.

Readers trust DuckDB's own checksums and look at no other file; ingest and `verify` look at all that they build upon.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import Job, project
from tests.integration.test_verify import flip_byte, snapshot_of

pytestmark = pytest.mark.promise("healing")


def byte_of_database(job: Job) -> None:
    flip_byte(snapshot_of(job) / "esf.duckdb", 0.001)


def byte_of_parquet(job: Job) -> None:
    flip_byte(snapshot_of(job) / "parquet" / "project.parquet")


def byte_of_manifest(job: Job) -> None:
    flip_byte(snapshot_of(job) / "manifest.json", 0.3)


def manifest_cut_short(job: Job) -> None:
    path = snapshot_of(job) / "manifest.json"
    os.truncate(path, path.stat().st_size // 2)


def manifest_of_another_shape(job: Job) -> None:
    path = snapshot_of(job) / "manifest.json"
    path.chmod(0o644)
    path.write_text('{"run_id": 1, "schema_version": "1", "published_at": 2, "files": [], "rows": {}, "run": {}}')


def database_gone(job: Job) -> None:
    (snapshot_of(job) / "esf.duckdb").unlink()


def parquet_gone(job: Job) -> None:
    (snapshot_of(job) / "parquet" / "project.parquet").unlink()


def a_file_more(job: Job) -> None:
    (snapshot_of(job) / "more.txt").write_text("x")


def current(where: str) -> Callable[[Job], None]:
    def point(job: Job) -> None:
        link = job.warehouse / "current"
        link.unlink()
        link.symlink_to(where)

    return point


_READERS = ("sql", "digest", "status")
_NOTHING: tuple[str, ...] = ()
DAMAGES: dict[str, tuple[Callable[[Job], None], tuple[str, ...], bool]] = {
    # what, which readers refuse, whether ingest refuses
    "a byte of the database": (byte_of_database, ("sql", "digest"), True),
    "a byte of a parquet file": (byte_of_parquet, _NOTHING, False),
    "a byte of the manifest": (byte_of_manifest, _NOTHING, True),
    "half a manifest": (manifest_cut_short, _NOTHING, True),
    "a manifest of another shape": (manifest_of_another_shape, _NOTHING, True),
    "no database": (database_gone, ("sql", "digest"), True),
    "no parquet file": (parquet_gone, _NOTHING, False),
    "a file more": (a_file_more, _NOTHING, False),
    "current to nowhere": (current("snapshots/gone"), _READERS, True),
    "current to a file": (current("runs.jsonl"), _READERS, True),
    "current to itself": (current("current"), _READERS, True),
}
"""Parquet is no part of what the next snapshot is built upon but for files it shares, which are compared first."""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Job:
    root = tmp_path_factory.mktemp("night")
    job = Job(root / "landing", root / "warehouse")
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()
    return job


@pytest.mark.parametrize("what", DAMAGES)
def test_each_damage_is_named_and_never_built_upon(what: str, night: Job, tmp_path: Path) -> None:
    damage, refused_by, refused_by_ingest = DAMAGES[what]
    shutil.copytree(night.warehouse, tmp_path / "own", symlinks=True)
    shutil.copytree(night.landing, tmp_path / "landing")
    job = Job(tmp_path / "landing", tmp_path / "own")
    whole = night.digest()
    parquet = (snapshot_of(job) / "parquet" / "project.parquet").read_bytes()
    damage(job)
    warehouse = ("--warehouse", str(job.warehouse))

    told = {
        "sql": job.command("sql", "FROM history.project", *warehouse),
        "digest": job.command("digest", *warehouse),
        "status": job.command("status", *warehouse),
        "verify": job.command("verify", *warehouse),
    }
    for name, done in told.items():
        refused = name == "verify" or name in refused_by
        assert done.returncode == (1 if refused else 0), (name, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, name
        if refused and name != "verify":
            assert done.stderr.startswith("esf-etl: error ["), name
    if "digest" not in refused_by:
        assert told["digest"].stdout.strip() == whole
    verified = told["verify"]
    assert "  wrong    " in verified.stdout or verified.stderr.startswith("esf-etl: error [")
    if "manifest" in what:
        assert told["status"].stdout.startswith("What is published is damaged: ")

    job.put("rejected.txt", "Ingen sida.\n", on_day=2)
    done = job.run()
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if refused_by_ingest else 0), done.stderr
    if not refused_by_ingest:
        assert job.digest() == whole
        assert (snapshot_of(job) / "parquet" / "project.parquet").read_bytes() == parquet
        assert job.command("verify", *warehouse).returncode == 0

    assert job.run("--rebuild").returncode == 0
    assert job.digest() == whole
    assert job.command("verify", *warehouse).returncode == 0

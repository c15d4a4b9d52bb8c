"""A lake whose rows lie in a bucket: the same lake, written and read over HTTP by DuckDB's own client of S3."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from esf_etl.errors import QueryError, WarehouseError
from esf_etl.warehouse import reading
from esf_etl.warehouse.lake.upkeep import keep_up
from tests.integration.conftest import Job, environment, project
from tests.integration.object_store import BUCKET, SECRET, Bucket, s3_server
from tests.lake.conftest import LakeJob, Server

pytestmark = [
    pytest.mark.xdist_group("lake"),
    # moto's server leaves what it opened to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

PAGES = 12
"""More rows than this DuckLake keeps in its catalogue instead of in files."""


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    with s3_server() as bucket:
        yield bucket


@pytest.fixture
def bucket(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket, empty, and an environment that names it."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    server.empty()
    return server


@pytest.fixture
def job(lake_job: LakeJob, bucket: Bucket) -> LakeJob:
    """A job whose lake has its data in the bucket."""
    return LakeJob(lake_job.landing, lake_job.warehouse, lake_job.address, f"s3://{BUCKET}/lake")


def objects(bucket: Bucket) -> dict[str, bytes]:
    """All that lies in the bucket, by its keys."""
    keys = [found["path"] for page in bucket.store.list() for found in page]
    return {key: bytes(bucket.store.get(key).bytes()) for key in keys}


def lay(job: Job, number: int) -> None:
    """The pages of a night."""
    for which in range(PAGES):
        job.put(f"{which}.txt", project(f"Projekt {which}", owner=f"Ägare {number}"), on_day=number)


def elsewhere(job: LakeJob, folder: Path, *arguments: str, **said: str) -> subprocess.CompletedProcess[str]:
    """A command on another machine: it has the address and its own keys, and nothing else of ours."""
    folder.mkdir(exist_ok=True)
    env = environment(ESF_ETL_LAKE=job.address, **said)
    command = [sys.executable, "-m", "esf_etl.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=folder, timeout=120, check=False)


def test_nights_in_a_bucket_end_as_in_a_folder_and_are_read_from_another_machine(
    job: LakeJob, bucket: Bucket, tmp_path: Path
) -> None:
    folder = Job(job.landing, tmp_path / "folder")
    for number in (1, 2):
        lay(job, number)
        assert job.ingest().loaded == folder.ingest().loaded == PAGES

    assert job.digest() == folder.digest()
    there = objects(bucket)
    assert len(there) > 4
    assert all(key.startswith("lake/") and data[:4] == b"PAR1" for key, data in there.items())
    assert not (tmp_path / "lake").exists()
    digest = elsewhere(job, tmp_path / "other", "digest")
    assert (digest.stdout.strip(), digest.returncode) == (folder.digest(), 0), digest.stderr
    query = (
        "SELECT title, owner FROM project_as_of((SELECT min(valid_from) FROM history.project)) WHERE title LIKE '% 7'"
    )
    asked = elsewhere(job, tmp_path / "other", "sql", query, "--json")
    assert "Ägare 1" in asked.stdout, asked.stderr
    # Whoever has no key asks this server without one, and not Amazon's.
    unsigned = elsewhere(job, tmp_path / "other", "digest", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert (unsigned.returncode, unsigned.stdout) == (1, "")
    assert f"{bucket.endpoint}/{BUCKET}/lake" in unsigned.stderr
    assert "403" in unsigned.stderr
    assert job.ingest().outcome == "idle"
    assert objects(bucket) == there


def test_upkeep_in_a_bucket_removes_what_no_snapshot_needs(job: LakeJob, bucket: Bucket, tmp_path: Path) -> None:
    for number in range(1, 5):
        lay(job, number)
        job.ingest()
    before, digest = objects(bucket), job.digest()
    versions = job.rows("FROM history.project ORDER BY ALL")

    done = keep_up(job.lake, tmp_path, keep_days=0)

    assert done["after"] < done["before"]
    assert len(objects(bucket)) < len(before)
    assert job.digest() == digest
    assert job.rows("FROM history.project ORDER BY ALL") == versions
    lay(job, 6)
    assert job.ingest().loaded == PAGES


def test_the_secret_is_nowhere_in_the_catalogue_the_bucket_and_what_is_printed(
    job: LakeJob, bucket: Bucket, postgres: Server, tmp_path: Path
) -> None:
    lay(job, 1)
    env = {**job.environment(), "ESF_ETL_LOG_FILE": str(tmp_path / "lines.jsonl")}
    told = []
    for arguments in (["ingest", "--json"], ["ingest"], ["sql", "FROM duckdb_secrets()"], ["config", "--json"]):
        command = [sys.executable, "-m", "esf_etl.cli", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False)
        told += [done.stdout, done.stderr]
    assert json.loads(told[0])["loaded"] == PAGES
    told.append(postgres.dump(job.address.rpartition("dbname=")[2]))
    assert "s3://pages/lake" in told[-1]
    told += [path.read_text(encoding="utf-8", errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    told += [data.decode("latin-1") for data in objects(bucket).values()]
    assert len(told) > 10 + PAGES
    for text in told:
        assert SECRET not in text
    with pytest.raises(QueryError) as problem:
        reading.run_query(job.lake, "FROM duckdb_secrets(redact => false)")
    assert SECRET not in str(problem.value)


@pytest.mark.parametrize("place", ["s3://pages/saved/a.parquet", "s3://elsewhere/a.parquet", "http://127.0.0.1:9/a"])
def test_a_query_reads_the_lake_and_nothing_else_of_what_the_keys_open(
    job: LakeJob, bucket: Bucket, place: str
) -> None:
    lay(job, 1)
    job.ingest()
    bucket.put("saved/a.parquet", next(iter(objects(bucket).values())))

    with pytest.raises(QueryError, match=r"(?i)permission|not allowed|disabled"):
        reading.run_query(job.lake, f"SELECT count(*) FROM read_parquet('{place}')")


def test_a_machine_that_does_not_reach_the_bucket_is_told_so(
    job: LakeJob, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(job, 1)
    job.ingest()
    digest = job.digest()
    away = elsewhere(job, tmp_path / "other", "digest", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert away.returncode == 1
    assert SECRET not in away.stdout + away.stderr
    assert "Traceback" not in away.stderr

    lay(job, 2)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with pytest.raises(WarehouseError) as problem:
            job.ingest()
    assert SECRET not in str(problem.value)
    assert job.journal()[-1]["outcome"] == "failed"
    assert job.digest() == digest
    assert job.ingest().loaded == PAGES


def test_plain_http_is_used_only_where_it_is_allowed(
    job: LakeJob, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(job, 1)
    with monkeypatch.context() as patch:
        patch.delenv("AWS_ALLOW_HTTP")
        with pytest.raises(WarehouseError):
            job.ingest()
    assert objects(bucket) == {}
    assert job.ingest().loaded == PAGES

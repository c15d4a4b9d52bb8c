"""A landing in an object store: pages over HTTP from an S3 server on loopback, and what may go wrong with one."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import esf_etl.objects
from esf_etl import render
from esf_etl.address import StoreUrl
from esf_etl.errors import LandingError
from esf_etl.forgetting import forget
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings
from esf_etl.summary import RunSummary
from esf_etl.warehouse import reading
from esf_etl.warehouse.verify import verify
from tests.integration.conftest import Job, project
from tests.integration.object_store import ACCESS, SECRET, Bucket, proxy, s3_server

# moto's server leaves what it opened to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

URL = StoreUrl("s3", "pages", "saved")


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    with s3_server() as bucket:
        yield bucket


@pytest.fixture
def bucket(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket, empty, and an environment that names it."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
        monkeypatch.delenv(name)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    server.empty()
    # A run of the tests is not to wait for what never comes.
    monkeypatch.setitem(esf_etl.objects._RETRY, "max_retries", 3)
    monkeypatch.setitem(esf_etl.objects._RETRY["backoff"], "init_backoff", _ms(5))
    return server


def _ms(number: int) -> Any:
    from datetime import timedelta

    return timedelta(milliseconds=number)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "of-the-bucket"


def run(warehouse: Path, **settings: Any) -> RunSummary:
    summary = ingest(IngestSettings(**{"landing": URL, "warehouse": warehouse, "settle_s": 0.0, **settings}))
    assert summary.law_holds
    return summary


def rows(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    return reading.run_query(warehouse, query)[2]


def test_a_bucket_loads_like_the_folder_with_the_same_pages(bucket: Bucket, warehouse: Path, job: Job) -> None:
    for number in range(5):
        page = render(project(f"Projekt {number}"))
        job.put(f"år {number}/sida {number}.txt", page)
        bucket.put(f"saved/år {number}/sida {number}.txt", page)
    job.put("rejected.txt", "En nyhet\n\nMed text.\n")
    bucket.put("saved/rejected.txt", "En nyhet\n\nMed text.\n")
    bucket.put("saved-elsewhere/not-ours.txt", render(project("Ej vår")))

    ours, local = run(warehouse), job.ingest()

    assert (
        (ours.files_seen, ours.loaded, ours.rejected) == (local.files_seen, local.loaded, local.rejected) == (6, 5, 1)
    )
    assert ours.landing == "s3://pages/saved"
    assert reading.warehouse_digest(warehouse) == job.digest()
    paths = "SELECT path, size_bytes, content_sha256, outcome FROM etl.landing_file ORDER BY path"
    assert rows(warehouse, paths) == job.rows(paths)


def test_a_second_run_reads_nothing_and_is_idle(
    bucket: Bucket, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    run(warehouse)
    asked: list[str] = []
    with proxy(bucket.endpoint, lambda _, path: asked.append(path)) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)

        again = run(warehouse)

    assert (again.outcome, again.unchanged) == ("idle", 1)
    assert [path.partition("?")[0] for path in asked] == ["/pages"]


def test_what_was_written_anew_is_read_by_its_etag_alone(
    bucket: Bucket, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = esf_etl.objects.scan_objects
    hour = 1_600_000_000 * 10**9
    # Within the same second, as S3 counts, and of the same size.
    monkeypatch.setattr(
        esf_etl.objects,
        "scan_objects",
        lambda *a, **k: (each._replace(mtime_ns=hour, ctime_ns=hour) for each in scan(*a, **k)),
    )
    bucket.put("saved/a.txt", render(project("Alfa")))
    bucket.put("saved/b.txt", render(project("Beta")))
    run(warehouse)
    bucket.put("saved/a.txt", render(project("Alfa")).replace("bygger", "rivers"))

    again = run(warehouse)

    assert (again.unchanged, again.loaded) == (1, 1)
    assert rows(warehouse, "SELECT count(DISTINCT etag), count(*) FROM etl.landing_file") == [(2, 2)]


def test_the_same_bytes_written_again_are_unchanged(bucket: Bucket, warehouse: Path) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    run(warehouse)
    time.sleep(1.1)  # the store counts seconds
    bucket.put("saved/a.txt", render(project("Alfa")))

    again = run(warehouse)

    assert (again.outcome, again.unchanged) == ("idle", 1)


def test_an_object_that_left_has_vanished_and_its_project_stays(bucket: Bucket, warehouse: Path) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    bucket.put("saved/b.txt", render(project("Beta")))
    run(warehouse)
    bucket.delete("saved/b.txt")

    again = run(warehouse)

    assert (again.vanished, again.unchanged, again.projects) == (1, 1, 2)


def test_what_was_just_written_waits_as_on_a_disk(bucket: Bucket, warehouse: Path) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))

    assert run(warehouse, settle_s=60.0).deferred == 1


NAMES = [
    "å ä ö.txt",
    "100%25.txt",
    "back\\slash.txt",
    "question?mark#hash.txt",
    "' OR 1=1; --.txt",
    "<script>.txt",
    "plus+and&amp;.txt",
    "…/…/…/etc.txt",
    "emoji 🌉.txt",
    "s3:/other/x.txt",
    "~not/ours.txt",
    ".hidden.txt",
    "half.part.txt",
]


@pytest.mark.promise("landing")
def test_a_key_is_a_name_whatever_stands_in_it(bucket: Bucket, warehouse: Path) -> None:
    for number, name in enumerate(NAMES):
        bucket.put(f"saved/{name}", render(project(f"Projekt {number}")))

    assert run(warehouse).loaded == 10
    assert sorted(path for (path,) in rows(warehouse, "SELECT path FROM etl.landing_file")) == sorted(
        name.replace("\\", "\\\\") for name in NAMES[:10]
    )
    assert run(warehouse).unchanged == 10


@pytest.mark.promise("landing")
def test_a_marker_of_a_folder_with_the_name_of_a_page_is_no_second_page(bucket: Bucket, warehouse: Path) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    bucket.put_raw("saved/a.txt/")
    bucket.put_raw("saved/folder/")

    first, second = run(warehouse), run(warehouse)

    assert (first.files_seen, first.loaded) == (1, 1)
    assert (second.outcome, second.unchanged) == ("idle", 1)


@pytest.mark.promise("landing")
@pytest.mark.parametrize("key", ["saved/a//b.txt", "saved/%2E%2E/b.txt", "saved/tab%09.txt"])
def test_a_key_that_is_no_path_is_named_and_nothing_is_published(bucket: Bucket, warehouse: Path, key: str) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    run(warehouse)
    before = (warehouse / "current").readlink()
    bucket.put("saved/c.txt", render(project("Gamma")))
    bucket.put_raw(key, b"x")

    with pytest.raises(LandingError, match="it is no path") as caught:
        run(warehouse)

    assert caught.value.code == "landing-unreadable"
    assert (warehouse / "current").readlink() == before
    assert not list(warehouse.parent.rglob("b.txt"))


@pytest.mark.promise("landing")
@pytest.mark.parametrize("harm", [500, 503, 0])
def test_what_fails_for_a_while_is_asked_for_again(
    bucket: Bucket, warehouse: Path, monkeypatch: pytest.MonkeyPatch, harm: int
) -> None:
    for number in range(4):
        bucket.put(f"saved/{number}.txt", render(project(f"Projekt {number}")))
    asked: Counter[str] = Counter()
    lock = threading.Lock()

    def fail_twice(_: str, path: str) -> int | None:
        with lock:
            asked[path] += 1
            return harm if asked[path] <= 2 else None

    with proxy(bucket.endpoint, fail_twice) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)

        assert run(warehouse).loaded == 4

    assert set(asked.values()) == {3}


@pytest.mark.promise("landing")
@pytest.mark.parametrize("harm", [500, 0])
def test_what_fails_for_good_fails_the_run_and_publishes_nothing(
    bucket: Bucket, warehouse: Path, monkeypatch: pytest.MonkeyPatch, harm: int
) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    with proxy(bucket.endpoint, lambda _, path: harm if path.endswith("a.txt") else None) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)

        with pytest.raises(LandingError) as caught:
            run(warehouse)

    assert caught.value.code == "landing-unreadable"
    assert not (warehouse / "current").exists()


@pytest.mark.promise("landing")
def test_an_object_that_changes_while_it_is_read_is_left_for_the_next_run(
    bucket: Bucket, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    bucket.put("saved/b.txt", render(project("Beta")))
    bucket.put("saved/c.txt", render(project("Gamma")))

    def meanwhile(_: str, path: str) -> None:
        if path.endswith("a.txt"):
            bucket.put("saved/a.txt", render(project("Alfa två")))
        if path.endswith("b.txt"):
            bucket.delete("saved/b.txt")

    with proxy(bucket.endpoint, meanwhile) as address, monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", address)
        first = run(warehouse)

    assert (first.files_seen, first.deferred, first.loaded) == (3, 2, 1)
    second = run(warehouse)
    assert (second.files_seen, second.loaded, second.unchanged) == (2, 1, 1)


def test_one_object_that_is_refused_is_a_reject(
    bucket: Bucket, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    bucket.put("saved/b.txt", render(project("Beta")))
    with proxy(bucket.endpoint, lambda _, path: 403 if path.endswith("a.txt") else None) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)

        summary = run(warehouse)

    assert (summary.loaded, summary.rejected) == (1, 1)
    assert rows(warehouse, "SELECT path, code FROM etl.reject") == [("a.txt", "file-unreadable")]


@pytest.mark.promise("landing")
def test_where_all_is_refused_the_run_fails_and_says_so(
    bucket: Bucket, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    listed = threading.Event()

    def expires(_: str, path: str) -> int | None:
        """As credentials that end after the list."""
        if listed.is_set():
            return 403
        listed.set()
        return None

    with proxy(bucket.endpoint, expires) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(LandingError, match="refuses us") as caught:
            run(warehouse)

    assert caught.value.code == "landing-unreadable"
    assert not (warehouse / "current").exists()


def test_a_bucket_that_is_not_there_is_missing(bucket: Bucket, warehouse: Path) -> None:
    with pytest.raises(LandingError, match="no such bucket") as caught:
        run(warehouse, landing=StoreUrl("s3", "elsewhere"))

    assert caught.value.code == "landing-missing"


@pytest.mark.promise("landing")
def test_a_server_that_is_down_is_told_with_no_secret(
    bucket: Bucket, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(LandingError, match="does not answer") as caught:
        run(warehouse)

    assert caught.value.code == "landing-unreadable"
    told = str(caught.value) + (warehouse / "runs.jsonl").read_text(encoding="utf-8")
    assert ACCESS not in told
    assert SECRET not in told


def test_an_empty_prefix_is_an_error_once_pages_are_known(bucket: Bucket, warehouse: Path) -> None:
    assert run(warehouse).outcome == "idle"
    bucket.put("saved/a.txt", render(project("Alfa")))
    run(warehouse)
    with pytest.raises(LandingError) as caught:
        run(warehouse, landing=StoreUrl("s3", "pages", "misspelled"))

    assert caught.value.code == "landing-empty"


def test_a_page_that_is_too_large_is_refused_and_not_fetched_whole(bucket: Bucket, warehouse: Path) -> None:
    bucket.put("saved/a.txt", "x" * 100_000)

    assert run(warehouse, max_page_bytes=1000).rejected == 1
    assert rows(warehouse, "SELECT code, size_bytes FROM etl.reject JOIN etl.landing_file USING (path)") == [
        ("too-large", 100_000)
    ]


def test_a_reject_of_a_contract_knows_its_line(bucket: Bucket, warehouse: Path, job: Job) -> None:
    page = render(project("Alfa")).replace("400\u00a0000 kr", "4\u00a0000\u00a0000 kr")
    bucket.put("saved/a.txt", page)
    job.put("a.txt", page)
    query = "SELECT path, code, line, message FROM etl.reject"

    assert (run(warehouse).rejected, job.ingest().rejected) == (1, 1)
    assert rows(warehouse, query) == job.rows(query)
    assert rows(warehouse, query)[0][2] is not None


def test_verify_and_forget_take_the_url_too(bucket: Bucket, warehouse: Path) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    bucket.put("saved/b.txt", render(project("Beta", contact=None)))
    run(warehouse)
    settings = IngestSettings(landing=URL, warehouse=warehouse, settle_s=0.0)

    found = verify(settings, with_landing=True, read=True)
    assert found.ok, [check for check in found.checks if check.state == "wrong"]
    assert {check.name: check.state for check in found.checks}["landing files"] == "ok"
    result = forget(settings, "kim.exempel@kommunen.example")
    assert (result.landing_files, result.unsearched) == (["a.txt"], [])


def test_a_landing_that_moved_into_a_bucket_is_no_news(bucket: Bucket, warehouse: Path, job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    bucket.put("saved/a.txt", render(project("Alfa")))
    job.ingest()

    assert run(job.warehouse).outcome == "idle"


def test_the_command_takes_a_url(bucket: Bucket, warehouse: Path, job: Job) -> None:
    bucket.put("saved/a.txt", render(project("Alfa")))
    done = job.command(
        "ingest", "--landing", str(URL), "--warehouse", str(warehouse), "--settle-s", "0", "--workers", "2", "--json"
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["loaded"] == 1


def test_a_warehouse_of_an_older_release_gets_the_column_with_the_next_publication(
    bucket: Bucket, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    from esf_etl import writing
    from esf_etl.warehouse import create

    newer = create.create_schema

    def older(connection: Any, database: str) -> None:
        newer(connection, database)
        connection.execute(f"ALTER TABLE {database}.etl.landing_file DROP COLUMN etag")

    job.put("a.txt", project("Alfa"))
    with monkeypatch.context() as patch:
        patch.setattr(writing, "create_schema", older)
        patch.setattr(create, "create_schema", older)
        patch.setattr("esf_etl.warehouse.upsert.script", _without_etag)
        job.ingest()
    assert "etag" not in {name for name, *_ in job.rows("DESCRIBE etl.landing_file")}
    settings = job.settings()
    assert verify(settings, with_landing=True, read=True).ok
    assert job.ingest().outcome == "idle"
    job.put("b.txt", project("Beta"))
    bucket.put("saved/c.txt", render(project("Gamma")))

    assert job.ingest().loaded == 1
    assert run(job.warehouse, landing_name="north").loaded == 1

    assert [bool(etag) for (etag,) in job.rows("SELECT etag FROM etl.landing_file ORDER BY path")] == [
        False,
        False,
        True,
    ]
    assert verify(settings, with_landing=True, read=True).ok


def _without_etag(name: str, names: Any = None) -> str:
    """Our SQL as it was."""
    from esf_etl.warehouse.database import script

    text = script(name, names)
    for now, then in (
        ("    seen.etag,\n", ""),
        (",\n        seen.etag AS etag", ""),
        ("JOIN work.ledger AS known", "JOIN base.etl.landing_file AS known"),
    ):
        text = text.replace(now, then)
    return text


@pytest.mark.parametrize(
    ("url", "kind", "variables"),
    [
        ("s3://pages/a", "S3Store", {}),
        ("gs://pages/a", "GCSStore", {"GOOGLE_SKIP_SIGNATURE": "true"}),
        ("az://pages/a", "AzureStore", {"AZURE_STORAGE_ACCOUNT_NAME": "invented", "AZURE_SKIP_SIGNATURE": "true"}),
    ],
)
def test_each_kind_of_url_opens_its_store(
    bucket: Bucket, url: str, kind: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert type(esf_etl.objects.open_store(StoreUrl.read(url))).__name__ == kind


def test_without_its_extra_a_url_says_which_to_install(job: Job) -> None:
    code = (
        "import sys; sys.modules['obstore'] = None\n"
        "from esf_etl.cli import main\n"
        f"sys.exit(main(['ingest', '--landing', 's3://pages/a', '--warehouse', {str(job.warehouse)!r}]))"
    )
    done = job.python("-c", code)

    assert done.returncode == 1
    assert "esf-etl[lake]" in done.stderr


def test_a_folder_never_loads_what_knows_object_stores(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from esf_etl.pipeline import ingest\nfrom esf_etl.settings import IngestSettings\n"
        f"ingest(IngestSettings(landing=Path({str(job.landing)!r}), warehouse=Path({str(job.warehouse)!r})))\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('obstore', 'distributed', 'dask')])"
    )
    done = job.python("-c", code)

    assert done.stdout == "[]\n", done.stderr

"""One landing folder by every way to load it: processes, a cluster, a bucket, a lake, and all of them together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.corpus import Corpus
from esf_etl import render
from esf_etl.address import read_address
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings
from esf_etl.summary import COUNTS
from esf_etl.warehouse import journal, reading
from esf_etl.warehouse.lake.address import Lake, read_lake
from tests.flows.conftest import PREFECT, UNREADABLE, project
from tests.flows.test_cluster import QUERIES, Cluster, make_cluster
from tests.integration.object_store import BUCKET, Bucket, s3_server
from tests.lake.conftest import Server, postgres

__all__ = ["make_cluster", "postgres"]

pytestmark = [*PREFECT, pytest.mark.slow]

PROJECTS, REJECTS = 57, 3


@dataclass(frozen=True, slots=True)
class Ways:
    """A landing folder, the same pages in a bucket, and what they come to."""

    landing: Path
    bucket: Bucket
    folder: Path
    postgres: Server
    monkeypatch: pytest.MonkeyPatch

    def load(self, name: str, *, cluster: str | None = None, lake_data: str | None = None, **said: Any) -> list[Any]:
        """What a way comes to: the digest, the counts of the run, and the rows that say what became of each file."""
        own = self.folder / name
        own.mkdir()
        place: Path | Lake = own / "warehouse"
        address = None
        if lake_data is not None:
            address = f"ducklake:postgres:{self.postgres.make_database()}"
            place = read_lake(address)
        if cluster is None:
            landing = read_address(said.pop("landing"))
            ingest(
                IngestSettings(
                    landing=landing, warehouse=own / "warehouse", lake=address, lake_data=lake_data, settle_s=0, **said
                )
            )
        else:
            self._flow(own, cluster, address, lake_data, said)
        last = journal.read(own / "warehouse" / "runs.jsonl")[-1]
        assert (last["outcome"], last["loaded"], last["rejected"]) == ("published", PROJECTS, REJECTS)
        counts = [last[count] for count in COUNTS]
        return [reading.warehouse_digest(place), counts, *(reading.run_query(place, query) for query in QUERIES)]

    def _flow(self, own: Path, cluster: str, address: str | None, lake_data: str | None, said: dict[str, Any]) -> None:
        from esf_flows.nightly import nightly

        with self.monkeypatch.context() as patch:
            patch.setenv("ESF_ETL_WAREHOUSE", str(own / "warehouse"))
            if lake_data is not None:
                patch.setenv("ESF_ETL_LAKE_DATA", lake_data)
            asked: list[Any] = []
            patch.setattr("esf_flows.nightly.refresh_page", lambda *what, **_: asked.append(what))
            state = nightly(cluster=cluster, warehouse=address, settle_s=0, retries=0, **said, return_state=True)
        assert (state.type, state.name) == ("COMPLETED", "Completed with rejects"), state.message
        assert len(asked) == 1  # a lake has its report page, too


@pytest.fixture
def ways(api: httpx.Client, postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ways]:
    corpus = Corpus.at(tmp_path / "corpus", PROJECTS)
    monkeypatch.setattr("esf_etl.intake._FILES_A_CHUNK", 10)
    landing = corpus.folder
    (landing / "news.txt").write_text("Logotyp på utskrifter\n\nEn nyhet\n\nMed text.\n", encoding="utf-8")
    (landing / "empty.txt").write_bytes(b"")
    (landing / "unreadable.txt").write_text(render(project(4)).replace("400\u00a0004 kr", UNREADABLE), encoding="utf-8")
    with s3_server() as bucket:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in bucket.environment().items():
            monkeypatch.setenv(name, value)
        for path in landing.rglob("*.txt"):
            bucket.put(f"saved/{path.relative_to(landing)}", path.read_bytes())
        yield Ways(landing, bucket, tmp_path, postgres, monkeypatch)


def test_every_way_to_load_the_pages_comes_to_the_same(
    ways: Ways, make_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    folder, url, staging = str(ways.landing), f"s3://{BUCKET}/saved", f"s3://{BUCKET}/staging"
    alone = ways.load("alone", landing=folder)
    cluster = make_cluster()
    cluster.worker()
    cluster.worker()
    where = cluster.address

    assert ways.load("processes", landing=folder, workers=2) == alone
    assert ways.load("cluster", landing=folder, cluster=where) == alone
    assert ways.load("bucket", landing=url) == alone
    assert ways.load("bucket-and-cluster", landing=url, cluster=where, staging=staging) == alone
    assert ways.load("lake", landing=folder, lake_data=str(tmp_path / "data")) == alone
    assert ways.load("lake-and-cluster", landing=folder, cluster=where, lake_data=str(tmp_path / "data-2")) == alone
    everything = {"landing": url, "cluster": where, "staging": staging, "lake_data": f"s3://{BUCKET}/lake"}
    assert ways.load("everything", **everything) == alone
    assert [found["path"] for page in ways.bucket.store.list("lake") for found in page]
    assert [found["path"] for page in ways.bucket.store.list("staging") for found in page] == []

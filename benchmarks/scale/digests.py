"""One corpus by every way to load it: each must end with the same digest."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.scale.object_store import BUCKET, s3_server
from benchmarks.scale.site import Site, postgres, upload
from benchmarks.scale.table import as_table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    from benchmarks.corpus import Corpus
    from benchmarks.scale.object_store import Bucket
    from benchmarks.scale.postgres import Server

__all__ = ["digests", "ways"]

_DASK = {"cluster": "local", "workers": "2"}


def ways(corpus: Corpus, folder: Path, server: Server, bucket: Bucket, url: str) -> Iterator[tuple[str, Site]]:
    """Each way by name; `url` is where the pages lie in the bucket."""
    here = {"landing": str(corpus.folder)}

    def site(name: str, said: dict[str, str], *, lake: str = "", s3: bool = False) -> tuple[str, Site]:
        own = folder / name.replace(" ", "-").replace(",", "")
        own.mkdir()
        if lake:
            said = said | {"lake": f"ducklake:postgres:{server.make_database()}", "lake_data": lake.format(own=own)}
        return name, Site(own, said, bucket if s3 else None)

    yield site("folder, local processes", here | {"workers": "2"})
    yield site("folder, Dask", here | _DASK)
    yield site("S3, local processes", {"landing": url, "workers": "2"}, s3=True)
    yield site("S3, Dask, rows by S3", {"landing": url, "staging": f"s3://{BUCKET}/staging", **_DASK}, s3=True)
    yield site("folder, lake in a folder", here | {"workers": "2"}, lake="{own}/lake")
    yield site("folder, lake in S3", here | {"workers": "2"}, lake=f"s3://{BUCKET}/lake-1", s3=True)
    yield site(
        "S3, Dask, lake in S3",
        {"landing": url, "staging": f"s3://{BUCKET}/staging", **_DASK},
        lake=f"s3://{BUCKET}/lake-2",
        s3=True,
    )


def digests(args: Namespace, corpus: Corpus, folder: Path, tell: Callable[[str], None]) -> int:
    """Load the corpus by each way, print a line of JSON for each and a table; 1 where a digest differs, else 0."""
    del args
    rows: list[list[str | float]] = []
    with ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="postgres-", dir=folder))
        server = stack.enter_context(postgres(Path(place)))
        bucket = stack.enter_context(s3_server())
        tell(f"{corpus.pages:,} pages into the bucket")
        url = upload(corpus, bucket, "saved")
        for name, site in ways(corpus, folder, server, bucket, url):
            tell(name)
            done = site.run()
            printed, digest = done.printed, site.digest()
            assert printed["loaded"] == corpus.pages, (name, printed)
            said = {"process_s": done.elapsed_s, "run_s": printed["elapsed_s"], "stages_s": printed["stages_s"]}
            print(json.dumps({"pages": corpus.pages, "way": name, **said, "digest": digest}), flush=True)
            rows.append([name, done.elapsed_s, printed["elapsed_s"], printed["stages_s"]["parse"], done.cpu_s, digest])
    print("\n" + as_table(["", "process s", "run s", "parse s", "CPU s", "digest"], rows))
    different = len({row[-1] for row in rows})
    print(f"\n{'all digests are equal' if different == 1 else f'{different} DIFFERENT DIGESTS'}")
    return int(different != 1)

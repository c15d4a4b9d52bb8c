"""Rows on their way from the workers of a cluster to the run: files in a shared folder, or in an object store."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.address import StoreUrl, is_url
from esf_etl.errors import EsfEtlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from esf_etl.batch import ChunkTask
    from esf_etl.settings import IngestSettings

__all__ = ["Staging", "StagingError", "put_into", "staging_for"]

_FOLDER_MODE = 0o700


class StagingError(EsfEtlError):
    """The workers and the run do not see the same files."""

    code = "staging-not-shared"


@dataclass(frozen=True, slots=True)
class Staging:
    """Where the workers of one run lay rows: a folder, or the URL of a place in an object store, of this run only."""

    place: str

    def fetch(self, there: Mapping[str, str], wanted: Mapping[str, str]) -> Mapping[str, str]:
        """Bring the files of a chunk to where its task wants them. Raises `StagingError`, `LandingError`."""
        for name, path in there.items():
            if is_url(path):
                from esf_etl.objects import fetch

                fetch(StoreUrl.read(path), Path(wanted[name]))
                continue
            try:
                shutil.move(path, wanted[name])
            except FileNotFoundError as problem:
                raise _not_shared(self.place) from problem
        return wanted


@contextmanager
def staging_for(settings: IngestSettings, task: ChunkTask) -> Iterator[Staging]:
    """A place of its own for the rows of a run, below the one of the settings; it is removed with all that is left."""
    own = f"chunks-{uuid.uuid4().hex}"
    if isinstance(settings.staging, StoreUrl):
        from esf_etl.objects import remove_below

        url = settings.staging.below(own)
        try:
            yield Staging(str(url))
        finally:
            remove_below(url)
        return
    root = settings.staging or Path(next(iter(task.aside.values()))).parent
    folder = root.absolute() / own
    try:
        folder.mkdir(_FOLDER_MODE)
    except OSError as problem:
        msg = f"the folder for rows cannot be used: {problem.strerror}."
        raise StagingError(msg, path=str(root), advice="Name one that this machine and all workers share.") from problem
    try:
        yield Staging(str(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def put_into(place: str, names: Mapping[str, str]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """For a worker: where to write the file of each table, and where it is found once the context ends.

    Names are not used twice: where a worker that was given up still writes, it writes another file than its successor.
    """
    own = uuid.uuid4().hex
    files = {name: f"{Path(path).name}.{own}" for name, path in names.items()}
    if not is_url(place):
        folder = Path(place)
        if not folder.is_dir():
            raise _not_shared(place)
        there = {name: str(folder / file) for name, file in files.items()}
        yield there, there
        return
    from esf_etl.objects import put

    url = StoreUrl.read(place)
    with tempfile.TemporaryDirectory(prefix="esf-etl-") as folder_name:
        here = {name: str(Path(folder_name) / file) for name, file in files.items()}
        yield here, {name: str(url.below(file)) for name, file in files.items()}
        for name, file in files.items():
            put(url.below(file), Path(here[name]))


def _not_shared(place: str) -> StagingError:
    msg = "the workers of the cluster and this machine do not share the folder for rows."
    advice = "Mount it everywhere at the same path, or name another folder or s3://bucket/prefix as staging."
    return StagingError(msg, path=place, advice=advice)

"""Pages in an object store (S3, Google's, Azure's): what lies there, and their bytes. No page is ever changed.

Imported only where a landing is the URL of such a place. Credentials, region and endpoint come from the environment
(`AWS_…`, `GOOGLE_…`, `AZURE_…`), which the library that speaks with the stores reads itself.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, NoReturn

from esf_etl.address import StoreUrl
from esf_etl.errors import LandingError, MissingExtra
from esf_etl.landing import PARTIAL_PREFIXES, LandingFile, is_page_name, name_of, path_text

try:
    import obstore
    from obstore.exceptions import BaseError, GenericError, InvalidPathError, PermissionDeniedError, PreconditionError
    from obstore.exceptions import UnauthenticatedError as Unauthenticated
    from obstore.store import AzureStore, GCSStore, S3Store
except ModuleNotFoundError as problem:
    _msg = f"a landing in an object store needs the package {problem.name}, which is not installed."
    raise MissingExtra(_msg, advice="Install it with: pip install 'esf-etl[lake]'") from problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from obstore import GetOptions, ObjectMeta
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

__all__ = ["fetch", "open_store", "put", "read_objects", "read_pages", "remove_below", "scan_objects"]

_READS_AT_ONCE = 16
"""So many pages of a chunk are asked for at a time: a page takes as long to arrive as a hundred to be parsed."""
_KEYS_A_PAGE = 1000

_FIRST_PAUSE = timedelta(seconds=0.2)
_RETRY: RetryConfig = {
    "max_retries": 6,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": _FIRST_PAUSE, "max_backoff": timedelta(seconds=10), "base": 2},
}
"""A server's errors, broken connections and timeouts are tried again, half a minute in all."""
_CLIENT: ClientConfig = {"timeout": timedelta(seconds=30), "connect_timeout": timedelta(seconds=5)}

_MAX_BROKEN_OFF = 3

_STATUS = re.compile(r"non-2xx status code: (\d+)")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_BUCKET_CODES = {"NoSuchBucket", "ContainerNotFound", "InvalidBucketName"}
_ENVIRONMENT = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}


def open_store(url: StoreUrl) -> ObjectStore:
    """The store of a bucket, by the kind of its URL; nothing is sent yet. Raises `LandingError`."""
    # The one variable that the library does not look at where it is given options.
    allow_http = os.environ.get(f"{_ENVIRONMENT[url.scheme]}ALLOW_HTTP", "").casefold() in {"1", "true", "yes"}
    client: ClientConfig = {**_CLIENT, "allow_http": allow_http}
    try:
        if url.scheme == "s3":
            return S3Store(url.bucket, client_options=client, retry_config=_RETRY)
        if url.scheme == "gs":
            return GCSStore(url.bucket, client_options=client, retry_config=_RETRY)
        return AzureStore(url.bucket, client_options=client, retry_config=_RETRY)
    except (BaseError, ValueError, OSError) as problem:
        msg = "the object store cannot be opened with what the environment says of it."
        advice = f"Check the variables that begin with {_ENVIRONMENT[url.scheme]}: see docs/scale.md."
        raise LandingError(msg, path=str(url), code="landing-unreadable", advice=advice) from problem


def scan_objects(
    url: StoreUrl, *, settle_s: float, passed_over: list[str], now_ns: int | None = None
) -> Iterator[LandingFile]:
    """The `*.txt` objects below the prefix, in the order of their keys; a page of the list is held at a time.

    The times of a file are when its object was written; its `etag` is what tells it from another one of that name.
    Hidden and partial names are ignored as on a disk. Raises `LandingError`, also for a key that is no path (see
    docs/scale.md).
    """
    del passed_over  # an object store has no links or pipes
    now = time.time_ns() if now_ns is None else now_ns
    settle_ns = int(settle_s * 1e9)
    skip = len(url.key_of(""))
    for found in _listed(url):
        name = found["path"][skip:]
        *folders, last = name.split("/")
        if not is_page_name(last) or any(folder.startswith(PARTIAL_PREFIXES) for folder in folders):
            continue
        mtime_ns = _nanoseconds(found["last_modified"])
        young = abs(now - mtime_ns) < settle_ns
        yield LandingFile(path_text(name), found["size"], mtime_ns, mtime_ns, young, found["e_tag"])


def _listed(url: StoreUrl) -> Iterator[ObjectMeta]:
    """All objects below the prefix. A list that breaks off is taken up again after the last key that came."""
    store = open_store(url)
    last: str | None = None
    broke_off = 0
    while True:
        try:
            for page in obstore.list(store, url.prefix or None, offset=last, chunk_size=_KEYS_A_PAGE):
                yield from page
                last = page[-1]["path"]
                broke_off = 0
        except (BaseError, OSError, ValueError) as problem:
            broke_off += 1
            if not _is_broken_off(problem) or broke_off > _MAX_BROKEN_OFF:
                _raise(url, problem)
            time.sleep(_pause_s(broke_off))
        else:
            return


def _is_broken_off(problem: Exception) -> bool:
    """Whether an answer began and did not end, which the library does not try again by itself."""
    return isinstance(problem, GenericError) and "body" in str(problem).partition("\n")[0]


def _pause_s(attempt: int) -> float:
    return _FIRST_PAUSE.total_seconds() * float(2 ** (attempt - 1))


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000


def read_objects(root: str, files: Iterable[tuple[str, str | None]], *, limit: int) -> Iterator[bytes | OSError | None]:
    """For each path and ETag, in order: its bytes, at most `limit` + 1 of them.

    None where it is gone or another one by now; an `OSError` where this object is refused although the place can be
    listed. A few are asked for at a time. Raises `LandingError` where the store is not there.
    """
    url = StoreUrl.read(root)
    store = open_store(url)

    def read(file: tuple[str, str | None]) -> bytes | OSError | None:
        path, etag = file
        try:
            return _whole(store, url.key_of(name_of(path)), etag, limit)
        except PreconditionError:
            return None
        except FileNotFoundError as problem:
            if _code(problem) in _BUCKET_CODES:
                _raise(url, problem)
            return None
        except (PermissionDeniedError, Unauthenticated) as problem:
            _can_be_listed(url, store)
            return PermissionError(13, f"the object store refuses it ({_said(problem)})")
        except (BaseError, OSError, ValueError) as problem:
            _raise(url, problem)

    waiting = iter(files)
    with ThreadPoolExecutor(_READS_AT_ONCE, thread_name_prefix="objects") as pool:
        under_way = deque(pool.submit(read, file) for file in islice(waiting, 2 * _READS_AT_ONCE))
        try:
            while under_way:
                data = under_way.popleft().result()
                under_way.extend(pool.submit(read, file) for file in islice(waiting, 1))
                yield data
        finally:
            for future in under_way:
                future.cancel()


def read_pages(url: StoreUrl, paths: Iterable[str], *, limit: int) -> Iterator[tuple[str, bytes | OSError]]:
    """For each path its bytes as they are now, at most `limit` + 1 of them, or why they cannot be had."""
    asked: deque[str] = deque()

    def remembered() -> Iterator[tuple[str, None]]:
        for path in paths:
            asked.append(path)
            yield path, None

    for data in read_objects(str(url), remembered(), limit=limit):
        yield asked.popleft(), FileNotFoundError(2, "it is gone") if data is None else data


def _whole(store: ObjectStore, key: str, etag: str | None, limit: int) -> bytes:
    for attempt in range(1, _MAX_BROKEN_OFF + 1):
        try:
            return _get(store, key, etag, limit)
        except GenericError as problem:
            if not _is_broken_off(problem):
                raise
            time.sleep(_pause_s(attempt))
    return _get(store, key, etag, limit)


def _get(store: ObjectStore, key: str, etag: str | None, limit: int) -> bytes:
    options: GetOptions = {"if_match": etag} if etag else {}
    found = obstore.get(store, key, options=options)
    if found.meta["size"] <= limit:
        return bytes(found.bytes())
    # Larger than is taken: so much of it as shows that.
    found = obstore.get(store, key, options={**options, "range": (0, limit + 1)})
    return bytes(found.bytes())


def _can_be_listed(url: StoreUrl, store: ObjectStore) -> None:
    """Raise `LandingError` unless the place can be listed: then it is not the object that is refused, it is us."""
    try:
        next(iter(obstore.list(store, url.prefix or None, chunk_size=1)), None)
    except (BaseError, OSError, ValueError) as problem:
        _raise(url, problem)


def _raise(url: StoreUrl, problem: Exception) -> NoReturn:
    raise _store_error(url, problem) from problem


def _store_error(url: StoreUrl, problem: Exception) -> LandingError:
    """What went wrong with a store, in words of ours: what it said could name a key of access."""
    place = str(url)
    if isinstance(problem, InvalidPathError):
        named = re.search(r'Path "(.*?)"', str(problem))
        key = ascii(named[1]) if named else "one of its keys"
        msg = f"the key {key} has a part that is empty, . or .., or a control character: it is no path."
        advice = "Rename or remove that object, or name a longer prefix."
        return LandingError(msg, path=place, code="landing-unreadable", advice=advice)
    if _code(problem) in _BUCKET_CODES:
        msg = f"there is no such bucket ({_said(problem)})."
        return LandingError(msg, path=place, code="landing-missing", advice="Is it spelled right? See --landing.")
    said = _said(problem)
    prefix = _ENVIRONMENT[url.scheme]
    variables = f"the variables that begin with {prefix}"
    if said is None:
        msg = "the object store does not answer."
        advice = f"Is the endpoint right? Check {variables}; plain HTTP is refused without {prefix}ALLOW_HTTP=true."
    elif said.startswith(("401", "403")):
        msg = f"the object store refuses us ({said})."
        advice = f"Check the credentials, {variables}, and whether they may list and read the bucket."
    else:
        msg = f"the object store answers with an error ({said})."
        advice = "Try again; nothing was published."
    return LandingError(msg, path=place, code="landing-unreadable", advice=advice)


def _code(problem: Exception) -> str | None:
    found = _CODE.search(str(problem))
    return found[1] if found else None


def _said(problem: Exception) -> str | None:
    """Status and code of an answer; None where there was none."""
    status = _STATUS.search(str(problem))
    if status is None:
        return "403" if isinstance(problem, PermissionDeniedError | Unauthenticated) else None
    code = _code(problem)
    return f"{status[1]} {code}" if code else status[1]


def put(url: StoreUrl, file: Path) -> None:
    """Write a file of ours to a place of ours. Raises `LandingError`."""
    try:
        obstore.put(open_store(url), url.prefix, file)
    except (BaseError, OSError, ValueError) as problem:
        _raise(url, problem)


def fetch(url: StoreUrl, file: Path) -> None:
    """Bring an object of ours into a file, a part at a time. Raises `LandingError`."""
    try:
        with file.open("wb") as sink:
            for part in obstore.get(open_store(url), url.prefix):
                sink.write(part)
    except (BaseError, FileNotFoundError, ValueError) as problem:
        _raise(url, problem)


def remove_below(url: StoreUrl) -> None:
    """Remove all objects below a place of ours. Raises `LandingError`."""
    store = open_store(url)
    try:
        for page in obstore.list(store, url.prefix, chunk_size=_KEYS_A_PAGE):
            obstore.delete(store, [found["path"] for found in page])
    except (BaseError, OSError, ValueError) as problem:
        _raise(url, problem)

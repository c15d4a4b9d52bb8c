"""The landing, be it a folder or a place in an object store: what lies there, and the bytes of its pages.

What knows object stores is imported only where the landing is in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl import landing as folder
from esf_etl.address import StoreUrl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from esf_etl.landing import LandingFile

__all__ = ["page_bytes", "pages_bytes", "scan_landing"]


def scan_landing(landing: Path | StoreUrl, *, settle_s: float, passed_over: list[str]) -> Iterator[LandingFile]:
    """The page files of the landing, in no order; none of them is held. Raises `LandingError`."""
    if isinstance(landing, StoreUrl):
        from esf_etl.objects import scan_objects

        return scan_objects(landing, settle_s=settle_s, passed_over=passed_over)
    return folder.scan_landing(landing, settle_s=settle_s, passed_over=passed_over)


def pages_bytes(landing: Path | StoreUrl, paths: Iterable[str], *, limit: int) -> Iterator[tuple[str, bytes | OSError]]:
    """For each path its bytes, at most `limit` + 1 of them, or why they cannot be had. Raises `LandingError`."""
    if isinstance(landing, StoreUrl):
        from esf_etl.objects import read_pages

        yield from read_pages(landing, paths, limit=limit)
        return
    root = str(landing)
    for path in paths:
        try:
            yield path, folder.file_bytes(folder.location_of(root, path), limit=limit)
        except OSError as problem:
            yield path, problem


def page_bytes(landing: Path | StoreUrl, path: str, *, limit: int) -> bytes:
    """The bytes of one page. Raises `OSError`, `LandingError`."""
    [(_, data)] = pages_bytes(landing, [path], limit=limit)
    if isinstance(data, OSError):
        raise data
    return data

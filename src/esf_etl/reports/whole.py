"""Writing whole or not at all: a file or a folder is made beside its place and renamed into it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from esf_etl.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["file_written_whole", "folder_written_whole"]


@contextmanager
def file_written_whole(target: Path) -> Iterator[Path]:
    """The path of a file to write; when all went well it replaces `target`, otherwise nothing stays.

    It lies alone in a folder of its own, where whoever writes it may put what he needs meanwhile. Where `target` is a
    link, the file behind it is replaced.

    Raises `ExportError` where it cannot be written, or where something that is no file has its place.
    """
    target = target.resolve()
    if target.is_dir() or (target.exists() and not target.is_file()):
        msg = "there is a folder of this name." if target.is_dir() else "it is no regular file."
        raise ExportError(msg, path=str(target), code="export-in-the-way", advice="Name another file with --output.")
    with _beside(target) as folder:
        written = folder / target.name
        yield written
        _sync(written)
        written.replace(target)


@contextmanager
def folder_written_whole(target: Path) -> Iterator[Path]:
    """The path of an empty folder to fill; when all went well it replaces `target`, otherwise nothing stays.

    An older `target` is moved aside first, and back where the new one cannot take its place. Raises `ExportError` where
    the new one cannot be written.
    """
    target = target.resolve()
    with _beside(target) as folder:
        new, old = folder / "new", folder / "old"
        new.mkdir()
        yield new
        for path in new.rglob("*"):
            if path.is_file():
                _sync(path)
        if target.exists():
            target.rename(old)
        try:
            new.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder beside the target, on the same disk, which is gone in the end."""
    folder = target.parent / f".{target.name}.{uuid4().hex[:8]}.part"
    try:
        folder.mkdir()
        yield folder
    except OSError as problem:
        msg = f"it cannot be written: {problem.strerror or problem}."
        raise ExportError(
            msg,
            path=str(target),
            code="export-unwritable",
            advice="Check the path, its permissions and the disk's room.",
        ) from problem
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())

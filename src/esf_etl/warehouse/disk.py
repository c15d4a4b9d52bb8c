"""What a power cut must not undo is on the disk before the run goes on: files, and the folders that name them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["fsync", "make_folder"]


def fsync(path: Path) -> None:
    """Have a file or folder on the disk before going on: a power cut must not undo what was said to be done."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path, mode: int) -> None:
    """Make a folder where there is none, and those above it; each that was made is on the disk then.

    A file in a folder is lost with it, however well it was written itself. Raises `OSError`.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode, exist_ok=True)
        fsync(folder.parent)

"""Whether a run is at work in a warehouse: asked without touching its lock, which would stop a run that begins then."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from esf_etl.warehouse.folder import WarehouseFolder

__all__ = ["AtWork", "at_work"]

AtWork = Literal["yes", "no", "unknown"]

_LOCKS = Path("/proc/locks")


def at_work(folder: WarehouseFolder) -> AtWork:
    """Whether somebody holds the lock of the only writer; `unknown` where the holder is on a machine we cannot see.

    The kernel lists who holds a lock; the note of the holder beside the lock file survives one who was killed.
    """
    if _is_listed(folder.lock_file):
        return "yes"
    try:
        holder = json.loads(folder.lock_holder.read_text(encoding="utf-8"))
        pid, host = int(holder["pid"]), str(holder["host"])
    except FileNotFoundError:
        return "no"  # whoever lets the lock go removes the note first
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"
    if host != socket.gethostname():
        return "unknown"
    return "no" if _LOCKS.exists() or not _lives(pid) else "yes"


def _is_listed(lock_file: Path) -> bool:
    """Whether the kernel has a lock on this file. Its list names files by device and inode."""
    try:
        info = lock_file.stat()
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    place = f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}:{info.st_ino}"
    # "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF"; one that waits for the lock has "->" before FLOCK.
    return any(place in (words := line.split()) and "->" not in words for line in lines)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True

"""A program with all the processes that it starts: their seconds, and the bytes that they read and wrote.

`python -m benchmarks.scale.measured PROGRAM ARGUMENTS…` is a process in between: it inherits the processes whose own
parent ends before them (Linux's child subreaper), and with each that it waits for, the kernel adds up what it did.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Measured", "measure"]

_CHECKOUT = Path(__file__).resolve().parents[2]
_SET_CHILD_SUBREAPER = 36
_ENDED_S = 120.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What a program printed as its last line (JSON), and what it took, its processes included.

    Bytes are those that passed through calls of the system (`rchar` and `wchar` of /proc/PID/io): files in the page
    cache and sockets count, files mapped into memory do not.
    """

    printed: dict[str, Any]
    elapsed_s: float
    cpu_s: float
    read_bytes: int
    written_bytes: int


def measure(command: Sequence[str], environment: Mapping[str, str]) -> Measured:
    """Run `python` with these arguments in the checkout, and measure it.

    Raises `subprocess.CalledProcessError` where it fails; what it says on stderr is shown.
    """
    os.sync()  # what others wrote is on the disk first, so that this program does not pay for it
    whole = [sys.executable, "-m", "benchmarks.scale.measured", sys.executable, *command]
    ended = subprocess.run(whole, check=True, stdout=subprocess.PIPE, cwd=_CHECKOUT, env=environment)  # noqa: S603
    return Measured(**json.loads(ended.stdout.splitlines()[-1]))


def main() -> int:
    """Run what the arguments say, and print what it took."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel knows no child subreaper")
    read_before, written_before = _bytes()
    started = time.perf_counter()
    ended = subprocess.run(sys.argv[1:], check=False, stdout=subprocess.PIPE)  # noqa: S603
    elapsed_s = time.perf_counter() - started
    if ended.returncode:
        return ended.returncode
    _wait_for_orphans()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    read, written = _bytes()
    found = Measured(
        printed=json.loads(ended.stdout.splitlines()[-1]),
        elapsed_s=round(elapsed_s, 3),
        cpu_s=round(used.ru_utime + used.ru_stime, 2),
        read_bytes=read - read_before,
        written_bytes=written - written_before,
    )
    print(json.dumps({name: getattr(found, name) for name in Measured.__slots__}))
    return 0


def _bytes() -> tuple[int, int]:
    lines = Path("/proc/self/io").read_text(encoding="utf-8").splitlines()
    said = dict(line.split(": ") for line in lines)
    return int(said["rchar"]), int(said["wchar"])


def _wait_for_orphans() -> None:
    """Wait for the processes that outlived their parent, such as the one that started those that parse."""
    until = time.monotonic() + _ENDED_S
    while True:
        try:
            found, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not found:
            assert time.monotonic() < until, "a process of the program has not ended"
            time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())

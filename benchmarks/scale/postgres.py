"""A PostgreSQL server of our own for benchmarks and tests: Debian's programs, on loopback, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

__all__ = ["Server", "programs", "running"]

_USER = "postgres"
_HASTY = "-c fsync=off"


@dataclass(frozen=True, slots=True)
class Server:
    """A server with its data in a folder of its own. A `hasty` one does not wait for the disk."""

    programs: Path
    data: Path
    port: int
    hasty: bool = True
    _as_user: list[str] = field(default_factory=list)

    def call(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs; what it prints is thrown away, since pg_ctl's server keeps a pipe open."""
        subprocess.run(  # noqa: S603
            self._command(program, *arguments),
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=self.data.parent,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        options += f" {_HASTY}" if self.hasty else ""
        self.call("pg_ctl", "-D", str(self.data), "-l", str(self.data.parent / "log"), "-o", options, "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it, and wait until it has ended."""
        self.call("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    def make_database(self) -> str:
        """A new, empty database; returns how libpq finds it."""
        name = f"lake_{uuid4().hex[:12]}"
        self.call("createdb", *self._where(), name)
        return f"host=127.0.0.1 port={self.port} user=esf dbname={name}"

    def ask(self, query: str, *, database: str = "postgres") -> str:
        """The answer of a query, as text."""
        return self._said("psql", *self._where(), "-AtXc", query, database).strip()

    def dump(self, database: str) -> str:
        """All that a database holds, as the SQL that would make it anew."""
        return self._said("pg_dump", *self._where(), "--inserts", database)

    def _said(self, program: str, *arguments: str) -> str:
        command = self._command(program, *arguments)
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=self.data.parent).stdout  # noqa: S603

    def _where(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "esf"]

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [*self._as_user, str(self.programs / program), *arguments]


def programs() -> Path | None:
    """Where PostgreSQL's programs lie on this machine, the newest of them; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


@contextmanager
def running(where: Path, folder: Path, *, hasty: bool = True) -> Iterator[Server]:
    """A new server of the programs at `where`, for as long as the context lasts.

    Its data lie in `folder`; for root, as whom it does not run, in one of its own below /tmp instead.
    """
    as_user: list[str] = []
    if os.geteuid() == 0:
        as_user = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]
        # Everything above the other folder belongs to root, for root alone.
        folder = Path(f"/tmp/esf-etl-postgres-{uuid4().hex[:8]}")  # noqa: S108 - its name cannot be guessed
        folder.mkdir(mode=0o700)
        shutil.chown(folder, _USER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(where, folder / "data", port, hasty, as_user)
    try:
        server.call("initdb", "-D", str(server.data), "-A", "trust", "-U", "esf", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""What a worker of a cluster does with a chunk, and what it is told to do so; no scheduler is known here."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from esf_etl import __version__
from esf_etl.address import is_url
from esf_etl.batch import parse_chunk
from esf_etl.errors import EsfEtlError, LandingError
from esf_etl.landing import location_of
from esf_etl.pages.parser import PARSER_VERSION
from esf_flows.staged import put_into
from esf_schemas.contact import stand_ins

if TYPE_CHECKING:
    from esf_etl.batch import Chunk, ChunkTask

__all__ = ["Answer", "Order", "WorkerOutdated", "hold_to_landing", "order_of", "parse_there"]


class WorkerOutdated(EsfEtlError):
    """A worker has another release of this library than the run."""

    code = "worker-outdated"


@dataclass(frozen=True, slots=True)
class Order:
    """A chunk to parse, where to lay its rows, and the release that asks for it."""

    task: ChunkTask
    place: str
    release: tuple[str, str] = (__version__, PARSER_VERSION)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it, with the places of its rows, and on which machine."""

    chunk: Chunk
    machine: str


def order_of(task: ChunkTask, place: str) -> Order:
    """The order for a task of the run: a folder by its whole path, since a worker starts in another one."""
    root = task.root if is_url(task.root) else str(Path(task.root).absolute())
    return Order(replace(task, root=root), place)


def parse_there(order: Order) -> Answer:
    """Parse the chunk; its rows lie at the place of the order when this returns. No contact is handed back."""
    machine = socket.gethostname()
    if order.release != (__version__, PARSER_VERSION):
        asked, have = " ".join(order.release), f"{__version__} {PARSER_VERSION}"
        msg = f"the worker on {machine} has esf_etl and parser {have}, the run has {asked}."
        raise WorkerOutdated(msg, advice="Install the same release on every machine of the cluster.")
    task = order.task
    if not is_url(task.root) and not Path(task.root).is_dir():
        raise _unseen(task.root, machine)
    with put_into(order.place, task.aside) as (here, there):
        chunk = parse_chunk(replace(task, aside=here))
    contact = pl.from_arrow(chunk.tables["contact"])
    assert isinstance(contact, pl.DataFrame)  # noqa: S101 - a table is no series
    schema = chunk.tables["contact"].schema
    tables = {**chunk.tables, "contact": stand_ins(contact).to_arrow().cast(schema)}
    return Answer(replace(chunk, tables=tables, aside=there), machine)


def hold_to_landing(task: ChunkTask, answer: Answer) -> None:
    """Raise `LandingError` where a worker found none of the files of a folder, and this machine does."""
    if is_url(task.root) or set(answer.chunk.files["state"].to_pylist()) != {"unsettled"}:
        return
    if any(Path(location_of(task.root, file.path)).is_file() for file in task.files):
        raise _unseen(task.root, answer.machine)


def _unseen(root: str, machine: str) -> LandingError:
    msg = f"the worker on {machine} does not see the pages of the landing folder."
    advice = "Mount the folder there at the same path, or use s3://bucket/prefix."
    return LandingError(msg, path=root, code="landing-missing", advice=advice)

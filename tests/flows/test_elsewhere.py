"""What a worker of a cluster does with a chunk, without a cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from esf_etl import render
from esf_etl.batch import ChunkTask, WaitingFile
from esf_etl.columns import to_arrow
from esf_etl.errors import LandingError
from esf_etl.pages.records import Contact
from esf_etl.settings import IngestSettings
from esf_etl.validate import validate
from esf_flows.elsewhere import Order, WorkerOutdated, hold_to_landing, order_of, parse_there
from esf_flows.staged import StagingError, staging_for
from esf_schemas import PROJECT_TABLES, STAGED_TABLES, staged_arrow_schema
from esf_schemas.contact import stand_ins
from tests.flows.conftest import CONTACT, project

SCHEMAS = {contract.table().name: staged_arrow_schema(contract) for contract in STAGED_TABLES}


def waiting(number: int, path: Path) -> WaitingFile:
    info = path.stat()
    return WaitingFile(number, path.name, info.st_size, info.st_mtime_ns, None)


@pytest.fixture
def task(landing: Path, tmp_path: Path) -> ChunkTask:
    """Three pages to read, whose rows the run wants in its staging folder."""
    staging = tmp_path / "staging"
    staging.mkdir()
    infos = {path.name: path.stat() for path in sorted(landing.iterdir())}
    files = [
        WaitingFile(number, name, info.st_size, info.st_mtime_ns, None)
        for number, (name, info) in enumerate(infos.items())
    ]
    names = [contract.table().name for contract in PROJECT_TABLES]
    aside = {name: str(staging / f"{name}.000000000.arrow") for name in names}
    return ChunkTask(str(landing), files, SCHEMAS, 100_000, aside)


def test_rows_go_by_way_of_files_to_where_the_run_wants_them(task: ChunkTask) -> None:
    with staging_for(IngestSettings(), task) as staging:
        answer = parse_there(order_of(task, staging.place))
        there = [Path(path) for path in answer.chunk.aside.values()]
        assert {path.parent for path in there} == {Path(staging.place)}
        again = parse_there(order_of(task, staging.place))
        assert not set(answer.chunk.aside.values()) & set(again.chunk.aside.values())
        aside = staging.fetch(answer.chunk.aside, task.aside)

    assert aside == task.aside
    assert not Path(staging.place).exists()
    assert replace(answer.chunk, aside=aside).all_tables()["project"].num_rows == 3


def test_nobody_s_contact_comes_back(task: ChunkTask, landing: Path) -> None:
    with staging_for(IngestSettings(), task) as staging:
        answer = parse_there(order_of(task, staging.place))

    contact = answer.chunk.tables["contact"]
    assert contact.num_rows == 3
    assert set(contact["name"].to_pylist()) == {"-"}
    assert str(CONTACT.email) in (landing / "page-1.txt").read_text(encoding="utf-8")
    assert CONTACT.email not in contact["email"].to_pylist()


ODD = [
    (None, None, None),
    ("Ada Exempelsson", "ada@example.se", "08-465 00 42"),
    (None, "no address", None),
    ("Ada", None, "ring på dörren"),
    (None, None, "08-465 00 42"),
    ("Ada", "a@b", ""),
]


def test_stand_ins_are_odd_where_the_contacts_are() -> None:
    pages = [replace(project(number), contact=Contact(*each)) for number, each in enumerate(ODD)]
    tables = to_arrow(pages, with_contacts=True)
    contacts = tables["contact"]
    frame = pl.from_arrow(contacts)
    assert isinstance(frame, pl.DataFrame)

    said = validate(tables)
    said_of_them = validate({**tables, "contact": stand_ins(frame).to_arrow().cast(contacts.schema)})

    odd = {"contact-missing", "email-malformed", "phone-malformed"}
    assert odd <= set(said.findings["rule"].to_pylist())
    assert said_of_them.findings.to_pylist() == said.findings.to_pylist()
    assert said_of_them.rejects.to_pylist() == said.rejects.to_pylist()


def test_another_release_parses_nothing(task: ChunkTask, tmp_path: Path) -> None:
    with pytest.raises(WorkerOutdated, match="Install the same release"):
        parse_there(Order(task, str(tmp_path), ("0.0.9", "1")))


def test_a_worker_that_does_not_share_the_folder_for_rows_says_so(task: ChunkTask, tmp_path: Path) -> None:
    with pytest.raises(StagingError, match="do not share"):
        parse_there(order_of(task, str(tmp_path / "not-mounted")))


def test_rows_that_the_run_does_not_find_are_told(task: ChunkTask) -> None:
    with staging_for(IngestSettings(), task) as staging:
        answer = parse_there(order_of(task, staging.place))
        for path in answer.chunk.aside.values():
            Path(path).unlink()
        with pytest.raises(StagingError, match="do not share"):
            staging.fetch(answer.chunk.aside, task.aside)


def test_a_folder_for_rows_of_its_own_may_be_named(task: ChunkTask, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    with staging_for(IngestSettings(staging=shared), task) as staging:
        assert Path(staging.place).parent == shared
    assert list(shared.iterdir()) == []
    with (
        pytest.raises(StagingError, match="cannot be used"),
        staging_for(IngestSettings(staging=tmp_path / "no"), task),
    ):
        pass


def test_a_worker_that_does_not_see_the_landing_folder_is_named(task: ChunkTask, tmp_path: Path) -> None:
    elsewhere = replace(task, root=str(tmp_path / "not-mounted"))
    with staging_for(IngestSettings(), task) as staging:
        with pytest.raises(LandingError, match="does not see the pages"):
            parse_there(order_of(elsewhere, staging.place))
        # An empty folder, as where a disk is not mounted: nothing of what was listed is there.
        Path(elsewhere.root).mkdir()
        answer = parse_there(order_of(elsewhere, staging.place))
    with pytest.raises(LandingError, match="does not see the pages"):
        hold_to_landing(task, answer)
    # Where it left this machine, too, it was no fault of the worker.
    hold_to_landing(elsewhere, answer)


def test_a_relative_folder_is_told_to_the_worker_whole(
    task: ChunkTask, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(landing.parent)
    relative = replace(task, root=landing.name)
    assert order_of(relative, "x").task.root == str(landing)


def test_a_page_without_a_contact_has_none_elsewhere_either(task: ChunkTask, landing: Path) -> None:
    path = landing / "page-1.txt"
    path.write_text(render(replace(project(1), contact=None)), encoding="utf-8")
    with staging_for(IngestSettings(), task) as staging:
        answer = parse_there(order_of(replace(task, files=[waiting(0, path)]), staging.place))

    assert [row["email"] for row in answer.chunk.tables["contact"].to_pylist()] == [None]

"""One run of the job over an ordinary landing folder: what is read, what is left, what is said."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import esf_etl.batch
from esf_etl import Contact, render
from esf_etl.errors import LandingError
from esf_etl.landing import file_bytes
from esf_etl.pipeline import ingest
from esf_etl.progress import STAGES, Silent
from tests.integration.conftest import Job, day, project


class Told(Silent):
    """Remembers what a run tells, and calls `at[stage]` when that stage begins."""

    def __init__(self, **at: Any) -> None:
        self.at = at
        self.stages: list[str] = []
        self.warnings: list[str] = []
        self.advanced: list[tuple[int, int]] = []

    def stage(self, name: str) -> None:
        self.stages.append(name)
        self.at.get(name, lambda: None)()

    def advance(self, done: int, total: int) -> None:
        self.advanced.append((done, total))

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def tree(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Everything below a folder, with what `stat` and the bytes say of it (but the time of the last access)."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        content = path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (info.st_mode, info.st_mtime_ns, info.st_ctime_ns, content)
    return found


def test_every_value_of_a_page_stands_in_its_column(job: Job) -> None:
    job.put("2011/a.txt", project("Alfa", partners=("Ett bolag", "Ett bolag")), on_day=3)
    job.ingest()

    columns = (
        "title, programme_period, diary_number, programme_area_code, programme_area, phase, owner, grant_sek,"
        " budget_sek, cofinancing_rate, period_start, period_end, region, nuts2_code, layout, contact_email_domain,"
        " landing, source_path, source_mtime_ns, cause"
    )
    assert job.rows(f"SELECT {columns} FROM project") == [
        (
            "Alfa",
            "2007-2013",
            None,
            "2",
            "Ökat arbetskraftsutbud",
            "Genomförande",
            "Stiftelsen Alfa",
            Decimal("400000.00"),
            Decimal("1000000.00"),
            None,
            date(2009, 1, 1),
            date(2010, 12, 31),
            "Sydsverige",
            "SE22",
            "glued-2007",
            "kommunen.example",
            "default",
            "2011/a.txt",
            day(3),
            "page",
        )
    ]
    assert job.rows("SELECT ordinal, section_key, heading, body FROM project_section ORDER BY ordinal") == [
        (1, "summary", "Sammanfattning", "Vi bygger broar."),
        (2, "background", "Bakgrund", "Broarna saknas."),
    ]
    assert job.rows("SELECT role, ordinal, name FROM project_organisation ORDER BY ALL") == [
        ("co_financier", 1, "Exempelkommunen"),
        ("co_financier", 2, "Exempelkommunen"),
        ("owner", 1, "Stiftelsen Alfa"),
        ("partner", 1, "Ett bolag"),
        ("partner", 2, "Ett bolag"),
    ]
    assert job.rows("SELECT ordinal, name, municipality_code, county_code, nuts2_code FROM project_municipality") == [
        (1, "Bjuv", "1260", "12", "SE22"),
        (2, "Håbo", "0305", "03", "SE12"),
    ]


def test_a_line_that_no_field_models_becomes_an_attribute(job: Job) -> None:
    page = render(project("Alfa")).replace("RegionSydsverige\n", "RegionSydsverige\nDiarie 2009-1\n")
    job.put("a.txt", page)
    job.ingest()

    assert job.rows("SELECT ordinal, label, value FROM project_attribute") == [(1, "Region", "Diarie 2009-1")]
    assert "label-unknown" in job.column("SELECT rule FROM etl.finding")


def test_the_same_folder_again_is_an_idle_run(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", project("Beta"))
    first = job.ingest()
    before = tree(job.warehouse / "snapshots")

    again = job.ingest()

    assert (first.outcome, first.loaded) == ("published", 2)
    assert (again.outcome, again.unchanged, again.loaded, again.snapshot) == ("idle", 2, 0, None)
    assert again.projects == 2
    assert tree(job.warehouse / "snapshots") == before
    assert [entry["event"] for entry in job.journal()] == ["started", "ended"] * 2


def test_only_what_is_new_or_changed_is_parsed(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        job.put(f"{name}.txt", project(name))
    job.ingest()
    read: list[str] = []

    def listen(path: str, *, limit: int) -> bytes:
        read.append(Path(path).name)
        return file_bytes(path, limit=limit)

    monkeypatch.setattr(esf_etl.batch, "file_bytes", listen)
    job.put("b.txt", project("b", phase="Förprojektering"))
    job.put("d.txt", project("d"))
    summary = job.ingest()

    assert sorted(read) == ["b.txt", "d.txt"]
    assert (summary.loaded, summary.unchanged) == (2, 2)


def test_the_landing_folder_is_left_as_it_was(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("sub/b.txt", "Ingen projektsida.\n")
    (job.landing / "notes.md").write_text("not a page")
    before = tree(job.landing)

    job.ingest()
    job.ingest(reprocess=True)

    assert tree(job.landing) == before


def test_a_dry_run_says_what_a_run_would_do_and_writes_nothing(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", "Ingen projektsida.\n")
    before = tree(tmp_path)

    summary = job.ingest(dry_run=True)

    assert tree(tmp_path) == before
    assert (summary.outcome, summary.loaded, summary.rejected, summary.snapshot) == ("published", 1, 1, None)
    assert summary.sentence() == "Would publish: 1 loaded, 1 rejected."


def test_a_dry_run_of_a_warehouse_that_is_there_writes_nothing_either(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    job.put("b.txt", project("Beta"))
    before = tree(tmp_path)

    assert job.ingest(dry_run=True).sentence() == "Would publish: 1 loaded, 1 unchanged."
    assert tree(tmp_path) == before
    (job.landing / "b.txt").unlink()
    assert job.ingest(dry_run=True).sentence() == "Would publish nothing: 1 unchanged."


def test_a_run_tells_its_stages_in_their_order(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    told = Told()

    summary = ingest(job.settings(), progress=told)

    assert told.stages == list(STAGES)
    assert told.advanced == [(1, 1)]
    assert set(summary.stages_s) == set(STAGES)


def test_each_coarse_step_is_handed_to_the_orchestrator_once(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    steps: list[str] = []

    def step(name: str, call: Any) -> None:
        steps.append(name)
        call()

    ingest(job.settings(), step=step)
    assert steps == ["look", "parse", "write", "audit", "publish"]
    steps.clear()
    ingest(job.settings(), step=step)
    assert steps == ["look"]


def test_a_missing_landing_folder_is_an_error(job: Job) -> None:
    job.landing.rmdir()
    with pytest.raises(LandingError, match="does not exist") as caught:
        job.ingest()
    assert caught.value.code == "landing-missing"
    assert job.journal()[-1]["error_code"] == "landing-missing"


def test_an_empty_landing_folder_is_an_error_while_the_ledger_knows_files(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    published = job.published()
    (job.landing / "a.txt").unlink()

    with pytest.raises(LandingError, match="the ledger knows 1") as caught:
        job.ingest()

    assert caught.value.code == "landing-empty"
    assert job.published() == published
    assert job.value("SELECT count(*) FROM etl.landing_file WHERE missing_since IS NULL") == 1


def test_an_empty_landing_folder_on_a_first_run_is_a_quiet_night(job: Job) -> None:
    told = Told()
    summary = ingest(job.settings(), progress=told)
    assert (summary.outcome, summary.files_seen) == ("idle", 0)
    assert any("has no page files" in warning for warning in told.warnings)
    assert job.published() is None


def test_a_young_file_waits_for_the_next_run(job: Job) -> None:
    job.put("old.txt", project("Alfa"))
    young = job.put("young.txt", project("Beta"))
    os.utime(young)

    first = job.ingest(settle_s=600.0)
    assert (first.loaded, first.deferred) == (1, 1)
    assert job.column("SELECT path FROM etl.landing_file") == ["old.txt"]

    second = job.ingest(settle_s=0.0)
    assert (second.loaded, second.deferred, second.unchanged) == (1, 0, 1)


def test_a_known_file_that_is_young_again_is_deferred_and_not_missing(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    os.utime(job.landing / "a.txt")

    summary = job.ingest(settle_s=600.0)

    assert (summary.outcome, summary.deferred, summary.vanished) == ("idle", 1, 0)


def test_a_file_that_changes_while_it_is_read_is_deferred(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", project("Beta"))

    def change() -> None:
        job.put("b.txt", project("Beta", owner="En annan ägare"), on_day=2)

    first = ingest(job.settings(), progress=Told(parse=change))
    assert first.law_holds
    assert (first.loaded, first.deferred) == (1, 1)

    assert job.ingest().loaded == 1
    assert job.value("SELECT owner FROM project WHERE title = 'Beta'") == "En annan ägare"


def test_a_file_that_leaves_while_the_run_looks_is_deferred_and_then_forgotten(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    path = job.put("b.txt", project("Beta"))

    first = ingest(job.settings(), progress=Told(parse=path.unlink))

    assert first.law_holds
    assert (first.loaded, first.deferred) == (1, 1)
    assert job.ingest().outcome == "idle"
    assert job.column("SELECT path FROM etl.landing_file") == ["a.txt"]


def test_what_is_no_regular_file_is_passed_over_with_a_note(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text(render(project("Beta")))
    (job.landing / "link.txt").symlink_to(elsewhere)
    os.mkfifo(job.landing / "pipe.txt")
    told = Told()

    summary = ingest(job.settings(), progress=told)

    assert (summary.files_seen, summary.loaded) == (1, 1)
    assert {Path(warning.split(" is no regular file")[0]).name for warning in told.warnings} == {"link.txt", "pipe.txt"}
    assert summary.warnings == told.warnings


def test_two_landing_folders_can_fill_one_warehouse(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("same.txt", project("Gamma"), on_day=1)
    other = Job(tmp_path / "other", job.warehouse)
    other.put("a.txt", project("Beta"))
    other.put("same.txt", project("Gamma", budget_sek=Decimal(2_000_000)), on_day=2)

    job.ingest(landing_name="north")
    second = other.ingest(landing_name="south")

    assert (second.loaded, second.vanished) == (2, 0)
    assert job.rows("SELECT title, landing, budget_sek FROM project ORDER BY title") == [
        ("Alfa", "north", 1_000_000),
        ("Beta", "south", 1_000_000),
        ("Gamma", "south", 2_000_000),
    ]
    assert job.rows("SELECT landing, path, outcome FROM etl.landing_file ORDER BY ALL") == [
        ("north", "a.txt", "loaded"),
        ("north", "same.txt", "loaded"),
        ("south", "a.txt", "loaded"),
        ("south", "same.txt", "loaded"),
    ]
    assert job.ingest(landing_name="north").outcome == "idle"
    assert other.ingest(landing_name="south").outcome == "idle"


def test_an_empty_second_landing_folder_is_judged_by_its_own_ledger(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest(landing_name="north")
    other = Job(tmp_path / "other", job.warehouse)
    other.landing.mkdir()
    assert other.ingest(landing_name="south").outcome == "idle"


def test_a_landing_folder_that_was_moved_is_no_news(job: Job, tmp_path: Path) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("sub/b.txt", project("Beta"))
    job.ingest()
    moved = Job(job.landing.rename(tmp_path / "elsewhere"), job.warehouse)
    assert moved.ingest().unchanged == 2


def test_a_landing_folder_whose_name_is_no_utf_8_is_read_like_any_other(tmp_path: Path) -> None:
    landing = Path(os.fsdecode(os.fsencode(tmp_path) + b"/sk\xe5ne"))
    landing.mkdir()
    job = Job(landing, tmp_path / "warehouse")
    job.put("a.txt", project("Alfa"))
    assert job.ingest().loaded == 1
    assert job.ingest().unchanged == 1


def test_folders_may_have_any_name(tmp_path: Path) -> None:
    odd = tmp_path / 'it\'s "odd"; -- åäö $x'
    job = Job(odd / "landing", odd / "warehouse")
    job.put('o\'page; "1".txt', project("Alfa"), on_day=1)
    job.ingest()
    job.put('o\'page; "1".txt', project("Alfa", owner="En annan ägare"), on_day=2)
    assert job.ingest(landing_name="north").loaded == 1
    assert job.value("SELECT count(*) FROM history.project") == 2


def test_reprocessing_the_same_pages_makes_no_new_version(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.put("b.txt", "Ingen projektsida.\n")
    job.ingest()
    digest = job.digest()

    summary = job.ingest(reprocess=True)

    assert (summary.unchanged, summary.same_content, summary.rejected) == (0, 1, 1)
    assert job.digest() == digest
    assert job.value("SELECT count(*) FROM history.project") == 1


def test_a_rebuild_begins_with_an_empty_warehouse(job: Job) -> None:
    job.put("a.txt", project("Alfa"), on_day=1)
    job.ingest()
    job.put("a.txt", project("Alfa", owner="En annan ägare"), on_day=2)
    job.put("b.txt", project("Beta"), on_day=2)
    job.ingest()
    digest = job.digest()

    summary = job.ingest(rebuild=True)

    assert (summary.loaded, summary.unchanged) == (2, 0)
    assert job.digest() == digest
    assert job.value("SELECT count(*) FROM history.project") == 2
    assert job.value("SELECT count(*) FROM etl.run") == 3


def test_two_workers_and_one_come_to_the_same_digest(job: Job, tmp_path: Path) -> None:
    start = date(2008, 1, 1)
    for number in range(1200):
        page = project(f"Projekt {number % 1100}", period_end=date(2010, 1, 1), budget_sek=Decimal(500_000 + number))
        page = replace(page, period_start=start + timedelta(days=number % 700), contact=Contact(phone="010-1"))
        job.put(f"{number % 7}/{number}.txt", page if number % 100 else "Ingen projektsida.\n", on_day=number % 5)
    other = job.fork(tmp_path / "other")

    two = job.ingest(workers=2)
    one = other.ingest(workers=1)

    counts = ("files_seen", "loaded", "same_content", "superseded", "rejected", "findings", "projects")
    assert {name: getattr(two, name) for name in counts} == {name: getattr(one, name) for name in counts}
    assert two.rejected == 12
    assert job.digest() == other.digest()


def test_a_process_that_is_killed_while_it_parses_fails_the_run(job: Job) -> None:
    job.put("a.txt", project("Alfa"))
    job.ingest()
    published = job.published()
    for number in range(3):
        job.put(f"{number}.txt", project(f"Projekt {number}"))
    script = (
        "import os, signal, sys\n"
        "import esf_etl.intake\n"
        "from pathlib import Path\n"
        "from esf_etl.parallel import WorkerDied\n"
        "from esf_etl.pipeline import ingest\n"
        "from esf_etl.settings import IngestSettings\n"
        ""
        "def killed(task):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        "    esf_etl.intake.parse_chunk = killed\n"
        "    try:\n"
        "        ingest(IngestSettings(landing=Path(sys.argv[1]), warehouse=Path(sys.argv[2]), workers=2))\n"
        "    except WorkerDied as problem:\n"
        "        sys.exit(problem.code)\n"
    )
    program = job.warehouse.parent / "killed.py"
    program.write_text(script)

    result = job.python(str(program), str(job.landing), str(job.warehouse))

    assert result.stderr.strip().endswith("worker-died")
    assert job.published() == published
    assert job.journal()[-1]["error_code"] == "worker-died"
    assert job.ingest().loaded == 3

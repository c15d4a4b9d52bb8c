"""Which of several pages of a project gives its current version: the newest by (mtime, path), however late it comes."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from esf_etl import Project, render
from tests.integration.conftest import Job, project


def says(budget: int, title: str = "Alfa") -> Project:
    return project(title, budget_sek=Decimal(budget) * 1_000_000)


def budget(job: Job, title: str = "Alfa") -> int:
    """The current budget of a project, in millions."""
    return int(job.value(f"SELECT budget_sek FROM project WHERE title = '{title}'")) // 1_000_000


def outcomes(job: Job) -> dict[str, str]:
    return dict(job.rows("SELECT path, outcome FROM etl.landing_file"))


def test_the_same_page_under_another_name_and_banner_is_the_same_content(job: Job) -> None:
    job.put("a.txt", says(1), on_day=1)
    job.ingest()
    banner = "Logotyp på utskrifter\n\nStäng\n\nVi har stängt på måndag.\n"
    job.put("b.txt", render(says(1)).replace("Logotyp på utskrifter\n", banner), on_day=2)

    summary = job.ingest()

    assert (summary.loaded, summary.same_content, summary.unchanged) == (0, 1, 1)
    assert job.rows("SELECT source_path FROM history.project") == [("a.txt",)]


def test_a_later_page_replaces_the_version(job: Job) -> None:
    job.put("a.txt", says(1), on_day=1)
    job.ingest()
    job.put("b.txt", says(2), on_day=2)
    assert job.ingest().loaded == 1
    assert budget(job) == 2


def test_a_page_older_than_the_version_is_superseded(job: Job) -> None:
    job.put("a.txt", says(1), on_day=2)
    job.ingest()
    job.put("b.txt", says(2), on_day=1)
    assert job.ingest().superseded == 1
    assert budget(job) == 1
    assert job.value("SELECT count(*) FROM history.project") == 1


def test_of_pages_of_the_same_moment_the_last_by_path_counts(job: Job) -> None:
    job.put("b.txt", says(2))
    job.ingest()
    job.put("a.txt", says(1))
    assert job.ingest().superseded == 1
    job.put("c.txt", says(3))
    assert job.ingest().loaded == 1
    assert budget(job) == 3


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_pages_may_arrive_in_any_order(order: tuple[int, ...], job: Job) -> None:
    for number in order:
        job.put(f"{number}.txt", says(number), on_day=number)
        job.ingest()
        assert budget(job) == max(order[: order.index(number) + 1])


def test_of_several_pages_in_one_run_the_newest_is_loaded_once(job: Job) -> None:
    for number in (1, 3, 2):
        job.put(f"{number}.txt", says(number), on_day=number)
    summary = job.ingest()
    assert (summary.loaded, summary.superseded) == (1, 2)
    assert budget(job) == 3
    assert outcomes(job) == {"1.txt": "superseded", "2.txt": "superseded", "3.txt": "loaded"}


def test_of_several_pages_that_say_the_same_the_oldest_brought_the_version(job: Job) -> None:
    for number in (2, 1, 3):
        job.put(f"{number}.txt", says(7), on_day=number)
    job.ingest()
    assert outcomes(job) == {"1.txt": "loaded", "2.txt": "same-content", "3.txt": "same-content"}
    assert job.value("SELECT source_path FROM project") == "1.txt"


def test_a_page_older_than_a_repetition_of_the_version_is_superseded(job: Job) -> None:
    job.put("a.txt", says(1), on_day=10)
    job.ingest()
    job.put("b.txt", says(1), on_day=20)
    job.ingest()
    job.put("c.txt", says(2), on_day=15)

    assert job.ingest().superseded == 1
    assert budget(job) == 1


def test_a_page_older_than_a_repetition_that_came_in_the_same_run_is_superseded(job: Job) -> None:
    job.put("a.txt", says(1), on_day=10)
    job.put("b.txt", says(1), on_day=20)
    job.ingest()
    job.put("c.txt", says(2), on_day=15)

    assert job.ingest().superseded == 1
    assert budget(job) == 1


def test_a_page_older_than_the_touched_page_of_the_version_is_superseded(job: Job) -> None:
    job.put("a.txt", says(1), on_day=10)
    job.ingest()
    job.touch("a.txt", on_day=30)
    job.put("c.txt", says(2), on_day=20)

    summary = job.ingest()

    assert (summary.unchanged, summary.superseded) == (1, 1)
    assert budget(job) == 1


def test_a_page_older_than_a_page_touched_in_an_idle_run_is_superseded(job: Job) -> None:
    job.put("a.txt", says(1), on_day=10)
    job.ingest()
    job.touch("a.txt", on_day=30)
    assert job.ingest().outcome == "idle"
    job.put("c.txt", says(2), on_day=20)

    assert job.ingest().superseded == 1
    assert budget(job) == 1


def test_a_superseded_page_that_is_touched_becomes_the_newest(job: Job) -> None:
    job.put("a.txt", says(1), on_day=1)
    job.put("b.txt", says(2), on_day=2)
    job.ingest()
    job.touch("a.txt", on_day=3)
    assert job.ingest().loaded == 1
    assert budget(job) == 1


def test_a_touched_page_is_the_newest_also_where_the_page_of_the_version_has_gone(job: Job) -> None:
    job.put("a.txt", says(1), on_day=1)
    job.put("b.txt", says(2), on_day=2)
    job.ingest()
    (job.landing / "b.txt").unlink()
    job.ingest()
    job.touch("a.txt", on_day=3)
    assert job.ingest().loaded == 1
    assert budget(job) == 1


def test_the_version_of_a_page_that_was_put_back_in_time_gives_way_to_a_newer_one(job: Job) -> None:
    job.put("a.txt", says(1), on_day=1)
    job.put("b.txt", says(2), on_day=2)
    job.ingest()
    job.touch("b.txt", on_day=0)
    assert job.ingest().loaded == 1
    assert budget(job) == 1


def test_a_project_keeps_its_version_when_its_page_leaves(job: Job) -> None:
    job.put("a.txt", says(1), on_day=2)
    job.put("other.txt", says(1, "Beta"))
    job.ingest()
    (job.landing / "a.txt").unlink()
    assert job.ingest().vanished == 1
    assert budget(job) == 1

    job.put("b.txt", says(2), on_day=1)
    assert job.ingest().superseded == 1, "older than the version that is loaded"
    job.put("c.txt", says(3), on_day=3)
    assert job.ingest().loaded == 1


def test_a_page_that_comes_back_is_no_new_version(job: Job) -> None:
    path = job.put("a.txt", says(1))
    job.put("other.txt", says(1, "Beta"))
    job.ingest()
    path.unlink()
    job.ingest()
    job.put("a.txt", says(1))
    summary = job.ingest()
    assert (summary.loaded, summary.same_content) == (0, 1)
    assert job.value("SELECT missing_since FROM etl.landing_file WHERE path = 'a.txt'") is None


def test_when_a_file_turns_to_another_project_the_other_page_of_the_first_counts_again(job: Job) -> None:
    job.put("a.txt", says(1), on_day=1)
    job.put("b.txt", says(2), on_day=2)
    job.ingest()
    job.put("b.txt", says(5, "Beta"), on_day=3)
    assert job.ingest().loaded == 2
    assert (budget(job), budget(job, "Beta")) == (1, 5)


def test_a_project_whose_only_file_turned_to_another_one_stays_as_it_was(job: Job) -> None:
    job.put("a.txt", says(1), on_day=1)
    job.ingest()
    job.put("a.txt", says(5, "Beta"), on_day=2)
    job.ingest()
    assert (budget(job), budget(job, "Beta")) == (1, 5)


def test_a_version_whose_file_turned_to_another_project_gives_way_to_any_page(job: Job) -> None:
    job.put("a.txt", says(1), on_day=3)
    job.ingest()
    job.put("a.txt", says(5, "Beta"), on_day=4)
    job.ingest()
    job.put("b.txt", says(2), on_day=1)
    assert job.ingest().loaded == 1
    assert budget(job) == 2


def test_a_file_that_was_broken_before_it_turned_to_another_project_leaves_the_first_to_its_other_page(
    job: Job,
) -> None:
    job.put("a.txt", says(1), on_day=1)
    job.put("b.txt", says(2), on_day=2)
    job.ingest()
    job.put("b.txt", "Ingen projektsida.\n", on_day=3)
    job.ingest()
    assert budget(job) == 2, "the earlier version stays while its file is rejected"
    job.put("b.txt", says(5, "Beta"), on_day=4)
    job.ingest()
    assert (budget(job), budget(job, "Beta")) == (1, 5)


def test_a_broken_file_that_is_mended_from_an_old_copy_leaves_the_project_to_the_newer_page(job: Job) -> None:
    job.put("a.txt", says(1), on_day=2)
    job.put("b.txt", says(2), on_day=3)
    job.ingest()
    job.put("b.txt", "Ingen projektsida.\n", on_day=4)
    job.ingest()
    job.put("b.txt", says(2), on_day=1)
    job.ingest()
    assert budget(job) == 1


def test_a_rewritten_page_that_kept_size_and_mtime_is_noticed(job: Job) -> None:
    job.put("a.txt", says(1))
    job.ingest()
    job.put("a.txt", says(2))
    assert job.ingest().loaded == 1
    assert budget(job) == 2


def test_a_page_going_back_to_what_it_said_before_is_a_new_version(job: Job) -> None:
    for number, content in enumerate((1, 2, 1)):
        job.put("a.txt", says(content), on_day=number)
        job.ingest()
    assert [int(value) for value in job.column("SELECT budget_sek FROM history.project ORDER BY valid_from")] == [
        1_000_000,
        2_000_000,
        1_000_000,
    ]


def test_pages_of_one_project_in_two_landing_folders_keep_the_order(job: Job, tmp_path: Path) -> None:
    other = Job(tmp_path / "other", job.warehouse)
    job.put("a.txt", says(1), on_day=10)
    job.put("b.txt", says(1), on_day=20)
    job.ingest(landing_name="north")
    other.put("c.txt", says(2), on_day=15)
    assert other.ingest(landing_name="south").superseded == 1
    other.put("c.txt", says(2), on_day=25)
    assert other.ingest(landing_name="south").loaded == 1
    assert budget(job) == 2

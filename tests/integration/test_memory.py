"""Memory keeps to its limit for pages of ordinary size, and is raised for large ones instead of failing the run."""

from __future__ import annotations

import random

import pytest

from esf_etl import Section
from esf_etl.warehouse import database
from tests.integration.conftest import Job, project


def prose(number: int, size: int) -> str:
    """Prose that does not compress away."""
    draw = random.Random(number)
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(size // 8)]
    return "\n\n".join(" ".join(words[start : start + 12]) + "." for start in range(0, len(words), 12))


def test_many_large_pages_are_loaded_on_the_first_night_and_kept_on_the_next(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "MEMORY_MB", 48)
    for number in range(20):
        page = project(f"Projekt {number}", sections=(Section("summary", "Sammanfattning", prose(number, 2_000_000)),))
        job.put(f"{number}.txt", page)

    assert job.ingest(workers=1).loaded == 20
    job.put("20.txt", project("Ett till"))
    assert job.ingest(workers=1).loaded == 1

    assert job.value("SELECT sum(length(body)) FROM project_section WHERE section_key = 'summary'") > 20 * 1_900_000


@pytest.mark.parametrize(
    ("sizes", "raised"),
    [
        ("SELECT 7000 AS size_bytes FROM range(1000000)", False),
        ("SELECT 60000 AS size_bytes FROM range(100000)", True),
        ("SELECT if(i < 50, 4000000, 7000) AS size_bytes FROM range(100000) AS t(i)", True),
        ("SELECT 4000000 AS size_bytes FROM range(10)", True),
        ("SELECT 1 AS size_bytes WHERE false", False),
        ("SELECT 7000 AS size_bytes FROM range(10000000)", True),
    ],
    ids=["a million ordinary ones", "all larger", "fifty large ones", "few, all large", "none", "ten million"],
)
def test_the_limit_is_raised_where_a_row_group_or_the_list_would_not_fit(sizes: str, raised: bool, job: Job) -> None:
    with database.workspace(job.landing) as connection:
        before = connection.execute("SELECT current_setting('memory_limit')").fetchone()
        database.fit_memory(connection, sizes)
        after = connection.execute("SELECT current_setting('memory_limit')").fetchone()

    assert (before != after) == raised

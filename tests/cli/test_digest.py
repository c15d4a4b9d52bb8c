"""`esf-etl digest`: equal digests, equal warehouses."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.conftest import Place, Run, esf_etl, project, put


def test_it_is_64_hexadecimal_digits_and_stays_the_same(published: Place, run: Run) -> None:
    first = run("digest", "--warehouse", published.warehouse)

    assert (first.code, first.err) == (0, "")
    assert re.fullmatch("[0-9a-f]{64}\n", first.out)
    assert run("digest", "--warehouse", published.warehouse).out == first.out
    assert esf_etl("digest", "--warehouse", published.warehouse, TZ="Asia/Tokyo").stdout == first.out


def test_json_is_the_same_digest(published: Place, run: Run) -> None:
    said = run("digest", "--warehouse", published.warehouse).out.strip()

    assert run("digest", "--json", "--warehouse", published.warehouse).json == {"digest": said}


def test_a_warehouse_that_is_rebuilt_from_the_same_pages_has_the_same(own: Place, run: Run) -> None:
    before = run("digest", "--warehouse", own.warehouse).out

    assert run("ingest", *own.options, "--rebuild").code == 0

    assert run("digest", "--warehouse", own.warehouse).out == before


def test_one_krona_more_makes_another(own: Place, run: Run) -> None:
    before = run("digest", "--warehouse", own.warehouse).out
    put(own.landing, "new.txt", project("Gamma"))

    assert run("ingest", *own.options).code == 0

    assert run("digest", "--warehouse", own.warehouse).out != before


def test_without_a_warehouse_it_ends_with_1(tmp_path: Path, run: Run) -> None:
    done = run("digest", "--warehouse", tmp_path)

    assert (done.code, done.out) == (1, "")

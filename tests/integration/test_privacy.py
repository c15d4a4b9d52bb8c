"""A contact person's name, address and number are on the page, and nowhere in what a run writes or says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from esf_etl import Contact, Project, Section, render
from tests.integration.conftest import Job, project

pytestmark = pytest.mark.promise("personal")

NAMES = ("Nils Hemligsson", "Siv Gömdström", "Ulla Doldberg", "Rut Tystlund", "Åke Namnlös")
PHONES = ("0999-111 222", "0999-333 444", "0999-555 666", "0999-777 888")
IN_PROSE = ("lena.prosa@domain.example", "08-465 00 42", "+46 70 174 06 05", "0701740606")
SECRETS = (
    *NAMES,
    *(name.split()[1] for name in NAMES),
    *PHONES,
    *IN_PROSE,
    "lena.prosa",
    "465 00 42",
    "nils.hemligsson",
    "ulla@",
    "rut.tyst",
    "8001019876",
    "800101-9876",
    "19800101-9876",
)


def contact(number: int, email: str) -> Contact:
    return Contact(NAMES[number], email, PHONES[number])


def lay(job: Job) -> None:
    """Pages with contacts wherever a run could let them through: loaded, rejected, odd, glued, mangled."""
    job.put("loaded.txt", project("Alfa", contact=contact(0, "nils.hemligsson@domain.example")), on_day=1)
    job.put("odd.txt", project("Beta", contact=Contact(NAMES[1], "siv at Gömdström", "ring inte")), on_day=1)
    rejected = project("Gamma", contact=contact(2, "ulla@Doldberg.example"))
    job.put("rejected.txt", render(rejected).replace("400\u00a0000 kr", "oläsligt"), on_day=1)
    job.put("rule.txt", render(rejected).replace("400\u00a0000 kr", "9\u00a0400\u00a0000 kr"), on_day=1)
    extra = f"Telefonnummer{PHONES[3]}\nKontaktperson{NAMES[3]}\nE-postrut.tyst@x.example\nRegion"
    job.put("twice.txt", render(project("Delta", contact=None)).replace("Region", extra), on_day=1)
    wrapped = f"Kontaktperson{NAMES[4].split()[0]}\n{NAMES[4].split()[1]}\nE-post"
    page = render(project("Epsilon", contact=None))
    start, _, rest = page.partition("Kontaktperson")
    job.put("wrapped.txt", start + wrapped + rest.partition("E-post")[2], on_day=1)
    job.put("cut.txt", render(project("Zeta", contact=contact(0, "nils.hemligsson@x"))).partition("Beviljat")[0])
    told = Section("summary", "Sammanfattning", f"Skriv till {IN_PROSE[0]} eller ring {', '.join(IN_PROSE[1:])}.")
    job.put(
        "prose.txt", project(f"Ring {IN_PROSE[1]}", owner="Stiftelsen Theta", contact=None, sections=(told,)), on_day=1
    )
    beside = render(project("Iota", contact=None)).replace("400\u00a0000 kr", f"fråga {IN_PROSE[0]}")
    job.put("beside.txt", beside, on_day=1)
    bare = {"layout": "colon-2021", "programme_period": "2021-2027", "phase": None, "programme_area": None}
    lists = {"sections": (), "co_financiers": (), "partners": (), "municipalities": (), "contact": None}
    trader = Project(
        title="Eta",
        diary_number="22-017-S04",
        owner="Enskild firma",
        owner_org_number="8001019876",
        programme_area_code="C",
        **{**bare, **lists, "programme_period": "2021-2027"},  # type: ignore[arg-type]
    )
    job.put("trader.txt", render(trader), on_day=1)


def texts_of_database(database: Path) -> str:
    """Every value of every table and view, also of the history."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
        return "\n".join(repr(connection.execute(f"FROM {name}").fetchall()) for (name,) in names)


def texts_of_parquet(folder: Path) -> str:
    with duckdb.connect() as connection:
        return "\n".join(repr(connection.execute(f"FROM '{path}'").fetchall()) for path in folder.rglob("*.parquet"))


def bytes_of(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.fixture(scope="module", params=[(), ("--with-contacts",)], ids=["without contacts", "with contacts"])
def done(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> tuple[Job, str]:
    """A warehouse of such pages, and all that the runs and other commands said."""
    root = tmp_path_factory.mktemp("privacy")
    job = Job(root / "landing", root / "warehouse")
    lay(job)
    runs: list[Any] = [job.run("--json", *request.param), job.run(*request.param)]
    job.put("loaded.txt", project("Alfa", owner="Ny ägare", contact=contact(1, "siv@domain.example")), on_day=2)
    runs.append(job.run(*request.param))
    assert (job.warehouse / "private").exists() == bool(request.param)
    where = ("--warehouse", str(job.warehouse))
    runs += [job.command("rejects", *where), job.command("status", *where)]
    assert [run.returncode for run in runs] == [0] * len(runs), [run.stderr for run in runs]
    assert job.value("SELECT count(*) FROM history.project") == 7
    assert job.value("SELECT count(DISTINCT path) FROM etl.reject") == 4
    return job, "\n".join(run.stdout + run.stderr for run in runs)


def found_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.casefold() in text.casefold()]


def test_the_pages_do_hold_what_is_looked_for(done: tuple[Job, str]) -> None:
    pages = bytes_of(done[0].landing).decode()
    assert {*NAMES[:4], *PHONES, *IN_PROSE, "Namnlös", "8001019876"} <= {
        secret for secret in SECRETS if secret in pages
    }


def test_no_value_of_the_database_is_personal(done: tuple[Job, str]) -> None:
    for snapshot in (done[0].warehouse / "snapshots").iterdir():
        text = texts_of_database(snapshot / "esf.duckdb")
        assert "Stiftelsen Alfa" in text
        assert found_in(text) == []


def test_no_value_of_parquet_is_personal(done: tuple[Job, str]) -> None:
    text = texts_of_parquet(done[0].warehouse / "current" / "parquet")
    assert "Stiftelsen Beta" in text
    assert found_in(text) == []


def test_no_byte_of_any_file_is_personal(done: tuple[Job, str]) -> None:
    """But those of the vault, which is there with contacts only."""
    folders = [path for path in done[0].warehouse.iterdir() if path.name != "private"]
    data = b"\n".join(path.read_bytes() if path.is_file() else bytes_of(path) for path in folders)
    assert b"Stiftelsen Alfa" in data
    codes = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")
    assert [secret for secret in SECRETS for code in codes if secret.encode(code) in data] == []


def test_nothing_that_a_command_says_is_personal(done: tuple[Job, str]) -> None:
    said = done[1]
    assert "amount-unreadable" in said
    assert found_in(said) == []


def test_only_the_domain_of_an_address_is_kept(done: tuple[Job, str]) -> None:
    job = done[0]
    assert job.rows("SELECT title, contact_email_domain FROM project WHERE contact_email_domain IS NOT NULL") == [
        ("Alfa", "domain.example")
    ]


def test_what_was_withheld_is_a_finding_without_the_value(done: tuple[Job, str]) -> None:
    rules = set(done[0].column("SELECT rule FROM etl.finding"))
    assert {
        "personal-in-prose",
        "personal-number-withheld",
        "personal-attribute-withheld",
        "email-malformed",
        "phone-malformed",
    } <= rules


def test_the_count_of_what_is_masked_is_a_finding_and_the_text_round_it_stays(done: tuple[Job, str]) -> None:
    job = done[0]
    assert job.column("SELECT message FROM etl.finding WHERE rule = 'personal-in-prose'") == [
        "5 e-mail addresses or phone numbers in the texts of the page are not published."
    ]
    number = "[phone number not shown]"
    assert job.column("SELECT body FROM project_section WHERE contains(body, 'Skriv')") == [
        f"Skriv till [e-mail address not shown] eller ring {number}, {number}, {number}."
    ]


def test_with_the_option_the_vault_has_the_contacts_and_no_organisation_number(done: tuple[Job, str]) -> None:
    private = done[0].warehouse / "private"
    if private.exists():
        data = bytes_of(private)
        assert NAMES[1].encode() in data
        assert b"8001019876" not in data


def test_masking_is_switched_off_and_on_by_reading_all_again(job: Job) -> None:
    lay(job)
    job.ingest(mask_prose=False)
    assert job.value("SELECT count(*) FROM project_section WHERE contains(body, 'lena.prosa')") == 1
    off = job.digest()
    assert job.ingest(reprocess=True).loaded == 1
    assert job.value("SELECT count(*) FROM project_section WHERE contains(body, 'lena.prosa')") == 0
    assert job.column("SELECT cause FROM project WHERE contains(title, '[')") == ["parser"]
    assert job.ingest(reprocess=True, mask_prose=False).loaded == 1
    assert job.digest() == off


def test_a_failed_run_leaves_nothing_personal_behind_either(job: Job) -> None:
    lay(job)
    script = (
        "import sys; from pathlib import Path\n"
        "import esf_etl.writing\n"
        "from esf_etl.settings import IngestSettings\n"
        "from esf_etl.cli import main\n"
        "def broken(*_): raise RuntimeError('broken')\n"
        "esf_etl.writing.upsert = broken\n"
        "main(['ingest', '--landing', sys.argv[1], '--warehouse', sys.argv[2]])\n"
    )
    result = job.python("-c", script, str(job.landing), str(job.warehouse))
    assert "RuntimeError: broken" in result.stderr
    assert job.journal()[-1]["error_code"] == "RuntimeError"
    assert found_in(result.stdout + result.stderr + bytes_of(job.warehouse).decode(errors="replace")) == []


def test_the_warehouse_has_no_file_that_another_user_may_write(done: tuple[Job, str]) -> None:
    writable = [path for path in done[0].warehouse.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o002]
    assert writable == []
    assert os.listdir(done[0].warehouse / "staging") == []  # noqa: PTH208 - a folder, not paths

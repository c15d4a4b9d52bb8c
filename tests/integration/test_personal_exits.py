"""Every contact of a corpus is looked for in every value and byte that the project writes or says, but for the vault.

`esf-etl parse` is no exit: it prints the page that it is given, but for the contact.

Pages of all four layouts, names with å, ä and ö composed and decomposed, addresses in capitals, numbers with all
separators; loaded, rejected, changed and left. Parquet is decoded, workbooks and archives are unpacked, SQLite is read
value by value. A text is compared without regard to capitals, composition, line ends and what stands between
digits.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from esf_etl import Contact, Project, Section, render
from esf_etl.forgetting import forget
from esf_flows.report import markdown, read_report
from tests.integration.conftest import Job, environment, project
from tests.promises import FULL, Tally

pytestmark = [pytest.mark.promise("personal"), pytest.mark.timeout(3600 if FULL else 300)]

SURNAMES = (
    "Åkerhemlig",
    "Öberggömd",
    "Ärlighemligh",
    "Doldésson",
    "Sjötystman",
    "Hemligåker",
    "Gömdström",
    "Tystlundä",
)
GIVEN = ("Åsa-Märta", "Örjan", "Zoë", "Knut", "Bengt-Åke", "Ulla", "Siv", "Rut")
PHONES = (
    "08-465 00 4{}",
    "0999-11122{}",
    "0999/33 34 4{}",
    "0999 - 55 56 6{}",
    "(0999) 77 78 8{}",
    "+46 70 174 06 1{}",
    "070\u00a0174\u00a006\u00a02{}",
    "0046 (0)70-174 06 3{}",
    "070174065{}",
    "0999\u2013222 33{}",
)
LAYOUTS = {
    "glued-2007": "2007-2013",
    "lines-2014": "2014-2020",
    "colon-2014": "2014-2020",
    "colon-2021": "2021-2027",
}
MANY = 200 if FULL else 40


@dataclass(frozen=True)
class Person:
    """A contact, and the words by which it would be known again."""

    contact: Contact

    def words(self) -> list[str]:
        name, email, phone = self.contact.name or "", self.contact.email or "", self.contact.phone or ""
        return [
            folded(name),
            folded(name.rpartition(" ")[2]),
            folded(email),
            folded(email.partition("@")[0]),
            digits(phone),
        ]


def folded(text: str) -> str:
    """Composed, without capitals, without line ends and double blanks."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


def digits(text: str) -> str:
    """The digits of a phone number from its area code on, told from all others by this mark."""
    found = re.sub(r"\(0\)", "", text)
    number = "".join(c for c in found if c.isdecimal())
    return "#" + re.sub(r"^(?:0046|46|0)", "", number)


def people() -> list[Person]:
    found = []
    for number in range(MANY):
        surname = f"{SURNAMES[number % 8]}{chr(97 + number // 26 % 26)}{chr(97 + number % 26)}q"
        name = f"{GIVEN[number // 8 % 8]} {surname}"
        local = f"{surname}.post{number}".translate(str.maketrans("åäöéÅÄÖ", "aaoeAAO"))
        email = f"{local}@domain.example"
        phone = PHONES[number % len(PHONES)].format(number // len(PHONES) % 10)
        if number % 3 == 0:
            email = email.upper()
        if number % 4 == 1:
            name = unicodedata.normalize("NFD", name)
        found.append(Person(Contact(name, email, phone)))
    return found


PEOPLE = people()


def page_of(number: int, person: Person) -> str:
    """A page with that contact: in the four layouts by turns: in its lines, in prose, in attributes, refused."""
    layout = list(LAYOUTS)[number % 4]
    prose = f"Frågor till {person.contact.email} eller tel. {person.contact.phone}, gärna."
    fields: dict[str, Any] = {"layout": layout, "programme_period": LAYOUTS[layout]}
    title = f"Projekt {number} {'abcdefgh'[number % 8]}"
    if layout == "glued-2007":
        page = project(title, contact=None, sections=(Section("summary", "Sammanfattning", prose),))
        text = render(page)
        for label, value in zip(("Kontaktperson", "E-post", "Telefonnummer"), contact_of(person), strict=True):
            text = text.replace(f"{label}saknas", f"{label}{value}")
        if number % 16 == 0:
            text = text.replace("400\u00a0000 kr", f"fråga {person.contact.email}")
        return text
    if layout == "lines-2014":
        page = replace(project(title, contact=None, phase=None, co_financiers=(), partners=()), **fields)
        page = replace(page, sections=(Section("summary", "Sammanfattning", prose),), programme_area_code="1")
        text = render(page)
        for label, value in zip(("Kontaktperson", "E-post", "Telefonnummer"), contact_of(person), strict=True):
            text = text.replace(f"{label}\nsaknas", f"{label}\n{value}")
        return text
    bare = Project(title=title, diary_number=f"20{16 + number % 4}/{number:05}", **fields)
    if layout == "colon-2021":
        bare = replace(bare, diary_number=f"22-{number:03}-S04")
    text = render(bare).rstrip("\n")
    for label, value in zip(("Kontaktperson", "E-post", "Telefonnummer"), contact_of(person), strict=True):
        text = re.sub(rf"\n{label}:(\nsaknas)?", "", text) + f"\n{label}:\n{value}"
    if number % 5 == 0:
        text += f"\nProjektledare:\n{person.contact.name}"
    return f"{text}\n\n{prose}\n"


def contact_of(person: Person) -> tuple[str, str, str]:
    return str(person.contact.name), str(person.contact.email), str(person.contact.phone)


# ---- what is searched -------------------------------------------------------------------------------------------


def searched(text: str) -> tuple[str, str]:
    """A text as words are looked for, and as numbers are: digits alone, each run of them after a mark."""
    plain = folded(text.replace("\\n", " ").replace("\\xa0", " ").replace("\\u2013", "-"))
    joined = re.sub(r"(?<=[0-9])[^0-9\w]{0,4}(?:\(0\))?[^0-9\w]{0,4}(?=[0-9])", "", plain)
    return plain, joined


def found_in(text: str, persons: list[Person]) -> list[str]:
    plain, joined = searched(text)
    return [
        word
        for person in persons
        for word in person.words()
        if (word[1:] in joined if word.startswith("#") else word in plain)
    ]


def texts_of_database(path: Path) -> str:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            'SELECT format(\'"{}"."{}"\', schema_name, table_name) FROM duckdb_tables() UNION ALL'
            ' SELECT format(\'"{}"."{}"\', schema_name, view_name) FROM duckdb_views() WHERE NOT internal'
        ).fetchall()
        return "\n".join(repr(connection.execute(f"FROM {name}").fetchall()) for (name,) in names)


def texts_of_sqlite(path: Path) -> str:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for name in names for row in connection.execute(f'SELECT * FROM "{name}"')]
    connection.close()
    return "\n".join(str(value) for row in rows for value in row)


def unpacked(data: bytes) -> Iterator[bytes]:
    """The bytes of a file and, where it is an archive, of all in it."""
    yield data
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from unpacked(archive.read(name))
    elif data.startswith(b"\x1f\x8b"):
        yield from unpacked(gzip.decompress(data))
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive.getmembers():
                if content := archive.extractfile(member):
                    yield from unpacked(content.read())


def values_of_file(path: Path) -> Iterator[str]:
    """What a file says as text, and each value of what is a table; archives are unpacked."""
    data = path.read_bytes()
    yield from (part.decode() for part in unpacked(data) if is_text(part))
    if path.suffix == ".parquet":
        yield repr(pq.read_table(path).to_pylist())
        yield repr(pq.read_metadata(path).metadata)
    elif data.startswith(b"SQLite format 3"):
        yield texts_of_sqlite(path)
    elif data[8:12] == b"DUCK":
        yield texts_of_database(path)


def is_text(data: bytes) -> bool:
    try:
        return b"\0" not in data and bool(data.decode())
    except UnicodeDecodeError:
        return False


def found_in_file(path: Path, persons: list[Person]) -> list[str]:
    """The words that a file says as text or value, and what of the corpus stands in its bytes, in any encoding."""
    found = [word for text in values_of_file(path) for word in found_in(text, persons)]
    return found + [
        stem for data in unpacked(path.read_bytes()) for stem, forms in STEMS.items() if stands_in(data, forms)
    ]


def stands_in(data: bytes, forms: set[bytes]) -> bool:
    return any(form in data for form in forms)


def forms_of(text: str) -> set[bytes]:
    cases = {text, text.lower(), text.upper()}
    cases |= {unicodedata.normalize("NFD", case) for case in cases}
    return {
        case.encode(code, errors="ignore") for case in cases for code in ("utf-8", "utf-16-le", "utf-16-be", "cp1252")
    }


STEMS = {
    text: forms_of(text) for text in (*SURNAMES, "@domain.example", *(phone.partition("{}")[0] for phone in PHONES))
}
"""What the contacts of the corpus have in common: no contact stands anywhere where none of these does."""


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


@dataclass
class Written:
    """A warehouse, what was made of it, and all that commands said, by the commands."""

    job: Job
    made: Path
    said: dict[str, str]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    root = tmp_path_factory.mktemp("exits")
    job = Job(root / "landing", root / "warehouse")
    made = root / "made"
    made.mkdir()
    for number, person in enumerate(PEOPLE):
        job.put(f"{number % 7}/{number:04}.txt", page_of(number, person), on_day=1)
    said: dict[str, str] = {}

    def call(*arguments: str, terminal: bool = False) -> None:
        command = [sys.executable, "-m", "esf_etl.cli", *arguments]
        if terminal:
            command = ["script", "-qec", " ".join(f"'{word}'" for word in command), "/dev/null"]
        done = subprocess.run(
            command,
            env=environment(XDG_STATE_HOME=str(root / "state"), TERM="xterm"),
            capture_output=True,
            timeout=120,
            check=False,
        )
        output = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 0, (arguments, output[-2000:])
        said[" ".join(arguments[:2]) + (" on a terminal" if terminal else "")] = output

    where = ("--warehouse", str(job.warehouse))
    run = ("ingest", "--landing", str(job.landing), *where)
    call(*run, "--json")
    job.put("0/0000.txt", page_of(0, PEOPLE[1]), on_day=2)
    (job.landing / "1" / "0001.txt").unlink()
    call(*run, terminal=True)
    call("status", *where, terminal=True)
    call("status", "--json", *where)
    call("rejects", *where)
    call("rejects", "--json", *where)
    call("verify", "--landing", str(job.landing), "--read", "--all", *where)
    call("digest", *where)
    call("sql", "FROM project_attribute", *where, terminal=True)
    call("sql", "FROM history.project_section", "--json", *where)
    call("search", "frågor", *where)
    call("search", PEOPLE[0].words()[1], "--json", *where)
    said.pop(f"search {PEOPLE[0].words()[1]}")  # it says again what was asked for
    call("report", *where)
    for form in ("csv", "csv-excel", "xlsx", "parquet"):
        call("export", "--format", form, "--output", str(made / f"list_of_operations.{form}"), *where)
        said[f"export {form}"] = said.pop("export --format")
    call("opendata", str(made / "package"), "--publisher", "Påhittade myndigheten", *where)
    call("dictionary")
    return Written(job, made, said)


def test_the_pages_say_each_contact_and_are_loaded_in_all_layouts(written: Written) -> None:
    """Else the searches below would find nothing for want of anything to find."""
    pages = "\n".join(page_of(number, person) for number, person in enumerate(PEOPLE))
    assert {word for person in PEOPLE for word in person.words()} == set(found_in(pages, PEOPLE))
    layouts = dict(written.job.rows("SELECT layout, count(*) FROM history.project GROUP BY layout"))
    assert set(layouts) == set(LAYOUTS)
    assert written.job.value("SELECT count(*) FROM history.project WHERE contact_email_domain IS NOT NULL") > MANY // 2
    assert written.job.value("SELECT count(*) FROM etl.reject") > 0
    hidden = written.job.value("SELECT count(*) FROM project_section WHERE contains(body, 'not shown')")
    assert hidden > MANY // 2


def test_the_search_does_find_what_is_there(written: Written, tmp_path: Path) -> None:
    """Each way of hiding that it knows, tried upon itself."""
    person = PEOPLE[4]
    words = person.words()
    name = unicodedata.normalize("NFD", str(person.contact.name)).upper()
    text = f"{name} {person.contact.email} {person.contact.phone}"
    rows = {"a": [text]}
    places: dict[str, Callable[[Path], object]] = {
        "a.txt": lambda path: path.write_text(text),
        "b.txt": lambda path: path.write_bytes(text.encode("utf-16-le")),
        "c.gz": lambda path: path.write_bytes(gzip.compress(text.encode())),
        "d.zip": lambda path: zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED).writestr("x", text),
        "e.parquet": lambda path: pq.write_table(pa.table(rows), path, compression="zstd"),
    }
    for name, write in places.items():
        write(tmp_path / name)
        found = set(found_in_file(tmp_path / name, [person]))
        assert found >= ({"@domain.example", SURNAMES[4]} if name == "b.txt" else set(words)), name
    with duckdb.connect(str(tmp_path / "f.duckdb")) as connection:
        connection.execute("CREATE TABLE t (a VARCHAR); INSERT INTO t VALUES ($text)", {"text": text})
    assert set(found_in_file(tmp_path / "f.duckdb", [person])) >= set(words)
    with sqlite3.connect(tmp_path / "g.db") as sqlite:
        sqlite.execute("CREATE TABLE t (a TEXT)")
        sqlite.execute("INSERT INTO t VALUES (?)", [text])
    sqlite.close()
    assert set(found_in_file(tmp_path / "g.db", [person])) >= set(words)


def kind_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).parts
    if parts[0] == "snapshots":
        return f"snapshots: {path.suffix}"
    return parts[0] if len(parts) == 1 else f"{parts[0]}: {path.suffix or path.name}"


def test_no_value_and_no_byte_of_any_file_is_a_contact(written: Written, tally: Tally) -> None:
    assert not (written.job.warehouse / "private").exists()
    searched_files = 0
    kinds: dict[str, int] = {}
    for root in (written.job.warehouse, written.made):
        for path in files_of(root):
            assert found_in_file(path, PEOPLE) == [], path
            searched_files += 1
            kinds[kind_of(path, root)] = kinds.get(kind_of(path, root), 0) + 1
    assert {"snapshots: .duckdb", "snapshots: .parquet", "snapshots: .json", "runs.jsonl", "report.html"} <= set(kinds)
    assert {"search: .duckdb", "list_of_operations.xlsx", "list_of_operations.csv-excel"} <= set(kinds)
    for kind, count in kinds.items():
        tally(f"contacts looked for in {kind}", "none", count * MANY)


def test_nothing_that_any_command_says_is_a_contact(written: Written, tally: Tally) -> None:
    assert len(written.said) >= 18
    for command, text in written.said.items():
        assert found_in(text, PEOPLE) == [], command
    tally("contacts looked for in what a command says, of any verb, on terminals too", "none", len(written.said) * MANY)


def test_the_log_of_a_crash_says_no_contact(written: Written, tmp_path: Path, tally: Tally) -> None:
    """The most talkative there is: a traceback, with Python's own logs at their lowest level."""
    script = (
        "import logging, sys; logging.basicConfig(level=1)\n"
        "import esf_etl.writing\n"
        "from esf_etl.cli import main\n"
        "def broken(*_): raise RuntimeError('broken')\n"
        "esf_etl.writing.upsert = broken\n"
        "main(sys.argv[1:])\n"
    )
    where = tmp_path / "other"
    done = written.job.python("-c", script, "ingest", "--landing", str(written.job.landing), "--warehouse", str(where))
    assert "RuntimeError: broken" in done.stderr
    assert found_in(done.stdout + done.stderr, PEOPLE) == []
    left = 0
    for path in files_of(where):
        assert found_in_file(path, PEOPLE) == [], path
        left += 1
    tally("contacts looked for in what a run says and leaves that broke while it wrote", "none", (1 + left) * MANY)


def test_what_prefect_is_given_is_no_contact(written: Written, tmp_path: Path, tally: Tally) -> None:
    """Its database is read in tests/flows; this is the page that a run hands it, of this corpus."""
    job = written.job.fork(tmp_path / "other")
    summary = job.ingest()
    text = markdown(summary, read_report(summary, job.warehouse))
    assert "Not loaded" in text
    assert found_in(text, PEOPLE) == []
    assert found_in(json.dumps(summary.to_dict()), PEOPLE) == []
    tally("contacts looked for in the artifact and the summary of a run", "none", 2 * MANY)


# ---- with the option: the vault and nothing else -----------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077] if FULL else [0o000])
def test_with_the_option_the_vault_alone_has_them_and_is_its_owner_s_whatever_the_umask(
    umask: int, written: Written, tmp_path: Path, tally: Tally
) -> None:
    job = written.job.fork(tmp_path / "kept")
    before = os.umask(umask)
    try:
        done = job.run("--with-contacts")
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert found_in(done.stdout + done.stderr, PEOPLE) == []
    private = job.warehouse / "private"
    modes = {path: path.stat().st_mode & 0o777 for path in [private, *private.rglob("*")]}
    assert modes.pop(private) == 0o700
    assert set(modes.values()) == {0o600}
    assert found_in(texts_of_database(private / "contacts.duckdb"), PEOPLE[2:3])
    others = [path for path in files_of(job.warehouse) if private not in path.parents]
    for path in others:
        assert found_in_file(path, PEOPLE) == [], path
    tally("contacts looked for beside the vault, where they are kept", "none", len(others) * MANY)
    tally("files and folders of the vault, whatever the umask", "0600, 0700", len(modes) + 1)


def test_each_who_is_forgotten_by_address_and_name_is_nowhere_any_more(
    written: Written, tmp_path: Path, tally: Tally
) -> None:
    """Published without masks, so that they stand in the texts; then forgotten, one after the other, and read again."""
    job = written.job.fork(tmp_path / "forgotten")
    job.ingest(with_contacts=True, mask_prose=False)
    gone = [PEOPLE[number] for number in ((2, 3, 5, 9) if not FULL else range(2, 14))]
    before = found_in(texts_of_database(job.warehouse / "current" / "esf.duckdb"), gone)
    assert before
    for person in gone:
        forget(job.settings(), unicodedata.normalize("NFC", str(person.contact.email)).swapcase())
        forget(job.settings(), unicodedata.normalize("NFC", str(person.contact.name)))
    for how in ({}, {"reprocess": True}, {"rebuild": True}):
        job.ingest(with_contacts=True, mask_prose=False, **how)
        published = job.published()
        assert published is not None
        for path in [*files_of(published), *files_of(job.warehouse / "private"), job.warehouse / "runs.jsonl"]:
            # The number is no name: in prose it stays, as where `mask_prose` is off.
            found = [word for text in values_of_file(path) for word in found_in(text, gone)]
            assert [word for word in found if not word.startswith("#")] == [], path
    tally("persons forgotten by address and by name, and all read again twice", "in no file that is current", len(gone))

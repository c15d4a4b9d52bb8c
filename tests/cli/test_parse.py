"""`esf-etl parse`: what pages say, and nothing of a person unless asked for."""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from esf_etl import Project, render
from tests.cli.conftest import (
    ARTICLE,
    CONTACT,
    HARMFUL,
    HARMLESS_TITLE,
    HOSTILE_TITLE,
    Run,
    esf_etl,
    project,
    put,
)

FIELDS = {spec.name for spec in fields(Project)} - {"contact"}


def objects(out: str, form: str) -> list[dict[str, Any]]:
    if form == "ndjson":
        return [json.loads(line) for line in out.splitlines()]
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_json_is_one_array_with_every_field_of_a_page(tmp_path: Path, run: Run) -> None:
    path = put(tmp_path, "a.txt", project())

    done = run("parse", path)

    assert (done.code, done.err) == (0, "")
    (page,) = done.json
    assert set(page) == FIELDS | {"schema_version"}
    said = {name: value for name, value in page.items() if value not in (None, [])}
    assert said == {
        "schema_version": 1,
        "source": str(path),
        "layout": "glued-2007",
        "programme_period": "2007-2013",
        "title": "Broar till arbete",
        "programme_area_code": "2",
        "programme_area": "Ökat arbetskraftsutbud",
        "phase": "Genomförande",
        "owner": "Påhittade kommunen",
        "grant_sek": "5222650",
        "budget_sek": "13120391.50",
        "period_start": "2008-08-01",
        "period_end": "2010-03-31",
        "region": "Sydsverige",
        "nuts2_code": "SE22",
        "sections": [{"key": "summary", "heading": "Sammanfattning", "text": "Vi bygger broar."}],
        "co_financiers": ["Exempelkommunen"],
        "partners": ["Folkhögskolan Linåkern"],
        "municipalities": ["Bjuv", "Håbo"],
    }


def test_what_a_page_does_not_give_is_null_or_an_empty_array(tmp_path: Path, run: Run) -> None:
    bare = project(owner=None, grant_sek=None, sections=(), partners=(), municipalities=())
    (page,) = run("parse", put(tmp_path, "a.txt", bare)).json

    assert (page["owner"], page["grant_sek"], page["diary_number"]) == (None, None, None)
    assert (page["sections"], page["partners"], page["municipalities"], page["attributes"]) == ([], [], [], [])


def test_a_diagnostic_says_code_severity_line_and_message_and_no_more(tmp_path: Path, run: Run) -> None:
    page = "\n".join(["Logotyp på utskrifter", "", "Ett budskap", *_page_lines()[2:]])
    (found,) = run("parse", put(tmp_path, "a.txt", page)).json

    (diagnostic,) = found["diagnostics"]
    assert set(diagnostic) == {"code", "severity", "line", "message"}
    assert (diagnostic["code"], diagnostic["severity"], diagnostic["line"]) == ("banner-line", "info", 3)


def _page_lines() -> list[str]:
    return render(project()).split("\n")


@pytest.mark.parametrize("amount", ["5222650", "5222650.50", "0", "1000000"])
def test_money_is_a_string_of_its_digits(amount: str, tmp_path: Path, run: Run) -> None:
    path = put(tmp_path, "a.txt", project(grant_sek=Decimal(amount)))

    assert run("parse", path).json[0]["grant_sek"] == amount


@pytest.mark.parametrize("form", ["json", "ndjson", "text"])
def test_contacts_are_shown_only_when_asked_for(form: str, tmp_path: Path, run: Run) -> None:
    path = put(tmp_path, "a.txt", project())

    without = run("parse", path, "--format", form)
    asked = run("parse", path, "--format", form, "--with-contacts")

    for value in (CONTACT.name, CONTACT.email, CONTACT.phone):
        assert value is not None
        assert value not in without.out + without.err
        assert value in asked.out
    assert '"contact"' not in without.out
    assert "contact:" not in without.out
    if form != "text":
        (page,) = objects(asked.out, form)
        assert page["contact"] == {"name": CONTACT.name, "email": CONTACT.email, "phone": CONTACT.phone}
        assert set(page) == FIELDS | {"schema_version", "contact"}


def test_the_key_contact_is_there_when_asked_for_even_where_the_page_names_nobody(tmp_path: Path, run: Run) -> None:
    path = put(tmp_path, "a.txt", project(contact=None))

    assert run("parse", path, "--with-contacts").json[0]["contact"] is None


def test_ndjson_is_a_line_a_file_in_the_order_asked(tmp_path: Path, run: Run) -> None:
    paths = [put(tmp_path, f"{title}.txt", project(title)) for title in ("Beta", "Alfa", "Gamma")]

    done = run("parse", *paths, "--format", "ndjson")

    assert [json.loads(line)["title"] for line in done.out.splitlines()] == ["Beta", "Alfa", "Gamma"]
    assert done.out.endswith("}\n")


def test_json_of_several_files_is_one_array_in_the_order_asked(tmp_path: Path, run: Run) -> None:
    paths = [put(tmp_path, f"{title}.txt", project(title)) for title in ("Beta", "Alfa")]

    assert [page["title"] for page in run("parse", *paths).json] == ["Beta", "Alfa"]
    assert run("parse", *paths, "--json").out == run("parse", *paths, "--format", "json").out


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_a_refused_file_is_named_in_its_place_and_the_others_are_still_tried(
    form: str, tmp_path: Path, run: Run
) -> None:
    good = put(tmp_path, "a.txt", project())
    refused = put(tmp_path, "b.txt", ARTICLE)
    missing = tmp_path / "c.txt"
    last = put(tmp_path, "d.txt", project("Alfa"))

    done = run("parse", good, refused, missing, last, "--format", form)

    assert done.code == 1
    first, second, third, fourth = objects(done.out, form)
    assert (first["title"], fourth["title"]) == ("Broar till arbete", "Alfa")
    assert set(second) == set(third) == {"source", "error"}
    assert set(second["error"]) == {"code", "message", "line"}
    assert (second["source"], second["error"]["code"], second["error"]["line"]) == (str(refused), "article", 1)
    assert second["error"]["message"]
    assert (third["source"], third["error"]["code"], third["error"]["line"]) == (
        str(missing),
        "file-unreadable",
        None,
    )


def test_text_names_a_refused_file_on_stderr_and_goes_on(tmp_path: Path, run: Run) -> None:
    refused = put(tmp_path, "a.txt", ARTICLE)
    good = put(tmp_path, "b.txt", project())

    done = run("parse", refused, good, "--format", "text")

    assert done.code == 1
    assert f"{refused}:1:" in done.err
    assert "[article]" in done.err
    assert done.out.startswith("Broar till arbete\n")


def test_text_shows_the_fields_a_page_has(tmp_path: Path, run: Run) -> None:
    done = run("parse", put(tmp_path, "a.txt", project()), "--format", "text")

    assert done.code == 0
    for shown in ("grant_sek: 5222650", "budget_sek: 13120391.50", 'municipalities: ["Bjuv", "Håbo"]', "[summary] 16"):
        assert shown in done.out
    assert "participants_planned" not in done.out


def test_text_writes_out_what_could_steer_a_terminal(tmp_path: Path, run: Run) -> None:
    done = run("parse", put(tmp_path, "a.txt", project(HOSTILE_TITLE)), "--format", "text")

    assert done.out.startswith(f"{HARMLESS_TITLE}\n")
    assert not any(character in done.out for character in HARMFUL)


def test_json_keeps_a_title_to_the_letter(tmp_path: Path, run: Run) -> None:
    assert run("parse", put(tmp_path, "a.txt", project(HOSTILE_TITLE))).json[0]["title"] == HOSTILE_TITLE


def test_stdout_of_a_process_is_the_document_and_nothing_else(tmp_path: Path) -> None:
    good, refused = put(tmp_path, "a.txt", project()), put(tmp_path, "b.txt", ARTICLE)

    done = esf_etl("parse", good, refused)

    assert done.returncode == 1
    assert [set(page) >= {"source"} for page in json.loads(done.stdout)] == [True, True]
    assert done.stderr == ""


def test_a_file_whose_name_is_no_utf_8_is_parsed(tmp_path: Path) -> None:
    path = Path(f"{put(tmp_path, 'a.txt', project())}").rename(tmp_path / "\udcff.txt")

    done = esf_etl("parse", path, PYTHONIOENCODING="utf-8:strict")

    assert "Traceback" not in done.stderr
    assert done.returncode == 0
    assert json.loads(done.stdout)[0]["title"] == "Broar till arbete"


def test_no_file_is_wrong_usage(run: Run) -> None:
    done = run("parse")

    assert (done.code, done.out) == (2, "")
    assert "file" in done.err.casefold()

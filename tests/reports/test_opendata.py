"""The open data package: what it holds, that its readers find it valid, and that it leads to no person."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import pyarrow.parquet as pq
import pytest
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, XSD

from esf_etl import Section
from esf_etl.errors import ExportError, UsageError, WarehouseError
from esf_etl.reports import opendata
from esf_etl.reports.export import FORMATS, export
from esf_etl.reports.opendata import write_package
from esf_etl.reports.operations import absent
from esf_etl.reports.publication import Publication
from esf_etl.reports.resources import RESOURCES, withheld_sql
from tests.integration.conftest import Job, project
from tests.integration.test_privacy import SECRETS, lay
from tests.reports.conftest import TRADER, Reported
from tests.reports.exported import as_text, read_csv

BASE = "https://example.org/esf/"
STATED = Publication(
    publisher="Exempelmyndigheten",
    publisher_type="NationalAuthority",
    contact_name="Öppna data",
    contact_email="data@example.org",
    licence="CC0-1.0",
    base_url="https://example.org/esf",
    frequency="ANNUAL_3",
    availability="AVAILABLE",
)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EU = "http://publications.europa.eu/resource/authority/"
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
ADDRESSED = "Skriv till mats.gatlund@exempel.example eller ring 0410-73 30 95, 08 465 00 42, +46 70 123 45 67."
NUMBERED = (
    "Personnummer 810203-4567 och 198102034567. Org.nr 556000-0035. Projekt 2008-08-01 2010-03, 10 000 000 kr, 3-4 år."
)


@pytest.fixture(scope="module")
def package(reported: Reported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the odd projects, with all that a publisher can state: to be read only."""
    folder = tmp_path_factory.mktemp("package") / "esf"
    write_package(reported.job.warehouse, folder, STATED, now=NOW)
    return folder


def descriptor_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return found


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the package."""
    header, *rows = read_csv((folder / "data" / f"{name}.csv").read_bytes())
    return [dict(zip(header, row, strict=True)) for row in rows]


def copy_of(package: Path, folder: Path) -> Path:
    """A copy to tamper with."""
    for path in package.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(package)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return folder


# ---- the package ----------------------------------------------------------------------------------------------


def test_frictionless_finds_the_package_valid(package: Path) -> None:
    report = frictionless.validate(str(package / "datapackage.json"))

    assert report.valid, report.to_summary()
    assert len(report.tasks) == len(RESOURCES)
    assert sum(task.stats["rows"] for task in report.tasks) > 1000


def _another_byte(folder: Path) -> None:
    path = folder / "data" / "project.csv"
    path.write_bytes(path.read_bytes().replace(b"Sydsverige", b"Nordsverig", 1))


def _no_number(folder: Path) -> None:
    _change(folder, "project", "grant_sek", "mycket")


def _no_project(folder: Path) -> None:
    _change(folder, "project_municipality", "project_id", "esf-none")


def _no_municipality(folder: Path) -> None:
    _change(folder, "project_municipality", "municipality_code", "9999")


def _no_role(folder: Path) -> None:
    _change(folder, "project_organisation", "role", "spectator")


def _no_title(folder: Path) -> None:
    _change(folder, "project", "title", "")


def _twice(folder: Path) -> None:
    _change(folder, "project", "project_id", table(folder, "project")[1]["project_id"])


def _change(folder: Path, name: str, column: str, value: str) -> None:
    """Another value in the first row, and no hash that tells."""
    header, first, *rows = read_csv((folder / "data" / f"{name}.csv").read_bytes())
    first[header.index(column)] = value
    with (folder / "data" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, first, *rows])
    descriptor = descriptor_of(folder)
    for resource in descriptor["resources"]:
        del resource["hash"], resource["bytes"]
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")


@pytest.mark.parametrize(
    ("tamper", "error"),
    [
        (_another_byte, "hash-count"),
        (_no_number, "type-error"),
        (_no_project, "foreign-key"),
        (_no_municipality, "foreign-key"),
        (_no_role, "constraint-error"),
        (_no_title, "constraint-error"),
        (_twice, "primary-key"),
    ],
)
def test_frictionless_finds_what_was_tampered_with(tamper: Any, error: str, package: Path, tmp_path: Path) -> None:
    folder = copy_of(package, tmp_path / "copy")
    tamper(folder)

    report = frictionless.validate(str(folder / "datapackage.json"))

    assert not report.valid
    assert error in {found[0] for found in report.flatten(["type"])}


def test_every_table_has_a_full_schema_a_hash_and_its_size(package: Path) -> None:
    resources = {each["name"]: each for each in descriptor_of(package)["resources"]}

    assert list(resources) == [each.name for each in RESOURCES]
    for name, resource in resources.items():
        data = (package / resource["path"]).read_bytes()
        assert (resource["bytes"], resource["hash"]) == (len(data), f"sha256:{hashlib.sha256(data).hexdigest()}")
        assert [field["name"] for field in resource["schema"]["fields"]] == read_csv(data)[0]
        assert all(field["description"] and field["title"] for field in resource["schema"]["fields"]), name
        assert resource["schema"]["missingValues"] == [""]


def test_types_and_constraints_are_those_of_the_contracts(package: Path) -> None:
    (resource,) = (each for each in descriptor_of(package)["resources"] if each["name"] == "project")
    fields = {field["name"]: field for field in resource["schema"]["fields"]}

    assert fields["grant_sek"]["type"] == "number"
    assert fields["period_start"]["type"] == "date"
    assert fields["programme_period"]["constraints"] == {
        "required": True,
        "enum": ["2007-2013", "2014-2020", "2021-2027"],
    }
    assert fields["cofinancing_rate"]["constraints"] == {"minimum": 0, "maximum": 1}
    assert fields["participants_planned"]["constraints"] == {"minimum": 0}
    assert resource["schema"]["primaryKey"] == ["project_id"]
    assert "constraints" not in fields["owner"]


def test_the_package_says_who_publishes_it_when_and_of_which_run(package: Path, reported: Reported) -> None:
    descriptor = descriptor_of(package)

    assert descriptor["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert descriptor["version"] == reported.rows("SELECT max(run_id) AS run FROM etl.run")[0]["run"]
    assert descriptor["created"] == "2026-11-24T12:00:00Z"
    assert descriptor["contributors"] == [{"title": "Exempelmyndigheten", "roles": ["publisher"]}]
    assert [licence["name"] for licence in descriptor["licenses"]] == ["CC0-1.0"]
    assert descriptor["sources"][0]["title"].startswith("Svenska ESF-rådets projektbank")


def test_what_is_not_stated_is_not_made_up(reported: Reported, tmp_path: Path) -> None:
    done = write_package(reported.job.warehouse, tmp_path / "esf", Publication(), now=NOW)

    descriptor = descriptor_of(tmp_path / "esf")
    assert {"licenses", "contributors", "homepage"} & set(descriptor) == set()
    assert (done.has_catalogue, done.missing_for_catalogue) == (False, ("publisher", "base_url"))
    assert not list((tmp_path / "esf").glob("dcat.*"))
    readme = (tmp_path / "esf" / "README.md").read_text(encoding="utf-8")
    assert readme.count("inte angiven / not stated") == 2
    assert frictionless.validate(str(tmp_path / "esf" / "datapackage.json")).valid


def test_the_tables_hold_what_the_warehouse_does(package: Path, reported: Reported) -> None:
    for resource in RESOURCES:
        if resource.source.startswith(("ref.", "report.")) and resource.name != "list_of_operations":
            rows = reported.rows(f"FROM {resource.source} ORDER BY ALL")
            expected = [{name: as_text(value) for name, value in row.items()} for row in rows]
            assert table(package, resource.name) == expected, resource.name
    projects = {row["project_id"]: row for row in table(package, "project")}
    for row in reported.projects():
        found = projects.pop(row["project_id"])
        withheld = row["owner"] == TRADER
        for name, cell in found.items():
            if name != "last_updated":
                assert cell == ("" if name == "owner" and withheld else as_text(row[name]))
    assert projects == {}
    assert len(table(package, "project_section")) == len(reported.rows("FROM project_section"))
    assert len(table(package, "project_municipality")) == len(reported.rows("FROM project_municipality"))


def test_the_list_of_operations_is_that_of_the_export(package: Path, reported: Reported, tmp_path: Path) -> None:
    export(reported.job.warehouse, tmp_path / "a.csv", language="names")

    assert (package / "data" / "list_of_operations.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()


def test_parquet_holds_what_csv_does(package: Path) -> None:
    for resource in RESOURCES:
        rows = pq.read_table(package / "parquet" / f"{resource.name}.parquet").to_pylist()
        read = [{name: as_text(value) for name, value in row.items()} for row in rows]
        assert read == table(package, resource.name), resource.name


def test_the_readme_tells_of_every_table_and_of_what_is_absent(package: Path) -> None:
    text = (package / "README.md").read_text(encoding="utf-8")

    assert all(f"`{resource.name}`" in text for resource in RESOURCES)
    assert all(asked.en in text for asked in absent())
    assert "Creative Commons Zero 1.0" in text


def test_an_empty_warehouse_makes_a_valid_package(job: Job, tmp_path: Path) -> None:
    job.put("article.txt", "Nyheter\n\nI dag hände ingenting.\n")
    job.ingest(workers=1)

    done = write_package(job.warehouse, tmp_path / "esf", STATED, now=NOW)

    assert (done.tables["project"], done.tables["municipality"]) == (0, 290)
    report = frictionless.validate(str(tmp_path / "esf" / "datapackage.json"))
    assert report.valid, report.to_summary()
    graph = Graph().parse(tmp_path / "esf" / "dcat.ttl")
    assert list(graph.objects(predicate=DCTERMS.temporal)) == []


# ---- the catalogue --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def graph(package: Path) -> Graph:
    """The catalogue, as Turtle has it."""
    return Graph().parse(package / "dcat.ttl")


# rdflib's reader of JSON-LD uses a class of its own that rdflib is about to drop.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_turtle_and_json_ld_say_the_same(package: Path, graph: Graph) -> None:
    assert len(graph) > 300
    assert isomorphic(graph, Graph().parse(package / "dcat.jsonld"))


# Source: DCAT-AP-SE 3.0.1, the mandatory and the recommended properties of each class.
DEMANDED = {
    DCAT.Catalog: (
        DCTERMS.title,
        DCTERMS.description,
        DCTERMS.publisher,
        DCTERMS.license,
        DCTERMS.issued,
        DCTERMS.language,
        DCTERMS.modified,
        FOAF.homepage,
        DCAT.themeTaxonomy,
        DCAT.dataset,
    ),
    DCAT.Dataset: (
        DCTERMS.title,
        DCTERMS.description,
        DCTERMS.publisher,
        DCAT.contactPoint,
        DCAT.keyword,
        DCAT.theme,
        DCTERMS.temporal,
        DCTERMS.issued,
        DCTERMS.accessRights,
        DCTERMS.spatial,
        DCTERMS.accrualPeriodicity,
        DCTERMS.language,
        DCAT.distribution,
    ),
    DCAT.Distribution: (
        DCAT.accessURL,
        DCAT.downloadURL,
        DCTERMS.description,
        DCTERMS["format"],
        DCAT.mediaType,
        DCTERMS.license,
        DCATAP.availability,
        DCAT.byteSize,
        SPDX.checksum,
    ),
    FOAF.Agent: (FOAF.name, DCTERMS.type),
    VCARD.Organization: (VCARD.fn, VCARD.hasEmail),
}


@pytest.mark.parametrize("kind", DEMANDED, ids=str)
def test_everything_has_what_the_swedish_profile_demands_and_recommends(kind: URIRef, graph: Graph) -> None:
    things = list(graph.subjects(RDF.type, kind))

    assert things
    for thing in things:
        assert [name for name in DEMANDED[kind] if not list(graph.objects(thing, name))] == [], thing


def test_titles_and_descriptions_are_in_both_languages(graph: Graph) -> None:
    for kind in (DCAT.Catalog, DCAT.Dataset, DCAT.Distribution):
        for thing in graph.subjects(RDF.type, kind):
            for name in (DCTERMS.title, DCTERMS.description):
                said = [text for text in graph.objects(thing, name) if isinstance(text, Literal)]
                assert sorted(str(text.language) for text in said) == ["en", "sv"]


def test_the_catalogue_names_every_data_set_and_each_its_two_files(graph: Graph, package: Path) -> None:
    (catalog,) = graph.subjects(RDF.type, DCAT.Catalog)
    datasets = set(graph.subjects(RDF.type, DCAT.Dataset))

    assert set(graph.objects(catalog, DCAT.dataset)) == datasets
    assert len(datasets) == sum(resource.catalogued for resource in RESOURCES)
    for dataset in datasets:
        distributions = list(graph.objects(dataset, DCAT.distribution))
        assert len(distributions) == 2
        for distribution in distributions:
            (address,) = graph.objects(distribution, DCAT.downloadURL)
            data = (package / str(address).removeprefix(BASE)).read_bytes()
            (size,) = graph.objects(distribution, DCAT.byteSize)
            (checksum,) = graph.objects(distribution, SPDX.checksum)
            (digest,) = graph.objects(checksum, SPDX.checksumValue)
            assert (size, str(digest)) == (
                Literal(len(data), datatype=XSD.nonNegativeInteger),
                hashlib.sha256(data).hexdigest(),
            )


def test_the_words_are_those_of_the_eu_vocabularies(graph: Graph) -> None:
    dataset = URIRef(f"{BASE}dcat#list_of_operations")

    assert URIRef(f"{EU}data-theme/SOCI") in set(graph.objects(dataset, DCAT.theme))
    assert URIRef(f"{EU}country/SWE") in set(graph.objects(dataset, DCTERMS.spatial))
    assert URIRef(f"{EU}frequency/ANNUAL_3") == graph.value(dataset, DCTERMS.accrualPeriodicity)
    assert URIRef(f"{EU}language/SWE") == graph.value(dataset, DCTERMS.language)
    (catalog,) = graph.subjects(RDF.type, DCAT.Catalog)
    assert graph.value(catalog, DCTERMS.license) == URIRef("http://creativecommons.org/publicdomain/zero/1.0/")


def test_the_period_is_that_of_the_projects(graph: Graph, reported: Reported) -> None:
    (period,) = graph.subjects(RDF.type, DCTERMS.PeriodOfTime)
    (row,) = reported.rows("SELECT min(period_start) AS first, max(period_end) AS last FROM project")

    assert graph.value(period, DCAT.startDate) == Literal(row["first"])
    assert graph.value(period, DCAT.endDate) == Literal(row["last"])


# ---- whole or not at all --------------------------------------------------------------------------------------


def test_an_earlier_package_is_replaced_and_keeps_the_day_it_first_came_out(package: Path, job: Job) -> None:
    folder = copy_of(package, job.landing.parent / "esf")
    job.put("a.txt", project("Ny"))
    job.ingest(workers=1)

    write_package(job.warehouse, folder, Publication(), now=datetime(2027, 2, 1, tzinfo=UTC))

    assert [row["title"] for row in table(folder, "project")] == ["Ny"]
    assert not (folder / "dcat.ttl").exists()
    descriptor = descriptor_of(folder)
    assert (descriptor["issued"], descriptor["created"]) == ("2026-11-24", "2027-02-01T00:00:00Z")
    assert sorted(path.name for path in folder.parent.iterdir()) == ["esf", "landing", "warehouse"]


@pytest.mark.parametrize("name", ["mine.txt", "data/mine.csv", "package.json"])
def test_a_folder_with_anything_else_in_it_is_refused(
    name: str, package: Path, reported: Reported, tmp_path: Path
) -> None:
    for folder in (tmp_path / "plain", copy_of(package, tmp_path / "package")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine", encoding="utf-8")

        with pytest.raises(ExportError, match=r"is not of an earlier package") as refusal:
            write_package(reported.job.warehouse, folder, STATED)

        assert refusal.value.code == "export-in-the-way"
        assert path.read_text(encoding="utf-8") == "mine"


def test_another_data_package_is_refused(reported: Reported, tmp_path: Path) -> None:
    (tmp_path / "datapackage.json").write_text('{"name": "another", "issued": "2026-01-01"}', encoding="utf-8")

    with pytest.raises(ExportError, match="not an earlier package"):
        write_package(reported.job.warehouse, tmp_path, STATED)


def test_an_empty_folder_is_filled_and_a_file_is_refused(reported: Reported, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine", encoding="utf-8")

    write_package(reported.job.warehouse, tmp_path / "empty", STATED)

    assert (tmp_path / "empty" / "datapackage.json").is_file()
    with pytest.raises(ExportError, match="no folder"):
        write_package(reported.job.warehouse, tmp_path / "file", STATED)


def test_what_fails_half_way_leaves_the_earlier_package_and_nothing_else(
    package: Path, reported: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_of(package, tmp_path / "esf")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(opendata, "readme", full)

    with pytest.raises(ExportError, match="No space left on device"):
        write_package(reported.job.warehouse, folder, STATED)

    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["esf"]


def test_without_a_warehouse_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError):
        write_package(tmp_path / "none", tmp_path / "esf", STATED)

    assert list(tmp_path.iterdir()) == []


# ---- what a publisher states ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "example.org"),
        ("base_url", "https://example.org/ <x>"),
        ("publisher_uri", "ftp://example.org"),
        ("contact_email", "nobody"),
        ("licence", "MIT"),
        ("frequency", "SOMETIMES"),
        ("availability", "NEVER"),
        ("publisher_type", "King"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        Publication(**{name: value})


def test_the_environment_may_state_it_and_the_caller_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_OPENDATA_PUBLISHER", "Ena")
    monkeypatch.setenv("ESF_ETL_OPENDATA_LICENCE", "CC-BY-4.0")

    found = Publication.from_environment(publisher="Andra", base_url=None)

    assert (found.publisher, found.licence, found.base_url) == ("Andra", "CC-BY-4.0", None)
    assert found.licence_uri == "http://creativecommons.org/licenses/by/4.0/"


# ---- no persons -----------------------------------------------------------------------------------------------


def personal_pages(root: Path, *, mask_prose: bool) -> Job:
    """Pages with contacts wherever they could come through, and with some in their texts."""
    job = Job(root / "landing", root / "warehouse")
    lay(job)
    texts = (Section("summary", "Sammanfattning", ADDRESSED), Section("purpose", "Syfte", NUMBERED))
    job.put("prose.txt", project("Theta", sections=texts))
    job.put("again.txt", project("Iota", owner="ENSKILD  FIRMA", partners=("Enskild firma", "Betagruppen")))
    job.ingest(workers=1, mask_prose=mask_prose)
    return job


@pytest.fixture(scope="module")
def personal(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """What a run makes of such pages."""
    return personal_pages(tmp_path_factory.mktemp("personal"), mask_prose=True)


@pytest.fixture(scope="module")
def unmasked(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """What a run makes of them that leaves the masking to the package."""
    return personal_pages(tmp_path_factory.mktemp("unmasked"), mask_prose=False)


def texts_of(folder: Path) -> str:
    """Everything that the files hold, workbooks unzipped and Parquet read."""
    found = []
    for path in folder.rglob("*"):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                found += [archive.read(name).decode() for name in archive.namelist()]
        elif path.suffix == ".parquet":
            file = pq.ParquetFile(path)
            found.append(repr(file.read().to_pylist()) + repr(file.schema_arrow.metadata))
        elif path.is_file():
            found.append(path.read_text(encoding="utf-8"))
    return "\n".join(found)


def test_no_contact_and_no_sole_trader_is_in_any_file(personal: Job, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    for number, form in enumerate(FORMATS):
        export(personal.warehouse, folder / f"list{number}.{form.replace('csv-excel', 'csv')}", format=form)
    write_package(personal.warehouse, folder / "esf", STATED)

    pages = "\n".join(path.read_text(encoding="utf-8") for path in personal.landing.rglob("*.txt"))
    found = texts_of(folder)
    assert {"Ny ägare", "Stiftelsen Alfa"} & set(re.findall("Ny ägare|Stiftelsen Alfa", found))
    assert "Betagruppen" in found
    names = {"Enskild firma", "ENSKILD  FIRMA"}
    assert {"Nils Hemligsson", "8001019876", *names} <= {name for name in (*SECRETS, *names) if name in pages}
    assert [secret for secret in SECRETS if secret.casefold() in found.casefold()] == []
    # To the letter: the words are those of the language, too, and what we say of sole traders has them.
    assert [name for name in names if name in found] == []
    assert "domain.example" not in found


def table_columns(folder: Path, name: str) -> list[str]:
    return read_csv((folder / "data" / f"{name}.csv").read_bytes())[0]


def test_the_package_has_no_column_that_leads_to_a_page_or_a_person(package: Path) -> None:
    forbidden = {
        "contact_email_domain",
        "source_path",
        "source_mtime_ns",
        "landing",
        "cause",
        "content_digest",
        "run_id",
    }

    columns = {name for resource in RESOURCES for name in table_columns(package, resource.name)}
    assert columns & forbidden == set()
    assert "project_attribute" not in {resource.name for resource in RESOURCES}


def test_a_sole_trader_is_in_no_table_whatever_the_role(package: Path) -> None:
    text = texts_of(package).casefold()

    assert "gammagruppen" in text
    assert [secret for secret in (TRADER.casefold(), "8001019876", "800101-9876", "avskildby") if secret in text] == []


def test_addresses_and_numbers_within_texts_are_left_out_where_their_form_tells(unmasked: Job, tmp_path: Path) -> None:
    write_package(unmasked.warehouse, tmp_path / "esf", STATED)

    (theta,) = (row["project_id"] for row in table(tmp_path / "esf", "project") if row["title"] == "Theta")
    bodies = {
        row["section_key"]: row["body"]
        for row in table(tmp_path / "esf", "project_section")
        if row["project_id"] == theta
    }
    phone = "[telefonnummer utelämnat]"
    assert bodies == {
        "summary": f"Skriv till [e-postadress utelämnad] eller ring {phone}, {phone}, {phone}.",
        "purpose": "Personnummer [personnummer utelämnat] och [personnummer utelämnat]. Org.nr 556000-0035. "
        "Projekt 2008-08-01 2010-03, 10 000 000 kr, 3-4 år.",
    }
    (operation,) = (row for row in table(tmp_path / "esf", "list_of_operations") if row["operation_code"] == theta)
    assert (operation["operation_summary"], operation["purpose"]) == (bodies["summary"], bodies["purpose"])


@pytest.mark.parametrize(
    "text",
    [
        "0410-733095",
        "043026524",
        "010-4860016",
        "070-123 45 67",
        "(0410) 73 30 95",
        "0046 70 1234567",
        "+46(0)70-1234567",
    ],
)
def test_a_phone_number_is_told_by_its_form(text: str, withheld: duckdb.DuckDBPyConnection) -> None:
    assert without_contacts(withheld, f"Ring {text}!") == "Ring [telefonnummer utelämnat]!"
    assert without_contacts(withheld, text) == "[telefonnummer utelämnat]"


@pytest.mark.parametrize(
    "text",
    [
        "5 222 650 kr",
        "10 000 000 000 kr",
        "dnr 2015/00017",
        "kl 08.30-16.00",
        "08-12 år och 100 000",
        "2008-08-01 till 2010-03-31",
        "1998-05-03-1234",
        "22-017-S04",
        "Org.nr 556000-0035 och 8020000009",
        "kommun 0114, 1381",
        "@alla a@b",
    ],
)
def test_what_is_no_address_and_no_number_of_a_person_stays(text: str, withheld: duckdb.DuckDBPyConnection) -> None:
    assert without_contacts(withheld, text) == text


@pytest.fixture(scope="module")
def withheld() -> Iterator[duckdb.DuckDBPyConnection]:
    """The macros, beside tables of the names that they read."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA etl; CREATE TABLE etl.finding (project_id VARCHAR, rule VARCHAR)")
        connection.execute("CREATE TABLE project_organisation (project_id VARCHAR, role VARCHAR, name VARCHAR)")
        connection.execute(withheld_sql())
        yield connection


def without_contacts(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    row = connection.execute("SELECT without_contacts($text)", {"text": text}).fetchone()
    assert row is not None
    return str(row[0])

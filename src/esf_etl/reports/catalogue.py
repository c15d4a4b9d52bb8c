"""The catalogue of the open data by DCAT-AP-SE, as Sweden's data portal gathers it.

Source: DCAT-AP-SE 3.0.1 (https://docs.dataportal.se/dcat/3.0.1/sv/), the Swedish profile of DCAT-AP 3. Each table is a
data set with two distributions, CSV and Parquet: the same data in two formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from esf_etl.reports.graph import Iri, Literal
from esf_etl.reports.operations import LIST_OF_OPERATIONS
from esf_etl.reports.table_schema import DESCRIPTION_EN, DESCRIPTION_SV, TITLE_EN, TITLE_SV

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from esf_etl.reports.graph import Graph
    from esf_etl.reports.publication import Publication
    from esf_etl.reports.table_schema import Written, WrittenFile

__all__ = ["Days", "catalogue"]

_EU = "http://publications.europa.eu/resource/authority"
_SWEDISH, _ENGLISH = Iri(f"{_EU}/language/SWE"), Iri(f"{_EU}/language/ENG")
# The country in the EU's vocabulary, and in the one that the Swedish profile shows.
_SWEDEN = (Iri(f"{_EU}/country/SWE"), Iri("http://sws.geonames.org/2661886/"))
# Society; the economy and finance; government and the public sector.
_THEMES = tuple(Iri(f"{_EU}/data-theme/{code}") for code in ("SOCI", "ECON", "GOVE"))
_KEYWORDS_SV = ("ESF", "Europeiska socialfonden", "EU-stöd")
_KEYWORDS_EN = ("ESF", "European Social Fund", "EU funding")
# The Swedish profile takes no other for the catalogue itself; it says nothing of the data.
_OF_CATALOGUE = Iri("http://creativecommons.org/publicdomain/zero/1.0/")
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_LAWS = {
    LIST_OF_OPERATIONS: (
        "http://data.europa.eu/eli/reg/2021/1060/oj",
        "http://data.europa.eu/eli/reg/2013/1303/oj",
    )
}


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a catalogue: when the data first came out and when these did, first and last day of the projects."""

    issued: str
    modified: str
    first: date | None
    last: date | None


def catalogue(tables: tuple[Written, ...], publication: Publication, days: Days) -> Graph:
    """The catalogue, its data sets and their distributions.

    The publication must state a publisher and a base address. What else it does not state is left out: nothing is made
    up.
    """
    names = _Names((publication.base_url or "").rstrip("/") + "/", publication.publisher_uri)
    catalogued = [table for table in tables if table.resource.catalogued]
    said = [
        *_of_catalogue(names, catalogued, publication, days),
        *_of_publisher(names, publication),
        *_of_contact(names, publication),
        *_of_period(names, days),
    ]
    for table in catalogued:
        said += _of_dataset(names, table, publication, days)
        for kind, file in (("csv", table.csv), ("parquet", table.parquet)):
            said += _of_distribution(names, table, kind, file, publication)
    return said


@dataclass(frozen=True, slots=True)
class _Names:
    """What things are called: addresses below that of the folder, the same in each publication."""

    base: str
    publisher_uri: str | None

    def thing(self, name: str) -> Iri:
        return Iri(f"{self.base}dcat#{name}")

    @property
    def publisher(self) -> Iri:
        return Iri(self.publisher_uri) if self.publisher_uri else self.thing("publisher")


def _about(subject: Iri, *said: tuple[str, Iri | Literal]) -> Iterator[tuple[Iri, str, Iri | Literal]]:
    for predicate, value in said:
        yield subject, predicate, value


def _in_both(predicate: str, swedish: str, english: str) -> tuple[tuple[str, Literal], tuple[str, Literal]]:
    return (predicate, Literal(swedish, "sv")), (predicate, Literal(english, "en"))


def _dates(days: Days) -> tuple[tuple[str, Literal], ...]:
    return (
        ("dcterms:issued", Literal(days.issued, type="xsd:date")),
        ("dcterms:modified", Literal(days.modified, type="xsd:date")),
    )


def _of_catalogue(names: _Names, tables: list[Written], publication: Publication, days: Days) -> Graph:
    return [
        *_about(
            names.thing("catalog"),
            ("rdf:type", Iri("dcat:Catalog")),
            *_in_both("dcterms:title", TITLE_SV, TITLE_EN),
            *_in_both("dcterms:description", DESCRIPTION_SV, DESCRIPTION_EN),
            ("dcterms:publisher", names.publisher),
            ("dcterms:license", _OF_CATALOGUE),
            *_dates(days),
            ("dcterms:language", _SWEDISH),
            ("dcterms:language", _ENGLISH),
            ("foaf:homepage", Iri(publication.base_url or "")),
            ("dcat:themeTaxonomy", Iri(f"{_EU}/data-theme")),
            *(("dcterms:spatial", place) for place in _SWEDEN),
            *(("dcat:dataset", names.thing(table.resource.name)) for table in tables),
        )
    ]


def _of_publisher(names: _Names, publication: Publication) -> Graph:
    said: list[tuple[str, Iri | Literal]] = [
        ("rdf:type", Iri("foaf:Agent")),
        ("foaf:name", Literal(publication.publisher or "")),
    ]
    if publication.publisher_type:
        said.append(("dcterms:type", Iri(f"http://purl.org/adms/publishertype/{publication.publisher_type}")))
    if publication.publisher_uri:
        said.append(("foaf:homepage", Iri(publication.publisher_uri)))
    return [*_about(names.publisher, *said)]


def _of_contact(names: _Names, publication: Publication) -> Graph:
    if not publication.contact_email:
        return []
    return [
        *_about(
            names.thing("contact"),
            ("rdf:type", Iri("vcard:Organization")),
            ("vcard:fn", Literal(publication.contact_name or publication.publisher or "")),
            ("vcard:hasEmail", Iri(f"mailto:{publication.contact_email}")),
        )
    ]


def _of_period(names: _Names, days: Days) -> Graph:
    said: list[tuple[str, Iri | Literal]] = [
        (predicate, Literal(day.isoformat(), type="xsd:date"))
        for predicate, day in (("dcat:startDate", days.first), ("dcat:endDate", days.last))
        if day is not None
    ]
    return [*_about(names.thing("period"), ("rdf:type", Iri("dcterms:PeriodOfTime")), *said)] if said else []


def _of_dataset(names: _Names, table: Written, publication: Publication, days: Days) -> Graph:
    resource = table.resource
    said: list[tuple[str, Iri | Literal]] = [
        ("rdf:type", Iri("dcat:Dataset")),
        *_in_both("dcterms:title", f"ESF i Sverige: {resource.title_sv}", f"ESF in Sweden: {resource.title_en}"),
        *_in_both("dcterms:description", resource.description_sv, resource.description_en),
        ("dcterms:identifier", Literal(names.thing(resource.name).value)),
        ("dcterms:publisher", names.publisher),
        *(("dcat:keyword", Literal(word, "sv")) for word in (*_KEYWORDS_SV, *resource.keywords_sv)),
        *(("dcat:keyword", Literal(word, "en")) for word in (*_KEYWORDS_EN, *resource.keywords_en)),
        *(("dcat:theme", theme) for theme in _THEMES),
        *(("dcterms:spatial", place) for place in _SWEDEN),
        ("dcterms:language", _SWEDISH),
        *_dates(days),
        ("dcterms:accessRights", Iri(f"{_EU}/access-right/PUBLIC")),
        ("foaf:page", Iri(f"{names.base}README.md")),
        *(("dcatap:applicableLegislation", Iri(law)) for law in _LAWS.get(resource.name, ())),
        *(("dcat:distribution", names.thing(f"{resource.name}-{kind}")) for kind in _MEDIA),
    ]
    if days.first or days.last:
        said.append(("dcterms:temporal", names.thing("period")))
    if publication.frequency:
        said.append(("dcterms:accrualPeriodicity", Iri(f"{_EU}/frequency/{publication.frequency}")))
    if publication.contact_email:
        said.append(("dcat:contactPoint", names.thing("contact")))
    return [*_about(names.thing(resource.name), *said)]


def _of_distribution(names: _Names, table: Written, kind: str, file: WrittenFile, publication: Publication) -> Graph:
    resource = table.resource
    name, checksum = f"{resource.name}-{kind}", names.thing(f"{resource.name}-{kind}-checksum")
    word = {"csv": "CSV", "parquet": "Parquet"}[kind]
    address = Iri(names.base + file.path)
    said: list[tuple[str, Iri | Literal]] = [
        ("rdf:type", Iri("dcat:Distribution")),
        *_in_both("dcterms:title", f"{resource.title_sv} ({word})", f"{resource.title_en} ({word})"),
        *_in_both(
            "dcterms:description",
            f"{table.rows} rader som {word}; kolumnerna beskrivs i datapackage.json.",
            f"{table.rows} rows as {word}; datapackage.json describes the columns.",
        ),
        ("dcat:accessURL", address),
        ("dcat:downloadURL", address),
        # The Swedish profile reads the format as a text, DCAT-AP the media type as an address.
        ("dcterms:format", Literal(_MEDIA[kind])),
        ("dcat:mediaType", Iri(f"https://www.iana.org/assignments/media-types/{_MEDIA[kind]}")),
        ("dcat:byteSize", Literal(str(file.size_bytes), type="xsd:nonNegativeInteger")),
        ("dcterms:language", _SWEDISH),
        ("spdx:checksum", checksum),
    ]
    if publication.licence_uri:
        said.append(("dcterms:license", Iri(publication.licence_uri)))
    if publication.availability:
        said.append(("dcatap:availability", Iri(f"{_EU}/planned-availability/{publication.availability}")))
    return [
        *_about(names.thing(name), *said),
        *_about(
            checksum,
            ("rdf:type", Iri("spdx:Checksum")),
            ("spdx:algorithm", Iri("spdx:checksumAlgorithm_sha256")),
            ("spdx:checksumValue", Literal(file.sha256, type="xsd:hexBinary")),
        ),
    ]

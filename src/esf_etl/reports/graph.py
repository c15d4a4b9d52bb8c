"""A small RDF graph, and its two spellings: Turtle and JSON-LD."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

__all__ = ["PREFIXES", "Graph", "Iri", "Literal", "to_json_ld", "to_turtle"]

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "adms": "http://www.w3.org/ns/adms#",
        "dcat": "http://www.w3.org/ns/dcat#",
        "dcatap": "http://data.europa.eu/r5r/",
        "dcterms": "http://purl.org/dc/terms/",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "spdx": "http://spdx.org/rdf/terms#",
        "vcard": "http://www.w3.org/2006/vcard/ns#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }
)
"""The vocabularies that may stand before a colon."""


@dataclass(frozen=True, slots=True)
class Iri:
    """A thing with a name: an address in full, or `prefix:name`."""

    value: str

    @property
    def full(self) -> str:
        """The address in full."""
        prefix, _, name = self.value.partition(":")
        return PREFIXES[prefix] + name if prefix in PREFIXES else self.value

    @property
    def is_short(self) -> bool:
        """Whether it is written with a prefix."""
        return self.value.partition(":")[0] in PREFIXES


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, in a language or of a type (`xsd:date`)."""

    text: str
    language: str | None = None
    type: str | None = None


Graph = Sequence[tuple[Iri, str, Iri | Literal]]
"""Triples: a thing, what is said of it (`prefix:name`), and a thing or text. All of one subject stand together."""

_TYPE = "rdf:type"


def to_turtle(graph: Graph) -> str:
    """The graph in Turtle. Source: W3C, RDF 1.1 Turtle."""
    lines = [f"@prefix {prefix}: <{address}> ." for prefix, address in PREFIXES.items()]
    for subject, triples in groupby(graph, key=lambda triple: triple[0]):
        said = " ;\n".join(
            f"    {'a' if predicate == _TYPE else predicate} {_in_turtle(value)}" for _, predicate, value in triples
        )
        lines += ["", f"{_in_turtle(subject)}\n{said} ."]
    return "\n".join(lines) + "\n"


def _in_turtle(value: Iri | Literal) -> str:
    if isinstance(value, Iri):
        return value.value if value.is_short else f"<{value.value}>"
    # A string of JSON is one of Turtle: the same quotes, the same escapes.
    text = json.dumps(value.text, ensure_ascii=False)
    if value.language:
        return f"{text}@{value.language}"
    return f"{text}^^{value.type}" if value.type else text


def to_json_ld(graph: Graph) -> str:
    """The graph in JSON-LD. Source: W3C, JSON-LD 1.1."""
    nodes: list[dict[str, object]] = []
    for subject, triples in groupby(graph, key=lambda triple: triple[0]):
        node: dict[str, object] = {"@id": subject.value}
        for predicate, values in groupby(sorted(triples, key=lambda triple: triple[1]), key=lambda triple: triple[1]):
            objects = [value for _, _, value in values]
            if predicate == _TYPE:
                node["@type"] = [value.value for value in objects if isinstance(value, Iri)]
            else:
                node[predicate] = [_in_json_ld(value) for value in objects]
        nodes.append(node)
    return json.dumps({"@context": dict(PREFIXES), "@graph": nodes}, ensure_ascii=False, indent=1) + "\n"


def _in_json_ld(value: Iri | Literal) -> dict[str, str]:
    if isinstance(value, Iri):
        return {"@id": value.value}
    if value.language:
        return {"@value": value.text, "@language": value.language}
    return {"@value": value.text, "@type": value.type} if value.type else {"@value": value.text}

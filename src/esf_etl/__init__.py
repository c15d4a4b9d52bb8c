"""From saved project pages of the Swedish ESF council to records and tables one can trust.

>>> from esf_etl import parse_file
>>> project = parse_file("landing/page.txt")  # doctest: +SKIP

Importing this package loads nothing but the standard library. Everything that needs more (`to_arrow`, the pipeline)
is loaded when it is first used and says which extra to install where that is missing.
"""

from __future__ import annotations

from esf_etl.errors import EsfEtlError, NotAProjectPage
from esf_etl.pages.identity import content_digest, project_id
from esf_etl.pages.layouts import LAYOUTS, Heading, Label, Layout
from esf_etl.pages.parser import PARSER_VERSION, parse, parse_bytes, parse_file
from esf_etl.pages.records import Attribute, Contact, Diagnostic, Project, Section
from esf_etl.pages.render import render

__version__ = "0.1.0"

__all__ = [
    "LAYOUTS",
    "PARSER_VERSION",
    "Attribute",
    "Contact",
    "Diagnostic",
    "EsfEtlError",
    "Heading",
    "Label",
    "Layout",
    "NotAProjectPage",
    "Project",
    "Section",
    "__version__",
    "content_digest",
    "parse",
    "parse_bytes",
    "parse_file",
    "project_id",
    "render",
]

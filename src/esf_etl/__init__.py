"""From saved project pages of the Swedish ESF council to records and tables one can trust.

>>> from esf_etl import parse_file
>>> project = parse_file("landing/page.txt")  # doctest: +SKIP

Importing this package loads nothing but the standard library. Everything that needs more (`to_arrow`, the pipeline)
is loaded when it is first used and says which extra to install where that is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from esf_etl.errors import EsfEtlError, MissingExtra, NotAProjectPage
from esf_etl.pages.identity import content_digest, project_id
from esf_etl.pages.layouts import LAYOUTS, Heading, Label, Layout
from esf_etl.pages.parser import PARSER_VERSION, parse, parse_bytes, parse_file
from esf_etl.pages.records import Attribute, Contact, Diagnostic, Project, Section
from esf_etl.pages.render import render

if TYPE_CHECKING:
    from esf_etl.columns import to_arrow as to_arrow
    from esf_etl.many import parse_many
    from esf_etl.pages.json_schema import project_schema

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
    "parse_many",
    "project_id",
    "project_schema",
    "render",
]  # and `to_arrow`, which `import *` must not load: it needs an extra

_LOADED_WHEN_USED = {"parse_many": "many", "project_schema": "pages.json_schema", "to_arrow": "columns"}


def __getattr__(name: str) -> Any:
    """Load the parts that a program may never need when it first asks for them."""
    if name not in _LOADED_WHEN_USED:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    try:
        module = import_module(f"esf_etl.{_LOADED_WHEN_USED[name]}")
    except ModuleNotFoundError as problem:
        msg = f"`esf_etl.{name}` needs the package {problem.name}, which is not installed."
        raise MissingExtra(msg, advice="Install it with: pip install 'esf-etl[warehouse]'") from problem
    return getattr(module, name)

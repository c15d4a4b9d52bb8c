"""`esf-etl parse`: what one or more pages say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from esf_etl import parse_file
from esf_etl.cli import output
from esf_etl.errors import EsfEtlError, UsageError

if TYPE_CHECKING:
    import argparse

    from esf_etl import Project

HELP = "Parse pages and print what they say."

_REFUSED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Files, the form of the output, and whether it holds contacts."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="a saved page")
    parser.add_argument(
        "--format",
        choices=("json", "ndjson", "text"),
        default="json",
        help="json: an array (default); ndjson: an object a line; text: for reading",
    )
    parser.add_argument(
        "--with-contacts", action="store_true", help="include contact person, e-mail and phone (personal data)"
    )
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of a parsed page instead")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")


def run(args: argparse.Namespace) -> int:
    """Parse every file; a refused one is reported in its place, and makes the exit status 1."""
    if args.schema:
        from esf_etl import project_schema

        output.print_json(project_schema())
        return 0
    if not args.files:
        msg = "no file to parse."
        raise UsageError(msg, advice="Name one or more, or ask for the form of the output with --schema.")
    refused = False
    documents: list[dict[str, Any]] = []
    for path in args.files:
        try:
            project = parse_file(path)
        except EsfEtlError as problem:
            refused = True
            if args.format == "text":
                output.complain(problem)
                continue
            document = _error(path, problem)
        else:
            if args.format == "text":
                _print_text(project, with_contact=args.with_contacts)
                continue
            document = project.to_dict(with_contact=args.with_contacts)
        if args.format == "ndjson":
            output.print_json(document, indent=None)
        else:
            documents.append(document)
    if args.format == "json":
        output.print_json(documents)
    return _REFUSED if refused else 0


def _error(path: str, problem: EsfEtlError) -> dict[str, Any]:
    message = f"{problem.message} {problem.advice}" if problem.advice else problem.message
    return {"source": path, "error": {"code": problem.code, "message": message, "line": problem.line}}


def _print_text(project: Project, *, with_contact: bool) -> None:
    """The page for a person: a line a field, the sections by their beginnings, the diagnostics."""
    values = project.to_dict(with_contact=with_contact)
    output.say(project.title or "(no title)")
    for name, value in values.items():
        if name in ("title", "schema_version", "sections", "diagnostics") or value in (None, []):
            continue
        shown = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
        output.say(f"  {name}: {shown}")
    for section in project.sections:
        output.say(f"  [{section.key}] {len(section.text)} characters: {section.text[:60]!r}")
    for found in project.diagnostics:
        place = "" if found.line is None else f"line {found.line}: "
        output.say(f"  {found.severity}: {place}{found.message}")
    output.say()

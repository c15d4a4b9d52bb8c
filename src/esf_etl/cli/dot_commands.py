"""The commands of the prompt that are no SQL: their list, and those that only look into the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.cli import output, results
from esf_etl.cli.completion import Candidate
from esf_etl.errors import UsageError

if TYPE_CHECKING:
    from esf_etl.warehouse.catalogue import Catalogue

__all__ = ["COMMANDS", "complete_command", "describe", "list_relations"]

COMMANDS = {
    ".tables": ("[SCHEMA]", "tables, views and macros, and what each holds"),
    ".schema": ("NAME", "the columns of a table or view, with types and meanings"),
    ".format": ("[FORMAT]", "how rows are shown: table, csv, json or ndjson"),
    ".rows": ("[N|all]", "how many rows of a table are shown"),
    ".reopen": ("", "open the snapshot that was published last"),
    ".help": ("", "this list"),
    ".quit": ("", "leave, as Ctrl-D does"),
}
"""What each takes, and does."""


def list_relations(catalogue: Catalogue, schema: str) -> None:
    """Print what can be named, of one schema or of all. Raises `UsageError` for a schema that is not there."""
    if schema and schema not in catalogue.schemas:
        msg = f"there is no schema {schema}."
        raise UsageError(msg, advice="There are: " + " ".join(catalogue.schemas))
    output.print_table(
        ("name", "kind", "holds"),
        [
            (
                f"{one.short_name}({', '.join(one.parameters)})" if one.is_macro else one.short_name,
                one.kind,
                one.comment.partition(". ")[0],
            )
            for one in catalogue.relations
            if schema in ("", one.schema)
        ],
    )


def describe(catalogue: Catalogue, name: str) -> None:
    """Print the columns of a table or view with their comments, or the parameters of a macro."""
    relation = catalogue.find(name)
    if relation is None:
        msg = f"there is no table {name}." if name else "of which table?"
        raise UsageError(msg, advice=".tables lists them.")
    output.say(f"{relation.short_name}: {relation.comment}")
    if relation.is_macro:
        output.say(f"Call it: {relation.short_name}({', '.join(relation.parameters)})")
    else:
        output.print_table(
            ("column", "type", "meaning"), [(one.name, one.type, one.comment) for one in relation.columns]
        )


def complete_command(before: str, catalogue: Catalogue) -> tuple[str, list[Candidate]]:
    """What is typed of the last word of a command, and the words that begin with it."""
    name, gap, argument = before.partition(" ")
    if not gap:
        return name, [Candidate(one, meaning) for one, (_, meaning) in COMMANDS.items() if one.startswith(name)]
    words = {
        ".tables": [Candidate(schema, "schema") for schema in catalogue.schemas],
        ".schema": [Candidate(one.short_name, one.kind) for one in catalogue.relations],
        ".format": [Candidate(form, "format") for form in results.FORMATS if form != "parquet"],
        ".rows": [Candidate("all", "")],
    }.get(name, [])
    typed = argument.lstrip()
    return typed, [one for one in words if one.text.startswith(typed)]

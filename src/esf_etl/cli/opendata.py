"""`esf-etl opendata`: the warehouse as an open data package with a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from esf_etl.cli import output
from esf_etl.cli.warehouse_option import add_json, add_warehouse, published_in

if TYPE_CHECKING:
    import argparse

HELP = "Write the warehouse as an open data package: tables, their description, a catalogue."

_OPTIONS = {
    "publisher": ("NAME", "the organisation that publishes"),
    "publisher_uri": ("URL", "its address on the web"),
    "publisher_type": ("TYPE", "what it is, such as NationalAuthority (ADMS)"),
    "contact_name": ("NAME", "a function, not a person, to ask about the data"),
    "contact_email": ("ADDRESS", "its e-mail address"),
    "licence": ("LICENCE", "CC0-1.0, CC-BY-4.0 or the address of another"),
    "base_url": ("URL", "where the folder will be found on the web"),
    "frequency": ("CODE", "how often it is published anew, such as DAILY, MONTHLY or ANNUAL_3"),
    "availability": ("CODE", "how long it is planned to stay: TEMPORARY, EXPERIMENTAL, AVAILABLE or STABLE"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, and what only the publisher can say; what is not said is not stated."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder, or that of an earlier package")
    for name, (metavar, text) in _OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, help=text)
    add_warehouse(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Write the package and say what is in it, and what kept a catalogue from being made."""
    from esf_etl.reports.opendata import write_package
    from esf_etl.reports.publication import Publication

    publication = Publication.from_environment(**{name: getattr(args, name) for name in _OPTIONS})
    done = write_package(published_in(args), args.folder, publication)
    if args.json:
        output.print_json(done.to_dict())
        return 0
    output.say(
        f"{done.path}: {len(done.tables)} tables, {done.files} files, {done.size_bytes} bytes, of run {done.run_id}."
    )
    if not done.has_catalogue:
        wanted = " and ".join(f"--{name.replace('_', '-')}" for name in done.missing_for_catalogue)
        output.note(f"There is no catalogue in it (dcat.ttl, dcat.jsonld): that needs {wanted}.")
    if publication.licence is None:
        output.note("No licence is stated: without one nobody may take it for granted that the data can be used.")
    return 0

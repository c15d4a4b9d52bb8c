"""`esf-etl config`: each setting, its value, and where that came from; or a settings file to begin with."""

from __future__ import annotations

import json
import os
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from esf_etl.cli import ingest, output
from esf_etl.cli.warehouse_option import add_json
from esf_etl.settings import ENVIRONMENT_PREFIX, FILE_TABLES, ONE_RUN, IngestSettings
from esf_etl.settings_file import CONFIG_VARIABLE, did_you_mean, read_settings_file
from esf_etl.settings_sources import meanings, printable

if TYPE_CHECKING:
    import argparse

    from esf_etl.settings_sources import Sourced

HELP = "Show each setting, its value and where it came from: option, environment, settings file or default."

_OPENDATA = FILE_TABLES[0]
_TEMPLATE_HEAD = """\
# Settings of esf-etl. An option of a command wins over ESF_ETL_* in the environment, that over this file, and this file
# over the defaults, which are those below. `esf-etl config` shows what holds, and why. Relative paths are relative to
# the folder of this file.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a run, which are shown as they would hold, and the form of the output."""
    ingest.add_settings(parser)
    parser.add_argument(
        "--template", action="store_true", help="print a settings file with every setting in it, to be filled in"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the settings; passwords in them are masked."""
    if args.template:
        output.say(_template().removesuffix("\n"))
        return 0
    from esf_etl.reports.publication import Publication

    rows = _rows("", IngestSettings.sources(**ingest.said(args)), IngestSettings)
    rows += _rows(f"{_OPENDATA}.", Publication.sources(), Publication)
    file = read_settings_file()
    notes = list(_unknown_variables())
    if args.json:
        path = None if file is None else str(file.path)
        output.print_json({"file": path, "settings": rows, "notes": notes})
        return 0
    for text in notes:
        output.note(f"Note: {text}")
    output.note("No settings file is read." if file is None else f"Settings file: {file.path}")
    told = [(row["setting"], _shown(row["value"]), row["source"], row["meaning"]) for row in rows]
    output.print_table(("setting", "value", "from", "meaning"), told)
    return 0


def _rows(before: str, sources: dict[str, Sourced], record: type[Any]) -> list[dict[str, Any]]:
    meaning = meanings(record)
    return [
        {
            "setting": f"{before}{name}",
            "value": printable(name, found.value),
            "from": found.kind,
            "source": found.source,
            "meaning": meaning[name],
        }
        for name, found in sources.items()
    ]


def _shown(value: Any) -> str:
    """A value as a settings file has it, but texts without quotes."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _unknown_variables() -> list[str]:
    """What to say of variables that look like settings and are none."""
    from esf_etl.reports.publication import Publication

    known = [CONFIG_VARIABLE, *(ENVIRONMENT_PREFIX + spec.name.upper() for spec in fields(IngestSettings))]
    known += [f"{ENVIRONMENT_PREFIX}{_OPENDATA.upper()}_{spec.name.upper()}" for spec in fields(Publication)]
    told = []
    for name in sorted(os.environ):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            advice = did_you_mean(name, [each.casefold() for each in known])
            told.append(f"{name} is no setting.{'' if advice is None else f' {_in_capitals(advice)}'}")
    return told


def _in_capitals(advice: str) -> str:
    """The advice with the variable in it as one writes variables."""
    question, name = advice.rsplit(" ", 1)
    return f"{question} {name.upper()}"


def _template() -> str:
    """A settings file in which every setting is commented out, with its meaning and its default."""
    from esf_etl.reports.publication import Publication

    lines = [_TEMPLATE_HEAD]
    for record, table in ((IngestSettings, None), (Publication, _OPENDATA)):
        meaning = meanings(record)
        if table:
            lines.append(f"[{table}]\n")
        for spec in fields(record):
            if table is None and spec.name in ONE_RUN:
                continue
            lines += [f"# {spec.name}: {meaning[spec.name]}", f"#{spec.name} = {_default_in_toml(spec)}\n"]
    return "\n".join(lines)


def _default_in_toml(spec: Any) -> str:
    default = None if spec.default is MISSING else spec.default
    if default is None:
        return '"…"' if "str" in str(spec.type) or "Path" in str(spec.type) else "1"
    return json.dumps(default if isinstance(default, bool | int | float) else str(default), ensure_ascii=False)

"""Where a setting comes from. One precedence for all of them: option, environment, settings file, default."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esf_etl.address import StoreUrl, is_url, read_address
from esf_etl.errors import UsageError, without_passwords
from esf_etl.settings_file import did_you_mean, read_settings_file

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from esf_etl.settings_file import SettingsFile

__all__ = ["Sourced", "gather", "meanings", "printable"]

_SECRET_NAME = re.compile(r"password|secret|token|(?:^|_)key$")
_MEANING = re.compile(r"^    (\w+): ((?:[^\n]|\n     +)+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sourced:
    """A value and where it came from.

    kind: `option`, `environment`, `file` or `default`.
    source: the option, the variable, or the file with its line; `default`.
    """

    value: Any
    kind: str
    source: str


def gather(
    record: type[DataclassInstance],
    said: dict[str, Any],
    *,
    prefix: str,
    table: str | None = None,
    tables: Collection[str] = (),
    one_run: Collection[str] = (),
) -> dict[str, Sourced]:
    """Every field of a record of settings, with its source; what is said and not None wins.

    In the environment a field is called `prefix` and its name in capitals. In the file it stands at the top, or in
    `table`; `tables` are those that are read elsewhere, `one_run` the fields that have no place in a file. Raises
    `UsageError`, naming the variable, or file and line, for a value of the wrong form, and for an unknown key.
    """
    file = read_settings_file()
    listed = _settings_of(file, record, table, tables, one_run) if file else {}
    found = {}
    for spec in fields(record):
        name, kind = spec.name, str(spec.type)
        variable = prefix + name.upper()
        text = os.environ.get(variable)
        if said.get(name) is not None:
            switch = "--no-" if said[name] is False else "--"
            found[name] = Sourced(said[name], "option", f"{switch}{name.replace('_', '-')}")
        elif text:
            # Of a URL that is none somebody may have meant a part to be secret.
            shown = f"{variable} is no usable URL" if is_url(text) else f"{variable} is {printable(name, text)!r}"
            try:
                value = _FROM_TEXT[kind](text)
                record(**{name: value})
            except (ValueError, UsageError) as problem:
                msg = f"{shown}: {_reason(problem)}."
                raise UsageError(msg) from problem
            found[name] = Sourced(value, "environment", variable)
        elif file is not None and name in listed:
            found[name] = _from_file(record, name, kind, listed[name], file, table)
        else:
            found[name] = Sourced(_default_of(spec), "default", "default")
    return found


def _settings_of(
    file: SettingsFile,
    record: type[DataclassInstance],
    table: str | None,
    tables: Collection[str],
    one_run: Collection[str],
) -> dict[str, Any]:
    """What the file says of a record; raises `UsageError` for what it may not say."""
    listed = file.document if table is None else file.document.get(table, {})
    if not isinstance(listed, dict):
        msg = f"{table} is a table of settings: [{table}] on a line of its own, and they below it."
        raise file.wrong(msg, str(table))
    known = [spec.name for spec in fields(record)]
    for name in listed:
        if table is None and name in tables:
            continue
        if name not in known:
            where = f" of [{table}]" if table else ""
            msg = f"{name} is no setting{where}."
            advice = did_you_mean(name, [*known, *tables]) or "`esf-etl config` lists them all."
            raise file.wrong(msg, name, table, advice=advice)
        if name in one_run:
            msg = f"{name} is for one run, and the file is for all."
            raise file.wrong(msg, name, table, advice=f"Say --{name.replace('_', '-')} when you want it.")
    return {name: value for name, value in listed.items() if name in known}


def _from_file(
    record: type[DataclassInstance], name: str, kind: str, value: Any, file: SettingsFile, table: str | None
) -> Sourced:
    types, form = _IN_FILE[kind.removesuffix(" | None")]
    shown = f"{name} is {printable(name, value)!r}" if isinstance(value, str) else f"{name} is {_toml(value)}"
    if type(value) not in types or value == "":
        msg = f"{shown}; expected {form}."
        raise file.wrong(msg, name, table)
    if "StoreUrl" in kind and is_url(value):
        value = _read_url(value, shown, file, name, table)
    elif kind.startswith("Path"):
        value = file.folder / Path(value).expanduser()
    elif kind.startswith("float"):
        value = float(value)
    try:
        record(**{name: value})
    except UsageError as problem:
        msg = f"{shown}: {_reason(problem)}."
        raise file.wrong(msg, name, table) from problem
    line = file.line_of(name, table)
    return Sourced(value, "file", f"{file.path}:{line}" if line else f"{file.path} ({name})")


def _read_url(text: str, shown: str, file: SettingsFile, name: str, table: str | None) -> StoreUrl:
    try:
        return StoreUrl.read(text)
    except UsageError as problem:
        msg = f"{shown}: {_reason(problem)}."
        raise file.wrong(msg, name, table) from problem


def _reason(problem: Exception) -> str:
    return str(problem).rstrip(".")


def _default_of(spec: Any) -> Any:
    return spec.default if spec.default_factory is MISSING else spec.default_factory()


def printable(name: str, value: Any) -> Any:
    """The value of a setting as it may be shown: JSON-ready, passwords in it masked, secrets not shown at all."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return "***" if _SECRET_NAME.search(name) else without_passwords(str(value))


def meanings(record: type[Any]) -> dict[str, str]:
    """What each field of a record of settings means, as its docstring says."""
    return {name: " ".join(text.split()) for name, text in _MEANING.findall(record.__doc__ or "")}


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else without_passwords(str(value))


def _read_whole(text: str) -> int:
    with suppress(ValueError):
        return int(text)
    msg = "expected a whole number"  # what int says quotes the text again, as it is
    raise ValueError(msg)


def _read_number(text: str) -> float:
    with suppress(ValueError):
        return float(text)
    msg = "expected a number"
    raise ValueError(msg)


def _read_switch(text: str) -> bool:
    try:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.casefold()]
    except KeyError:
        msg = "expected 1, true or yes, or 0, false or no"
        raise ValueError(msg) from None


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "Path": Path,
    "Path | None": Path,
    "Path | StoreUrl": read_address,
    "Path | StoreUrl | None": read_address,
    "str": str,
    "str | None": str,
    "int": _read_whole,
    "int | None": _read_whole,
    "float": _read_number,
    "float | None": _read_number,
    "bool": _read_switch,
}
"""How a text becomes a value of a field's type."""

_IN_FILE: dict[str, tuple[tuple[type, ...], str]] = {
    "Path": ((str,), "a path in quotes"),
    "Path | StoreUrl": ((str,), "a path or the URL of a place in an object store, in quotes"),
    "str": ((str,), "a text in quotes"),
    "int": ((int,), "a whole number, without quotes"),
    "float": ((int, float), "a number, without quotes"),
    "bool": ((bool,), "true or false, without quotes"),
}
"""The types of a TOML file that a field of a type is given in, and how to say so."""

"""The settings file: which one holds, what it says, and on which line. TOML, one file, none merged with another."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from esf_etl.errors import UsageError

__all__ = ["CONFIG_VARIABLE", "SettingsFile", "did_you_mean", "named_settings_file", "read_settings_file"]

CONFIG_VARIABLE = "ESF_ETL_CONFIG"
_NAMED: ContextVar[Path | None] = ContextVar("settings_file", default=None)
_PLACE = re.compile(r" *\(at (?:line (?P<line>\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A settings file that was read.

    path: where it is, as it was named or found.
    text: what stands in it.
    document: what it says: settings by name, and tables of settings.
    """

    path: Path
    text: str
    document: dict[str, Any]

    @property
    def folder(self) -> Path:
        """The folder that relative paths in it are relative to."""
        return self.path.absolute().parent

    def line_of(self, name: str, table: str | None = None) -> int | None:
        """The line (1-based) where a setting, or a table, is given; None where it is written in a way not foreseen."""
        key = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
        dotted = re.compile(rf"\s*{re.escape(table or name)}\s*\.\s*{re.escape(name)}\s*=")
        header = re.compile(r"\s*\[\s*[\"']?([^\]\"']+?)[\"']?\s*\]")
        within: str | None = None
        for number, line in enumerate(self.text.splitlines(), 1):
            if found := header.match(line):
                within = found[1]
                if table is None and within == name:
                    return number
            elif (within == table and key.match(line)) or (within is None and dotted.match(line)):
                return number
        return None

    def wrong(self, message: str, name: str, table: str | None = None, *, advice: str | None = None) -> UsageError:
        """The error for a setting of this file that cannot be meant."""
        return UsageError(message, path=str(self.path), line=self.line_of(name, table), advice=advice)


@contextmanager
def named_settings_file(path: Path | None) -> Iterator[None]:
    """Within the context, that is the settings file: `--config FILE`. With None the one that is found."""
    token = _NAMED.set(path)
    try:
        yield
    finally:
        _NAMED.reset(token)


def read_settings_file() -> SettingsFile | None:
    """The settings file that holds: that of `--config`, else of `ESF_ETL_CONFIG`, else the first that is found.

    Looked for are `esf-etl.toml` in the working folder, `esf-etl/config.toml` in the user's folder of settings
    ($XDG_CONFIG_HOME, ~/.config), and /etc/esf-etl.toml. Raises `UsageError` for one that is named and missing, that
    cannot be read or is no TOML, and for one that was only found and that somebody else could have put there.
    """
    said = os.environ.get(CONFIG_VARIABLE)
    named = _NAMED.get() or (Path(said) if said else None)
    path = named or next(filter(_is_there, _places()), None)
    if path is None:
        return None
    try:
        if named is None:
            _refuse_a_stranger_s(path)
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        msg = f"the settings file cannot be read: {problem.strerror}."
        raise UsageError(msg, path=str(path)) from problem
    except UnicodeDecodeError as problem:
        msg = "the settings file is no UTF-8 text."
        raise UsageError(msg, path=str(path)) from problem
    return SettingsFile(path, text, _parse(path, text))


def _places() -> Iterator[Path]:
    yield Path("esf-etl.toml")
    home = os.environ.get("XDG_CONFIG_HOME", "")
    if Path(home).is_absolute():  # the XDG specification: a relative path is to be ignored
        yield Path(home) / "esf-etl" / "config.toml"
    else:
        with suppress(RuntimeError):  # a user without a home
            yield Path.home() / ".config" / "esf-etl" / "config.toml"
    yield Path("/etc/esf-etl.toml")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder of somebody else's, as under sudo: for us there is nothing in it
        return False


def _refuse_a_stranger_s(path: Path) -> None:
    """Raise `UsageError` where a file that nobody named is another user's, or may be written by all."""
    found = path.stat()
    if found.st_uid not in (os.getuid(), 0) or found.st_mode & stat.S_IWOTH:
        whose = "everybody may write to it" if found.st_mode & stat.S_IWOTH else "it belongs to another user"
        msg = f"the settings file was found, not named, and {whose}."
        raise UsageError(msg, path=str(path), advice=f"If it is to hold, name it with --config or {CONFIG_VARIABLE}.")


def _parse(path: Path, text: str) -> dict[str, Any]:
    import tomllib  # here: most runs have no file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        said = str(problem)
        place = _PLACE.search(said)
        line = int(place["line"]) if place and place["line"] else text.count("\n") + 1
        reason = _PLACE.sub("", said).rstrip(".")
        msg = f"the settings file is no TOML: {reason}."
        raise UsageError(
            msg, path=str(path), line=line, advice='A setting is written as landing = "/srv/pages".'
        ) from None


def did_you_mean(name: str, known: list[str]) -> str | None:
    """Advice for a name that is none of the known ones; None where none is near."""
    from difflib import get_close_matches

    near = get_close_matches(name.casefold().replace("-", "_"), known, 1)
    return f"Did you mean {near[0]}?" if near else None

"""The words of the report page, as data in both languages (`assets/texts.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

__all__ = ["LANGUAGES", "Texts", "asset", "texts_in"]

LANGUAGES = ("sv", "en")
"""The languages of the page; the first is the default."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The words in one language.

    `page`: of the page itself. `script`: what its script puts in. `work`, `outcomes`, `absent`: of the tables of the
    job. `rules`: what a rule or refusal says and what to do, where that is not the English of the warehouse.
    """

    lang: str
    page: Mapping[str, str]
    script: Mapping[str, str]
    work: Mapping[str, str]
    outcomes: Mapping[str, str]
    absent: Mapping[str, str]
    rules: Mapping[str, str] = field(default_factory=dict)


def asset(name: str) -> str:
    """The text of a file of the page's."""
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


@cache
def texts_in(language: str) -> Texts:
    """The words in one of `LANGUAGES`."""
    return Texts(lang=language, **tomllib.loads(asset("texts.toml"))[language])

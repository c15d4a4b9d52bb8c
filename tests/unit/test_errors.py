"""Every error of ours: a stable code, the place, what to do; and it survives the way from a worker process."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
import re

import pytest

import esf_etl
from esf_etl import EsfEtlError, NotAProjectPage
from esf_etl.errors import LockHeld, UsageError


def every_error() -> list[type[EsfEtlError]]:
    """The base and all that derives from it, in any module of the library."""
    for module in pkgutil.walk_packages(esf_etl.__path__, "esf_etl."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    kinds: list[type[EsfEtlError]] = [EsfEtlError]
    for kind in kinds:
        kinds.extend(each for each in kind.__subclasses__() if each not in kinds)
    return kinds


def sent(error: EsfEtlError) -> EsfEtlError:
    """The error as it arrives from another process."""
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own, from one line above
    assert isinstance(arrived, EsfEtlError)
    return arrived


every_kind = pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)


@every_kind
def test_an_error_survives_pickling_with_all_it_knows(kind: type[EsfEtlError]) -> None:
    error = kind("It broke.", code="some-code", path="in/x.txt", line=7, advice="Mend it.")

    again = sent(error)

    assert type(again) is kind
    assert (again.code, again.message, again.path, again.line, again.advice) == (
        "some-code",
        "It broke.",
        "in/x.txt",
        7,
        "Mend it.",
    )
    assert (str(again), again.args, again.exit_code) == (str(error), error.args, error.exit_code)


@every_kind
def test_an_error_without_a_place_survives_too(kind: type[EsfEtlError]) -> None:
    again = sent(kind("It broke."))

    assert (again.code, again.path, again.line, again.advice) == (kind.code, None, None, None)
    assert str(again) == "It broke."


@every_kind
def test_a_code_is_kebab_case_and_a_kind_is_described(kind: type[EsfEtlError]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", kind.code)
    assert kind.__doc__


def test_no_two_kinds_have_one_code() -> None:
    codes = [kind.code for kind in every_error()]

    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("path", "line", "advice", "text"),
    [
        ("in/x.txt", 7, "Mend it.", "in/x.txt:7: It broke. Mend it."),
        ("in/x.txt", 7, None, "in/x.txt:7: It broke."),
        ("in/x.txt", None, "Mend it.", "in/x.txt: It broke. Mend it."),
        (None, 7, None, "line 7: It broke."),
        (None, None, "Mend it.", "It broke. Mend it."),
        (None, None, None, "It broke."),
    ],
)
def test_a_message_names_the_place_and_says_what_to_do(
    path: str | None, line: int | None, advice: str | None, text: str
) -> None:
    assert str(EsfEtlError("It broke.", path=path, line=line, advice=advice)) == text


def test_an_error_can_be_told_where_it_came_from() -> None:
    error = NotAProjectPage("It broke.", line=7)

    assert error.at("in/x.txt") is error
    assert str(error) == "in/x.txt:7: It broke."


def test_a_code_given_to_one_error_is_not_its_kinds() -> None:
    assert NotAProjectPage("It broke.", code="truncated").code == "truncated"
    assert NotAProjectPage.code == NotAProjectPage("It broke.").code == "not-a-project-page"


def test_the_command_line_ends_with_the_status_of_the_kind() -> None:
    assert {kind.__name__: kind.exit_code for kind in every_error() if kind.exit_code != 1} == {
        UsageError.__name__: 2,
        LockHeld.__name__: 3,
    }

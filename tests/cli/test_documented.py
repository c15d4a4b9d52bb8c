"""What all commands have in common: help, start, missing extras, broken pipes; and that each is documented."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time

import pytest

from esf_etl.cli import VERBS, build_parser
from tests.cli.conftest import ROOT, Place, Run, environment, esf_etl, without

HEAVY = ("duckdb", "polars", "pandera", "pyarrow", "prefect", "rich", "filelock", "ftfy")
DOCUMENTS = ("README.md", "docs/operating.md")


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    (commands,) = (action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(commands.choices)


def options(verb: str) -> list[str]:
    """The long options of a command, but for --help."""
    return [
        name
        for action in parsers()[verb]._actions
        for name in action.option_strings
        if name.startswith("--") and name != "--help"
    ]


# ---- documents --------------------------------------------------------------------------------------------------


def test_the_commands_are_those_of_the_list() -> None:
    assert tuple(parsers()) == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_and_each_of_its_options_is_documented(verb: str) -> None:
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS)

    missing = [] if f"`esf-etl {verb}" in text else [f"`esf-etl {verb}`"]
    missing += [name for name in options(verb) if not re.search(rf"(?<![\w-]){name}(?![\w-])", text)]

    assert missing == [], f"neither {' nor '.join(DOCUMENTS)} says anything of {', '.join(missing)} of {verb}"


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_has_a_help(verb: str) -> None:
    assert [action.dest for action in parsers()[verb]._actions if not action.help] == []


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "serve"])
def test_each_command_that_prints_takes_json(verb: str) -> None:
    assert "--json" in options(verb)


@pytest.mark.parametrize(
    "verb",
    [
        "ingest",
        "status",
        "rejects",
        "sql",
        "search",
        "report",
        "digest",
        "export",
        "opendata",
        "forget",
        "purge",
        "config",
    ],
)
def test_each_command_that_knows_a_warehouse_takes_its_place(verb: str) -> None:
    assert "--warehouse" in options(verb)
    assert "--config" in options(verb)


# ---- help and start ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_names_the_command_and_its_options(verb: str, run: Run) -> None:
    done = run(*filter(None, (verb, "--help")))

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"usage: esf-etl {verb}".rstrip())
    for name in options(verb) if verb else VERBS:
        assert name in done.out


def test_help_of_every_command_imports_nothing_heavy() -> None:
    tell = (
        "import contextlib, io, sys; from esf_etl.cli import VERBS, main\n"
        "for verb in VERBS:\n"
        "    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main([verb, '--help'])\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", tell], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )

    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "esf_etl" in loaded
    assert loaded & set(HEAVY) == set()


@pytest.mark.benchmark
def test_help_is_there_within_a_second() -> None:
    seconds = []
    for _ in range(3):
        since = time.perf_counter()
        assert esf_etl("ingest", "--help").returncode == 0
        seconds.append(time.perf_counter() - since)

    assert min(seconds) < 1, seconds


def test_the_version_is_that_of_the_package(run: Run) -> None:
    import esf_etl as package

    assert run("--version").out == f"esf-etl {package.__version__}\n"


@pytest.mark.parametrize("wrong", [[], ["no-such-command"]])
def test_no_command_and_an_unknown_one_are_wrong_usage(wrong: list[str], run: Run) -> None:
    done = run(*wrong)

    assert (done.code, done.out) == (2, "")
    assert "usage: esf-etl" in done.err


# ---- missing extras ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "extra", "command"),
    [
        *((package, "warehouse", ["ingest"]) for package in HEAVY if package not in ("prefect", "ftfy")),
        ("duckdb", "warehouse", ["status"]),
        ("duckdb", "warehouse", ["rejects"]),
        ("duckdb", "warehouse", ["sql", "SELECT 1"]),
        ("duckdb", "warehouse", ["search", "broar"]),
        ("duckdb", "warehouse", ["digest"]),
        ("duckdb", "warehouse", ["export"]),
        ("xlsxwriter", "reports", ["export", "--format", "xlsx"]),
        ("pyarrow", "warehouse", ["opendata", "never-made"]),
        ("duckdb", "warehouse", ["forget", "Ada Exempel"]),
        ("duckdb", "warehouse", ["purge", "--older-than", "2y"]),
        ("polars", "warehouse", ["dictionary"]),
        ("prefect", "flows", ["serve"]),
    ],
)
def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    package: str, extra: str, command: list[str], published: Place
) -> None:
    place = {
        "ingest": [
            "--landing",
            str(published.landing),
            "--warehouse",
            str(published.warehouse),
            "--dry-run",
            "--reprocess",
        ],
        "dictionary": [],
        "serve": [],
    }.get(command[0], ["--warehouse", str(published.warehouse)])

    done = without(package, *command, *place)

    assert (done.returncode, done.stdout) == (1, "")
    assert "[missing-extra]" in done.stderr
    assert package in done.stderr
    assert f"pip install 'esf-etl[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("package", HEAVY)
def test_parse_needs_no_package(package: str, published: Place) -> None:
    done = without(package, "parse", str(published.landing / "a.txt"))

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["title"] == "Broar till arbete"


# ---- a reader that has seen enough ------------------------------------------------------------------------------


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("verb", ["parse", "status", "rejects", "digest", "sql", "search", "dictionary", "export"])
def test_a_broken_pipe_is_no_error_and_makes_no_noise(verb: str, unbuffered: str, own: Place) -> None:
    warehouse = ("--warehouse", str(own.warehouse))
    if verb == "search":  # the first one says that it builds its index
        assert esf_etl("search", "broar", *warehouse).returncode == 0
    rest = {
        "parse": (str(own.landing / "a.txt"),),
        "sql": ("SELECT repeat('x', 99) FROM range(9999)", *warehouse),
        "search": ("broar", *warehouse),
        "dictionary": (),
        "export": ("--output", "-", *warehouse),
    }.get(verb, warehouse)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "esf_etl.cli", verb, *rest],
            env=environment(PYTHONUNBUFFERED=unbuffered),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (0, "")

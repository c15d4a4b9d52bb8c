"""`esf-etl config`: each setting with its value and its source, a file to begin with, and no secrets."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from esf_etl.reports.publication import Publication
from esf_etl.settings import ONE_RUN, IngestSettings
from tests.cli.conftest import Place, Run, environment, esf_etl, project, put

INVENTED = "hem" + "ligt"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file of the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ESF_ETL_CONFIG")
    path = tmp_path / "esf-etl.toml"
    path.write_text("", encoding="utf-8")
    path.chmod(0o644)
    return path


def test_it_tells_each_setting_its_value_its_source_and_its_meaning(
    file: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('# ours\nlanding = "pages"\n[opendata]\npublisher = "Myndigheten"\n', encoding="utf-8")
    monkeypatch.setenv("ESF_ETL_WORKERS", "2")

    done = run("config", "--settle-s", "0", "--no-mask-prose", "--json")

    assert done.code == 0
    assert done.json["file"] == "esf-etl.toml"
    rows = {row["setting"]: row for row in done.json["settings"]}
    assert rows["landing"] == {
        "setting": "landing",
        "value": str(file.parent / "pages"),
        "from": "file",
        "source": "esf-etl.toml:2",
        "meaning": "folder the pages lie in, or s3://bucket/prefix; read only, never changed.",
    }
    told = {name: (row["value"], row["from"], row["source"]) for name, row in rows.items()}
    assert told["workers"] == (2, "environment", "ESF_ETL_WORKERS")
    assert told["settle_s"] == (0.0, "option", "--settle-s")
    assert told["mask_prose"] == (False, "option", "--no-mask-prose")
    assert told["keep_snapshots"] == (7, "default", "default")
    assert told["opendata.publisher"] == ("Myndigheten", "file", "esf-etl.toml:4")
    assert told["opendata.licence"] == (None, "default", "default")
    expected = [spec.name for spec in fields(IngestSettings)]
    assert list(rows) == [*expected, *(f"opendata.{spec.name}" for spec in fields(Publication))]


def test_off_a_terminal_it_prints_a_line_a_setting(file: Path, run: Run) -> None:
    file.write_text("keep_snapshots = 3", encoding="utf-8")

    done = run("config")

    lines = dict(line.split("\t", 1) for line in done.out.splitlines())
    assert lines["setting"] == "value\tfrom\tmeaning"
    assert lines["keep_snapshots"] == "3\tesf-etl.toml:1\tso many of the newest snapshots stay."
    assert lines["rebuild"].startswith("false\tdefault\t")
    assert done.err == "Settings file: esf-etl.toml\n"


def test_a_variable_that_looks_like_a_setting_and_is_none_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_KEEP_SNAPSHOT", "3")

    assert "Note: ESF_ETL_KEEP_SNAPSHOT is no setting. Did you mean ESF_ETL_KEEP_SNAPSHOTS?\n" in run("config").err


def test_the_template_is_a_settings_file_that_changes_nothing(file: Path, run: Run) -> None:
    file.write_text(run("config", "--template").out, encoding="utf-8")

    assert tomllib.loads(file.read_text(encoding="utf-8")) == {"opendata": {}}
    assert {row["from"] for row in run("config", "--json").json["settings"]} == {"default"}


def test_every_line_of_the_template_can_be_taken_in(file: Path, run: Run) -> None:
    text = run("config", "--template").out
    taken = re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE)
    file.write_text(re.sub(r'(\w+ = "…")', r"#\1", taken), encoding="utf-8")

    done = run("config", "--json")

    assert done.code == 0, done.err
    values = {row["setting"]: row["value"] for row in done.json["settings"] if row["from"] == "file"}
    without = {spec.name for spec in fields(IngestSettings) if spec.default is None} - {"workers"}
    assert set(values) == {spec.name for spec in fields(IngestSettings)} - without - set(ONE_RUN)
    assert values | {"landing": "landing", "warehouse": "warehouse", "workers": None} == {
        name: str(value) if isinstance(value, Path) else value
        for name, value in ((name, getattr(IngestSettings(), name)) for name in values)
    }


def test_the_template_can_be_made_where_a_broken_file_stands(file: Path, run: Run) -> None:
    file.write_text("landing =", encoding="utf-8")

    assert run("config").code == 2
    assert run("config", "--template").code == 0


@pytest.mark.promise("supply")
@pytest.mark.parametrize("how", ["option", "environment", "file"])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["table", "json"])
@pytest.mark.parametrize("secret", [f"sqlite {INVENTED}@db password={INVENTED}", f"x://a:{INVENTED}@h/{INVENTED}/b@c"])
def test_no_password_is_ever_printed(
    how: str, form: list[str], secret: str, file: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = secret.replace(f"{INVENTED}@db ", "")
    options = ["--landing-name", secret] if how == "option" else []
    if how == "environment":
        monkeypatch.setenv("ESF_ETL_LANDING_NAME", secret)
    if how == "file":
        file.write_text(f"landing_name = '{secret}'\n", encoding="utf-8")

    done = run("config", *options, *form)

    assert done.code == 0
    assert "***" in done.out
    assert INVENTED not in done.out + done.err


# ---- every command ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["status", "rejects", "digest", "verify", "search"])
def test_every_command_reads_the_settings_file(verb: str, file: Path, published: Place, run: Run) -> None:
    rest = {"search": ["broar"]}.get(verb, [])
    expected = run(verb, *rest, "--warehouse", published.warehouse)
    other = file.with_name("other.toml")
    other.write_text(f'warehouse = "{published.warehouse}"\n', encoding="utf-8")

    named = run(verb, *rest, "--config", other)
    other.rename(file)
    found = run(verb, *rest)

    assert (expected.code, named.code, found.code) == (0, 0, 0)
    assert expected.out == named.out == found.out


def test_a_landing_folder_in_the_file_is_compared_by_verify(file: Path, published: Place, run: Run) -> None:
    file.write_text(f'warehouse = "{published.warehouse}"\nlanding = "{published.landing}"\n', encoding="utf-8")

    checks = {check["name"]: check["state"] for check in run("verify", "--json").json["checks"]}

    assert checks["landing folder"] == "ok"


def test_ingest_takes_its_settings_from_the_file(file: Path, run: Run) -> None:
    put(file.parent / "pages", "a.txt", project())
    file.write_text('landing = "pages"\nwarehouse = "w"\nworkers = 1\n', encoding="utf-8")

    assert run("ingest").code == 0
    assert (file.parent / "w" / "current").is_symlink()


def test_a_wrong_file_is_wrong_usage_for_every_command_and_none_for_help(file: Path, run: Run) -> None:
    file.write_text("keep_snapshot = 3", encoding="utf-8")

    done = run("status")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "esf-etl: error [usage]: esf-etl.toml:1: keep_snapshot is no setting. Did you mean keep_snapshots?\n"
    )
    assert run("status", "--help").code == 0
    assert run("--help").code == 0


# ---- Ctrl-C -----------------------------------------------------------------------------------------------------


def test_a_command_that_publishes_nothing_says_nothing_of_it_when_it_is_interrupted(
    run: Run, monkeypatch: pytest.MonkeyPatch, published: Place
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("esf_etl.warehouse.status.read_status", interrupted)

    done = run("status", "--warehouse", published.warehouse)

    assert (done.code, done.err) == (130, "esf-etl: interrupted.\n")


@pytest.mark.parametrize(("module", "name"), [("esf_etl.look", "look"), ("esf_etl.warehouse.publish", "prune")])
def test_an_interrupted_run_says_whether_it_had_published(
    module: str, name: str, place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(place.landing, "a.txt", project())

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    where = "esf_etl.pipeline" if name == "look" else module
    monkeypatch.setattr(f"{where}.{name}", interrupted)

    done = run("ingest", *place.options, "--workers", "1")

    assert done.code == 130
    current = place.warehouse / "current"
    told = f"it had published {current.readlink()}" if name == "prune" else "nothing was published"
    assert done.err.endswith(f"esf-etl: interrupted; {told}.\n")
    assert current.is_symlink() == (name == "prune")


HELD = """
import sys
from esf_etl.cli import main
from esf_etl.run import Run

begin_stage = Run._begin_stage

def held(self, name):
    begin_stage(self, name)
    if name == "write":
        print("held", flush=True)
        self.connection.execute("SELECT sum(a.range * b.range) FROM range(3000000) a, range(3000000) b").fetchall()

Run._begin_stage = held
sys.exit(main())
"""
"""The command, with a query in its stage `write` that never ends: however fast it is, a signal finds it at work."""


def test_ctrl_c_in_a_real_run_publishes_nothing_and_says_so(place: Place) -> None:
    put(place.landing, "a.txt", project("Broar"))
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, "ingest", *place.options, "--workers", "1"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()

    assert process.returncode == 130
    assert "interrupted; nothing was published.\n" in told
    assert "Traceback" not in told
    assert not os.path.lexists(place.warehouse / "current")


def test_help_reads_no_settings_file(tmp_path: Path) -> None:
    done = esf_etl("config", "--help", cwd=tmp_path, ESF_ETL_CONFIG="gone.toml")

    assert done.returncode == 0

"""The settings file: which one holds, what wins over what, and what is wrong in it and where."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from esf_etl.errors import EsfEtlError, UsageError, without_passwords
from esf_etl.reports.publication import Publication
from esf_etl.settings import ENVIRONMENT_PREFIX, ONE_RUN, IngestSettings
from esf_etl.settings_file import named_settings_file
from esf_etl.settings_sources import gather, meanings, printable

INVENTED = "hem" + "ligt"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings from outside, an empty working folder, and a home of our own."""
    for name in list(os.environ):
        if name.startswith(ENVIRONMENT_PREFIX):
            monkeypatch.delenv(name)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return path


def settings() -> IngestSettings:
    return IngestSettings.from_environment()


# ---- which file -------------------------------------------------------------------------------------------------


def test_without_a_file_the_defaults_hold() -> None:
    assert settings() == IngestSettings()


def test_the_file_named_by_the_option_wins_then_that_of_the_variable_then_the_nearest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "config" / "esf-etl" / "config.toml", "workers = 1")
    assert settings().workers == 1
    write(Path("esf-etl.toml"), "workers = 2")
    assert settings().workers == 2
    monkeypatch.setenv("ESF_ETL_CONFIG", str(write(tmp_path / "variable.toml", "workers = 3")))
    assert settings().workers == 3
    with named_settings_file(write(tmp_path / "option.toml", "workers = 4")):
        assert settings().workers == 4
    assert settings().workers == 3


def test_files_are_not_merged(tmp_path: Path) -> None:
    write(tmp_path / "config" / "esf-etl" / "config.toml", "keep_snapshots = 2")
    write(Path("esf-etl.toml"), "workers = 2")

    assert settings().keep_snapshots == 7


def test_the_home_folder_is_looked_in_where_xdg_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write(tmp_path / "home" / ".config" / "esf-etl" / "config.toml", "workers = 5")

    assert settings().workers == 5


def test_a_file_that_is_named_and_missing_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_CONFIG", "gone.toml")

    with pytest.raises(UsageError, match=r"gone\.toml: the settings file cannot be read: No such file or directory"):
        settings()


def test_a_file_that_was_found_and_that_all_may_write_to_is_refused_until_it_is_named() -> None:
    path = write(Path("esf-etl.toml"), "workers = 2")
    path.chmod(0o646)

    with pytest.raises(UsageError, match="everybody may write to it") as caught:
        settings()
    assert "--config" in str(caught.value)
    with named_settings_file(path):
        assert settings().workers == 2


def test_a_found_file_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(Path("esf-etl.toml"), "workers = 2")
    if path.stat().st_uid == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: 12345)

    with pytest.raises(UsageError, match="it belongs to another user"):
        settings()


# ---- what wins --------------------------------------------------------------------------------------------------


def test_option_wins_over_environment_over_file_over_default(monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path("esf-etl.toml"), "\nworkers = 1\nkeep_snapshots = 1\nsettle_s = 1\n")
    monkeypatch.setenv("ESF_ETL_WORKERS", "2")
    monkeypatch.setenv("ESF_ETL_KEEP_SNAPSHOTS", "2")

    found = IngestSettings.sources(workers=3, landing_name=None)

    assert {name: (found[name].value, found[name].source) for name in ("workers", "keep_snapshots")} == {
        "workers": (3, "--workers"),
        "keep_snapshots": (2, "ESF_ETL_KEEP_SNAPSHOTS"),
    }
    assert (found["settle_s"].value, found["settle_s"].source) == (1.0, "esf-etl.toml:4")
    assert (found["landing_name"].value, found["landing_name"].kind) == ("default", "default")
    assert IngestSettings.sources(mask_prose=False)["mask_prose"].source == "--no-mask-prose"


def test_every_setting_that_is_not_of_one_run_can_stand_in_the_file() -> None:
    lines = {
        "landing": '"/srv/pages"',
        "warehouse": '"/srv/w"',
        "landing_name": '"north"',
        "workers": "3",
        "settle_s": "0.5",
        "max_page_bytes": "1000",
        "keep_snapshots": "2",
        "report_page": "false",
        "with_contacts": "true",
        "mask_prose": "false",
    }
    write(Path("esf-etl.toml"), "".join(f"{name} = {value}\n" for name, value in lines.items()))

    found = IngestSettings.sources()

    assert {name for name, each in found.items() if each.kind == "file"} == set(lines)
    assert {spec.name for spec in fields(IngestSettings)} >= set(lines) | set(ONE_RUN)
    assert settings() == IngestSettings(
        landing=Path("/srv/pages"),
        warehouse=Path("/srv/w"),
        landing_name="north",
        workers=3,
        settle_s=0.5,
        max_page_bytes=1000,
        keep_snapshots=2,
        report_page=False,
        with_contacts=True,
        mask_prose=False,
    )


def test_relative_paths_are_relative_to_the_file_and_a_tilde_is_the_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", "/home/job")
    with named_settings_file(write(tmp_path / "job" / "set.toml", 'landing = "pages"\nwarehouse = "~/w"')):
        assert settings().landing == tmp_path / "job" / "pages"
        assert settings().warehouse == Path("/home/job/w")


def test_the_publisher_stands_in_a_table_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path("esf-etl.toml"), 'workers = 1\n[opendata]\npublisher = "Myndigheten"\nlicence = "CC0-1.0"\n')
    monkeypatch.setenv("ESF_ETL_OPENDATA_LICENCE", "CC-BY-4.0")

    found = Publication.sources()

    assert (found["publisher"].value, found["publisher"].source) == ("Myndigheten", "esf-etl.toml:3")
    assert Publication.from_environment().licence == "CC-BY-4.0"
    assert settings().workers == 1


# ---- what is wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("keep_snapshot = 3", 1, "keep_snapshot is no setting. Did you mean keep_snapshots?"),
        ("\nkeep-snapshots = 3", 2, "Did you mean keep_snapshots?"),
        ("velocity = 3", 1, "velocity is no setting. `esf-etl config` lists them all."),
        ("# a\n\n[openData]\npublisher = 1", 3, "openData is no setting. Did you mean opendata?"),
        ("workers = '3'", 1, "workers is '3'; expected a whole number, without quotes."),
        ("workers = 3.0", 1, "workers is 3.0; expected a whole number"),
        ("workers = true", 1, "workers is true; expected a whole number"),
        ("workers = 0", 1, "workers is 0: workers is 0; at least one process must parse."),
        ("settle_s = -1", 1, "it counts seconds, from 0"),
        ("settle_s = inf", 1, "it counts seconds, from 0"),
        ("landing = 3", 1, "landing is 3; expected a path or the URL of a place in an object store, in quotes."),
        ("landing = ''", 1, "landing is ''; expected a path or the URL of a place in an object store, in quotes."),
        ("mask_prose = 'no'", 1, "mask_prose is 'no'; expected true or false, without quotes."),
        ("rebuild = true", 1, "rebuild is for one run, and the file is for all. Say --rebuild when you want it."),
        ("dry_run = false", 1, "Say --dry-run when you want it."),
        ("landing = 'a'\nlanding =", 2, "the settings file is no TOML: Invalid value"),
        ("landing = pages", 1, 'A setting is written as landing = "/srv/pages".'),
        ("landing = 'a", 1, "the settings file is no TOML"),
    ],
)
def test_what_cannot_be_meant_is_named_with_file_line_and_key(text: str, line: int, told: str) -> None:
    write(Path("esf-etl.toml"), text)

    with pytest.raises(UsageError) as caught:
        settings()

    assert str(caught.value).startswith(f"esf-etl.toml:{line}: ")
    assert told in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("[opendata]\npublishr = 'a'", 2, "publishr is no setting of [opendata]. Did you mean publisher?"),
        ("[opendata]\nlicence = 'mine'", 2, "licence is 'mine'"),
        ("opendata.contact_email = 3", 1, "contact_email is 3; expected a text in quotes."),
        ("opendata = 3", 1, "opendata is a table of settings"),
    ],
)
def test_so_it_is_in_the_table_of_the_publisher(text: str, line: int, told: str) -> None:
    write(Path("esf-etl.toml"), text)

    with pytest.raises(UsageError) as caught:
        Publication.from_environment()

    assert str(caught.value).startswith(f"esf-etl.toml:{line}: ")
    assert told in str(caught.value)


def test_a_file_that_is_no_text_or_no_file_is_named(tmp_path: Path) -> None:
    Path("esf-etl.toml").write_bytes(b"landing = '\xe5'")
    with pytest.raises(UsageError, match=r"esf-etl\.toml: the settings file is no UTF-8 text"):
        settings()
    with named_settings_file(tmp_path), pytest.raises(UsageError, match="Is a directory"):
        settings()


def test_a_byte_order_mark_is_no_fault() -> None:
    Path("esf-etl.toml").write_bytes(b"\xef\xbb\xbfworkers = 2\r\n")

    assert settings().workers == 2


# ---- secrets ----------------------------------------------------------------------------------------------------

DSNS = [
    (f"postgres://etl:{INVENTED}@db.example/esf", "postgres://etl:***@db.example/esf"),
    (f"postgres:/etl:{INVENTED}@db.example/esf", "postgres:/etl:***@db.example/esf"),
    (f"postgresql://etl:{INVENTED}/with@and:{INVENTED}@db/esf", "postgresql://etl:***@db/esf"),
    (f"https://:{INVENTED}@example.org/", "https://:***@example.org/"),
    (f"ducklake:postgres:dbname=esf password={INVENTED} host=db", "ducklake:postgres:dbname=esf password=*** host=db"),
    (f"host=db PASSWORD = '{INVENTED} it''s' user=etl", "host=db PASSWORD = *** user=etl"),
    (rf"host=db password='it\'s {INVENTED}' user=etl", "host=db password=*** user=etl"),  # pragma: allowlist secret
    (f'password="{INVENTED} {INVENTED}" user=etl', "password=*** user=etl"),
    (f"password='never ended {INVENTED}", "password=***"),
    (f"s3://bucket/esf?secret_access_key={INVENTED}", "s3://bucket/esf?secret_access_key=***"),
    (f"mysql://h/db?sslpassword={INVENTED}&x=1", "mysql://h/db?sslpassword=***"),
]


@pytest.mark.promise("supply")
@pytest.mark.parametrize(("said", "shown"), DSNS)
def test_a_password_in_an_address_is_masked_wherever_it_is_told(
    said: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [without_passwords(said), printable("warehouse", said)]
    assert told == [shown, shown]
    told.append(str(EsfEtlError(f"No: {said}", path=said, advice=f"Look at {said}")))
    for variable, wrong in (("WAREHOUSE", said), ("WORKERS", said), ("REBUILD", said)):
        with monkeypatch.context() as patch:
            patch.setenv(f"ESF_ETL_{variable}", wrong)
            with pytest.raises(UsageError) as caught:
                settings()
            told.append(str(caught.value))
    write(Path("esf-etl.toml"), f"workers = {_quoted(said)}\n")
    with pytest.raises(UsageError) as caught:
        settings()
    told.append(str(caught.value))

    assert [text for text in told if INVENTED in text] == []


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize(
    "text",
    [
        "/srv/warehouse: the folder is missing.",
        "https://example.org:8080/a/b",
        "see https://example.org/ and write to ada@example.se",
        "the token: none",
        "postgres://db.example/esf",
    ],
)
def test_what_is_no_password_is_left_as_it_is(text: str) -> None:
    assert without_passwords(text) == text


def test_a_setting_that_is_a_secret_by_its_name_is_not_shown_at_all() -> None:
    assert printable("smtp_password", "a") == printable("api_key", "b") == printable("token", "c") == "***"
    assert printable("keep_snapshots", 7) == 7
    assert printable("smtp_password", None) is None


@pytest.mark.parametrize("name", ["landing", "warehouse"])
@pytest.mark.parametrize("said", [f"postgres://etl:{INVENTED}@db/esf", f"mysql:db=x password={INVENTED}"])
def test_an_address_is_no_folder(name: str, said: str) -> None:
    with pytest.raises(UsageError, match="it is a folder, and no address") as caught:
        IngestSettings.from_environment(**{name: Path(said)})
    assert INVENTED not in str(caught.value)


# ---- the records ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [IngestSettings, Publication])
def test_every_setting_says_what_it_means(record: Any) -> None:
    assert list(meanings(record)) == [spec.name for spec in fields(record)]


def test_a_setting_of_each_type_can_be_read_from_environment_and_file(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Record:
        place: Path | None = None
        part: float | None = None
        word: str | None = None

    Record.__dataclass_fields__["place"].type = "Path | None"
    Record.__dataclass_fields__["part"].type = "float | None"
    Record.__dataclass_fields__["word"].type = "str | None"
    write(Path("esf-etl.toml"), 'place = "x"\npart = 1\n')
    monkeypatch.setenv("OUR_WORD", "a")

    found = gather(Record, {}, prefix="OUR_")

    assert {name: each.value for name, each in found.items()} == {
        "place": Path.cwd() / "x",
        "part": 1.0,
        "word": "a",
    }

"""The settings of a run: from the environment, from the caller, and what cannot be meant."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from esf_etl.address import StoreUrl
from esf_etl.errors import UsageError
from esf_etl.settings import ENVIRONMENT_PREFIX, IngestSettings

FROM_TEXT: list[tuple[str, str, Any]] = [
    ("landing", "/srv/pages", Path("/srv/pages")),
    ("warehouse", "w", Path("w")),
    ("landing_name", "north", "north"),
    ("workers", "3", 3),
    ("settle_s", "0.5", 0.5),
    ("max_page_bytes", "1000", 1000),
    ("keep_snapshots", "2", 2),
    ("reprocess", "yes", True),
    ("rebuild", "1", True),
    ("dry_run", "True", True),
    ("report_page", "0", False),
    ("with_contacts", "yes", True),
    ("mask_prose", "no", False),
    ("log_format", "json", "json"),
    ("log_file", "/var/log/esf-etl.jsonl", Path("/var/log/esf-etl.jsonl")),
    ("metrics_file", "/var/lib/metrics/esf.prom", Path("/var/lib/metrics/esf.prom")),
    ("overrides", "o.csv", Path("o.csv")),
    ("cluster", "tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
    ("staging", "s3://pages/staging", StoreUrl("s3", "pages", "staging")),
    ("lake", "ducklake:postgres:dbname=esf", "ducklake:postgres:dbname=esf"),
    ("lake_data", "s3://pages/lake", "s3://pages/lake"),
]


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(ENVIRONMENT_PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ESF_ETL_CONFIG", os.devnull)


def test_without_a_word_the_defaults_hold() -> None:
    assert IngestSettings.from_environment() == IngestSettings()
    assert IngestSettings().settle_s == 5.0
    assert IngestSettings().keep_snapshots == 7


@pytest.mark.parametrize(("name", "text", "value"), FROM_TEXT)
def test_every_setting_can_come_from_the_environment(
    name: str, text: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"ESF_ETL_{name.upper()}", text)
    assert getattr(IngestSettings.from_environment(), name) == value


def test_the_table_above_knows_every_setting() -> None:
    assert [name for name, _, _ in FROM_TEXT] == [spec.name for spec in fields(IngestSettings)]


def test_the_caller_s_word_wins_and_none_is_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_WORKERS", "3")
    monkeypatch.setenv("ESF_ETL_LANDING_NAME", "north")
    settings = IngestSettings.from_environment(workers=1, landing_name=None)
    assert (settings.workers, settings.landing_name) == (1, "north")


def test_an_empty_variable_is_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_WORKERS", "")
    assert IngestSettings.from_environment().workers is None


@pytest.mark.parametrize(("text", "value"), [("0", False), ("no", False), ("False", False), ("YES", True)])
def test_a_switch_may_be_off(text: str, value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_REBUILD", text)
    assert IngestSettings.from_environment().rebuild is value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WORKERS", "many"),
        ("WORKERS", "0"),
        ("WORKERS", "-1"),
        ("SETTLE_S", "a while"),
        ("SETTLE_S", "-1"),
        ("SETTLE_S", "nan"),
        ("SETTLE_S", "inf"),
        ("KEEP_SNAPSHOTS", "0"),
        ("MAX_PAGE_BYTES", "0"),
        ("REBUILD", "perhaps"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage_and_is_named(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"ESF_ETL_{name}", text)
    with pytest.raises(UsageError, match=f"(?i){name}") as caught:
        IngestSettings.from_environment()
    assert caught.value.exit_code == 2
    assert text in str(caught.value)


def test_a_landing_may_be_a_place_in_an_object_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESF_ETL_LANDING", "s3://pages/saved/")
    assert IngestSettings.from_environment().landing == StoreUrl("s3", "pages", "saved")


def test_a_secret_in_a_url_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "hush" * 2  # pragma: allowlist secret
    monkeypatch.setenv("ESF_ETL_LANDING", f"s3://{secret}@pages/saved")
    with pytest.raises(UsageError, match="ESF_ETL_LANDING") as caught:
        IngestSettings.from_environment()
    assert secret not in str(caught.value)


def test_a_url_that_was_made_a_path_is_told_from_a_folder() -> None:
    with pytest.raises(UsageError, match="lost a slash"):
        IngestSettings(landing=Path("s3://pages/saved"))

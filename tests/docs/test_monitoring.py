"""What docs/monitoring.md shows is so: the alarms name metrics that there are, and Prometheus takes them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from esf_etl import render
from esf_etl.pages.invent import invent
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings
from esf_etl.warehouse.verdict import State

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
RULES = PAGE.partition("```yaml\n")[2].partition("```")[0]
NAME = re.compile(r"\besf_etl_[a-z_]+")


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The metrics of a run with a reject."""
    root = tmp_path_factory.mktemp("monitored")
    (root / "landing").mkdir()
    for page in invent(1):
        (root / "landing" / "page.txt").write_text(render(page), encoding="utf-8")
    (root / "landing" / "article.txt").write_text("Logotyp\n\nEn nyhet\n\nMed text.\n", encoding="utf-8")
    ingest(IngestSettings(landing=root / "landing", warehouse=root / "w", settle_s=0, workers=1))
    return (root / "w" / "metrics.prom").read_text(encoding="utf-8")


def test_the_table_has_every_metric_and_no_other(metrics: str) -> None:
    written = set(re.findall(r"^(esf_etl_[a-z_]+)", metrics, re.MULTILINE))
    told = set(re.findall(r"^\| `(esf_etl_[a-z_]+)`", PAGE, re.MULTILINE))

    assert told == written


def test_the_alarms_ask_for_metrics_that_there_are(metrics: str) -> None:
    asked = set(NAME.findall(RULES))

    assert len(asked) >= 4
    assert asked <= set(NAME.findall(metrics))


def test_the_table_has_every_state() -> None:
    told = re.findall(r"^\| `([a-z]+)` \| [^|]+ \| (?:yes|no)", PAGE, re.MULTILINE)

    assert sorted(told) == sorted(get_args(State))


def test_promtool_takes_the_alarms(tmp_path: Path, promtool: str) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES, encoding="utf-8")

    done = subprocess.run([promtool, "check", "rules", str(rules)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "4 rules found" in done.stdout

"""The file of metrics: true to the journal, in a form that both kinds of parsers read, and there after every run."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client import parser as old_form
from prometheus_client.openmetrics import parser as new_form

from esf_etl import __version__, render
from esf_etl.errors import EsfEtlError
from esf_etl.pages.invent import invent
from esf_etl.pipeline import ingest
from esf_etl.reports.metrics import metrics_text
from esf_etl.settings import IngestSettings
from esf_etl.warehouse.status import read_status

ARTICLE = "Logotyp på utskrifter\n\nEn nyhet\n\nMed text.\n"


@pytest.fixture
def settings(tmp_path: Path) -> IngestSettings:
    """Two pages of projects and one of another kind."""
    landing = tmp_path / "landing"
    landing.mkdir()
    for number, page in enumerate(invent(2, seed=4)):
        (landing / f"page-{number}.txt").write_text(render(page), encoding="utf-8")
    (landing / "article.txt").write_text(ARTICLE, encoding="utf-8")
    return IngestSettings(landing=landing, warehouse=tmp_path / "w", settle_s=0, workers=1)


def openmetrics(text: str) -> list[Metric]:
    return list(new_form.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def prometheus(text: str) -> list[Metric]:
    return list(old_form.text_string_to_metric_families(text))


Samples = dict[tuple[str, ...], float]


def samples(text: str, **only: str) -> Samples:
    """All samples by name and the values of their labels but `warehouse` and `landing`."""
    found: Samples = {}
    for family in openmetrics(text):
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "warehouse"}
            if all(labels.get(name) == value for name, value in only.items()):
                labels.pop("landing", None)
                key = (sample.name, *labels.values())
                assert key not in found, key
                found[key] = sample.value
    return found


def read(settings: IngestSettings) -> str:
    return (settings.metrics_file or settings.warehouse / "metrics.prom").read_text(encoding="utf-8")


def test_the_metrics_of_a_run_are_those_of_its_summary(settings: IngestSettings) -> None:
    before = time.time()
    summary = ingest(settings)
    found = samples(read(settings))

    assert found["esf_etl_runs_total", "published"] == 1
    assert [found["esf_etl_runs_total", other] for other in ("idle", "failed", "killed")] == [0, 0, 0]
    files = {name: value for (metric, *rest), value in found.items() if metric == "esf_etl_run_files" for name in rest}
    assert files == {"unchanged": 0, "deferred": 0, "loaded": 2, "same_content": 0, "superseded": 0, "rejected": 1}
    assert sum(files.values()) == summary.files_seen
    stages = {rest[0]: value for (name, *rest), value in found.items() if name == "esf_etl_run_stage_seconds"}
    assert stages == summary.stages_s
    assert found[("esf_etl_run_duration_seconds",)] == summary.elapsed_s
    for name in ("last_success", "last_run", "published"):
        assert before <= found[(f"esf_etl_{name}_timestamp_seconds",)] <= time.time()
    assert found["esf_etl_published_rows", "project"] == 2
    assert found["esf_etl_standing_rejects", "article"] == 1
    current = settings.warehouse / "current"
    manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    assert found[("esf_etl_snapshot_bytes",)] == sum((current / name).stat().st_size for name in manifest["files"])
    (build,) = (values for values in found if values[0] == "esf_etl_build_info")
    assert {__version__, summary.parser_version} <= set(build)


def test_both_parsers_read_the_same_samples(settings: IngestSettings) -> None:
    ingest(settings)
    text = read(settings)

    new = {(s.name, *sorted(s.labels.items()), s.value) for family in openmetrics(text) for s in family.samples}
    old = {(s.name, *sorted(s.labels.items()), s.value) for family in prometheus(text) for s in family.samples}

    assert new == old
    assert len(new) > 40
    assert text.endswith("# EOF\n")
    # What the textfile collector does not know makes it refuse the whole file.
    assert {family.type for family in openmetrics(text)} == {"counter", "gauge"}
    assert not any(sample.timestamp for family in openmetrics(text) for sample in family.samples)
    assert all(family.documentation for family in openmetrics(text))
    units = {family.name: family.unit for family in openmetrics(text) if family.unit}
    assert all(name.endswith(f"_{unit}") for name, unit in units.items())
    assert {name for name in units if "timestamp" in name} == {
        f"esf_etl_{name}_timestamp_seconds" for name in ("last_run", "last_success", "published")
    }


def test_idle_and_failed_runs_count_too_and_success_stays_where_it_was(settings: IngestSettings) -> None:
    ingest(settings)
    ingest(settings)
    good = samples(read(settings))
    with pytest.raises(EsfEtlError):
        ingest(IngestSettings(landing=Path(str(settings.landing)) / "nowhere", warehouse=settings.warehouse))
    bad = samples(read(settings))

    assert [good["esf_etl_runs_total", outcome] for outcome in ("published", "idle", "failed")] == [1, 1, 0]
    assert good["esf_etl_run_files", "unchanged"] == 3
    assert [bad["esf_etl_runs_total", outcome] for outcome in ("published", "idle", "failed")] == [1, 1, 1]
    assert [bad["esf_etl_last_run_outcome", outcome] for outcome in ("idle", "failed")] == [0, 1]
    assert bad[("esf_etl_last_success_timestamp_seconds",)] == good[("esf_etl_last_success_timestamp_seconds",)]
    assert bad[("esf_etl_last_run_timestamp_seconds",)] > good[("esf_etl_last_run_timestamp_seconds",)]
    assert not any(name == "esf_etl_run_files" for name, *_ in bad)
    assert bad["esf_etl_published_rows", "project"] == 2


def test_a_run_over_a_damaged_snapshot_leaves_metrics_that_say_it_failed(settings: IngestSettings) -> None:
    ingest(settings)
    (settings.warehouse / "current" / "manifest.json").unlink()
    with pytest.raises(EsfEtlError):
        ingest(settings)
    found = samples(read(settings))

    assert found["esf_etl_runs_total", "failed"] == 1
    assert not any(name == "esf_etl_published_rows" for name, *_ in found)


def test_each_landing_folder_has_its_own_runs(settings: IngestSettings) -> None:
    ingest(settings)
    name = 'öst "\\\n'
    ingest(IngestSettings(landing=settings.landing, warehouse=settings.warehouse, landing_name=name, settle_s=0))
    text = read(settings)

    assert samples(text, landing="default")["esf_etl_run_files", "loaded"] == 2
    assert samples(text, landing=name)["esf_etl_run_files", "loaded"] == 0
    assert samples(text, landing=name)["esf_etl_runs_total", "published"] == 1


def test_the_file_stands_where_it_is_asked_for_and_anybody_may_read_it(
    settings: IngestSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "collected" / "esf.prom"
    target.parent.mkdir()
    monkeypatch.setenv("ESF_ETL_METRICS_FILE", str(target))
    ingest(IngestSettings.from_environment(landing=settings.landing, warehouse=settings.warehouse, settle_s=0.0))

    assert samples(target.read_text(encoding="utf-8"))["esf_etl_run_files", "loaded"] == 2
    assert target.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in target.parent.iterdir()] == ["esf.prom"]
    assert not (settings.warehouse / "metrics.prom").exists()


def test_what_a_killed_run_left_beside_the_file_is_cleared_away(settings: IngestSettings) -> None:
    left = settings.warehouse / ".metrics.prom.0a1b2c3d.part"
    left.mkdir(parents=True)
    (left / "metrics.prom").write_text("half of i", encoding="utf-8")

    ingest(settings)

    assert not left.exists()
    assert samples(read(settings))["esf_etl_run_files", "loaded"] == 2


def test_a_dry_run_writes_none(settings: IngestSettings) -> None:
    ingest(IngestSettings(landing=settings.landing, warehouse=settings.warehouse, settle_s=0, dry_run=True))

    assert not settings.warehouse.exists()


@pytest.mark.parametrize("outcome", ["published", "failed"])
def test_a_file_that_cannot_be_written_is_a_warning(outcome: str, settings: IngestSettings, tmp_path: Path) -> None:
    told: list[str] = []

    class Listening:
        def stage(self, name: str) -> None: ...

        def advance(self, done: int, total: int) -> None: ...

        def warn(self, message: str) -> None:
            told.append(message)

    landing = settings.landing if outcome == "published" else Path(str(settings.landing)) / "nowhere"
    target = tmp_path / "not-there" / "esf.prom"
    asked = IngestSettings(landing=landing, warehouse=settings.warehouse, settle_s=0, metrics_file=target)
    if outcome == "published":
        assert ingest(asked, progress=Listening()).outcome == "published"
    else:
        with pytest.raises(EsfEtlError, match="does not exist"):
            ingest(asked, progress=Listening())

    assert any(f"The file of metrics was not written: {target}" in message for message in told)


def test_figures_that_cannot_be_made_fail_no_run(settings: IngestSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "esf_etl.reports.metrics")
    monkeypatch.setitem(sys.modules, "prometheus_client.core", None)

    summary = ingest(settings)

    assert summary.outcome == "published"
    (warning,) = summary.warnings
    assert warning.startswith("The file of metrics was not written: ")
    assert "prometheus_client" in warning
    monkeypatch.undo()
    assert ingest(settings).warnings == []


@pytest.mark.parametrize("line", ['{"event":"ended","run_id":"x"}', '{"event":"started","run_id":"y"}', "torn", "[]"])
def test_lines_of_the_journal_that_say_little_hurt_neither_metrics_nor_status(
    line: str, settings: IngestSettings
) -> None:
    ingest(settings)
    journal = settings.warehouse / "runs.jsonl"
    journal.write_text(journal.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")

    found = samples(metrics_text(settings.warehouse).decode())

    assert found["esf_etl_published_rows", "project"] == 2
    assert read_status(settings.warehouse)["sentence"]


def test_an_empty_warehouse_has_its_build_alone(tmp_path: Path) -> None:
    found = samples(metrics_text(tmp_path / "nowhere").decode())

    assert {name for name, *_ in found} == {"esf_etl_build_info"}


def test_promtool_reads_the_file_and_has_only_the_one_complaint_we_know_of(
    settings: IngestSettings, promtool: str
) -> None:
    ingest(settings)

    done = subprocess.run(
        [promtool, "check", "metrics"], input=read(settings), capture_output=True, text=True, check=False
    )

    # In the older format the help of a counter stands under another name than in OpenMetrics.
    assert (done.stdout + done.stderr).split("\n") == ["esf_etl_runs_total no help text", ""]


def test_node_exporter_collects_the_file(settings: IngestSettings, node_exporter: str) -> None:
    ingest(settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    asked = ["--collector.disable-defaults", "--collector.textfile", f"--web.listen-address={address}"]
    command = [node_exporter, *asked, f"--collector.textfile.directory={settings.warehouse}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            text = _page(f"http://{address}/metrics")
        finally:
            process.terminate()

    assert "node_textfile_scrape_error 0" in text
    assert text.count("\nesf_etl_") == len(samples(read(settings)))


def _page(address: str) -> str:
    until = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own server
                return str(answer.read(), "utf-8")
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.1)

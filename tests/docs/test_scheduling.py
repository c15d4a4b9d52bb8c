"""docs/scheduling.md: the line for cron works as cron runs it, and systemd takes the units."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from esf_etl.cli import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
SOURCES = [str(DOCS.parent / name) for name in ("src", "schemas")]
PROGRAM = "/opt/esf-etl/bin/esf-etl"


def test_the_line_for_cron_works_in_the_environment_that_cron_gives(tmp_path: Path) -> None:
    assert main(["sample", "3", str(tmp_path / "pages")]) == 0
    for page in (tmp_path / "pages").rglob("*.txt"):
        os.utime(page, (1_600_000_000, 1_600_000_000))
    (tmp_path / "warehouse").mkdir()
    text = (DOCS / "scheduling.md").read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if line.startswith("30 3 * * *"))
    assert PROGRAM in line
    command = line.removeprefix("30 3 * * *").strip().replace("/srv", str(tmp_path))
    command = command.replace(PROGRAM, f"PYTHONPATH={os.pathsep.join(SOURCES)} {sys.executable} -m esf_etl.cli")

    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"HOME": str(tmp_path), "LOGNAME": "etl", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Published: 3 loaded.\n"
    assert (tmp_path / "warehouse" / "current" / "esf.duckdb").is_file()
    assert "Publishing" in (tmp_path / "warehouse" / "cron.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("unit", ["esf-etl.service", "esf-etl-worker.service"])
def test_systemd_takes_the_unit(unit: str, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    text = (DOCS / "systemd" / unit).read_text(encoding="utf-8")
    for there in (PROGRAM, "/opt/esf-etl/bin/prefect"):
        text = text.replace(there, "/bin/true")
    (tmp_path / unit).write_text(text, encoding="utf-8")

    done = subprocess.run([program, "verify", str(tmp_path / unit)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")

"""The scan of `make check` finds what it is there for. What the tree itself has of it, `make check` tells."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.promise("supply")

# Put together here, so that this file holds none itself; all invented.
PLANTED = {
    "cloud key": 'key = "AKIA' + "Q7ZK4M2XW9RT5BVN" + '"',
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "password": 'password = "' + "tre-kugghjul-och-9-skruvar" + '"',
    "database address": "postgres://esf:" + "hemligt9" + "@db.example/lake",
    "webhook": "https://hooks.slack." + "com/services/T0000AAAA/B0000AAAA/" + "aZ3kQ9x" * 3 + "mnT",
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_secret_is_found(what: str, tmp_path: Path) -> None:
    planted = tmp_path / "settings.py"
    planted.write_text(f"# nothing to see\n{PLANTED[what]}\n", encoding="utf-8")

    found = _scan(planted)

    assert found.returncode == 1, found.stdout
    assert "settings.py:2" in found.stdout


def test_an_ordinary_file_has_none(tmp_path: Path) -> None:
    plain = tmp_path / "settings.py"
    plain.write_text('landing = "/srv/pages"\nworkers = 2\n', encoding="utf-8")
    assert _scan(plain).returncode == 0


def test_every_dependency_is_pinned_with_a_hash() -> None:
    for lock in (ROOT / "requirements.lock", ROOT / "benchmarks" / "requirements-peers.lock"):
        entries = [entry for entry in lock.read_text(encoding="utf-8").split("\n") if entry and entry[0] not in "# "]
        assert len(entries) > 10
        for entry in entries:
            assert "==" in entry, entry
            assert entry.endswith("\\"), f"{entry} has no hash"


def _scan(path: Path) -> subprocess.CompletedProcess[str]:
    command = [
        str(Path(sys.executable).with_name("detect-secrets-hook")),
        "--baseline",
        str(ROOT / ".secrets.baseline"),
    ]
    return subprocess.run([*command, str(path)], capture_output=True, text=True, check=False, cwd=path.parent)

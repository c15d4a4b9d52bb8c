"""The pages that are made from what they describe say what it says now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from esf_etl.reports.views import read_views
from esf_schemas import CONTRACTS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """`scripts/write_docs.py`, as a module."""
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "scripts" / "write_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_generated_page_is_what_make_docs_would_write(script: ModuleType) -> None:
    for path, text in script.pages():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale: run make docs"


def test_check_names_a_page_that_differs(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("stale\n", encoding="utf-8")
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "pages", lambda: [(page, "new\n")])

    assert script.main(["--check"]) == 1
    assert capsys.readouterr().out == "page.md: differs; run make docs\n"
    assert page.read_text(encoding="utf-8") == "stale\n"
    assert script.main([]) == 0
    assert page.read_text(encoding="utf-8") == "new\n"
    assert script.main(["--check"]) == 0


def test_what_is_written_by_hand_above_the_marker_stays(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="has no line"):
        script.reports_page("# A page without the marker\n")


def test_every_view_is_a_section_of_the_reports_page_with_all_its_columns() -> None:
    page = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")

    for view in read_views():
        section = page.partition(f"\n## {view.name}\n")[2].partition("\n## ")[0]
        assert view.description in section
        assert all(f"| `{name}` |" in section for name in view.columns)
        assert view.example in section


def test_every_table_is_in_a_diagram_of_the_data_dictionary() -> None:
    page = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")

    diagrams = "".join(part.partition("```")[0] for part in page.split("```mermaid")[1:])
    assert all(f"    {contract.table().name} {{" in diagrams for contract in CONTRACTS)

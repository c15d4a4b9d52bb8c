"""Write the pages of the documentation that are made from what they describe.

`docs/data-dictionary.md` comes from the contracts. `docs/reports.md` keeps what is written by hand above its marker;
below it stand the views of the schema `report`, each with its example, run over invented pages. The same code gives the
same bytes, and a test compares them.

    python scripts/write_docs.py            # write them
    python scripts/write_docs.py --check    # exit 1 if what is written differs
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from esf_etl import Project, render
from esf_etl.pages.invent import invent
from esf_etl.pipeline import ingest
from esf_etl.reports.views import AS_OF, View, read_views
from esf_etl.settings import IngestSettings
from esf_etl.warehouse.reading import run_query
from esf_schemas import dictionary_markdown

ROOT = Path(__file__).resolve().parent.parent
DICTIONARY = ROOT / "docs" / "data-dictionary.md"
REPORTS = ROOT / "docs" / "reports.md"
MARKER = "<!-- Below: written by scripts/write_docs.py (`make docs`). Do not edit. -->"

INVENTED = 200
LATER = (
    Project(
        "lines-2014",
        "2014-2020",
        title="Språng",
        project_number="2015/00002",
        programme_area_code="1.1",
        programme_area="Kompetensförsörjning",
        owner="Exempelkommunen",
        grant_sek=Decimal(4_580_000),
        budget_sek=Decimal(6_137_000),
        period_start=date(2016, 1, 4),
        period_end=date(2017, 10, 31),
        region="Övre Norrland",
        nuts2_code="SE33",
    ),
    Project(
        "colon-2014",
        "2014-2020",
        title="Ny start",
        diary_number="2018/00341",
        programme_area_code="2",
        specific_objective="2.1",
        grant_sek=Decimal(3_450_000),
        period_start=date(2019, 2, 1),
        region="ESF Nationellt",
        nuts2_code="SE0",
    ),
    Project(
        "colon-2021",
        "2021-2027",
        title="Vägen in",
        diary_number="22-017-S04",
        programme_area_code="C",
        specific_objective="C1",
        owner="Exempelkommunen",
        cofinancing_rate=Decimal("0.9"),
        period_start=date(2023, 1, 1),
        period_end=date(2025, 12, 31),
        region="Småland och Öarna",
        nuts2_code="SE21",
    ),
)
"""Projects of the later programmes, of which `invent` makes none. They are invented, too."""

_FIRST_DAY_S = 1_600_000_000
_DAY_S = 24 * 3600


def reports_page(written: str) -> str:
    """The page of the reports: what is written by hand above the marker, and below it every view.

    Raises `ValueError` where the page has lost its marker.
    """
    above, marker, _ = written.partition(MARKER)
    if not marker:
        msg = f"{REPORTS} has no line {MARKER!r}."
        raise ValueError(msg)
    with TemporaryDirectory() as folder:
        warehouse = publish_examples(Path(folder))
        return "\n\n".join([f"{above}{marker}", *(_section(view, warehouse) for view in read_views())]) + "\n"


def publish_examples(folder: Path) -> Path:
    """A warehouse of two nights: 200 invented pages and two of the folders of `landing/`, then the rest."""
    warehouse, landing = folder / "warehouse", folder / "landing"
    delivered = sorted((ROOT / "landing").rglob("*.txt"))
    second = [path for path in delivered if path.parent == delivered[-1].parent]
    nights = [
        [
            *map(render, invent(INVENTED)),
            *(path.read_text(encoding="utf-8") for path in delivered if path not in second),
        ],
        [*map(render, LATER), *(path.read_text(encoding="utf-8") for path in second)],
    ]
    for night, pages in enumerate(nights):
        for number, page in enumerate(pages):
            path = landing / f"{night}" / f"{number:03}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page, encoding="utf-8")
            os.utime(path, times=(_FIRST_DAY_S + night * _DAY_S,) * 2)
        ingest(IngestSettings(landing=landing, warehouse=warehouse, workers=1))
    return warehouse


def _section(view: View, warehouse: Path) -> str:
    """A view: what it answers, its columns, its example and what comes out."""
    _, types, _ = run_query(warehouse, f"FROM report.{view.name} LIMIT 0")
    columns = [(f"`{name}`", kind, meaning) for (name, meaning), kind in zip(view.columns.items(), types, strict=True)]
    past = f"\n\nFor a past night: `report.{view.name}_as_of(moment)`." if view.name in AS_OF else ""
    names, kinds, rows = run_query(warehouse, view.example)
    return "\n\n".join(
        (
            f"## {view.name}",
            f"{view.description}{past}",
            _table(("column", "type", "meaning"), columns),
            view.question,
            f"```sql\n{view.example}\n```",
            _table(names, rows, right=[not kind.startswith(("VARCHAR", "DATE", "BOOLEAN")) for kind in kinds]),
        )
    )


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[bool] = ()) -> str:
    """A Markdown table; NULL is an empty cell."""
    aligned = ["---:" if place < len(right) and right[place] else "---" for place in range(len(names))]
    return "\n".join(
        "| " + " | ".join("" if cell is None else str(cell).replace("|", "\\|") for cell in row) + " |"
        for row in (names, aligned, *rows)
    )


def pages() -> Iterator[tuple[Path, str]]:
    """Each page that is made, and what it should say."""
    yield DICTIONARY, dictionary_markdown()
    yield REPORTS, reports_page(REPORTS.read_text(encoding="utf-8"))


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pages, or with `--check` only compare them; 1 when they differ."""
    parser = argparse.ArgumentParser(description="Write the documentation that is made from what it describes.")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a page differs")
    options = parser.parse_args(argv)
    stale = False
    for path, text in pages():
        same = path.is_file() and path.read_text(encoding="utf-8") == text
        if not options.check and not same:
            path.write_text(text, encoding="utf-8")
        stale |= options.check and not same
        said = "as made" if same else "differs; run make docs" if options.check else "written"
        sys.stdout.write(f"{path.relative_to(ROOT)}: {said}\n")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())

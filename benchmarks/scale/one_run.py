"""One run in a process of its own, as the environment says (`ESF_ETL_…`); through the flow where it names a cluster."""

from __future__ import annotations

import json
import sys

# All is imported below: processes that parse load this module too, and need not load all that.


def main() -> int:
    """Run, and print the journal's line of the run as JSON."""
    from esf_etl.settings import IngestSettings
    from esf_etl.warehouse.folder import WarehouseFolder
    from esf_etl.warehouse.journal import read

    settings = IngestSettings.from_environment()
    if settings.cluster is None:
        from esf_etl.pipeline import ingest

        ingest(settings)
    else:
        from esf_flows.nightly import nightly

        state = nightly(retries=0, return_state=True)
        if not state.is_completed():
            print(state.message, file=sys.stderr)
            return 1
    print(json.dumps(read(WarehouseFolder(settings.warehouse).journal)[-1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

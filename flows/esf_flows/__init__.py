"""The nightly job as a Prefect flow: thin, over `esf_etl.pipeline`. Nothing else of this project imports Prefect.

`esf_flows.nightly` is the flow, `esf_flows.serve` runs it every night on one machine.
"""

from __future__ import annotations

import os

# Prefect reads its settings when it is imported, so they stand here, before any module of ours imports it. What the
# environment already says counts.
_SETTINGS = {
    # Prefect's reports on its own use: by the client, by the server.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Where no server is configured, a flow starts one for as long as it runs. Prefect waits 20 s for it, which a busy
    # machine or the first start, which makes the database of runs, may well exceed.
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
}
for _name, _value in _SETTINGS.items():
    os.environ.setdefault(_name, _value)

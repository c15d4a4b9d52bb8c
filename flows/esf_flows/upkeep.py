"""The flow `lake-upkeep`: what keeps a lake small and quick, on a schedule of its own (see docs/scale.md).

`python -m esf_flows.upkeep` runs it in this process, with no server configured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from prefect import State, flow
from prefect.states import Completed, Failed
from pydantic import Field

from esf_etl.errors import EsfEtlError, UsageError
from esf_etl.settings import IngestSettings
from esf_etl.warehouse.lake.address import read_lake, refuse_password
from esf_etl.warehouse.lake.upkeep import KEEP_DAYS, keep_up
from esf_flows.steps import reason

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["lake_upkeep", "main"]


@flow(name="lake-upkeep", retries=0, persist_result=False)
def lake_upkeep(
    lake: str | None = None,
    keep_days: Annotated[float, Field(ge=0)] = KEEP_DAYS,
) -> State[Any]:
    """Merge a lake's small files, rewrite those of which much is deleted, and expire old snapshots.

    Nothing that can be asked of the tables changes, past nights included: history is rows. Runs wait for it, and it for
    them. It ends as Completed, saying what it did, or as Failed with the reason.

    Args:
        lake: Address of the lake, its password left to the environment; if not given, ESF_ETL_LAKE.
        keep_days: Snapshots of so many days stay, for readers and runs that began with them.
    """
    try:
        if lake is not None:
            refuse_password(lake)  # Prefect keeps what a run was told
        address = lake or IngestSettings.from_environment().lake
        if address is None:
            msg = "no lake is named."
            raise UsageError(msg, advice="Set ESF_ETL_LAKE.")
        with tempfile.TemporaryDirectory(prefix="esf-etl-upkeep-") as temporary:
            done = keep_up(read_lake(address), Path(temporary), keep_days=keep_days)
    except EsfEtlError as problem:
        return Failed(message=reason(problem))
    return Completed(message=f"{done['before']} data files are {done['after']}; {done['expired']} snapshots expired.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the flow in this process. Returns 0 done, 1 failed."""
    parser = argparse.ArgumentParser("python -m esf_flows.upkeep", description="Keep up a lake once, now.")
    parser.add_argument("--lake", metavar="ADDRESS", help="the lake (default: ESF_ETL_LAKE)")
    parser.add_argument("--keep-days", metavar="N", type=float, default=KEEP_DAYS, help="snapshots of N days stay")
    state = lake_upkeep(**vars(parser.parse_args(arguments)), return_state=True)
    sys.stderr.write(f"{state.name}: {state.message}\n")
    return 0 if state.is_completed() else 1


if __name__ == "__main__":
    sys.exit(main())

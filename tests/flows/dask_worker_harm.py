"""Loaded into a Dask worker of the tests (`--preload`): what befalls it when it is given a chunk.

ESF_ETL_TEST_HARM says what: `hang` tells the worker's process in the file ESF_ETL_TEST_TOLD and waits to be killed,
`die FILE` ends the process for a chunk with that file.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from esf_etl.batch import parse_chunk
from esf_flows import elsewhere

_HARM, _, _FILE = os.environ.get("ESF_ETL_TEST_HARM", "").partition(" ")


def _harmed(task: Any) -> Any:
    if _HARM == "hang":
        Path(os.environ["ESF_ETL_TEST_TOLD"]).write_text(str(os.getpid()), encoding="utf-8")
        time.sleep(600)
    if _HARM == "die" and any(file.path == _FILE for file in task.files):
        os._exit(9)
    return parse_chunk(task)


setattr(elsewhere, "parse_chunk", _harmed)  # noqa: B010 - Dask loads this twice, and mypy knows whose name it is

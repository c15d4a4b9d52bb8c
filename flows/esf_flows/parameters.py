"""The types of the flow's parameters, with their bounds.

Prefect's pages check them while they are typed in, its server before it makes a run, and the flow before it begins.
What each is for stands in the docstring of the flow, where Prefect looks for it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

__all__ = ["Name", "OneOrMore", "Retries", "Seconds", "Timeout"]

_YEAR_S = 366 * 24 * 3600.0

Name = Annotated[str | None, Field(min_length=1)]
OneOrMore = Annotated[int | None, Field(ge=1, le=1_000)]
Seconds = Annotated[float | None, Field(ge=0, le=_YEAR_S)]
Retries = Annotated[int, Field(ge=0, le=10)]
Timeout = Annotated[float | None, Field(gt=0, le=_YEAR_S)]

"""Whether the table of runs in a database says what the journal says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from esf_etl.summary import run_row
from esf_etl.warehouse.verifying import Check, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

__all__ = ["runs_check"]


def runs_check(
    connection: DuckDBPyConnection, newest: str, entries: list[dict[str, Any]], *, of_all: bool = True
) -> Check:
    """Every run up to the one that published, once in the journal and once in `etl.run`, with the same counts.

    `newest` is that run. Without `of_all` the table has runs of other journals, too.
    """
    cursor = connection.execute("FROM etl.run")
    names = [column[0] for column in cursor.description or ()]
    recorded = {row["run_id"]: row for row in (dict(zip(names, values, strict=True)) for values in cursor.fetchall())}
    ended = {entry["run_id"]: run_row(entry) for entry in entries if entry["event"] == "ended"}
    begun = {entry["run_id"] for entry in entries if entry["event"] == "started"}
    if not of_all:
        recorded = {run_id: row for run_id, row in recorded.items() if run_id in ended.keys() | begun}
    wrong = list(_differences(recorded, ended, begun, newest))
    return verdict(
        "runs",
        wrong,
        f"{len(recorded)} runs, the same in the journal and in etl.run.",
        "runs.jsonl was changed or lost; what the projects say is not touched by it.",
    )


def _differences(
    recorded: dict[str, dict[str, Any]], ended: dict[str, dict[str, Any]], begun: set[str], own: str
) -> Iterator[str]:
    for run_id in sorted(recorded.keys() | {run_id for run_id in ended if run_id <= own}):
        if run_id not in recorded:
            yield f"{run_id} is in the journal and not in etl.run"
        elif run_id not in ended:
            # Killed after it had published: the next run closes it.
            if run_id != own or run_id not in begun:
                yield f"{run_id} is in etl.run and not in the journal"
        else:
            # A run that publishes writes its own row before it has ended.
            other = {"ended_at"} if ended[run_id]["outcome"] == "published" else set()
            for name, value in ended[run_id].items():
                if name not in other and recorded[run_id][name] != value:
                    yield f"{run_id} has another {name} in the journal than in etl.run"
                    break

"""All that was measured, as a text to read and as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.figures import LEAST_DETAIL_S
from benchmarks.ratios import growth_ratios, ratios, startup_ratios, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contest import Contest
    from benchmarks.figures import Figures
    from benchmarks.peer_bench import PeerBench

__all__ = ["ENOUGH_ROUNDS", "as_document", "as_text"]

ENOUGH_ROUNDS = 5

_NOTES = """\
Times are those of whole processes, start and imports included; stages under {least:g} s stand in the JSON only. Peak
memory is that of all processes of a program together (PSS), watched in an untimed round. The floor of the first load
reads and hashes the pages and writes ready-made columns; it parses and checks nothing, its Parquet is not sorted."""

_NOTES_ON_PEERS = """\
Peers write a DuckDB database only: no ledger, history, contracts, audit, Parquet. Where one loads a part of the pages,
it is compared by page."""


def as_text(
    machine: dict[str, Any], settings: dict[str, Any], alone: Figures, contests: Sequence[Contest], left_out: str
) -> str:
    """The report. `alone` are the figures that need no corpus; `left_out` says what was not measured, and why."""
    parts = [_heading(machine)]
    if alone.by_name:
        parts += ["Library and commands", alone.table()]
    if of_startup := startup_ratios(alone):
        parts.append(table(of_startup))
    for contest in contests:
        parts.append(_title(contest))
        parts += [figures.table() for figures in (contest.figures, contest.memory) if figures.by_name]
        if found := ratios(contest):
            parts.append(table(found))
    if growth := growth_ratios(contests):
        parts += ["Growth", table(growth)]
    parts.append("\n".join(_notes(settings, contests, left_out)))
    return "\n\n".join(parts)


def as_document(
    machine: dict[str, Any], settings: dict[str, Any], alone: Figures, contests: Sequence[Contest], left_out: str
) -> dict[str, Any]:
    """The same with every value, JSON-ready."""
    return {
        "machine": machine,
        "settings": settings,
        "left_out": left_out,
        "alone": alone.to_list(),
        "startup": [ratio.to_dict() for ratio in startup_ratios(alone)],
        "contests": [
            {
                "pages": contest.corpus.pages,
                "size_bytes": contest.corpus.size_bytes,
                "changed": contest.corpus.changed,
                "new": contest.corpus.new,
                "peers": [
                    {"name": bench.peer.name, "pages": bench.pages, "versions": bench.versions}
                    for bench in contest.peers
                ],
                "figures": contest.figures.to_list(),
                "memory": contest.memory.to_list(),
                "ratios": [ratio.to_dict() for ratio in ratios(contest)],
            }
            for contest in contests
        ],
        "growth": [ratio.to_dict() for ratio in growth_ratios(contests)],
    }


def _heading(machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items() if number)
    hardware = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['file_system']}"
    system = f"{machine['system']}, load before {machine['load_before']}"
    return f"{hardware}; {system}\n{versions}; commit {machine['commit']}"


def _title(contest: Contest) -> str:
    corpus = contest.corpus
    page_bytes = corpus.size_bytes / corpus.pages
    night = f"incremental night: {corpus.changed} changed and {corpus.new} new"
    return f"{corpus.pages:,} invented pages of {page_bytes:,.0f} bytes on average, warm page cache; {night}"


def _notes(settings: dict[str, Any], contests: Sequence[Contest], left_out: str) -> list[str]:
    notes = [_NOTES.format(least=LEAST_DETAIL_S)]
    benches = [bench for contest in contests for bench in contest.peers]
    if benches:
        notes.append(_NOTES_ON_PEERS)
        notes += dict.fromkeys(_peer_note(bench) for bench in benches)
    rounds = {name: len(figure.values) for contest in contests for name, figure in contest.figures.by_name.items()}
    notes += [
        f"{bench.name} take more than two minutes: {rounds[bench.name]} rounds."
        for bench in benches
        if rounds.get(bench.name, settings["rounds"]) < settings["rounds"]
    ]
    if left_out:
        notes.append(left_out)
    if settings["rounds"] < ENOUGH_ROUNDS:
        notes.append(f"The median of fewer than {ENOUGH_ROUNDS} rounds is no measurement.")
    return notes


def _peer_note(bench: PeerBench) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in bench.versions.items())
    return f"{bench.peer.name}: {bench.peer.what} ({versions})."

"""Pages mutated in every way that came to mind: each is parsed, or refused by a code of ours; nothing else is raised.

`python -m tests.property.test_mutation_fuzz 200000` runs as many as you like, and says what became of them.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from esf_etl import LAYOUTS, NotAProjectPage, parse_bytes
from esf_etl.pages.refusal import CALL_FOR_PROPOSALS_LABEL

CORPUS = Path(__file__).parents[1] / "golden" / "pages"
_WORDS = [
    *(word for layout in LAYOUTS for word in layout.label_of),
    *(heading.text for layout in LAYOUTS for heading in layout.headings),
    *(line for layout in LAYOUTS for line in layout.boilerplate),
    CALL_FOR_PROPOSALS_LABEL,
    *(
        "saknas",
        "-",
        "  • ",
        "•",
        "2011-02-30",
        "9999999999999999 kr",
        "1.1",
        "90%",
        "\u00a0",
        "\u2028",
        "\ufeff",
        "Ã¥",
    ),
]
_BYTES = [b"\x00", b"\r", b"\r\n", b"\xe5", b"\xc3", b"\xff", b"\x81", b"\x1b[2J", b"a\xcc\x8a", b"\t", b"\n\n\n"]

Mutation = Callable[[random.Random, bytes, bytes], bytes]


def _cut(draw: random.Random, page: bytes, other: bytes) -> bytes:
    return page[: draw.randrange(len(page) + 1)]


def _splice(draw: random.Random, page: bytes, other: bytes) -> bytes:
    return page[: draw.randrange(len(page) + 1)] + other[draw.randrange(len(other) + 1) :]


def _flip(draw: random.Random, page: bytes, other: bytes) -> bytes:
    changed = bytearray(page)
    for _ in range(draw.randint(1, 8)):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _insert(draw: random.Random, page: bytes, other: bytes) -> bytes:
    at = draw.randrange(len(page) + 1)
    return page[:at] + draw.choice(_BYTES) * draw.randint(1, 3) + page[at:]


def _lines(change: Callable[[random.Random, list[bytes]], None]) -> Mutation:
    def mutate(draw: random.Random, page: bytes, other: bytes) -> bytes:
        lines = page.split(b"\n")
        change(draw, lines)
        return b"\n".join(lines)

    return mutate


def _drop(draw: random.Random, lines: list[bytes]) -> None:
    del lines[draw.randrange(len(lines))]


def _repeat(draw: random.Random, lines: list[bytes]) -> None:
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(lines))


def _shuffle(draw: random.Random, lines: list[bytes]) -> None:
    start = draw.randrange(len(lines))
    part = lines[start : start + 12]
    draw.shuffle(part)
    lines[start : start + 12] = part


def _word(draw: random.Random, lines: list[bytes]) -> None:
    at = draw.randrange(len(lines))
    word = draw.choice(_WORDS).encode()
    lines[at] = draw.choice([word, word + lines[at], lines[at] + word, word + b":"])


_MUTATIONS: list[Mutation] = [_cut, _splice, _flip, _insert, *map(_lines, (_drop, _repeat, _shuffle, _word, _word))]


def mutated(count: int, seed: int) -> Iterator[bytes]:
    """So many pages, each a page of the corpus changed one to four times; the same for the same seed."""
    draw = random.Random(seed)
    pages = [path.read_bytes() for path in sorted(CORPUS.rglob("*.txt"))]
    for _ in range(count):
        page = draw.choice(pages)
        for _ in range(draw.randint(1, 4)):
            page = draw.choice(_MUTATIONS)(draw, page, draw.choice(pages))
        yield page


@dataclass(slots=True)
class Outcome:
    """What became of mutated pages: counts by layout and by refusal, and the slowest page's seconds."""

    parsed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0


def fuzz(count: int, seed: int) -> Outcome:
    """Parse so many mutated pages. An exception that is not a refusal ends it."""
    outcome = Outcome()
    for page in mutated(count, seed):
        since = time.perf_counter()
        try:
            project = parse_bytes(page)
        except NotAProjectPage as refusal:
            outcome.refused[refusal.code] += 1
        else:
            outcome.parsed[project.layout] += 1
        outcome.slowest_s = max(outcome.slowest_s, time.perf_counter() - since)
    return outcome


def test_a_mutated_page_is_parsed_or_refused_by_a_known_code() -> None:
    outcome = fuzz(3_000, seed=1)

    assert outcome.parsed.total() + outcome.refused.total() == 3_000
    assert set(outcome.parsed) == {layout.key for layout in LAYOUTS}
    assert set(outcome.refused) <= {
        *("empty", "binary", "truncated", "flattened", "call-for-proposals", "header-missing", "article")
    }
    assert outcome.refused["truncated"] > 0
    assert outcome.slowest_s < 1


if __name__ == "__main__":
    tried = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    result = fuzz(tried, seed=2026)
    sys.stdout.write(
        f"tried {tried}, parsed {dict(result.parsed)}, refused {dict(result.refused)},"
        f" uncaught 0, slowest {result.slowest_s * 1000:.1f} ms\n"
    )

"""Persons who asked to be forgotten: told again in any text, without their names being known (DESIGN §6)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise

from esf_etl.errors import UsageError
from esf_etl.pages.personal import mask_emails

__all__ = ["MASK", "Forgotten", "hash_of"]

MASK = "[personal data not shown]"

_WORD = re.compile(r"[^\W_]+")
_BETWEEN_MOST = 3
"""So many characters may stand between two words of a name: a line end, a blank, a hyphen."""
_WORDS_LEAST = 2


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Keyed hashes of e-mail addresses, and of names by their number of words.

    Who has the hashes and not the key can test no guess; who has both can, so that both lie in the private folder.
    """

    key: bytes = field(repr=False)
    emails: frozenset[str] = frozenset()
    names: Mapping[int, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, key: bytes, hashes: Mapping[str, int]) -> Forgotten:
        """From hashes as `hash_of` gives them: each with the words of its name, 0 for an e-mail address."""
        names = {
            words: frozenset(each for each, count in hashes.items() if count == words)
            for words in set(hashes.values()) - {0}
        }
        return cls(key, frozenset(each for each, count in hashes.items() if count == 0), names)

    def mask(self, text: str) -> tuple[str, int]:
        """A text with these persons masked, and how often they stood there; the same text where they do not."""
        count = 0
        if self.emails and "@" in text:
            text, count = mask_emails(text, MASK, lambda address: _hash(self.key, _folded(address)) in self.emails)
        if not self.names:
            return text, count
        words = [(found.start(), found.end(), _folded(found[0])) for found in _WORD.finditer(text)]
        spans: list[tuple[int, int]] = []
        for length, hashes in self.names.items():
            for first in range(len(words) - length + 1):
                some = words[first : first + length]
                near = all(after[0] - before[1] <= _BETWEEN_MOST for before, after in pairwise(some))
                name = " ".join(word for _, _, word in some)
                if near and self._is_one(name, hashes):
                    spans.append((some[0][0], some[-1][1]))
        parts: list[str] = []
        done = 0
        for start, end in sorted(spans):
            if start >= done:
                parts += text[done:start], MASK
                count += 1
            done = max(done, end)
        return ("".join(parts) + text[done:] if parts else text), count

    def _is_one(self, name: str, hashes: frozenset[str]) -> bool:
        """Whether a name, or the one that it is the genitive of, is among those of its length."""
        return _hash(self.key, name) in hashes or (
            name.endswith("s") and _hash(self.key, name.removesuffix("s")) in hashes
        )

    def holds(self, *texts: str | None) -> bool:
        """Whether one of these persons stands in one of the texts."""
        return any(text is not None and self.mask(text)[1] > 0 for text in texts)

    def seal(self, digest: str) -> str:
        """The content digest of a page in which a person was masked: 32 characters that nobody can try names against.

        The same for the same page however often it is sealed, and told by its first letter, which is no digit.
        """
        return digest if digest.startswith("x") else f"x{_hash(self.key, digest)[1:]}"


def hash_of(key: bytes, person: str) -> tuple[str, int]:
    """The keyed hash of an e-mail address, or of a name, and the number of the name's words (0 for an address).

    Letters are composed (NFC) and capitals folded; what stands between the words of a name does not matter.
    Raises `UsageError` for a name of one word: too many others bear it.
    """
    person = unicodedata.normalize("NFC", person).strip()
    if mask_emails(person, "") == ("", 1):
        return _hash(key, _folded(person)), 0
    words = [_folded(found) for found in _WORD.findall(person)]
    if "@" in person or len(words) < _WORDS_LEAST:
        msg = "this is neither one e-mail address nor a name of two words or more."
        raise UsageError(msg, advice="Give the whole address, or given name and surname as they stand on the page.")
    return _hash(key, " ".join(words)), len(words)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _hash(key: bytes, text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), key=key, digest_size=16).hexdigest()

"""Invented wording: many texts made from a few forms, ready to be drawn from.

A form is a text with names in braces, such as `{aktör} i {ort}`; each stands for one of several words, which are forms
themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Draw = Callable[[], float]
    """The next random number from 0 (inclusive) to 1 (exclusive)."""
    _Parts = tuple[tuple[str, str | None], ...]
    """A form taken apart: what stands to the letter, and the name that follows it, None at the end."""

__all__ = ["PLACE", "Pool", "Words", "pick"]

T = TypeVar("T")

PLACE = "{ort}"
"""The name that stays in the texts of a pool: whoever uses one puts a place there."""

_TEXTS_A_FORM = 400


def pick(draw: Draw, items: Sequence[T]) -> T:
    """One of the items, all as likely."""
    return items[int(draw() * len(items))]


class Pool(NamedTuple):
    """Texts made from forms: the first `forms` of them one of each form, so the next ones, and so on.

    Steps of one of the `strides` come to every form before they come to one again.
    """

    texts: tuple[str, ...]
    forms: int
    strides: tuple[int, ...]

    @property
    def mean_characters(self) -> float:
        """The length of a text, on average."""
        return sum(map(len, self.texts)) / len(self.texts)

    def some(self, draw: Draw, count: int) -> list[str]:
        """So many texts, their forms as different as can be."""
        texts, forms = self.texts, self.forms
        step = pick(draw, self.strides)
        at = int(draw() * forms)
        return [texts[(at + step * n) % forms + int(draw() * _TEXTS_A_FORM) * forms] for n in range(count)]


@dataclass(frozen=True, slots=True)
class Words:
    """The forms each name stands for."""

    forms: Mapping[str, tuple[_Parts, ...]]

    @classmethod
    def of(cls, data: Mapping[str, list[str] | dict[str, int]]) -> Words:
        """The words of a table of `invented.toml`: listed, or all numbers of a range."""
        return cls(
            {
                name: tuple(_parts(form) for form in found)
                if isinstance(found, list)
                else tuple(((str(number), None),) for number in range(found["first"], found["last"] + 1))
                for name, found in data.items()
            }
        )

    def pool(self, draw: Draw, forms: Sequence[str]) -> Pool:
        """Many texts of each form."""
        parts = [_parts(form) for form in forms]
        texts = tuple(self._filled(draw, form, set()) for _ in range(_TEXTS_A_FORM) for form in parts)
        strides = tuple(step for step in range(1, len(forms) + 1) if gcd(step, len(forms)) == 1)
        return Pool(texts, len(forms), strides)

    def _filled(self, draw: Draw, form: _Parts, used: set[str]) -> str:
        """A text of a form, each name replaced by a word of its own that is not among the `used` ones.

        A name with a capital gives its word one.
        """
        text = ""
        for letters, name in form:
            text += letters
            if name is None:
                continue
            if name == PLACE[1:-1]:
                text += PLACE
                continue
            key = name.lower()
            word = self._filled(draw, pick(draw, self.forms[key]), used)
            while word in used:
                word = self._filled(draw, pick(draw, self.forms[key]), used)
            used.add(word)
            text += word if name == key else word[:1].upper() + word[1:]
        return text


def _parts(form: str) -> _Parts:
    return tuple((text, name) for text, name, _, _ in Formatter().parse(form))

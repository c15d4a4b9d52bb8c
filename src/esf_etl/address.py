"""Where something lies: a folder, or a place in an object store, as a person writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from esf_etl.errors import UsageError

__all__ = ["StoreUrl", "is_url", "read_address"]

_MARK = "://"
_SCHEMES = ("s3", "gs", "az")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ADVICE = "Write s3://bucket/prefix, gs://bucket/prefix or az://container/prefix."


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """A place in an object store: `s3://bucket/prefix`. It is no `Path`, which would make one slash of the two.

    The prefix stands as the keys have it, nothing in it escaped, without slashes at its ends; "" is the whole bucket.
    """

    scheme: str
    bucket: str
    prefix: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant. Raises `UsageError`, which never shows the text: a secret may stand in it."""
        wrong = None
        if self.scheme not in _SCHEMES:
            wrong = "its beginning is none of s3://, gs://, az://."
        elif not _BUCKET.fullmatch(self.bucket):
            wrong = (
                "what follows the :// is no name of a bucket; credentials come from the environment, never from a URL."
            )
        elif set("?#") & set(self.prefix):
            wrong = "it has a ? or #; credentials and options come from the environment, never from a URL."
        elif self.prefix and not all(_is_name(part) for part in self.prefix.split("/")):
            wrong = "a part of its prefix is empty, . or .., or has a control character."
        if wrong:
            msg = f"this is no place in an object store: {wrong}"
            raise UsageError(msg, advice=_ADVICE)

    @classmethod
    def read(cls, text: str) -> StoreUrl:
        """The place that a URL names. Raises `UsageError`."""
        scheme, _, rest = text.partition(_MARK)
        bucket, _, prefix = rest.partition("/")
        return cls(scheme, bucket, prefix.rstrip("/"))

    def __str__(self) -> str:
        return f"{self.scheme}{_MARK}{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    def key_of(self, name: str) -> str:
        """The key of what has this name below the prefix."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def below(self, name: str) -> StoreUrl:
        """The place of this name below this one."""
        return StoreUrl(self.scheme, self.bucket, self.key_of(name))

    def absolute(self) -> StoreUrl:
        """Itself: it is the same place from everywhere."""
        return self


def _is_name(part: str) -> bool:
    return part not in {"", ".", ".."} and not _CONTROL.search(part)


def is_url(text: str) -> bool:
    """Whether a text names a place in an object store and no folder. The text of a `Path` never has two slashes."""
    return _MARK in text


def read_address(text: str) -> Path | StoreUrl:
    """The folder, or the place in an object store, that a text names. Raises `UsageError`."""
    return StoreUrl.read(text) if is_url(text) else Path(text)

"""The address of a lake, as a person writes it: `ducklake:postgres:dbname=esf host=db.example user=etl`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from esf_etl.address import StoreUrl, read_address
from esf_etl.errors import UsageError

if TYPE_CHECKING:
    from esf_etl.settings import IngestSettings

__all__ = ["PREFIX", "Lake", "is_lake", "lake_of", "read_lake", "refuse_password"]

PREFIX = "ducklake:"
_POSTGRES = f"{PREFIX}postgres:"
# What libpq takes as a password, as a keyword or in an address.
_PASSWORD = re.compile(r"(?i)(\bpassword\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)")
_USERINFO = re.compile(r"(//[^/@\s:]*):[^@\s]*@")


@dataclass(frozen=True, slots=True)
class Lake:
    """A lake: the words by which libpq finds its catalogue, and the folder or bucket of its Parquet files.

    `data` is asked for by the first run only, and kept in the catalogue. As a string it has no password.
    """

    catalogue: str
    data: str | None = None

    def __str__(self) -> str:
        """The address without its password."""
        shown = _PASSWORD.sub(r"\1…", self.catalogue)
        return _POSTGRES + _USERINFO.sub(r"\1:…@", shown)

    def __repr__(self) -> str:
        """The same: a traceback must not show a password either."""
        return f"Lake({str(self)!r}, data={self.data!r})"


def is_lake(text: str) -> bool:
    """Whether what somebody names as the warehouse is a lake."""
    return text.startswith(PREFIX)


def read_lake(text: str, data: str | None = None) -> Lake:
    """The lake of an address, and the place of its files, a relative folder taken from here.

    Raises `UsageError` for any catalogue but one in PostgreSQL, since others know one writer, and for files in a bucket
    that DuckDB is not given the keys of.
    """
    if not text.startswith(_POSTGRES) or not text.removeprefix(_POSTGRES).strip():
        msg = "a lake's catalogue is kept in PostgreSQL."
        raise UsageError(msg, advice=f"Write it as {_POSTGRES}dbname=NAME host=HOST user=USER.")
    place = None if data is None else read_address(data)
    if isinstance(place, StoreUrl) and place.scheme != "s3":
        msg = "a lake's files lie in a folder or in a bucket of S3."
        raise UsageError(msg, path=str(place), advice="Name another place with --lake-data.")
    return Lake(text.removeprefix(_POSTGRES).strip(), None if place is None else str(place.absolute()))


def lake_of(settings: IngestSettings) -> Lake | None:
    """The lake of these settings, where they name one in place of a folder. Raises `UsageError` as `read_lake`."""
    return None if settings.lake is None else read_lake(settings.lake, settings.lake_data)


def refuse_password(text: str) -> None:
    """Raise `UsageError` where an address that others keep, such as a parameter of a flow, has a password."""
    lake = read_lake(text)
    if str(lake) != _POSTGRES + lake.catalogue:
        msg = "the address of the lake has a password, which would be kept where everybody reads it."
        raise UsageError(msg, path=str(lake), advice="Leave it to PGPASSWORD or ~/.pgpass on the machine of the run.")

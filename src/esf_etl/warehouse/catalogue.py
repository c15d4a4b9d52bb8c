"""What can be named in a query of the published database: for completion, and for lists of tables and columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from esf_etl.warehouse.database import script

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Catalogue", "Column", "Relation", "read_catalogue"]

_KEYWORDS = ("reserved", "type_function")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or view, with its COMMENT."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, a view or a macro; `kind` is `table`, `view`, `table macro` or `macro`. A macro has no columns."""

    schema: str
    name: str
    kind: str
    comment: str
    columns: tuple[Column, ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def is_macro(self) -> bool:
        """Whether it is called with arguments."""
        return self.kind.endswith("macro")

    @property
    def short_name(self) -> str:
        """The name that a query needs: without `main`, which is looked in anyway."""
        return self.name if self.schema == "main" else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that can be named, those of the schema `main` first, and the words of the language.

    `keywords` are those that cannot be names, `other_words` those that only mean something in their place.
    """

    relations: tuple[Relation, ...]
    keywords: tuple[str, ...]
    other_words: tuple[str, ...]

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas, `main` first."""
        return tuple(dict.fromkeys(relation.schema for relation in self.relations))

    def find(self, name: str) -> Relation | None:
        """The table, view or macro of a name as a query may have it (`project`, `main.project`), in any case."""
        wanted = name.replace('"', "").casefold()
        for relation in self.relations:
            if wanted in (relation.short_name.casefold(), f"{relation.schema}.{relation.name}".casefold()):
                return relation
        return None


def read_catalogue(connection: DuckDBPyConnection) -> Catalogue:
    """The catalogue of the database that a connection has open."""
    rows = connection.execute(script("catalogue")).fetchall()
    columns: dict[tuple[str, str], list[Column]] = {}
    whole: dict[tuple[str, str], tuple[str, str, tuple[str, ...]]] = {}
    for schema, name, kind, comment, column, column_type, column_comment, parameters in rows:
        whole[schema, name] = (kind, comment or "", tuple(parameters or ()))
        if column is not None:
            columns.setdefault((schema, name), []).append(Column(column, column_type, column_comment or ""))
    words = connection.execute(
        "SELECT upper(keyword_name), keyword_category FROM duckdb_keywords() ORDER BY ALL"
    ).fetchall()
    return Catalogue(
        tuple(
            Relation(schema, name, kind, comment, tuple(columns.get((schema, name), ())), parameters)
            for (schema, name), (kind, comment, parameters) in whole.items()
        ),
        tuple(dict.fromkeys(word for word, category in words if category in _KEYWORDS)),
        tuple(dict.fromkeys(word for word, category in words if category not in _KEYWORDS)),
    )

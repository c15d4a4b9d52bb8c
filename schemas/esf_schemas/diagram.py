"""Contracts as an entity diagram: how their tables join, drawn by Mermaid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from esf_schemas.ddl import sql_type
from esf_schemas.registry import CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from esf_schemas.model import Contract, Table

__all__ = ["Relation", "diagram", "relations"]


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of `child` name a row of `parent` by its key, which is `columns` in both."""

    parent: Table
    child: Table
    columns: tuple[str, ...]

    @property
    def is_optional(self) -> bool:
        """Whether a row of the child may name none."""
        return any(self.child.column(name).nullable for name in self.columns)

    @property
    def is_single(self) -> bool:
        """Whether a row of the parent is named at most once."""
        return set(self.columns) == set(self.child.key)


def relations() -> list[Relation]:
    """Every relation between tables: where one has all key columns of another by their names.

    Left out are tables that have a parent themselves (their ordinals mean nothing elsewhere), and columns of lineage.
    """
    tables = [contract.table() for contract in CONTRACTS]
    return [
        Relation(parent, child, parent.key)
        for child in tables
        for parent in tables
        if parent is not child and parent.key and parent.parent is None and set(parent.key) <= _joining(child)
    ]


def _joining(table: Table) -> set[str]:
    return {column.name for column in table.columns if not column.lineage}


def diagram(contracts: Sequence[type[Contract]]) -> str:
    """Mermaid's `erDiagram` of these tables and those they name, each with its key and the columns that join it."""
    drawn = [relation for relation in relations() if relation.child in [contract.table() for contract in contracts]]
    tables = [contract.table() for contract in contracts]
    tables += [parent for parent in (relation.parent for relation in drawn) if parent not in tables]
    lines = ["erDiagram"]
    for table in dict.fromkeys(table.name for table in tables):
        lines += _entity(next(each for each in tables if each.name == table), drawn)
    for relation in drawn:
        left = "|o" if relation.is_optional else "||"
        right = "o|" if relation.is_single else "o{"
        label = ", ".join(relation.columns)
        lines.append(f'    {relation.parent.name} {left}--{right} {relation.child.name} : "{label}"')
    return "\n".join(lines)


def _entity(table: Table, drawn: Sequence[Relation]) -> list[str]:
    foreign = {name for relation in drawn if relation.child is table for name in relation.columns}
    lines = [f"    {table.name} {{"]
    for column in table.columns:
        marks = [mark for mark, names in (("PK", table.key), ("FK", foreign)) if column.name in names]
        if marks:
            # A type is one word to Mermaid.
            lines.append(f"        {sql_type(column.dtype).partition('(')[0]} {column.name} {', '.join(marks)}")
    return [*lines, "    }"]

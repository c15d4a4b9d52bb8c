"""What a contract is made of: columns, each declared once with all that is known of it, and their table."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import pandera.polars as pa
import polars as pl

from esf_schemas.rules import FALLBACK, RULES

if TYPE_CHECKING:
    from pandera.api.polars.types import PolarsData

__all__ = [
    "BigInteger",
    "Column",
    "Contract",
    "Date",
    "Integer",
    "Money",
    "Share",
    "Table",
    "Text",
    "Timestamp",
    "Versioned",
    "column",
    "holds",
    "one_of",
    "within",
]

Text = pl.String
Integer = pl.Int32
BigInteger = pl.Int64
Date = pl.Date
Money = Annotated[pl.Decimal, 15, 2]
Share = Annotated[pl.Decimal, 7, 6]
# Without a zone: the value is UTC, as in the TIMESTAMP columns of the warehouse.
Timestamp = Annotated[pl.Datetime, "us", None]


def _check(
    code: str, expression: pl.Expr, expected: str | None = None, facts: dict[str, Any] | None = None
) -> pa.Check:
    """A pandera check named after the rule `code`: `expression` must hold in every row, or be null.

    `facts` are what it says of a single column, by names of `Column`: other descriptions of the table repeat them.

    It keeps no failure cases: they would be copies of the rows at fault, personal data among them, and cost
    more than the check itself. Which rows failed is read from the check's output.
    """

    def rows_hold(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(expression)

    return pa.Check(rows_hold, name=code, description=expected, ignore_na=True, n_failure_cases=0, statistics=facts)


def holds(code: str, expression: pl.Expr) -> pa.Check:
    """The rule `code` as a check: `expression`, over any columns of the table, is true or null in all rows."""
    return _check(RULES[code].code, expression)


def one_of(name: str, allowed: Sequence[str]) -> pa.Check:
    """The column `name` holds one of the texts `allowed`, or null."""
    return _check(
        FALLBACK, pl.col(name).is_in(list(allowed)), f"one of: {', '.join(allowed)}", {"allowed": tuple(allowed)}
    )


def within(name: str, lowest: int, highest: int | None = None) -> pa.Check:
    """The number in the column `name` lies from `lowest` to `highest` (None: no upper bound), or is null."""
    if highest is None:
        return _check(FALLBACK, pl.col(name) >= lowest, f"at least {lowest}", {"lowest": lowest})
    facts = {"lowest": lowest, "highest": highest}
    return _check(FALLBACK, pl.col(name).is_between(lowest, highest), f"from {lowest} to {highest}", facts)


def column(  # noqa: PLR0913 - a column is declared once, with everything that is known of it
    description: str,
    *,
    nullable: bool = False,
    unit: str | None = None,
    pii: bool = False,
    lineage: bool = False,
    staged: bool = True,
    prose: bool = False,
    missing: str = FALLBACK,
    checks: Sequence[pa.Check] = (),
) -> Any:
    """Declare a column of a contract; its type is the annotation beside it.

    Args:
        description: What the column holds, for an analyst; becomes its COMMENT.
        nullable: Whether it may be null.
        unit: Unit or form of its values, such as `SEK`.
        pii: Whether a value can be personal data: such values are masked in rejects and findings.
        lineage: Whether it says where a row came from rather than what the page says; left out of the digest.
        staged: Whether the rows have it before the warehouse writer has set its own columns.
        prose: Whether it holds long text, which the warehouse compresses with zstd.
        missing: The rule that a null breaks where none is allowed.
        checks: What must hold, made by `holds`, `one_of` and `within`.
    """
    metadata = {"unit": unit, "pii": pii, "lineage": lineage, "staged": staged, "prose": prose}
    field = pa.Field(nullable=nullable, description=description, metadata={**metadata, "missing": RULES[missing].code})
    # pa.Field itself takes only checks that pandera brings along or has in its registry.
    field.checks = list(checks)
    return field


def _facts_of(checks: Sequence[pa.Check]) -> dict[str, Any]:
    """What all checks of a column say of its values."""
    return {name: fact for check in checks for name, fact in (check.statistics or {}).items()}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a contract, as `column` declared it.

    `allowed` are all values it may hold (empty: any), `lowest` and `highest` their bounds.
    """

    name: str
    dtype: pl.DataType
    description: str
    nullable: bool
    unit: str | None
    pii: bool
    lineage: bool
    staged: bool
    prose: bool
    missing: str
    allowed: tuple[str, ...] = ()
    lowest: int | None = None
    highest: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """What a contract says of its table.

    `schema` is where analysts find it (`main`, `ref`, `etl`; `vault` for the private database). `parent`
    names the table whose key every row must have, `absent` the rule that a parent without any row here
    breaks. `versioned` tables have the columns of `Versioned`, and lie in the schema `history` with a view
    of the current rows in `main`.
    """

    name: str
    schema: str
    key: tuple[str, ...]
    parent: str | None
    absent: str | None
    versioned: bool
    description: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name; raises `KeyError` where there is none."""
        for candidate in self.columns:
            if candidate.name == name:
                return candidate
        raise KeyError(name)


class Contract(pa.DataFrameModel):
    """Base of all contracts: a pandera model over polars, whose docstring describes the table.

    Class arguments: `table` and `schema` name the table, `key` its key columns, `parent` and `absent` as in
    `Table`. Models without `table` only lend their columns.
    """

    _facts: ClassVar[Mapping[str, Any]] = {}

    class Config:
        """A column too many is as wrong as one too few."""

        strict = True

    def __init_subclass__(
        cls,
        *,
        table: str = "",
        schema: str = "main",
        key: tuple[str, ...] = (),
        parent: str | None = None,
        absent: str | None = None,
    ) -> None:
        super().__init_subclass__()  # type: ignore[no-untyped-call]
        cls._facts = {"name": table, "schema": schema, "key": key, "parent": parent, "absent": absent}

    @classmethod
    @cache
    def table(cls) -> Table:
        """The table this contract describes, its own columns before those it inherits."""
        declared = cls.to_schema().columns
        own = inspect.get_annotations(cls)
        names = sorted(declared, key=lambda name: name not in own)
        return Table(
            **cls._facts,
            versioned=issubclass(cls, Versioned),
            description=" ".join(inspect.cleandoc(cls.__doc__ or "").split()),
            columns=tuple(
                Column(
                    name=name,
                    dtype=declared[name].dtype.type,
                    description=declared[name].description or "",
                    nullable=declared[name].nullable,
                    **(declared[name].metadata or {}),
                    **_facts_of(declared[name].checks),
                )
                for name in names
            ),
        )

    @classmethod
    @cache
    def staged_schema(cls) -> pa.DataFrameSchema:
        """The contract of rows the warehouse writer has not completed yet: without the columns it sets."""
        return cls.to_schema().remove_columns([each.name for each in cls.table().columns if not each.staged])


class Versioned(Contract):
    """The columns of every table whose rows are versions of a project."""

    valid_from: Timestamp = column(
        "When this version of the project became the current one: the time of the run that loaded it.",
        unit="UTC",
        lineage=True,
        staged=False,
    )
    valid_to: Timestamp = column(
        "When a later version replaced this one: its valid_from. NULL for the current version.",
        nullable=True,
        unit="UTC",
        lineage=True,
        staged=False,
    )
    run_id: Text = column("The run that loaded this version (etl.run).", lineage=True, staged=False)

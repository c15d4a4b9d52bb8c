"""Staged Arrow tables -> accepted rows, rejects and findings, by the contracts.

Whole tables at a time: the checks of a contract run as polars expressions over columns, and a row that
breaks one is looked at again only to say what stood in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from esf_etl.errors import ContractError
from esf_schemas import FALLBACK, FILE_NO, RULES, STAGED_TABLES, Contract, Table, arrow_schema, contract

__all__ = ["MASK", "StagedTables", "Validated", "broken_rows", "validate"]

StagedTables = Mapping[str, pa.Table]
"""The tables of a batch by name, each with the schema `esf_schemas.staged_arrow_schema` gives it."""

MASK = "(personal data, not shown)"
"""What is shown in the place of a value that can be personal data."""

_FOUND_MAX_CHARS = 120
_SLICES_MAX = 1000
_NOT_NULL = "a value: the column may not be empty"
_NOTHING = "nothing"
_ADVICE = "This is a bug of esf_etl; report it with this message."

_HARD = [rule.code for rule in RULES.values() if rule.severity == "hard"]
_SENTENCES = {rule.code: rule.sentence for rule in RULES.values()}


@dataclass(frozen=True, slots=True)
class Validated:
    """What validation made of a batch.

    `tables` are the staged tables without the rows of rejected files (the same objects where there is none).
    `rejects` holds why files were rejected: file_no, ordinal (of the reason within its file, from 1), code,
    line, field, found, expected, message, project_id. `findings` holds what is odd about accepted rows:
    file_no, project_id, rule, field, line, message, found. `line` is null, since a row does not know its
    line; both are sorted by file_no.
    """

    tables: dict[str, pa.Table]
    rejects: pa.Table
    findings: pa.Table


@dataclass(frozen=True, slots=True)
class _Failure:
    """The rows of one table that break one rule: those where `broken` is true.

    `found` shows what stood there, with column names in braces; "" where there is nothing to show.
    """

    code: str
    field: str
    table: Table
    broken: pl.Series
    expected: str
    found: str


def validate(staged: StagedTables) -> Validated:
    """Hold every row of a batch to the contract of its table.

    Rows belong together by `file_no`; keys are unique within a file. A row that breaks a hard rule rejects
    its file, with all its rows in all tables; one that breaks a soft rule leaves a finding.

    Raises `ContractError` where a table is missing, or has other columns or types than its contract. The
    error, the rejects and the findings show no personal data.
    """
    frames = {each.table().name: _frame(each.table(), staged) for each in STAGED_TABLES}
    described = [
        _describe(failure, frames)
        for each in STAGED_TABLES
        for failure in (*_broken_checks(each, frames), *_broken_relations(each.table(), frames))
    ]
    broken = pl.concat([_describe_nothing(), *described]).sort(FILE_NO, maintain_order=True)
    rejects = broken.filter(pl.col("code").is_in(_HARD))
    findings = broken.filter(~pl.col("code").is_in(_HARD))
    rejected_files = rejects.select(pl.col(FILE_NO).unique())
    ordinal = pl.int_range(1, pl.len() + 1).over(FILE_NO).alias("ordinal")
    return Validated(
        tables=_without(rejected_files.get_column(FILE_NO), staged),
        rejects=_as_arrow(rejects.with_columns(ordinal), "reject"),
        findings=_as_arrow(
            findings.join(rejected_files, on=FILE_NO, how="anti", maintain_order="left").rename({"code": "rule"}),
            "finding",
        ),
    )


def broken_rows(model: type[Contract], rows: pa.Table) -> int:
    """How many of the staged rows of one table break a hard rule of its contract, each looked at for itself.

    Raises `ContractError` where the table has other columns or types than its contract.
    """
    frame = _frame(model.table(), {model.table().name: rows})
    broken = [failure.broken for failure in _broken_checks(model, {model.table().name: frame}) if failure.code in _HARD]
    return sum(int(series.sum()) for series in broken)


def _frame(table: Table, staged: StagedTables) -> pl.DataFrame:
    """A staged table as a data frame over the same memory."""
    if table.name not in staged:
        raise ContractError(f"the batch has no table {table.name!r}.", advice=_ADVICE)
    given = staged[table.name]
    if FILE_NO not in given.column_names or given.schema.field(FILE_NO).type != pa.int64():
        raise ContractError(f"{table.name}: no int64 column {FILE_NO!r}.", advice=_ADVICE)
    if given[FILE_NO].null_count:
        raise ContractError(f"{table.name}: {FILE_NO!r} holds nulls.", advice=_ADVICE)
    return pl.DataFrame(pl.from_arrow(given, rechunk=False))


def _broken_checks(model: type[Contract], frames: Mapping[str, pl.DataFrame]) -> list[_Failure]:
    """What the contract of a table says of its rows, one by one."""
    table = model.table()
    frame = frames[table.name].drop(FILE_NO)
    errors: list[SchemaError] = []
    # A PANDERA_* variable of the environment must not switch this off.
    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        try:
            model.staged_schema().validate(frame, lazy=True)
        except SchemaErrors as failed:
            errors = failed.schema_errors
    # Raised outside of the handler, so that no traceback leads to the rows that pandera's error holds.
    misfits = [_misfit(error) for error in errors if not isinstance(error.check_output, pl.DataFrame)]
    if misfits:
        raise ContractError(f"{table.name} does not fit its contract: {'; '.join(misfits)}.", advice=_ADVICE)
    return [_broken_check(error, table) for error in errors]


def _misfit(error: SchemaError) -> str:
    """What is wrong with the shape of a table, in names of columns and types: the rest may hold values."""
    reason = error.reason_code.name.lower().replace("_", " ") if error.reason_code else "unknown reason"
    shown = {
        SchemaErrorReason.COLUMN_NOT_IN_DATAFRAME,
        SchemaErrorReason.COLUMN_NOT_IN_SCHEMA,
        SchemaErrorReason.WRONG_DATATYPE,
    }
    details = f" ({error.failure_cases})" if error.reason_code in shown else ""
    return f"{error.schema.name}: {reason}{details}"


def _broken_check(error: SchemaError, table: Table) -> _Failure:
    column = table.column(error.schema.name)
    if error.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS:
        rule = RULES[column.missing]
        expected = _NOT_NULL if rule.code == FALLBACK else rule.expected
    else:
        rule = RULES[error.check.name]
        expected = error.check.description or rule.expected
    return _Failure(
        code=rule.code,
        field=_qualified(table, column.name),
        table=table,
        broken=~error.check_output.to_series(),
        expected=expected,
        found=rule.found or f"{{{column.name}}}",
    )


def _broken_relations(table: Table, frames: Mapping[str, pl.DataFrame]) -> Iterator[_Failure]:
    """What takes several rows to see: keys given twice, children without parent, parents without child."""
    frame = frames[table.name]
    key = [FILE_NO, *table.key]
    yield _Failure(
        code="key-duplicate",
        field=_qualified(table, table.key[-1]),
        table=table,
        broken=frame.select(key).is_duplicated(),
        expected=RULES["key-duplicate"].expected,
        found=", ".join(f"{name} {{{name}}}" for name in table.key),
    )
    if table.parent is None:
        return
    parent = contract(table.parent).table()
    parent_frame = frames[parent.name]
    yield _Failure(
        code="parent-missing",
        field=_qualified(table, parent.key[-1]),
        table=table,
        broken=_unmatched(frame, parent_frame, [FILE_NO, *parent.key]),
        expected=RULES["parent-missing"].expected,
        found=f"{{{parent.key[-1]}}}",
    )
    if table.absent is not None:
        yield _Failure(
            code=table.absent,
            field=table.name,
            table=parent,
            broken=_unmatched(parent_frame, frame, [FILE_NO, *parent.key]),
            expected=RULES[table.absent].expected,
            found="",
        )


def _unmatched(left: pl.DataFrame, right: pl.DataFrame, key: list[str]) -> pl.Series:
    """Whether a row of `left` has no row in `right` with the same key: one boolean a row of `left`."""
    keys = right.select(key).unique().with_columns(matched=True)
    return left.select(key).join(keys, on=key, how="left", nulls_equal=True, maintain_order="left")["matched"].is_null()


def _qualified(table: Table, column: str) -> str:
    return column if table.name == "project" else f"{table.name}.{column}"


def _describe_nothing() -> pl.DataFrame:
    """No broken rule: the columns that `_describe` gives."""
    texts = ("project_id", "code", "field", "found", "expected")
    return pl.DataFrame(schema={FILE_NO: pl.Int64, **dict.fromkeys(texts, pl.String)})


def _describe(failure: _Failure, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row for each row that breaks the rule, if the rule is meant for the layout of its page."""
    shown = _columns_in(failure.found)
    rows = frames[failure.table.name].select(sorted({FILE_NO, "project_id", *shown})).filter(failure.broken)
    layouts = RULES[failure.code].layouts
    if layouts:
        meant = frames["project"].filter(pl.col("layout").is_in(layouts)).select(FILE_NO)
        rows = rows.join(meant, on=FILE_NO, how="semi", maintain_order="left")
    return rows.select(
        FILE_NO,
        "project_id",
        pl.lit(failure.code).alias("code"),
        pl.lit(failure.field).alias("field"),
        _found(failure.found, failure.table).alias("found"),
        pl.lit(failure.expected).alias("expected"),
    )


def _columns_in(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


def _found(template: str, table: Table) -> pl.Expr:
    """The template with the values of its columns: masked where they can be personal, null if all are."""
    names = _columns_in(template)
    if not names:
        return pl.lit(None, dtype=pl.String)
    if any(table.column(name).pii for name in names):
        text = pl.lit(MASK)
    else:
        holes = template.format(**dict.fromkeys(names, "{}"))
        text = pl.format(holes, *(pl.col(name).cast(pl.String).fill_null(_NOTHING) for name in names))
    cut = pl.concat_str(text.str.slice(0, _FOUND_MAX_CHARS - 1), pl.lit("…"))
    short = pl.when(text.str.len_chars() > _FOUND_MAX_CHARS).then(cut).otherwise(text)
    return pl.when(pl.any_horizontal(pl.col(names).is_not_null())).then(short)


def _without(rejected: pl.Series, staged: StagedTables) -> dict[str, pa.Table]:
    """The staged tables without the rows of the rejected files."""
    tables = {each.table().name: staged[each.table().name] for each in STAGED_TABLES}
    if rejected.is_empty():
        return tables
    files = pa.array(rejected.to_list(), pa.int64())
    return {name: _rows(table, pc.invert(pc.is_in(table[FILE_NO], files))) for name, table in tables.items()}


def _rows(table: pa.Table, keep: pa.ChunkedArray) -> pa.Table:
    """The rows to keep: slices of the table where they are few, since to filter it copies all its prose."""
    runs = pl.DataFrame({"keep": pl.from_arrow(keep)}).select(pl.col("keep").rle()).unnest("keep")
    if runs.height > _SLICES_MAX:
        return table.filter(keep)
    starts = runs.select("len", "value", start=pl.col("len").cum_sum() - pl.col("len")).filter("value")
    slices = [table.slice(start, length) for length, start in starts.select("len", "start").iter_rows()]
    return pa.concat_tables([table.schema.empty_table(), *slices])


def _as_arrow(broken: pl.DataFrame, table: str) -> pa.Table:
    """Broken rules as the Arrow table of rejects or findings, with what a row knows of their columns."""
    code = "code" if "code" in broken.columns else "rule"
    frame = broken.with_columns(
        pl.col(code).replace_strict(_SENTENCES, return_dtype=pl.String).alias("message"),
        pl.lit(None, dtype=pl.Int32).alias("line"),
    )
    schema = arrow_schema(contract(table), columns=frame.columns, extra=[pa.field(FILE_NO, pa.int64(), nullable=False)])
    return frame.select(schema.names).to_arrow().cast(schema)

"""The tables of the report page that no filter changes: coverage, runs, rejects, findings, absent values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from esf_etl.reports.page.figures import Rows
    from esf_etl.reports.page.texts import Texts

__all__ = ["MOST_REJECTS", "Writer"]

MOST_REJECTS = 50
"""So many reasons are listed; a landing folder full of other pages must not fill the page."""

_HARD_BLANK = "\u00a0"


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands in a cell: text that is not yet escaped, and how."""

    text: str
    number: bool = False
    lang: str | None = None
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes tables, numbers and days in one language. Everything it is given is escaped."""

    texts: Texts

    def number(self, value: int | Decimal | None) -> str:
        """A whole number, its thousands apart: hard blanks in Swedish, commas in English."""
        if value is None:
            return self.texts.script["absent"]
        rounded = f"{Decimal(value).quantize(Decimal(1), ROUND_HALF_UP):,}"
        return rounded.replace(",", _HARD_BLANK) if self.texts.lang == "sv" else rounded

    def money(self, value: Decimal | None) -> str:
        """Whole kronor, such as `5 222 650 kr` or `SEK 5,222,650`."""
        if value is None:
            return self.texts.script["absent"]
        number = self.number(value)
        return f"{number}{_HARD_BLANK}kr" if self.texts.lang == "sv" else f"SEK{_HARD_BLANK}{number}"

    def share(self, value: Decimal | None) -> str:
        """A share from 0 to 1 in percent, to a tenth."""
        if value is None:
            return self.texts.script["absent"]
        percent = f"{(value * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)}"
        return f"{percent.replace('.', ',')}{_HARD_BLANK}%" if self.texts.lang == "sv" else f"{percent}%"

    def day(self, value: date | None) -> str:
        """A day: `2026-11-24` in Swedish, `24 November 2026` in English."""
        if value is None:
            return self.texts.script["absent"]
        return value.isoformat() if self.texts.lang == "sv" else f"{value.day} {_MONTHS[value.month - 1]} {value.year}"

    def moment(self, value: datetime) -> str:
        """A day and the time of day."""
        return f"{self.day(value.date())} {value:%H:%M}"

    def coverage(self, rows: Rows) -> str:
        """How much of each programme is loaded."""
        words = self.texts.work
        heads = ("programme_period", "loaded", "known", "share", "as_of", "grant", "known_grant")
        table = self._table(
            [words[head] for head in heads],
            (
                [
                    _Cell(row["programme_period"] or self.texts.script["not_stated"]),
                    _Cell(self.number(row["projects"]), number=True),
                    _Cell(self.number(row["known_projects"]), number=True),
                    _Cell(self.share(row["projects_coverage"]), number=True),
                    _Cell(self.day(row["known_as_of"]), number=True),
                    _Cell(self.money(row["grant_sek"]), number=True),
                    _Cell(self.money(row["known_grant_sek"]), number=True),
                ]
                for row in rows
            ),
            label=self.texts.page["coverage"],
        )
        lang = "" if self.texts.lang == "en" else ' lang="en"'
        sources = "".join(
            f"<li>{escape(row['programme_period'])}: <span{lang}>{escape(row['source'])}</span></li>"
            for row in rows
            if row["source"]
        )
        return f'{table}<p class="note">{escape(words["source"])}:</p><ul class="note">{sources}</ul>'

    def runs(self, rows: Rows) -> str:
        """The last runs, newest first, each with what to do about it."""
        words = self.texts.work
        heads = ("run", "outcome", "seconds", "seen", "loaded_versions", "new", "changed", "rejected", "note")
        return self._table(
            [words[head] for head in heads],
            (
                [
                    _Cell(self.moment(datetime.fromisoformat(row["started_at"]))),
                    _Cell(self.texts.outcomes[row["outcome"]]),
                    *(
                        _Cell(self.number(None if row.get(name) is None else Decimal(row[name])), number=True)
                        for name in (
                            *("elapsed_s", "files_seen", "loaded"),
                            *("new_projects", "changed_projects", "rejected"),
                        )
                    ),
                    self._advice(row),
                ]
                for row in rows
            ),
            label=self.texts.page["runs_title"],
            none=words["no_runs"],
        )

    def _advice(self, row: dict[str, Any]) -> _Cell:
        """What to do about a run; of a failed one its own words."""
        if row["outcome"] == "failed":
            return _Cell(str(row.get("error_message") or row.get("error_code") or ""), lang="en", wide=True)
        kind = "rejected" if row["outcome"] == "published" and row.get("rejected") else row["outcome"]
        return _Cell(self.texts.outcomes[f"do_{kind}"], wide=True)

    def rejects(self, rows: Rows) -> str:
        """The reasons why files are not loaded, newest first. What was found there is not shown."""
        words = self.texts.work
        heads = ("file", "reason", "what")
        table = self._table(
            [words[head] for head in heads],
            (
                [
                    _Cell(row["path"] if row["line"] is None else f"{row['path']}:{row['line']}"),
                    _Cell(row["code"] if row["field"] is None else f"{row['code']} ({row['field']})"),
                    self._rule(row["code"], row["message"]),
                ]
                for row in rows[:MOST_REJECTS]
            ),
            label=self.texts.page["rejects_title"],
            none=words["no_rejects"],
        )
        left = len(rows) - MOST_REJECTS
        return table if left <= 0 else f"{table}<p>{escape(words['more'].replace('{n}', self.number(left)))}</p>"

    def findings(self, rows: Rows) -> str:
        """The soft rules that loaded projects break, by programme period."""
        words = self.texts.work
        heads = ("rule", "programme_period", "affected", "share", "example", "what")
        return self._table(
            [words[head] for head in heads],
            (
                [
                    _Cell(row["code"]),
                    _Cell(row["programme_period"] or self.texts.script["not_stated"]),
                    _Cell(self.number(row["affected"]), number=True),
                    _Cell(self.share(row["share"]), number=True),
                    _Cell(row["example"] or ""),
                    self._rule(row["code"], row["message"]),
                ]
                for row in rows
                if row["kind"] == "finding"
            ),
            label=self.texts.page["findings_title"],
            none=words["no_findings"],
        )

    def absent(self, rows: Rows) -> str:
        """The values that pages lack, by programme period."""
        words = self.texts.work
        heads = ("column", "programme_period", "affected", "of", "share")
        return self._table(
            [words[head] for head in heads],
            (
                [
                    _Cell(self.texts.absent.get(row["code"], row["code"])),
                    _Cell(row["programme_period"] or self.texts.script["not_stated"]),
                    _Cell(self.number(row["affected"]), number=True),
                    _Cell(self.number(row["total"]), number=True),
                    _Cell(self.share(row["share"]), number=True),
                ]
                for row in rows
                if row["kind"] == "absent"
            ),
            label=self.texts.page["absent_title"],
            none=words["no_absent"],
        )

    def _rule(self, code: str, message: str | None) -> _Cell:
        """What a rule says: in the page's language where we have it, else as the warehouse has it, in English."""
        said = self.texts.rules.get(code)
        return _Cell(said, wide=True) if said else _Cell(message or code, lang="en", wide=True)

    def _table(self, heads: Sequence[str], rows: Iterable[Sequence[_Cell]], *, label: str, none: str = "") -> str:
        filled = list(rows)
        if not filled:
            return f"<p>{escape(none)}</p>"
        head = "".join(
            f'<th scope="col"{_class(cell)}>{escape(text)}</th>' for text, cell in zip(heads, filled[0], strict=True)
        )
        body = "".join(
            "<tr>" + "".join(self._cell(cell, "td" if place else "th") for place, cell in enumerate(row)) + "</tr>"
            for row in filled
        )
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}"><table>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def _cell(self, cell: _Cell, tag: str) -> str:
        scope = ' scope="row"' if tag == "th" else ""
        lang = f' lang="{cell.lang}"' if cell.lang and cell.lang != self.texts.lang else ""
        return f"<{tag}{scope}{_class(cell)}{lang}>{escape(cell.text)}</{tag}>"


def _class(cell: _Cell) -> str:
    return ' class="number"' if cell.number else ' class="words"' if cell.wide else ""


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

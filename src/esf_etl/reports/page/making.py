"""Making the report page: template, words, figures, charts and scripts become one file that fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

from esf_etl.errors import UsageError
from esf_etl.reports.page.charts import MAP_COLOURS, charts, colours_of
from esf_etl.reports.page.figures import LAST_RUNS, opened, read_figures, read_work
from esf_etl.reports.page.tables import Writer
from esf_etl.reports.page.texts import LANGUAGES, asset, texts_in
from esf_etl.reports.whole import file_written_whole
from esf_etl.warehouse.folder import WarehouseFolder
from esf_etl.warehouse.status import read_status

if TYPE_CHECKING:
    from pathlib import Path

    from esf_etl.warehouse.lake.address import Lake

__all__ = ["make_page", "write_page"]

_IN_SCRIPT = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
"""What could end a script element, or a line of one, is written out in the JSON that stands in it."""


def make_page(
    warehouse: Path, *, lake: Lake | None = None, language: str = LANGUAGES[0], now: datetime | None = None
) -> str:
    """The page of what is published in a warehouse folder, or in the lake that a job of this folder writes to.

    Needs the packages of the extra `reports`.

    A folder whose runs have published nothing gives a page that says so. `now` is the time it is said to be made (UTC).
    Raises `WarehouseError` where there is no warehouse, `SnapshotDamaged` where it cannot be read, `UsageError` for
    another language than those of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        msg = f"the language {language!r} is none of {', '.join(LANGUAGES)}."
        raise UsageError(msg)
    texts = texts_in(language)
    writer = Writer(texts)
    with opened(warehouse, lake) as connection:
        figures = read_figures(connection)
        status = read_status(warehouse, lake=lake, runs=LAST_RUNS)
        work = read_work(connection, status["runs"])
    codes = [region["code"] for region in figures["regions"]]
    titles = {name.removesuffix("_title"): text for name, text in texts.page.items() if name.endswith("_title")}
    words = {name: texts.page[name] for name in ("all_periods", "all_regions")}
    figures |= {
        "lang": language,
        "texts": {**texts.script, **words, "titles": titles},
        "colours": colours_of(codes),
        "map": MAP_COLOURS,
        "locale": _number_format(language),
    }
    scripts = {"script": asset("page.js"), "bundle": _bundle(), "draw": asset("draw.js")}
    plain = {name: escape(text) for name, text in texts.page.items()}
    plain["made"] = escape(_made(status["published"], writer, now or datetime.now(UTC)))
    plain["empty"] = "" if figures["groups"]["rows"] else f'<p class="empty">{plain["empty"]}</p>'
    return Template(asset("page.html")).substitute(
        plain,
        lang=language,
        policy=_policy(scripts.values()),
        style=asset("page.css"),
        coverage_table=writer.coverage(work["coverage"]),
        runs_table=writer.runs(work["runs"]),
        rejects_table=writer.rejects(work["rejects"]),
        findings_table=writer.findings(work["quality"]),
        absent_table=writer.absent(work["quality"]),
        figures=_json(figures),
        specs=_json(charts(texts.script, codes)),
        **scripts,
    )


def write_page(
    warehouse: Path, output: Path | None = None, *, lake: Lake | None = None, language: str = LANGUAGES[0]
) -> Path:
    """Make the page and put it in place of the one before by one rename; returns where it is.

    Without `output` it is `report.html` in the warehouse folder. Raises as `make_page`, and `ExportError` where the
    file cannot be written.
    """
    target = output or WarehouseFolder(warehouse).report_page
    text = make_page(warehouse, lake=lake, language=language)
    with file_written_whole(target) as whole:
        whole.write_text(text, encoding="utf-8")
    return target


def _made(published: dict[str, Any] | None, writer: Writer, now: datetime) -> str:
    made = f"{writer.moment(now)} UTC"
    if published is None:
        return writer.texts.page["made_empty"].replace("{made}", made)
    moment = f"{writer.moment(datetime.fromisoformat(published['published_at']))} UTC"
    return writer.texts.page["made"].replace("{made}", made).replace("{published}", moment)


def _policy(scripts: Any) -> str:
    """The Content-Security-Policy: no network at all, and no script but those of the page, told by their hashes."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{text}'" for text in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _bundle() -> str:
    """Vega, Vega-Lite and vega-embed with its interpreter of expressions, as one script."""
    import vl_convert

    text: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@cache
def _number_format(language: str) -> dict[str, Any]:
    import vl_convert

    found: dict[str, Any] = vl_convert.get_format_locale("sv-SE" if language == "sv" else "en-GB")
    return found


def _json(document: dict[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.translate(_IN_SCRIPT)

"""The charts of the report page as Vega-Lite, made with Vega-Altair: they say how rows are drawn and hold none.

Each takes its rows from the data set `rows`, which the page's script fills anew whenever a filter changes.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MAP_COLOURS", "charts", "colours_of", "topology"]

ROWS = "rows"

_PALETTE = ("#4477aa", "#b8860b", "#228833", "#cc3311", "#0e9aa7", "#aa3377", "#7a5c3e", "#5a5ad6", "#e07b39")
"""The colours of regions, in the order of their codes. The charts beside them give the names in words."""

_NOT_STATED_COLOUR = "#8a8f98"
_ACCENT = "#2f6690"
MAP_COLOURS: dict[str, Any] = {
    "limits": [1, 5, 10, 25, 50, 100, 250],
    "colours": ["#dcebf7", "#bad7eb", "#8fc2de", "#62a8d2", "#3b8bc2", "#1f6cb0", "#0c4c8c", "#082f63"],
    "none": "#c3c7cd",
}
"""Where the colours of the map change, in million SEK: the same whatever is chosen, so that choices can be compared."""


def topology() -> dict[str, Any]:
    """The municipalities of Sweden in SWEREF 99 TM, as TopoJSON; the id of each is its code."""
    text = files(__package__).joinpath("assets", "municipalities.topojson").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def colours_of(regions: Sequence[str | None]) -> list[str]:
    """The colour of each region, in their order."""
    return [
        _NOT_STATED_COLOUR if code is None else _PALETTE[place % len(_PALETTE)] for place, code in enumerate(regions)
    ]


def charts(texts: Mapping[str, str], regions: Sequence[str | None]) -> dict[str, dict[str, Any]]:
    """The specifications by the names of their places on the page, with words of `texts`.

    `regions` are the codes of the regions in the order of their colours, None for what is not stated.
    """
    import altair as alt

    data = alt.NamedData(name=ROWS)
    millions = alt.Axis(format=",.6~f", tickCount=5, labelOverlap=True)
    by_region = alt.Color(
        "region:N",
        legend=None,
        scale=alt.Scale(domain=[str(place) for place in range(len(regions))], range=colours_of(regions)),
    )

    def tooltip(first: str) -> list[Any]:
        return [
            alt.Tooltip("label:N", title=texts[first]),
            alt.Tooltip("projects_text:N", title=texts["projects"]),
            alt.Tooltip("grant_text:N", title=texts["grant"]),
        ]

    def bars(first: str, step: int, colour: Any) -> Any:
        return (
            alt.Chart(data)
            .mark_bar()
            .encode(
                # Two lines a label where the row has a line break.
                y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelExpr="split(datum.label, '\\n')")),
                x=alt.X("grant:Q", title=texts["grant_msek"], axis=millions),
                color=colour,
                tooltip=tooltip(first),
            )
            .properties(width="container", height=alt.Step(step))
        )

    years = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            x=alt.X(
                "year:O",
                sort=None,
                title=texts["start_year"],
                axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=8),
            ),
            y=alt.Y("grant:Q", title=texts["grant_msek"], axis=millions, stack="zero"),
            color=by_region,
            order=alt.Order("place:Q"),
            tooltip=[alt.Tooltip("year:N", title=texts["start_year"]), *tooltip("region")],
        )
        .properties(width="container", height=260)
    )
    months = (
        alt.Chart(data)
        .mark_bar(binSpacing=0, color=_ACCENT)
        .encode(
            x=alt.X(
                "utcyearmonth(time):T",
                title=None,
                axis=alt.Axis(format="%Y", labelOverlap="greedy", labelSeparation=8, tickCount="year", grid=False),
                scale=alt.Scale(type="utc"),
            ),
            y=alt.Y("running:Q", title=texts["running_projects"], axis=alt.Axis(tickMinStep=1, tickCount=5)),
            tooltip=[
                alt.Tooltip("label:N", title=texts["month"]),
                alt.Tooltip("running_text:N", title=texts["running_projects"]),
            ],
        )
        .properties(width="container", height=220)
    )
    found = {
        "chart-regions": bars("region", 26, by_region),
        "chart-areas": bars("area", 38, alt.value(_ACCENT)),
        "chart-years": years,
        "chart-months": months,
        "chart-map": _map(alt, data, texts),
    }
    specs = {name: _settled(chart) for name, chart in found.items()}
    # Put in here, since Altair would hold all of the map to its schema: ten times the work of the rest.
    specs["chart-map"]["data"] = {
        "values": topology(),
        "format": {"type": "topojson", "feature": "municipalities"},
    }
    return specs


def _map(alt: Any, data: Any, texts: Mapping[str, str]) -> Any:
    """Municipalities coloured by their parts of the grants; grey where no project gives one."""
    fields = ["label", "grant", "grant_text", "projects_text"]
    colour = alt.Color(
        "grant:Q",
        scale=alt.Scale(type="threshold", domain=MAP_COLOURS["limits"], range=MAP_COLOURS["colours"]),
        legend=None,
    )
    return (
        alt.Chart(alt.NamedData(name="map"))
        .mark_geoshape(stroke="#ffffff", strokeWidth=0.4)
        .transform_lookup(lookup="id", from_=alt.LookupData(data=data, key="code", fields=fields))
        .encode(
            color=colour,
            tooltip=[
                alt.Tooltip("label:N", title=texts["municipality"]),
                alt.Tooltip("projects_text:N", title=texts["projects"]),
                alt.Tooltip("grant_text:N", title=texts["grant"]),
            ],
        )
        .project(type="identity", reflectY=True)
        .properties(width="container", height=740)
    )


def _settled(chart: Any) -> dict[str, Any]:
    """The specification with what all charts share. Colours of words and lines are left to the page's style sheet."""
    spec: dict[str, Any] = chart.to_dict()
    spec["background"] = None
    spec["config"] = {
        # What has no amount keeps its place: a bar without length, a grey municipality.
        "mark": {"invalid": "show"},
        "scale": {"invalid": {"color": {"value": MAP_COLOURS["none"]}}},
        "font": "system-ui, sans-serif",
        "view": {"stroke": None},
        "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 190},
        "axisY": {"grid": False, "domain": False, "ticks": False, "labelPadding": 6},
        "axisYQuantitative": {"grid": True},
        "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
    }
    return spec

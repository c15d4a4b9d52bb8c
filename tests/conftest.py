"""The page builder that the tests of the parser share. Everything on its pages is invented."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

HEADER = {
    "Programområde": "Programområde 2 Ökat arbetskraftsutbud",
    "Projektfas": "Genomförande",
    "Projektägare": "Exempelby kommun",
    "Kontaktperson": "Ada Exempel",
    "E-post": "ada.exempel@example.se",
    "Telefonnummer": "0123-456789",
    "Beviljat ESF-stöd": "5\u00a0222\u00a0650 kr",
    "Total projektbudget": "13\u00a0056\u00a0000 kr",
    "Projektperiod": "2008-08-01 till 2010-03-31",
    "Region": "Sydsverige",
}


@pytest.fixture(scope="session")
def page() -> Callable[..., str]:
    """`page(body)` is a page with that body, which starts on line 17.

    The title stands on line 3 (unless there is a banner), the ten header lines on 5 to 14, `In English` on 15.
    `header` changes values by their labels; None takes the line away.
    """

    def make(
        body: str = "", *, title: str = "Broar till arbete", banner: str = "", header: Mapping[str, str | None] = {}
    ) -> str:
        values = HEADER | dict(header)
        block = "\n".join(f"{label}{value}" for label, value in values.items() if value is not None)
        return f"Logotyp på utskrifter\n\n{banner}{title}\n\n{block}\nIn English\n\n{body}\n"

    return make

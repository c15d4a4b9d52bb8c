"""What tests of all kinds share: the page builder, all of it invented, and programs that not every machine has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping

import pytest

from tests.promises import pytest_itemcollected, pytest_terminal_summary, tally

__all__ = ["pytest_itemcollected", "pytest_terminal_summary", "tally"]

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


def _program(name: str) -> str:
    """Where a program is. Without it the test is skipped, unless ESF_ETL_TESTS_NEED names it, as in CI."""
    found = shutil.which(name)
    if found is None:
        if name in os.environ.get("ESF_ETL_TESTS_NEED", "").split():
            pytest.fail(f"{name} is not installed, and ESF_ETL_TESTS_NEED names it")
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium, for `playwright.chromium.launch(executable_path=…)`."""
    return _program("chromium")


@pytest.fixture(scope="session")
def soffice() -> str:
    """The path of LibreOffice."""
    return _program("soffice")


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of promtool, of Debian's package prometheus."""
    return _program("promtool")


@pytest.fixture(scope="session")
def node_exporter() -> str:
    """The path of Debian's node_exporter."""
    return _program("prometheus-node-exporter")

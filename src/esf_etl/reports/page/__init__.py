"""The report page: one HTML file that shows what a warehouse holds, offline and alone."""

from esf_etl.reports.page.making import make_page, write_page
from esf_etl.reports.page.texts import LANGUAGES

__all__ = ["LANGUAGES", "make_page", "write_page"]

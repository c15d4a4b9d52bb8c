"""The report page: one HTML file that shows what a warehouse holds, offline and alone."""

from esf_etl.reports.page.making import REPORT_PAGE, make_page, write_page
from esf_etl.reports.page.texts import LANGUAGES

__all__ = ["LANGUAGES", "REPORT_PAGE", "make_page", "write_page"]

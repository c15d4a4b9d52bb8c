"""Full-text search over titles and sections of what is published: `search(warehouse, "unga långtidsarbetslösa")`."""

from __future__ import annotations

from esf_etl.reports.search.answer import Found, Hit, QueryWord
from esf_etl.reports.search.find import search
from esf_etl.reports.search.snippet import Marked

__all__ = ["Found", "Hit", "Marked", "QueryWord", "search"]

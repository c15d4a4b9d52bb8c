"""The version of the tables, apart from the contracts so that asking for it loads none of them."""

from __future__ import annotations

__all__ = ["ADDED_COLUMNS", "SCHEMA_VERSION"]

SCHEMA_VERSION = 1
"""Version of the warehouse's tables; it rises when a column changes its name, type or meaning, or goes.

A new table or view, or one more value that a column may hold, is no reason: the next run makes it in its copy, and an
older release leaves it alone.
Nor is a column among `ADDED_COLUMNS`.
"""

ADDED_COLUMNS = (("etl", "landing_file", "etag"),)
"""Columns, as schema, table and name, that the first release with this version had not.

Each may be NULL, so that a database without it says all the same. The next run that publishes adds it to its copy; an
older release leaves it NULL.
"""

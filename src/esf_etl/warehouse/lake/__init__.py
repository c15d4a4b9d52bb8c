"""A shared lakehouse in place of the folder of snapshots: DuckLake, its catalogue in PostgreSQL, its rows in Parquet.

Only what is named here knows of it; who never names a lake never loads it. Needs the extra `lake`.
"""

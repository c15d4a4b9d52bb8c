"""Other ways to bring the same pages into DuckDB: a program each, set up as its own documentation recommends.

They do less than ours: no ledger, no history, no contracts, no Parquet, no audit; two of them read one layout only.
"""

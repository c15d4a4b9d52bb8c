"""The DuckDB side: the folder of snapshots, the database in each, and the way a new one becomes the current one."""

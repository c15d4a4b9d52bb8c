-- What an analyst can name in a query: tables and views with their columns in order, and macros. One row a column or macro,
-- those of the schema main first.
WITH
relation AS (
    SELECT database_oid, schema_name, table_name AS name, table_oid AS oid, 'table' AS kind, comment
    FROM duckdb_tables()
    WHERE NOT internal AND database_name = current_database()
    UNION ALL
    SELECT database_oid, schema_name, view_name, view_oid, 'view', comment
    FROM duckdb_views()
    WHERE NOT internal AND database_name = current_database()
),
named AS (
    SELECT
        relation.schema_name,
        relation.name,
        relation.kind,
        relation.comment,
        c.column_index,
        c.column_name,
        c.data_type,
        c.comment AS column_comment,
        NULL::VARCHAR[] AS parameters
    FROM relation
    INNER JOIN duckdb_columns() AS c
        ON c.database_oid = relation.database_oid AND c.schema_name = relation.schema_name AND c.table_oid = relation.oid
    UNION ALL
    SELECT
        schema_name,
        function_name,
        CASE function_type WHEN 'table_macro' THEN 'table macro' ELSE 'macro' END,
        comment,
        NULL,
        NULL,
        NULL,
        NULL,
        parameters
    FROM duckdb_functions()
    WHERE NOT internal AND database_name = current_database() AND function_type IN ('macro', 'table_macro')
)
SELECT schema_name, name, kind, comment, column_name, data_type, column_comment, parameters
FROM named
ORDER BY schema_name <> 'main', schema_name, name, column_index;

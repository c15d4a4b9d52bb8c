-- The same as close_versions.sql, for a lake: what it costs follows what ends, not what is there.
-- An UPDATE reads all columns of all files to write the few rows anew. This looks for the rows by their narrow columns,
-- and reads the rest only of the row groups that hold one. The new rows are written first: they are none of those deleted.
-- Its own table is a temporary one: a transaction may write to one attached database and to those.
CREATE OR REPLACE TEMP TABLE ending AS
SELECT filename, file_row_number
FROM esf.history.$table
WHERE valid_to IS NULL
    AND project_id IN (
        SELECT project_id FROM work.election WHERE outcome = 'loaded' UNION ALL SELECT project_id FROM work.disowned
    );

INSERT INTO esf.history.$table BY NAME
SELECT * REPLACE (getvariable('run_at') AS valid_to)
FROM esf.history.$table
WHERE (filename, file_row_number) IN (FROM ending);

SELECT
    if(
        (SELECT count(*) FROM esf.history.$table WHERE valid_to = getvariable('run_at')) <> (SELECT count(*) FROM ending),
        error('not every version of $table that ends here was found'),
        NULL
    );

DELETE FROM esf.history.$table
WHERE valid_to IS NULL
    AND project_id IN (
        SELECT project_id FROM work.election WHERE outcome = 'loaded' UNION ALL SELECT project_id FROM work.disowned
    );

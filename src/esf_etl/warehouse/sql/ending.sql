-- Where the rows of one table of a lake are that were current until now and end in this run (see lake/ending.py).
-- A temporary table: a transaction may write to one attached database and to those.
CREATE OR REPLACE TEMP TABLE ending AS
SELECT filename, file_row_number
FROM esf.history.$table
WHERE valid_to IS NULL
    AND project_id IN (
        SELECT project_id FROM work.election WHERE outcome = 'loaded' UNION ALL SELECT project_id FROM work.disowned
    );

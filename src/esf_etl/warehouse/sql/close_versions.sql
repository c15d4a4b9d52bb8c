-- The rows that were current until now of the projects that are loaded, or are none any more, end here, in one table.
UPDATE esf.history.$table SET valid_to = getvariable('run_at')
WHERE valid_to IS NULL
    AND project_id IN (
        SELECT project_id FROM work.election WHERE outcome = 'loaded' UNION ALL SELECT project_id FROM work.disowned
    );

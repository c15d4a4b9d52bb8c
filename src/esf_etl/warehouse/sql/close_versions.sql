-- The rows of the loaded projects that were current until now end here, in one table of the project.
UPDATE esf.history.$table SET valid_to = getvariable('run_at')
WHERE valid_to IS NULL
    AND project_id IN (SELECT project_id FROM work.election WHERE outcome = 'loaded');

-- Rows of one versioned table for projects that no page was ever read of: those of the 200 real ones, again and again,
-- under ids that are as unsorted as real ones. Variables: first, until.
INSERT INTO esf.$schema.$table BY NAME
WITH pattern AS (SELECT project_id, row_number() OVER (ORDER BY project_id) - 1 AS place FROM real_project)

SELECT rows.* REPLACE ($replaced)
FROM range(getvariable('first'), getvariable('until')) AS invented (n)
JOIN pattern ON pattern.place = invented.n % (SELECT count(*) FROM real_project)
JOIN real_$table AS rows ON rows.project_id = pattern.project_id;

-- Which files must be read again because the overrides are no longer those they were read under.
-- What was missed on an earlier night, because the file was too young or could not be read, is seen on a later one.
-- Reads: work.override and work.override_before (see ignore.sql), work.override_page_before, work.respelt, work.listed,
-- base. Writes: work.difference.
CREATE OR REPLACE TABLE work.new_override AS
SELECT override.* FROM work.override AS override
ANTI JOIN work.override_before AS before
    ON before.kind = override.kind AND before.what = override.shown
    AND before.becomes IS NOT DISTINCT FROM override.becomes;

-- It was too young to be read on the night when its project ended by an override.
CREATE OR REPLACE TABLE work.bereft AS
SELECT known.path
FROM base.etl.landing_file AS known
ANTI JOIN base.main.project AS project USING (project_id)
WHERE known.landing = getvariable('landing') AND known.missing_since IS NULL AND known.outcome <> 'rejected';

CREATE OR REPLACE TABLE work.misread AS
WITH known AS (
    SELECT path, project_id, outcome FROM base.etl.landing_file WHERE landing = getvariable('landing')
),
-- The projects whose version may not come from its page any more, or whose places are read otherwise.
project AS (
    SELECT project.project_id
    FROM base.main.project AS project
    SEMI JOIN (FROM work.new_override WHERE kind = 'ignore') AS ignored ON ignored.what = project.source_path
    WHERE project.landing = getvariable('landing')
    UNION
    SELECT project.project_id
    FROM base.main.project AS project
    SEMI JOIN (FROM work.respelt WHERE kind = 'region') AS respelt ON respelt.spelling = project.region
    UNION
    SELECT place.project_id
    FROM base.main.project_municipality AS place
    SEMI JOIN (FROM work.respelt WHERE kind = 'municipality') AS respelt ON respelt.spelling = place.name
)
-- It came under a line that is no longer there, or says something else now.
SELECT before.path
FROM work.override_page_before AS before
SEMI JOIN (FROM known WHERE outcome <> 'rejected') AS accepted ON accepted.path = before.path
ANTI JOIN work.override AS override
    ON override.kind = before.kind AND override.shown = before.what AND override.becomes = before.becomes
UNION
-- It was ignored.
SELECT before.what
FROM work.override_before AS before
ANTI JOIN work.ignored AS ignored ON ignored.path = before.what
WHERE before.kind = 'ignore'
UNION
-- It has been given another project, or its project is merged into another, and it was not read since.
SELECT known.path
FROM known
JOIN work.override AS override ON override.kind = 'other-project' AND override.what = known.path
ANTI JOIN work.override_page_before AS before
    ON before.kind = override.kind AND before.path = override.what AND before.becomes = override.becomes
WHERE known.outcome <> 'rejected'
UNION
SELECT known.path
FROM known
SEMI JOIN (FROM work.override WHERE kind = 'same-project') AS override ON override.what = known.project_id
WHERE known.outcome <> 'rejected'
UNION
SELECT known.path FROM known SEMI JOIN project USING (project_id)
UNION
FROM work.bereft;

-- A file that is young, but was read as it is, is no longer being written.
UPDATE work.difference AS difference SET state = 'again'
FROM work.listed AS listed
LEFT JOIN (FROM base.etl.landing_file WHERE landing = getvariable('landing')) AS known ON known.path = listed.path
WHERE listed.path = difference.path
    AND (
        difference.path IN (SELECT path FROM work.misread) AND (
            difference.state = 'touched'
            OR difference.state = 'deferred' AND known.missing_since IS NULL
            AND (known.size_bytes, known.mtime_ns, known.ctime_ns) = (listed.size_bytes, listed.mtime_ns, listed.ctime_ns)
        )
        -- It was not read since there was last a new line: its bytes of then may mean something else now.
        OR difference.state = 'touched' AND (
            EXISTS (FROM work.new_override)
            OR known.last_read_at < (SELECT max(since) FROM work.override_before)
        )
    );

INSERT INTO work.difference
SELECT path, 'again' AS state
FROM work.misread SEMI JOIN work.listed USING (path) ANTI JOIN work.difference AS difference USING (path);

-- The projects that are considered anew because of overrides: what they get by it, they get by no page.
CREATE OR REPLACE TABLE work.reconsidered AS
SELECT project_id
FROM base.etl.landing_file
WHERE landing = getvariable('landing') AND project_id IS NOT NULL
    AND path IN (
        SELECT path FROM work.misread UNION ALL SELECT what FROM work.new_override WHERE kind = 'ignore'
    )
GROUP BY project_id;

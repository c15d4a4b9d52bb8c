-- Which files are read, of those that differ from the ledger (see difference.sql).
-- Files that are as they were last time are not in work.seen, but for those of a project that is read again.
CREATE OR REPLACE TABLE work.stirring AS FROM work.difference WHERE state <> 'vanished';

-- The other files of the projects whose files are stirring.
INSERT INTO work.stirring
SELECT known.path, 'unchanged' AS state
FROM base.etl.landing_file AS known
SEMI JOIN (
    SELECT known.project_id
    FROM base.etl.landing_file AS known
    SEMI JOIN (FROM work.stirring WHERE state IN ('touched', 'again')) AS stirring ON stirring.path = known.path
    WHERE known.landing = getvariable('landing')
) AS stirring_project ON stirring_project.project_id = known.project_id
SEMI JOIN work.listed AS listed ON listed.path = known.path
ANTI JOIN work.stirring AS stirring ON stirring.path = known.path
WHERE known.landing = getvariable('landing');

CREATE OR REPLACE TABLE work.seen AS
SELECT
    NULL::BIGINT AS file_no,  -- of a file that is read, its place in the order of the paths, from 0
    listed.*,
    known.content_sha256 AS known_sha256,
    known.project_id AS known_project_id,
    known.parser_version AS known_parser_version,
    known.first_seen_at AS known_first_seen_at,
    stirring.state
FROM work.stirring AS stirring
JOIN work.listed AS listed ON listed.path = stirring.path
LEFT JOIN (FROM base.etl.landing_file WHERE landing = getvariable('landing')) AS known ON known.path = stirring.path;

-- Where a file of a project changed, its other files are read again too: which of them gives the current version
-- depends on all of them, and a rebuild must come to the same choice.
CREATE OR REPLACE TABLE work.shaken AS
SELECT known_project_id AS project_id
FROM work.seen
WHERE known_project_id IS NOT NULL
GROUP BY known_project_id
HAVING count(*) > 1 AND bool_or(state IN ('touched', 'again'))
-- A touched file that did not give the current version may be the newest now.
UNION
SELECT seen.known_project_id
FROM work.seen AS seen
JOIN base.main.project AS project ON project.project_id = seen.known_project_id
WHERE seen.state = 'touched' AND (project.landing, project.source_path) <> (getvariable('landing'), seen.path);

UPDATE work.seen SET state = 'again'
WHERE state IN ('touched', 'unchanged') AND known_project_id IN (SELECT project_id FROM work.shaken);

CREATE OR REPLACE TABLE work.todo AS
SELECT
    row_number() OVER (ORDER BY path) - 1 AS file_no,
    path,
    size_bytes,
    mtime_ns,
    etag,
    if(state = 'touched', known_sha256, NULL) AS known_sha256
FROM work.seen
WHERE state IN ('new', 'again', 'touched')
ORDER BY path;

UPDATE work.seen AS seen SET file_no = todo.file_no
FROM work.todo AS todo
WHERE todo.path = seen.path;

-- Which of the parsed pages becomes the current version of its project, and what becomes of the others.
-- The order of versions is (mtime, path), within a run and across runs, so that a rebuild ends with the same rows.
-- Reads: work.seen, work.file, work.project, base.main.project. Variables: landing, parser_version, reprocess.

-- The version that is current, and its place in the order. Where its own file was read in this run and made a page
-- again, the version has no claim of its own: the file is among the candidates.
CREATE OR REPLACE TABLE work.incumbent AS
SELECT
    project.project_id,
    project.content_digest,
    CASE
        WHEN candidate.file_no IS NOT NULL THEN NULL
        WHEN seen.state = 'unchanged' AND seen.known_project_id = project.project_id THEN seen.mtime_ns
        ELSE project.source_mtime_ns
    END AS mtime_ns,
    project.source_path AS path
FROM base.main.project AS project
SEMI JOIN work.project AS staged ON staged.project_id = project.project_id
LEFT JOIN work.seen AS seen ON project.landing = getvariable('landing') AND seen.path = project.source_path
LEFT JOIN work.project AS candidate ON candidate.file_no = seen.file_no;

CREATE OR REPLACE TABLE work.election AS
WITH candidate AS (
    SELECT
        project.file_no,
        project.project_id,
        project.content_digest,
        seen.mtime_ns,
        seen.path,
        incumbent.content_digest AS incumbent_digest,
        coalesce((seen.mtime_ns, seen.path) <= (incumbent.mtime_ns, incumbent.path), FALSE)
            AND incumbent.mtime_ns IS NOT NULL AS late,
        file.content_sha256 = seen.known_sha256
            AND (getvariable('reprocess') OR seen.known_parser_version <> getvariable('parser_version')) AS parser_only
    FROM work.project AS project
    JOIN work.seen AS seen USING (file_no)
    JOIN work.file AS file USING (file_no)
    LEFT JOIN work.incumbent AS incumbent ON incumbent.project_id = project.project_id
),

ordered AS (
    SELECT
        *,
        row_number() OVER newest AS place,
        first_value(content_digest) OVER newest AS newest_digest
    FROM candidate
    WINDOW newest AS (PARTITION BY project_id, late ORDER BY mtime_ns DESC, path DESC)
),

-- The newest content may stand in several files in a row: the oldest of them is the one that brought it.
run_of_newest AS (
    SELECT
        *,
        bool_and(content_digest = newest_digest)
            OVER (PARTITION BY project_id, late ORDER BY place ROWS UNBOUNDED PRECEDING) AS is_newest
    FROM ordered
),

brought AS (
    SELECT project_id, max(place) AS place
    FROM run_of_newest
    WHERE is_newest AND NOT late
    GROUP BY project_id
)

SELECT
    page.file_no,
    page.project_id,
    CASE
        WHEN page.late OR page.newest_digest IS NOT DISTINCT FROM page.incumbent_digest
            THEN if(page.content_digest = page.incumbent_digest, 'same-content', 'superseded')
        WHEN page.place = brought.place THEN 'loaded'
        WHEN page.is_newest THEN 'same-content'
        ELSE 'superseded'
    END AS outcome,
    if(coalesce(page.parser_only, FALSE), 'parser', 'page') AS cause
FROM run_of_newest AS page
LEFT JOIN brought ON brought.project_id = page.project_id;

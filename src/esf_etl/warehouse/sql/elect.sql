-- Which of the parsed pages becomes the current version of its project, and what becomes of the others.
-- The order of versions is (mtime, path), within a run and across runs, so that a rebuild ends with the same rows.
-- Reads: work.seen, work.file, work.project, base.main.project, and of the overrides work.ignored, work.misread,
-- work.reconsidered, work.override, work.override_page_before. Variables: landing, parser_version, reprocess.

-- Projects whose version has lost its ground by the word of a person: their id is merged into another, its page is ignored,
-- or is now of another project although it says what it said. They are none any more, or get the version of another page.
CREATE OR REPLACE TABLE work.doubted AS
WITH page AS (
    SELECT seen.path, project.project_id, file.own_id
    FROM work.project AS project
    JOIN work.seen AS seen USING (file_no)
    JOIN work.file AS file USING (file_no)
)

SELECT project.project_id
FROM base.main.project AS project
LEFT JOIN page ON page.path = project.source_path AND page.project_id <> project.project_id
WHERE project.landing = getvariable('landing')
    AND (
        project.project_id IN (SELECT what FROM work.override WHERE kind = 'same-project')
        OR project.source_path IN (SELECT path FROM work.ignored)
        OR page.own_id = project.project_id
        OR (page.path, project.project_id) IN (
            SELECT (path, becomes) FROM work.override_page_before WHERE kind IN ('same-project', 'other-project')
        )
    );

-- The version that is current, and its place in the order. Where its own file was read in this run and made a page
-- again, the version has no claim of its own: the file is among the candidates.
CREATE OR REPLACE TABLE work.incumbent AS
WITH known AS (
    SELECT
        known.*,
        -- a file that is too young is taken for what it was
        coalesce(if(seen.state = 'deferred', NULL, seen.mtime_ns), known.mtime_ns) AS current_mtime_ns,
        CASE
            WHEN known.landing = getvariable('landing') AND known.path IN (SELECT path FROM work.ignored) THEN 'ignored'
            WHEN page.file_no IS NOT NULL THEN 'page'
            WHEN file.state = 'rejected' OR file.state = 'parsed' THEN 'rejected'
            WHEN known.missing_since IS NOT NULL THEN 'missing'
            ELSE known.outcome
        END AS now
    -- Only files of projects that have a page in this run: the rest of the ledger, however long, costs nothing here.
    FROM (FROM base.etl.landing_file SEMI JOIN work.project USING (project_id)) AS known
    LEFT JOIN work.seen AS seen ON known.landing = getvariable('landing') AND seen.path = known.path
    LEFT JOIN work.file AS file ON file.file_no = seen.file_no
    LEFT JOIN work.project AS page ON page.file_no = seen.file_no
),
claim AS (
    -- Its pages that were not read in this run: those that are newer than the version say the same as it.
    SELECT project_id, {'mtime_ns': current_mtime_ns, 'path': path} AS place
    FROM known
    WHERE now NOT IN ('ignored', 'page', 'rejected', 'missing')
    UNION ALL
    -- The page it came from, where that is missing or rejected by now.
    SELECT project.project_id, {'mtime_ns': project.source_mtime_ns, 'path': project.source_path} AS place
    FROM base.main.project AS project
    JOIN known ON known.landing = project.landing AND known.path = project.source_path
        AND known.project_id = project.project_id
    WHERE known.now IN ('rejected', 'missing')
)
SELECT
    project.project_id,
    -- One without ground is replaced, also by a page that says the same.
    if(project.project_id IN (SELECT project_id FROM work.doubted), NULL, any_value(project.content_digest))
        AS content_digest,
    max(claim.place).mtime_ns AS mtime_ns,
    max(claim.place).path AS path
FROM base.main.project AS project
SEMI JOIN work.project AS staged ON staged.project_id = project.project_id
LEFT JOIN claim ON claim.project_id = project.project_id
GROUP BY project.project_id;

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
            AND (getvariable('reprocess') OR seen.known_parser_version <> getvariable('parser_version')) AS parser_only,
        file.content_sha256 = seen.known_sha256
            AND (
                seen.path IN (SELECT path FROM work.misread)
                OR seen.known_project_id IN (SELECT project_id FROM work.reconsidered)
            ) AS override_only
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
    CASE WHEN page.override_only THEN 'override' WHEN page.parser_only THEN 'parser' ELSE 'page' END AS cause,
    -- The newest page of the project: it says what its version says, and its contact is the one that holds.
    page.place = 1 AND NOT page.late AS is_newest_page
FROM run_of_newest AS page
LEFT JOIN brought ON brought.project_id = page.project_id;

-- Those without ground that no other page is of: they end. A page of theirs that was too young to be read brings them back
-- when it is (see override.sql); one in another landing folder keeps them.
CREATE OR REPLACE TABLE work.disowned AS
SELECT doubted.project_id
FROM work.doubted AS doubted
ANTI JOIN work.project AS page ON page.project_id = doubted.project_id
ANTI JOIN (
    SELECT project_id
    FROM base.etl.landing_file
    WHERE landing <> getvariable('landing') AND missing_since IS NULL AND outcome <> 'rejected'
) AS elsewhere ON elsewhere.project_id = doubted.project_id;

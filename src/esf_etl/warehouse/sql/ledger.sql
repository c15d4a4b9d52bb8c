-- The ledger and the standing rejects after this run, in the copy attached as esf.
-- Its own tables are temporary ones: a transaction may write to one attached database and to those.
-- Variables: landing, run_id, run_at, parser_version.

-- A file that was read gets a new row.
CREATE OR REPLACE TEMP TABLE fresh_ledger AS
SELECT
    getvariable('landing') AS landing,
    seen.path,
    seen.size_bytes,
    seen.mtime_ns,
    seen.ctime_ns,
    seen.etag,
    file.content_sha256,
    coalesce(election.outcome, 'rejected') AS outcome,
    coalesce(election.project_id, seen.known_project_id) AS project_id,
    getvariable('parser_version') AS parser_version,
    getvariable('run_id') AS run_id,
    coalesce(seen.known_first_seen_at, getvariable('run_at')) AS first_seen_at,
    getvariable('run_at') AS last_read_at,
    NULL::TIMESTAMP AS missing_since
FROM work.seen AS seen
JOIN work.file AS file ON file.file_no = seen.file_no AND file.state IN ('parsed', 'rejected')
LEFT JOIN work.election AS election ON election.file_no = seen.file_no;

-- One that was only touched keeps its row, with what stat says of it now.
INSERT INTO fresh_ledger BY NAME
SELECT
    known.* REPLACE (
        seen.size_bytes AS size_bytes,
        seen.mtime_ns AS mtime_ns,
        seen.ctime_ns AS ctime_ns,
        seen.etag AS etag
    )
FROM work.seen AS seen
JOIN work.file AS file ON file.file_no = seen.file_no AND file.state = 'unchanged'
JOIN work.ledger AS known ON known.landing = getvariable('landing') AND known.path = seen.path;

DELETE FROM esf.etl.landing_file
WHERE landing = getvariable('landing') AND path IN (SELECT path FROM fresh_ledger);

INSERT INTO esf.etl.landing_file BY NAME FROM fresh_ledger;

UPDATE esf.etl.landing_file SET missing_since = getvariable('run_at')
WHERE landing = getvariable('landing') AND path IN (SELECT path FROM work.vanished);

-- Rejects stand until their file is read again or leaves.
DELETE FROM esf.etl.reject
WHERE landing = getvariable('landing')
    AND path IN (SELECT path FROM fresh_ledger UNION ALL SELECT path FROM work.vanished)
    AND path NOT IN (
        SELECT seen.path FROM work.seen AS seen JOIN work.file AS file USING (file_no) WHERE file.state = 'unchanged'
    );

INSERT INTO esf.etl.reject BY NAME
SELECT
    getvariable('landing') AS landing,
    seen.path,
    reject.ordinal,
    reject.code,
    reject.line,
    reject.field,
    reject.found,
    reject.expected,
    reject.message,
    reject.project_id,
    getvariable('run_id') AS run_id,
    getvariable('run_at') AS rejected_at
FROM work.reject AS reject
JOIN work.seen AS seen USING (file_no);

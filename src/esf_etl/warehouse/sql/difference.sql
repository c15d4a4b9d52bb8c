-- What of the listed files is new, changed or gone, as one comparison with the ledger.
-- Reads: work.listed (path, size_bytes, mtime_ns, ctime_ns, deferred, etag), work.ledger (see ledger_of_base).
-- Variables: landing, parser_version, reprocess.
-- state: deferred   too young to be read
--        new        never seen under this landing and path
--        again      to be parsed whatever its bytes
--        touched    its stat differs: to be read, and parsed if its bytes differ
--        unchanged  left alone
CREATE OR REPLACE TABLE work.difference AS
SELECT
    coalesce(listed.path, known.path) AS path,
    CASE
        WHEN listed.path IS NULL THEN 'vanished'
        WHEN listed.deferred THEN 'deferred'
        WHEN known.path IS NULL THEN 'new'
        WHEN getvariable('reprocess') OR known.missing_since IS NOT NULL THEN 'again'
        WHEN known.outcome = 'rejected' AND known.parser_version <> getvariable('parser_version') THEN 'again'
        ELSE 'touched'
    END AS state
FROM work.listed AS listed
FULL JOIN (FROM work.ledger WHERE landing = getvariable('landing')) AS known ON known.path = listed.path
WHERE
    CASE
        WHEN listed.path IS NULL THEN known.missing_since IS NULL
        ELSE listed.deferred
            OR known.path IS NULL
            OR getvariable('reprocess')
            OR known.missing_since IS NOT NULL
            OR (known.outcome = 'rejected' AND known.parser_version <> getvariable('parser_version'))
            OR listed.size_bytes <> known.size_bytes
            OR listed.mtime_ns <> known.mtime_ns
            OR listed.ctime_ns <> known.ctime_ns
            OR listed.etag IS DISTINCT FROM known.etag
    END;

-- Files of this landing that the ledger knows and that are no longer there.
CREATE OR REPLACE TABLE work.vanished AS SELECT path FROM work.difference WHERE state = 'vanished';

-- The overrides of this run and the pages that came under them, as the warehouse will remember them.
-- Reads: work.override, work.override_before, work.override_page_before, work.applied, work.seen, work.project,
-- work.listed, work.left_unread. Variables: run_at.

-- A page that was refused keeps what it came under when it last made a version.
CREATE OR REPLACE TABLE work.override_page_after AS
SELECT before.*
FROM work.override_page_before AS before
ANTI JOIN (FROM work.seen SEMI JOIN work.project USING (file_no)) AS fresh ON fresh.path = before.path
UNION ALL
SELECT seen.path, override.kind, override.shown AS what, min(override.becomes) AS becomes
FROM work.applied AS applied
SEMI JOIN work.project AS page ON page.file_no = applied.file_no
JOIN work.seen AS seen ON seen.file_no = applied.file_no
JOIN work.override AS override ON override.kind = applied.kind AND override.what = applied.what
GROUP BY ALL;

CREATE OR REPLACE TABLE work.override_after AS
SELECT
    override.line,
    override.kind,
    override.shown AS what,
    override.becomes,
    override.why,
    if(
        override.kind = 'ignore',
        (SELECT count(*) FROM work.left_unread WHERE left_unread.path = override.what),
        (
            SELECT count(*)
            FROM work.override_page_after AS page
            SEMI JOIN work.listed AS listed ON listed.path = page.path
            WHERE page.kind = override.kind AND page.what = override.shown AND page.becomes = override.becomes
        )
    )::INTEGER AS pages,
    coalesce(before.since, getvariable('run_at')) AS since
FROM work.override AS override
LEFT JOIN work.override_before AS before
    ON before.kind = override.kind AND before.what = override.shown
    AND before.becomes IS NOT DISTINCT FROM override.becomes;

-- What is odd about the current projects after this run, in the copy attached as esf.
-- Its own tables are temporary ones: a transaction may write to one attached database and to those.
-- Variables: landing, run_id, run_at.

-- The projects that have another version than before, or none any more.
CREATE OR REPLACE TEMP TABLE stirred AS
SELECT project_id FROM work.election WHERE outcome = 'loaded' UNION SELECT project_id FROM work.disowned;

-- Two ids with the same owner, amounts and period are most likely one project under two spellings of its title. Only
-- those that are like a project of this run, as it was or as it is, can have come to be alike or ceased to.
CREATE OR REPLACE TEMP TABLE perhaps_alike AS
WITH likeness AS (
    SELECT DISTINCT owner, grant_sek, budget_sek, period_start, period_end
    FROM (
        SELECT owner, grant_sek, budget_sek, period_start, period_end FROM base.main.project SEMI JOIN stirred USING (project_id)
        UNION ALL
        SELECT owner, grant_sek, budget_sek, period_start, period_end FROM esf.main.project SEMI JOIN stirred USING (project_id)
    )
)

SELECT project.project_id, project.owner, project.grant_sek, project.budget_sek, project.period_start, project.period_end
FROM esf.main.project AS project
JOIN likeness
    ON likeness.owner = project.owner
    AND likeness.grant_sek = project.grant_sek
    AND likeness.budget_sek = project.budget_sek
    AND likeness.period_start = project.period_start
    AND likeness.period_end IS NOT DISTINCT FROM project.period_end;

CREATE OR REPLACE TEMP TABLE likely_duplicate AS
SELECT project_id, if(project_id = first_id, second_id, first_id) AS related_project_id
FROM (
    SELECT project_id, min(project_id) OVER alike AS first_id, max(project_id) OVER alike AS second_id
    FROM perhaps_alike
    WINDOW alike AS (PARTITION BY owner, grant_sek, budget_sek, period_start, period_end)
)
WHERE first_id <> second_id;

-- Findings stand as long as the version they are about; that two are alike, as long as both say so.
DELETE FROM esf.etl.finding AS finding
WHERE project_id IN (FROM stirred)
    OR (
        rule = 'likely-duplicate' AND project_id IN (SELECT project_id FROM perhaps_alike)
        AND (project_id, related_project_id) NOT IN (FROM likely_duplicate)
    );

CREATE OR REPLACE TEMP TABLE odd (
    project_id VARCHAR, rule VARCHAR, field VARCHAR, line INTEGER, message VARCHAR, found VARCHAR, related_project_id VARCHAR
);

INSERT INTO odd BY NAME
SELECT election.project_id, finding.rule, finding.field, finding.line, finding.message, finding.found
FROM work.finding AS finding
JOIN work.election AS election ON election.file_no = finding.file_no AND election.outcome = 'loaded';

-- The same id, but the owner and both amounts differ from the version before: perhaps two projects.
INSERT INTO odd BY NAME
SELECT
    fresh.project_id,
    'identity-doubt' AS rule,
    'project_id' AS field,
    'Owner and both amounts differ from the version before: it may be another project of the same name. Compare the two '
    || 'versions in history.project.' AS message
FROM esf.main.project AS fresh
JOIN base.main.project AS earlier USING (project_id)
WHERE fresh.run_id = getvariable('run_id')
    AND fresh.owner IS DISTINCT FROM earlier.owner
    AND fresh.grant_sek IS DISTINCT FROM earlier.grant_sek
    AND fresh.budget_sek IS DISTINCT FROM earlier.budget_sek;

INSERT INTO odd BY NAME
SELECT
    fresh.project_id,
    'layout-changed' AS rule,
    'layout' AS field,
    'The page has another layout than the version before.' AS message,
    earlier.layout || ' -> ' || fresh.layout AS found
FROM esf.main.project AS fresh
JOIN base.main.project AS earlier USING (project_id)
WHERE fresh.run_id = getvariable('run_id') AND fresh.layout <> earlier.layout;

-- Sections that the version before had and this one has not.
INSERT INTO odd BY NAME
SELECT
    earlier.project_id,
    'content-shrunk' AS rule,
    'project_section.section_key' AS field,
    'The page has lost sections that the version before had. Was it saved whole?' AS message,
    string_agg(earlier.section_key, ', ' ORDER BY earlier.ordinal) AS found
FROM base.main.project_section AS earlier
SEMI JOIN (FROM work.election WHERE outcome = 'loaded') AS election ON election.project_id = earlier.project_id
ANTI JOIN (FROM esf.main.project_section WHERE run_id = getvariable('run_id')) AS fresh
    ON fresh.project_id = earlier.project_id AND fresh.section_key = earlier.section_key
GROUP BY earlier.project_id;

INSERT INTO odd BY NAME
SELECT
    alike.project_id,
    'likely-duplicate' AS rule,
    'project_id' AS field,
    'Another project has the same owner, amounts and period: most likely it is the same one, its title spelt otherwise.'
        AS message,
    alike.related_project_id
FROM likely_duplicate AS alike
ANTI JOIN (FROM esf.etl.finding WHERE rule = 'likely-duplicate') AS known
    ON known.project_id = alike.project_id AND known.related_project_id = alike.related_project_id;

INSERT INTO esf.etl.finding BY NAME
SELECT odd.*, project.landing, project.source_path AS path, getvariable('run_id') AS run_id, getvariable('run_at') AS found_at
FROM odd
JOIN esf.main.project AS project USING (project_id);

-- What is absent, odd or refused, by programme period: how many projects lack a value (absent), have a finding (etl.finding),
-- and how many files stand rejected (etl.reject). One row a period and value that may be absent, also where it never is; one a
-- period and rule that was broken; one a reason of rejection, under no period, since a rejected file has none. The total of
-- each absent value over all periods is the number of projects.
--
-- kind: absent (a value), finding (a soft rule) or reject (a file refused).
-- code: Column that is absent, or code of the rule or reason.
-- programme_period: Programme period of the projects; NULL for rejects.
-- affected: Projects, or files for rejects, to which it applies.
-- total: Projects of the period, or files in the ledger for rejects.
-- share: affected over total, from 0 to 1.
-- occurrences: How often it applies: a project or file may have several.
-- example: A project_id, or the path of a file for rejects, to look at; NULL where none is affected.
-- message: What that finding or reject says in words; NULL for absent values.
--
-- Example: What do the pages lack, and what is odd about them?
--     SELECT kind, code, programme_period, affected, total, share
--     FROM report.data_quality
--     WHERE affected > 0
--     ORDER BY kind, share DESC, code
WITH whole AS (
    SELECT
        project.project_id,
        project.programme_period,
        [
            if(project.diary_number IS NULL AND project.project_number IS NULL, 'diary_number', NULL),
            if(project.programme_area_code IS NULL, 'programme_area_code', NULL),
            if(project.phase IS NULL, 'phase', NULL),
            if(project.owner IS NULL, 'owner', NULL),
            if(project.grant_sek IS NULL, 'grant_sek', NULL),
            if(project.budget_sek IS NULL, 'budget_sek', NULL),
            if(project.period_start IS NULL, 'period_start', NULL),
            if(project.period_end IS NULL, 'period_end', NULL),
            if(project.nuts2_code IS NULL, 'nuts2_code', NULL),
            if(place.project_id IS NULL, 'municipality', NULL),
            if(prose.project_id IS NULL, 'prose', NULL)
        ] AS absent
    FROM main.project AS project
    LEFT JOIN (SELECT DISTINCT project_id FROM main.project_municipality) AS place USING (project_id)
    LEFT JOIN (SELECT DISTINCT project_id FROM main.project_section) AS prose USING (project_id)
),

absent AS (
    SELECT programme_period, code, count(*) AS affected, min(project_id) AS example
    FROM (SELECT project_id, programme_period, unnest(absent) AS code FROM whole)
    GROUP BY programme_period, code
),

period AS (
    SELECT programme_period, count(*) AS total
    FROM main.project
    GROUP BY programme_period
),

value AS (
    SELECT unnest([
        'diary_number', 'programme_area_code', 'phase', 'owner', 'grant_sek', 'budget_sek', 'period_start', 'period_end',
        'nuts2_code', 'municipality', 'prose'
    ]) AS code
),

ledger AS (
    SELECT count(*) AS total
    FROM etl.landing_file
    WHERE missing_since IS NULL
),

issue AS (
    SELECT
        'absent' AS kind,
        value.code,
        period.programme_period,
        coalesce(absent.affected, 0) AS affected,
        period.total,
        coalesce(absent.affected, 0) AS occurrences,
        absent.example,
        NULL AS message
    FROM period
    CROSS JOIN value
    LEFT JOIN absent ON absent.programme_period = period.programme_period AND absent.code = value.code
    UNION ALL
    SELECT
        'finding' AS kind,
        finding.rule AS code,
        project.programme_period,
        count(DISTINCT finding.project_id) AS affected,
        any_value(period.total) AS total,
        count(*) AS occurrences,
        min(finding.project_id) AS example,
        min_by(finding.message, (finding.project_id, finding.message)) AS message
    FROM etl.finding AS finding
    LEFT JOIN main.project AS project ON project.project_id = finding.project_id
    LEFT JOIN period ON period.programme_period = project.programme_period
    GROUP BY finding.rule, project.programme_period
    UNION ALL
    SELECT
        'reject' AS kind,
        reject.code,
        NULL AS programme_period,
        count(DISTINCT (reject.landing, reject.path)) AS affected,
        any_value(ledger.total) AS total,
        count(*) AS occurrences,
        min(reject.path) AS example,
        min_by(reject.message, (reject.path, reject.message)) AS message
    FROM etl.reject AS reject
    CROSS JOIN ledger
    GROUP BY reject.code
)

SELECT
    kind,
    code,
    programme_period,
    affected,
    total,
    (affected / nullif(total, 0))::DECIMAL(7, 6) AS share,
    occurrences,
    example,
    message
FROM issue
ORDER BY kind, code, programme_period;

-- How much of each programme period is loaded: projects and grants here, beside those the programme is known to have. Read
-- it before any total: a sum over a tenth of the projects is no sum of the programme. One row a programme period, also one
-- of which nothing is loaded. The projects of all rows are those of project.
--
-- programme_period: Programme period, such as 2007-2013.
-- cci: Code of its programme at the European Commission.
-- projects: Projects loaded.
-- known_projects: Projects the programme is known to have (ref.programme_period); NULL where not known.
-- known_as_of: Day of that count; NULL where not known.
-- projects_coverage: projects over known_projects: 1 is all. Above 1 where the count is old or rounded.
-- grant_sek: ESF grants of the projects loaded, in SEK; NULL where none gives one.
-- known_grant_sek: Money of the fund the programme is known to have, in SEK; NULL where not known.
-- grant_coverage: grant_sek over known_grant_sek: 1 is all.
-- source: Where the known numbers come from.
--
-- Example: How much of each programme is loaded?
--     SELECT programme_period, projects, known_projects, known_as_of, projects_coverage, grant_sek, grant_coverage
--     FROM report.coverage
SELECT
    programme_period,
    period.cci,
    coalesce(loaded.projects, 0) AS projects,
    period.known_projects,
    period.known_as_of,
    (coalesce(loaded.projects, 0) / nullif(period.known_projects, 0))::DECIMAL(18, 4) AS projects_coverage,
    loaded.grant_sek,
    period.known_grant_sek,
    (loaded.grant_sek / nullif(period.known_grant_sek, 0))::DECIMAL(18, 4) AS grant_coverage,
    period.source
FROM ref.programme_period AS period
FULL JOIN (
    SELECT programme_period, count(*) AS projects, sum(grant_sek) AS grant_sek
    FROM main.project
    GROUP BY programme_period
) AS loaded USING (programme_period)
ORDER BY programme_period;

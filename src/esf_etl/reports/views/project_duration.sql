-- How long projects last, in days, the first and the last one included, by programme period and phase. Only pages of 2007-2013
-- have a phase: others stand under NULL. The projects of all rows are those of project, and the days those of its periods.
--
-- programme_period: Programme period, such as 2007-2013.
-- phase: Genomförande (implementation) or Förprojektering (preparation); NULL where the page has none.
-- projects: Projects.
-- dated_projects: Those whose page gives first and last day; the days are theirs.
-- shortest_days: Days of the shortest one.
-- median_days: Days that half of them do not exceed.
-- mean_days: Mean of their days.
-- longest_days: Days of the longest one.
-- total_days: Sum of their days.
--
-- Example: How long do projects last?
--     SELECT programme_period, phase, projects, shortest_days, median_days, mean_days, longest_days
--     FROM report.project_duration
WITH lasting AS (
    SELECT programme_period, phase, (period_end - period_start + 1)::BIGINT AS days
    FROM main.project
)

SELECT
    programme_period,
    phase,
    count(*) AS projects,
    count(days) AS dated_projects,
    min(days) AS shortest_days,
    median(days)::DECIMAL(12, 1) AS median_days,
    avg(days)::DECIMAL(12, 1) AS mean_days,
    max(days) AS longest_days,
    sum(days)::BIGINT AS total_days
FROM lasting
GROUP BY programme_period, phase
ORDER BY programme_period, phase;

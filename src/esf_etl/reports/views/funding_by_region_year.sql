-- ESF money by region and year of start: projects, grants and budgets of each region and of the year of the first day. Projects
-- without a region or a first day stand under NULL. The projects and amounts of all rows are those of project.
--
-- region: Name of the region (ref.region); NULL where the page names none or an unknown one.
-- nuts2_code: NUTS 2 code of the region; SE0 is the whole country.
-- start_year: Year of the first day of the projects; NULL where the page gives none.
-- projects: Projects that started there then.
-- grant_sek: Their ESF grants, in SEK; NULL where none gives one.
-- budget_sek: Their whole budgets, in SEK; NULL where none gives one.
-- grant_share: Grants over budgets, from 0 to 1, of the projects that give both.
--
-- Example: Where did the ESF money of the latest years go?
--     SELECT region, nuts2_code, start_year, projects, grant_sek, budget_sek, grant_share
--     FROM report.funding_by_region_year
--     WHERE start_year >= 2013
SELECT
    region.name AS region,
    project.nuts2_code,
    year(project.period_start)::INTEGER AS start_year,
    count(*) AS projects,
    sum(project.grant_sek) AS grant_sek,
    sum(project.budget_sek) AS budget_sek,
    (
        sum(project.grant_sek) FILTER (project.budget_sek IS NOT NULL)
        / nullif(sum(project.budget_sek) FILTER (project.grant_sek IS NOT NULL), 0)
    )::DECIMAL(7, 6) AS grant_share
FROM main.project AS project
LEFT JOIN ref.region AS region ON region.nuts2_code = project.nuts2_code
GROUP BY region.name, project.nuts2_code, start_year
ORDER BY project.nuts2_code, start_year;

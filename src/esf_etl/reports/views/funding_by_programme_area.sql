-- ESF money by programme area of each programme period; the same code means another area in another period. Projects without
-- a code stand under NULL, by the name that the page gives. The projects and amounts of all rows are those of project.
--
-- programme_period: Programme period, such as 2007-2013.
-- programme_area_code: Code of the programme area within its period, such as 2, 1.1 or C.
-- programme_area: Its name: that of ref.programme_area, or else the one that pages give.
-- projects: Projects of the area.
-- grant_sek: Their ESF grants, in SEK; NULL where none gives one.
-- budget_sek: Their whole budgets, in SEK; NULL where none gives one.
-- grant_share: Grants over budgets, from 0 to 1, of the projects that give both.
--
-- Example: What was the money of each programme for?
--     SELECT programme_period, programme_area_code, programme_area, projects, grant_sek, budget_sek, grant_share
--     FROM report.funding_by_programme_area
WITH area AS (
    SELECT
        project.programme_period,
        project.programme_area_code,
        any_value(area.name) AS known_name,
        min(project.programme_area) AS written_name,
        count(*) AS projects,
        sum(project.grant_sek) AS grant_sek,
        sum(project.budget_sek) AS budget_sek,
        (
            sum(project.grant_sek) FILTER (project.budget_sek IS NOT NULL)
            / nullif(sum(project.budget_sek) FILTER (project.grant_sek IS NOT NULL), 0)
        )::DECIMAL(7, 6) AS grant_share
    FROM main.project AS project
    LEFT JOIN ref.programme_area AS area
        ON area.programme_period = project.programme_period
        AND area.programme_area_code = project.programme_area_code
    GROUP BY
        project.programme_period,
        project.programme_area_code,
        if(project.programme_area_code IS NULL, project.programme_area, NULL)
)

SELECT
    programme_period,
    programme_area_code,
    coalesce(known_name, written_name) AS programme_area,
    projects,
    grant_sek,
    budget_sek,
    grant_share
FROM area
ORDER BY programme_period, programme_area_code, programme_area;

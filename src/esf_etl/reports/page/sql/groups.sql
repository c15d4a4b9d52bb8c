-- The projects by all that the filters and charts tell apart. Amounts in öre, so that sums in a browser stay exact; NULL
-- where no project of the row gives one.
WITH named AS (
    SELECT
        project.*,
        coalesce(
            area.name,
            if(
                project.programme_area_code IS NULL,
                project.programme_area,
                min(project.programme_area) OVER (PARTITION BY project.programme_period, project.programme_area_code)
            )
        ) AS area
    FROM main.project AS project
    LEFT JOIN ref.programme_area AS area
        ON area.programme_period = project.programme_period
        AND area.programme_area_code = project.programme_area_code
)

SELECT
    programme_period AS period,
    nuts2_code AS region,
    year(period_start)::INTEGER AS year,
    programme_area_code AS area_code,
    area,
    count(*) AS projects,
    (sum(grant_sek) * 100)::BIGINT AS grant_ore,
    (sum(budget_sek) * 100)::BIGINT AS budget_ore,
    (sum(budget_sek - grant_sek) * 100)::BIGINT AS co_financing_ore,
    (sum(budget_sek) FILTER (grant_sek IS NOT NULL) * 100)::BIGINT AS shared_budget_ore,
    count(*) FILTER (grant_sek IS NULL) AS without_grant,
    count(*) FILTER (budget_sek IS NULL) AS without_budget
FROM named
GROUP BY ALL
ORDER BY ALL;

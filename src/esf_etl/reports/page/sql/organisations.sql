-- The organisations of every choice of period and region, the choice of all among them: how many there are, those that own the
-- projects with the most money, and those that take part in the most projects. They do not add up over choices, so each
-- choice has its own rows: the first ten of each list, then what the rest of the owners make (`rest`), and the projects
-- whose owner is not stated or withheld (`not_stated`). With these two the owners add up to the projects of the choice.
WITH organisation AS (
    SELECT
        grouping(project.programme_period) = 1 AS all_periods,
        grouping(project.nuts2_code) = 1 AS all_regions,
        project.programme_period AS period,
        project.nuts2_code AS region,
        role.organisation,
        count(DISTINCT project.project_id) AS projects,
        count(*) FILTER (role.role = 'owner') AS owned,
        (sum(project.grant_sek) FILTER (role.role = 'owner') * 100)::BIGINT AS grant_ore,
        (sum(project.budget_sek) FILTER (role.role = 'owner') * 100)::BIGINT AS budget_ore
    FROM main.project AS project
    JOIN report.project_role AS role ON role.project_id = project.project_id
    GROUP BY GROUPING SETS (
        (role.organisation, project.programme_period, project.nuts2_code),
        (role.organisation, project.programme_period),
        (role.organisation, project.nuts2_code),
        (role.organisation)
    )
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY all_periods, all_regions, period, region, organisation IS NULL, owned = 0
            ORDER BY grant_ore DESC NULLS LAST, owned DESC, organisation
        ) AS by_grant,
        row_number() OVER (
            PARTITION BY all_periods, all_regions, period, region, organisation IS NULL
            ORDER BY projects DESC, owned DESC, organisation
        ) AS by_projects
    FROM organisation
)

SELECT
    all_periods,
    all_regions,
    period,
    region,
    CASE WHEN organisation IS NULL THEN 'not_stated' WHEN by_grant <= 10 THEN 'owner' ELSE 'rest' END AS list,
    if(list = 'owner', by_grant, 0) AS place,
    if(list = 'owner', organisation, NULL) AS organisation,
    count(*) AS organisations,
    sum(owned)::BIGINT AS projects,
    sum(grant_ore)::BIGINT AS grant_ore,
    sum(budget_ore)::BIGINT AS budget_ore
FROM ranked
WHERE owned > 0
GROUP BY ALL
UNION ALL
SELECT all_periods, all_regions, period, region, 'part', by_projects, organisation, 1, projects, grant_ore, budget_ore
FROM ranked
WHERE organisation IS NOT NULL AND by_projects <= 10
UNION ALL
SELECT all_periods, all_regions, period, region, 'all', 0, NULL, count(organisation), NULL, NULL, NULL
FROM organisation
GROUP BY ALL
ORDER BY ALL;

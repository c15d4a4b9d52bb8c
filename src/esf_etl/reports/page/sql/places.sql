-- What falls to each municipality, by period and region of the projects that name it (report.municipality_share).
SELECT
    project.programme_period AS period,
    project.nuts2_code AS region,
    share.municipality_code AS municipality,
    count(DISTINCT share.project_id) AS projects,
    (sum(share.grant_sek) * 100)::BIGINT AS grant_ore,
    (sum(share.budget_sek) * 100)::BIGINT AS budget_ore
FROM report.municipality_share AS share
JOIN main.project AS project ON project.project_id = share.project_id
GROUP BY ALL
ORDER BY ALL;

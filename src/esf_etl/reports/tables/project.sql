-- One row a project, without what says where the row came from, and without the names of sole traders.
SELECT
    project.project_id,
    without_contacts(project.title) AS title,
    project.programme_period,
    project.diary_number,
    project.project_number,
    project.programme_area_code,
    project.programme_area,
    project.specific_objective,
    project.phase,
    if(is_sole_trader(project.owner), NULL, without_contacts(project.owner)) AS owner,
    project.owner_org_number,
    project.grant_sek,
    project.budget_sek,
    project.cofinancing_rate,
    project.period_start,
    project.period_end,
    project.region,
    project.nuts2_code,
    project.participants_planned,
    project.valid_from::DATE AS last_updated
FROM main.project AS project
ORDER BY project.project_id

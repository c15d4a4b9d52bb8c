-- Who takes part: one row an organisation, in whatever roles, under one name (report.project_role). The money is that of the
-- projects it owns; what co-financiers and partners pay or get, no page says. Under NULL: the projects whose page names no
-- owner, or a sole trader, whose name may be a person's. The owned projects and the amounts of all rows are those of project.
--
-- organisation: Name of the organisation, as pages write it most often.
-- org_number: Its Swedish organisation number, ten digits; NULL where no page gives one, or pages give several.
-- projects: Projects it takes part in, in any role.
-- as_owner: Those it owns.
-- as_co_financier: Those it co-finances.
-- as_partner: Those it is a partner in.
-- grant_sek: ESF grants of the projects it owns, in SEK; NULL where there are none.
-- budget_sek: Whole budgets of the projects it owns, in SEK; NULL where there are none.
-- first_day: First day of any of its projects.
-- last_day: Last day of any of its projects.
--
-- Example: Who takes part in the most projects?
--     SELECT organisation, projects, as_owner, as_co_financier, as_partner, grant_sek
--     FROM report.organisations
--     WHERE organisation IS NOT NULL
--     ORDER BY projects DESC, organisation
--     LIMIT 5
SELECT
    role.organisation,
    if(
        count(DISTINCT project.owner_org_number) FILTER (role.role = 'owner') = 1,
        min(project.owner_org_number) FILTER (role.role = 'owner' AND role.organisation IS NOT NULL),
        NULL
    ) AS org_number,
    count(DISTINCT project.project_id) AS projects,
    count(*) FILTER (role.role = 'owner') AS as_owner,
    count(*) FILTER (role.role = 'co_financier') AS as_co_financier,
    count(*) FILTER (role.role = 'partner') AS as_partner,
    sum(project.grant_sek) FILTER (role.role = 'owner') AS grant_sek,
    sum(project.budget_sek) FILTER (role.role = 'owner') AS budget_sek,
    min(project.period_start) AS first_day,
    max(project.period_end) AS last_day
FROM main.project AS project
JOIN report.project_role AS role ON role.project_id = project.project_id
GROUP BY role.organisation;

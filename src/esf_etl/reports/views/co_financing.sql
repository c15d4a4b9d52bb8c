-- What others add to the ESF grants: budget less grant, by programme period, programme area and region. Whole-budget grants are
-- no error: in programme area 1 of 2007-2013 they are the rule. Pages name co-financiers but not what each of them pays. The
-- projects and amounts of all rows are those of project.
--
-- programme_period: Programme period, such as 2007-2013.
-- programme_area_code: Code of the programme area within its period.
-- region: Name of the region (ref.region); NULL where the page names none or an unknown one.
-- nuts2_code: NUTS 2 code of the region; SE0 is the whole country.
-- projects: Projects.
-- co_financed_projects: Those whose budget is larger than their grant.
-- wholly_granted_projects: Those whose grant is their whole budget.
-- unknown_projects: Those whose page lacks an amount.
-- naming_projects: Those whose page names a co-financier.
-- co_financiers: Co-financiers named by the pages, each as often as it is named.
-- grant_sek: ESF grants, in SEK; NULL where none is given.
-- budget_sek: Whole budgets, in SEK; NULL where none is given.
-- co_financing_sek: Budgets less grants, in SEK, of the projects that give both.
-- co_financing_share: co_financing_sek over the budgets of those projects, from 0 to 1.
--
-- Example: How much did others pay in each programme area?
--     SELECT
--         programme_period, programme_area_code, sum(projects)::BIGINT AS projects,
--         sum(co_financed_projects)::BIGINT AS co_financed_projects, sum(co_financing_sek) AS co_financing_sek
--     FROM report.co_financing
--     GROUP BY ALL
--     ORDER BY ALL
SELECT
    project.programme_period,
    project.programme_area_code,
    region.name AS region,
    project.nuts2_code,
    count(*) AS projects,
    count(*) FILTER (project.budget_sek > project.grant_sek) AS co_financed_projects,
    count(*) FILTER (project.budget_sek <= project.grant_sek) AS wholly_granted_projects,
    count(*) FILTER (project.budget_sek IS NULL OR project.grant_sek IS NULL) AS unknown_projects,
    count(named.co_financiers) AS naming_projects,
    coalesce(sum(named.co_financiers), 0)::BIGINT AS co_financiers,
    sum(project.grant_sek) AS grant_sek,
    sum(project.budget_sek) AS budget_sek,
    sum(project.budget_sek - project.grant_sek) AS co_financing_sek,
    (
        sum(project.budget_sek - project.grant_sek)
        / nullif(sum(project.budget_sek) FILTER (project.grant_sek IS NOT NULL), 0)
    )::DECIMAL(7, 6) AS co_financing_share
FROM main.project AS project
LEFT JOIN ref.region AS region ON region.nuts2_code = project.nuts2_code
LEFT JOIN (
    SELECT project_id, count(*) AS co_financiers
    FROM main.project_organisation
    WHERE role = 'co_financier'
    GROUP BY project_id
) AS named ON named.project_id = project.project_id
GROUP BY project.programme_period, project.programme_area_code, region.name, project.nuts2_code
ORDER BY project.programme_period, project.programme_area_code, project.nuts2_code;

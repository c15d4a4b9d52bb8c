-- ESF money by municipality, each project's amounts split evenly over the municipalities it names (report.municipality_share).
-- Projects that name none, and the parts of unknown names, stand under NULL. The amounts of all rows are those of project, to
-- the öre. Projects are not split: one with three municipalities counts in each of them.
--
-- municipality: Name of the municipality (ref.municipality).
-- municipality_code: Four-digit municipality code, with its leading zero.
-- county: Name of its county (ref.county).
-- county_code: Two-digit county code, with its leading zero.
-- region: Name of the region it lies in (ref.region), which may be another one than that of the project.
-- nuts2_code: NUTS 2 code of that region.
-- projects: Projects that name it, each counted whole: do not add these up over municipalities.
-- shared_projects: Those of them that name other municipalities as well.
-- grant_sek: Its parts of the ESF grants, in SEK; NULL where no project gives one.
-- budget_sek: Its parts of the whole budgets, in SEK; NULL where no project gives one.
-- grant_share: Grants over budgets, from 0 to 1, of the projects that give both.
--
-- Example: Which municipalities had the most ESF money?
--     SELECT municipality, municipality_code, county, projects, shared_projects, grant_sek, budget_sek
--     FROM report.funding_by_municipality
--     ORDER BY grant_sek DESC NULLS LAST, municipality_code
--     LIMIT 5
SELECT
    municipality.name AS municipality,
    share.municipality_code,
    county.name AS county,
    municipality.county_code,
    region.name AS region,
    municipality.nuts2_code,
    count(DISTINCT share.project_id) AS projects,
    count(DISTINCT share.project_id) FILTER (share.municipalities > 1) AS shared_projects,
    sum(share.grant_sek) AS grant_sek,
    sum(share.budget_sek) AS budget_sek,
    (
        sum(share.grant_sek) FILTER (share.budget_sek IS NOT NULL)
        / nullif(sum(share.budget_sek) FILTER (share.grant_sek IS NOT NULL), 0)
    )::DECIMAL(7, 6) AS grant_share
FROM report.municipality_share AS share
LEFT JOIN ref.municipality AS municipality ON municipality.municipality_code = share.municipality_code
LEFT JOIN ref.county AS county ON county.county_code = municipality.county_code
LEFT JOIN ref.region AS region ON region.nuts2_code = municipality.nuts2_code
GROUP BY ALL
ORDER BY share.municipality_code;

-- Which organisation has which role in which project, each organisation under one name: spellings that differ in capitals and
-- blanks alone are one, shown as pages write it most often. One row a project, role and organisation. Every project has an
-- owner's row; its organisation is NULL where the page names none, or where the owner is a sole trader, whose name may be a
-- person's.
--
-- project_id: The project (project.project_id).
-- role: owner (Projektägare), co_financier (Medfinansiärer) or partner (Samarbetspartners).
-- organisation: Name of the organisation. Pages cut long names of owners, so that one organisation may have several.
-- listed: How often the page names it in that role; 0 where the organisation is NULL.
--
-- Example: Which projects does one organisation take part in, and as what?
--     SELECT organisation, role, count(*) AS projects
--     FROM report.project_role
--     WHERE organisation = (
--         SELECT organisation FROM report.organisations
--         WHERE organisation IS NOT NULL
--         ORDER BY projects DESC, organisation
--         LIMIT 1
--     )
--     GROUP BY ALL
--     ORDER BY role
WITH keyed AS (
    SELECT project_id, role, regexp_replace(trim(name), '\s+', ' ', 'g') AS spelling, lower(spelling) AS key
    FROM main.project_organisation
),

withheld AS (
    SELECT keyed.key
    FROM keyed
    SEMI JOIN (FROM etl.finding WHERE rule = 'personal-number-withheld') AS finding
        ON finding.project_id = keyed.project_id
    WHERE keyed.role = 'owner'
),

spelt AS (
    SELECT key, spelling AS organisation
    FROM (SELECT key, spelling, count(*) AS times FROM keyed GROUP BY ALL)
    QUALIFY row_number() OVER (PARTITION BY key ORDER BY times DESC, spelling = upper(spelling), spelling) = 1
),

named AS (
    SELECT keyed.project_id, keyed.role, spelt.organisation, count(*) AS listed
    FROM keyed
    JOIN spelt ON spelt.key = keyed.key
    ANTI JOIN withheld ON withheld.key = keyed.key
    GROUP BY ALL
)

SELECT project_id, role, organisation, listed
FROM named
UNION ALL
SELECT project.project_id, 'owner' AS role, NULL AS organisation, 0 AS listed
FROM main.project AS project
ANTI JOIN (FROM named WHERE role = 'owner') AS owner ON owner.project_id = project.project_id;

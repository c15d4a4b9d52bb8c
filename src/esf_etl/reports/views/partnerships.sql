-- Who works with whom: each pair of organisations that take part in the same project, in whatever roles, once, the first by
-- name first (report.project_role). An organisation that is alone in a project has a row without a partner, and a project that
-- names nobody one without either. A project with n organisations counts in n * (n - 1) / 2 rows, one with less than two in one.
--
-- organisation: Name of the one organisation; NULL where the page names nobody (or nobody who may be shown).
-- partner: Name of the other; NULL where the organisation is alone.
-- projects: Projects they are in together; do not add these up over pairs.
-- owned_projects: Those of them that one of the two owns.
-- first_day: First day of any of these projects.
-- last_day: Last day of any of these projects.
--
-- Example: Which organisations work together most often?
--     SELECT organisation, partner, projects, owned_projects
--     FROM report.partnerships
--     WHERE partner IS NOT NULL
--     ORDER BY projects DESC, organisation, partner
--     LIMIT 5
WITH member AS (
    SELECT project_id, organisation, bool_or(role = 'owner') AS is_owner
    FROM report.project_role
    WHERE organisation IS NOT NULL
    GROUP BY project_id, organisation
),

pair AS (
    SELECT
        one.project_id,
        one.organisation,
        other.organisation AS partner,
        one.is_owner OR other.is_owner AS is_owned
    FROM member AS one
    JOIN member AS other ON other.project_id = one.project_id AND other.organisation > one.organisation
    UNION ALL
    SELECT project_id, any_value(organisation), NULL, bool_or(is_owner)
    FROM member
    GROUP BY project_id
    HAVING count(*) = 1
)

SELECT
    pair.organisation,
    pair.partner,
    count(*) AS projects,
    count(*) FILTER (pair.is_owned) AS owned_projects,
    min(project.period_start) AS first_day,
    max(project.period_end) AS last_day
FROM main.project AS project
LEFT JOIN pair ON pair.project_id = project.project_id
GROUP BY pair.organisation, pair.partner;

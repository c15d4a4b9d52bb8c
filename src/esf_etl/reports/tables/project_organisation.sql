-- The organisations of each project, but for sole traders, in whatever role.
SELECT project_id, role, ordinal, without_contacts(name) AS name
FROM main.project_organisation
WHERE NOT is_sole_trader(name)
ORDER BY project_id, role, ordinal

-- The municipalities of each project.
SELECT project_id, ordinal, without_contacts(name) AS name, municipality_code, county_code, nuts2_code
FROM main.project_municipality
ORDER BY project_id, ordinal

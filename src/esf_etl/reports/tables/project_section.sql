-- The prose of the pages, one row a section.
SELECT project_id, ordinal, section_key, without_contacts(heading) AS heading, without_contacts(body) AS body
FROM main.project_section
ORDER BY project_id, ordinal

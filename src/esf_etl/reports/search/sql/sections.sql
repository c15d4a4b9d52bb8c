-- The sections of a few projects. By a join all prose would be read: only with a list known beforehand it is passed over.
-- Reads: snapshot. Binds: project_ids.
SELECT project_id, ordinal, section_key, heading, body
FROM snapshot.main.project_section
WHERE list_contains($project_ids::VARCHAR[], project_id);

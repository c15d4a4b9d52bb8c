-- What is searched: each title and each section is a document of its own. A title has the ordinal 0.
-- Reads: snapshot. Writes: the database in use.
CREATE TABLE document AS
SELECT (row_number() OVER ())::INTEGER AS document_id, project_id, ordinal, body
FROM (
    SELECT project_id, 0 AS ordinal, title AS body FROM snapshot.main.project
    UNION ALL
    SELECT project_id, ordinal, body FROM snapshot.main.project_section
);

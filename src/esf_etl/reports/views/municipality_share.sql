-- What of each project falls to each of its municipalities: its grant and its budget in equal parts, to the öre (where they do
-- not divide evenly, the municipalities that the page names first have an öre more). One row a project and municipality; one
-- with NULL for a project that names none. A municipality named twice counts once. The parts of a project add up to its
-- amounts. Join it with project to split money by anything else at the same time.
--
-- project_id: The project (project.project_id).
-- municipality_code: Four-digit municipality code (ref.municipality); NULL where the page names none or an unknown one.
-- municipality: Name of the municipality: that of ref.municipality, or the unknown one as on the page.
-- municipalities: How many municipalities the project has; 0 where it names none.
-- grant_sek: This municipality's part of the ESF grant, in SEK.
-- budget_sek: This municipality's part of the whole budget, in SEK.
--
-- Example: Which parts has the project with the most municipalities?
--     SELECT project_id, municipality_code, municipality, municipalities, grant_sek, budget_sek
--     FROM report.municipality_share
--     ORDER BY municipalities DESC, project_id, municipality_code
--     LIMIT 5
WITH named AS (
    -- Unknown names are told apart by their spelling.
    SELECT project_id, municipality_code, if(municipality_code IS NULL, name, NULL) AS unknown_name, min(ordinal) AS ordinal
    FROM main.project_municipality
    GROUP BY ALL
),

placed AS (
    SELECT
        project_id,
        municipality_code,
        unknown_name,
        row_number() OVER (PARTITION BY project_id ORDER BY ordinal) AS place,
        count(*) OVER (PARTITION BY project_id) AS municipalities
    FROM named
),

divided AS (
    SELECT
        project.project_id,
        placed.municipality_code,
        placed.unknown_name,
        coalesce(placed.municipalities, 0) AS municipalities,
        coalesce(placed.municipalities, 1) AS parts,
        coalesce(placed.place, 1) AS place,
        (project.grant_sek * 100)::BIGINT AS grant_ore,
        (project.budget_sek * 100)::BIGINT AS budget_ore
    FROM main.project AS project
    LEFT JOIN placed ON placed.project_id = project.project_id
)

SELECT
    divided.project_id,
    divided.municipality_code,
    coalesce(municipality.name, divided.unknown_name) AS municipality,
    divided.municipalities,
    ((grant_ore // parts + (place <= grant_ore % parts)::BIGINT)::DECIMAL(18, 0) * 0.01)::DECIMAL(15, 2) AS grant_sek,
    ((budget_ore // parts + (place <= budget_ore % parts)::BIGINT)::DECIMAL(18, 0) * 0.01)::DECIMAL(15, 2) AS budget_sek
FROM divided
LEFT JOIN ref.municipality AS municipality ON municipality.municipality_code = divided.municipality_code;

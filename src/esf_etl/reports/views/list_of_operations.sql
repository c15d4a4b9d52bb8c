-- The list of operations that Regulation (EU) 2021/1060, Art. 49(3), and Regulation (EU) 1303/2013, Annex XII, ask for, as far as
-- pages hold it: one row an operation (a project). Personal data are left out: the name and the place of a beneficiary whose
-- organisation number is a sole trader's, and that name also where another page gives it without the number (pages of
-- 2007-2013 give no numbers to tell one by). The operations and amounts of all rows are those of project. No page holds the
-- contractors of a procurement or the beneficiary's country.
--
-- operation_code: Unique code of the operation (project.project_id).
-- diary_number: Its file number at the ESF council; NULL where the page gives none.
-- beneficiary: Name of the beneficiary, as on the page; NULL where the page gives none or it is a sole trader.
-- beneficiary_org_number: Its Swedish organisation number, ten digits; NULL where the page gives none.
-- beneficiary_postcode: Its postcode, of a beneficiary with an organisation number only; NULL where the page gives none.
-- beneficiary_town: Its town, of a beneficiary with an organisation number only; NULL where the page gives none.
-- operation_name: Name of the operation: the title of the page.
-- operation_summary: Summary of the operation, or the description where the page has no summary.
-- purpose: Its purpose; NULL where the page has no such section.
-- expected_achievements: Its expected achievements: the objectives; NULL where the page has no such section.
-- start_date: First day.
-- end_date: Last day, expected or actual.
-- total_cost_sek: Total cost: the whole budget, in SEK.
-- grant_sek: The fund's part of it: the ESF grant, in SEK.
-- union_cofinancing_rate: The Union's share of the costs, from 0 to 1, where the page gives one; it is not worked out from the
--     amounts.
-- fund: The fund: as on the page, or else that of the programme period (ref.programme_period).
-- programme_period: Programme period, such as 2021-2027.
-- cci: Code of the programme: as on the page, or else that of the programme period.
-- programme_area_code: Code of the programme area (priority) within its period.
-- specific_objective: Code of the specific objective; NULL where the page gives none.
-- type_of_intervention: Interventionstyp: code of the type (category) of intervention; NULL where the page gives none.
-- strategic_importance: Whether it is an operation of strategic importance; NULL where the page does not say.
-- country: Country: as on the page, or else Sverige, all programmes being Swedish.
-- nuts2_code: NUTS 2 code of the region; SE0 is the whole country.
-- region: Name of the region (ref.region).
-- municipalities: Its municipalities, as on the page, joined by semicolons; NULL where the page names none.
-- last_updated: Day (UTC) on which the warehouse got what it says of the operation now.
--
-- Example: Which operations cost the most?
--     SELECT operation_code, operation_name, start_date, total_cost_sek, grant_sek, fund, country, region, municipalities
--     FROM report.list_of_operations
--     ORDER BY total_cost_sek DESC NULLS LAST, operation_code
--     LIMIT 3
WITH attribute AS (
    SELECT
        project_id,
        first(value ORDER BY ordinal) FILTER (label IN ('Berörd fond', 'Fond')) AS fund,
        first(value ORDER BY ordinal) FILTER (label = 'Program CCI') AS cci,
        first(value ORDER BY ordinal) FILTER (label = 'Interventionstyp') AS type_of_intervention,
        first(value ORDER BY ordinal) FILTER (label = 'Insats av strategisk betydelse') AS strategic_importance,
        first(value ORDER BY ordinal) FILTER (label = 'Land som berörs') AS country,
        first(value ORDER BY ordinal) FILTER (label = 'Stödmottagare postnr') AS postcode,
        first(value ORDER BY ordinal) FILTER (label = 'Stödmottagare ort') AS town
    FROM main.project_attribute
    GROUP BY project_id
),

prose AS (
    SELECT
        project_id,
        any_value(body) FILTER (section_key = 'summary') AS summary,
        any_value(body) FILTER (section_key = 'description') AS description,
        any_value(body) FILTER (section_key = 'purpose') AS purpose,
        any_value(body) FILTER (section_key = 'objectives') AS objectives
    FROM main.project_section
    WHERE section_key IN ('summary', 'description', 'purpose', 'objectives')
    GROUP BY project_id
),

place AS (
    SELECT project_id, string_agg(name, '; ' ORDER BY ordinal) AS municipalities
    FROM main.project_municipality
    GROUP BY project_id
),

owner AS (
    SELECT project_id, lower(regexp_replace(trim(name), '\s+', ' ', 'g')) AS key
    FROM main.project_organisation
    WHERE role = 'owner'
),

sole_trader AS (
    SELECT project_id
    FROM etl.finding
    WHERE rule = 'personal-number-withheld'
    UNION
    SELECT owner.project_id
    FROM owner
    JOIN owner AS trader ON trader.key = owner.key
    SEMI JOIN (FROM etl.finding WHERE rule = 'personal-number-withheld') AS finding
        ON finding.project_id = trader.project_id
)

SELECT
    project.project_id AS operation_code,
    project.diary_number,
    if(sole_trader.project_id IS NULL, project.owner, NULL) AS beneficiary,
    project.owner_org_number AS beneficiary_org_number,
    if(project.owner_org_number IS NULL, NULL, attribute.postcode) AS beneficiary_postcode,
    if(project.owner_org_number IS NULL, NULL, attribute.town) AS beneficiary_town,
    project.title AS operation_name,
    coalesce(prose.summary, prose.description) AS operation_summary,
    prose.purpose,
    prose.objectives AS expected_achievements,
    project.period_start AS start_date,
    project.period_end AS end_date,
    project.budget_sek AS total_cost_sek,
    project.grant_sek,
    project.cofinancing_rate AS union_cofinancing_rate,
    coalesce(attribute.fund, period.fund) AS fund,
    project.programme_period,
    coalesce(attribute.cci, period.cci) AS cci,
    project.programme_area_code,
    project.specific_objective,
    attribute.type_of_intervention,
    CASE lower(attribute.strategic_importance) WHEN 'ja' THEN TRUE WHEN 'nej' THEN FALSE END AS strategic_importance,
    coalesce(attribute.country, 'Sverige') AS country,
    project.nuts2_code,
    region.name AS region,
    place.municipalities,
    project.valid_from::DATE AS last_updated
FROM main.project AS project
LEFT JOIN ref.programme_period AS period ON period.programme_period = project.programme_period
LEFT JOIN ref.region AS region ON region.nuts2_code = project.nuts2_code
LEFT JOIN attribute ON attribute.project_id = project.project_id
LEFT JOIN prose ON prose.project_id = project.project_id
LEFT JOIN place ON place.project_id = project.project_id
LEFT JOIN sole_trader ON sole_trader.project_id = project.project_id;

-- DuckDB alone: pages read with read_text, taken apart with regular expressions, written into the tables of the peers.
-- Reads the layout glued-2007 only. A page is split at its headings: a regular expression a section, over the whole page
-- each, takes thirty times as long. Reads: the tables region (name, nuts2_code) and heading (heading, key, is_list).
-- Variables: pages, a glob; headings, a regular expression.

CREATE MACRO given(words) AS nullif(nullif(trim(words), 'saknas'), '');
CREATE MACRO kronor(words) AS replace(replace(given(words), ' kr', ''), chr(160), '')::DECIMAL(15, 2);

CREATE TEMP TABLE page AS
SELECT
    sha256(concat_ws('|', header.title, header.region, header.phase, header.period_start))[:16] AS project_id,
    header,
    headings,
    texts[2:] AS texts
FROM (
    SELECT
        regexp_extract(
            content,
            '\n([^\n]+)\n\nProgramområde(?:Programområde )?(?:(\d\S*) )?([^\n]*)\nProjektfas([^\n]*)\n'
            || 'Projektägare([^\n]*)\nKontaktperson[^\n]*\nE-post[^\n]*\nTelefonnummer[^\n]*\n'
            || 'Beviljat ESF-stöd([^\n]*)\nTotal projektbudget([^\n]*)\nProjektperiod(\S+) till (\S+)\nRegion([^\n]*)\n',
            [
                'title', 'programme_area_code', 'programme_area', 'phase', 'owner', 'grant_sek', 'budget_sek',
                'period_start', 'period_end', 'region'
            ]
        ) AS header,
        regexp_extract_all(content, getvariable('headings'), 1) AS headings,
        regexp_split_to_array(content, getvariable('headings')) AS texts
    FROM read_text(getvariable('pages'))
);

INSERT INTO project BY NAME
SELECT
    project_id,
    'glued-2007' AS layout,
    '2007-2013' AS programme_period,
    given(header.title) AS title,
    given(header.programme_area_code) AS programme_area_code,
    given(header.programme_area) AS programme_area,
    given(header.phase) AS phase,
    given(header.owner) AS owner,
    kronor(header.grant_sek) AS grant_sek,
    kronor(header.budget_sek) AS budget_sek,
    given(header.period_start)::DATE AS period_start,
    given(header.period_end)::DATE AS period_end,
    given(header.region) AS region,
    region.nuts2_code
FROM page
LEFT JOIN region ON region.name = header.region;

INSERT INTO project_section BY NAME
SELECT project_id, ordinal, heading.key AS section_key, heading, trim(body, chr(10)) AS body
FROM (
    SELECT project_id, unnest(headings) AS heading, unnest(texts) AS body, generate_subscripts(headings, 1) AS ordinal FROM page
)
JOIN heading USING (heading)
WHERE NOT is_list;

CREATE TEMP TABLE item AS
SELECT
    project_id,
    key,
    regexp_replace(unnest(lines), '^\s*•\s*', '') AS name,
    generate_subscripts(lines, 1) AS ordinal
FROM (
    SELECT project_id, key, string_split(trim(body, chr(10)), chr(10)) AS lines
    FROM (SELECT project_id, unnest(headings) AS heading, unnest(texts) AS body FROM page)
    JOIN heading USING (heading)
    WHERE is_list
);

INSERT INTO project_organisation BY NAME
SELECT project_id, 'owner' AS role, 1 AS ordinal, owner AS name FROM project WHERE owner IS NOT NULL
UNION ALL
SELECT project_id, key AS role, ordinal, name FROM item WHERE key <> 'municipality';

INSERT INTO project_municipality BY NAME
SELECT project_id, ordinal, name FROM item WHERE key = 'municipality';

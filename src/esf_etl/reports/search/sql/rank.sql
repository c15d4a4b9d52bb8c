-- The projects in their order: those with more of the words first, then by score. A project's score is that of its title,
-- weighted, and that of its best section: the one with most of the words, of such the one with the highest score.
-- Scores are decimals, whose sums do not depend on the order of the rows.
-- Reads: temp.found, snapshot. Binds: title_weight, nuts2_code, year, row_limit.
WITH document AS (
    SELECT project_id, ordinal, count(*) AS words, sum(score) AS score
    FROM temp.found
    GROUP BY project_id, ordinal
),
best AS (
    SELECT
        project_id,
        coalesce(sum(score) FILTER (ordinal = 0), 0) AS title_score,
        first(score ORDER BY words DESC, score DESC, ordinal) FILTER (ordinal > 0) AS section_score,
        first(ordinal ORDER BY words DESC, score DESC, ordinal) FILTER (ordinal > 0) AS ordinal
    FROM document
    GROUP BY project_id
),
covered AS (
    SELECT project_id, count(DISTINCT word_number) AS words_found
    FROM temp.found
    GROUP BY project_id
),
ranked AS (
    SELECT
        project_id,
        words_found,
        $title_weight::INTEGER * title_score + coalesce(section_score, 0) AS score,
        ordinal,
        project.title,
        project.programme_period,
        project.nuts2_code,
        project.region,
        year(project.period_start) AS start_year,
        project.grant_sek,
        count(*) OVER () AS projects_found
    FROM best
    JOIN covered USING (project_id)
    JOIN snapshot.main.project AS project USING (project_id)
    WHERE ($nuts2_code::VARCHAR IS NULL OR project.nuts2_code = $nuts2_code)
        AND ($year::INTEGER IS NULL OR year(project.period_start) = $year)
    ORDER BY words_found DESC, score DESC, project_id
    LIMIT $row_limit
)
SELECT
    ranked.projects_found,
    ranked.score,
    ranked.words_found,
    ranked.project_id,
    ranked.title,
    ranked.programme_period,
    ranked.nuts2_code,
    coalesce(known.name, ranked.region) AS region,
    ranked.start_year,
    ranked.grant_sek,
    ranked.ordinal
FROM ranked
LEFT JOIN snapshot.ref.region AS known USING (nuts2_code)
ORDER BY ranked.words_found DESC, ranked.score DESC, ranked.project_id;

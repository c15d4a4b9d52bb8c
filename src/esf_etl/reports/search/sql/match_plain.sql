-- Every document that has exactly this word: the more often, and the fewer documents have it, the higher its score.
-- The form is that of BM25 without the length of the document, which would cost reading all of them.
-- Reads: snapshot. Writes: temp.found. Binds: word_number, word (in small letters), pattern (any word that has it in it),
-- sections (whether to read them, beside the titles).
INSERT INTO temp.found
WITH document AS (
    SELECT project_id, 0 AS ordinal, lower(title) AS body FROM snapshot.main.project
    UNION ALL
    SELECT project_id, ordinal, lower(body) AS body FROM snapshot.main.project_section WHERE $sections
),
counted AS (
    SELECT
        project_id,
        ordinal,
        -- of the words that have it in them, those that are it
        len(list_filter(regexp_extract_all(body, $pattern), lambda other: other = $word)) AS times
    FROM document
    WHERE contains(body, $word)  -- cheap, and leaves few to take apart
)
SELECT
    $word_number,
    project_id,
    ordinal,
    log(1 + (SELECT count(*) FROM document) / count(*) OVER ()) * (times * 2.2) / (times + 1.2)
FROM counted
WHERE times > 0;

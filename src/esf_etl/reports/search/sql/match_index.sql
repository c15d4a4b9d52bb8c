-- Every document that has a word or another form of it, with its BM25 score. BM25 of several words is the sum over them.
-- Reads: the index, which is the database in use. Writes: temp.found. Binds: word_number, word.
INSERT INTO temp.found
SELECT $word_number, project_id, ordinal, score
FROM (SELECT project_id, ordinal, fts_main_document.match_bm25(document_id, $word) AS score FROM document)
WHERE score IS NOT NULL;

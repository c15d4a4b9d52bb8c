-- The index proper, in the schema fts_main_document. Letters and digits of any script are kept, so that å, ä and ö are;
-- with strip_accents they would become a and o. `ignore` is what parts two words.
PRAGMA create_fts_index(
    'document', 'document_id', 'body',
    stemmer = 'swedish', stopwords = 'stop_word', ignore = '$ignore', strip_accents = 0, lower = 1
);

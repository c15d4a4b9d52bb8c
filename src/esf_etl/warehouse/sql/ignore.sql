-- Pages that an override ignores, whether they are there or not; and those of them that are there, which the run does
-- not see: to the ledger they are gone.
-- Reads and writes: work.listed.
CREATE OR REPLACE TABLE work.ignored AS SELECT what AS path FROM work.override WHERE kind = 'ignore';

CREATE OR REPLACE TABLE work.left_unread AS
SELECT path FROM work.ignored SEMI JOIN work.listed USING (path);

DELETE FROM work.listed WHERE path IN (SELECT path FROM work.left_unread);

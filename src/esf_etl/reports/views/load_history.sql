-- What each run of the job did, the idle, failed and killed ones among them, and what became of the projects. One row a run. The
-- new projects of all rows are those of project: a project never leaves.
--
-- run_id: Id of the run (etl.run); ids sort in the order of the runs.
-- started_at: When it started (UTC).
-- elapsed_s: How long it took, in seconds; NULL for a run that was killed.
-- outcome: published, idle, failed or killed.
-- files_seen: Files in the landing folder.
-- unchanged: Files that were the same as in the run before.
-- deferred: Files too young to be read.
-- loaded: Files that made a new version of a project.
-- same_content: Files that said nothing new of a known project.
-- superseded: Files older than the version that is loaded.
-- rejected: Files that were refused.
-- new_projects: Projects that this run was the first to load.
-- changed_projects: Projects of which this run loaded another version.
-- projects: Current projects after the run.
-- findings: Findings about them.
-- parser_version: Version of the parser that read the pages.
-- error_code: Why the run failed, as a stable code; else NULL.
--
-- Example: What did the last runs do?
--     SELECT outcome, files_seen, unchanged, loaded, same_content, rejected, new_projects, changed_projects, projects
--     FROM report.load_history
WITH version AS (
    SELECT run_id, row_number() OVER (PARTITION BY project_id ORDER BY valid_from) AS number
    FROM history.project
),

written AS (
    SELECT
        run_id,
        count(*) FILTER (number = 1) AS new_projects,
        count(*) FILTER (number > 1) AS changed_projects
    FROM version
    GROUP BY run_id
)

SELECT
    run_id,
    run.started_at,
    ((epoch_us(run.ended_at) - epoch_us(run.started_at)) / 1000000)::DECIMAL(12, 3) AS elapsed_s,
    run.outcome,
    run.files_seen,
    run.unchanged,
    run.deferred,
    run.loaded,
    run.same_content,
    run.superseded,
    run.rejected,
    coalesce(written.new_projects, 0) AS new_projects,
    coalesce(written.changed_projects, 0) AS changed_projects,
    run.projects,
    run.findings,
    run.parser_version,
    run.error_code
FROM etl.run AS run
FULL JOIN written USING (run_id)
ORDER BY run_id;

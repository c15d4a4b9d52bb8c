-- How many projects were running in each month, on at least one of its days, and how many started and ended in it. One row a
-- month from the first day of any project to the last, also where nothing ran. Under the month NULL: the projects that cannot
-- be placed, because the page lacks the first or the last day. The starting projects of all rows, and the ending ones, are
-- those of project.
--
-- month: First day of the month; NULL for what is not known.
-- running: Projects that ran in the month; under NULL those that lack one of the days.
-- starting: Projects whose first day lies in the month; under NULL those without one.
-- ending: Projects whose last day lies in the month; under NULL those without one.
-- starting_grant_sek: ESF grants of the projects that start in the month, whole, in SEK; NULL where there are none.
--
-- Example: When did most projects run?
--     SELECT month, running, starting, ending
--     FROM report.active_projects_by_month
--     ORDER BY running DESC, month
--     LIMIT 5
WITH span AS (
    SELECT
        date_trunc('month', period_start)::DATE AS first_month,
        date_trunc('month', period_end)::DATE AS last_month,
        grant_sek
    FROM main.project
),

-- What happens to the number of running projects in a month: those with both days come and, the month after, go.
event AS (
    SELECT
        first_month AS month,
        count(last_month) AS coming,
        0 AS going,
        count(*) AS starting,
        0 AS ending,
        sum(grant_sek) AS starting_grant_sek
    FROM span
    GROUP BY first_month
    UNION ALL
    SELECT last_month AS month, 0, count(first_month), 0, count(*), NULL
    FROM span
    GROUP BY last_month
),

monthly AS (
    SELECT
        month,
        sum(coming)::BIGINT AS coming,
        sum(going)::BIGINT AS going,
        sum(starting)::BIGINT AS starting,
        sum(ending)::BIGINT AS ending,
        sum(starting_grant_sek) AS starting_grant_sek
    FROM event
    GROUP BY month
),

calendar AS (
    SELECT unnest(generate_series(min(month), max(month), INTERVAL 1 MONTH))::DATE AS month
    FROM monthly
)

SELECT
    calendar.month,
    (
        sum(monthly.coming) OVER so_far
        - sum(monthly.going) OVER so_far
        + coalesce(monthly.going, 0)
    )::BIGINT AS running,
    coalesce(monthly.starting, 0) AS starting,
    coalesce(monthly.ending, 0) AS ending,
    monthly.starting_grant_sek
FROM calendar
LEFT JOIN monthly ON monthly.month = calendar.month
WINDOW so_far AS (ORDER BY calendar.month ROWS UNBOUNDED PRECEDING)
UNION ALL
SELECT
    NULL AS month,
    count(*) AS running,
    count(*) FILTER (first_month IS NULL) AS starting,
    count(*) FILTER (last_month IS NULL) AS ending,
    sum(grant_sek) FILTER (first_month IS NULL) AS starting_grant_sek
FROM span
WHERE first_month IS NULL OR last_month IS NULL
HAVING count(*) > 0
ORDER BY month;

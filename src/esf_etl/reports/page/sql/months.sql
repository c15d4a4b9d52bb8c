-- What happens to the number of running projects, by month: those with both days come and, the month after, go. Under the
-- month NULL, `unplaced` are those that lack one of the days.
WITH span AS (
    SELECT
        programme_period AS period,
        nuts2_code AS region,
        strftime(period_start, '%Y-%m') AS first_month,
        strftime(period_end, '%Y-%m') AS last_month
    FROM main.project
)

SELECT
    period,
    region,
    month,
    sum(coming)::BIGINT AS coming,
    sum(going)::BIGINT AS going,
    sum(starting)::BIGINT AS starting,
    sum(ending)::BIGINT AS ending,
    sum(unplaced)::BIGINT AS unplaced
FROM (
    SELECT
        period,
        region,
        first_month AS month,
        (first_month IS NOT NULL AND last_month IS NOT NULL)::INTEGER AS coming,
        0 AS going,
        1 AS starting,
        0 AS ending,
        0 AS unplaced
    FROM span
    UNION ALL
    SELECT period, region, last_month, 0, (first_month IS NOT NULL AND last_month IS NOT NULL)::INTEGER, 0, 1, 0
    FROM span
    UNION ALL
    SELECT period, region, NULL, 0, 0, 0, 0, 1
    FROM span
    WHERE first_month IS NULL OR last_month IS NULL
)
GROUP BY ALL
ORDER BY ALL;

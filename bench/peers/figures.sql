-- The four figures of the project, in the SQL of DuckDB, from `entry` (accepted rows), `people` (municipality, age,
-- persons) and `area` (municipality, area). Values are whole øre, halves away from zero.
WITH monthly AS (
    SELECT
        municipality,
        period,
        sum(amount) FILTER (function[1] IN ('0', '2', '3', '4', '5', '6')) AS operations,
        sum(amount) FILTER (function[1] = '6') AS administration,
        sum(amount) FILTER (starts_with(function, '5.30.')) AS elderly
    FROM entry
    WHERE dranst IN ('1', '2')
    GROUP BY ALL
),
sums AS (
    SELECT
        area,
        period,
        (coalesce(sum(operations), 0) * 100)::HUGEINT AS operations,
        (coalesce(sum(administration), 0) * 100)::HUGEINT AS administration,
        (coalesce(sum(elderly), 0) * 100)::HUGEINT AS elderly
    FROM monthly JOIN area USING (municipality)
    GROUP BY ALL
),
inhabitants AS (
    SELECT area, sum(persons)::HUGEINT AS persons, (sum(persons) FILTER (age >= 67))::HUGEINT AS elderly
    FROM people JOIN area USING (municipality)
    GROUP BY ALL
),
yearly AS (
    SELECT area, year(period)::VARCHAR AS period, sum(operations) AS operations, sum(elderly) AS elderly
    FROM sums
    GROUP BY ALL
),
ratios AS (
    SELECT 'net_operating_expenditure_per_inhabitant' AS indicator, area, period, operations AS n, persons AS d
    FROM yearly JOIN inhabitants USING (area)
    UNION ALL
    SELECT 'elderly_expenditure_per_67plus', area, period, yearly.elderly, inhabitants.elderly
    FROM yearly JOIN inhabitants USING (area)
)
SELECT 'net_operating_expenditure', area, strftime(period, '%Y-%m'), operations, 1, operations FROM sums
UNION ALL
SELECT 'administration_expenditure', area, strftime(period, '%Y-%m'), administration, 1, administration FROM sums
UNION ALL
SELECT indicator, area, period, n, d, sign(n)::HUGEINT * ((2 * abs(n) + d) // (2 * d)) FROM ratios

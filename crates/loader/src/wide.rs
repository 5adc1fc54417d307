//! One view an indicator with a column for each period, for people who use a spreadsheet or Power BI.

use std::collections::BTreeMap;

use rusqlite::Connection;

/// `SQLite` allows 2000 columns; a table of that width is of no use to anybody.
const MOST_PERIODS: usize = 1000;

/// Of the totals, and of the parts of what is broken down: a view of both would be added up twice.
const PREFIXES: [&str; 2] = ["wide_", "breakdown_"];

/// Makes the views of the current indicators anew where their periods have changed, and drops those of the others.
pub(crate) fn rebuild_wide_views(connection: &Connection) -> rusqlite::Result<()> {
    let existing = existing_views(connection)?;
    let wanted = wanted_views(connection)?;
    for name in existing.keys().filter(|name| existing.get(*name) != wanted.get(*name)) {
        connection.execute_batch(&format!("DROP VIEW {name}"))?;
    }
    for (name, sql) in wanted.iter().filter(|(name, sql)| existing.get(*name) != Some(sql)) {
        debug_assert!(sql.contains(name.as_str()));
        connection.execute_batch(sql)?;
    }
    Ok(())
}

fn existing_views(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    connection
        .prepare(
            "SELECT name, sql FROM sqlite_master
            WHERE type = 'view' AND (substr(name, 1, 5) = ?1 OR substr(name, 1, 10) = ?2)",
        )?
        .query_map(PREFIXES, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn wanted_views(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    const SQL: &str = "SELECT DISTINCT o.indicator, o.breakdown <> 'total', o.period FROM observation AS o
        JOIN indicator AS i ON i.indicator = o.indicator AND i.current = 1
        WHERE o.known_to_run IS NULL ORDER BY 1, 2, 3";
    let mut periods: BTreeMap<(String, bool), Vec<String>> = BTreeMap::new();
    let mut statement = connection.prepare(SQL)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        periods.entry((row.get(0)?, row.get(1)?)).or_default().push(row.get(2)?);
    }
    let view = |((indicator, parts), periods): (&(String, bool), &Vec<String>)| {
        (format!("{}{indicator}", PREFIXES[usize::from(*parts)]), view(indicator, *parts, periods))
    };
    Ok(periods.iter().map(view).collect())
}

/// The text of the view. Identifiers are snake case and periods are digits, so nothing in it needs an escape.
fn view(indicator: &str, parts: bool, periods: &[String]) -> String {
    let latest = &periods[periods.len().saturating_sub(MOST_PERIODS)..];
    let mut columns = String::new();
    for period in latest {
        columns.extend([",\n    max(CASE WHEN period = '", period, "' THEN value END) AS \"", period, "\""]);
    }
    let (prefix, part, which) = if parts { (PREFIXES[1], ", breakdown", "<>") } else { (PREFIXES[0], "", "=") };
    format!(
        "CREATE VIEW {prefix}{indicator} AS\nSELECT\n    area,\n    area_title_da AS area_title,\n    level{part}{columns}\n\
         FROM latest_observation\nWHERE indicator = '{indicator}' AND breakdown {which} 'total'\n\
         GROUP BY area, area_title_da, level{part}\n\
         ORDER BY CASE level WHEN 'municipality' THEN 1 WHEN 'region' THEN 2 ELSE 3 END, area{part}"
    )
}

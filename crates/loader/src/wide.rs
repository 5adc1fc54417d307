//! One view an indicator with a column for each period, for people who use a spreadsheet or Power BI.

use std::collections::BTreeMap;

use model::AsDefined;
use rusqlite::Connection;

use crate::schema::{LATEST, LATEST_NOW};

/// `SQLite` allows 2000 columns; a table of that width is of no use to anybody.
const MOST_PERIODS: usize = 1000;

/// A kind of wide views: of which figures, of the totals or of the parts, and what its names begin with. A view of totals
/// and parts would be added up twice.
struct Kind {
    as_defined: AsDefined,
    parts: bool,
    prefix: &'static str,
    latest: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind { as_defined: AsDefined::Then, parts: false, prefix: "wide_", latest: LATEST },
    Kind { as_defined: AsDefined::Then, parts: true, prefix: "breakdown_", latest: LATEST },
    Kind { as_defined: AsDefined::Now, parts: false, prefix: "now_", latest: LATEST_NOW },
];

/// Makes the views of the series that are computed anew where their periods have changed, and drops those of the others.
pub(crate) fn rebuild_wide_views(connection: &Connection) -> rusqlite::Result<()> {
    for kind in KINDS {
        let existing = existing_views(connection, kind.prefix)?;
        let wanted = wanted_views(connection, &kind)?;
        for name in existing.keys().filter(|name| existing.get(*name) != wanted.get(*name)) {
            connection.execute_batch(&format!("DROP VIEW {name}"))?;
        }
        for (name, sql) in wanted.iter().filter(|(name, sql)| existing.get(*name) != Some(sql)) {
            debug_assert!(sql.contains(name.as_str()));
            connection.execute_batch(sql)?;
        }
    }
    Ok(())
}

fn existing_views(connection: &Connection, prefix: &str) -> rusqlite::Result<BTreeMap<String, String>> {
    connection
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'view' AND substr(name, 1, length(?1)) = ?1")?
        .query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The periods of an indicator.
type Periods = BTreeMap<String, Made>;

/// What is known of an indicator's period.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Made {
    /// The version that made it.
    version: u32,
    /// Whether figures of it are held until somebody approves them.
    holds: bool,
}

fn wanted_views(connection: &Connection, kind: &Kind) -> rusqlite::Result<BTreeMap<String, String>> {
    const SQL: &str = "SELECT o.indicator, o.period, o.version, max(o.conf_status = 'N') FROM observation AS o
        JOIN series AS s ON s.indicator = o.indicator AND s.version = o.version AND s.as_defined = o.as_defined
        WHERE o.known_to_run IS NULL AND o.as_defined = ?1 AND (o.breakdown <> 'total') = ?2
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    let mut periods: BTreeMap<String, Periods> = BTreeMap::new();
    let mut statement = connection.prepare(SQL)?;
    let mut rows = statement.query((kind.as_defined.as_str(), kind.parts))?;
    while let Some(row) = rows.next()? {
        periods.entry(row.get(0)?).or_default().insert(row.get(1)?, Made { version: row.get(2)?, holds: row.get(3)? });
    }
    let view = |(indicator, periods): (&String, &Periods)| {
        let name = format!("{}{indicator}", kind.prefix);
        let sql = view(&name, kind, indicator, periods);
        (name, sql)
    };
    Ok(periods.iter().map(view).collect())
}

/// The text of the view. Identifiers are snake case and periods are digits, so nothing in it needs an escape.
fn view(name: &str, kind: &Kind, indicator: &str, periods: &Periods) -> String {
    let mut columns = String::new();
    for period in periods.keys().skip(periods.len().saturating_sub(MOST_PERIODS)) {
        columns.extend([",\n    max(CASE WHEN period = '", period, "' THEN value END) AS \"", period, "\""]);
    }
    // A column of numbers cannot say why one is not there.
    if periods.values().any(|made| made.holds) {
        columns += ",\n    group_concat(CASE WHEN conf_status = 'N' THEN period END, ' ') AS not_approved";
    }
    let (latest, versions) = (kind.latest, versions(periods));
    let (part, which) = if kind.parts { (", breakdown", "<>") } else { ("", "=") };
    format!(
        "CREATE VIEW {name} AS\nSELECT\n    area,\n    area_title_da AS area_title,\n    level{part}{columns},\n    \
         '{versions}' AS versions\nFROM {latest}\nWHERE indicator = '{indicator}' AND breakdown {which} 'total'\n\
         GROUP BY area, area_title_da, level{part}\n\
         ORDER BY CASE level WHEN 'municipality' THEN 1 WHEN 'region' THEN 2 WHEN 'country' THEN 3 ELSE 4 END, area{part}"
    )
}

/// `1: 2007 to 2017, 2: 2018`: which versions made the periods.
fn versions(periods: &Periods) -> String {
    let all: Vec<(&String, u32)> = periods.iter().map(|(period, made)| (period, made.version)).collect();
    let stretch = |stretch: &[(&String, u32)]| match stretch {
        [(first, version), .., (last, _)] => format!("{version}: {first} to {last}"),
        [(only, version)] => format!("{version}: {only}"),
        [] => String::new(),
    };
    all.chunk_by(|one, other| one.1 == other.1).map(stretch).collect::<Vec<_>>().join(", ")
}

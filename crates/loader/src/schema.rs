//! The tables and views of `musketer.db`, as documented SQL, and the page that is made of it.
//!
//! `schema.sql` is the one place where a column is named, typed and explained. `SQLite` keeps the comments, so that
//! `.schema` in any client shows them; `docs/schema.md` is generated from the same text, and a test keeps it current.
//!
//! The tables are ordinary ones, not `STRICT`: the file is opened with whatever `SQLite` an analyst's tool brings along,
//! and versions before 3.37 cannot read a file with strict tables at all.

use crate::RunNumber;

/// The schema that this version of the program reads and writes.
pub(crate) const VERSION: i64 = 6;

/// Marks the file as ours, at a fixed place of its header: the bytes `MSKT`.
pub(crate) const APPLICATION_ID: u32 = 0x4D53_4B54;

/// All tables and indexes, and the views but one, which is made of another.
const SQL: &str = include_str!("schema.sql");

/// What turns version `n` into version `n + 1`, at position `n - 1`. The first version has nothing before it.
pub(crate) const UPGRADES: &[&str] = &[
    "ALTER TABLE measure ADD COLUMN divisor INTEGER NOT NULL DEFAULT 1 CHECK (divisor > 0)",
    // A key cannot be changed: the table is made anew.
    "CREATE TABLE measure_by_breakdown (
        indicator TEXT NOT NULL,
        version INTEGER NOT NULL,
        municipality TEXT NOT NULL,
        period TEXT NOT NULL,
        breakdown TEXT NOT NULL DEFAULT 'total',
        measure TEXT NOT NULL,
        minor INTEGER,
        scale INTEGER NOT NULL,
        divisor INTEGER NOT NULL DEFAULT 1 CHECK (divisor > 0),
        rows INTEGER NOT NULL,
        obs_status TEXT NOT NULL,
        PRIMARY KEY (indicator, version, municipality, period, breakdown, measure),
        FOREIGN KEY (indicator, version) REFERENCES indicator (indicator, version) DEFERRABLE INITIALLY DEFERRED
    ) WITHOUT ROWID;
    INSERT INTO measure_by_breakdown
        (indicator, version, municipality, period, measure, minor, scale, divisor, rows, obs_status)
        SELECT indicator, version, municipality, period, measure, minor, scale, divisor, rows, obs_status FROM measure;
    DROP TABLE measure;
    ALTER TABLE measure_by_breakdown RENAME TO measure;
    CREATE TABLE breakdown (
        indicator TEXT NOT NULL,
        version INTEGER NOT NULL,
        breakdown TEXT NOT NULL,
        dimension TEXT NOT NULL,
        dimensions TEXT NOT NULL,
        category TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        dimension_title_da TEXT NOT NULL,
        dimension_title_en TEXT NOT NULL,
        category_title_da TEXT NOT NULL,
        category_title_en TEXT NOT NULL,
        additive INTEGER NOT NULL CHECK (additive IN (0, 1)),
        PRIMARY KEY (indicator, version, breakdown, dimension),
        FOREIGN KEY (indicator, version) REFERENCES indicator (indicator, version) DEFERRABLE INITIALLY DEFERRED
    ) WITHOUT ROWID",
    // A key cannot be changed: tables are made anew under their own names, which is what views know them by. All series
    // of a version before are those of one definition for all periods, as defined then.
    "CREATE TABLE series (
        indicator TEXT NOT NULL,
        version INTEGER NOT NULL,
        as_defined TEXT NOT NULL CHECK (as_defined IN ('then', 'now')),
        basis TEXT NOT NULL,
        PRIMARY KEY (indicator, version, as_defined),
        FOREIGN KEY (indicator, version) REFERENCES indicator (indicator, version) DEFERRABLE INITIALLY DEFERRED
    ) WITHOUT ROWID;
    INSERT INTO series SELECT indicator, version, 'then', basis FROM indicator;
    ALTER TABLE indicator DROP COLUMN basis;
    CREATE TABLE before AS SELECT * FROM measure;
    DROP TABLE measure;
    CREATE TABLE measure (
        indicator TEXT NOT NULL,
        version INTEGER NOT NULL,
        as_defined TEXT NOT NULL CHECK (as_defined IN ('then', 'now')),
        municipality TEXT NOT NULL,
        period TEXT NOT NULL,
        breakdown TEXT NOT NULL DEFAULT 'total',
        measure TEXT NOT NULL,
        minor INTEGER,
        scale INTEGER NOT NULL,
        divisor INTEGER NOT NULL DEFAULT 1 CHECK (divisor > 0),
        rows INTEGER NOT NULL,
        obs_status TEXT NOT NULL,
        PRIMARY KEY (indicator, version, as_defined, municipality, period, breakdown, measure),
        FOREIGN KEY (indicator, version) REFERENCES indicator (indicator, version) DEFERRABLE INITIALLY DEFERRED
    ) WITHOUT ROWID;
    INSERT INTO measure SELECT indicator, version, 'then', municipality, period, breakdown, measure, minor, scale,
        divisor, rows, obs_status FROM before;
    DROP TABLE before;
    CREATE TABLE before AS SELECT * FROM observation;
    DROP TABLE observation;
    CREATE TABLE observation (
        indicator TEXT NOT NULL,
        version INTEGER NOT NULL,
        as_defined TEXT NOT NULL CHECK (as_defined IN ('then', 'now')),
        area TEXT NOT NULL REFERENCES area (area) DEFERRABLE INITIALLY DEFERRED,
        period TEXT NOT NULL REFERENCES period (period) DEFERRABLE INITIALLY DEFERRED,
        breakdown TEXT NOT NULL,
        revision INTEGER NOT NULL CHECK (revision > 0),
        value REAL,
        value_exact TEXT,
        numerator REAL,
        denominator REAL,
        numerator_exact TEXT,
        denominator_exact TEXT,
        contributing INTEGER NOT NULL,
        members INTEGER NOT NULL,
        obs_status TEXT NOT NULL,
        conf_status TEXT NOT NULL DEFAULT 'F',
        known_from_run INTEGER NOT NULL REFERENCES run (run),
        known_to_run INTEGER REFERENCES run (run),
        PRIMARY KEY (indicator, version, as_defined, area, period, breakdown, revision),
        FOREIGN KEY (indicator, version) REFERENCES indicator (indicator, version) DEFERRABLE INITIALLY DEFERRED,
        CHECK ((value IS NULL) = (value_exact IS NULL)),
        CHECK (known_from_run < known_to_run)
    ) WITHOUT ROWID;
    INSERT INTO observation SELECT indicator, version, 'then', area, period, breakdown, revision, value, value_exact,
        numerator, denominator, numerator_exact, denominator_exact, contributing, members, obs_status, conf_status,
        known_from_run, known_to_run FROM before;
    DROP TABLE before;
    CREATE UNIQUE INDEX observation_current ON observation (indicator, as_defined, area, period, breakdown, version)
        WHERE known_to_run IS NULL",
    // A table's checks cannot be changed: the two are made anew. That figures name areas is checked at the commit.
    "CREATE TABLE area_before AS SELECT area, level, title_da, title_en, region FROM area;
    DROP TABLE area;
    CREATE TABLE area (
        area TEXT NOT NULL PRIMARY KEY,
        level TEXT NOT NULL CHECK (level IN ('municipality', 'region', 'country', 'comparison_group')),
        title_da TEXT NOT NULL,
        title_en TEXT NOT NULL,
        region TEXT
    ) WITHOUT ROWID;
    INSERT INTO area SELECT area, level, title_da, title_en, region FROM area_before;
    DROP TABLE area_before;
    CREATE TABLE definition_before AS SELECT kind, id, version, fingerprint, canonical, first_run FROM definition;
    DROP TABLE definition;
    CREATE TABLE definition (
        kind TEXT NOT NULL
            CHECK (kind IN ('codelist', 'dataset', 'source', 'indicator', 'comparison_group', 'pipeline')),
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        canonical TEXT NOT NULL,
        first_run INTEGER NOT NULL REFERENCES run (run),
        PRIMARY KEY (kind, id, version, fingerprint)
    ) WITHOUT ROWID;
    INSERT INTO definition SELECT kind, id, version, fingerprint, canonical, first_run FROM definition_before;
    DROP TABLE definition_before;
    CREATE TABLE comparison_group_member (
        comparison_group TEXT NOT NULL,
        area TEXT NOT NULL REFERENCES area (area) DEFERRABLE INITIALLY DEFERRED,
        municipality TEXT NOT NULL REFERENCES area (area) DEFERRABLE INITIALLY DEFERRED,
        first_day TEXT NOT NULL,
        day_after TEXT,
        rank INTEGER,
        distance TEXT,
        PRIMARY KEY (area, municipality, first_day),
        CHECK ((rank IS NULL) = (distance IS NULL))
    ) WITHOUT ROWID",
    // What a delivery covers was not written down before: what is known are the units that it held. Where only the rows say
    // what that is, others may have taken some, so it is read again.
    "ALTER TABLE run ADD COLUMN command TEXT NOT NULL DEFAULT 'run';
    ALTER TABLE run ADD COLUMN milliseconds INTEGER;
    ALTER TABLE run ADD COLUMN bytes_read INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE definition ADD COLUMN current INTEGER NOT NULL DEFAULT 0 CHECK (current IN (0, 1));
    UPDATE definition SET current = 1 WHERE first_run = (
        SELECT max(d.first_run) FROM definition AS d
        WHERE d.kind = definition.kind AND d.id = definition.id AND d.version = definition.version
    );
    ALTER TABLE observation ADD COLUMN why TEXT NOT NULL DEFAULT '';
    CREATE TABLE delivery_before AS SELECT * FROM delivery;
    DROP TABLE delivery;
    CREATE TABLE delivery (
        delivery TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('file', 'receipt')),
        source TEXT NOT NULL,
        municipality TEXT,
        period TEXT,
        version INTEGER NOT NULL,
        name TEXT NOT NULL,
        content TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        sequence INTEGER NOT NULL UNIQUE,
        received_run INTEGER NOT NULL REFERENCES run (run),
        processed_run INTEGER REFERENCES run (run),
        reading_fingerprint TEXT,
        state TEXT NOT NULL CHECK (state IN ('accepted', 'refused', 'withheld', 'superseded', 'retracted')),
        refusal_code TEXT,
        refusal_message TEXT,
        refusal_line INTEGER,
        refusal_column TEXT,
        refusal_help TEXT,
        rows_read INTEGER NOT NULL DEFAULT 0,
        rows_accepted INTEGER NOT NULL DEFAULT 0,
        rows_rejected INTEGER NOT NULL DEFAULT 0,
        rows_skipped INTEGER NOT NULL DEFAULT 0,
        CHECK (rows_read = rows_accepted + rows_rejected + rows_skipped),
        CHECK ((state IN ('refused', 'withheld')) = (refusal_code IS NOT NULL)),
        CHECK ((processed_run IS NULL) = (reading_fingerprint IS NULL))
    );
    INSERT INTO delivery SELECT delivery, 'file', source, municipality, period, version, name, content, bytes, sequence,
        received_run, processed_run,
        iif(state = 'accepted' AND period IS NULL, replace(hex(zeroblob(32)), '0', 'f'), reading_fingerprint),
        state, refusal_code, refusal_message, refusal_line, refusal_column, refusal_help,
        rows_read, rows_accepted, rows_rejected, rows_skipped FROM delivery_before;
    DROP TABLE delivery_before;
    CREATE TABLE delivery_unit (
        delivery TEXT NOT NULL REFERENCES delivery (delivery) DEFERRABLE INITIALLY DEFERRED,
        municipality TEXT NOT NULL,
        period TEXT NOT NULL,
        rows INTEGER NOT NULL CHECK (rows >= 0),
        PRIMARY KEY (delivery, municipality, period)
    ) WITHOUT ROWID;
    INSERT INTO delivery_unit SELECT delivery, municipality, period, rows FROM unit;
    CREATE TABLE unit_revision (
        source TEXT NOT NULL,
        municipality TEXT NOT NULL,
        period TEXT NOT NULL,
        known_from_run INTEGER NOT NULL REFERENCES run (run),
        known_to_run INTEGER REFERENCES run (run),
        delivery TEXT NOT NULL REFERENCES delivery (delivery) DEFERRABLE INITIALLY DEFERRED,
        rows INTEGER NOT NULL CHECK (rows >= 0),
        PRIMARY KEY (source, municipality, period, known_from_run)
    ) WITHOUT ROWID;
    INSERT INTO unit_revision SELECT source, municipality, period, run, NULL, delivery, rows FROM unit;
    CREATE TABLE act (
        act INTEGER NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('retract', 'unretract', 'release', 'unrelease', 'waive', 'unwaive',
            'approve', 'withdraw_approval', 'nothing_to_report')),
        delivery TEXT,
        record INTEGER,
        source TEXT,
        municipality TEXT,
        period TEXT,
        area_of_work TEXT,
        person TEXT NOT NULL,
        at TEXT NOT NULL,
        reason TEXT NOT NULL,
        run INTEGER NOT NULL REFERENCES run (run)
    );
    CREATE TABLE rejected_before AS SELECT * FROM rejected_row;
    DROP TABLE rejected_row;
    CREATE TABLE rejected_row (
        delivery TEXT NOT NULL REFERENCES delivery (delivery) DEFERRABLE INITIALLY DEFERRED,
        record INTEGER NOT NULL,
        line INTEGER NOT NULL,
        code TEXT NOT NULL,
        column_name TEXT NOT NULL DEFAULT '',
        name TEXT NOT NULL,
        reason TEXT NOT NULL,
        raw TEXT,
        status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replayed', 'waived')),
        replayed_run INTEGER REFERENCES run (run),
        PRIMARY KEY (delivery, record, line, code, column_name),
        CHECK ((status = 'replayed') = (replayed_run IS NOT NULL))
    ) WITHOUT ROWID;
    INSERT INTO rejected_row SELECT delivery, record, line, code, column_name, name, reason, raw, 'open', NULL
        FROM rejected_before;
    DROP TABLE rejected_before;
    CREATE TABLE backfill (
        backfill INTEGER NOT NULL PRIMARY KEY,
        pipeline TEXT NOT NULL,
        arguments TEXT NOT NULL,
        started_at TEXT NOT NULL,
        ended_at TEXT,
        state TEXT NOT NULL CHECK (state IN ('open', 'done', 'abandoned')),
        steps INTEGER NOT NULL,
        steps_done INTEGER NOT NULL DEFAULT 0,
        CHECK ((state = 'open') = (ended_at IS NULL))
    )",
];

/// The view of the figures as defined now, made of that of the figures as defined then: two texts would drift apart.
fn as_defined_now() -> String {
    let then = SQL.split("\n\n").find(|block| block.contains(&format!("CREATE VIEW {LATEST} AS")));
    let meaning = "-- The same of the figures as defined now: all by the current version of the definition, whatever the period.\n";
    let view = then.unwrap_or_default().lines().filter(|line| !line.starts_with("-- "));
    let view: String = view.flat_map(|line| [line, "\n"]).collect();
    let now = view.replacen(LATEST, LATEST_NOW, 1).replace("= 'then'", "= 'now'");
    format!("\n{meaning}{now}")
}

/// The query of a view of figures, for those that were known after a run: made of the view, so that the two cannot drift
/// apart.
pub(crate) fn figures_as_of(view: &str, run: RunNumber) -> String {
    let sql = sql();
    let head = format!("CREATE VIEW {view} AS\n");
    let query = sql.split("\n\n").find_map(|block| block.split_once(&head)).map(|(_, query)| query.trim_end());
    let query = query.and_then(|query| query.strip_suffix(';')).unwrap_or_default();
    let known = |of: &str| format!("({of}.known_from_run <= {run} AND ifnull({of}.known_to_run, {run} + 1) > {run})");
    let (figure, newer) = (known("o"), known("n"));
    query.replace("o.known_to_run IS NULL", &figure).replace("n.known_to_run IS NULL", &newer)
}

/// Figures as defined then.
pub(crate) const LATEST: &str = "latest_observation";
/// Figures as defined now.
pub(crate) const LATEST_NOW: &str = "latest_observation_as_defined_now";

/// All tables, indexes and views of a new store.
pub(crate) fn sql() -> String {
    SQL.to_owned() + &as_defined_now()
}

/// What makes all documented views anew. They hold nothing, so an upgrade need not say what has changed in them.
pub(crate) fn views_anew() -> String {
    let sql = sql();
    let views = relations(&sql).into_iter().filter(|relation| relation.view);
    let dropped: String = views.flat_map(|view| ["DROP VIEW IF EXISTS ", view.name, ";\n"]).collect();
    let made = sql.split("\n\n").filter(|block| block.contains("CREATE VIEW "));
    dropped + &made.collect::<Vec<_>>().join("\n")
}

/// A table or view with its columns, as documented.
#[derive(Debug, Default)]
struct Relation<'a> {
    name: &'a str,
    view: bool,
    meaning: String,
    columns: Vec<DocumentedColumn<'a>>,
    rules: Vec<&'a str>,
}

#[derive(Debug)]
struct DocumentedColumn<'a> {
    name: &'a str,
    definition: &'a str,
    meaning: &'a str,
}

fn relations(sql: &str) -> Vec<Relation<'_>> {
    sql.split("\n\n").filter_map(relation).collect()
}

/// Reads one block of `schema.sql`: a comment, `CREATE`, then one line a column, each with its comment.
fn relation(block: &str) -> Option<Relation<'_>> {
    let mut relation = Relation::default();
    for line in block.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("-- ") {
            if !relation.meaning.is_empty() {
                relation.meaning.push(' ');
            }
            relation.meaning.push_str(comment);
        } else if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            relation.name = rest.trim_end_matches(" (");
        } else if let Some(rest) = line.strip_prefix("CREATE VIEW ") {
            (relation.name, relation.view) = (rest.trim_end_matches(" AS"), true);
        } else if let Some((definition, meaning)) = line.split_once(" -- ") {
            relation.columns.push(column(definition.trim_end_matches(','), meaning, relation.view)?);
        } else if ["PRIMARY KEY", "FOREIGN KEY", "CHECK"].iter().any(|word| line.starts_with(word)) {
            relation.rules.push(line.trim_end_matches(','));
        }
    }
    (!relation.name.is_empty()).then_some(relation)
}

fn column<'a>(definition: &'a str, meaning: &'a str, view: bool) -> Option<DocumentedColumn<'a>> {
    let (name, definition) = if view { (definition.rsplit_once(" AS ")?.1, "") } else { definition.split_once(' ')? };
    Some(DocumentedColumn { name, definition, meaning })
}

/// The page that describes every table and view, column by column, in Markdown.
pub fn documentation() -> String {
    let mut page = String::from(INTRODUCTION);
    let sql = sql();
    let (views, tables): (Vec<_>, Vec<_>) = relations(&sql).into_iter().partition(|relation| relation.view);
    page.push_str("\n## Tables\n");
    for relation in &tables {
        describe(relation, &mut page);
    }
    page.push_str("\n## Views\n");
    for relation in &views {
        describe(relation, &mut page);
    }
    page.push_str(WIDE_VIEWS);
    page
}

fn describe(relation: &Relation<'_>, page: &mut String) {
    let row = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    page.extend(["\n### ", relation.name, "\n\n", &relation.meaning, "\n\n"]);
    let head = if relation.view {
        "| column | meaning |\n|---|---|\n"
    } else {
        "| column | type | meaning |\n|---|---|---|\n"
    };
    page.push_str(head);
    for column in &relation.columns {
        let name = format!("`{}`", column.name);
        let kind = kind_of(column.definition);
        page.push_str(&if relation.view {
            row(&[&name, column.meaning])
        } else {
            row(&[&name, &kind, column.meaning])
        });
    }
    if !relation.rules.is_empty() {
        page.push('\n');
        for rule in &relation.rules {
            page.extend(["- `", rule, "`\n"]);
        }
    }
}

/// `TEXT NOT NULL REFERENCES run (run)` in the words of the page: `text, required, see run`.
fn kind_of(definition: &str) -> String {
    let mut words = vec![definition.split(' ').next().unwrap_or_default().to_lowercase()];
    if definition.contains("NOT NULL") {
        words.push("required".to_owned());
    }
    if definition.contains("PRIMARY KEY") {
        words.push("key".to_owned());
    }
    if definition.contains("UNIQUE") {
        words.push("unique".to_owned());
    }
    if let Some((_, target)) = definition.split_once("REFERENCES ") {
        words.push(format!("see `{}`", target.split(' ').next().unwrap_or_default()));
    }
    words.join(", ")
}

const INTRODUCTION: &str = "# The database

<!-- Generated from crates/loader/src/schema.sql: BLESS=1 cargo test -p musketer-loader -->

`musketer.db` in the store is an ordinary SQLite database: the ledger of runs and deliveries, and the figures. Any
client can read it while a run works; what a run publishes appears all at once.

Start with the view `latest_observation` (one row a figure) or, in a spreadsheet, with `wide_<indicator>` (one row an
area, one column a period). There every figure is made by the version of the definition that is valid in its period; where
the pipeline asks for it, `latest_observation_as_defined_now` and `now_<indicator>` have all periods by the current
version. `observation` has both: `WHERE as_defined = 'then'`. Figures of parts (of women, of an age) stand in
`latest_observation` beside the total; their `breakdown` leads to the table `breakdown`, which has a row for each dimension
with titles, and says whether the parts add up. Whoever adds up takes either the total or parts:
`WHERE breakdown = 'total'`. From a figure back to the rows: `observation` names indicator, version, area, period and breakdown; `measure` has
the sums that it was made of; `unit` names the Parquet file with the rows, each with its delivery, line and record;
`delivery` names the file as received.

Do not write to the database: the next run relies on what it says. Copy it with `sqlite3 musketer.db '.backup copy.db'`;
a plain copy of the file alone can miss what still lies in `musketer.db-wal`.
";

const WIDE_VIEWS: &str = "
### wide_&lt;indicator&gt;

One view an indicator, for spreadsheets: a row for each area, a column for each period. The values are those of
`latest_observation` with the breakdown `total`; the status of a value stands there, too. The view is made anew when
the indicator's periods change, and has the 1000 latest periods at most.

| column | meaning |
|---|---|
| `area` | Code of the municipality or region; `DK` for the country; a comparison group. |
| `area_title` | The area's name in Danish. |
| `level` | `municipality`, `region`, `country` or `comparison_group`. |
| `2024`, `2024-05`, ... | The value in that period; empty where there is none. |
| `versions` | Which versions of the definition made the periods: `1: 2007 to 2017, 2: 2018 to 2024`. |

### now_&lt;indicator&gt;

The same of `latest_observation_as_defined_now`.

### breakdown_&lt;indicator&gt;

The same for the parts of an indicator that is broken down: a row for each area and part.

| column | meaning |
|---|---|
| `area` | Code of the municipality or region; `DK` for the country. |
| `area_title` | The area's name in Danish. |
| `level` | `municipality`, `region` or `country`. |
| `breakdown` | The part, see `breakdown`. |
| `2024`, `2024-05`, ... | The value in that period; empty where there is none. |
| `versions` | Which versions of the definition made the periods. |
";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_column_is_documented() {
        let database = rusqlite::Connection::open_in_memory().expect("a database");
        let sql = sql();
        database.execute_batch(&sql).expect("the schema is valid SQL");
        let mut statement = database
            .prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid")
            .expect("a query");
        let names = statement.query_map([], |row| row.get::<_, String>(0)).expect("a query");
        let names: Vec<String> = names.collect::<Result<_, _>>().expect("names");
        let documented = relations(&sql);
        assert_eq!(names, documented.iter().map(|relation| relation.name).collect::<Vec<_>>());
        for relation in documented {
            let columns = database.prepare(&format!("SELECT * FROM {}", relation.name)).expect("a query");
            let known: Vec<&str> = relation.columns.iter().map(|column| column.name).collect();
            assert_eq!(columns.column_names().collect::<Vec<_>>(), known, "{}", relation.name);
            assert!(
                !relation.meaning.is_empty() && relation.columns.iter().all(|column| column.meaning.ends_with('.'))
            );
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "BLESS=1 rewrites the page")]
    fn the_page_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema.md");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, documentation()).expect("the page can be written");
        }
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(page == documentation(), "docs/schema.md is not current: BLESS=1 cargo test -p musketer-loader");
    }
}

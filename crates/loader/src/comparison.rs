//! Who belongs to which comparison group, and the lists of the nearest as other programs read them.

use std::collections::BTreeSet;
use std::io::{self, Write};

use model::{ComparisonGroupId, Date, Membership, Neighbour, Text, Validity};
use rusqlite::Row;

use crate::export::{Language, Separator, push_number, push_text, write_line};
use crate::reading::parsed;
use crate::{LoadError, Publication, Reading};

/// A membership with the names of the group and of the municipality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedMembership {
    /// The membership.
    pub membership: Membership,
    /// The name of the group.
    pub area_title: Text,
    /// The name of the municipality.
    pub municipality_title: Text,
}

impl Publication<'_> {
    /// Records who belongs to a group, in place of what was known of it.
    pub fn comparison_group(&mut self, group: &ComparisonGroupId, memberships: &[Membership]) -> Result<(), LoadError> {
        const SQL: &str = "INSERT INTO comparison_group_member
            (comparison_group, area, municipality, first_day, day_after, rank, distance)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        self.write(|connection| {
            connection
                .prepare_cached("DELETE FROM comparison_group_member WHERE comparison_group = ?1")?
                .execute([group.as_str()])?;
            let mut insert = connection.prepare_cached(SQL)?;
            for Membership { area, validity, neighbour, municipality } in memberships {
                let bound = |day: Option<Date>| day.map(|day| day.to_string());
                insert.execute((
                    group.as_str(),
                    area.to_string(),
                    municipality.to_string(),
                    bound(validity.from).unwrap_or_default(),
                    bound(validity.to),
                    neighbour.as_ref().map(|place| place.rank),
                    neighbour.as_ref().map(|place| &place.distance),
                ))?;
            }
            Ok(())
        })
    }

    /// Forgets the groups that are not named: no pipeline has them any more.
    pub fn keep_comparison_groups(&mut self, kept: &BTreeSet<&ComparisonGroupId>) -> Result<(), LoadError> {
        const SQL: &str = "DELETE FROM comparison_group_member
            WHERE comparison_group NOT IN (SELECT value FROM json_each(?1))";
        let kept: serde_json::Value = kept.iter().map(ToString::to_string).collect();
        self.write(|connection| connection.execute(SQL, [kept.to_string()]).map(drop))
    }
}

impl Reading<'_> {
    /// Who belongs to the comparison groups, sorted by group, area, time, rank and municipality.
    pub fn comparison_groups(&self) -> Result<Vec<NamedMembership>, LoadError> {
        const SQL: &str = "SELECT m.*, a.title_da, a.title_en, p.title_da AS municipality_da,
                p.title_en AS municipality_en
            FROM comparison_group_member AS m
            JOIN area AS a ON a.area = m.area JOIN area AS p ON p.area = m.municipality
            ORDER BY m.comparison_group, m.area, m.first_day, m.rank, m.municipality";
        self.query(|connection| connection.prepare_cached(SQL)?.query_map([], named)?.collect())
    }
}

fn named(row: &Row<'_>) -> rusqlite::Result<NamedMembership> {
    let text = |da: &str, en: &str| Ok::<_, rusqlite::Error>(Text { da: row.get(da)?, en: row.get(en)? });
    let day = |column: &str| -> rusqlite::Result<Option<Date>> {
        let day: Option<String> = row.get(column)?;
        Ok(day.and_then(|day| Date::parse_iso(&day)))
    };
    let rank: Option<u32> = row.get("rank")?;
    let distance: Option<String> = row.get("distance")?;
    let membership = Membership {
        area: parsed(row, "area")?,
        validity: Validity { from: day("first_day")?, to: day("day_after")? },
        neighbour: rank.zip(distance).map(|(rank, distance)| Neighbour { rank, distance }),
        municipality: parsed(row, "municipality")?,
    };
    Ok(NamedMembership {
        membership,
        area_title: text("title_da", "title_en")?,
        municipality_title: text("municipality_da", "municipality_en")?,
    })
}

const COLUMNS: [&str; 9] = [
    "comparison_group",
    "area",
    "area_title",
    "municipality",
    "municipality_title",
    "first_day",
    "day_after",
    "rank",
    "distance",
];

/// Writes who belongs to the comparison groups as CSV, in the form of [`crate::export_csv`].
pub fn export_members_csv(
    members: &[NamedMembership],
    separator: Separator,
    language: Language,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut line = String::new();
    let separator = separator.character();
    for name in COLUMNS {
        push_text(&mut line, name, separator);
    }
    write_line(&mut line, out)?;
    for NamedMembership { membership, area_title, municipality_title } in members {
        let Membership { area, validity, neighbour, municipality } = membership;
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let (area_title, municipality_title) = (language.of(area_title), language.of(municipality_title));
        for text in [area.group.as_str(), &area.to_string(), area_title] {
            push_text(&mut line, text, separator);
        }
        for text in [&municipality.to_string(), municipality_title, &day(validity.from), &day(validity.to)] {
            push_text(&mut line, text, separator);
        }
        let place = neighbour.as_ref().map(|place| (place.rank.to_string(), place.distance.clone()));
        let (rank, distance) = place.unwrap_or_default();
        push_number(&mut line, &rank, separator);
        push_number(&mut line, &distance, separator);
        write_line(&mut line, out)?;
    }
    out.flush()
}

//! The definitions of one side of a comparison: what each means, how it is written, and what it is made of.

use std::collections::{BTreeMap, BTreeSet};

use csv::ReaderBuilder;
use model::{Catalogue, Place};

use super::Side;
use super::written::{self, Spot};
use crate::canonical::Canonical;
use crate::file::{Identity, Kind, Role};
use crate::indicator::reference;
use crate::load::load_in;
use crate::yaml::{Cursor, Node, Report, parse, text_of};

/// What a definition is known by: kind, id, and the version that the name of an older indicator's file has.
pub(super) type Key = (Kind, String, Option<String>);

/// A sound definition.
#[derive(Debug)]
pub(super) struct Known<'f> {
    /// Its file.
    pub(super) path: &'f str,
    /// What it means.
    pub(super) meaning: Canonical,
    /// What is written.
    pub(super) tree: Node,
    /// Of a code list, its table.
    pub(super) table: Table,
    /// Of an indicator, those that its formula names.
    pub(super) names: BTreeSet<String>,
}

/// The table of a code list as far as people read it: codes and titles with their lines.
#[derive(Debug, Default)]
pub(super) struct Table {
    path: String,
    /// Line, code, first day, titles.
    pub(super) rows: Vec<(u32, String, String, String)>,
}

impl Table {
    /// The place of a line.
    pub(super) fn line(&self, line: u32) -> Place {
        Place { file: self.path.clone(), line, column: 0, length: 0 }
    }
}

impl Known<'_> {
    /// Where names lead to in what is written.
    pub(super) fn spot(&self, path: &[String]) -> Option<Spot<'_>> {
        written::find(&self.tree, path)
    }

    /// The place of the id: that of the definition as a whole.
    pub(super) fn place(&self) -> Place {
        self.spot(&["id".to_owned()]).map_or_else(|| Place::file(self.path), |spot| spot.place(self.path))
    }

    /// A line of the table of a code list.
    pub(super) fn line_of(&self, code: &str) -> Option<Place> {
        let (line, ..) = self.table.rows.iter().rfind(|(_, known, ..)| known == code)?;
        Some(self.table.line(*line))
    }

    /// The word at a key of the canonical form.
    pub(super) fn word(&self, name: &str) -> Option<&str> {
        self.meaning.get(name)?.plain()
    }

    /// The datasets that an indicator's measures read.
    pub(super) fn datasets(&self) -> BTreeSet<&str> {
        // Those of look-ups and prices stand deeper.
        fn named<'c>(value: &'c Canonical, found: &mut BTreeSet<&'c str>) {
            found.extend(value.get("dataset").and_then(Canonical::plain));
            value.entries().for_each(|(_, part)| named(part, found));
        }
        let mut found = BTreeSet::new();
        self.meaning.get("measures").into_iter().for_each(|measures| named(measures, &mut found));
        found
    }

    /// The code lists of a dataset's fields.
    pub(super) fn lists(&self) -> BTreeSet<&str> {
        let fields = self.meaning.get("fields").map_or(&[][..], Canonical::items);
        fields.iter().filter_map(|field| field.get("type")?.plain()?.strip_prefix("code(")?.strip_suffix(')')).collect()
    }
}

/// All sound definitions.
pub(super) fn known<'f>(side: &Side<'f>) -> BTreeMap<Key, Known<'f>> {
    let (catalogue, _) = load_in(side.project, side.files);
    let mut known = BTreeMap::new();
    for (path, bytes) in side.files {
        let Role::Definition(identity) = Role::of(path, side.project) else { continue };
        let Some(meaning) = canonical(&catalogue, identity).and_then(Canonical::parse) else { continue };
        let Ok(text) = text_of(path, bytes) else { continue };
        let mut report = Report::new(path, text);
        let Some(tree) = parse(&mut report) else { continue };
        let root = Cursor::root(&tree, identity.kind.word());
        let (mut table, mut names) = (Table::default(), BTreeSet::new());
        match identity.kind {
            Kind::CodeList => table = table_beside(side, path, &tree),
            Kind::Indicator => {
                names.extend(reference::references(root, &report).into_iter().map(|reference| reference.id));
            }
            Kind::Dataset | Kind::Source | Kind::Pipeline => {}
        }
        let key = (identity.kind, identity.id.to_owned(), identity.version.map(str::to_owned));
        known.insert(key, Known { path, meaning, tree, table, names });
    }
    known
}

/// The canonical form of a definition, if it is sound.
fn canonical<'c>(catalogue: &'c Catalogue, identity: Identity<'_>) -> Option<&'c str> {
    let Identity { kind, id, version, .. } = identity;
    Some(match kind {
        Kind::CodeList => &catalogue.codelists.get(id)?.canonical,
        Kind::Dataset => &catalogue.datasets.get(id)?.canonical,
        Kind::Source => &catalogue.sources.get(id)?.canonical,
        Kind::Indicator => match version {
            None => &catalogue.indicators.get(id)?.canonical,
            Some(version) => &catalogue.versions(id).find(|one| one.version.to_string() == version)?.canonical,
        },
        Kind::Pipeline => &catalogue.pipelines.get(id)?.canonical,
    })
}

/// The table that stands beside a code list. It was read before, so nothing is wrong with it.
fn table_beside(side: &Side<'_>, path: &str, tree: &Node) -> Table {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let spot = written::find(tree, &["rows".to_owned()]);
    let path = format!("{folder}/{}", spot.as_ref().and_then(Spot::text).unwrap_or_default());
    let bytes = side.files.get(&path).map(Vec::as_slice).unwrap_or_default();
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().delimiter(b';').flexible(true).from_reader(bytes);
    let header = reader.headers().cloned().unwrap_or_default();
    let columns = ["code", "valid_from", "title_da", "title_en"];
    let columns = columns.map(|name| header.iter().position(|column| column == name).unwrap_or(usize::MAX));
    let row = |record: csv::StringRecord| {
        let [code, from, da, en] = columns.map(|at| record.get(at).unwrap_or_default().trim().to_owned());
        let line = record.position().map_or(0, csv::Position::line);
        (u32::try_from(line).unwrap_or(0), code, from, format!("{da} / {en}"))
    };
    let rows = reader.records().map_while(Result::ok).map(row).collect();
    Table { path, rows }
}

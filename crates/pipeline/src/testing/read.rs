//! The files that a test names, read once and checked as what stands in the definition was.

use std::collections::BTreeMap;
use std::path::Path;

use definitions::cases::{
    Case, FileName, Given, GivenBytes, Table, TableText, Tested, check_delivered, check_expected, check_given,
};
use model::{Catalogue, Code, Dataset, Diagnostic};

/// The contents of the files that a test names.
#[derive(Debug, Default)]
pub(super) struct Texts {
    tables: BTreeMap<String, Table>,
    bytes: BTreeMap<String, Vec<u8>>,
}

impl Texts {
    /// Reads the files of a test. `expected` says whether the expectations are needed: they are not where they are
    /// written.
    pub(super) fn read(
        root: &Path,
        case: &Case,
        catalogue: &Catalogue,
        expected: bool,
    ) -> Result<Self, Vec<Diagnostic>> {
        let (mut texts, mut findings) = (Self::default(), Vec::new());
        match &case.given {
            Given::Tables(tables) => {
                for given in tables {
                    let Some(dataset) = catalogue.datasets.get(given.dataset.as_str()) else { continue };
                    texts.add(root, given.rows.as_ref(), |table| check_given(table, dataset), &mut findings);
                    texts.add(root, given.delivered.as_ref(), |table| check_delivered(table, dataset), &mut findings);
                }
            }
            Given::Delivery(delivery) => {
                if let GivenBytes::File(name) = &delivery.bytes {
                    match std::fs::read(root.join(&name.path)) {
                        Ok(bytes) => _ = texts.bytes.insert(name.path.clone(), bytes),
                        Err(error) => findings.push(unreadable(name, &error.to_string())),
                    }
                }
            }
        }
        let dataset = dataset_of(case, catalogue);
        let is_there = |text: &&TableText| match text {
            TableText::Inline(_) => true,
            TableText::File(name) => expected || root.join(&name.path).is_file(),
        };
        let rows = case.expect.rows.as_ref().filter(is_there);
        texts.add(root, rows, |table| check_expected(table, case.tested, dataset, catalogue), &mut findings);
        if findings.is_empty() { Ok(texts) } else { Err(findings) }
    }

    fn add(
        &mut self,
        root: &Path,
        text: Option<&TableText>,
        check: impl Fn(&Table) -> Vec<Diagnostic>,
        findings: &mut Vec<Diagnostic>,
    ) {
        let Some(TableText::File(name)) = text else { return };
        let bytes = std::fs::read(root.join(&name.path)).map_err(|error| error.to_string());
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()));
        match text.map(|text| Table::of_file(&name.path, &text)) {
            Ok(Ok(table)) => {
                findings.extend(check(&table));
                self.tables.insert(name.path.clone(), table);
            }
            Ok(Err(found)) => findings.extend(found),
            Err(reason) => findings.push(unreadable(name, &reason)),
        }
    }

    /// A table, wherever it stands.
    pub(super) fn table<'t>(&'t self, text: &'t TableText) -> Option<&'t Table> {
        match text {
            TableText::Inline(table) => Some(table),
            TableText::File(name) => self.tables.get(&name.path),
        }
    }

    /// Whether the expected rows are in a file that is not there.
    pub(super) fn lacks_rows(&self, expect: &definitions::cases::Expect) -> bool {
        expect.rows.as_ref().is_some_and(|rows| self.table(rows).is_none())
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, name: &FileName) -> Vec<u8> {
        self.bytes.get(&name.path).cloned().unwrap_or_default()
    }
}

fn unreadable(name: &FileName, reason: &str) -> Diagnostic {
    Diagnostic::error(Code::UNREADABLE, format!("{} cannot be read: {reason}", name.path)).at(name.place.clone())
}

/// The dataset that a source's rows belong to.
pub(super) fn dataset_of<'c>(case: &Case, catalogue: &'c Catalogue) -> Option<&'c Dataset> {
    let source = catalogue.sources.get(case.id.as_str()).filter(|_| case.tested == Tested::Source)?;
    catalogue.datasets.get(&source.dataset).map(AsRef::as_ref)
}

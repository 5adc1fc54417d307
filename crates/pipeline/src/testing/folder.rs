//! Tests that stand in folders of their own: `fixtures/indicators/<id>/<case>/` (of an
//! older version `<id>@<version>`) and `fixtures/sources/<id>/<case>/`.

use std::path::{Path, PathBuf};

use definitions::cases::{
    Case, Expect, ExpectedReject, ExpectedTally, FileName, Given, GivenBytes, GivenDelivery, GivenTable, Row, Table,
    TableText, Tested,
};
use model::{Catalogue, Code, Diagnostic, Place};

use crate::RunError;

/// The folder below the project that holds folder cases.
const FIXTURES: &str = "fixtures";

/// A folder case, or what is wrong with it.
pub(super) struct Found {
    pub(super) tested: Tested,
    pub(super) id: String,
    /// The version, of an older one.
    pub(super) version: Option<String>,
    pub(super) name: String,
    /// The folder below the project.
    pub(super) folder: String,
    pub(super) case: Result<Case, Vec<Diagnostic>>,
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(RunError::file(folder))? {
        paths.push(entry.map_err(RunError::file(folder))?.path());
    }
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// All folder cases of a project.
pub(super) fn cases(root: &Path, catalogue: &Catalogue) -> Result<Vec<Found>, RunError> {
    let mut found = Vec::new();
    for tested in [Tested::Indicator, Tested::Source] {
        for owner in entries(&root.join(FIXTURES).join(tested.folder()))? {
            for path in entries(&owner)?.into_iter().filter(|path| path.is_dir()) {
                let (owner, name) = (name(&owner), name(&path));
                let (id, version) = owner.split_once('@').map_or((&*owner, None), |(id, one)| (id, Some(one)));
                let folder = format!("{FIXTURES}/{}/{owner}/{name}", tested.folder());
                let reader = Reader { root, tested, id, version, name: &name, folder: &folder, files: files(&path)? };
                let case = match tested {
                    Tested::Indicator => reader.indicator(catalogue),
                    Tested::Source => reader.source(),
                };
                let (id, version) = (id.to_owned(), version.map(str::to_owned));
                found.push(Found { tested, id, version, name, folder, case });
            }
        }
    }
    Ok(found)
}

fn files(folder: &Path) -> Result<Vec<String>, RunError> {
    Ok(entries(folder)?.iter().filter(|path| path.is_file()).map(|path| name(path)).collect())
}

struct Reader<'a> {
    root: &'a Path,
    tested: Tested,
    id: &'a str,
    version: Option<&'a str>,
    name: &'a str,
    folder: &'a str,
    files: Vec<String>,
}

impl Reader<'_> {
    fn file(&self, name: &str) -> FileName {
        let path = format!("{}/{name}", self.folder);
        FileName { place: Place::file(&path), path }
    }

    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|known| known == name)
    }

    /// A table of the folder; `None` if there is no such file.
    fn table(&self, name: &str) -> Result<Option<Table>, Vec<Diagnostic>> {
        if !self.has(name) {
            return Ok(None);
        }
        let FileName { path, place } = self.file(name);
        let text = std::fs::read_to_string(self.root.join(&path))
            .map_err(|error| vec![Diagnostic::error(Code::UNREADABLE, format!("{path}: {error}")).at(place)])?;
        Table::of_file(&path, &text).map(Some)
    }

    fn case(&self, given: Given, mut expect: Expect) -> Case {
        // Without an answer there still is a place for it.
        expect.rows = expect.error.is_none().then(|| TableText::File(self.file("expected.csv")));
        Case {
            tested: self.tested,
            id: self.id.to_owned(),
            version: self.version.map(str::to_owned),
            name: self.name.to_owned(),
            place: Place::file(self.folder),
            given,
            expect,
        }
    }

    fn indicator(&self, catalogue: &Catalogue) -> Result<Case, Vec<Diagnostic>> {
        let delivered = self.table("delivered.csv")?;
        let mut tables = Vec::new();
        for id in catalogue.datasets.keys() {
            let file = format!("{id}.csv");
            let rows = self.has(&file).then(|| TableText::File(self.file(&file)));
            let delivered = delivered.as_ref().and_then(|table| part(table, id.as_str())).map(TableText::Inline);
            if rows.is_some() || delivered.is_some() {
                tables.push(GivenTable { dataset: id.to_string(), rows, delivered });
            }
        }
        let rejects = self.rejects()?;
        Ok(self.case(Given::Tables(tables), Expect { rejects, ..Expect::default() }))
    }

    fn source(&self) -> Result<Case, Vec<Diagnostic>> {
        let wrong = |message: &str| {
            let place = Place::file(format!("{}/case.yaml", self.folder));
            vec![Diagnostic::error(Code::MISSING_KEY, message).at(place)]
        };
        let path = self.root.join(self.folder).join("case.yaml");
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&format!("case.yaml: {error}")))?;
        let value =
            |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned());
        let name =
            value("name:").ok_or_else(|| wrong("`name:`, the delivery's path below the drop folder, is missing"))?;
        let input = self.files.iter().find(|file| file.starts_with("input."));
        let input = input.ok_or_else(|| wrong("the delivery's bytes, `input.*`, are missing"))?;
        let delivery = GivenDelivery { name, bytes: GivenBytes::File(self.file(input)) };
        let error = value("error:").and_then(|code| Code::parse(&code));
        let tally = self.table("tally.csv")?.as_ref().and_then(tally);
        let expect = Expect { rejects: self.rejects()?, tally, error, ..Expect::default() };
        Ok(self.case(Given::Delivery(delivery), expect))
    }

    fn rejects(&self) -> Result<Option<Vec<ExpectedReject>>, Vec<Diagnostic>> {
        let Some(table) = self.table("rejected.csv")? else { return Ok(None) };
        let text = |row: &Row, name: &str| table.column(name).map(|at| row.cells[at].text.clone());
        let reject = |row: &Row| ExpectedReject {
            dataset: text(row, "dataset"),
            line: text(row, "line").and_then(|text| text.parse().ok()),
            record: text(row, "record").and_then(|text| text.parse().ok()),
            column: text(row, "column"),
            code: text(row, "code").and_then(|text| Code::parse(&text)),
        };
        Ok(Some(table.rows.iter().map(reject).collect()))
    }
}

/// The rows of `delivered.csv` that are about a dataset, without the column that says so.
fn part(table: &Table, dataset: &str) -> Option<Table> {
    let at = table.column("dataset")?;
    let mut part = table.clone();
    part.header.remove(at);
    part.rows.retain(|row| row.cells[at].text == dataset);
    part.rows.iter_mut().for_each(|row| _ = row.cells.remove(at));
    (!part.rows.is_empty()).then_some(part)
}

fn tally(table: &Table) -> Option<ExpectedTally> {
    let row = table.rows.first()?;
    let text = |name: &str| table.column(name).map(|at| row.cells[at].text.as_str());
    let count = |name: &str| text(name).and_then(|text| text.parse().ok());
    let skipped = text("skipped").map(|text| {
        let rules = text.split(',').filter_map(|rule| rule.split_once('='));
        rules.filter_map(|(rule, rows)| Some((rule.to_owned(), rows.parse().ok()?))).collect()
    });
    Some(ExpectedTally { read: count("read"), accepted: count("accepted"), rejected: count("rejected"), skipped })
}

//! Tests of definitions: given rows and expected figures, given bytes and expected rows; offline and without a store.
//!
//! A test goes the way of a run: the reader, the harmoniser, canonical Parquet in a folder that is thrown away, measures
//! and figures. There is no second engine for tests. Where to start: [`test()`].

mod compare;
mod coverage;
mod delivery;
mod folder;
mod given;
mod indicator;
mod pattern;
mod read;
mod report;
mod source;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use definitions::cases::{self, Case, Expect, Given, Tested};
use model::{Catalogue, Code, Diagnostic, RowTally};

use self::compare::{FoundReject, Grid, Rules};
use self::coverage::Sightings;
use self::read::Texts;
pub use self::report::{
    CaseResult, CellDifference, CoverageReport, Difference, DifferenceKind, Gap, TestReport, Verdict,
};
use crate::{Project, RunError};

/// Which tests are carried out, and what else is done.
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    /// Ids, areas, or patterns with `*`; all tests if there are none.
    pub select: Vec<String>,
    /// Write what is found as what is expected.
    pub write: bool,
    /// Say too what no test has shown.
    pub coverage: bool,
}

/// Carries out the tests of a project's definitions.
pub fn test(project: &Project, options: &TestOptions) -> Result<TestReport, RunError> {
    let catalogue = &project.catalogue;
    let owners = owners(project);
    let area = |tested: Tested, id: &str| owners.get(&(tested, id.to_owned())).cloned().unwrap_or_default();
    let selected = |tested: Tested, id: &str| {
        let area = area(tested, id);
        options.select.is_empty() || options.select.iter().any(|wanted| matches(wanted, id, &area))
    };
    check_selection(options, &owners)?;
    let mut tests = Vec::new();
    for case in cases::cases(&project.configuration, &project.files, catalogue) {
        let home = Home { file: case.place.file.clone(), line: case.place.line, folder: false };
        let (id, version, name) = (case.id.clone(), case.version.clone(), case.name.clone());
        tests.push(Test { tested: case.tested, id, version, name, home, case: Ok(case) });
    }
    for folder::Found { tested, id, version, name, folder, case } in folder::cases(&project.root, catalogue)? {
        let home = Home { file: folder, line: 0, folder: true };
        tests.push(Test { tested, id, version, name, home, case });
    }
    tests.retain(|test| selected(test.tested, &test.id));
    tests.sort_by(|a, b| {
        let key = |test: &Test| (test.tested, test.definition(), test.home.folder, test.home.line);
        key(a).cmp(&key(b))
    });
    let mut sightings = Sightings::default();
    let mut edits = write::Edits::default();
    let mut report = TestReport::default();
    let mut demanded = BTreeSet::new();
    for test in &tests {
        let one = One { project, options, test };
        let (verdict, differences, diagnostics) = one.result(&mut sightings, &mut edits)?;
        let refused = test.case.as_ref().ok().filter(|_| verdict == Verdict::Passed).and_then(|case| case.expect.error);
        demanded.extend(refused.map(|code| (test.home.file.clone(), code)));
        report.cases.push(CaseResult {
            kind: test.tested.word(),
            definition: test.definition(),
            area: area(test.tested, &test.id),
            name: test.name.clone(),
            file: test.home.file.clone(),
            line: test.home.line,
            verdict,
            differences,
            diagnostics,
        });
    }
    edits.carry_out(project)?;
    report.errors = errors(project, &demanded);
    if options.coverage {
        let wanted = owners.keys().filter(|(tested, id)| selected(*tested, id));
        report.coverage = Some(sightings.report(catalogue, wanted));
    }
    Ok(report)
}

/// What is wrong with the definitions. One that is refused is no mistake where a test demands just that.
fn errors(project: &Project, demanded: &BTreeSet<(String, Code)>) -> Vec<Diagnostic> {
    let folder = format!("{}/", project.configuration.definitions);
    let counts = |finding: &&Diagnostic| {
        let place = finding.place.as_ref().filter(|place| place.file.starts_with(&folder));
        place.is_some_and(|place| finding.is_error() && !demanded.contains(&(place.file.clone(), finding.code)))
    };
    project.diagnostics.iter().filter(counts).cloned().collect()
}

/// The folder (area or vendor) of every current source and indicator, by the paths of their files.
fn owners(project: &Project) -> BTreeMap<(Tested, String), String> {
    let mut owners = BTreeMap::new();
    for path in project.files.keys() {
        let below = path.strip_prefix(&project.configuration.definitions).and_then(|rest| rest.strip_prefix('/'));
        let parts: Vec<&str> = below.unwrap_or_default().split('/').collect();
        let [kind, folder, file] = parts.as_slice() else { continue };
        let Some(id) = file.strip_suffix(".yaml").filter(|id| !id.contains('@')) else { continue };
        for tested in [Tested::Indicator, Tested::Source].into_iter().filter(|tested| tested.folder() == *kind) {
            owners.insert((tested, id.to_owned()), (*folder).to_owned());
        }
    }
    owners
}

/// Whether somebody means this definition.
fn matches(wanted: &str, id: &str, area: &str) -> bool {
    [id, area, &format!("{area}/{id}")].iter().any(|text| fits(wanted, text))
}

/// Whether the text fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, rest)) => text.strip_prefix(before).is_some_and(|text| {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| fits(rest, &text[at..]))
        }),
    }
}

fn check_selection(options: &TestOptions, owners: &BTreeMap<(Tested, String), String>) -> Result<(), RunError> {
    let nobody = options.select.iter().find(|wanted| !owners.iter().any(|((_, id), area)| matches(wanted, id, area)));
    nobody.map_or(Ok(()), |wanted| {
        Err(RunError::Usage {
            code: Code::UNKNOWN_REFERENCE,
            message: format!("no source, indicator or area is called `{wanted}`"),
            help: "select by id, by area or vendor (the folder), or with `*`: 'school*'".to_owned(),
        })
    })
}

/// Where a test stands.
struct Home {
    /// The definition's file, or the folder.
    file: String,
    line: u32,
    folder: bool,
}

struct Test {
    tested: Tested,
    id: String,
    /// The version, of an older one.
    version: Option<String>,
    name: String,
    home: Home,
    case: Result<Case, Vec<Diagnostic>>,
}

impl Test {
    fn definition(&self) -> String {
        cases::named(&self.id, self.version.as_deref())
    }
}

/// What a test came to.
struct Found {
    rows: Grid,
    keys: Vec<String>,
    usual: Vec<String>,
    rejects: Vec<FoundReject>,
    tally: Option<RowTally>,
}

/// What a test came to, or why there is nothing.
enum Ended {
    Found(Found),
    Refused(Diagnostic),
}

type Result3 = (Verdict, Vec<Difference>, Vec<Diagnostic>);

fn broken(diagnostics: Vec<Diagnostic>) -> Result3 {
    (Verdict::Broken, Vec::new(), diagnostics)
}

/// A test that is being carried out.
struct One<'a> {
    project: &'a Project,
    options: &'a TestOptions,
    test: &'a Test,
}

impl One<'_> {
    fn result(&self, sightings: &mut Sightings, edits: &mut write::Edits) -> Result<Result3, RunError> {
        let case = match &self.test.case {
            Ok(case) => case,
            Err(diagnostics) => return Ok(broken(diagnostics.clone())),
        };
        if !is_sound(case, &self.project.catalogue) {
            return Ok(self.unsound(case));
        }
        let says_something = case.expect.rows.is_some() || case.expect.rejects.is_some() || case.expect.tally.is_some();
        if !says_something && case.expect.error.is_none() && !self.options.write {
            let finding = Diagnostic::error(Code::MISSING_KEY, "the test expects nothing").at(case.place.clone());
            return Ok(broken(vec![finding.with_help("add `expect:`, or let `--write` do it")]));
        }
        let texts = Texts::read(&self.project.root, case, &self.project.catalogue, !self.options.write);
        let texts = match texts {
            Ok(texts) => texts,
            Err(diagnostics) => return Ok(broken(diagnostics)),
        };
        let found = match self.ended(case, &texts, sightings)? {
            Ended::Refused(finding) if case.expect.error == Some(finding.code) => {
                return Ok((Verdict::Passed, Vec::new(), Vec::new()));
            }
            Ended::Refused(finding) if case.expect.error.is_some() => {
                return Ok((Verdict::Failed, vec![refusal(&case.expect, &finding.code.to_string())], vec![finding]));
            }
            Ended::Refused(finding) => return Ok(broken(vec![finding])),
            Ended::Found(_) if case.expect.error.is_some() => {
                return Ok((Verdict::Failed, vec![refusal(&case.expect, "")], Vec::new()));
            }
            Ended::Found(found) => found,
        };
        let differences = differences(&case.expect, &texts, &found);
        if !self.options.write {
            let verdict = if differences.is_empty() { Verdict::Passed } else { Verdict::Failed };
            return Ok((verdict, differences, Vec::new()));
        }
        let complete = says_something && (!self.test.home.folder || !texts.lacks_rows(&case.expect));
        if differences.is_empty() && complete {
            return Ok((Verdict::Passed, Vec::new(), Vec::new()));
        }
        Ok(match edits.plan(self.test, case, &texts, &found) {
            Ok(()) => (Verdict::Written, Vec::new(), Vec::new()),
            Err(finding) => (Verdict::Failed, differences, vec![finding]),
        })
    }

    /// The verdict on a definition that cannot be used.
    fn unsound(&self, case: &Case) -> Result3 {
        let mut findings: Vec<Diagnostic> =
            self.project.diagnostics.iter().filter(|one| one.is_error()).cloned().collect();
        let here = |one: &Diagnostic| one.place.as_ref().is_some_and(|place| place.file == case.place.file);
        if case.expect.error.is_some_and(|code| findings.iter().any(|one| one.code == code && here(one))) {
            return (Verdict::Passed, Vec::new(), Vec::new());
        }
        if findings.iter().any(here) {
            findings.retain(here);
        }
        if findings.is_empty() {
            let message = format!("there is no {} `{}`", case.tested.word(), case.definition());
            findings.push(Diagnostic::error(Code::UNKNOWN_REFERENCE, message).at(case.place.clone()));
        }
        broken(findings)
    }

    fn ended(&self, case: &Case, texts: &Texts, sightings: &mut Sightings) -> Result<Ended, RunError> {
        let refused = |code: Code, message: String, help: String| {
            Ended::Refused(Diagnostic::error(code, message).at(case.place.clone()).with_help(help))
        };
        let ended = self.carried_out(case, texts, sightings);
        match ended {
            Err(RunError::Usage { code, message, help }) => Ok(refused(code, message, help)),
            Err(RunError::Compute(error @ normaliser::ComputeError::Overflow { .. })) => {
                let remedy = Code::FIGURE_OVERFLOW.info().remedy.to_owned();
                Ok(refused(Code::FIGURE_OVERFLOW, error.to_string(), remedy))
            }
            other => other,
        }
    }

    fn carried_out(&self, case: &Case, texts: &Texts, sightings: &mut Sightings) -> Result<Ended, RunError> {
        let catalogue = &self.project.catalogue;
        let expected = case.expect.rows.as_ref().and_then(|table| texts.table(table));
        let columns: Vec<String> =
            expected.map(|table| table.header.iter().map(|cell| cell.text.clone()).collect()).unwrap_or_default();
        if let Some(indicator) = case.indicator(catalogue).filter(|_| is_given(case, Tested::Indicator)) {
            let outcome = indicator::run(case, texts, indicator, catalogue, self.options.coverage)?;
            sightings.indicator(indicator, &outcome, case, expected);
            let (keys, usual) = (indicator::keys(&outcome.figures), indicator::usual_columns(&outcome.figures));
            let rows = indicator::about(&outcome.figures, &columns);
            return Ok(Ended::Found(Found { rows, keys, usual, rejects: outcome.rejects, tally: None }));
        }
        let source = catalogue.sources.get(case.id.as_str()).filter(|_| is_given(case, Tested::Source));
        let dataset = read::dataset_of(case, catalogue);
        let Some((source, dataset)) = source.zip(dataset) else {
            return Err(RunError::Internal(format!("`{}` was thought to be sound", case.id)));
        };
        match source::run(case, texts, source, dataset, catalogue)? {
            Ok(outcome) => {
                sightings.source(source, dataset, &outcome);
                let (keys, usual) = (source::keys(dataset, &columns), outcome.rows.columns.clone());
                let source::Outcome { rows, rejects, tally, .. } = outcome;
                Ok(Ended::Found(Found { rows, keys, usual, rejects, tally: Some(tally) }))
            }
            Err(refusal) => {
                sightings.refused(source);
                let help = refusal.help.unwrap_or_else(|| refusal.code.info().remedy.to_owned());
                let finding = Diagnostic::error(refusal.code, refusal.message).at(case.place.clone());
                Ok(Ended::Refused(finding.with_help(help)))
            }
        }
    }
}

fn is_given(case: &Case, tested: Tested) -> bool {
    case.tested == tested && matches!(case.given, Given::Tables(_)) == (tested == Tested::Indicator)
}

fn is_sound(case: &Case, catalogue: &Catalogue) -> bool {
    match case.tested {
        Tested::Indicator => case.indicator(catalogue).is_some(),
        Tested::Source => read::dataset_of(case, catalogue).is_some(),
    }
}

fn refusal(expect: &Expect, found: &str) -> Difference {
    let expected = expect.error.map(|code| code.to_string()).unwrap_or_default();
    let cell = CellDifference { column: "code".to_owned(), expected, found: found.to_owned() };
    let (kind, key) = (DifferenceKind::Different, Vec::new());
    Difference { of: "error", kind, line: None, key, cells: vec![cell], note: None }
}

fn differences(expect: &Expect, texts: &Texts, found: &Found) -> Vec<Difference> {
    let mut differences = Vec::new();
    if let Some(table) = expect.rows.as_ref().and_then(|table| texts.table(table)) {
        let rules = Rules { keys: &found.keys, subset: expect.subset, tolerance: expect.tolerance };
        differences.extend(compare::rows(table, &found.rows, rules));
    }
    // A given row that disappears is a mistake of the test, unless it says so.
    let silent = expect.rejects.is_none() && found.tally.is_some();
    if !silent {
        let wanted = expect.rejects.as_deref().unwrap_or_default();
        differences.extend(compare::rejects(wanted, &found.rejects, expect.subset));
    }
    if let (Some(expected), Some(found)) = (&expect.tally, &found.tally) {
        differences.extend(compare::tally(expected, found));
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, expected) in [
            ("pupils", "pupils", true),
            ("pupils", "pupils_per_class", false),
            ("pupils*", "pupils_per_class", true),
            ("*_per_*", "pupils_per_class", true),
            ("school/*", "school/pupils", true),
            ("*class", "pupils_per_classes", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}

//! Findings for people: as a compiler would show them.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use model::{Diagnostic, Place, Severity};
use pipeline::Project;

use super::{Finding, Findings};
use crate::environment;
use crate::render::{note, printable, printable_text};

/// Writes the findings to standard error.
pub(crate) fn show(found: &[Diagnostic], files: &BTreeMap<String, Vec<u8>>) {
    show_all(&found.iter().map(Finding::from).collect::<Vec<_>>(), files);
}

/// As [`show`], for findings of any rule.
pub(crate) fn show_all(found: &[Finding], files: &BTreeMap<String, Vec<u8>>) {
    let renderer = if environment::coloured() { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut texts = Texts::new(files);
    for finding in found {
        note(&format!("{}\n", texts.rendered(finding, &renderer)));
    }
}

/// The findings and the summary, without colour.
pub(crate) fn plain(findings: &Findings<'_>) -> String {
    let renderer = Renderer::plain().decor_style(DecorStyle::Ascii);
    let mut texts = Texts::new(findings.files);
    let found: String = findings.shown.iter().map(|finding| texts.rendered(finding, &renderer) + "\n\n").collect();
    found + &findings.summary
}

/// The texts of files as they are shown, each made when it is first needed: a broken project can have many findings.
struct Texts<'f> {
    files: &'f BTreeMap<String, Vec<u8>>,
    shown: BTreeMap<&'f str, String>,
}

impl<'f> Texts<'f> {
    fn new(files: &'f BTreeMap<String, Vec<u8>>) -> Self {
        Self { files, shown: BTreeMap::new() }
    }

    fn rendered(&mut self, finding: &Finding, renderer: &Renderer) -> String {
        let file = finding.place.as_ref().and_then(|place| self.files.get_key_value(&place.file));
        let text =
            file.map(|(path, bytes)| self.shown.entry(path.as_str()).or_insert_with(|| printable_text(bytes)).as_str());
        rendered(finding, text, renderer)
    }
}

fn rendered(finding: &Finding, text: Option<&str>, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Fatal | Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let code = finding.rule.id.clone();
    let message = printable(&finding.message);
    let mut group = Group::with_title(level.primary_title(message.as_str()).id(code.as_str()));
    if let Some(place) = &finding.place {
        match text.and_then(|text| Some((text, span(text, place)?))) {
            Some((text, at)) => {
                let mut snippet = Snippet::source(text).path(place.file.as_str());
                snippet = snippet.annotation(AnnotationKind::Primary.span(at));
                for (other, label) in finding.related.iter().filter(|(other, _)| other.file == place.file) {
                    if let Some(at) = span(text, other) {
                        snippet = snippet.annotation(AnnotationKind::Context.span(at).label(printable(label)));
                    }
                }
                group = group.element(snippet);
            }
            None => group = group.element(annotate_snippets::Origin::path(place.file.as_str())),
        }
    }
    for (place, label) in elsewhere(finding) {
        let said = format!("{label}: {}:{}:{}", place.file, place.line, place.column);
        group = group.element(Level::NOTE.message(printable(&said)));
    }
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(printable(note)));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    let groups: [Group<'_>; 1] = [group];
    renderer.render(&groups)
}

fn elsewhere(finding: &Finding) -> impl Iterator<Item = &(Place, String)> {
    let here = finding.place.as_ref().map(|place| place.file.as_str());
    finding.related.iter().filter(move |(place, _)| Some(place.file.as_str()) != here)
}

/// The bytes that a place means.
fn span(text: &str, place: &Place) -> Option<Range<usize>> {
    let line_number = place.line.checked_sub(1)? as usize;
    let start = text.split_inclusive('\n').take(line_number).map(str::len).sum::<usize>();
    let line = text.get(start..)?.split('\n').next()?;
    let character = |at: usize| line.char_indices().nth(at).map_or(line.len(), |(byte, _)| byte);
    let column = place.column.saturating_sub(1) as usize;
    let (from, to) = if place.column == 0 {
        (0, line.len())
    } else {
        (character(column), character(column + place.length.max(1) as usize))
    };
    Some(start + from..start + to.max(from))
}

/// One line that says what was checked and found.
pub(crate) fn summary(project: &Project) -> String {
    let catalogue = &project.catalogue;
    let errors = project.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = project.diagnostics.len() - errors;
    let known = format!(
        "code lists {}, datasets {}, sources {}, indicators {}, pipelines {}",
        catalogue.codelists.len(),
        catalogue.datasets.len(),
        catalogue.sources.len(),
        catalogue.indicators.len(),
        catalogue.pipelines.len()
    );
    match (errors, warnings) {
        (0, 0) => format!("sound: {known}"),
        (0, _) => format!("sound, with {warnings} warning(s): {known}"),
        _ => format!("{errors} error(s), {warnings} warning(s); without them: {known}"),
    }
}

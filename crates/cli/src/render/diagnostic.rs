//! Findings about definitions: as a compiler would show them, or as JSON.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use model::{Diagnostic, Place, Severity};
use pipeline::{Project, RunError};
use serde_json::json;

use crate::environment;

/// Writes the findings to standard error.
pub(crate) fn show(diagnostics: &[Diagnostic], files: &BTreeMap<String, Vec<u8>>) {
    let renderer = if environment::coloured() { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    for diagnostic in diagnostics {
        super::note(&format!("{}\n", rendered(diagnostic, files, &renderer)));
    }
}

fn rendered(diagnostic: &Diagnostic, files: &BTreeMap<String, Vec<u8>>, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Fatal | Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let code = diagnostic.code.to_string();
    let message = super::printable(&diagnostic.message);
    let texts: BTreeMap<&str, String> =
        files.iter().map(|(path, bytes)| (path.as_str(), super::printable_text(bytes))).collect();
    let mut group = Group::with_title(level.primary_title(message.as_str()).id(code.as_str()));
    if let Some(place) = &diagnostic.place {
        match texts.get(place.file.as_str()).and_then(|text| Some((text, span(text, place)?))) {
            Some((text, at)) => {
                let mut snippet = Snippet::source(text.as_str()).path(place.file.as_str());
                snippet = snippet.annotation(AnnotationKind::Primary.span(at));
                for (other, label) in diagnostic.related.iter().filter(|(other, _)| other.file == place.file) {
                    if let Some(at) = span(text, other) {
                        snippet = snippet.annotation(AnnotationKind::Context.span(at).label(label.as_str()));
                    }
                }
                group = group.element(snippet);
            }
            None => group = group.element(annotate_snippets::Origin::path(place.file.as_str())),
        }
    }
    for (place, label) in elsewhere(diagnostic) {
        let said = format!("{label}: {}:{}:{}", place.file, place.line, place.column);
        group = group.element(Level::NOTE.message(said));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(super::printable(help)));
    }
    let groups: [Group<'_>; 1] = [group];
    renderer.render(&groups)
}

fn elsewhere(diagnostic: &Diagnostic) -> impl Iterator<Item = &(Place, String)> {
    let here = diagnostic.place.as_ref().map(|place| place.file.as_str());
    diagnostic.related.iter().filter(move |(place, _)| Some(place.file.as_str()) != here)
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

/// The findings as JSON: one list.
pub(crate) fn json(diagnostics: &[Diagnostic]) -> Result<String, RunError> {
    let place =
        |place: &Place| json!({"file": place.file, "line": place.line, "column": place.column, "length": place.length});
    let one = |diagnostic: &Diagnostic| {
        json!({
            "code": diagnostic.code.to_string(),
            "name": diagnostic.code.name(),
            "severity": diagnostic.severity.as_str(),
            "message": diagnostic.message,
            "place": diagnostic.place.as_ref().map(place),
            "related": diagnostic.related.iter().map(|(at, label)| json!({"place": place(at), "label": label})).collect::<Vec<_>>(),
            "help": diagnostic.help,
        })
    };
    super::json(&diagnostics.iter().map(one).collect::<Vec<_>>())
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

//! `musketer.yaml`: where the project's things are.

use model::{Code, Diagnostic, PageCompression, PipelineId};

use crate::difference::{Rule, rule_named};
use crate::vocabulary;
use crate::words::path_below;
use crate::yaml::{Cursor, Report, parse, text_of};

/// Where the project keeps its things. All paths are relative to the folder of `musketer.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The pipeline that runs when none is named.
    pub pipeline: Option<PipelineId>,
    /// The folder of the store.
    pub store: String,
    /// The folder of the definitions.
    pub definitions: String,
    /// The folder of the pipelines.
    pub pipelines: String,
    /// Where the key for pseudonyms comes from.
    pub persons: Option<PersonKeySource>,
    /// How canonical tables are compressed.
    pub canonical: PageCompression,
    /// Changes that are let pass when definitions are compared.
    pub exceptions: Vec<Exception>,
    /// What runs leave for those who watch them.
    pub observability: Observability,
    /// What `gc` removes, and when.
    pub retention: Retention,
}

/// What runs leave for those who watch them, wherever the command line does not say otherwise. Places may lie outside of
/// the project, unlike all others: the folder of a collector does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observability {
    /// Whether every run leaves a report in the store.
    pub reports: bool,
    /// The file for Prometheus.
    pub metrics: Option<String>,
    /// The file or address for `OpenLineage`.
    pub lineage: Option<String>,
    /// The namespace of what `OpenLineage` is told about.
    pub namespace: String,
}

impl Default for Observability {
    fn default() -> Self {
        Self { reports: true, metrics: None, lineage: None, namespace: "musketer".to_owned() }
    }
}

/// For how many days is kept what nobody can ask for any more, or what only its history needs. Without a number it is
/// kept for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Reports of runs.
    pub reports: Option<u32>,
    /// Copies of the database that upgrades made.
    pub upgrade_copies: Option<u32>,
    /// The bytes of deliveries in whose place others hold. Without them a retraction cannot bring them back.
    pub superseded_deliveries: Option<u32>,
    /// Bytes in the raw archive that no delivery names.
    pub unreferenced_deliveries: Option<u32>,
}

/// A change of a definition that is let pass, though figures change under an old version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The rule of the change.
    pub rule: String,
    /// The id of the definition; of an older version, with `@` and its number.
    pub definition: String,
    /// Why.
    pub reason: String,
}

/// Where the key for pseudonyms comes from. It is never written into a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonKeySource {
    /// A file below the project.
    File {
        /// Its path.
        path: String,
        /// Whether it is made when it is missing.
        create: bool,
    },
    /// A file in the folder that systemd hands credentials over in.
    Credential {
        /// Its name.
        name: String,
    },
}

impl PersonKeySource {
    /// The same key, not to be made where it is missing.
    #[must_use]
    pub fn existing(&self) -> Self {
        match self {
            Self::File { path, .. } => Self::File { path: path.clone(), create: false },
            Self::Credential { name } => Self::Credential { name: name.clone() },
        }
    }
}

impl Default for Project {
    fn default() -> Self {
        Self {
            pipeline: None,
            store: "store".to_owned(),
            definitions: "definitions".to_owned(),
            pipelines: "pipelines".to_owned(),
            persons: None,
            canonical: PageCompression::default(),
            exceptions: Vec::new(),
            observability: Observability::default(),
            retention: Retention::default(),
        }
    }
}

/// Reads `musketer.yaml`. `path` is how messages name the file. What is broken takes its default, so that the other
/// files can still be checked; whether to go on at all is for the caller to decide by the diagnostics.
pub fn load_project(path: &str, bytes: &[u8]) -> (Project, Vec<Diagnostic>) {
    match text_of(path, bytes) {
        Ok(text) => {
            let mut report = Report::new(path, text);
            let project = parse(&mut report).and_then(|root| read(Cursor::root(&root, "musketer.yaml"), &mut report));
            (project.unwrap_or_default(), report.into_findings())
        }
        Err(diagnostic) => (Project::default(), vec![diagnostic]),
    }
}

fn read(root: Cursor<'_>, report: &mut Report<'_>) -> Option<Project> {
    let mut keys = root.keys(&vocabulary::PROJECT, report)?;
    let pipeline = keys.take("pipeline").and_then(|cursor| cursor.id(report, PipelineId::new));
    let mut folder = |key, default: &str| {
        let path = keys.take(key).and_then(|cursor| path_below(cursor, report));
        path.map_or(default.to_owned(), |path| path.value.trim_end_matches('/').to_owned())
    };
    let (store, definitions) = (folder("store", "store"), folder("definitions", "definitions"));
    let pipelines = folder("pipelines", "pipelines");
    let persons = keys.take("persons").and_then(|cursor| persons(cursor, report));
    let compressions =
        [("zstd", PageCompression::Zstd), ("snappy", PageCompression::Snappy), ("none", PageCompression::None)];
    let canonical = keys.take("canonical").and_then(|cursor| cursor.choice(report, &compressions)).unwrap_or_default();
    let exceptions = keys.take("exceptions").and_then(|cursor| cursor.items(report)).unwrap_or_default();
    let exceptions = exceptions.into_iter().filter_map(|item| exception(item, report)).collect();
    let observability = keys.take("observability").and_then(|cursor| observability(cursor, report));
    let retention = keys.take("retention").and_then(|cursor| retention(cursor, report));
    keys.finish(report);
    Some(Project {
        pipeline: pipeline.map(|id| id.value),
        store,
        definitions,
        pipelines,
        persons,
        canonical,
        exceptions,
        observability: observability.unwrap_or_default(),
        retention: retention.unwrap_or_default(),
    })
}

fn observability(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Observability> {
    let usual = Observability::default();
    let mut keys = cursor.keys(&vocabulary::OBSERVABILITY, report)?;
    let reports = keys.take("reports").and_then(|cursor| cursor.boolean(report)).unwrap_or(usual.reports);
    let mut text = |key| keys.take(key).and_then(|cursor| cursor.some_text(report)).map(|text| text.value);
    let (metrics, lineage, namespace) = (text("metrics"), text("lineage"), text("namespace"));
    keys.finish(report);
    Some(Observability { reports, metrics, lineage, namespace: namespace.unwrap_or(usual.namespace) })
}

fn retention(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Retention> {
    let mut keys = cursor.keys(&vocabulary::RETENTION, report)?;
    let mut days = |key| keys.take(key).and_then(|cursor| cursor.integer(report, vocabulary::DAYS));
    let (reports, upgrade_copies) = (days("reports"), days("upgrade_copies"));
    let (superseded_deliveries, unreferenced_deliveries) =
        (days("superseded_deliveries"), days("unreferenced_deliveries"));
    keys.finish(report);
    Some(Retention { reports, upgrade_copies, superseded_deliveries, unreferenced_deliveries })
}

fn exception(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Exception> {
    let mut keys = cursor.keys(&vocabulary::EXCEPTION, report)?;
    let rule = keys.need("rule", report).and_then(|cursor| cursor.some_text(report));
    let definition = keys.need("definition", report).and_then(|cursor| cursor.some_text(report));
    let reason = keys.need("reason", report).and_then(|cursor| cursor.some_text(report));
    keys.finish(report);
    let (rule, definition, reason) = (rule?, definition?.value, reason?.value);
    if rule_named(&rule.value).is_none() {
        report
            .error(Code::INVALID_VALUE, rule.span, format!("there is no rule `{}`", rule.value))
            .did_you_mean(&rule.value, Rule::all().map(|rule| rule.id));
        return None;
    }
    Some(Exception { rule: rule.value, definition, reason })
}

fn persons(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<PersonKeySource> {
    let mut keys = cursor.keys(&vocabulary::PERSONS, report)?;
    let (key, create, credential) = (keys.take("key"), keys.take("create"), keys.take("credential"));
    keys.finish(report);
    match (key, credential) {
        (Some(key), None) => {
            let create = create.map(|create| create.boolean(report));
            let path = path_below(key, report)?.value;
            Some(PersonKeySource::File { path, create: create.unwrap_or(Some(false))? })
        }
        (None, Some(credential)) => {
            if let Some(create) = create {
                report.error(Code::UNKNOWN_KEY, create.at, "a credential is made by systemd, so it has no `create`");
            }
            credential_name(credential, report).map(|name| PersonKeySource::Credential { name })
        }
        _ => {
            report
                .error(Code::INVALID_VALUE, cursor.at, "`persons` names either a `key` file or a `credential`")
                .help("write {key: keys/person.key, create: true}, or {credential: musketer-person-key}");
            None
        }
    }
}

fn credential_name(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<String> {
    let name = path_below(cursor, report)?;
    if name.value.contains('/') {
        report.error(Code::PATH_ESCAPE, name.span, "a credential is a file name without folders");
        return None;
    }
    Some(name.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_default() {
        let (project, findings) = load_project("musketer.yaml", b"pipeline: example\n");
        assert!(findings.is_empty());
        let expected = Project { pipeline: PipelineId::new("example").ok(), ..Project::default() };
        assert_eq!(project, expected);
    }

    #[test]
    fn keys_are_files_below_the_project_or_credentials() {
        let (project, findings) = load_project("musketer.yaml", b"persons: {key: keys/person.key, create: true}\n");
        assert!(findings.is_empty());
        let path = "keys/person.key".to_owned();
        assert_eq!(project.persons, Some(PersonKeySource::File { path, create: true }));
        assert_eq!(load_project("musketer.yaml", b"canonical: snappy\n").0.canonical, PageCompression::Snappy);
        assert_eq!(load_project("musketer.yaml", b"# all defaults\n"), (Project::default(), Vec::new()));
        let watched = b"observability: {reports: false, metrics: /var/m.prom, lineage: 'https://a.example/'}\nretention: {reports: 90}\n";
        let (project, findings) = load_project("musketer.yaml", watched);
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!((project.observability.reports, project.observability.namespace.as_str()), (false, "musketer"));
        assert_eq!(project.observability.metrics.as_deref(), Some("/var/m.prom"));
        assert_eq!(project.retention, Retention { reports: Some(90), ..Retention::default() });
        for (text, code) in [
            ("retention: {reports: 0}", Code::INVALID_VALUE),
            ("retention: {raw: 10}", Code::UNKNOWN_KEY),
            ("observability: {metrics: ''}", Code::INVALID_VALUE),
            ("persons: {key: /etc/shadow}", Code::PATH_ESCAPE),
            ("persons: {credential: a/b}", Code::PATH_ESCAPE),
            ("persons: {}", Code::INVALID_VALUE),
            ("persons: {credential: a, key: b}", Code::INVALID_VALUE),
            ("persons: {credential: a, create: true}", Code::UNKNOWN_KEY),
            ("store: ../elsewhere", Code::PATH_ESCAPE),
            ("stor: elsewhere", Code::UNKNOWN_KEY),
            ("canonical: gzip", Code::INVALID_VALUE),
            ("exceptions: [{rule: INDICATOR_FORMULA, definition: a, reason: b}]", Code::INVALID_VALUE),
            ("exceptions: [{rule: INDICATOR_FORMULA_CHANGED, definition: a, reason: ''}]", Code::INVALID_VALUE),
            ("exceptions: [{rule: INDICATOR_FORMULA_CHANGED, definition: a}]", Code::MISSING_KEY),
        ] {
            let (_, findings) = load_project("musketer.yaml", text.as_bytes());
            assert_eq!(findings.iter().map(|found| found.code).collect::<Vec<_>>(), [code], "{text}");
        }
    }
}

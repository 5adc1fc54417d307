//! All files to one catalogue, kind by kind, so that every reference looks back to what is already on its shelf.

use std::collections::BTreeMap;

use model::{Catalogue, Code, CodeList, Dataset, Diagnostic, Indicator, MunicipalityCode, Pipeline, Place, Source};

use crate::file::{Identity, Kind, Role};
use crate::indicator::reference::{self, Reference};
use crate::pipeline::Shelves;
use crate::project::Project;
use crate::shelf::Shelf;
use crate::yaml::{Cursor, Node, Report, Value, parse, text_of};
use crate::{cases, codelist, dataset, indicator, pipeline, source};

/// Reads all definitions and pipelines of a project with the usual folders, `definitions` and `pipelines`.
///
/// `files` holds the bytes of every file by its path relative to the project, with `/`. The catalogue holds what is
/// sound; the diagnostics name every mistake of every file, sorted by place.
pub fn load(files: &BTreeMap<String, Vec<u8>>) -> (Catalogue, Vec<Diagnostic>) {
    load_in(&Project::default(), files)
}

/// As [`load`], with the folders that the project names.
pub fn load_in(project: &Project, files: &BTreeMap<String, Vec<u8>>) -> (Catalogue, Vec<Diagnostic>) {
    let (library, findings) = read(project, files);
    (library.catalogue(), findings)
}

/// The versions of indicators that newer ones have taken the place of, as far as their files are kept and sound.
pub fn older_versions(project: &Project, files: &BTreeMap<String, Vec<u8>>) -> Vec<Indicator> {
    read(project, files).0.older
}

/// As [`load_in`], before it is put together: what is sound, on its shelves.
pub(crate) fn library<'f>(project: &Project, files: &'f BTreeMap<String, Vec<u8>>) -> Library<'f> {
    read(project, files).0
}

fn read<'f>(project: &Project, files: &'f BTreeMap<String, Vec<u8>>) -> (Library<'f>, Vec<Diagnostic>) {
    let mut findings = Vec::new();
    let mut definitions = Vec::new();
    for (path, bytes) in files {
        match Role::of(path, project) {
            Role::Other => {}
            Role::Misplaced(help) => {
                let finding = Diagnostic::error(Code::INVALID_VALUE, "no definition is looked for here");
                findings.push(finding.at(Place::file(path)).with_help(help));
            }
            Role::Definition(identity) => definitions.push(Definition::read(path, bytes, identity)),
        }
    }
    check_duplicates(&mut definitions);
    let library = Library::new(files).fill(&mut definitions);
    let catalogue = library.catalogue();
    for Definition { identity, report, tree } in &mut definitions {
        if let Some(tree) = tree {
            cases::check(tree, *identity, &catalogue, report);
        }
    }
    findings.extend(definitions.into_iter().flat_map(|definition| definition.report.into_findings()));
    findings.sort_by(|a, b| (&a.place, a.code).cmp(&(&b.place, b.code)));
    (library, findings)
}

/// A file that holds a definition.
struct Definition<'f> {
    identity: Identity<'f>,
    report: Report<'f>,
    tree: Option<Node>,
}

impl<'f> Definition<'f> {
    fn read(path: &'f str, bytes: &'f [u8], identity: Identity<'f>) -> Self {
        let (mut report, tree);
        match text_of(path, bytes) {
            Ok(text) => {
                report = Report::new(path, text);
                tree = parse(&mut report);
                if tree.is_none() && !report.is_broken() {
                    let finding = report.error_of_file(Code::MISSING_KEY, "the file is empty");
                    finding.help("a definition begins with `kind:`");
                }
            }
            Err(diagnostic) => {
                report = Report::new(path, "");
                report.add(diagnostic);
                tree = None;
            }
        }
        Self { identity, report, tree }
    }

    fn id_place(&self) -> Place {
        let entry = match self.tree.as_ref().map(|tree| &tree.value) {
            Some(Value::Mapping(entries)) => entries.iter().find(|entry| entry.key.text == "id"),
            _ => None,
        };
        match entry {
            Some(entry) => self.report.place(entry.value.span),
            None => Place::file(self.report.path()),
        }
    }

    /// The indicators that an indicator's formula names.
    fn references(&self) -> Vec<Reference> {
        let tree = self.tree.as_ref();
        tree.map_or_else(Vec::new, |tree| {
            reference::references(Cursor::root(tree, self.identity.kind.word()), &self.report)
        })
    }

    /// Resolves the definition; `None` if it has any mistake.
    fn resolve<T>(
        &mut self,
        resolve: impl FnOnce(Cursor<'_>, Identity<'f>, &mut Report<'f>) -> Option<T>,
    ) -> Option<T> {
        let tree = self.tree.as_ref()?;
        let model = resolve(Cursor::root(tree, self.identity.kind.word()), self.identity, &mut self.report);
        model.filter(|_| !self.report.is_broken())
    }
}

/// Sources and indicators stand in folders, so two files can have one id. Which of them is meant cannot be known, so
/// both are left out.
fn check_duplicates(definitions: &mut [Definition<'_>]) {
    let mut seen: BTreeMap<(Kind, &str, Option<&str>), usize> = BTreeMap::new();
    for at in 0..definitions.len() {
        let Identity { kind, id, version, .. } = definitions[at].identity;
        let first = *seen.entry((kind, id, version)).or_insert(at);
        if first == at {
            continue;
        }
        let (here, there) = (definitions[at].id_place(), definitions[first].id_place());
        let message = format!("there are two definitions of the {} `{id}`", kind.word());
        definitions[at].report.error_at(Code::DUPLICATE_ID, here, message).related_place(there, "the other one");
        definitions[first].report.break_silently();
    }
}

/// The definitions that are sound, by kind.
pub(crate) struct Library<'f> {
    files: &'f BTreeMap<String, Vec<u8>>,
    lists: Shelf<CodeList>,
    datasets: Shelf<Dataset>,
    sources: Shelf<Source>,
    indicators: Shelf<Indicator>,
    older: Vec<Indicator>,
    pipelines: Shelf<Pipeline>,
    municipalities: Vec<MunicipalityCode>,
}

impl<'f> Library<'f> {
    fn new(files: &'f BTreeMap<String, Vec<u8>>) -> Self {
        Self {
            files,
            lists: Shelf::new("code list"),
            datasets: Shelf::new("dataset"),
            sources: Shelf::new("source"),
            indicators: Shelf::new("indicator"),
            older: Vec::new(),
            pipelines: Shelf::new("pipeline"),
            municipalities: Vec::new(),
        }
    }

    fn fill(mut self, definitions: &mut [Definition<'f>]) -> Self {
        for kind in Kind::ALL {
            if kind == Kind::Indicator {
                self.place_indicators(definitions);
                continue;
            }
            for definition in definitions.iter_mut().filter(|definition| definition.identity.kind == kind) {
                self.place(definition);
            }
            if kind == Kind::CodeList {
                let codelists = self.lists.sound().map(|list| (list.id.clone(), list.clone())).collect();
                self.municipalities = Catalogue { codelists, ..Catalogue::default() }.municipality_codes();
            }
        }
        self
    }

    /// Every indicator behind those that it is made of. Older versions come last: nothing is made of them.
    fn place_indicators(&mut self, definitions: &mut [Definition<'f>]) {
        let of_kind = |definition: &&mut Definition<'f>| definition.identity.kind == Kind::Indicator;
        let is_current = |definition: &Definition<'f>| definition.identity.version.is_none();
        let current = definitions.iter().filter(|one| one.identity.kind == Kind::Indicator && is_current(one));
        let references: BTreeMap<&str, Vec<Reference>> =
            current.map(|definition| (definition.identity.id, definition.references())).collect();
        let (order, cycles) = reference::order(&references);
        for definition in definitions.iter_mut().filter(of_kind).filter(|definition| is_current(definition)) {
            let id = definition.identity.id;
            let Some(cycle) = cycles.iter().find(|cycle| cycle.iter().any(|on_way| on_way == id)) else { continue };
            let at = cycle.iter().position(|on_way| on_way == id).unwrap_or_default();
            let next = &cycle[(at + 1) % cycle.len()];
            let way: Vec<&str> = cycle[at..].iter().chain(&cycle[..=at]).map(String::as_str).collect();
            let reference = references.get(id).and_then(|all| all.iter().find(|reference| reference.id == *next));
            if let Some(reference) = reference {
                let message = format!("`{id}` is made of itself: {}", way.join(" -> "));
                definition.report.error(Code::REFERENCE_CYCLE, reference.span, message);
            }
            self.indicators.put(id, None);
        }
        for id in order {
            let named = |definition: &&mut Definition<'f>| definition.identity.id == id && is_current(definition);
            for definition in definitions.iter_mut().filter(of_kind).filter(named) {
                if !cycles.iter().flatten().any(|on_way| *on_way == id) {
                    self.place(definition);
                }
            }
        }
        for definition in definitions.iter_mut().filter(of_kind).filter(|definition| !is_current(definition)) {
            self.place(definition);
        }
    }

    fn place(&mut self, definition: &mut Definition<'f>) {
        let id = definition.identity.id;
        let (lists, datasets) = (&self.lists, &self.datasets);
        match definition.identity.kind {
            Kind::CodeList => {
                let table = |path: &str| self.files.get(path).map(Vec::as_slice);
                let list =
                    definition.resolve(|root, identity, report| codelist::resolve(root, identity, &table, report));
                self.lists.put(id, list);
            }
            Kind::Dataset => {
                let dataset =
                    definition.resolve(|root, identity, report| dataset::resolve(root, identity, lists, report));
                self.datasets.put(id, dataset);
            }
            Kind::Source => {
                let source = definition
                    .resolve(|root, identity, report| source::resolve(root, identity, datasets, lists, report));
                self.sources.put(id, source);
            }
            Kind::Indicator => {
                let is_current = definition.identity.version.is_none();
                let others = &self.indicators;
                let indicator = definition.resolve(|root, identity, report| {
                    indicator::resolve(root, identity, datasets, lists, others, report)
                });
                // Older versions are checked like the others, but nothing is computed by them any more.
                if is_current {
                    self.indicators.put(id, indicator);
                } else {
                    self.older.extend(indicator);
                }
            }
            Kind::Pipeline => {
                let (sources, indicators) = (&self.sources, &self.indicators);
                let shelves = Shelves { lists, datasets, sources, indicators, municipalities: &self.municipalities };
                let pipeline =
                    definition.resolve(|root, identity, report| pipeline::resolve(root, identity, &shelves, report));
                self.pipelines.put(id, pipeline);
            }
        }
    }

    /// The canonical form of a definition, if it is sound.
    pub(crate) fn canonical(&self, identity: Identity<'_>) -> Option<&str> {
        let Identity { kind, id, version, .. } = identity;
        let is_meant = |older: &&Indicator| {
            older.id.as_str() == id && version.is_some_and(|version| version == older.version.to_string())
        };
        Some(match (kind, version) {
            (Kind::CodeList, _) => &self.lists.get(id)?.canonical,
            (Kind::Dataset, _) => &self.datasets.get(id)?.canonical,
            (Kind::Source, _) => &self.sources.get(id)?.canonical,
            (Kind::Indicator, None) => &self.indicators.get(id)?.canonical,
            (Kind::Indicator, Some(_)) => &self.older.iter().find(is_meant)?.canonical,
            (Kind::Pipeline, _) => &self.pipelines.get(id)?.canonical,
        })
    }

    fn catalogue(&self) -> Catalogue {
        Catalogue {
            codelists: self.lists.sound().map(|list| (list.id.clone(), list.clone())).collect(),
            datasets: self.datasets.sound().map(|dataset| (dataset.id.clone(), dataset.clone())).collect(),
            sources: self.sources.sound().map(|source| (source.id.clone(), source.clone())).collect(),
            indicators: self.indicators.sound().map(|found| (found.id.clone(), found.clone())).collect(),
            pipelines: self.pipelines.sound().map(|pipeline| (pipeline.id.clone(), pipeline.clone())).collect(),
        }
    }
}

//! All files to one catalogue, kind by kind, so that every reference looks back to what is already on its shelf.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use model::{
    Catalogue, Code, CodeList, ComparisonGroup, Dataset, Diagnostic, Indicator, MunicipalityCode, Pipeline, Place,
    Source,
};

use crate::file::{Identity, Kind, Role};
use crate::indicator::reference::{self, Reference};
use crate::indicator::{Indicators, Newer};
use crate::pipeline::Shelves;
use crate::project::Project;
use crate::shelf::Shelf;
use crate::yaml::{Cursor, Node, Report, Value, parse, text_of};
use crate::{cases, codelist, comparison, dataset, indicator, pipeline, source};

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

    /// Where the value of a key stands; the file as a whole if the key is not there.
    fn place_of(&self, key: &str) -> Place {
        let entry = match self.tree.as_ref().map(|tree| &tree.value) {
            Some(Value::Mapping(entries)) => entries.iter().find(|entry| entry.key.text == key),
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
        let (here, there) = (definitions[at].place_of("id"), definitions[first].place_of("id"));
        let message = format!("there are two definitions of the {} `{id}`", kind.word());
        definitions[at].report.error_at(Code::DUPLICATE_ID, here, message).related_place(there, "the other one");
        definitions[first].report.break_silently();
    }
}

struct Library<'f> {
    files: &'f BTreeMap<String, Vec<u8>>,
    lists: Shelf<CodeList>,
    datasets: Shelf<Dataset>,
    sources: Shelf<Source>,
    indicators: Indicators,
    areas: BTreeSet<String>,
    groups: Shelf<ComparisonGroup>,
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
            indicators: Indicators::new(),
            areas: BTreeSet::new(),
            groups: Shelf::new("comparison group"),
            pipelines: Shelf::new("pipeline"),
            municipalities: Vec::new(),
        }
    }

    fn fill(mut self, definitions: &mut [Definition<'f>]) -> Self {
        for kind in Kind::ALL {
            if kind == Kind::Indicator {
                let of_kind = definitions.iter().filter(|definition| definition.identity.kind == kind);
                self.areas = of_kind.filter_map(|definition| definition.identity.folder).map(str::to_owned).collect();
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

    /// Every indicator, in all its versions, behind those that it is made of.
    fn place_indicators(&mut self, definitions: &mut [Definition<'f>]) {
        let mut of_id: BTreeMap<&str, Vec<&mut Definition<'f>>> = BTreeMap::new();
        for definition in definitions.iter_mut().filter(|one| one.identity.kind == Kind::Indicator) {
            of_id.entry(definition.identity.id).or_default().push(definition);
        }
        let named = |versions: &Vec<&mut Definition<'f>>| versions.iter().flat_map(|one| one.references()).collect();
        let references: BTreeMap<&str, Vec<Reference>> =
            of_id.iter().map(|(id, versions)| (*id, named(versions))).collect();
        let (order, cycles) = reference::order(&references);
        for (id, versions) in &mut of_id {
            let Some(cycle) = cycles.iter().find(|cycle| cycle.iter().any(|on_way| on_way == id)) else { continue };
            report_cycle(id, versions, cycle);
            self.indicators.put(id, None, Vec::new());
        }
        for id in order {
            let Some(versions) = of_id.get_mut(id.as_str()) else { continue };
            if !cycles.iter().flatten().any(|on_way| *on_way == id) {
                self.place_versions(versions);
            }
        }
    }

    /// All versions of one indicator.
    fn place_versions(&mut self, versions: &mut [&mut Definition<'f>]) {
        let (lists, datasets, others) = (&self.lists, &self.datasets, &self.indicators);
        // The newest first: an older version ends where a newer one takes over.
        versions.sort_by_key(|one| Reverse(one.identity.version.map_or(u32::MAX, |text| text.parse().unwrap_or(0))));
        let mut sound: Vec<(usize, Indicator)> = Vec::new();
        let (mut known, mut newer) = (None, Newer::NONE);
        for (at, definition) in versions.iter_mut().enumerate() {
            let resolved = definition.resolve(|root, identity, report| {
                indicator::resolve(root, identity, datasets, lists, others, newer, report)
            });
            newer = newer.and(resolved.as_ref());
            match definition.identity.version {
                None => known = Some((at, resolved)),
                Some(_) => sound.extend(resolved.map(|indicator| (at, indicator))),
            }
        }
        sound.sort_by_key(|(_, indicator)| indicator.version);
        let Some((at, current)) = known else {
            let definition = &mut *versions[0];
            let (id, place) = (definition.identity.id, definition.place_of("version"));
            let message = format!("there are older versions of `{id}`, but no current one");
            let finding = definition.report.error_at(Code::VERSION_HISTORY, place, message);
            finding.help(format!("the newest version stands in `{id}.yaml`"));
            return;
        };
        let all = sound.iter().map(|(at, indicator)| (*at, indicator));
        let all: Vec<(usize, &Indicator)> = all.chain(current.as_ref().map(|indicator| (at, indicator))).collect();
        judge(versions, &all);
        let is_sound = |at: usize| !versions[at].report.is_broken();
        let current = current.filter(|_| is_sound(at));
        let older = sound.into_iter().filter(|(at, _)| is_sound(*at)).map(|(_, indicator)| indicator).collect();
        self.indicators.put(versions[at].identity.id, current, older);
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
            // All versions of an indicator are placed together, by `place_versions`.
            Kind::Indicator => {}
            Kind::ComparisonGroup => {
                let (indicators, areas) = (&self.indicators.current, &self.areas);
                let municipalities = &self.municipalities;
                let shelves = comparison::Shelves { lists, indicators, areas, municipalities };
                let group =
                    definition.resolve(|root, identity, report| comparison::resolve(root, identity, &shelves, report));
                self.groups.put(id, group);
            }
            Kind::Pipeline => {
                let (sources, indicators, groups) = (&self.sources, &self.indicators.current, &self.groups);
                let (areas, municipalities) = (&self.areas, &self.municipalities);
                let shelves = Shelves { lists, datasets, sources, indicators, areas, groups, municipalities };
                let pipeline =
                    definition.resolve(|root, identity, report| pipeline::resolve(root, identity, &shelves, report));
                self.pipelines.put(id, pipeline);
            }
        }
    }

    fn catalogue(&self) -> Catalogue {
        let mut catalogue = Catalogue {
            codelists: self.lists.sound().map(|list| (list.id.clone(), list.clone())).collect(),
            datasets: self.datasets.sound().map(|dataset| (dataset.id.clone(), dataset.clone())).collect(),
            sources: self.sources.sound().map(|source| (source.id.clone(), source.clone())).collect(),
            comparison_groups: self.groups.sound().map(|group| (group.id.clone(), group.clone())).collect(),
            pipelines: self.pipelines.sound().map(|pipeline| (pipeline.id.clone(), pipeline.clone())).collect(),
            ..Catalogue::default()
        };
        self.indicators.fill(&mut catalogue);
        catalogue
    }
}

/// Reports that an indicator is made of itself, where its formula names the next one on the way.
fn report_cycle(id: &str, versions: &mut [&mut Definition<'_>], cycle: &[String]) {
    let at = cycle.iter().position(|on_way| on_way == id).unwrap_or_default();
    let next = &cycle[(at + 1) % cycle.len()];
    let way: Vec<&str> = cycle[at..].iter().chain(&cycle[..=at]).map(String::as_str).collect();
    for definition in versions {
        let references = definition.references();
        if let Some(reference) = references.iter().find(|reference| reference.id == *next) {
            let message = format!("`{id}` is made of itself: {}", way.join(" -> "));
            definition.report.error(Code::REFERENCE_CYCLE, reference.span, message);
        }
    }
}

/// Reports versions that contradict each other. They come in their order, the current one last; each with the place of
/// its definition among all.
fn judge(definitions: &mut [&mut Definition<'_>], versions: &[(usize, &Indicator)]) {
    for pair in versions.windows(2) {
        let [(earlier_at, earlier), (at, version)] = pair else { continue };
        let declared = definitions[*earlier_at].place_of("version");
        if earlier.version >= version.version {
            let message = format!(
                "`{}@{}` is no older version: the current one is {}",
                earlier.id, earlier.version, version.version
            );
            let newer = definitions[*at].place_of("version");
            let finding = definitions[*earlier_at].report.error_at(Code::VERSION_HISTORY, declared, message);
            finding.related_place(newer, "the current version").help("raise the version of the current definition");
            continue;
        }
        let (message, key) = match version.history.supersedes {
            Some(superseded) if superseded >= earlier.version => continue,
            Some(superseded) => {
                (format!("between this version and {superseded} lies version {}", earlier.version), "supersedes")
            }
            None => {
                (format!("this version does not say that it takes the place of version {}", earlier.version), "version")
            }
        };
        let place = definitions[*at].place_of(key);
        let finding = definitions[*at].report.error_at(Code::VERSION_HISTORY, place, message);
        finding.related_place(declared, "the version before").help(format!(
            "write `supersedes: {}@{}`, or remove the file of the version before",
            earlier.id, earlier.version
        ));
    }
}

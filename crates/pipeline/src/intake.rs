//! What has arrived: the drop folder and the web APIs, taken into the raw archive.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use extractor::{Archive, DropFolder, FileStamp, FoundFile, http};
use loader::{Act, ActKind, SeenFiles};
use model::{
    Catalogue, Code, Delivery, DeliveryId, DeliveryKind, DeliveryScope, Fetch, Fingerprint, HttpFetch, Pipeline,
    Refusal, Source, Stop, Usage,
};

use crate::RunError;
use crate::run::{Phase, Progress};
use crate::scope::Scope;

/// From this size on, in bytes, it is worth the while of several threads to compress one file.
const LARGE: u64 = 32 << 20;
/// How often somebody who waits for a server looks whether the wait is still wanted.
const ASKED_AGAIN: Duration = Duration::from_millis(100);

/// A delivery that lies in the drop folder or was fetched in this run.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) delivery: Delivery,
    /// Where it lies, and its stamp; `None` for a delivery from a web API.
    pub(crate) file: Option<(String, FileStamp)>,
    /// Why it must not be read, if it must not: nobody expects it, or another file contradicts it.
    pub(crate) refusal: Option<Refusal>,
}

/// All that has arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Intake {
    pub(crate) arrivals: Vec<Arrival>,
    /// Files and answers that cannot even be taken into the archive: name, source, reason.
    pub(crate) unusable: Vec<(String, String, Refusal)>,
    pub(crate) unknown: Vec<String>,
}

/// Gathers what has arrived for a pipeline. A file with the stamp of an earlier run is not read again.
pub(crate) struct Gatherer<'a> {
    /// The project's folder.
    pub(crate) root: &'a Path,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) archive: &'a Archive,
    pub(crate) seen: &'a SeenFiles,
    /// Deliveries that somebody took back.
    pub(crate) retracted: &'a BTreeSet<DeliveryId>,
    /// What of the drop folder is looked at.
    pub(crate) scope: &'a Scope,
    pub(crate) threads: usize,
    /// Whether files are only hashed where they lie, and nothing is written.
    pub(crate) only_look: bool,
    pub(crate) stop: &'a Stop,
    pub(crate) progress: &'a dyn Progress,
}

impl Gatherer<'_> {
    /// The files of the drop folder.
    pub(crate) fn files(&self) -> Result<Intake, RunError> {
        let mut intake = Intake::default();
        let uses = self.pipeline.uses.iter().filter(|usage| usage.fetch == Fetch::Drop);
        let dropped: BTreeSet<_> = uses.map(|usage| &usage.source).collect();
        let sources: Vec<&Source> =
            dropped.iter().filter_map(|id| self.catalogue.sources.get(*id)).map(AsRef::as_ref).collect();
        if !sources.is_empty() {
            self.take_files(&sources, &mut intake)?;
        }
        intake.refuse_conflicts(self.retracted);
        Ok(intake)
    }

    /// The answers of the web APIs.
    pub(crate) fn ask(&self, intake: &mut Intake) -> Result<(), RunError> {
        for usage in &self.pipeline.uses {
            if let (Fetch::Http(request), Some(source)) = (&usage.fetch, self.catalogue.sources.get(&usage.source)) {
                take_answer(source, request, self.archive, self.stop, intake)?;
            }
        }
        Ok(())
    }

    fn take_files(&self, sources: &[&Source], intake: &mut Intake) -> Result<(), RunError> {
        let drop = self.root.join(&self.pipeline.drop);
        if !drop.is_dir() {
            return Err(RunError::Usage {
                code: Code::UNREADABLE_DELIVERY,
                message: format!(
                    "the drop folder {} of the pipeline `{}` is not there",
                    drop.display(),
                    self.pipeline.id
                ),
                help: "make the folder, or correct `drop:` in the pipeline".to_owned(),
            });
        }
        let folder = DropFolder::open(&drop)?;
        let mut listing = folder.list(sources)?;
        // Where only a part is looked at, what cannot be told to lie in it is left for a run that looks at everything.
        if self.scope.is_all() {
            intake.unknown = listing.unknown;
            intake.unusable.extend(listing.refused.into_iter().map(|(name, refusal)| (name, String::new(), refusal)));
        } else {
            listing.found.retain(|found| self.scope.names(&found.scope));
        }
        self.progress.begin(Phase::Take, listing.found.len() as u64);
        let known = |found: &FoundFile| {
            let stamp = &found.stamp;
            let known = self.seen.unchanged(&found.path, stamp.bytes, stamp.modified_nanoseconds, stamp.inode);
            // Bytes that were given up on purpose are not taken in again because their file still lies there.
            let is_settled =
                |content: &Fingerprint| self.archive.contains(content) || self.archive.is_discarded(content);
            known.filter(|known| is_settled(&known.content)).map(|known| known.content)
        };
        let mut contents: Vec<Option<Result<Fingerprint, Refusal>>> =
            listing.found.iter().map(|found| known(found).map(Ok)).collect();
        let fresh: Vec<usize> = (0..contents.len()).filter(|at| contents[*at].is_none()).collect();
        self.progress.advance((contents.len() - fresh.len()) as u64);
        self.take_all(&folder, &listing.found, &fresh, |at, content| {
            self.progress.advance(1);
            contents[at] = Some(content);
        })?;
        for (found, content) in listing.found.iter().zip(contents) {
            let stamp = &found.stamp;
            let content = match content {
                Some(Ok(content)) => content,
                Some(Err(refusal)) => {
                    let name = model::redact(&found.path).into_owned();
                    intake.unusable.push((name, found.scope.source.to_string(), refusal));
                    continue;
                }
                None => return Err(RunError::Internal(format!("{} was not taken in", model::redact(&found.path)))),
            };
            let id = DeliveryId::of(&found.scope, &content);
            let name = model::redact(&found.path).into_owned();
            let kind = DeliveryKind::File;
            let delivery = Delivery { kind, id, scope: found.scope.clone(), name, content, bytes: stamp.bytes };
            let refusal = unexpected(self.catalogue, self.pipeline, &found.scope);
            intake.arrivals.push(Arrival { delivery, file: Some((found.path.clone(), *stamp)), refusal });
        }
        Ok(())
    }

    /// Takes files in, several side by side; a single large one has all threads for itself. `took` is called on the
    /// caller's thread, in any order.
    fn take_all(
        &self,
        folder: &DropFolder,
        found: &[FoundFile],
        fresh: &[usize],
        mut took: impl FnMut(usize, Result<Fingerprint, Refusal>),
    ) -> Result<(), RunError> {
        let threads = self.threads;
        let side_by_side = threads.clamp(1, fresh.len().max(1));
        let large = fresh.iter().filter(|at| found[**at].stamp.bytes >= LARGE).count();
        let archive = &self.archive.clone().with_threads(threads / large.clamp(1, threads.max(1)));
        let (stop, only_look) = (self.stop, self.only_look);
        let take = |file: &FoundFile| {
            if only_look {
                return folder.hash(file, stop);
            }
            folder.take(file, archive).map(|taken| taken.map(|stored| stored.content))
        };
        let next = AtomicUsize::new(0);
        let caller = tracing::Span::current();
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(64);
            for _ in 0..side_by_side {
                let (sender, next, caller, take) = (sender.clone(), &next, &caller, &take);
                scope.spawn(move || {
                    let _called = caller.enter();
                    while let Some(at) = fresh.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let taken = take(&found[*at]);
                        if sender.send((*at, taken)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let result = receiver.iter().try_for_each(|(at, taken)| {
                took(at, taken?);
                Ok(())
            });
            // Without a receiver the others stop at their next file.
            drop(receiver);
            result
        })
    }
}

fn take_answer(
    source: &Source,
    request: &HttpFetch,
    archive: &Archive,
    stop: &Stop,
    intake: &mut Intake,
) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| RunError::Internal(format!("no runtime for network requests: {error}")))?;
    tracing::info!(source = %source.id, url = %request.url, "fetching");
    // A server may keep us waiting for minutes, in which nothing would ask whether somebody wants an end.
    let fetched = runtime.block_on(async {
        let mut fetching = std::pin::pin!(http::fetch(request, archive));
        loop {
            match tokio::time::timeout(ASKED_AGAIN, fetching.as_mut()).await {
                Ok(fetched) => return fetched.map_err(RunError::from),
                Err(_) if stop.is_asked() => return Err(RunError::stopped()),
                Err(_) => {}
            }
        }
    });
    match fetched? {
        Err(refusal) => intake.unusable.push((request.url.clone(), source.id.to_string(), refusal)),
        Ok(stored) => {
            let scope = DeliveryScope { source: source.id.clone(), municipality: None, period: None, version: 1 };
            let id = DeliveryId::of(&scope, &stored.content);
            let name = request.url.clone();
            let kind = DeliveryKind::File;
            let delivery = Delivery { kind, id, scope, name, content: stored.content, bytes: stored.bytes };
            intake.arrivals.push(Arrival { delivery, file: None, refusal: None });
        }
    }
    Ok(())
}

/// The statements that there is nothing to report, taken into the archive as deliveries of their own.
pub(crate) fn receipts(acts: &[Act], archive: &Archive) -> Result<Vec<Arrival>, RunError> {
    let stated = acts.iter().filter(|act| act.kind == ActKind::NothingToReport);
    let receipts = stated.filter_map(|act| {
        let source = act.source.clone()?;
        let scope = DeliveryScope { source, municipality: act.municipality, period: act.period, version: 0 };
        Some((act, scope))
    });
    let arrival = |(act, scope): (&Act, DeliveryScope)| {
        let text = format!("nothing to report\nby: {}\nat: {}\nreason: {}\n", act.person, act.at, act.reason);
        let stored = archive.store(&mut text.as_bytes(), text.len() as u64)?;
        let id = DeliveryId::of(&scope, &stored.content);
        let name = format!("nothing to report, by {}", act.person);
        let kind = DeliveryKind::Receipt;
        let delivery = Delivery { kind, id, scope, name, content: stored.content, bytes: stored.bytes };
        Ok(Arrival { delivery, file: None, refusal: None })
    };
    receipts.map(arrival).collect()
}

/// Why the pipeline does not expect a file, if it does not.
pub(crate) fn unexpected(catalogue: &Catalogue, pipeline: &Pipeline, scope: &DeliveryScope) -> Option<Refusal> {
    let list = catalogue.municipalities()?;
    if let Some(code) = scope.municipality.filter(|code| list.index_of(&code.to_string()).is_none()) {
        return Some(Refusal::new(Code::MUNICIPALITY_UNKNOWN, format!("the municipality `{code}` is not known")));
    }
    let source = catalogue.sources.get(&scope.source)?;
    let within = |usage: &&Usage| {
        let period = |period: model::Period| {
            period.end() > usage.from.start() && usage.to.is_none_or(|to| period.start() < to.end())
        };
        usage.source == scope.source
            && scope.municipality.is_none_or(|code| usage.municipalities.binary_search(&code).is_ok())
            && scope.period.is_none_or(period)
    };
    let valid = |period: model::Period| {
        source.valid_from.is_none_or(|from| period.end() > from.start())
            && source.valid_to.is_none_or(|to| period.start() < to.end())
    };
    if pipeline.uses.iter().any(|usage| within(&usage)) && scope.period.is_none_or(valid) {
        return None;
    }
    let who = scope.municipality.map_or("anybody".to_owned(), |code| format!("municipality {code}"));
    let when = scope.period.map_or(String::new(), |period| format!(" in {period}"));
    let message = format!("the pipeline `{}` does not say that {who} uses `{}`{when}", pipeline.id, scope.source);
    Some(Refusal::new(Code::NOT_EXPECTED, message))
}

impl Intake {
    /// Two files that lie side by side and claim the same scope and version with different content: none of them is
    /// read, for nothing says which one holds. One that somebody took back claims nothing.
    fn refuse_conflicts(&mut self, retracted: &BTreeSet<DeliveryId>) {
        let mut claims: BTreeMap<DeliveryScope, BTreeSet<Fingerprint>> = BTreeMap::new();
        let claims_something = |arrival: &&Arrival| arrival.file.is_some() && !retracted.contains(&arrival.delivery.id);
        for arrival in self.arrivals.iter().filter(claims_something) {
            claims.entry(arrival.delivery.scope.clone()).or_default().insert(arrival.delivery.content);
        }
        for arrival in &mut self.arrivals {
            let scope = &arrival.delivery.scope;
            let claimed = claims.get(scope).map_or(1, BTreeSet::len);
            if claimed > 1 {
                let message =
                    format!("{claimed} different files claim to be version {} of this delivery", scope.version);
                arrival.refusal.get_or_insert(Refusal::new(Code::VERSION_CONFLICT, message));
            }
        }
    }
}

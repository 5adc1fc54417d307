//! All deliveries of a pipeline, on several threads: cells are found by one thread at a time, everything else is done
//! by each thread with its own batch. No order is kept: sums do not need one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::thread;

use extractor::{DropFolder, FoundFile, InputLimits, Limits, ReadSummary, Reader, open_input};
use model::{
    Catalogue, Code, Dataset, DatasetId, Indicator, Pipeline, RawBatch, RecordBatch, RecordSchema, Refusal,
    RejectedRow, RowTally, Source,
};
use musketer_pipeline::Project;
use normaliser::{Hand, Harmoniser, PartialHand, PartialPlan, Partials};

use crate::Failure;
use crate::allocation::so_far;

/// The batches of a delivery that a thread must have seen before its allocations count: until then its buffers grow.
pub(crate) const WARM: u64 = 50;

/// Everything that was read.
pub(crate) struct Everything<'a> {
    pub(crate) deliveries: Vec<ReadDelivery<'a>>,
    /// The number of the delivery, the line and the reason of every rejected row, sorted.
    pub(crate) rejected: Vec<(usize, u64, Code)>,
    pub(crate) steady: Steady,
}

/// A delivery that was read.
pub(crate) struct ReadDelivery<'a> {
    pub(crate) name: String,
    pub(crate) found: FoundFile,
    pub(crate) dataset: &'a Dataset,
    pub(crate) tally: RowTally,
    pub(crate) partials: Arc<Partials>,
}

/// What was done in the steady state, and how often memory was asked for meanwhile.
#[derive(Default)]
pub(crate) struct Steady {
    pub(crate) batches: u64,
    pub(crate) rows: u64,
    pub(crate) rejected: u64,
    pub(crate) read: u64,
    pub(crate) cast: u64,
    pub(crate) aggregate: u64,
}

/// Reads what lies in the pipeline's drop folder; of some sources only, if any are named.
pub(crate) fn read<'a>(
    project: &'a Project,
    pipeline: &Pipeline,
    sources: &[String],
    threads: usize,
) -> Result<Everything<'a>, Failure> {
    let (catalogue, drop) = (&project.catalogue, project.root.join(&pipeline.drop));
    let used = pipeline.uses.iter().filter_map(|usage| catalogue.sources.get(&usage.source)).map(AsRef::as_ref);
    let is_wanted = |source: &&Source| sources.is_empty() || sources.iter().any(|id| *id == source.id.to_string());
    let mut used: Vec<&Source> = used.filter(is_wanted).collect();
    used.dedup_by(|one, other| one.id == other.id);
    let mut found = DropFolder::open(&drop)?.list(&used)?.found;
    // The largest is begun first, so that no thread is left alone with it at the end.
    found.sort_by_key(|file| u64::MAX - file.stamp.bytes);
    let desk = Desk {
        catalogue,
        drop: &drop,
        indicators: pipeline
            .indicators
            .iter()
            .filter_map(|id| catalogue.indicators.get(id))
            .map(AsRef::as_ref)
            .collect(),
        plans: Mutex::default(),
        threads,
        files: found.into_iter().map(|found| (found, OnceLock::new())).collect(),
        next: AtomicUsize::new(0),
        rejected: Mutex::default(),
    };
    let steady = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(|| desk.work())).collect();
        let ended = workers.into_iter().map(|worker| worker.join().expect("a thread does not panic"));
        ended.collect::<Result<Vec<Steady>, Failure>>()
    })?;
    desk.finish(&steady)
}

/// What all threads share.
struct Desk<'a, 'p> {
    catalogue: &'a Catalogue,
    drop: &'p Path,
    indicators: Vec<&'a Indicator>,
    /// What is aggregated of the rows of a dataset, compiled once.
    plans: Mutex<BTreeMap<DatasetId, Arc<PartialPlan>>>,
    threads: usize,
    files: Vec<(FoundFile, OnceLock<Result<Reading<'a>, Failure>>)>,
    /// The first file that nobody has begun.
    next: AtomicUsize,
    rejected: Mutex<Vec<(usize, u64, Code)>>,
}

/// A delivery while it is read.
struct Reading<'a> {
    dataset: &'a Dataset,
    harmoniser: Harmoniser,
    plan: Arc<PartialPlan>,
    front: Mutex<Front>,
    hands: Mutex<Vec<(Hand, PartialHand)>>,
}

/// The reader, and what it had to say when it was through.
struct Front {
    reader: Option<Reader<Box<dyn Read + Send>>>,
    summary: Option<ReadSummary>,
}

/// What a thread keeps from batch to batch.
#[derive(Default)]
struct Tools {
    raw: RawBatch,
    rejected: Vec<RejectedRow>,
    steady: Steady,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a thread does not panic")
}

fn refused(refusal: &Refusal) -> Failure {
    format!("{}: {}", refusal.code, refusal.message).into()
}

impl<'a> Desk<'a, '_> {
    /// The life of a thread: it takes files of its own, and then helps with those of others.
    fn work(&self) -> Result<Steady, Failure> {
        let mut tools = Tools::default();
        while let Some(at) = Some(self.next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < self.files.len()) {
            self.read(at, &mut tools)?;
        }
        for at in 0..self.files.len() {
            self.read(at, &mut tools)?;
        }
        Ok(tools.steady)
    }

    fn read(&self, at: usize, tools: &mut Tools) -> Result<(), Failure> {
        let (found, reading) = &self.files[at];
        match reading.get_or_init(|| self.open(found)) {
            Ok(reading) if reading.has_more() => {
                reading.work(tools, |row| lock(&self.rejected).push((at, row.line, row.code)))
            }
            // A file that cannot be opened is reported in the end.
            _ => Ok(()),
        }
    }

    fn open(&self, found: &FoundFile) -> Result<Reading<'a>, Failure> {
        let lists = &self.catalogue.codelists;
        let source = self.catalogue.sources.get(&found.scope.source).ok_or("a file is of a source")?;
        let dataset = self.catalogue.datasets.get(&source.dataset).ok_or("a source has a dataset")?;
        let file = Box::new(File::open(self.drop.join(&found.path))?);
        let input = open_input(&source.input, file, InputLimits::default(), self.threads)?.map_err(|r| refused(&r))?;
        let reader = Reader::open(source, input, Limits::default())?.map_err(|r| refused(&r))?;
        let harmoniser = Harmoniser::new(source, dataset, lists, &found.scope, reader.header(), None);
        let harmoniser = harmoniser.map_err(|r| refused(&r))?;
        Ok(Reading {
            dataset,
            plan: self.plan(dataset, harmoniser.schema()),
            harmoniser,
            front: Mutex::new(Front { reader: Some(reader), summary: None }),
            hands: Mutex::default(),
        })
    }

    fn plan(&self, dataset: &Dataset, schema: &RecordSchema) -> Arc<PartialPlan> {
        let compile = || Arc::new(PartialPlan::new(dataset, schema, &self.indicators));
        Arc::clone(lock(&self.plans).entry(dataset.id.clone()).or_insert_with(compile))
    }

    fn finish(self, steady: &[Steady]) -> Result<Everything<'a>, Failure> {
        let mut deliveries = Vec::with_capacity(self.files.len());
        for (found, reading) in self.files {
            let reading = reading.into_inner().ok_or("every file was read")??;
            deliveries.push(reading.finish(found)?);
        }
        let mut rejected = self.rejected.into_inner().expect("a thread does not panic");
        rejected.sort_unstable_by_key(|(delivery, line, _)| (*delivery, *line));
        let sum = |of: fn(&Steady) -> u64| steady.iter().map(of).sum();
        let steady = Steady {
            batches: sum(|one| one.batches),
            rows: sum(|one| one.rows),
            rejected: sum(|one| one.rejected),
            read: sum(|one| one.read),
            cast: sum(|one| one.cast),
            aggregate: sum(|one| one.aggregate),
        };
        Ok(Everything { deliveries, rejected, steady })
    }
}

impl<'a> Reading<'a> {
    fn has_more(&self) -> bool {
        lock(&self.front).reader.is_some()
    }

    /// Takes batch after batch until there are no more.
    fn work(&self, tools: &mut Tools, mut reject: impl FnMut(&RejectedRow)) -> Result<(), Failure> {
        let Tools { raw, rejected, steady } = tools;
        let (mut hand, mut partials) = (self.harmoniser.hand(), self.plan.hand());
        let mut accepted = RecordBatch::new(Arc::clone(self.harmoniser.schema()));
        for batch in 0.. {
            let begun = so_far();
            if !self.next_batch(raw)? {
                break;
            }
            let read = so_far();
            accepted.clear();
            rejected.clear();
            self.harmoniser.harmonise(&mut hand, raw, &mut accepted, rejected).map_err(|r| refused(&r))?;
            let cast = so_far();
            self.plan.add(&mut partials, &accepted);
            let aggregated = so_far();
            if batch >= WARM {
                steady.batches += 1;
                steady.rows += (raw.len() + raw.broken.len()) as u64;
                steady.rejected += rejected.len() as u64;
                steady.read += read - begun;
                steady.cast += cast - read;
                steady.aggregate += aggregated - cast;
            }
            rejected.iter().for_each(&mut reject);
        }
        lock(&self.hands).push((hand, partials));
        Ok(())
    }

    fn next_batch(&self, raw: &mut RawBatch) -> Result<bool, Failure> {
        let mut front = lock(&self.front);
        let Some(reader) = &mut front.reader else { return Ok(false) };
        let more = reader.next_batch(raw)?.map_err(|r| refused(&r))?;
        if !more {
            front.summary = front.reader.take().map(Reader::finish);
        }
        Ok(more)
    }

    /// Closes the account of the delivery.
    fn finish(self, found: FoundFile) -> Result<ReadDelivery<'a>, Failure> {
        let front = self.front.into_inner().expect("a thread does not panic");
        let hands = self.hands.into_inner().expect("a thread does not panic");
        let summary = front.summary.ok_or("every file was read to its end")?;
        let (hands, partials): (Vec<Hand>, Vec<PartialHand>) = hands.into_iter().unzip();
        let harmonised = self.harmoniser.finish(hands, &summary.control).map_err(|r| refused(&r))?;
        let tally = RowTally {
            read: summary.read,
            accepted: harmonised.accepted,
            rejected: harmonised.rejected,
            skipped: summary.skipped,
        };
        tally.balance()?;
        let name = model::redact(&found.path).into_owned();
        Ok(ReadDelivery { name, found, dataset: self.dataset, tally, partials: Arc::new(self.plan.finish(&partials)) })
    }
}

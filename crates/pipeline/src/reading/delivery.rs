//! One delivery while it is read, by one thread or several.
//!
//! The way of a batch has three stretches. In front of it, under a lock, the reader cuts the next batch out of the file
//! and numbers it. In the middle, where the time goes, every thread is alone with its batch: cells are cast, keys are
//! hashed, measures are aggregated. Behind it, under another lock and in the order of the numbers, the rows are
//! appended to their units. So the rows of a unit stand in the order of the file, whoever cast them, and everything
//! that is cut by counting rows is cut in the same places. What is full is then encoded outside of the locks again.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use extractor::{ExtractError, InputLimits, Limits, ReadSummary, Reader, open_input};
use loader::{EncodeScratch, RowGroup};
use model::{Code, MunicipalityCode, Period, RawBatch, RecordBatch, Refusal, RejectedRow, RowTally, WorkUnit};
use normaliser::{Hand, Harmoniser, KeyCheck, KeyHasher, PartialHand, PartialPlan};

use super::keys::{KeyVerdict, settle_keys};
use super::parts::Parts;
use super::{Desk, Job, ReadDelivery, Told};
use crate::RunError;

type Input = Box<dyn Read + Send>;

/// What a thread keeps from batch to batch, and from delivery to delivery.
#[derive(Default)]
pub(super) struct Tools {
    raw: RawBatch,
    hashes: Vec<u128>,
    pub(super) scratch: EncodeScratch,
}

/// A delivery while it is read.
pub(super) struct Reading<'a> {
    desk: &'a Desk<'a>,
    job: &'a Job,
    harmoniser: Harmoniser,
    hasher: Option<KeyHasher>,
    plan: Arc<PartialPlan>,
    front: Mutex<Front>,
    back: Mutex<Back<'a>>,
    /// Someone has had their turn at the back.
    turned: Condvar,
    /// There is nothing more to be cut out of the file, or nobody wants it.
    stopped: AtomicBool,
    /// Nobody wants the rest of the file: it was stopped before its end, and has no account.
    given_up: AtomicBool,
}

struct Front {
    reader: Reader<Input>,
    /// The number of the next batch.
    next: u64,
}

struct Back<'a> {
    /// The number of the batch whose turn it is.
    next: u64,
    parts: Parts<'a>,
    keys: KeyCheck,
    hands: Vec<(Hand, PartialHand)>,
    /// Why it has ended early.
    ended: Option<Ending>,
}

/// Why the reading of a delivery ends early.
enum Ending {
    Refused(Refusal),
    Failed(RunError),
}

impl From<Refusal> for Ending {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<RunError> for Ending {
    fn from(error: RunError) -> Self {
        Self::Failed(error)
    }
}

impl From<loader::LoadError> for Ending {
    fn from(error: loader::LoadError) -> Self {
        Self::Failed(error.into())
    }
}

/// What the reader says when it is asked for the next batch.
enum Cut {
    /// The batch with this number was filled.
    Batch(u64),
    /// The file ends.
    End,
    /// It ends early, in place of the batch with this number.
    Broken(u64, Ending),
}

/// What became of a batch in the middle stretch.
struct Cast {
    /// The rows of each unit, by their positions in the batch.
    units: Vec<((MunicipalityCode, Period), Vec<u32>)>,
    rejected: Vec<RejectedRow>,
}

impl<'a> Reading<'a> {
    /// What log lines of those who read it belong to.
    pub(super) fn span(&self) -> tracing::Span {
        self.job.span()
    }

    /// Looks at the file and compiles what is the same for all its rows.
    pub(super) fn open(desk: &'a Desk<'a>, job: &'a Job) -> Result<Result<Self, Refusal>, RunError> {
        tracing::debug!(name = %model::redact(&job.delivery.name), bytes = job.delivery.bytes, "reading");
        let input = match desk.archive.read(&job.delivery.content) {
            // What was given up on purpose is a delivery that cannot count any more, and no damage of the store.
            Err(error @ ExtractError::Discarded { .. }) => {
                return Ok(Err(Refusal::new(Code::DISCARDED, error.to_string())));
            }
            input => input?,
        };
        let input = match open_input(&job.source.input, input, InputLimits::default(), desk.threads)? {
            Ok(input) => input,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let reader = match Reader::open(&job.source, input, Limits::default())? {
            Ok(reader) => reader,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (scope, lists) = (&job.delivery.scope, &desk.catalogue.codelists);
        let harmoniser = match Harmoniser::new(&job.source, &job.dataset, lists, scope, reader.header(), desk.keys) {
            Ok(harmoniser) => harmoniser,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let schema = harmoniser.schema();
        Ok(Ok(Self {
            desk,
            job,
            hasher: KeyHasher::new(&job.dataset),
            plan: desk.plan(&job.dataset, schema),
            front: Mutex::new(Front { reader, next: 0 }),
            back: Mutex::new(Back {
                next: 0,
                parts: Parts::new(desk, job, Arc::clone(schema)),
                keys: KeyCheck::new(desk.store),
                hands: Vec::new(),
                ended: None,
            }),
            turned: Condvar::new(),
            stopped: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            harmoniser,
        }))
    }

    /// Whether there may be more batches.
    pub(super) fn has_more(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed)
    }

    /// The run comes to nothing: no further batch is begun.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
        self.stop();
    }

    /// No further batch is begun.
    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn front(&self) -> MutexGuard<'_, Front> {
        self.front.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn back(&self) -> MutexGuard<'_, Back<'a>> {
        self.back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes batch after batch until there are no more. Any number of threads may do so at a time.
    pub(super) fn work(&self, tools: &mut Tools, sender: &SyncSender<Told>) {
        let mut hand = (self.harmoniser.hand(), self.plan.hand());
        let mut accepted = RecordBatch::new(Arc::clone(self.harmoniser.schema()));
        loop {
            let cut = self.cut(&mut tools.raw);
            let turn = Turn { reading: self, taken: false };
            let (number, cast) = match cut {
                Cut::End => {
                    turn.survived();
                    break;
                }
                Cut::Broken(number, ending) => (number, Err(ending)),
                Cut::Batch(number) => (number, self.cast(tools, &mut hand, &mut accepted)),
            };
            let full = self.enter(number, cast, &accepted, &tools.hashes, sender);
            turn.survived();
            if let Err(error) = self.encode(full, &mut tools.scratch) {
                self.end(Ending::Failed(error));
            }
        }
        self.back().hands.push(hand);
    }

    /// The front stretch.
    fn cut(&self, raw: &mut RawBatch) -> Cut {
        let mut front = self.front();
        if !self.has_more() {
            return Cut::End;
        }
        let ending = match front.reader.next_batch(raw) {
            _ if self.desk.stop.is_asked() => Some(Ending::Failed(RunError::stopped())),
            Ok(Ok(true)) => None,
            Ok(Ok(false)) => {
                self.stop();
                return Cut::End;
            }
            Ok(Err(refusal)) => Some(Ending::Refused(refusal)),
            Err(error) => Some(Ending::Failed(error.into())),
        };
        let number = front.next;
        front.next += 1;
        match ending {
            None => Cut::Batch(number),
            Some(ending) => {
                self.stop();
                Cut::Broken(number, ending)
            }
        }
    }

    /// The middle stretch.
    fn cast(
        &self,
        tools: &mut Tools,
        (hand, partials): &mut (Hand, PartialHand),
        accepted: &mut RecordBatch,
    ) -> Result<Cast, Ending> {
        accepted.clear();
        tools.hashes.clear();
        let mut rejected = Vec::new();
        self.harmoniser.harmonise(hand, &tools.raw, accepted, &mut rejected)?;
        if let Some(hasher) = &self.hasher {
            hasher.hash(accepted, &mut tools.hashes);
        }
        self.plan.add(partials, accepted);
        Ok(Cast { units: normaliser::partition(&self.job.dataset, accepted), rejected })
    }

    /// The back stretch: in the order of the batches, whoever cast them. The row groups that became full are the
    /// caller's to encode.
    fn enter(
        &self,
        number: u64,
        cast: Result<Cast, Ending>,
        accepted: &RecordBatch,
        hashes: &[u128],
        sender: &SyncSender<Told>,
    ) -> Vec<(WorkUnit, RowGroup)> {
        let mut back = self.back();
        while back.next != number && back.ended.is_none() {
            back = self.turned.wait(back).unwrap_or_else(PoisonError::into_inner);
        }
        let mut full = Vec::new();
        if back.ended.is_none() {
            match cast {
                Ok(cast) => full = self.append(&mut back, cast, accepted, hashes, sender),
                Err(ending) => back.ended = Some(ending),
            }
        }
        back.next = number + 1;
        if back.ended.is_some() {
            self.stop();
        }
        self.turned.notify_all();
        full
    }

    fn append(
        &self,
        back: &mut Back<'a>,
        cast: Cast,
        accepted: &RecordBatch,
        hashes: &[u128],
        sender: &SyncSender<Told>,
    ) -> Vec<(WorkUnit, RowGroup)> {
        if !cast.rejected.is_empty() && sender.send(self.rejected(cast.rejected)).is_err() {
            back.ended = Some(Ending::Refused(Refusal::new(Code::INTERNAL, "the run was given up")));
            return Vec::new();
        }
        if self.hasher.is_some() {
            if let Err(error) = back.keys.add(hashes, &accepted.record) {
                back.ended = Some(Ending::Failed(error.into()));
                return Vec::new();
            }
        }
        back.parts.add(accepted, cast.units)
    }

    fn rejected(&self, rows: Vec<RejectedRow>) -> Told {
        Told::Rejected(self.job.delivery.id.clone(), rows)
    }

    /// Encodes row groups and hands them to their parts.
    fn encode(&self, full: Vec<(WorkUnit, RowGroup)>, scratch: &mut EncodeScratch) -> Result<(), RunError> {
        for (unit, group) in full {
            let encoded = group.encode(scratch)?;
            self.back().parts.put(&unit, encoded)?;
        }
        Ok(())
    }

    fn end(&self, ending: Ending) {
        self.stop();
        self.back().ended.get_or_insert(ending);
        self.turned.notify_all();
    }

    /// Closes the account of the delivery. Nobody else works on it any more.
    pub(super) fn finish(
        self,
        tools: &mut Tools,
        sender: &SyncSender<Told>,
    ) -> Result<Result<ReadDelivery, Refusal>, RunError> {
        let (desk, job) = (self.desk, self.job);
        let front = self.front.into_inner().unwrap_or_else(PoisonError::into_inner);
        let back = self.back.into_inner().unwrap_or_else(PoisonError::into_inner);
        match back.ended {
            Some(Ending::Refused(refusal)) => return Ok(Err(refusal)),
            Some(Ending::Failed(error)) => return Err(error),
            // Whoever has given it up has a better error to tell.
            None if self.given_up.into_inner() => return Err(RunError::stopped()),
            None => {}
        }
        let summary = front.reader.finish();
        let (hands, partials): (Vec<Hand>, Vec<PartialHand>) = back.hands.into_iter().unzip();
        let harmonised = match self.harmoniser.finish(hands, &summary.control) {
            Ok(harmonised) => harmonised,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (mut units, unused) = back.parts.finish(&mut tools.scratch)?;
        let keys = settle_keys(desk.store, &job.dataset, back.keys, &mut units)?;
        let tally = tally(&summary, &harmonised, &keys, unused);
        tally.balance().map_err(|error| RunError::Internal(format!("{}: {error}", job.delivery.name)))?;
        if let Some(refusal) = too_few(job, &tally, unused) {
            return Ok(Err(refusal));
        }
        let mut notices = [summary.notices, harmonised.notices, keys.notice().into_iter().collect()].concat();
        notices.extend(job.source.notice_of_no_rows(tally.accepted + unused));
        let mut partials = self.plan.finish(&partials);
        // What was added up does not hold for units that lost rows.
        keys.rewritten.iter().for_each(|unit| partials.forget(unit.municipality, unit.period));
        if !keys.conflicts.is_empty() {
            // Nobody listens any more only when the run is given up.
            sender.send(Told::Rejected(job.delivery.id.clone(), keys.conflicts)).unwrap_or_default();
        }
        let partials = Some(Arc::new(partials));
        Ok(Ok(ReadDelivery { tally, notices, units: super::parts::cover(desk, job, units), partials }))
    }
}

fn tally(summary: &ReadSummary, harmonised: &normaliser::Harmonised, keys: &KeyVerdict, unused: u64) -> RowTally {
    let conflicts = keys.conflicts.len() as u64;
    let mut tally = RowTally {
        read: summary.read,
        accepted: harmonised.accepted - keys.duplicates - conflicts - unused,
        rejected: harmonised.rejected + conflicts,
        skipped: summary.skipped.clone(),
    };
    tally.skip_many("duplicate", keys.duplicates);
    tally.skip_many("not_used", unused);
    tally
}

fn too_few(job: &Job, tally: &RowTally, unused: u64) -> Option<Refusal> {
    let least = job.source.least_rows();
    if tally.accepted + unused >= least {
        return None;
    }
    let message = format!(
        "{} rows were accepted of {} read ({} rejected); a delivery of `{}` has at least {least}",
        tally.accepted, tally.read, tally.rejected, job.source.id
    );
    Some(Refusal::new(Code::TOO_FEW_ROWS, message))
}

/// Somebody whose turn will come. Should the thread panic before, those who wait behind it must not wait for ever.
struct Turn<'r, 'a> {
    reading: &'r Reading<'a>,
    taken: bool,
}

impl Turn<'_, '_> {
    fn survived(mut self) {
        self.taken = true;
    }
}

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        if !self.taken {
            self.reading.end(Ending::Failed(RunError::Internal("a thread broke down".to_owned())));
        }
    }
}

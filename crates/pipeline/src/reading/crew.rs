//! Who reads what: each thread leads a delivery of its own as long as there are any, and then helps with those that
//! others lead. So thousands of small files run side by side, and a single large one has all threads.

use std::cmp::Reverse;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tracing::Span;

use super::delivery::{Reading, Tools};
use super::{Desk, Job, Told};
use crate::RunError;

/// Reads the jobs on the desk's threads and calls `listen` with what they tell, on the caller's thread. When `listen`
/// fails, no further job is begun.
pub(crate) fn read_all(
    desk: &Desk<'_>,
    jobs: &[Job],
    mut listen: impl FnMut(Told) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let crew = Crew::new(desk, jobs);
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(64);
        for _ in 0..desk.threads.max(1) {
            let (sender, crew) = (sender.clone(), &crew);
            scope.spawn(move || crew.work(&sender));
        }
        drop(sender);
        let result = receiver.iter().try_for_each(&mut listen);
        if result.is_err() {
            crew.give_up();
        }
        // Dropping the receiver ends workers that would otherwise wait for room in the channel.
        drop(receiver);
        result
    })
}

struct Crew<'a> {
    desk: &'a Desk<'a>,
    jobs: &'a [Job],
    roster: Mutex<Roster<'a>>,
    changed: Condvar,
    /// What the caller was at: log lines of all threads belong to it.
    caller: Span,
}

/// Who does what at the moment.
struct Roster<'a> {
    /// The jobs that nobody leads yet; the smallest comes first, since they are taken from the end.
    waiting: Vec<usize>,
    /// Deliveries that are being read, and may be helped with.
    open: Vec<Arc<Reading<'a>>>,
    /// Threads that lead a delivery.
    leaders: usize,
    given_up: bool,
}

enum Task<'a> {
    Lead(usize),
    Help(Arc<Reading<'a>>),
    Rest,
}

impl<'a> Crew<'a> {
    fn new(desk: &'a Desk<'a>, jobs: &'a [Job]) -> Self {
        let mut waiting: Vec<usize> = (0..jobs.len()).collect();
        // The largest is begun first, so that no thread is left alone with it at the end.
        waiting.sort_by_key(|at| (jobs[*at].delivery.bytes, Reverse(*at)));
        let roster = Roster { waiting, open: Vec::new(), leaders: 0, given_up: false };
        Self { desk, jobs, roster: Mutex::new(roster), changed: Condvar::new(), caller: Span::current() }
    }

    /// A thread that panicked has not left the roster half-changed; its panic ends the run anyway.
    fn roster(&self) -> MutexGuard<'_, Roster<'a>> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_up(&self) {
        let mut roster = self.roster();
        roster.given_up = true;
        roster.waiting.clear();
        roster.open.iter().for_each(|reading| reading.give_up());
        self.changed.notify_all();
    }

    /// The life of a thread.
    fn work(&self, sender: &SyncSender<Told>) {
        let mut tools = Tools::default();
        let _called = self.caller.enter();
        loop {
            match self.next_task() {
                Task::Rest => return,
                Task::Help(reading) => {
                    let helping = Helping { crew: self, reading: Some(reading) };
                    if let Some(reading) = &helping.reading {
                        let span = reading.span();
                        let _entered = span.enter();
                        reading.work(&mut tools, sender);
                    }
                }
                Task::Lead(at) => {
                    let leading = Leading { crew: self };
                    let span = self.jobs[at].span();
                    let entered = span.enter();
                    let ended = self.lead(&self.jobs[at], &mut tools, sender);
                    drop(leading);
                    drop(entered);
                    if sender.send(Told::Ended(at, ended)).is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn next_task(&self) -> Task<'a> {
        let mut roster = self.roster();
        loop {
            if roster.given_up {
                return Task::Rest;
            }
            if let Some(at) = roster.waiting.pop() {
                roster.leaders += 1;
                return Task::Lead(at);
            }
            if let Some(reading) = roster.open.iter().find(|reading| reading.has_more()) {
                return Task::Help(Arc::clone(reading));
            }
            if roster.leaders == 0 {
                return Task::Rest;
            }
            roster = self.changed.wait(roster).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lead(
        &self,
        job: &'a Job,
        tools: &mut Tools,
        sender: &SyncSender<Told>,
    ) -> Result<Result<super::ReadDelivery, model::Refusal>, RunError> {
        let reading = match Reading::open(self.desk, job)? {
            Ok(reading) => Arc::new(reading),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let opened = Opened { crew: self, reading: Some(Arc::clone(&reading)) };
        self.roster().open.push(Arc::clone(&reading));
        self.changed.notify_all();
        reading.work(tools, sender);
        drop(reading);
        match opened.alone() {
            Some(reading) => reading.finish(tools, sender),
            None => Err(RunError::Internal(format!("{}: another thread still reads it", job.delivery.name))),
        }
    }
}

/// A thread that leads; however it ends, those who wait for it learn of it.
struct Leading<'c, 'a> {
    crew: &'c Crew<'a>,
}

impl Drop for Leading<'_, '_> {
    fn drop(&mut self) {
        self.crew.roster().leaders -= 1;
        self.crew.changed.notify_all();
    }
}

/// A thread that helps. References to a reading are given back under the lock of the roster, so that its leader knows
/// when it has the last one.
struct Helping<'c, 'a> {
    crew: &'c Crew<'a>,
    reading: Option<Arc<Reading<'a>>>,
}

impl Drop for Helping<'_, '_> {
    fn drop(&mut self) {
        let roster = self.crew.roster();
        self.reading = None;
        drop(roster);
        self.crew.changed.notify_all();
    }
}

/// A delivery that others may help with.
struct Opened<'c, 'a> {
    crew: &'c Crew<'a>,
    reading: Option<Arc<Reading<'a>>>,
}

impl<'a> Opened<'_, 'a> {
    /// Waits for the helpers, and takes the delivery back.
    fn alone(mut self) -> Option<Reading<'a>> {
        let reading = self.reading.take()?;
        let mut roster = self.crew.roster();
        roster.open.retain(|other| !Arc::ptr_eq(other, &reading));
        while Arc::strong_count(&reading) > 1 {
            roster = self.crew.changed.wait(roster).unwrap_or_else(PoisonError::into_inner);
        }
        Arc::into_inner(reading)
    }
}

impl Drop for Opened<'_, '_> {
    fn drop(&mut self) {
        if let Some(reading) = self.reading.take() {
            reading.give_up();
            self.crew.roster().open.retain(|other| !Arc::ptr_eq(other, &reading));
        }
    }
}

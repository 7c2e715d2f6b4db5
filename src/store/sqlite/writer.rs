//! The thread that commits: takes all that waits, writes it in one transaction, and tells those who wait for it.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::{log::Log, write};
use crate::core::book::{Book, Change, Commit, Effort, Outcome};

/// How long after a failure to look whether the disk works again.
const RETRY: Duration = Duration::from_secs(1);

/// A commit costs as much as a dozen changes, so what comes one behind the other is gathered: as long as each wait for more brings some, but no
/// longer than the second.
const GATHERING: Duration = Duration::from_micros(100);
const GATHERED_WITHIN: Duration = Duration::from_millis(1);

/// What is to be written next. As long as everything that waits for an answer: every request in it holds its connection.
pub(super) struct Inbox {
    batch: Mutex<Batch>,
    filled: Condvar,
    commits: AtomicU64,
    operations: AtomicU64,
    nanos: AtomicU64,
    failures: AtomicU64,
}

struct Batch {
    changes: Vec<Change>,
    operations: u64,
    outcome: watch::Sender<Outcome>,
    /// Nothing is taken: the disk is full, or worse.
    failing: bool,
    closed: bool,
}

impl Default for Inbox {
    fn default() -> Self {
        let batch = Batch {
            changes: Vec::new(),
            operations: 0,
            outcome: watch::Sender::new(Outcome::Pending),
            failing: false,
            closed: false,
        };
        Self {
            batch: Mutex::new(batch),
            filled: Condvar::new(),
            commits: AtomicU64::new(0),
            operations: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }
}

impl Inbox {
    pub(super) fn is_ready(&self) -> bool {
        let batch = self.batch.lock();
        !batch.failing && !batch.closed
    }

    pub(super) fn append(&self, changes: Vec<Change>) -> Commit {
        let mut batch = self.batch.lock();
        batch.changes.extend(changes);
        batch.operations += 1;
        let commit = Commit::pending(batch.outcome.subscribe());
        let is_first = batch.operations == 1;
        drop(batch);
        if is_first {
            self.filled.notify_one();
        }
        commit
    }

    pub(super) fn append_along(&self, changes: Vec<Change>) {
        self.batch.lock().changes.extend(changes);
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.batch.lock().closed = true;
        self.filled.notify_one();
    }

    pub(super) fn effort(&self) -> Effort {
        Effort {
            commits: self.commits.load(Ordering::Relaxed),
            operations: self.operations.load(Ordering::Relaxed),
            time: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    /// Waits for something to write, or until then: that has nothing in it. `None` when nothing more will come.
    fn next(&self, until: Option<Instant>) -> Option<Taken> {
        let mut batch = self.batch.lock();
        while batch.operations == 0 && !batch.closed {
            match until {
                None => self.filled.wait(&mut batch),
                Some(until) if self.filled.wait_until(&mut batch, until).timed_out() => return Some(batch.take()),
                Some(_) => {}
            }
        }
        let begun = Instant::now();
        let mut before = 0;
        while batch.operations > before && !batch.closed && begun.elapsed() < GATHERED_WITHIN {
            before = batch.operations;
            self.filled.wait_for(&mut batch, GATHERING);
        }
        let is_last = batch.operations == 0 && batch.changes.is_empty();
        (!is_last).then(|| batch.take())
    }

    /// Waits for the end, at most so long; whether it came.
    fn closed_within(&self, time: Duration) -> bool {
        let mut batch = self.batch.lock();
        if !batch.closed {
            self.filled.wait_for(&mut batch, time);
        }
        batch.closed
    }
}

impl Batch {
    fn take(&mut self) -> Taken {
        Taken {
            changes: std::mem::take(&mut self.changes),
            operations: std::mem::take(&mut self.operations),
            outcome: std::mem::replace(&mut self.outcome, watch::Sender::new(Outcome::Pending)),
        }
    }
}

/// The end of the thread, however it comes: nobody waits for a commit that nobody makes.
struct Last(Arc<Inbox>);

impl Drop for Last {
    fn drop(&mut self) {
        let mut batch = self.0.batch.lock();
        batch.closed = true;
        batch.take().outcome.send_replace(Outcome::Failed);
    }
}

/// What is written in one transaction.
struct Taken {
    changes: Vec<Change>,
    operations: u64,
    outcome: watch::Sender<Outcome>,
}

pub(super) struct Writer {
    connection: Connection,
    inbox: Arc<Inbox>,
    book: Weak<Book>,
    /// Where commits do not wait for the disk.
    log: Option<Log>,
}

impl Writer {
    pub(super) fn new(connection: Connection, inbox: Arc<Inbox>, book: Weak<Book>, log: Option<Log>) -> Self {
        Self { connection, inbox, book, log }
    }

    pub(super) fn run(mut self) {
        let _last = Last(self.inbox.clone());
        while let Some(taken) = self.inbox.next(self.log.as_ref().and_then(Log::due)) {
            let start = Instant::now();
            match self.commit(&taken.changes) {
                Ok(()) => {
                    // Who only asks whether the storage answers has changed nothing.
                    if !taken.changes.is_empty() {
                        self.count(&taken, start.elapsed());
                        self.log.iter_mut().for_each(Log::committed);
                    }
                    taken.outcome.send_replace(Outcome::Durable);
                    self.log.iter_mut().for_each(Log::send);
                }
                Err(error) => {
                    self.fail(taken, &error);
                    if !self.recover() {
                        return;
                    }
                }
            }
        }
        // The log goes into the file, and the file is all there is.
        if let Err(error) = self.connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(())) {
            warn!(%error, "the storage's log stays beside its file");
        }
    }

    fn commit(&mut self, changes: &[Change]) -> rusqlite::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        changes.iter().try_for_each(|change| write::change(&transaction, change))?;
        transaction.commit()
    }

    fn count(&self, taken: &Taken, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.inbox.commits.fetch_add(1, Ordering::Relaxed);
        self.inbox.operations.fetch_add(taken.operations, Ordering::Relaxed);
        self.inbox.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Undoes what is not durable: what was just refused, and all that came after it and may depend on it.
    fn fail(&self, refused: Taken, problem: &rusqlite::Error) {
        error!(%problem, operations = refused.operations, "the storage takes nothing; what it refused is undone");
        self.inbox.failures.fetch_add(1, Ordering::Relaxed);
        let Taken { mut changes, outcome, .. } = refused;
        let mut later = None;
        let failed = || {
            let mut batch = self.inbox.batch.lock();
            batch.failing = true;
            let taken = batch.take();
            changes.extend(taken.changes);
            later = Some(taken.outcome);
            changes
        };
        match self.book.upgrade() {
            Some(book) => book.undo(failed),
            None => drop(failed()),
        }
        outcome.send_replace(Outcome::Failed);
        if let Some(later) = later {
            later.send_replace(Outcome::Failed);
        }
    }

    /// Waits until something can be written again; false when the end comes first.
    fn recover(&mut self) -> bool {
        loop {
            // At once, and even if it fails: where only the sync has failed, what was refused stands in the log, where the next process would
            // find it. The probe is written in its place.
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
            let probed = transaction.and_then(|probe| {
                write::probe(&probe)?;
                probe.commit()
            });
            match probed {
                Ok(()) => {
                    info!("the storage works again");
                    self.inbox.batch.lock().failing = false;
                    return true;
                }
                Err(problem) => warn!(%problem, "the storage still takes nothing"),
            }
            if self.inbox.closed_within(RETRY) {
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::book::Unavailable;

    #[tokio::test]
    async fn nobody_waits_for_a_thread_that_has_ended() {
        let inbox = Arc::new(Inbox::default());
        let commit = inbox.append(Vec::new());
        drop(Last(inbox.clone()));
        assert_eq!(commit.wait().await, Err(Unavailable));
        assert!(!inbox.is_ready());
    }
}

//! A SQLite file as the journal. One thread owns the connection and commits whatever waits in one transaction (group commit): a disk that
//! syncs a thousand times a second keeps far more than a thousand changes a second.
//!
//! The file is locked for this process: memory is the authority, and two authorities would contradict each other.

mod load;
mod log;
mod rendezvous;
mod schema;
mod write;
mod writer;

use std::{
    fmt, fs, io,
    os::unix::fs::OpenOptionsExt,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode};
use tracing::info;

use self::{
    log::Log,
    writer::{Inbox, Writer},
};
use crate::{
    config::{Storage, StorageSync},
    core::book::{Book, Change, Commit, Effort, Journal, Kept},
};

/// What a start does while another process has the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhenTaken {
    /// Refuses to start, unless that process is about to end.
    Refuse,
    /// Waits until that process ends, whenever that may be: this one is to follow it.
    Wait,
}

/// A process that is about to end has ended after this time.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// As long as SQLite waits at most: 24 days.
const WHENEVER: Duration = Duration::from_millis(i32::MAX as u64);

/// Statements that stay prepared.
const STATEMENTS: usize = 64;

/// An open file, before anything is written.
pub struct Sqlite {
    connection: Connection,
    inbox: Arc<Inbox>,
    log: Option<Log>,
}

/// The thread that writes, to be ended in order.
pub struct Writing {
    inbox: Arc<Inbox>,
    thread: JoinHandle<()>,
}

/// Why a file cannot be used.
#[derive(Debug)]
pub enum Unusable {
    /// It cannot be made, or not be written.
    File(io::Error),
    Sqlite(rusqlite::Error),
    /// Of another program.
    Foreign,
    /// Of a later version of this one.
    Later(i64),
    /// A record that this version cannot have written.
    Record(String),
}

impl Sqlite {
    /// Opens or makes the file, in the newest schema. `:memory:` is a file that ends with the process.
    ///
    /// # Errors
    /// The file cannot be opened, written or understood, or another process has it.
    pub fn open(path: &str, sync: StorageSync, when_taken: WhenTaken) -> Result<Self, Unusable> {
        match when_taken {
            WhenTaken::Refuse => Self::open_within(path, sync, ENDS_WITHIN),
            WhenTaken::Wait => match Self::open_within(path, sync, Duration::ZERO) {
                Err(Unusable::Sqlite(error)) if is_taken(&error) => {
                    info!(path, "another process has the storage: waiting for its end");
                    Self::open_within(path, sync, WHENEVER)
                }
                opened => opened,
            },
        }
    }

    fn open_within(path: &str, sync: StorageSync, patience: Duration) -> Result<Self, Unusable> {
        make(path).map_err(Unusable::File)?;
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(patience)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        schema::prepare(&mut connection, sync)?;
        let log = (sync == StorageSync::Normal && path != Storage::IN_MEMORY).then(|| Log::beside(path));
        Ok(Self { connection, inbox: Arc::default(), log })
    }

    /// Everything that is kept.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    pub fn load(&self) -> Result<Kept, Unusable> {
        load::all(&self.connection)
    }

    /// The journal to build the book with.
    pub fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(Queue(self.inbox.clone()))
    }

    /// Starts to write what the book of [`Self::journal`] appends.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn write_for(self, book: &Arc<Book>) -> io::Result<Writing> {
        let writer = Writer::new(self.connection, self.inbox.clone(), Arc::downgrade(book), self.log);
        let thread = thread::Builder::new().name("storage".to_owned()).spawn(move || writer.run())?;
        Ok(Writing { inbox: self.inbox, thread })
    }
}

impl Writing {
    /// Writes what waits, tidies the file and lets go of it.
    pub fn close(self) {
        self.inbox.close();
        if self.thread.join().is_err() {
            tracing::error!("the storage thread ended by a panic");
        }
    }
}

/// The book's end of the inbox.
struct Queue(Arc<Inbox>);

impl Journal for Queue {
    fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    fn append(&self, changes: Vec<Change>) -> Commit {
        self.0.append(changes)
    }

    fn append_along(&self, changes: Vec<Change>) {
        self.0.append_along(changes);
    }

    fn effort(&self) -> Effort {
        self.0.effort()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Sqlite(error) if is_taken(error) => f.write_str("another process has it"),
            Self::Sqlite(error) => error.fmt(f),
            Self::Foreign => f.write_str("the file is a database of another program"),
            Self::Later(version) => write!(f, "the file was written by a later version (schema {version})"),
            Self::Record(what) => write!(f, "the file holds what this version cannot read: {what}"),
        }
    }
}

impl std::error::Error for Unusable {}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn is_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Makes the file where there is none, for nobody else to read: it holds the secrets of offers. What SQLite puts beside it gets the same mode.
fn make(path: &str) -> io::Result<()> {
    if path == Storage::IN_MEMORY {
        return Ok(());
    }
    fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map(drop)
}

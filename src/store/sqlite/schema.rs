//! The tables, and how a file of an earlier version gets to them.

use std::fs;

use rusqlite::{Connection, TransactionBehavior, config::DbConfig};

use super::Unusable;
use crate::config::StorageSync;

/// Marks a file as one of this program's (`PRAGMA application_id`): "meet" in ASCII.
const APPLICATION: i64 = 0x6d65_6574;

/// Memory for pages, in KiB: most changes go to pages that were changed lately.
const CACHE_KIB: i64 = 32 * 1024;

/// Pages that the write-ahead log may grow to (64 MiB) before they go into the file, which waits for the disk twice: seldom and long is less
/// waiting than often and short.
const LOG_PAGES: i64 = 16 * 1024;

/// What leads from each version to the next one; `PRAGMA user_version` counts those that were done. Never changed, only added to.
const MIGRATIONS: &[&str] = &[
    // Topics, tags and matched tags are JSON arrays: memory has the indexes, the file is only read as a whole.
    "CREATE TABLE offers (
        seq INTEGER PRIMARY KEY,
        space TEXT NOT NULL,
        id TEXT NOT NULL,
        realm TEXT NOT NULL,
        owner TEXT NOT NULL,
        topics TEXT NOT NULL,
        sdp TEXT NOT NULL,
        secret TEXT,
        info TEXT,
        service_id TEXT,
        service_fqn TEXT,
        created INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        answer_by TEXT,
        answer_sdp TEXT,
        answered INTEGER,
        answer_matched TEXT
    ) STRICT;
    CREATE TABLE candidates (
        seq INTEGER PRIMARY KEY,
        offer INTEGER NOT NULL REFERENCES offers (seq) ON DELETE CASCADE,
        role TEXT NOT NULL,
        owner TEXT NOT NULL,
        json TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX candidates_of_offer ON candidates (offer);
    CREATE TABLE names (
        name TEXT PRIMARY KEY,
        public_key TEXT NOT NULL,
        claimed INTEGER NOT NULL,
        expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE nonces (
        digest BLOB PRIMARY KEY,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), filler BLOB NOT NULL) STRICT;",
    // Rooms are 16 bytes. Mail is found by its box; a payload may be as large as a box.
    "CREATE TABLE codes (
        code TEXT PRIMARY KEY,
        room BLOB NOT NULL,
        expires INTEGER NOT NULL,
        rests_until INTEGER NOT NULL,
        redeemed INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mailboxes (
        room BLOB NOT NULL,
        side TEXT NOT NULL,
        last INTEGER NOT NULL,
        acknowledged INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        PRIMARY KEY (room, side)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mail (
        id INTEGER PRIMARY KEY,
        room BLOB NOT NULL,
        side TEXT NOT NULL,
        seq INTEGER NOT NULL,
        payload TEXT NOT NULL,
        FOREIGN KEY (room, side) REFERENCES mailboxes (room, side) ON DELETE CASCADE
    ) STRICT;
    CREATE UNIQUE INDEX mail_of_box ON mail (room, side, seq);",
];

/// Brings the file into the newest schema, and the connection into the right mode. A file that is not this program's stays as it is.
pub(super) fn prepare(connection: &mut Connection, sync: StorageSync) -> Result<(), Unusable> {
    // Before the first look: the write-ahead log then needs no shared memory.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    // Another's log is not written into its file either. Where there is none, closing removes the empty one that looking has made.
    let has_log =
        connection.path().is_some_and(|path| fs::metadata(format!("{path}-wal")).is_ok_and(|log| log.len() > 0));
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log)?;
    migrations_done(connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    let sync = match sync {
        StorageSync::Full => "FULL",
        StorageSync::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", sync)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), Unusable> {
    // The lock is taken now, and with it the file.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let done = migrations_done(&transaction)?;
    for migration in &MIGRATIONS[done..] {
        transaction.execute_batch(migration)?;
    }
    if done < MIGRATIONS.len() {
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    }
    transaction.commit()?;
    Ok(())
}

/// How many of the migrations a file has behind it; a new file none.
fn migrations_done(connection: &Connection) -> Result<usize, Unusable> {
    let read = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (application, version) = (read("application_id")?, read("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && (tables > 0 || application != 0) {
        return Err(Unusable::Foreign);
    }
    let done = usize::try_from(version).ok().filter(|done| *done <= MIGRATIONS.len());
    done.ok_or(Unusable::Later(version))
}

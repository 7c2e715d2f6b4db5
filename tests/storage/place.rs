//! Where a server under test keeps its file, and what is found there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::server::Server;
use crate::{AUTH_SECRET, LONG};

/// A folder of its own for one database; it ends with the test.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder") }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database's file.
    pub fn file(&self) -> PathBuf {
        self.folder().join("meetpoint.db")
    }

    /// A server that keeps its records here, for long if it is told nothing else.
    pub async fn server(&self, more: &[(&str, &str)]) -> Server {
        Server::with(&[&settings(&path(&self.file())), more].concat()).await
    }

    /// The size of the largest file here, in bytes.
    pub fn largest(&self) -> u64 {
        contents(self.folder()).values().map(|bytes| bytes.len() as u64).max().unwrap_or_default()
    }

    /// Looks into a copy of the database, so that the server finds its own as it has left it.
    pub fn look<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let copy = TempDir::new().expect("a folder");
        for (name, bytes) in contents(self.folder()) {
            fs::write(copy.path().join(name), bytes).expect("room for a copy");
        }
        look(&Connection::open(copy.path().join("meetpoint.db"))?)
    }

    /// How many rows a table has.
    pub fn rows(&self, table: &str) -> rusqlite::Result<i64> {
        self.look(|copy| copy.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)))
    }

    /// Nothing in the file is broken, and nothing is there by half.
    pub fn assert_sound(&self) {
        let sound: rusqlite::Result<String> =
            self.look(|copy| copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)));
        assert_eq!(sound.as_deref(), Ok("ok"));
        for (half, what) in HALVES {
            let found: rusqlite::Result<i64> = self.look(|copy| copy.query_row(half, [], |row| row.get(0)));
            assert_eq!(found, Ok(0), "{what}");
        }
    }
}

/// Questions that count what must not be, and what that is. A service of these tests has two offers.
const HALVES: &[(&str, &str)] = &[
    ("SELECT count(*) FROM pragma_foreign_key_check", "candidates without their offer"),
    (
        "SELECT count(*) FROM offers WHERE (answer_by IS NULL) <> (answer_sdp IS NULL) \
         OR (answer_by IS NULL) <> (answered IS NULL)",
        "half an answer",
    ),
    (
        "SELECT count(*) FROM (SELECT 1 FROM offers WHERE service_id IS NOT NULL \
         GROUP BY service_id HAVING count(*) <> 2)",
        "half a service",
    ),
];

/// What a server is told that keeps its records there.
pub fn settings(path: &str) -> [(&str, &str); 7] {
    [
        ("STORAGE_TYPE", "sqlite"),
        ("STORAGE_PATH", path),
        ("AUTH_SECRET", AUTH_SECRET),
        ("SESSION_TIMEOUT", LONG),
        ("OFFER_DEFAULT_TTL", LONG),
        ("ANSWERED_OFFER_TTL", LONG),
        ("CLEANUP_INTERVAL", "50ms"),
    ]
}

pub fn path(path: &Path) -> String {
    path.to_str().expect("a path of text").to_owned()
}

/// The files of a folder, by name, and their bytes.
pub fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.path().is_file());
    // A log may be gone again before it is read.
    files.filter_map(|file| Some((path(Path::new(&file.file_name())), fs::read(file.path()).ok()?))).collect()
}

/// Whether this test may do what only root may.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

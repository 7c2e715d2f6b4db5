//! The write-ahead log's way to the disk at sync `normal`. SQLite waits for the disk there only when it moves the log into the file, which may
//! be in an hour; and the kernel writes by itself after half a minute. So the log is sent there while there is something in it.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tracing::warn;

/// How long a commit waits at most before it is sent to the disk. With what that takes, a power failure costs less than a second.
const WITHIN: Duration = Duration::from_millis(500);

/// What is in the log and not known to be on the disk.
pub(super) struct Log {
    path: PathBuf,
    file: Option<File>,
    unsent_since: Option<Instant>,
}

impl Log {
    /// Of the database with this path.
    pub(super) fn beside(database: &str) -> Self {
        Self { path: format!("{database}-wal").into(), file: None, unsent_since: None }
    }

    /// A transaction was committed.
    pub(super) fn committed(&mut self) {
        self.unsent_since.get_or_insert_with(Instant::now);
    }

    /// When it has to be sent; `None` when nothing is in it.
    pub(super) fn due(&self) -> Option<Instant> {
        self.unsent_since.map(|since| since + WITHIN)
    }

    /// Sends it, if it is due. What fails is tried again as late as this was.
    pub(super) fn send(&mut self) {
        if self.due().is_none_or(|due| Instant::now() < due) {
            return;
        }
        self.unsent_since = None;
        if let Err(error) = self.sync() {
            warn!(%error, "the storage's log cannot be sent to the disk: a power failure would cost more than a second");
            self.committed();
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = none.insert(File::open(&self.path)?);
                // Of a file that nobody finds nothing is kept.
                File::open(folder(&self.path))?.sync_all()?;
                file
            }
        };
        file.sync_data()
    }
}

/// A bare name is in the folder where one stands.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_bare_name_is_the_one_where_one_stands() {
        assert_eq!(folder(Path::new("meetpoint.db-wal")), Path::new("."));
        assert_eq!(folder(Path::new("/data/meetpoint.db-wal")), Path::new("/data"));
    }

    #[test]
    fn a_commit_is_due_once_and_what_cannot_be_sent_is_due_again() {
        let place = tempfile::tempdir().expect("a folder");
        let database = place.path().join("x.db");
        let mut log = Log::beside(database.to_str().expect("a path of text"));
        log.send();
        assert_eq!(log.due(), None);
        log.committed();
        let first = log.due();
        log.committed();
        assert_eq!(log.due(), first, "the first of several counts");
        log.unsent_since = Instant::now().checked_sub(WITHIN);
        log.send();
        assert!(log.due() > first, "there is no such file");
        std::fs::write(&log.path, "a log").expect("written");
        log.unsent_since = Instant::now().checked_sub(WITHIN);
        log.send();
        assert_eq!(log.due(), None);
    }
}

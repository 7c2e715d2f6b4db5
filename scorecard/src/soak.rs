//! Runs what takes minutes, unattended.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use crate::row::Row;

/// Set to 1 for the commands of a soak: they do more then.
pub const VARIABLE: &str = "SOAK";

/// So many commands run at a time that need not be alone: many wait.
const SIDE_BY_SIDE: usize = 2;

/// How often a command is asked whether it has ended.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// How a row's command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    pub row: String,
    /// `None` when all was well.
    pub failed: Option<String>,
}

/// Runs the commands of the rows from `home`, two at a time and then in turn those that must be [`Row::alone`], each with its
/// output in a file of `logs`. A failure stops nothing. Rows with the same command share its run. What runs when `stop` is set is
/// ended with all that it started.
///
/// # Errors
/// No command can be started, or no log written; [`io::ErrorKind::Interrupted`] when it was stopped.
pub fn run(
    rows: &[Row],
    home: &Path,
    logs: &Path,
    stop: &AtomicBool,
    told: impl FnMut(&str) + Send,
) -> io::Result<Vec<Ended>> {
    fs::create_dir_all(logs)?;
    let mut commands = HashSet::new();
    let first = rows.iter().filter(|row| row.soak.as_ref().is_some_and(|command| commands.insert(command)));
    let (alone, others): (Vec<_>, Vec<_>) = first.partition(|row| row.alone);
    let soak = Soak { home, logs, stop, told: Mutex::new(told), ended: Mutex::default() };
    soak.run(&others, SIDE_BY_SIDE)?;
    soak.run(&alone, 1)?;
    let ended = soak.ended.into_inner().expect("no lane panics");
    let how = |row: &Row| Some(Ended { row: row.name.clone(), failed: ended.get(row.soak.as_deref()?)?.clone() });
    Ok(rows.iter().filter_map(how).collect())
}

struct Soak<'a, Told> {
    home: &'a Path,
    logs: &'a Path,
    stop: &'a AtomicBool,
    told: Mutex<Told>,
    /// By the command: how it failed, if it did.
    ended: Mutex<HashMap<&'a str, Option<String>>>,
}

impl<'a, Told: FnMut(&str) + Send> Soak<'a, Told> {
    fn run(&self, rows: &[&'a Row], lanes: usize) -> io::Result<()> {
        let next = AtomicUsize::new(0);
        let lane = || {
            while let Some(row) = rows.get(next.fetch_add(1, Relaxed)) {
                self.row(row)?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
            lanes.into_iter().try_for_each(|lane| lane.join().expect("no lane panics"))
        })
    }

    fn row(&self, row: &'a Row) -> io::Result<()> {
        let Some(command) = row.soak.as_deref() else { return Ok(()) };
        let begun = Instant::now();
        let log = self.logs.join(&row.name).with_extension("log");
        let failed = self.one(command, &log, Duration::from_secs(row.minutes * 60))?;
        let how =
            failed.as_ref().map_or_else(|| "ok".to_owned(), |how| format!("FAILED ({how}), see {}", log.display()));
        let line = format!("{:8} {:4} s  {how}", row.name, begun.elapsed().as_secs());
        (self.told.lock().expect("no lane panics"))(&line);
        self.ended.lock().expect("no lane panics").insert(command, failed);
        Ok(())
    }

    /// Runs one command to its end, or to the end of its time. How it failed, if it did.
    fn one(&self, command: &str, log: &Path, limit: Duration) -> io::Result<Option<String>> {
        let output = File::create(log)?;
        let mut child = Command::new("sh")
            .args(["-c", command])
            .current_dir(self.home)
            .env(VARIABLE, "1")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // What it starts ends with it.
            .process_group(0)
            .spawn()?;
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok((!status.success()).then(|| status.to_string()));
            }
            if self.stop.load(Relaxed) {
                end(&mut child)?;
                return Err(io::ErrorKind::Interrupted.into());
            }
            if begun.elapsed() >= limit {
                end(&mut child)?;
                return Ok(Some(format!("took more than {} minutes", limit.as_secs() / 60)));
            }
            #[expect(clippy::disallowed_methods, reason = "a thread of its own")]
            thread::sleep(ASK_EVERY);
        }
    }
}

/// Ends a command with all that it started.
fn end(child: &mut Child) -> io::Result<()> {
    Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status()?;
    child.wait().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, soak: &str, minutes: u64) -> Row {
        Row {
            name: name.to_owned(),
            promise: "It stays.".to_owned(),
            test: None,
            soak: Some(soak.to_owned()),
            alone: false,
            minutes,
            not_proven: None,
        }
    }

    #[test]
    fn rows_that_must_be_alone_are() {
        let home = tempfile::tempdir().expect("a folder");
        // Each waits for the other to begin.
        let meet = |mine: &str, other: &str| format!("touch {mine}; until test -e {other}; do sleep 0.05; done; # ");
        let alone = |name: &str| Row { alone: true, ..row(name, "mkdir busy && sleep 0.2 && rmdir busy; # ", 1) };
        let mut rows = [row("A1", &meet("a", "b"), 1), row("B1", &meet("b", "a"), 1), alone("L1"), alone("L2")];
        for row in &mut rows {
            row.soak = row.soak.take().map(|command| command + &row.name);
        }
        let ended =
            run(&rows, home.path(), &home.path().join("logs"), &AtomicBool::new(false), |_| {}).expect("all are run");
        let ended: Vec<_> = ended.into_iter().map(|ended| (ended.row, ended.failed)).collect();
        assert_eq!(ended, ["A1", "B1", "L1", "L2"].map(|name| (name.to_owned(), None)));
    }

    #[test]
    fn a_failure_stops_nothing_and_rows_with_one_command_share_its_run() {
        let home = tempfile::tempdir().expect("a folder");
        let count = "echo once >> ran; test \"$SOAK\" = 1";
        let rows = [row("A1", "exit 3", 1), row("L1", count, 1), row("L3", count, 1), row("Z1", "sleep 600 & wait", 0)];
        let mut lines = Vec::new();
        let logs = home.path().join("logs");
        let ended = run(&rows, home.path(), &logs, &AtomicBool::new(false), |line| lines.push(line.to_owned()))
            .expect("all are run");
        let failed: Vec<_> = ended.iter().map(|ended| (ended.row.as_str(), ended.failed.as_deref())).collect();
        assert_eq!(
            failed,
            [("A1", Some("exit status: 3")), ("L1", None), ("L3", None), ("Z1", Some("took more than 0 minutes"))]
        );
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert_eq!(fs::read_to_string(home.path().join("ran")).expect("it ran"), "once\n");
    }

    #[test]
    fn whoever_stops_a_soak_stops_what_it_runs() {
        let home = tempfile::tempdir().expect("a folder");
        let rows = [row("A1", "touch begun; sleep 600", 60), row("B1", "sleep 600", 60), row("L1", "touch more", 60)];
        let stop = AtomicBool::new(false);
        let stopped = thread::scope(|scope| {
            scope.spawn(|| {
                while !home.path().join("begun").exists() {
                    thread::yield_now();
                }
                stop.store(true, Relaxed);
            });
            run(&rows, home.path(), &home.path().join("logs"), &stop, |_| {})
        });
        assert!(stopped.is_err_and(|error| error.kind() == io::ErrorKind::Interrupted));
        assert!(!home.path().join("more").exists(), "nothing is begun any more");
    }
}

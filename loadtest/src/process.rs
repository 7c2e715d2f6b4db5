//! CPU time, memory, threads and descriptors of a process, from `/proc` (proc(5)).

use std::{collections::BTreeMap, fs, io, path::PathBuf, time::Duration};

/// `USER_HZ`, the unit of `stat` files, is 100 on every architecture this runs on, whatever the kernel's own tick is.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// A process to be read. It may be gone at any time: then reading fails.
#[derive(Clone, Debug)]
pub struct Process {
    root: PathBuf,
}

/// CPU time that a process has used since it began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CpuReading {
    /// Nanoseconds on a CPU per thread that lives now (`task/*/schedstat`).
    by_thread: BTreeMap<u32, Duration>,
    /// In and on behalf of the process, ended threads included, in ticks of 10 ms (`stat`).
    user: Duration,
    system: Duration,
}

/// CPU time used between two readings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CpuTime {
    pub total: Duration,
    /// Where the total is from: `schedstat` (nanoseconds) or, when a thread has ended between and taken its count along,
    /// `stat` (10 ms).
    pub source: &'static str,
    pub user: Duration,
    pub system: Duration,
    /// What the busiest thread used of it; zero where only the total is known.
    pub busiest: Duration,
}

impl Process {
    /// The process with this id, if it can be read.
    pub fn new(pid: u32) -> io::Result<Self> {
        let process = Self { root: PathBuf::from(format!("/proc/{pid}")) };
        process.cpu()?;
        Ok(process)
    }

    /// This process.
    pub fn current() -> Self {
        Self { root: PathBuf::from("/proc/self") }
    }

    /// CPU time used so far.
    pub fn cpu(&self) -> io::Result<CpuReading> {
        let mut by_thread = BTreeMap::new();
        for task in fs::read_dir(self.root.join("task"))? {
            let task = task?;
            let text = fs::read_to_string(task.path().join("schedstat")).ok();
            // A thread may end between the listing and the read.
            if let (Some(id), Some(time)) = (task.file_name().to_str(), text.as_deref().and_then(parse_schedstat)) {
                by_thread.insert(id.parse().map_err(io::Error::other)?, time);
            }
        }
        let stat = fs::read_to_string(self.root.join("stat"))?;
        let (user, system) = parse_stat(&stat).ok_or_else(|| unreadable("stat"))?;
        Ok(CpuReading { by_thread, user, system })
    }

    /// Resident memory, in bytes.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        self.status("VmRSS").and_then(|text| parse_kilobytes(&text).ok_or_else(|| unreadable("VmRSS")))
    }

    /// Threads that live now.
    pub fn threads(&self) -> io::Result<u64> {
        self.status("Threads").and_then(|text| text.parse().map_err(io::Error::other))
    }

    /// Open descriptors; only the process's own user may count them.
    pub fn descriptors(&self) -> io::Result<u64> {
        Ok(fs::read_dir(self.root.join("fd"))?.count() as u64)
    }

    /// The soft limit of open descriptors.
    pub fn max_descriptors(&self) -> io::Result<u64> {
        let limits = fs::read_to_string(self.root.join("limits"))?;
        parse_max_descriptors(&limits).ok_or_else(|| unreadable("limits"))
    }

    fn status(&self, field: &str) -> io::Result<String> {
        let status = fs::read_to_string(self.root.join("status"))?;
        let mut fields = status.lines().filter_map(|line| line.split_once(':'));
        fields
            .find(|(name, _)| *name == field)
            .map(|(_, value)| value.trim().to_owned())
            .ok_or_else(|| unreadable(field))
    }
}

impl CpuReading {
    /// What was used since an `earlier` reading of the same process.
    pub fn since(&self, earlier: &Self) -> CpuTime {
        let user = self.user.saturating_sub(earlier.user);
        let system = self.system.saturating_sub(earlier.system);
        let nothing_ended =
            !self.by_thread.is_empty() && earlier.by_thread.keys().all(|id| self.by_thread.contains_key(id));
        if nothing_ended {
            let before = |id| earlier.by_thread.get(id).copied().unwrap_or_default();
            let used = || self.by_thread.iter().map(|(id, time)| time.saturating_sub(before(id)));
            let busiest = used().max().unwrap_or_default();
            CpuTime { total: used().sum(), source: "schedstat", user, system, busiest }
        } else {
            CpuTime { total: user + system, source: "stat", user, system, busiest: Duration::ZERO }
        }
    }
}

fn unreadable(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} is not in the form of proc(5)"))
}

/// The first field: nanoseconds spent on a CPU.
fn parse_schedstat(text: &str) -> Option<Duration> {
    text.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Fields 14 and 15, user and system time.
fn parse_stat(text: &str) -> Option<(Duration, Duration)> {
    // The second field is the program's name in parentheses, which may itself hold blanks and parentheses.
    let (_, behind_name) = text.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u32>().ok().map(|ticks| TICK * ticks);
    Some((next()?, next()?))
}

/// `1234 kB`, which means KiB, as bytes.
pub(crate) fn parse_kilobytes(text: &str) -> Option<u64> {
    text.strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

fn parse_max_descriptors(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_programs_name_does_not_confuse_stat() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 151 29 7 8 20 0 4 0 1000 1 2 3";
        assert_eq!(parse_stat(stat), Some((ms(1510), ms(290))));
        assert_eq!(parse_stat("42 (short) S 1"), None);
    }

    #[test]
    fn fields_of_proc_are_read() {
        assert_eq!(parse_schedstat("569851427 397541 60\n"), Some(Duration::from_nanos(569_851_427)));
        assert_eq!(parse_kilobytes("13488 kB"), Some(13_488 * 1024));
        assert_eq!(parse_kilobytes("13488"), None);
        let limits =
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            20000                30000        files\n";
        assert_eq!(parse_max_descriptors(limits), Some(20_000));
        assert_eq!(parse_max_descriptors("Max open files unlimited unlimited files"), Some(u64::MAX));
        assert_eq!(parse_max_descriptors(""), None);
    }

    fn reading(threads: &[(u32, u64)], user: u64) -> CpuReading {
        let by_thread = threads.iter().map(|(id, used)| (*id, ms(*used))).collect();
        CpuReading { by_thread, user: ms(user), system: ms(0) }
    }

    #[test]
    fn threads_that_ended_send_us_back_to_the_ticks() {
        let earlier = reading(&[(1, 10), (2, 20)], 30);
        let grown = reading(&[(1, 15), (2, 20), (3, 5)], 40).since(&earlier);
        assert_eq!((grown.total, grown.source), (ms(10), "schedstat"));
        assert_eq!(grown.busiest, ms(5));
        let ended = reading(&[(1, 15)], 50).since(&earlier);
        assert_eq!((ended.total, ended.source), (ms(20), "stat"));
    }

    #[test]
    fn this_process_can_be_read() {
        let process = Process::new(std::process::id()).expect("readable");
        assert!(process.cpu().expect("cpu").by_thread.values().any(|time| !time.is_zero()));
        assert!(process.resident_bytes().expect("memory") > 100_000);
        assert!(process.threads().expect("threads") >= 1);
        assert!(process.max_descriptors().expect("limit") > process.descriptors().expect("count"));
        assert!(Process::new(u32::MAX).is_err());
    }
}

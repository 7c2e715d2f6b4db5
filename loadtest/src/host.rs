//! The machine that a result was measured on.

use std::{fmt, fs, time::Duration};

use serde::Serialize;

use crate::process::TICK;

/// What one must know of a machine to compare results.
#[derive(Serialize, Default, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    pub cores: usize,
    /// Cores that this process may use: fewer under `taskset` or in a container.
    pub cores_allowed: usize,
    pub cpu: Option<String>,
    pub kernel: Option<String>,
    pub memory_bytes: Option<u64>,
}

impl Host {
    /// Reads the facts from `/proc`.
    pub fn read() -> Self {
        let first_line = |path| fs::read_to_string(path).ok()?.lines().next().map(str::to_owned);
        let cores_allowed = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cores: count_cores().unwrap_or(cores_allowed),
            cores_allowed,
            cpu: field("/proc/cpuinfo", "model name"),
            kernel: first_line("/proc/sys/kernel/osrelease"),
            memory_bytes: field("/proc/meminfo", "MemTotal").as_deref().and_then(crate::process::parse_kilobytes),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cores", self.cores)?;
        if self.cores_allowed != self.cores {
            write!(f, " ({} allowed)", self.cores_allowed)?;
        }
        let memory = self.memory_bytes.map(|bytes| format!("{} MiB", bytes >> 20));
        let kernel = self.kernel.as_ref().map(|release| format!("kernel {release}"));
        [self.cpu.clone(), memory, kernel].into_iter().flatten().try_for_each(|fact| write!(f, ", {fact}"))
    }
}

/// CPU time that all cores together have spent working, for whomever, since the machine began.
pub fn busy() -> Option<Duration> {
    parse_busy(&fs::read_to_string("/proc/stat").ok()?)
}

/// `cpu user nice system idle iowait irq softirq steal …`, in ticks: all but idle and iowait. Stolen time counts, because it
/// falsifies a measurement just as other work does.
fn parse_busy(stat: &str) -> Option<Duration> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace().take(8);
    let ticks = fields.map(|field| field.parse::<u32>().ok()).collect::<Option<Vec<_>>>()?;
    let [user, nice, system, _idle, _iowait, irq, softirq, steal] = ticks[..] else { return None };
    Some([user, nice, system, irq, softirq, steal].into_iter().map(|ticks| TICK * ticks).sum())
}

fn count_cores() -> Option<usize> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    Some(text.lines().filter(|line| line.starts_with("processor")).count()).filter(|count| *count > 0)
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let (_, value) = text.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim_end() == name)?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_is_not_busy() {
        let stat = "cpu  100 1 20 99999 88888 2 3 4 0 0\ncpu0 50 0 0 0 0 0 0 0 0 0\n";
        assert_eq!(parse_busy(stat), Some(Duration::from_millis(1_300)));
        assert_eq!(parse_busy("cpu  1 2 3"), None);
        assert!(busy().is_some());
    }
}

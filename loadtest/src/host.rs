//! The machine that a result was measured on.

use std::fs;

use serde::Serialize;

/// What one must know of a machine to compare results.
#[derive(Serialize, Debug)]
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

fn count_cores() -> Option<usize> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    Some(text.lines().filter(|line| line.starts_with("processor")).count()).filter(|count| *count > 0)
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let (_, value) = text.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim_end() == name)?;
    Some(value.trim().to_owned())
}

//! The server process during a run: memory at the points that matter, its peak, and CPU time between two of them.

use crate::{
    Error,
    process::{CpuReading, Process},
    report::{Figure, Section, Unit},
};

/// A process under watch.
#[derive(Debug)]
pub struct Watch {
    process: Process,
    resident_before: Option<u64>,
    resident_connected: Option<u64>,
    resident_peak: Option<u64>,
    threads: Option<u64>,
    descriptors: Option<u64>,
}

impl Watch {
    /// Begins before the first connection.
    pub fn start(pid: u32) -> Result<Self, Error> {
        let process = Process::new(pid).map_err(|source| Error::Process { pid, source })?;
        let resident_before = process.resident_bytes().ok();
        let resident_peak = resident_before;
        Ok(Self { process, resident_before, resident_connected: None, resident_peak, threads: None, descriptors: None })
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Looks at the memory for its peak; to be called often.
    pub fn sample(&mut self) {
        self.resident_peak = self.resident_peak.max(self.process.resident_bytes().ok());
    }

    /// All clients are connected and silent.
    pub fn connected(&mut self) {
        self.resident_connected = self.process.resident_bytes().ok();
        self.threads = self.process.threads().ok();
        self.descriptors = self.process.descriptors().ok();
        self.sample();
    }

    /// CPU time so far; `None` when the process is gone.
    pub fn cpu(&self) -> Option<CpuReading> {
        self.process.cpu().ok()
    }

    /// The memory's figures, to be taken after the clients have gone.
    pub fn finish(mut self, section: &mut Section) {
        self.sample();
        let resident_after = self.process.resident_bytes().ok();
        let bytes = [
            ("rssBefore", "RSS before", self.resident_before),
            ("rssConnected", "RSS all connected", self.resident_connected),
            ("rssPeak", "RSS peak", self.resident_peak),
            ("rssAfter", "RSS after", resident_after),
        ];
        let counts = [("threads", "threads", self.threads), ("descriptors", "descriptors", self.descriptors)];
        for (key, label, value) in bytes {
            section.extend(value.map(|value| Figure::new(key, label, Unit::Bytes, value as f64)));
        }
        for (key, label, value) in counts {
            section.extend(value.map(|value| Figure::new(key, label, Unit::Count, value as f64)));
        }
    }
}

//! What is looked at during a run: the server's process, when it is told, and how the run goes over time.

use std::{mem, time::Duration};

use tokio::time::sleep;

use crate::{
    Error,
    process::{CpuReading, Process},
    report::{Figure, Section, Unit},
    timeline::Timeline,
};

/// How long the server has to tidy up before its memory is read for the last time.
const SETTLE: Duration = Duration::from_secs(1);

/// Keeps the timeline and, when there is a process to look at, its memory at the points that matter.
#[derive(Default, Debug)]
pub struct Watch {
    server: Option<Server>,
    timeline: Timeline,
}

#[derive(Debug)]
struct Server {
    process: Process,
    resident_before: Option<u64>,
    resident_connected: Option<u64>,
    resident_peak: Option<u64>,
    threads: Option<u64>,
    descriptors: Option<u64>,
}

impl Watch {
    /// Begins before the first connection. `pid`: the server's process, when it is to be watched.
    pub fn start(pid: Option<u32>) -> Result<Self, Error> {
        let watch = |pid| {
            let process = Process::new(pid).map_err(|source| Error::Process { pid, source })?;
            let resident_before = process.resident_bytes().ok();
            Ok::<_, Error>(Server {
                process,
                resident_before,
                resident_connected: None,
                resident_peak: resident_before,
                threads: None,
                descriptors: None,
            })
        };
        Ok(Self { server: pid.map(watch).transpose()?, timeline: Timeline::default() })
    }

    /// The server's process, when it is watched.
    pub fn server(&self) -> Option<&Process> {
        self.server.as_ref().map(|server| &server.process)
    }

    /// The server's resident memory now, in bytes.
    pub fn resident(&self) -> Option<u64> {
        self.server()?.resident_bytes().ok()
    }

    /// CPU time of the server so far; `None` when none is watched, or it is gone.
    pub fn cpu(&self) -> Option<CpuReading> {
        self.server()?.cpu().ok()
    }

    /// A phase of the run begins, in which things of this name (in the plural) are done and counted.
    pub fn enter(&mut self, phase: &'static str, counts: &'static str) {
        self.timeline.enter(phase, counts, self.server.as_ref().map(|server| &server.process));
    }

    /// So much has been done in this phase. To be called as often as one likes: it looks at the processes every 100 ms only.
    pub fn sample(&mut self, done: u64) {
        let Self { server, timeline } = self;
        let resident = timeline.look(done, server.as_ref().map(|server| &server.process));
        if let Some(server) = server {
            server.resident_peak = server.resident_peak.max(resident);
        }
    }

    /// All clients are connected and silent.
    pub fn connected(&mut self) {
        let Some(server) = &mut self.server else { return };
        server.resident_connected = server.process.resident_bytes().ok();
        server.resident_peak = server.resident_peak.max(server.resident_connected);
        server.threads = server.process.threads().ok();
        server.descriptors = server.process.descriptors().ok();
    }

    /// Gives a watched server a second to tidy up.
    pub async fn settle(&self) {
        if self.server.is_some() {
            sleep(SETTLE).await;
        }
    }

    /// The memory's figures, to be taken after the clients have gone.
    pub fn finish(&self, section: &mut Section) {
        let Some(server) = &self.server else { return };
        let resident_after = server.process.resident_bytes().ok();
        let bytes = [
            ("rssBefore", "RSS before", server.resident_before),
            ("rssConnected", "RSS all connected", server.resident_connected),
            ("rssPeak", "RSS peak", server.resident_peak.max(resident_after)),
            ("rssAfter", "RSS after", resident_after),
        ];
        let counts = [("threads", "threads", server.threads), ("descriptors", "descriptors", server.descriptors)];
        for (key, label, value) in bytes {
            section.extend(value.map(|value| Figure::new(key, label, Unit::Bytes, value as f64)));
        }
        for (key, label, value) in counts {
            section.extend(value.map(|value| Figure::new(key, label, Unit::Count, value as f64)));
        }
    }

    /// How the run went.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The same, when it is over.
    pub fn take_timeline(&mut self) -> Timeline {
        mem::take(&mut self.timeline)
    }
}

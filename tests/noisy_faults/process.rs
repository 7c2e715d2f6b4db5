//! What the server's process holds, where the platform tells it.

use std::fs;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::support::PATIENCE;
use crate::support::server::Server;

pub const MIB: u64 = 1024 * 1024;

#[derive(Clone, Copy, Debug)]
pub struct Holdings {
    pub threads: usize,
    pub descriptors: usize,
    pub bytes: u64,
}

pub fn holdings(server: &Server) -> Holdings {
    let entries = |kind: &str| fs::read_dir(format!("/proc/{}/{kind}", server.id())).map_or(0, Iterator::count);
    Holdings {
        threads: entries("task"),
        descriptors: entries("fd"),
        bytes: server.resident_bytes().unwrap_or_default(),
    }
}

/// Waits until the server holds no more threads and descriptors than before, and gives what it holds then.
pub async fn settled(server: &Server, before: Holdings) -> Holdings {
    let asked = Instant::now();
    loop {
        let now = holdings(server);
        if now.threads <= before.threads && now.descriptors <= before.descriptors {
            return now;
        }
        assert!(asked.elapsed() < PATIENCE, "{before:?} became {now:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The most memory the server occupies while something goes on, beyond what it occupied before.
pub async fn peak<T>(server: &Server, before: Holdings, what: impl Future<Output = T>) -> (T, u64) {
    let mut most = 0;
    let watch = async {
        loop {
            most = most.max(server.resident_bytes().unwrap_or_default());
            sleep(Duration::from_millis(10)).await;
        }
    };
    let done = tokio::select! {
        done = what => done,
        () = watch => unreachable!("watching never ends"),
    };
    most = most.max(server.resident_bytes().unwrap_or_default());
    (done, most.saturating_sub(before.bytes))
}

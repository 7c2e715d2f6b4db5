//! The certificate in use, and the eye on its files.

use std::{fmt, fs::metadata, os::unix::fs::MetadataExt, sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};
use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};
use tokio_rustls::rustls::{
    crypto::CryptoProvider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tracing::{info, warn};

use super::load::{self, Fault};
use crate::config::TlsFiles;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The certificate that new handshakes get.
pub struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    /// How the files looked just before those were read that are used.
    used: Mutex<Look>,
    current: RwLock<Arc<CertifiedKey>>,
}

/// How the two files look from outside. Other contents look different, also when a link leads elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look([Option<Inode>; 2]);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Inode {
    device: u64,
    number: u64,
    bytes: u64,
    /// Seconds and nanoseconds, here and below.
    modified: (i64, i64),
    /// Also by a change of owner or permissions: what could not be read may be readable now.
    changed: (i64, i64),
}

/// A pair that cannot be used.
#[derive(PartialEq, Eq)]
struct Refused {
    look: Look,
    problem: String,
}

impl Look {
    fn at(files: &TlsFiles) -> Self {
        Self([&files.cert, &files.key].map(|path| {
            let found = metadata(path).ok()?;
            Some(Inode {
                device: found.dev(),
                number: found.ino(),
                bytes: found.size(),
                modified: (found.mtime(), found.mtime_nsec()),
                changed: (found.ctime(), found.ctime_nsec()),
            })
        }))
    }
}

/// A pair that has been read and can be used.
pub struct Fresh {
    /// How the files looked just before.
    look: Look,
    pair: CertifiedKey,
}

impl Certificate {
    pub(super) fn load(files: TlsFiles, provider: Arc<CryptoProvider>) -> Result<Self, Fault> {
        let look = Look::at(&files);
        let current = RwLock::new(Arc::new(load::pair(&files, &provider)?));
        Ok(Self { files, provider, used: Mutex::new(look), current })
    }

    /// Reads the files.
    ///
    /// # Errors
    /// They hold nothing that can be used.
    pub fn read(&self) -> Result<Fresh, Fault> {
        // Before reading: what is written meanwhile will look different.
        let look = Look::at(&self.files);
        Ok(Fresh { look, pair: load::pair(&self.files, &self.provider)? })
    }

    /// From now on new handshakes get this.
    pub fn take(&self, Fresh { look, pair }: Fresh) {
        *self.used.lock() = look;
        *self.current.write() = Arc::new(pair);
        info!(cert = self.files.cert, key = self.files.key, "took the new certificate");
    }

    /// Looks at the files without end, and reads them when they look different.
    pub(super) async fn watch(self: &Arc<Self>) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut refused: Option<Refused> = None;
        let mut told = false;
        loop {
            ticks.tick().await;
            let certificate = self.clone();
            let Ok((look, read)) = spawn_blocking(move || certificate.look()).await else { continue };
            match read {
                None => refused = None,
                Some(Ok(fresh)) => {
                    self.take(fresh);
                    refused = None;
                }
                Some(Err(fault)) => {
                    let now = Some(Refused { look, problem: fault.to_string() });
                    // Files are replaced one after the other: only what stays so for two looks is worth a line.
                    let stays = refused == now;
                    told &= stays;
                    refused = now;
                    if stays && !told {
                        warn!(problem = %fault, "cannot use the new certificate, the old one stays");
                        told = true;
                    }
                }
            }
        }
    }

    /// How the files look, and what is in them unless they look as they did when they were taken.
    fn look(&self) -> (Look, Option<Result<Fresh, Fault>>) {
        let look = Look::at(&self.files);
        let used = *self.used.lock();
        (look, (look != used).then(|| self.read()))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().clone())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

//! What is kept, and what keeping it costs.

use parking_lot::Mutex;
use prometheus::{Counter, IntCounter, IntGauge};

use super::{Factory, Scene};
use crate::core::book::Space;

pub(super) struct Families {
    offers: Vec<IntGauge>,
    names: IntGauge,
    codes: IntGauge,
    mail: IntGauge,
    kept_frames: IntGauge,
    bytes: IntGauge,
    held: IntGauge,
    ready: IntGauge,
    commits: IntCounter,
    operations: IntCounter,
    seconds: Counter,
    failures: IntCounter,
    /// Two scrapes at once would add the same twice.
    adding: Mutex<()>,
}

impl Families {
    pub(super) fn new(new: &Factory) -> Result<Self, prometheus::Error> {
        let offers = new.gauges("offers", "Live offers, by API", &["api"])?;
        let seconds = Counter::new("storage_commit_seconds_total", "Time that the storage spent in commits")?;
        new.0.register(Box::new(seconds.clone()))?;
        Ok(Self {
            offers: Space::ALL.iter().map(|space| offers.with_label_values(&[space.name()])).collect(),
            names: new.gauge("usernames", "User names that are claimed")?,
            codes: new.gauge("rendezvous_codes", "Codes that can be redeemed")?,
            mail: new.gauge("mail_items", "Items in mailboxes that their receivers have not acknowledged")?,
            kept_frames: new
                .gauge("kept_frames_bytes", "What is kept of frames for sides that are not there, in bytes")?,
            bytes: new.gauge("kept_bytes", "What is kept, in bytes, as MAX_STORED_BYTES counts them")?,
            held: new.gauge("held_polls", "Parties for which polls are held open")?,
            ready: new.gauge("storage_ready", "Whether the storage takes changes: 1 or 0")?,
            commits: new.counter("storage_commits_total", "Transactions that the storage committed")?,
            operations: new.counter("storage_operations_total", "Operations in those transactions")?,
            seconds,
            failures: new.counter("storage_failures_total", "Transactions that the storage refused")?,
            adding: Mutex::new(()),
        })
    }

    pub(super) fn set(&self, scene: &Scene) {
        for (gauge, offers) in self.offers.iter().zip(scene.stock.offers) {
            gauge.set(offers as i64);
        }
        self.names.set(scene.stock.names as i64);
        self.codes.set(scene.stock.codes as i64);
        self.mail.set(scene.stock.mail as i64);
        self.kept_frames.set(scene.kept_frames as i64);
        self.bytes.set(scene.stock.bytes as i64);
        self.held.set(scene.held as i64);
        let (effort, ready) = scene.storage;
        self.ready.set(i64::from(ready));
        let _adding = self.adding.lock();
        for (counter, total) in
            [(&self.commits, effort.commits), (&self.operations, effort.operations), (&self.failures, effort.failures)]
        {
            counter.inc_by(total.saturating_sub(counter.get()));
        }
        self.seconds.inc_by((effort.time.as_secs_f64() - self.seconds.get()).max(0.0));
    }
}

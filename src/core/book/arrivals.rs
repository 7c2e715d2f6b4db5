//! Who waits for what arrives: polls that are held open cost a map's entry each, and no thread.

use std::collections::HashMap;

use tokio::sync::watch;

use super::offer::{Space, Text};
use crate::sync::Mutex;

/// Something has arrived for this party, or on this session.
pub type Heard = (Space, Text);

/// The waiting.
#[derive(Default)]
pub struct Arrivals(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    by_whom: HashMap<Heard, watch::Sender<()>>,
    closed: bool,
}

/// One who waits. Whatever arrives after it was made ends its wait.
pub struct Wait<'a> {
    arrivals: &'a Arrivals,
    whom: Heard,
    news: Option<watch::Receiver<()>>,
}

impl Arrivals {
    /// Begins to listen for what arrives for `whom`: look only then what is there already, so that nothing is missed.
    pub fn listen(&self, whom: Heard) -> Wait<'_> {
        let mut waiting = self.0.lock();
        let news = (!waiting.closed)
            .then(|| waiting.by_whom.entry(whom.clone()).or_insert_with(|| watch::Sender::new(())).subscribe());
        drop(waiting);
        Wait { arrivals: self, whom, news }
    }

    /// How many parties are waited for.
    pub fn len(&self) -> usize {
        self.0.lock().by_whom.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends all waiting, now and later.
    pub fn close(&self) {
        let mut waiting = self.0.lock();
        waiting.closed = true;
        waiting.by_whom.clear();
    }

    pub(super) fn tell(&self, heard: &[Heard]) {
        if heard.is_empty() {
            return;
        }
        let waiting = self.0.lock();
        for whom in heard {
            if let Some(sender) = waiting.by_whom.get(whom) {
                sender.send_replace(());
            }
        }
    }
}

impl Wait<'_> {
    /// Returns when something has arrived since the last call, or since this was made: true. False when there is no more waiting.
    pub async fn arrival(&mut self) -> bool {
        match &mut self.news {
            Some(news) => news.changed().await.is_ok(),
            None => false,
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        // The last one out closes the door: no entry outlives its listeners.
        self.news = None;
        let mut waiting = self.arrivals.0.lock();
        if waiting.by_whom.get(&self.whom).is_some_and(|sender| sender.receiver_count() == 0) {
            waiting.by_whom.remove(&self.whom);
        }
    }
}

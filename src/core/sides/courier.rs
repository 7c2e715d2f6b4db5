//! Who shows mail when it is durable: what waits for a commit waits here, in the order of the commits, and no session ever waits.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Receipt;
use crate::core::book::{Address, Commit, Outcome, Unavailable};

/// Items on their way into storage. As many as have been taken and not yet committed: mailboxes bound them.
#[derive(Default)]
pub(super) struct Courier {
    parcels: Mutex<VecDeque<Parcel>>,
    filled: Notify,
}

/// One operation on a mailbox.
pub struct Parcel {
    pub(super) commit: Commit,
    pub(super) address: Address,
    /// Up to which number the mailbox can be shown then.
    pub(super) seq: u64,
    /// Who is to be told.
    pub(super) receipt: Option<Receipt>,
}

impl Courier {
    /// Takes a parcel behind all others: its commit comes no earlier than theirs.
    pub(super) fn take(&self, parcel: Parcel) {
        self.parcels.lock().push_back(parcel);
        self.filled.notify_one();
    }

    /// The next parcel, when it is known what became of it.
    pub(super) async fn next(&self) -> (Parcel, Result<(), Unavailable>) {
        loop {
            let filled = self.filled.notified();
            let parcel = self.parcels.lock().pop_front();
            if let Some(parcel) = parcel {
                return parcel.settled().await;
            }
            filled.await;
        }
    }

    /// The next parcel, if it is known already what became of it.
    pub(super) fn next_settled(&self) -> Option<(Parcel, Result<(), Unavailable>)> {
        let mut parcels = self.parcels.lock();
        let outcome = match parcels.front()?.commit.outcome() {
            Outcome::Pending => return None,
            Outcome::Durable => Ok(()),
            Outcome::Failed => Err(Unavailable),
        };
        parcels.pop_front().map(|parcel| (parcel, outcome))
    }
}

impl Parcel {
    async fn settled(mut self) -> (Self, Result<(), Unavailable>) {
        let commit = std::mem::replace(&mut self.commit, Commit::DONE);
        let outcome = commit.wait().await;
        (self, outcome)
    }
}

//! Who shows mail when it is durable: what waits for a commit waits here, in the order of the commits, and no session ever waits.

use std::collections::VecDeque;

use tokio::sync::Notify;

use super::Receipt;
use crate::core::book::{Address, Commit, Outcome, Unavailable};
use crate::sync::Mutex;

/// Items on their way into storage. As many as have been taken and not yet committed: mailboxes bound them.
#[derive(Default)]
pub(super) struct Courier {
    bag: Mutex<Bag>,
    filled: Notify,
}

#[derive(Default)]
struct Bag {
    parcels: VecDeque<Parcel>,
    /// One has been taken out and may not be delivered yet.
    in_hand: bool,
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
    /// Takes a parcel behind all others: its commit comes no earlier than theirs. Gives it back, to be delivered at once, where it is durable and
    /// none is before it: senders hear of their items in the order in which they sent them.
    #[must_use = "a parcel that comes back is to be delivered"]
    pub(super) fn take(&self, parcel: Parcel) -> Option<Parcel> {
        let mut bag = self.bag.lock();
        if !bag.in_hand && bag.parcels.is_empty() && parcel.commit.outcome() == Outcome::Durable {
            return Some(parcel);
        }
        bag.parcels.push_back(parcel);
        self.filled.notify_one();
        None
    }

    /// The next parcel, when it is known what became of it. To be followed by [`Self::next_settled`] until there is none.
    pub(super) async fn next(&self) -> (Parcel, Result<(), Unavailable>) {
        loop {
            let filled = self.filled.notified();
            let parcel = self.bag.lock().take_out();
            if let Some(parcel) = parcel {
                return parcel.settled().await;
            }
            filled.await;
        }
    }

    /// The one before has been delivered: the next parcel, if it is known already what became of it.
    pub(super) fn next_settled(&self) -> Option<(Parcel, Result<(), Unavailable>)> {
        let mut bag = self.bag.lock();
        bag.in_hand = false;
        let outcome = match bag.parcels.front()?.commit.outcome() {
            Outcome::Pending => return None,
            Outcome::Durable => Ok(()),
            Outcome::Failed => Err(Unavailable),
        };
        bag.take_out().map(|parcel| (parcel, outcome))
    }
}

impl Bag {
    fn take_out(&mut self) -> Option<Parcel> {
        let parcel = self.parcels.pop_front();
        self.in_hand = parcel.is_some();
        parcel
    }
}

impl Parcel {
    async fn settled(mut self) -> (Self, Result<(), Unavailable>) {
        let commit = std::mem::replace(&mut self.commit, Commit::DONE);
        let outcome = commit.wait().await;
        (self, outcome)
    }
}

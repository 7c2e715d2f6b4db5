//! Nonces, each good for one request of its key.

use meetpoint_protocol::Timestamp;

use super::{
    Book, Refusal,
    journal::{Change, Digest},
};

/// The part of all bytes that nonces may take, and codes as well, besides what is kept: a full book still hears who wants to remove something.
pub(super) const SHARE: usize = 8;

impl Book {
    /// Spends a nonce, which cannot be spent again before `until`. `kept` is for a request that is about to change something: the
    /// nonce is durable no later than that change.
    ///
    /// # Errors
    /// [`Refusal::NonceSpent`], [`Refusal::Full`]; [`Refusal::Unavailable`] for a nonce that is to be kept.
    pub fn spend(&self, now: Timestamp, digest: Digest, until: Timestamp, kept: bool) -> Result<(), Refusal> {
        let mut shelf = self.shelf.lock();
        if kept && !self.journal.is_ready() {
            return Err(Refusal::Unavailable);
        }
        shelf.retire(now, usize::MAX);
        shelf.is_spendable(&digest, self.limits.bytes / SHARE)?;
        shelf.spend(digest, until, kept);
        if kept {
            self.journal.append_along(vec![Change::Nonce { digest, until }]);
        }
        Ok(())
    }
}

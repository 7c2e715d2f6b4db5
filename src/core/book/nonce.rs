//! Nonces, each good for one request of its key.

use meetpoint_protocol::Timestamp;

use super::{
    Book, Refusal,
    journal::{Commit, Digest, Written},
};

/// The part of all bytes that nonces may take, besides what is kept: a full book still hears who wants to remove something.
const SHARE: usize = 8;

impl Book {
    /// Spends a nonce, which cannot be spent again before `until`. `kept` is for a request that changes something: then the nonce is as
    /// durable as what it was spent on.
    ///
    /// # Errors
    /// [`Refusal::NonceSpent`], [`Refusal::Full`], [`Refusal::Unavailable`].
    pub fn spend(&self, now: Timestamp, digest: Digest, until: Timestamp, kept: bool) -> Result<Written<()>, Refusal> {
        let most = self.limits.bytes / SHARE;
        if kept {
            return self.write(now, |writer| {
                writer.shelf.is_spendable(&digest, most)?;
                writer.spend(digest, until);
                Ok(())
            });
        }
        let mut shelf = self.shelf.lock();
        shelf.retire(now, usize::MAX);
        shelf.is_spendable(&digest, most)?;
        shelf.spend(digest, until);
        Ok(Written::new((), Commit::DONE))
    }
}

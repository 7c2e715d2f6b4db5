//! What was put into mailboxes, what the server said of it, and what came out.

use std::collections::BTreeMap;

/// A mailbox: the number of its room, in which life of the server, and whose it is.
pub type Mailbox = (u32, u64, &'static str);

#[derive(Default)]
pub struct Mail(BTreeMap<Mailbox, Items>);

#[derive(Default)]
struct Items {
    /// The sender's numbers of what the server has said to be kept, by its own.
    kept: BTreeMap<u64, u64>,
    refused: Vec<u64>,
    /// What came out, in order.
    read: Vec<u64>,
}

impl Mail {
    /// The server has said that it keeps the sender's item as its own `seq`.
    pub fn kept(&mut self, at: Mailbox, seq: u64, item: u64) -> Result<(), String> {
        let items = self.0.entry(at).or_default();
        match items.kept.insert(seq, item) {
            Some(before) => Err(format!("{at:?}: number {seq} was {before} and is {item}")),
            None => items.agrees(at, seq),
        }
    }

    /// The server has said that it does not keep the item.
    pub fn refused(&mut self, at: Mailbox, item: u64) {
        self.0.entry(at).or_default().refused.push(item);
    }

    /// The reader has been shown an item for the first time.
    pub fn read(&mut self, at: Mailbox, seq: u64, item: u64) -> Result<(), String> {
        let items = self.0.entry(at).or_default();
        if seq != items.read.len() as u64 + 1 {
            return Err(format!("{at:?}: number {seq} came behind number {}", items.read.len()));
        }
        if items.read.last().is_some_and(|last| *last >= item) || items.refused.contains(&item) {
            return Err(format!("{at:?}: item {item} as number {seq} behind {:?}", items.read.last()));
        }
        items.read.push(item);
        items.agrees(at, seq)
    }

    /// In this life of the server everything that was kept must have been read.
    pub(super) fn check_all_read(&self, life: u64) -> Result<(), String> {
        for (at, items) in self.0.iter().filter(|((_, of, _), _)| *of == life) {
            let kept = items.kept.keys().last().copied().unwrap_or_default();
            if kept > items.read.len() as u64 {
                return Err(format!("{at:?}: {kept} items were kept, and {} read", items.read.len()));
            }
        }
        Ok(())
    }
}

impl Items {
    fn agrees(&self, at: Mailbox, seq: u64) -> Result<(), String> {
        let read = usize::try_from(seq).ok().and_then(|seq| self.read.get(seq.checked_sub(1)?));
        match (self.kept.get(&seq), read) {
            (Some(kept), Some(read)) if kept != read => {
                Err(format!("{at:?}: number {seq} was kept as {kept} and read as {read}"))
            }
            _ => Ok(()),
        }
    }
}

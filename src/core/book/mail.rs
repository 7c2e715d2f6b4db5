//! Mailboxes: what is sent to one side of a room stays until that side has acknowledged it, whoever is there. Numbers count from 1, without
//! a gap. Whoever calls are the wires, by way of [`crate::core::sides`]; nothing here ever waits.
//!
//! An item is shown only when it is durable: a number that a client has heard never means another item after a crash.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use meetpoint_protocol::{
    Timestamp,
    noisy::{AppId, Side},
};

use super::{
    Book, Refusal,
    journal::{Change, Commit, Journal, Written},
    offer::Text,
    writer::Writer,
};

/// Whose mail it is.
pub type Address = (AppId, Side);

/// How much one mailbox holds.
pub const MOST_ITEMS: usize = 256;
pub const MOST_BYTES: usize = 1024 * 1024;

/// A mailbox's life is renewed by a greeting when so much of it has passed.
const RENEWED_AFTER_PART: u32 = 8;

/// What a mailbox and an item cost beside the text, in bytes.
const BOX_OVERHEAD: usize = 512;
const ITEM_OVERHEAD: usize = 128;

/// Something that was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Counts from 1.
    pub seq: u64,
    /// JSON.
    pub payload: Text,
}

/// What waits for one side. Never changed: a change makes another one.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Mailbox {
    /// The last number that was given out, or that the receiver says it was.
    pub last: u64,
    /// The receiver has everything up to this number.
    pub acknowledged: u64,
    /// Forgotten from this moment on, if nothing more happens.
    pub expires: Timestamp,
    /// What the receiver has not acknowledged, in order.
    pub items: Vec<Arc<Item>>,
}

impl Mailbox {
    /// The box with one item more. `told` is the last number that the receiver is known to have heard: a box that was forgotten goes on there.
    fn posted(&self, payload: &str, told: u64) -> Result<Self, Refusal> {
        let bytes: usize = self.items.iter().map(|item| item.payload.len()).sum();
        if self.items.len() >= MOST_ITEMS || bytes + payload.len() > MOST_BYTES {
            return Err(Refusal::MailboxFull);
        }
        let last = self.last.max(told) + 1;
        let mut items = Vec::with_capacity(self.items.len() + 1);
        items.extend_from_slice(&self.items);
        items.push(Arc::new(Item { seq: last, payload: payload.into() }));
        Ok(Self { last, items, ..*self })
    }

    /// The box without what the receiver has. What was never sent cannot be acknowledged.
    fn acknowledged(&self, up_to: u64) -> Option<Self> {
        let is_news = up_to > self.acknowledged && up_to <= self.last;
        is_news.then(|| {
            let items = self.items.iter().filter(|item| item.seq > up_to).cloned().collect();
            Self { acknowledged: up_to, items, ..*self }
        })
    }

    /// The box of a receiver that has seen higher numbers than this one has given out: its box was forgotten, and it would take what waits for
    /// seen. So what waits gets numbers above.
    fn renumbered(&self, seen: u64) -> Self {
        let renumber = |(seq, item): (u64, &Arc<Item>)| Arc::new(Item { seq, payload: item.payload.clone() });
        let items: Vec<_> = (seen + 1..).zip(&self.items).map(renumber).collect();
        Self { last: seen + items.len() as u64, acknowledged: seen, items, ..*self }
    }

    fn bytes(&self) -> usize {
        BOX_OVERHEAD + self.items.iter().map(|item| ITEM_OVERHEAD + item.payload.len()).sum::<usize>()
    }
}

/// All mailboxes.
#[derive(Default)]
pub(super) struct Mail {
    boxes: HashMap<Address, Entry>,
    deadlines: BTreeSet<(Timestamp, Address)>,
    items: usize,
    bytes: usize,
}

struct Entry {
    mailbox: Arc<Mailbox>,
    /// Items up to this number are durable.
    durable: u64,
}

impl Mail {
    /// What is in all boxes.
    pub(super) fn items(&self) -> usize {
        self.items
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn get(&self, address: Address) -> Option<&Arc<Mailbox>> {
        self.boxes.get(&address).map(|entry| &entry.mailbox)
    }

    /// Puts a box in the place of what was there.
    pub(super) fn put(&mut self, address: Address, mailbox: Option<Arc<Mailbox>>) {
        let before = self.boxes.remove(&address);
        if let Some(before) = &before {
            self.items -= before.mailbox.items.len();
            self.bytes -= before.mailbox.bytes();
            self.deadlines.remove(&(before.mailbox.expires, address));
        }
        if let Some(mailbox) = mailbox {
            self.items += mailbox.items.len();
            self.bytes += mailbox.bytes();
            self.deadlines.insert((mailbox.expires, address));
            self.boxes.insert(address, Entry { mailbox, durable: before.map_or(0, |before| before.durable) });
        }
    }

    /// Puts a box that the journal has kept.
    pub(super) fn load(&mut self, address: Address, mailbox: Arc<Mailbox>) {
        let last = mailbox.last;
        self.put(address, Some(mailbox));
        self.settle(address, last);
    }

    /// What has been sent up to that number is durable.
    fn settle(&mut self, address: Address, seq: u64) {
        if let Some(entry) = self.boxes.get_mut(&address) {
            entry.durable = entry.durable.max(seq);
        }
    }

    /// Forgets one box that has expired, and tells which.
    pub(super) fn retire(&mut self, now: Timestamp) -> Option<Address> {
        let &(expires, address) = self.deadlines.first()?;
        if expires > now {
            return None;
        }
        self.put(address, None);
        Some(address)
    }
}

impl Book {
    /// Puts an item into a mailbox and tells its number, which nobody is shown before [`Self::settle_mail`]. `told` is the last number that the
    /// receiver has heard, as far as is known.
    ///
    /// # Errors
    /// [`Refusal::MailboxFull`], [`Refusal::Full`], [`Refusal::Unavailable`].
    pub fn post(&self, now: Timestamp, to: Address, payload: &str, told: u64) -> Result<Written<u64>, Refusal> {
        self.write(now, |writer| {
            let posted = writer.mailbox(to).posted(payload, told)?;
            let seq = posted.last;
            writer.put_mailbox(now, to, posted);
            writer.fits()?;
            Ok(seq)
        })
    }

    /// The items up to that number are durable: they may be shown.
    pub fn settle_mail(&self, of: Address, seq: u64) {
        self.shelf.lock().mail.settle(of, seq);
    }

    /// The receiver has everything up to that number. Not worth waiting for: what is acknowledged again after a crash is only shown again.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub fn acknowledge(&self, now: Timestamp, of: Address, up_to: u64) -> Result<(), Refusal> {
        let acknowledge = |writer: &mut Writer| {
            if let Some(acknowledged) = writer.mailbox(of).acknowledged(up_to) {
                writer.put_mailbox(now, of, acknowledged);
            }
            Ok(())
        };
        // Bounded by what was posted, which is written at once, and takes along what waits.
        let along = |journal: &dyn Journal, changes| {
            journal.append_along(changes);
            Commit::DONE
        };
        self.change(now, acknowledge, along).map(|_| ())
    }

    /// The receiver is back and has everything up to that number, which may be more than is known here. Where items had to be numbered anew:
    /// up to which number, and what to wait for before [`Self::settle_mail`].
    ///
    /// # Errors
    /// [`Refusal::Full`], [`Refusal::Unavailable`].
    pub fn resume(&self, now: Timestamp, of: Address, seen: u64) -> Result<Option<(u64, Commit)>, Refusal> {
        let resume = |writer: &mut Writer| {
            let mailbox = writer.mailbox(of);
            if seen <= mailbox.last {
                let ttl = writer.limits.mailbox_ttl;
                // Not every greeting is worth a write.
                let ages = !mailbox.items.is_empty() && mailbox.expires < now.plus(ttl - ttl / RENEWED_AFTER_PART);
                let renewed = ages.then(|| Mailbox::clone(&mailbox));
                if let Some(mailbox) = mailbox.acknowledged(seen).or(renewed) {
                    writer.put_mailbox(now, of, mailbox);
                }
                return Ok(None);
            }
            let renumbered = mailbox.renumbered(seen);
            let last = (!renumbered.items.is_empty()).then_some(renumbered.last);
            writer.put_mailbox(now, of, renumbered);
            writer.fits().map(|()| last)
        };
        let (last, commit) = self.write(now, resume)?.split();
        Ok(last.map(|last| (last, commit)))
    }

    /// The first durable items above that number, at most so many.
    pub fn mail(&self, now: Timestamp, of: Address, above: u64, at_most: usize) -> Vec<Arc<Item>> {
        self.read(now, |shelf| {
            let Some(Entry { mailbox, durable }) = shelf.mail.boxes.get(&of) else { return Vec::new() };
            let shown = mailbox.items.iter().filter(|item| item.seq > above && item.seq <= *durable);
            shown.take(at_most).cloned().collect()
        })
    }

    /// The last number that may be shown, and whether there is anything that was not acknowledged.
    pub fn mail_at(&self, now: Timestamp, of: Address) -> (u64, bool) {
        self.read(now, |shelf| {
            let entry = shelf.mail.boxes.get(&of);
            entry.map_or((0, false), |entry| (entry.durable, !entry.mailbox.items.is_empty()))
        })
    }
}

impl Writer<'_> {
    fn mailbox(&self, address: Address) -> Arc<Mailbox> {
        self.shelf.mail.get(address).cloned().unwrap_or_default()
    }

    fn put_mailbox(&mut self, now: Timestamp, address: Address, mailbox: Mailbox) {
        let before = self.shelf.mail.get(address).cloned();
        let after = Arc::new(Mailbox { expires: now.plus(self.limits.mailbox_ttl), ..mailbox });
        self.shelf.mail.put(address, Some(after.clone()));
        self.changes.push(Change::Mail { address, before, after: Some(after) });
    }
}

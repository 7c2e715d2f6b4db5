//! Mail, from a side's words to the other's: into the mailbox, and out of it when it is durable.

use meetpoint_protocol::{
    ConnId,
    noisy::{AppId, Side},
};

use super::{Duo, News, Receipt, Sides, courier::Parcel, duo::Inner};
use crate::core::{
    book::{Refusal, Unavailable},
    outbox::Frame,
    turn::Turn,
};

/// Items that are looked up in a mailbox at once.
const ITEMS_AT_ONCE: usize = 16;

impl Sides {
    /// Whoever sits there has spoken, or had the time to: it is shown new mail, unless it has to say first what it has.
    pub fn begin_mail(&self, duo: &Duo, (side, conn): (Side, ConnId), turn: &mut Turn) {
        let mut inner = duo.inner.lock();
        if inner.seat(side, conn).is_some_and(|seat| seat.mail.begin()) {
            self.show_mail(duo.app, &mut inner, side, turn);
        }
    }

    /// Sends an item to a side's mailbox. It is shown when it is durable, and the sender is told so if it has asked.
    ///
    /// # Errors
    /// [`Refusal::MailboxFull`], [`Refusal::Full`], [`Refusal::Unavailable`]: it was not taken, and the sender has not been told.
    pub fn send(&self, duo: &Duo, to: Side, payload: &str, receipt: Receipt, turn: &mut Turn) -> Result<(), Refusal> {
        let told = duo.inner.lock().holder(to).map_or(0, |seat| seat.mail.told);
        let (seq, commit) = self.book.post(self.clock.now(), (duo.app, to), payload, told)?.split();
        self.deliver(Parcel { commit, address: (duo.app, to), seq, receipt: Some(receipt) }, turn);
        Ok(())
    }

    /// Whoever sits there has everything in its mailbox up to that number, and wants to be shown the rest.
    pub fn hello(&self, duo: &Duo, (side, conn): (Side, ConnId), seen: u64, turn: &mut Turn) {
        if !duo.is_seated(side, conn) {
            return;
        }
        let address = (duo.app, side);
        // A storage that takes nothing leaves the mail where it is: it is shown all the same.
        let resumed = self.book.resume(self.clock.now(), address, seen).unwrap_or_default();
        {
            let mut inner = duo.inner.lock();
            let Some(seat) = inner.seat(side, conn) else { return };
            seat.mail.hello(seen, seat.guest.says_hello);
            self.show_mail(duo.app, &mut inner, side, turn);
        }
        if let Some((seq, commit)) = resumed {
            self.deliver(Parcel { commit, address, seq, receipt: None }, turn);
        }
    }

    /// Whoever sits there has everything in its mailbox up to that number.
    pub fn acknowledge(&self, duo: &Duo, (side, conn): (Side, ConnId), up_to: u64, turn: &mut Turn) {
        if duo.is_seated(side, conn) {
            // Where the storage takes nothing, it will be shown once more.
            let _ = self.book.acknowledge(self.clock.now(), (duo.app, side), up_to);
        }
        // Where its outbox had been full, there may be more to show.
        self.continue_mail(duo, (side, conn), turn);
    }

    /// Whoever sits there can be shown more.
    pub fn continue_mail(&self, duo: &Duo, (side, conn): (Side, ConnId), turn: &mut Turn) {
        let mut inner = duo.inner.lock();
        if inner.seat(side, conn).is_some() {
            self.show_mail(duo.app, &mut inner, side, turn);
        }
    }

    /// The next item that has become durable, or never will.
    pub async fn next_parcel(&self) -> (Parcel, Result<(), Unavailable>) {
        self.courier.next().await
    }

    /// Delivers a parcel and all behind it that can be delivered as well.
    pub fn settle(&self, first: (Parcel, Result<(), Unavailable>), turn: &mut Turn) {
        let mut next = Some(first);
        while let Some((parcel, outcome)) = next {
            self.settled(&parcel, outcome, turn);
            next = self.courier.next_settled();
        }
    }

    /// At once where it is durable already and none waits before it, else by the courier.
    fn deliver(&self, parcel: Parcel, turn: &mut Turn) {
        if let Some(parcel) = self.courier.take(parcel) {
            self.settled(&parcel, Ok(()), turn);
        }
    }

    fn settled(&self, parcel: &Parcel, outcome: Result<(), Unavailable>, turn: &mut Turn) {
        let Parcel { address: (app, side), seq, receipt, .. } = parcel;
        if outcome.is_ok() {
            self.book.settle_mail((*app, *side), *seq);
            let duo = self.rooms.get(app).map(|duo| duo.value().clone());
            if let Some(duo) = duo {
                self.show_mail(*app, &mut duo.inner.lock(), *side, turn);
            }
        }
        let Some(Receipt { sender, id }) = receipt else { return };
        match (outcome, id.as_deref()) {
            (Ok(()), Some(id)) => sender.tell(&News::Sent { id, seq: *seq }, turn),
            (Ok(()), None) => {}
            (Err(Unavailable), id) => sender.tell(&News::Lost { id }, turn),
        }
    }

    /// Shows what is in the mailbox of whoever sits there, as much as its outbox takes.
    fn show_mail(&self, app: AppId, inner: &mut Inner, side: Side, turn: &mut Turn) {
        let Some(seat) = inner.holder(side).filter(|seat| seat.mail.has_begun) else { return };
        let mut text = Vec::new();
        loop {
            let items = self.book.mail(self.clock.now(), (app, side), seat.mail.told, ITEMS_AT_ONCE);
            for item in &items {
                text.clear();
                let frame_type = seat.guest.voice.write(&News::Mail(item), &mut text);
                if seat.guest.outbox.offer(&Frame { frame_type, parts: &[&text] }, turn).is_err() {
                    return;
                }
                seat.mail.told = item.seq;
            }
            if items.len() < ITEMS_AT_ONCE {
                return;
            }
        }
    }
}

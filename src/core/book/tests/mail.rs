//! Mailboxes: whatever is sent, cut, acknowledged and greeted in any order, the receiver ends up with everything, in order.

use meetpoint_protocol::noisy::{AppId, Side};
use proptest::prelude::*;

use super::{
    mail::{Address, Item, MOST_BYTES, MOST_ITEMS},
    *,
};

const APP: AppId = AppId::from_bytes([1; 16]);
const BOX: Address = (APP, Side::B);

#[derive(Clone, Debug)]
enum Step {
    Send,
    /// The connected receiver is shown some of what it has not seen on this connection.
    Show(usize),
    /// It acknowledges some of what it has.
    Acknowledge(u64),
    /// It comes back, perhaps on another connection, and says what it has.
    Hello,
    /// Its connection is lost with what it was shown last.
    Cut(usize),
    /// It acknowledges what was never sent.
    Lie(u64),
    Commit,
    Fail,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Send),
        4 => (1..8_usize).prop_map(Step::Show),
        2 => any::<u64>().prop_map(Step::Acknowledge),
        2 => Just(Step::Hello),
        2 => (0..8_usize).prop_map(Step::Cut),
        1 => (1..1000_u64).prop_map(Step::Lie),
        4 => Just(Step::Commit),
        1 => Just(Step::Fail),
    ];
    proptest::collection::vec(step, 1..150)
}

/// A receiver as the published package has it: it takes the number above the last one and nothing else.
#[derive(Default)]
struct Receiver {
    has: Vec<String>,
    /// The last number shown on this connection.
    shown: u64,
}

impl Receiver {
    fn take(&mut self, item: &Item) {
        self.shown = item.seq;
        if item.seq > self.has.len() as u64 {
            assert_eq!(item.seq, self.has.len() as u64 + 1, "a gap");
            self.has.push(item.payload.to_string());
        }
    }
}

fn send(book: &Book, payload: &str, told: u64) -> Result<u64, Refusal> {
    book.post(START, BOX, payload, told).map(|written| written.split().0)
}

proptest! {
    #[test]
    fn the_receiver_has_what_was_sent_without_gap_or_repetition(steps in steps()) {
        let (book, journal) = book(ROOMY);
        let (mut sent, mut durable, mut number) = (Vec::<String>::new(), 0, 0);
        let mut receiver = Receiver::default();
        for step in steps {
            match step {
                Step::Send => {
                    number += 1;
                    let payload = format!("\"{number}\"");
                    match send(&book, &payload, receiver.shown) {
                        Ok(seq) => {
                            sent.push(payload);
                            prop_assert_eq!(seq, sent.len() as u64);
                        }
                        Err(refusal) => prop_assert_eq!(refusal, Refusal::MailboxFull),
                    }
                }
                Step::Show(count) => {
                    for item in book.mail(START, BOX, receiver.shown, count) {
                        prop_assert!(item.seq as usize <= durable, "shown before it was durable");
                        receiver.take(&item);
                    }
                }
                Step::Acknowledge(part) => {
                    let up_to = part % (receiver.has.len() as u64 + 1);
                    book.acknowledge(START, BOX, up_to).expect("ready");
                }
                Step::Hello => {
                    let has = receiver.has.len() as u64;
                    prop_assert!(book.resume(START, BOX, has).expect("ready").is_none());
                    receiver.shown = has;
                }
                Step::Cut(lost) => {
                    // What was on its way is gone for the receiver, who has not acknowledged it.
                    let acknowledged = sent.len() - book.stock(START).mail;
                    let kept = receiver.has.len().saturating_sub(lost).max(acknowledged);
                    receiver.has.truncate(kept);
                    receiver.shown = kept as u64;
                }
                Step::Lie(above) => {
                    let before = book.stock(START).mail;
                    book.acknowledge(START, BOX, sent.len() as u64 + above).expect("ready");
                    prop_assert_eq!(book.stock(START).mail, before);
                }
                Step::Commit => {
                    journal.commit();
                    durable = sent.len();
                    book.settle_mail(BOX, durable as u64);
                }
                Step::Fail => {
                    journal.fail(&book);
                    prop_assert_eq!(send(&book, "0", 0), Err(Refusal::Unavailable));
                    journal.repair();
                    sent.truncate(durable);
                }
            }
            prop_assert_eq!(&receiver.has[..], &sent[..receiver.has.len()], "a prefix of what was sent");
            prop_assert!(book.stock(START).mail <= MOST_ITEMS);
        }
        journal.commit();
        book.settle_mail(BOX, sent.len() as u64);
        book.resume(START, BOX, receiver.has.len() as u64).expect("ready");
        for item in book.mail(START, BOX, receiver.has.len() as u64, usize::MAX) {
            receiver.take(&item);
        }
        prop_assert_eq!(receiver.has, sent);
    }
}

/// What the box shows above a number.
fn shown(book: &Book, now: Timestamp, above: u64) -> Vec<(u64, String)> {
    book.mail(now, BOX, above, usize::MAX).iter().map(|item| (item.seq, item.payload.to_string())).collect()
}

#[test]
fn a_box_is_full_at_its_items_and_at_its_bytes_and_takes_more_when_some_are_acknowledged() {
    let (book, _) = book(ROOMY);
    for seq in 1..=MOST_ITEMS as u64 {
        assert_eq!(send(&book, "0", 0), Ok(seq));
    }
    assert_eq!(send(&book, "0", 0), Err(Refusal::MailboxFull));
    book.acknowledge(START, BOX, 1).expect("ready");
    assert_eq!(send(&book, "0", 0), Ok(257));
    book.acknowledge(START, BOX, 257).expect("ready");
    assert_eq!(send(&book, &"x".repeat(MOST_BYTES + 1), 0), Err(Refusal::MailboxFull));
    assert_eq!(send(&book, &"x".repeat(MOST_BYTES), 0), Ok(258));
    assert_eq!(send(&book, "0", 0), Err(Refusal::MailboxFull));
}

#[test]
fn all_boxes_together_are_bounded_and_a_refusal_leaves_nothing_behind() {
    let (book, _) = book(Limits { bytes: 1 << 20, ..ROOMY });
    let payload = "x".repeat(100_000);
    let address = |n| (AppId::from_bytes([n; 16]), Side::A);
    let taken = (0..100).filter(|n| book.post(START, address(*n), &payload, 0).is_ok()).count();
    assert_eq!(taken, 10);
    let stock = book.stock(START);
    assert!(stock.bytes <= 1 << 20 && stock.mail == 10, "{stock:?}");
}

#[test]
fn a_receiver_who_has_seen_more_than_is_known_here_misses_nothing() {
    let (book, journal) = book(ROOMY);
    for payload in ["1", "2"] {
        send(&book, payload, 0).expect("room");
    }
    book.settle_mail(BOX, 2);
    let (last, _) = book.resume(START, BOX, 7).expect("ready").expect("items to number anew");
    assert_eq!(last, 9);
    assert_eq!(shown(&book, START, 7), [], "nothing is shown by its new number before that is durable");
    journal.commit();
    book.settle_mail(BOX, last);
    assert_eq!(shown(&book, START, 7), [(8, "1".to_owned()), (9, "2".to_owned())]);
    assert_eq!(send(&book, "3", 0), Ok(10));
}

#[test]
fn an_empty_box_goes_on_above_what_its_receiver_has_seen() {
    let (book, _) = book(ROOMY);
    assert!(book.resume(START, BOX, 5).expect("ready").is_none());
    assert_eq!(send(&book, "0", 0), Ok(6));
    // A box that was forgotten while its receiver was there.
    let later = START.plus(ROOMY.mailbox_ttl);
    assert_eq!(book.post(later, BOX, "0", 6).map(|written| written.split().0), Ok(7));
}

#[test]
fn a_box_is_forgotten_when_nothing_has_happened_for_its_time() {
    let (book, _) = book(ROOMY);
    let almost = |times: u32| START.plus(ROOMY.mailbox_ttl * times).plus(Duration::ZERO).millis() - u64::from(times);
    send(&book, "1", 0).expect("room");
    book.settle_mail(BOX, 1);
    // An acknowledgement is a sign of life, a question is none.
    let later = Timestamp::from_millis(almost(1));
    book.post(later, BOX, "2", 0).expect("room").split().1.outcome();
    book.settle_mail(BOX, 2);
    assert_eq!(shown(&book, Timestamp::from_millis(almost(2)), 0).len(), 2);
    assert_eq!(shown(&book, START.plus(ROOMY.mailbox_ttl * 2), 0).len(), 0);
    assert_eq!(book.stock(START.plus(ROOMY.mailbox_ttl * 2)).bytes, 0);
}

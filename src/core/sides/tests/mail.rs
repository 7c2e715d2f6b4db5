//! Mail, from one side's words to the other's.

use std::task::{Context, Poll, Waker};

use super::*;
use crate::core::outbox::Line;

#[test]
fn mail_is_shown_when_it_is_durable_and_the_sender_is_told_if_it_has_asked() {
    let mut stage = Stage::new();
    let (a, b) = (stage.seat(Side::A), stage.seat(Side::B));
    a.heard();
    b.heard();
    stage.send(&a, Side::B, "1", Some("x")).expect("room");
    stage.send(&a, Side::B, "2", None).expect("room");
    assert_eq!((a.heard(), b.heard()), (vec![], vec![]));
    stage.commit();
    assert_eq!(
        (a.heard(), b.heard()),
        (vec!["sent x 1".to_owned()], vec!["mail 1 1".to_owned(), "mail 2 2".to_owned()])
    );
    stage.hello(&b, 1);
    assert_eq!(b.heard(), ["mail 2 2"]);
    stage.sides.acknowledge(b.duo(), b.at(), 2, &mut stage.turn());
    stage.hello(&b, 0);
    assert_eq!(b.heard(), [""; 0]);
}

#[test]
fn mail_that_is_lost_is_shown_to_nobody_and_its_sender_hears_so() {
    let mut stage = Stage::new();
    let (a, b) = (stage.seat(Side::A), stage.seat(Side::B));
    a.heard();
    b.heard();
    stage.send(&a, Side::B, "1", None).expect("room");
    stage.journal.fail(&stage.sides.book);
    while let Some(parcel) = stage.sides.courier.next_settled() {
        stage.sides.settle(parcel, &mut stage.turn());
    }
    assert_eq!((a.heard(), b.heard()), (vec!["lost None".to_owned()], vec![]));
    assert_eq!(stage.send(&a, Side::B, "2", None), Err(Refusal::Unavailable));
    stage.journal.repair();
    stage.send(&a, Side::B, "3", None).expect("room");
    stage.commit();
    assert_eq!(b.heard(), ["mail 1 3"]);
}

#[test]
fn a_receipt_does_not_overtake_those_that_are_still_to_be_delivered() {
    let mut stage = Stage::new();
    let (a, b) = (stage.seat(Side::A), stage.seat(Side::B));
    a.heard();
    b.heard();
    stage.send(&a, Side::B, "1", Some("x")).expect("room");
    stage.send(&a, Side::B, "2", Some("y")).expect("room");
    stage.journal.hurry();
    let first = stage.sides.courier.next_settled().expect("durable");
    stage.send(&a, Side::B, "3", Some("z")).expect("room");
    stage.sides.settle(first, &mut stage.turn());
    assert_eq!(a.heard(), ["sent x 1", "sent y 2", "sent z 3"]);
    stage.send(&a, Side::B, "4", Some("at once")).expect("room");
    assert_eq!(a.heard(), ["sent at once 4"]);
    assert_eq!(b.heard(), ["mail 1 1", "mail 2 2", "mail 3 3", "mail 4 4"]);
}

#[test]
fn a_sender_that_has_gone_before_the_commit_has_sent_all_the_same() {
    let mut stage = Stage::new();
    let (a, b) = (stage.seat(Side::A), stage.seat(Side::B));
    stage.send(&a, Side::B, "1", None).expect("room");
    stage.leave(&a);
    b.heard();
    stage.commit();
    assert_eq!(b.heard(), ["mail 1 1"]);
}

#[test]
fn mail_that_its_reader_cannot_take_at_once_waits_for_it_and_closes_nobody() {
    let mut stage = Stage::new();
    let (a, b) = (stage.seat(Side::A), stage.seat(Side::B));
    b.heard();
    b.pipe.empty(0);
    let payload = "x".repeat(250_000);
    for _ in 0..4 {
        stage.send(&a, Side::B, &payload, None).expect("room");
    }
    stage.commit();
    // Its outbox has room for eight of them.
    for _ in 0..10 {
        stage.hello(&b, 0);
    }
    assert_eq!(b.closed(), None);
    let mut numbers = Vec::new();
    while b.guest.outbox.is_full() || numbers.len() < 12 {
        b.pipe.empty(usize::MAX);
        let written = Line::new(b.guest.outbox.clone()).poll_rest(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(written, Poll::Ready(Ok(()))));
        stage.sides.continue_mail(b.duo(), b.at(), &mut stage.turn());
        let heard = b.heard();
        assert!(!heard.is_empty(), "stuck after {numbers:?}");
        numbers.extend(heard.iter().map(|mail| mail.split(' ').nth(1).and_then(|seq| seq.parse().ok()).unwrap_or(0)));
    }
    assert_eq!(numbers, [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
}

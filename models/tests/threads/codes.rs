//! The table of codes: several people type one, while it expires and others are minted.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use meetpoint_models::core::{
    book::{Book, Change, CodeRules, Commit, Effort, Journal, Kept, Limits, Refusal},
    chance::Chance,
};
use meetpoint_protocol::{Timestamp, noisy::Code};
use shuttle::thread;

use crate::stage::{any, explore};

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const TTL: Duration = Duration::from_secs(60);
const TYPISTS: usize = 3;

/// Notes each code that was redeemed.
#[derive(Default)]
struct Noting {
    redeemed: Mutex<Vec<Code>>,
    minted: AtomicUsize,
}

impl Journal for Noting {
    fn is_ready(&self) -> bool {
        true
    }

    fn append(&self, changes: Vec<Change>) -> Commit {
        for change in changes {
            match change {
                Change::Code { code, after: Some(minted), .. } if minted.is_redeemed => {
                    self.redeemed.lock().expect("no model panics there").push(code);
                }
                Change::Code { .. } => drop(self.minted.fetch_add(1, Ordering::SeqCst)),
                _ => {}
            }
        }
        Commit::DONE
    }

    fn append_along(&self, _: Vec<Change>) {}

    fn effort(&self) -> Effort {
        Effort::default()
    }
}

fn book() -> (Arc<Book>, Arc<Noting>) {
    let limits = Limits {
        per_owner: 10,
        offers: 10,
        bytes: 1 << 20,
        answered_tags: TTL,
        // Ten of one digit: those who mint meet.
        codes: CodeRules { digits: 1, ttl: TTL },
        mailbox_ttl: TTL,
    };
    let journal = Arc::new(Noting::default());
    let book = Book::new(journal.clone(), Kept::default(), limits, Arc::new(Chance::from_seed(any(100))), START);
    (Arc::new(book), journal)
}

/// Mints a code and types it: it works, whatever the others do.
fn mint_and_redeem(book: &Book) -> Code {
    let ((code, minted), _) = book.mint(START).expect("one is free").split();
    let (redeemed, _) = book.redeem(START, code).expect("nobody else knows it").split();
    assert_eq!(redeemed.app, minted.app);
    code
}

#[test]
fn a_code_that_several_type_at_once_works_for_exactly_one() {
    explore(|| {
        let (book, journal) = book();
        let ((code, minted), _) = book.mint(START).expect("one is free").split();
        let typists: Vec<_> = (0..TYPISTS)
            .map(|_| {
                let book = book.clone();
                thread::spawn(move || book.redeem(START, code).map(|written| written.split().0))
            })
            .collect();
        let minter = thread::spawn({
            let book = book.clone();
            move || mint_and_redeem(&book)
        });
        let outcomes: Vec<_> = typists.into_iter().map(|typist| typist.join().expect("no panic")).collect();
        let other = minter.join().expect("no panic");
        let winners: Vec<_> = outcomes.iter().flatten().collect();
        assert!(winners.len() == 1 && winners[0].app == minted.app, "{outcomes:?}");
        assert!(outcomes.iter().flat_map(|outcome| outcome.as_ref().err()).all(|why| *why == Refusal::CodeSpent));
        assert_ne!(other, code, "a code that rests is not minted");
        let redeemed = journal.redeemed.lock().expect("no model panics there");
        assert_eq!(redeemed.iter().filter(|of| **of == code).count(), 1);
        assert_eq!((redeemed.len(), journal.minted.load(Ordering::SeqCst)), (2, 2));
    });
}

#[test]
fn a_code_that_expires_while_it_is_typed_works_for_one_at_most() {
    explore(|| {
        let (book, _) = book();
        let ((code, _), _) = book.mint(START).expect("one is free").split();
        let typists: Vec<_> = (0..TYPISTS)
            .map(|_| {
                let book = book.clone();
                thread::spawn(move || book.redeem(START, code).is_ok())
            })
            .collect();
        let sweeper = thread::spawn({
            let book = book.clone();
            move || while !book.retire(START.plus(TTL)) {}
        });
        let outcomes = typists.into_iter().map(|typist| typist.join().expect("no panic"));
        let winners = outcomes.filter(|worked| *worked).count();
        sweeper.join().expect("no panic");
        assert_eq!(book.stock(START.plus(TTL)).codes, 0);
        // Whoever redeemed it began its rest; else it began when it expired.
        let late = book.redeem(START.plus(TTL), code).map(drop);
        let expected = match winners {
            0 => Refusal::CodeSpent,
            1 => Refusal::NotFound,
            _ => panic!("{winners} have redeemed one code"),
        };
        assert_eq!(late, Err(expected));
    });
}

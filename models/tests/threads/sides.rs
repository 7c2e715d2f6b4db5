//! A room with two sides: one speaks while the other comes, goes and is followed by another, and the room is sealed in between.

use std::{sync::Arc, time::Duration};

use meetpoint_models::core::{
    book::{Book, Change, CodeRules, Commit, Effort, Journal, Kept, Limits as BookLimits},
    chance::Chance,
    clock::Clock,
    event::Departure,
    sides::{Guest, Handed, Limits, News, Sides, Voice, Welcome},
    turn::Turn,
};
use meetpoint_protocol::{
    FrameType, Timestamp,
    noisy::{AppId, Side},
};
use shuttle::thread;

use crate::stage::{Client, explore, start, turn};

const APP: AppId = AppId::from_bytes([1; 16]);
const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const TTL: Duration = Duration::from_secs(60);
const SAID: [&str; 3] = ["1", "2", "3"];

struct Nothing;

impl Journal for Nothing {
    fn is_ready(&self) -> bool {
        true
    }

    fn append(&self, _: Vec<Change>) -> Commit {
        Commit::DONE
    }

    fn append_along(&self, _: Vec<Change>) {}

    fn effort(&self) -> Effort {
        Effort::default()
    }
}

struct Plain;

impl Voice for Plain {
    fn write(&self, news: &News<'_>, out: &mut Vec<u8>) -> FrameType {
        out.extend_from_slice(if let News::RoomFull = news { b"full" } else { b"other" });
        FrameType::Other
    }

    fn ping(&self, _: Timestamp) -> String {
        String::new()
    }
}

fn guest(client: &Client) -> Guest {
    Guest { outbox: client.outbox.clone(), voice: &Plain, name: None, says_hello: false, has_spoken: true }
}

fn sides() -> Sides {
    let limits = BookLimits {
        per_owner: 10,
        offers: 10,
        bytes: 1 << 20,
        answered_tags: TTL,
        codes: CodeRules { digits: 4, ttl: TTL },
        mailbox_ttl: TTL,
    };
    let book = Book::new(Arc::new(Nothing), Kept::default(), limits, Arc::new(Chance::from_seed(1)), START);
    Sides::new(Arc::new(book), Clock::new(start(), || START, || START), Limits { ttl: TTL, kept: 1 << 20 })
}

/// Sits down at a free side, says something to the other one, and goes.
fn visit(sides: &Sides, side: Side, client: &Client, words: &[&str]) {
    let (duo, welcome) = sides.sit(APP, side, &guest(client), &mut turn());
    assert_eq!(welcome, Welcome::Seated);
    let me = (side, client.outbox.conn());
    duo.spoken(side, me.1);
    for word in words {
        let handed = sides.relay(&duo, me, (FrameType::Other, word), &mut turn());
        assert!(matches!(handed, Handed::Over | Handed::Kept), "{handed:?}");
    }
    sides.leave(&duo, me, Departure::Left, &mut turn());
    assert_eq!(sides.relay(&duo, me, (FrameType::Other, "late"), &mut turn()), Handed::NotSeated);
}

#[test]
fn what_is_said_to_a_side_is_heard_once_by_those_who_sit_there_one_after_the_other() {
    explore(|| {
        let sides = Arc::new(sides());
        let [speaker, first, last] = [1, 2, 3].map(Client::new);
        let visits = [(Side::A, speaker, &SAID[..]), (Side::B, first.clone(), &[])].map(|(side, client, words)| {
            let sides = sides.clone();
            thread::spawn(move || visit(&sides, side, &client, words))
        });
        visits.into_iter().for_each(|visit| visit.join().expect("no panic"));
        visit(&sides, Side::B, &last, &[]);

        let heard = [&first, &last].into_iter().flat_map(Client::heard).flatten();
        assert!(heard.filter(|word| word.parse::<u8>().is_ok()).eq(SAID), "each once and in order");
        assert_eq!(sides.attendance().peers, 0);
        sides.retire(start() + TTL);
        assert_eq!(sides.kept(), 0);
        // Whoever comes now finds nothing of all that.
        let another = Client::new(4);
        let (_, welcome) = sides.sit(APP, Side::B, &guest(&another), &mut Turn::new(start() + TTL));
        assert!(welcome == Welcome::Seated && another.heard().is_empty());
    });
}

//! A session that several connections want at once, while its first one ends, others speak to it, and its window closes.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use meetpoint_models::core::{
    event::Departure,
    outbox::log,
    sessions::{Ending, Key, Limits, Refusal, Resumable, Seat, Sessions},
    turn::Turn,
};
use meetpoint_protocol::{Close, FrameType};
use shuttle::thread;

use crate::stage::{Client, explore, start, turn};

const WINDOW: Duration = Duration::from_secs(30);
const LIMITS: Limits = Limits { window: WINDOW, log: log::Bounds { frames: 16, bytes: 4096 }, away_bytes: 1 << 16 };
const TOKEN: Key = [0; 16];

/// Notes what becomes of it.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<&'static str>>>);

impl Diary {
    fn note(&self, word: &'static str) {
        self.0.lock().expect("no model panics there").push(word);
    }

    fn read(&self) -> Vec<&'static str> {
        self.0.lock().expect("no model panics there").clone()
    }
}

impl Resumable for Diary {
    fn away(&mut self, _: Instant, _: &mut Turn) {
        self.note("away");
    }

    fn back(&mut self, _: &mut Turn) {
        self.note("back");
    }

    fn over(&mut self, _: Departure, _: &mut Turn) {
        self.note("over");
    }
}

/// A connection by which the client tries to get its session back.
fn resume(sessions: &Sessions<Diary>, client: &Client, next: Key, turn: &mut Turn) -> Result<Seat<Diary>, Refusal> {
    let greeting = |_, received| format!("resumed {received}").into_bytes();
    sessions.resume(TOKEN, &client.line(), 0, next, greeting, turn)
}

/// What was said to a connection that took the session over, behind the greeting; and how many of the client's frames the greeting counts.
fn missed(client: &Client) -> (u64, Vec<String>) {
    let heard = client.heard();
    let [greeting, rest @ ..] = &heard[..] else { panic!("nothing was said") };
    assert_eq!(greeting[0], "resumed");
    (greeting[1].parse().expect("a count"), rest.iter().map(|frame| frame.join(" ")).collect())
}

#[test]
fn one_of_those_who_take_a_session_over_has_it_and_every_frame_once() {
    explore(|| {
        let (sessions, diary) = (Arc::new(Sessions::new(LIMITS)), Diary::default());
        let first = Client::new(1);
        let seat = Arc::new(sessions.open(first.line(), diary.clone(), TOKEN));
        let session = first.outbox.clone();

        let newcomers = [2, 3].map(Client::new);
        let takers: Vec<_> = newcomers
            .iter()
            .cloned()
            .enumerate()
            .map(|(index, client)| {
                let sessions = sessions.clone();
                thread::spawn(move || {
                    let seat = resume(&sessions, &client, [index as u8 + 1; 16], &mut turn()).expect("its token");
                    let heard = u64::from(seat.hear(|_| ()).is_ok());
                    (seat, heard)
                })
            })
            .collect();
        let old = thread::spawn({
            let (sessions, seat) = (sessions.clone(), seat.clone());
            move || {
                let heard = u64::from(seat.hear(|_| ()).is_ok());
                // What the protocol itself answers is this socket's alone.
                seat.line().append_encoded(b"\x81\x03old", &mut turn());
                sessions.closed(&seat, Ending::Cut, &mut turn());
                heard
            }
        });
        let speaker = thread::spawn(move || {
            for text in ["a", "b", "c"] {
                session.say(FrameType::Pong, text, &mut turn()).expect("there is room");
            }
        });
        let (seats, mut heard): (Vec<_>, Vec<_>) =
            takers.into_iter().map(|taker| taker.join().expect("no panic")).unzip();
        heard.push(old.join().expect("no panic"));
        speaker.join().expect("no panic");

        let current: Vec<_> = (0..2).filter(|index| seats[*index].line().is_current()).collect();
        let [winner] = current[..] else { panic!("{current:?} have it") };
        assert!(!seat.line().is_current());
        let (counted, told) = missed(&newcomers[winner]);
        // What the winner heard itself came after its greeting.
        assert_eq!(counted + heard[winner], heard.iter().sum::<u64>(), "each frame that was taken is counted");
        assert_eq!(told, ["a", "b", "c"], "each once and in order");
        // The loser's share of them is their beginning, and its socket says why it ends.
        let mut line = seats[1 - winner].line().clone();
        assert!(line.follow() && line.outbox().closing() == Some(Close::Replaced) && !line.follow());
        line.outbox().flush();
        assert!(told.starts_with(&missed(&newcomers[1 - winner]).1));
        // Away only where the old socket was lost before anybody came.
        assert!([&[][..], &["away", "back"]].contains(&&diary.read()[..]), "{:?}", diary.read());
        assert_eq!(sessions.census(), (0, 0));
    });
}

#[test]
fn a_session_whose_window_closes_is_over_or_somebody_has_it_and_never_both() {
    explore(|| {
        let (sessions, diary) = (Arc::new(Sessions::new(LIMITS)), Diary::default());
        let first = Client::new(1);
        let seat = sessions.open(first.line(), diary.clone(), TOKEN);
        sessions.closed(&seat, Ending::Cut, &mut turn());
        let newcomer = Client::new(2);
        let (late, session) = (start() + WINDOW, first.outbox.clone());
        let taker = thread::spawn({
            let (sessions, newcomer) = (sessions.clone(), newcomer.clone());
            move || resume(&sessions, &newcomer, [1; 16], &mut Turn::new(late))
        });
        let sweeper = thread::spawn({
            let sessions = sessions.clone();
            move || sessions.expire(&mut Turn::new(late))
        });
        let speaker = thread::spawn(move || session.say(FrameType::Pong, "a", &mut turn()).is_ok());
        let taken = taker.join().expect("no panic");
        sweeper.join().expect("no panic");
        let was_taken = speaker.join().expect("no panic");
        match &taken {
            Ok(seat) => {
                assert!(seat.line().is_current() && was_taken);
                assert_eq!(diary.read(), ["away", "back"]);
                assert_eq!(missed(&newcomer).1, ["a"]);
            }
            Err(refusal) => {
                assert!(matches!(refusal, Refusal::Expired | Refusal::Over), "{refusal:?}");
                assert_eq!(diary.read(), ["away", "over"]);
                assert!(newcomer.heard().is_empty());
            }
        }
        assert_eq!(sessions.census(), (0, 0));
    });
}

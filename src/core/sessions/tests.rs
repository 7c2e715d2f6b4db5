//! Sessions and their lines, without a dialect.

use meetpoint_protocol::{ConnId, FrameType, ws};

use super::*;
use crate::core::outbox::{
    Bounds,
    tests::{Laconic, Pipe},
};

const WINDOW: Duration = Duration::from_secs(30);

/// What a text of two letters costs while it is kept.
const COST: usize = 64 + 4;

/// Notes what becomes of it.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<&'static str>>>, Option<Outbox>);

impl Resumable for Diary {
    fn away(&mut self, _: Instant, _: &mut Turn) {
        self.0.lock().push("away");
    }

    fn back(&mut self, _: &mut Turn) {
        self.0.lock().push("back");
    }

    fn over(&mut self, why: Departure, turn: &mut Turn) {
        if let Some(mourner) = &self.1 {
            let _ = mourner.say(FrameType::Pong, "gone", turn);
        }
        self.0.lock().push(match why {
            Departure::Timeout => "timeout",
            Departure::Left => "left",
            _ => "over",
        });
    }
}

impl Diary {
    fn read(&self) -> Vec<&'static str> {
        mem::take(&mut *self.0.lock())
    }
}

struct Stage {
    sessions: Sessions<Diary>,
    now: Instant,
    entered: u64,
    minted: u8,
}

/// A connection, and what its socket was sent.
struct Connected {
    line: Line,
    pipe: Pipe,
}

impl Connected {
    /// The texts of frames, with `ping N` for the server's pings.
    fn heard(&self) -> Vec<String> {
        let bytes = self.pipe.empty(usize::MAX);
        let (mut rest, mut heard) = (&bytes[..], Vec::new());
        while !rest.is_empty() {
            let (frame, behind) = rest.split_at(ws::frame_len(rest));
            let text = String::from_utf8(frame[2..].to_vec()).expect("short texts");
            heard.push(if frame[0] & 0xf == 9 { format!("ping {text}") } else { text });
            rest = behind;
        }
        heard
    }
}

impl Stage {
    fn new() -> Self {
        let limits = Limits { window: WINDOW, log: log::Bounds { frames: 8, bytes: 1000 }, away_bytes: 10 * COST };
        Self { sessions: Sessions::new(limits), now: Instant::now(), entered: 0, minted: 0 }
    }

    fn turn(&self) -> Turn {
        Turn::new(self.now)
    }

    fn connect(&mut self) -> Connected {
        self.entered += 1;
        let pipe = Pipe::with_room(usize::MAX);
        let bounds = Bounds { bytes: 1000, frames: 20, kept: 64 };
        let client = ClientId::from_random([self.entered as u8; 16]);
        let outbox = Outbox::new(client, ConnId(self.entered), &Laconic, bounds, Box::new(pipe.clone()));
        Connected { line: Line::new(outbox), pipe }
    }

    fn token(&mut self) -> Key {
        self.minted += 1;
        [self.minted; 16]
    }

    fn open(&mut self) -> (Connected, Seat<Diary>, Diary, Key) {
        self.open_with(Diary::default())
    }

    fn open_with(&mut self, diary: Diary) -> (Connected, Seat<Diary>, Diary, Key) {
        let (connected, token) = (self.connect(), self.token());
        let seat = self.sessions.open(connected.line.clone(), diary.clone(), token);
        (connected, seat, diary, token)
    }

    fn resume(&mut self, token: Key, received: u64) -> (Connected, Result<Seat<Diary>, Refusal>, Key) {
        let (connected, next) = (self.connect(), self.token());
        let greeting = |_, received| format!("resumed {received}").into_bytes();
        let seat = self.sessions.resume(token, &connected.line, received, next, greeting, &mut self.turn());
        (connected, seat, next)
    }

    fn say(&self, to: &Outbox, text: &str) -> bool {
        to.say(FrameType::Pong, text, &mut self.turn()).is_ok()
    }

    fn cut(&self, seat: &Seat<Diary>) {
        self.sessions.closed(seat, Ending::Cut, &mut self.turn());
    }
}

#[test]
fn what_is_said_to_a_session_without_a_socket_is_heard_on_the_next_one_behind_what_was_missed() {
    let mut stage = Stage::new();
    let (first, seat, diary, token) = stage.open();
    let outbox = first.line.outbox().clone();
    for text in ["a", "b"] {
        assert!(stage.say(&outbox, text));
    }
    // A quarter of the log asks for a sign.
    assert_eq!(first.heard(), ["a", "b", "ping 2"]);
    seat.hear(|_| ()).expect("its own");
    stage.cut(&seat);
    assert!(stage.say(&outbox, "c"));
    let (second, resumed, _) = stage.resume(token, 1);
    assert!(resumed.is_ok() && stage.say(&outbox, "d"));
    assert_eq!(second.heard(), ["resumed 1", "b", "c", "ping 3", "d"]);
    assert_eq!(diary.read(), ["away", "back"]);
    assert!(first.heard().is_empty());
}

#[test]
fn whoever_knows_the_token_takes_the_session_from_a_socket_that_seems_to_live() {
    let mut stage = Stage::new();
    let (mut first, seat, diary, token) = stage.open();
    let outbox = first.line.outbox().clone();
    let (second, resumed, _) = stage.resume(token, 0);
    let resumed = resumed.expect("its token");
    assert_eq!(seat.hear(|_| ()), Err(Displaced));
    assert!(first.line.follow() && !first.line.follow());
    assert_eq!(first.line.outbox().closing(), Some(Close::Replaced));
    assert!(!seat.line().is_current() && resumed.line().is_current() && outbox.closing().is_none());
    // Its end is not the session's.
    stage.cut(&seat);
    assert!(stage.say(&outbox, "still here") && diary.read().is_empty());
    assert_eq!(second.heard(), ["resumed 0", "ping 0", "still here"]);
}

#[test]
fn a_token_is_void_when_the_client_has_shown_that_it_has_the_next_one() {
    let mut stage = Stage::new();
    let (_first, seat, _, token) = stage.open();
    stage.cut(&seat);
    // Cut before the client got the second token, and again.
    let (_, resumed, second) = stage.resume(token, 0);
    stage.cut(&resumed.expect("its token"));
    let (_, resumed, third) = stage.resume(token, 0);
    let resumed = resumed.expect("still its token");
    assert_eq!(stage.resume(second, 0).1.err(), Some(Refusal::Expired), "never shown");
    stage.sessions.acknowledge(&resumed, 0).expect("nothing was sent");
    assert_eq!(stage.resume(token, 0).1.err(), Some(Refusal::Expired));
    assert!(stage.resume(third, 0).1.is_ok());
}

#[test]
fn a_session_that_nobody_comes_back_to_ends_once_and_leaves_nothing() {
    let mut stage = Stage::new();
    let (_first, seat, diary, token) = stage.open();
    let outbox = seat.line().outbox().clone();
    stage.cut(&seat);
    assert!(stage.say(&outbox, "ab") && stage.sessions.census() == (1, COST));
    stage.now += WINDOW - Duration::from_millis(1);
    assert_eq!(stage.sessions.expire(&mut stage.turn()), Some(stage.now + Duration::from_millis(1)));
    stage.now += Duration::from_millis(1);
    assert_eq!(stage.sessions.expire(&mut stage.turn()), None);
    assert_eq!((diary.read(), stage.sessions.census()), (vec!["away", "timeout"], (0, 0)));
    assert!(!stage.say(&outbox, "nobody hears it") && stage.sessions.table.lock().tokens.is_empty());
    assert_eq!(stage.resume(token, 0).1.err(), Some(Refusal::Expired));
    let kept = Arc::downgrade(&seat.kept);
    drop((seat, outbox));
    assert!(kept.upgrade().is_none(), "nothing holds it");
}

#[test]
fn a_session_that_is_over_is_not_away_when_its_socket_breaks() {
    let mut stage = Stage::new();
    let (_first, seat, diary, _) = stage.open();
    stage.sessions.closed(&seat, Ending::Over(Departure::Left), &mut stage.turn());
    stage.cut(&seat);
    assert_eq!((stage.sessions.census(), diary.read()), ((0, 0), vec!["left"]));
    stage.now += WINDOW;
    assert_eq!(stage.sessions.expire(&mut stage.turn()), None);
}

#[test]
fn a_session_that_ended_early_is_remembered_for_a_window() {
    let mut stage = Stage::new();
    let (_first, seat, diary, token) = stage.open();
    stage.sessions.closed(&seat, Ending::Over(Departure::Left), &mut stage.turn());
    assert_eq!((stage.resume(token, 0).1.err(), diary.read()), (Some(Refusal::Over), vec!["left"]));
    assert_eq!(stage.sessions.expire(&mut stage.turn()), Some(stage.now + WINDOW));
    stage.now += WINDOW;
    assert_eq!(stage.resume(token, 0).1.err(), Some(Refusal::Expired), "also when nobody has looked");
    assert_eq!(stage.sessions.expire(&mut stage.turn()), None);
    assert!(stage.sessions.table.lock().tokens.is_empty());
}

#[test]
fn a_client_that_has_not_got_what_is_gone_has_to_begin_anew() {
    for received in [0, 3] {
        let mut stage = Stage::new();
        let (mut first, seat, diary, token) = stage.open();
        stage.say(first.line.outbox(), "a");
        stage.say(first.line.outbox(), "b");
        stage.sessions.acknowledge(&seat, 1).expect("two were sent");
        assert_eq!(stage.resume(token, received).1.err(), Some(Refusal::Gap), "{received}");
        assert_eq!((diary.read(), first.line.outbox().closing()), (vec!["over"], Some(Close::Replaced)));
        assert!(!first.line.follow(), "it says goodbye itself");
    }
}

#[test]
fn a_session_that_is_sent_too_much_while_it_is_away_ends_at_once() {
    let mut stage = Stage::new();
    let (_first, seat, diary, token) = stage.open();
    let outbox = seat.line().outbox().clone();
    stage.cut(&seat);
    assert!((0..8).all(|_| stage.say(&outbox, "a")) && !stage.say(&outbox, "one too many"));
    assert_eq!(diary.read(), ["away"]);
    stage.sessions.expire(&mut stage.turn());
    assert_eq!((diary.read(), stage.sessions.census()), (vec!["over"], (0, 0)));
    assert_eq!(stage.resume(token, 0).1.err(), Some(Refusal::Over));
}

#[test]
fn the_end_of_one_may_be_too_much_for_another_that_is_away() {
    let mut stage = Stage::new();
    stage.sessions.budget = Arc::new(Budget::new(1 << 20));
    let (_first, other, others, _) = stage.open();
    let mourner = other.line().outbox().clone();
    let (_second, one, diary, _) = stage.open_with(Diary(Arc::default(), Some(mourner.clone())));
    for seat in [&one, &other] {
        stage.cut(seat);
        assert!((0..8).all(|_| stage.say(seat.line().outbox(), "")));
    }
    assert!(!stage.say(one.line().outbox(), "too much"));
    stage.sessions.expire(&mut stage.turn());
    stage.sessions.expire(&mut stage.turn());
    assert_eq!((diary.read(), others.read()), (vec!["away", "over"], vec!["away", "over"]));
}

#[test]
fn what_waits_for_all_of_them_is_bounded_together() {
    let mut stage = Stage::new();
    let (_first, one, _, _) = stage.open();
    let (_second, other, diary, _) = stage.open();
    stage.cut(&one);
    assert!((0..8).all(|_| stage.say(one.line().outbox(), "12")));
    assert!((0..3).all(|_| stage.say(other.line().outbox(), "12")));
    // Eight of ten are taken.
    stage.cut(&other);
    assert_eq!((diary.read(), stage.sessions.census()), (vec!["over"], (1, 8 * COST)));
}

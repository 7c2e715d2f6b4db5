//! Whoever reads an ordinary frame, the same is heard.

use std::{collections::VecDeque, pin::Pin, task::Waker};

use proptest::prelude::*;
use tokio::io::ReadBuf;

use super::*;
use crate::server::ended::Ended;

const MASK: [u8; 4] = [0x11, 0x22, 0x83, 0xf4];
const LIMIT: usize = 1000;

/// A socket on which so much comes at a time, and then the end.
struct Pieces(VecDeque<Vec<u8>>);

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(mut piece) = self.0.pop_front() else { return Poll::Ready(Ok(())) };
        if piece.is_empty() {
            return Poll::Pending;
        }
        let rest = piece.split_off(piece.len().min(buf.remaining()));
        buf.put_slice(&piece);
        if !rest.is_empty() {
            self.0.push_front(rest);
        }
        Poll::Ready(Ok(()))
    }
}

#[derive(PartialEq, Debug)]
enum Outcome {
    Text(String),
    Binary(Vec<u8>),
    Control(Message),
    Reply(Vec<u8>),
    Ended(Ended),
}

/// A frame of a client's.
fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..=125 => frame.push(masked | len as u8),
        len => {
            frame.push(masked | 126);
            frame.extend_from_slice(&(len as u16).to_be_bytes());
        }
    }
    frame.extend(mask.iter().flatten());
    let mask = mask.unwrap_or_default();
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    frame
}

/// All that is heard, in turns of at most `turn` messages.
fn heard(pieces: &[Vec<u8>], early: Vec<u8>, turn: usize, reading: Reading) -> Vec<Outcome> {
    let mut inbound = Inbound::new(Pieces(pieces.iter().cloned().collect()), reading, early);
    let mut outcomes = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        let mut lent = inbound.begin();
        for _ in 0..turn {
            let next = inbound.poll_next(&mut lent, &mut cx);
            outcomes.extend(inbound.replies().map(Outcome::Reply));
            outcomes.push(match next {
                Poll::Pending => break,
                Poll::Ready(Ok(Heard::Text(text))) => Outcome::Text(text.to_owned()),
                Poll::Ready(Ok(Heard::Message(Message::Text(text)))) => Outcome::Text(text.as_str().to_owned()),
                Poll::Ready(Ok(Heard::Binary(bytes))) => Outcome::Binary(bytes.to_vec()),
                Poll::Ready(Ok(Heard::Message(Message::Binary(bytes)))) => Outcome::Binary(bytes.to_vec()),
                Poll::Ready(Ok(Heard::Message(Message::Close(frame)))) => {
                    outcomes.push(Outcome::Control(Message::Close(frame)));
                    outcomes.extend(inbound.close_frame(None).map(Outcome::Reply));
                    return outcomes;
                }
                Poll::Ready(Ok(Heard::Message(message))) => Outcome::Control(message),
                Poll::Ready(Err(error)) => {
                    outcomes.push(Outcome::Ended(Ended::of(&error)));
                    return outcomes;
                }
            });
        }
        inbound.end(&lent);
    }
}

fn reading(in_place: bool, portion: usize) -> Reading {
    Reading { portion, max_message: LIMIT, in_place }
}

fn text(payload: &[u8]) -> Vec<u8> {
    frame(0x81, Some(MASK), payload)
}

fn in_place(pieces: &[Vec<u8>]) -> Vec<Outcome> {
    heard(pieces, Vec::new(), 64, reading(true, 4096))
}

fn said(text: &str) -> Outcome {
    Outcome::Text(text.to_owned())
}

#[test]
fn an_ordinary_frame_leaves_nothing_behind() {
    let mut inbound = Inbound::new(Pieces([text(b"{}")].into()), reading(true, 4096), Vec::new());
    let mut lent = inbound.begin();
    let next = inbound.poll_next(&mut lent, &mut Context::from_waker(Waker::noop()));
    assert!(matches!(next, Poll::Ready(Ok(Heard::Text("{}")))));
    inbound.end(&lent);
    assert!(inbound.tungstenite.is_none() && inbound.left.capacity() == 0);
}

#[test]
fn tungstenite_goes_when_it_has_nothing_left() {
    let fragments = [frame(0x01, Some(MASK), b"a"), frame(0x89, Some(MASK), b"?"), frame(0x80, Some(MASK), b"b")];
    let pieces = [fragments.concat(), Vec::new(), text(b"c")];
    let mut inbound = Inbound::new(Pieces(pieces.into()), reading(true, 4096), Vec::new());
    let mut cx = Context::from_waker(Waker::noop());
    let mut lent = inbound.begin();
    assert!(matches!(inbound.poll_next(&mut lent, &mut cx), Poll::Ready(Ok(Heard::Message(Message::Ping(_))))));
    assert!(matches!(inbound.poll_next(&mut lent, &mut cx), Poll::Ready(Ok(Heard::Message(Message::Text(_))))));
    assert!(inbound.tungstenite.is_some());
    assert!(inbound.poll_next(&mut lent, &mut cx).is_pending() && inbound.tungstenite.is_none());
    assert!(inbound.replies().is_some(), "what it has answered is kept");
    assert!(matches!(inbound.poll_next(&mut lent, &mut cx), Poll::Ready(Ok(Heard::Text("c")))));
}

#[test]
fn a_pong_comes_before_what_the_next_message_brings() {
    let pieces = [[text(b"1"), frame(0x89, Some(MASK), b"?"), text(b"2")].concat()];
    let outcomes = in_place(&pieces);
    let ping = Outcome::Control(Message::Ping(b"?".as_slice().into()));
    assert_eq!(outcomes, [said("1"), ping, Outcome::Reply(b"\x8a\x01?".into()), said("2"), Outcome::Ended(Ended::Cut)]);
}

#[test]
fn what_is_read_beyond_a_turn_is_heard_in_the_next() {
    let pieces = [(0..9).flat_map(|number| text(number.to_string().as_bytes())).collect()];
    let outcomes = heard(&pieces, text(b"early"), 2, reading(true, 4096));
    let numbers = (0..9).map(|number| said(&number.to_string()));
    let expected: Vec<_> = [said("early")].into_iter().chain(numbers).chain([Outcome::Ended(Ended::Cut)]).collect();
    assert_eq!(outcomes, expected);
}

/// What a client may send: mostly what it should.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        4 => "[a-zé🎥\"\\\\]{0,40}".prop_map(String::into_bytes),
        2 => (0..=LIMIT + 2).prop_map(|len| vec![b'x'; len]),
        1 => prop::collection::vec(any::<u8>(), 0..130),
    ];
    let first = prop_oneof![
        12 => Just(0x81_u8), 3 => Just(0x82), 3 => Just(0x89), 2 => Just(0x8a), 3 => Just(0x01), 2 => Just(0x00),
        3 => Just(0x80), 1 => Just(0x88), 1 => any::<u8>(),
    ];
    let mask = prop_oneof![30 => any::<[u8; 4]>().prop_map(Some), 1 => Just(None)];
    (first, mask, payload).prop_map(|(first, mask, payload)| frame(first, mask, &payload))
}

proptest! {
    #[test]
    fn whoever_reads_and_however_the_bytes_come_the_same_is_heard(
        frames in prop::collection::vec(frames(), 1..12),
        cuts in prop::collection::vec(1..600_usize, 0..40),
        early in 0..40_usize,
        turn in 1..5_usize,
        portion in 14..3000_usize,
    ) {
        let mut bytes = frames.concat();
        let rest = bytes.split_off(early.min(bytes.len()));
        let mut pieces = Vec::new();
        let mut rest = rest.as_slice();
        for cut in cuts.into_iter().chain([usize::MAX]) {
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            pieces.extend([piece.to_vec(), Vec::new()]);
            rest = behind;
        }
        let pieces: Vec<_> = pieces.into_iter().collect();
        let plain = heard(&pieces, bytes.clone(), usize::MAX, reading(false, 4096));
        prop_assert_eq!(heard(&pieces, bytes, turn, reading(true, portion)), plain);
    }
}

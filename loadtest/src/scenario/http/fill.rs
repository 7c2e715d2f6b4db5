//! The offers that live while the phases run.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    advice,
    book::{Book, Code, Wire},
    offers::{NEAR, Topics},
    publish::{self, Owner, Publisher},
};
use crate::{
    Error,
    http::{
        Answer, find,
        load::{Bench, Outcome, Span, Work},
    },
};

/// Longer than any population takes on any disk, and shorter than a session lives by default.
const FILL_LIMIT: Duration = Duration::from_secs(240);

/// Live offers of this run, of which none is ever taken back.
pub struct Population {
    pub topics: Topics,
    /// The sessions in the order of their serial numbers; the first [`NEAR`] are listed and never answered.
    pub codes: Vec<Code>,
    with_topics: usize,
    with_tags: usize,
}

impl Population {
    pub fn new(topics: Topics) -> Self {
        Self { topics, codes: Vec::new(), with_topics: 0, with_tags: 0 }
    }

    /// Announces offers until there are `offers`, shared evenly among the wires. Gives the time that it took.
    pub fn grow(
        &mut self,
        offers: usize,
        wires: &BTreeSet<Wire>,
        payload: usize,
        book: &mut Book,
        bench: &mut Bench,
    ) -> Result<Duration, Error> {
        let begun = Instant::now();
        let count = wires.len().max(1);
        for (number, wire) in wires.iter().enumerate() {
            let share = offers / count + usize::from(number < offers % count);
            match wire {
                Wire::Sessions => self.announce(share, book, bench)?,
                Wire::Topics => self.publish_with_topics(share, payload, bench)?,
                Wire::Tags => self.publish_with_tags(share, payload, bench)?,
            }
        }
        Ok(begun.elapsed())
    }

    /// The sessions that may be answered and polled, with their serial numbers.
    pub fn far(&self) -> &[Code] {
        self.codes.get(NEAR..).unwrap_or_default()
    }

    fn announce(&mut self, until: usize, book: &mut Book, bench: &mut Bench) -> Result<(), Error> {
        let from = self.codes.len();
        self.codes.resize(until, [0; 36]);
        let fresh = &mut self.codes[from..];
        let mut work = Announcing { book, topics: &self.topics, from, codes: fresh, asked: 0, failed: false };
        done("announcing sessions", bench.load("sessions", &mut work, span(until - from))?)
    }

    fn publish_with_topics(&mut self, until: usize, payload: usize, bench: &mut Bench) -> Result<(), Error> {
        let authority = bench.target.authority.clone();
        let publisher = Publisher { authority: &authority, topics: &self.topics, payload };
        let from = std::mem::replace(&mut self.with_topics, until);
        let needed = Owner::needed(until - from);
        let mut owners = Vec::with_capacity(needed);
        let accept_owner = |answer: &Answer<'_>| {
            owners.push(Owner::parse(answer).ok_or_else(|| advice::wrong(answer))?);
            Ok(())
        };
        let mut registrations = Posts::new((0..needed).map(|_| publisher.register()), accept_owner);
        done("registering", bench.load("owners", &mut registrations, span(needed))?)?;
        let mut posts = Posts::new(publisher.with_topics(from, until, &owners), accept);
        done("announcing offers with topics", bench.load("offers", &mut posts, span(publish::batches(until - from)))?)
    }

    fn publish_with_tags(&mut self, until: usize, payload: usize, bench: &mut Bench) -> Result<(), Error> {
        let authority = bench.target.authority.clone();
        let publisher = Publisher { authority: &authority, topics: &self.topics, payload };
        let from = std::mem::replace(&mut self.with_tags, until);
        let mut posts = Posts::new(publisher.with_tags(from, until), accept_call);
        done("announcing offers with tags", bench.load("tags", &mut posts, span(publish::batches(until - from)))?)
    }
}

/// Announces fresh sessions for a purpose of their own, in far topics; their codes in no particular order.
pub fn fresh(count: usize, topics: &Topics, book: &mut Book, bench: &mut Bench) -> Result<Vec<Code>, Error> {
    let mut codes = vec![[0; 36]; count];
    let mut work = Announcing { book, topics, from: NEAR, codes: &mut codes, asked: 0, failed: false };
    done("announcing sessions to be polled", bench.load("sessions", &mut work, span(count))?)?;
    Ok(codes)
}

fn span(answers: usize) -> Span {
    Span::Work { answers: answers as u64, limit: FILL_LIMIT }
}

/// A population that is not complete makes all figures worthless.
fn done(doing: &'static str, outcome: Outcome) -> Result<(), Error> {
    match outcome.faults.first() {
        Some(why) => Err(Error::Filling { doing, why: why.to_owned() }),
        None => Ok(()),
    }
}

/// Sessions with the serial numbers from `from` on.
struct Announcing<'a> {
    book: &'a mut Book,
    topics: &'a Topics,
    from: usize,
    codes: &'a mut [Code],
    asked: usize,
    failed: bool,
}

impl Work for Announcing<'_> {
    type Ticket = usize;

    fn ask(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        let ticket = self.asked;
        if self.failed || ticket == self.codes.len() {
            return None;
        }
        self.asked += 1;
        let serial = self.from + ticket;
        out.extend_from_slice(self.book.announce(self.topics.of(serial), serial as u64));
        Some(ticket)
    }

    fn check(&mut self, ticket: usize, answer: &Answer<'_>) -> Result<(), String> {
        let code = code_of(answer);
        self.failed |= code.is_none();
        self.codes[ticket] = code.ok_or_else(|| advice::wrong(answer))?;
        Ok(())
    }
}

/// Requests of any kind, each made when it is due.
struct Posts<I, F> {
    requests: I,
    accept: F,
    failed: bool,
}

impl<I, F> Posts<I, F> {
    fn new(requests: I, accept: F) -> Self {
        Self { requests, accept, failed: false }
    }
}

impl<I, F> Work for Posts<I, F>
where
    I: Iterator<Item = Vec<u8>>,
    F: FnMut(&Answer<'_>) -> Result<(), String>,
{
    type Ticket = ();

    fn ask(&mut self, out: &mut Vec<u8>) -> Option<()> {
        if self.failed {
            return None;
        }
        out.extend_from_slice(&self.requests.next()?);
        Some(())
    }

    fn check(&mut self, (): (), answer: &Answer<'_>) -> Result<(), String> {
        let accepted = (self.accept)(answer);
        self.failed |= accepted.is_err();
        accepted
    }
}

/// The code in `{"code":"…"}`.
pub fn code_of(answer: &Answer<'_>) -> Option<Code> {
    const BEFORE: &[u8] = br#""code":""#;
    let at = find(answer.body, BEFORE).filter(|_| answer.status == 200)? + BEFORE.len();
    let (code, rest) = answer.body[at..].split_first_chunk()?;
    rest.starts_with(b"\"").then_some(*code)
}

fn accept(answer: &Answer<'_>) -> Result<(), String> {
    if answer.status == 200 { Ok(()) } else { Err(advice::wrong(answer)) }
}

/// RPC answers 200 whatever happens.
fn accept_call(answer: &Answer<'_>) -> Result<(), String> {
    accept(answer)?;
    if find(answer.body, br#""success":true"#).is_some() { Ok(()) } else { Err(advice::wrong(answer)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer<'_> {
        Answer { status, body: body.as_bytes(), last: false, len: 0 }
    }

    #[test]
    fn a_code_is_a_uuid_of_a_good_answer() {
        let good = r#"{"code":"0190163d-8694-739b-aea5-966c26f8ad91"}"#;
        assert_eq!(code_of(&answer(200, good)).as_ref(), Some(b"0190163d-8694-739b-aea5-966c26f8ad91"));
        assert_eq!(code_of(&answer(500, good)), None);
        for bad in [r#"{"code":"own"}"#, r#"{"code":"0190163d-8694-739b-aea5-966c26f8ad91x"}"#, "{}", ""] {
            assert_eq!(code_of(&answer(200, bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_call_that_failed_is_no_success_although_its_status_is() {
        assert_eq!(accept_call(&answer(200, r#"[{"success":true,"result":{}}]"#)), Ok(()));
        assert!(accept_call(&answer(200, r#"[{"success":false,"error":"STORAGE_FULL"}]"#)).is_err());
        assert!(accept_call(&answer(413, r#"[{"success":true}]"#)).is_err());
    }
}

//! Polls that are held open until something is posted for them: how long the news take, and what a waiting client costs.
//!
//! ```text
//! 1 … N    POST /poll {wait}  ·················· answered as soon as the answer is there
//! posters           POST /answer to 1 … N, each the next when both have been answered
//! ```

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::{
    advice,
    book::{Book, Code, HELD_MS},
    fill,
    offers::{self, BEFORE_SERIAL, Topics},
};
use crate::{
    Error,
    http::{
        Answer, Fault, Wheel,
        faults::Faults,
        find,
        load::{Bench, MAX_LATENCY},
    },
    report::{Figure, Section, Unit},
};

/// Few, so that it is the way to the poll that is measured and not a queue; and enough for a server whose every commit waits
/// for a disk.
const POSTERS: usize = 8;
/// How long the server has to hold all polls, before its memory is read and the first answer posted; where it says how many it
/// holds, it is not over earlier than the server is done, nor later than [`SETTLE_LIMIT`].
const SETTLE: Duration = Duration::from_secs(1);
const SETTLE_LIMIT: Duration = Duration::from_secs(10);

/// Polls and what became of them.
struct Held<'a> {
    book: &'a mut Book,
    codes: &'a [Code],
    /// When the answer to each was posted, until the poll has ended.
    posted: Vec<Option<Instant>>,
    /// Polls by what each poster has posted last, with the number of answers still to come: its own and the poll's.
    posters: Vec<(usize, u8)>,
    next: usize,
    ended: usize,
    latency: Histogram<u64>,
    faults: Faults,
}

impl Held<'_> {
    /// A poll, which counts from 0, has ended.
    fn poll_ended(&mut self, poll: usize, heard: Result<&Answer<'_>, Fault>) {
        self.ended += 1;
        let good = |answer: &Answer<'_>| {
            let serial = [BEFORE_SERIAL.as_bytes(), &offers::serial(poll as u64)].concat();
            answer.status == 200 && find(answer.body, &serial).is_some()
        };
        match (self.posted[poll].take(), heard) {
            (_, Err(fault)) => self.faults.note(fault.to_string()),
            (None, Ok(answer)) => self.faults.note(format!("before anything was posted {}", advice::wrong(answer))),
            (Some(posted), Ok(answer)) if good(answer) => {
                self.latency.saturating_record(posted.elapsed().as_nanos() as u64)
            }
            (Some(_), Ok(answer)) => self.faults.note(advice::wrong(answer)),
        }
        if let Some((_, waits)) = self.posters.iter_mut().find(|(of, _)| *of == poll) {
            *waits = waits.saturating_sub(1);
        }
    }

    fn post_answered(&mut self, poster: usize, heard: Result<&Answer<'_>, Fault>) {
        let (_, waits) = &mut self.posters[poster];
        match heard {
            Ok(answer) if answer.status == 200 => *waits = waits.saturating_sub(1),
            Ok(answer) => {
                *waits = waits.saturating_sub(1);
                self.faults.note(format!("a post: {}", advice::wrong(answer)));
            }
            Err(fault) => self.faults.note(format!("a post: {fault}")),
        }
    }

    /// Lets every poster that waits for nothing post what is next.
    fn post(&mut self, wheel: &mut Wheel) {
        for poster in 0..self.posters.len() {
            if self.posters[poster].1 > 0 || self.next == self.codes.len() {
                continue;
            }
            let poll = self.next;
            self.next += 1;
            self.posters[poster] = (poll, 2);
            self.posted[poll] = Some(Instant::now());
            let request = self.book.answer(&self.codes[poll], poll as u64);
            if let Err(fault) = wheel.send(self.codes.len() + poster, request) {
                self.faults.note(format!("a post: {fault}"));
            }
        }
    }
}

/// Holds `count` polls, posts an answer for each, and gives the section `hold` with what went wrong.
pub fn run(count: usize, topics: &Topics, book: &mut Book, bench: &mut Bench) -> Result<(Section, Faults), Error> {
    let codes = fill::fresh(count, topics, book, bench)?;
    let before = bench.watch.resident();
    let bar = bench.progress.count("holding", 2 * count as u64);
    let mut wheel = Wheel::new()?;
    let begun = Instant::now();
    let mut held = Held {
        book,
        codes: &codes,
        posted: vec![None; count],
        posters: vec![(usize::MAX, 0); POSTERS],
        next: 0,
        ended: 0,
        latency: Histogram::new_with_bounds(1, MAX_LATENCY, 3).map_err(std::io::Error::other)?,
        faults: Faults::default(),
    };
    for (number, code) in codes.iter().enumerate() {
        let index = bench.connect(&mut wheel, number)?;
        if let Err(fault) = wheel.send(index, held.book.held_poll(code)) {
            held.faults.note(fault.to_string());
        }
        bar.advance(1);
    }
    let connected = Instant::now();
    let mut said = None;
    while connected.elapsed() < SETTLE_LIMIT && said.is_none_or(|held| held < count) {
        let settled = Instant::now() + SETTLE;
        while Instant::now() < settled {
            wheel.turn(settled, |index, heard, _| held.poll_ended(index, heard))?;
        }
        match bench.scrape() {
            Some(scrape) => said = Some(scrape.held as usize),
            None => break,
        }
    }
    if said.is_some_and(|held| held < count) {
        held.faults.note_many("not held".into(), (count - said.unwrap_or_default()) as u64);
    }
    let section = section(count, before, bench.watch.resident(), bench);
    for number in 0..POSTERS {
        bench.connect(&mut wheel, number)?;
    }
    let posting = Instant::now();
    let until = begun + Duration::from_millis(HELD_MS);
    while held.ended < count && Instant::now() < until {
        held.post(&mut wheel);
        let ended = held.ended;
        wheel.turn(until, |index, heard, _| match index.checked_sub(count) {
            None => held.poll_ended(index, heard),
            Some(poster) => held.post_answered(poster, heard),
        })?;
        bar.advance((held.ended - ended) as u64);
    }
    held.faults.note_many(format!("still held after {HELD_MS} ms"), (count - held.ended) as u64);
    Ok((with_latency(section, &held.latency, posting.elapsed()), held.faults))
}

fn section(count: usize, before: Option<u64>, holding: Option<u64>, bench: &mut Bench) -> Section {
    let mut section = Section::new("hold", [Figure::new("held", "polls held at once", Unit::Count, count as f64)]);
    if let (Some(before), Some(holding)) = (before, holding) {
        let each = holding.saturating_sub(before) as f64 / count as f64;
        section.extend([
            Figure::new("rssHeld", "RSS", Unit::Bytes, holding as f64),
            Figure::new("rssPerPoll", "RSS per held poll", Unit::Bytes, each),
        ]);
    }
    let process = bench.watch.server();
    let threads = process.and_then(|process| process.threads().ok());
    section.extend(threads.map(|threads| Figure::new("threads", "threads", Unit::Count, threads as f64)));
    section
}

fn with_latency(mut section: Section, latency: &Histogram<u64>, took: Duration) -> Section {
    let micros = |key, label, ns: u64| Figure::new(key, label, Unit::Microseconds, ns as f64 / 1_000.0);
    section.extend([
        Figure::new("newsPerSecond", "polls answered", Unit::PerSecond, latency.len() as f64 / took.as_secs_f64()),
        micros("p50", "from post to poll, p50", latency.value_at_quantile(0.5)),
        micros("p99", "from post to poll, p99", latency.value_at_quantile(0.99)),
        micros("max", "from post to poll, max", latency.max()),
    ]);
    section
}

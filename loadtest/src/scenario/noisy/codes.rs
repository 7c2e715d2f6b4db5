//! Codes that are minted and redeemed at once.

use std::collections::VecDeque;

use hdrhistogram::Histogram;
use meetpoint_protocol::noisy::Code;

use crate::{
    Error,
    cli::SpanOptions,
    cost::{self, Per},
    http::{
        Answer, Request, Slot,
        faults::wrong,
        find,
        load::{Bench, MAX_LATENCY, Outcome, Span, Work},
    },
    pairs::result::latency,
    report::{Figure, Report, Section, Unit},
};

/// A room's id as it stands in answers.
type App = [u8; 36];

const NOTE: &str = "A pair: a code is minted, and redeemed on the same connection with the next request. mint, redeem: from before the write to \
behind the read, in a closed loop at full speed: it tells how long the requests under way queue.";

/// What a request was about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    Mint,
    /// The room that was told with the code.
    Redeem(App),
}

/// Mints while there is no code to redeem.
struct Codes {
    mint: Request,
    /// By the number of digits beyond the least.
    redeem: Vec<(Request, Slot)>,
    minted: VecDeque<(Code, App)>,
    times: [Histogram<u64>; 2],
}

impl Codes {
    /// `None` only if a template lacked a place of its own, which the tests rule out.
    fn new(authority: &str) -> Option<Self> {
        let redeem = |digits: u8| {
            let place = "?".repeat(digits.into());
            let request = Request::post("/rendezvous/redeem", authority, "", &format!(r#"{{"code":"{place}"}}"#));
            let slot = request.slot(&place)?;
            Some((request, slot))
        };
        let histogram = || Histogram::new_with_bounds(1, MAX_LATENCY, 3).ok();
        Some(Self {
            mint: Request::post("/rendezvous/code", authority, "", ""),
            redeem: (Code::MIN_DIGITS..=Code::MAX_DIGITS).map(redeem).collect::<Option<_>>()?,
            minted: VecDeque::new(),
            times: [histogram()?, histogram()?],
        })
    }
}

impl Work for Codes {
    type Ticket = Asked;

    fn ask(&mut self, out: &mut Vec<u8>) -> Option<Asked> {
        let Some((code, app)) = self.minted.pop_front() else {
            out.extend_from_slice(self.mint.bytes());
            return Some(Asked::Mint);
        };
        let (request, slot) = self.redeem.get_mut(usize::from(code.digits() - Code::MIN_DIGITS))?;
        request.fill(*slot, code.to_string().as_bytes());
        out.extend_from_slice(request.bytes());
        Some(Asked::Redeem(app))
    }

    fn check(&mut self, asked: Asked, answer: &Answer<'_>) -> Result<(), String> {
        let app = app_of(answer);
        match (asked, app) {
            (Asked::Mint, Some(app)) => {
                self.minted.push_back((code_of(answer).ok_or_else(|| advised(answer))?, app));
                Ok(())
            }
            (Asked::Redeem(minted), Some(app)) if app == minted => Ok(()),
            (Asked::Redeem(_), Some(_)) => Err("a redeemed code gave another room than when it was minted".into()),
            (_, None) => Err(advised(answer)),
        }
    }

    fn took(&mut self, asked: &Asked, latency_ns: u64) {
        let [mints, redeems] = &mut self.times;
        let times = if *asked == Asked::Mint { mints } else { redeems };
        times.saturating_record(latency_ns);
    }
}

/// The id in `{"appID":"…"…}` of a good answer.
fn app_of(answer: &Answer<'_>) -> Option<App> {
    let rest = answer.body.strip_prefix(br#"{"appID":""#).filter(|_| answer.status == 200)?;
    let (app, rest) = rest.split_first_chunk()?;
    rest.starts_with(b"\",").then_some(*app)
}

/// The code in `{…"code":"…"…}`.
fn code_of(answer: &Answer<'_>) -> Option<Code> {
    const BEFORE: &[u8] = br#""code":""#;
    let rest = &answer.body[find(answer.body, BEFORE)? + BEFORE.len()..];
    let digits = &rest[..rest.iter().position(|byte| *byte == b'"')?];
    Code::parse(std::str::from_utf8(digits).ok()?)
}

fn advised(answer: &Answer<'_>) -> String {
    wrong(answer, |status| match status {
        410 => " (expired? ROOM_TTL must outlast a request)",
        429 => " (start the server with HTTP_RATE_PER_MIN=0)",
        500 | 507 => " (start the server anew: codes of earlier runs rest for ROOM_TTL)",
        _ => "",
    })
}

/// Warms up and measures.
pub fn measure(
    SpanOptions { warmup, duration }: SpanOptions,
    bench: &mut Bench,
    report: &mut Report,
) -> Result<(), Error> {
    let authority = bench.target.authority.clone();
    let codes = || Codes::new(&authority).ok_or_else(|| Error::Options("a request cannot be written".into()));
    if !warmup.is_zero() {
        bench.load("warming up", &mut codes()?, Span::Time(warmup))?.faults.write("warm-up", report);
    }
    bench.watch.connected();
    let mut work = codes()?;
    let Outcome { faults, from, to, .. } = bench.load("codes", &mut work, Span::Time(duration))?;
    faults.write("codes", report);
    let [mints, redeems] = &work.times;
    if redeems.is_empty() {
        report.fault("nothing was measured".into(), 1);
        return Ok(());
    }
    let seconds = to.seconds_since(&from);
    let pairs = redeems.len();
    report.figures.extend([
        Section::new(
            "traffic",
            [
                Figure::new("pairs", "codes minted and redeemed", Unit::Count, pairs as f64),
                Figure::new("seconds", "measured for", Unit::Seconds, seconds),
                Figure::new("pairsPerSecond", "pairs", Unit::PerSecond, pairs as f64 / seconds),
            ],
        ),
        latency("mint", mints),
        latency("redeem", redeems),
    ]);
    report.notes.push(NOTE.into());
    cost::write(&from, &to, Per { count: pairs, label: "CPU per million pairs" }, &bench.watch, report);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINTED: &str = "{\"appID\":\"01234567-89ab-4cde-8f01-23456789abcd\",\"code\":\"00042\",\"expiresAt\":\"2026-01-01T00:00:00Z\"}\n";

    fn answer(status: u16, body: &str) -> Answer<'_> {
        Answer { status, body: body.as_bytes(), last: false, len: 0 }
    }

    fn asked(codes: &mut Codes) -> (Asked, String) {
        let mut out = Vec::new();
        let asked = codes.ask(&mut out).expect("a request");
        (asked, String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn a_minted_code_is_redeemed_next_with_all_its_digits_and_must_give_its_room() {
        let mut codes = Codes::new("h").expect("templates");
        let (mint, text) = asked(&mut codes);
        assert!(
            mint == Asked::Mint && text.starts_with("POST /rendezvous/code ") && text.ends_with("\r\n\r\n"),
            "{text}"
        );
        assert_eq!(codes.check(mint, &answer(200, MINTED)), Ok(()));
        let (redeem, text) = asked(&mut codes);
        assert!(
            text.starts_with("POST /rendezvous/redeem ") && text.ends_with("\r\n\r\n{\"code\":\"00042\"}"),
            "{text}"
        );
        let good = MINTED.replace("\"code\":\"00042\",", "");
        assert_eq!(codes.check(redeem, &answer(200, &good)), Ok(()));
        assert!(codes.check(redeem, &answer(200, &good.replace("0123", "0124"))).is_err());
        assert!(codes.check(redeem, &answer(410, "gone\n")).is_err_and(|why| why.contains("ROOM_TTL")));
        assert_eq!(asked(&mut codes).0, Asked::Mint);
    }

    #[test]
    fn an_answer_without_a_code_mints_nothing() {
        let mut codes = Codes::new("h").expect("templates");
        for (status, body) in [(429, "rate limit"), (200, "{}"), (200, &MINTED.replace("00042", "42")), (500, MINTED)] {
            assert!(codes.check(Asked::Mint, &answer(status, body)).is_err(), "{status} {body}");
        }
        assert!(codes.minted.is_empty());
    }
}

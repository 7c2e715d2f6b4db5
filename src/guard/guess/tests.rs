use std::{cell::Cell, collections::BTreeMap, net::Ipv4Addr};

use proptest::prelude::*;

use super::*;

fn v4(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(number))
}

const EVE: [u8; 4] = [192, 0, 2, 66];
const SECOND: Duration = Duration::from_secs(1);

/// What an attempt came to: `Ok`, or the seconds until the next may be made.
fn attempt(guesses: &Guesses, who: impl Into<IpAddr>, now: Instant, kind: Attempt) -> Result<(), u64> {
    guesses.attempt(who.into(), now, || (kind, ())).map_err(RetryAfter::seconds)
}

/// Guesses until it is refused: how many were made, and the seconds until the next may be.
fn guess(guesses: &Guesses, now: Instant) -> (u32, u64) {
    for made in 0..1000 {
        if let Err(wait) = attempt(guesses, EVE, now, Attempt::Guessed) {
            return (made, wait);
        }
    }
    panic!("never refused");
}

#[test]
fn the_eleventh_attempt_after_ten_failures_in_a_minute_is_not_made() {
    let start = Instant::now();
    let guesses = Guesses::new();
    for second in 0..10 {
        assert_eq!(attempt(&guesses, EVE, start + second * SECOND, Attempt::Guessed), Ok(()));
    }
    let made = Cell::new(false);
    let refused = guesses.attempt(EVE.into(), start + 10 * SECOND, || (Attempt::Known, made.set(true)));
    assert_eq!((refused.map_err(RetryAfter::seconds), made.get()), (Err(59), false));
    assert_eq!(
        attempt(&guesses, [192, 0, 2, 67], start + 10 * SECOND, Attempt::Guessed),
        Ok(()),
        "others are not held"
    );
    assert_eq!(attempt(&guesses, EVE, start + 69 * SECOND, Attempt::Known), Ok(()));
}

#[test]
fn asking_who_is_blocked_tells_what_an_attempt_would_and_counts_nothing() {
    let start = Instant::now();
    let guesses = Guesses::new();
    let blocked = |now| guesses.blocked(EVE.into(), now).map(RetryAfter::seconds);
    for _ in 0..9 {
        assert_eq!(attempt(&guesses, EVE, start, Attempt::Guessed), Ok(()));
    }
    assert!((0..100).all(|_| blocked(start).is_none()));
    assert_eq!(attempt(&guesses, EVE, start, Attempt::Guessed), Ok(()), "the tenth is made");
    assert_eq!(guesses.blocked([192, 0, 2, 67].into(), start), None, "others are not");
    for second in [0, 30, 59] {
        let now = start + second * SECOND;
        assert_eq!(blocked(now), Some(60 - u64::from(second)));
        assert_eq!(attempt(&guesses, EVE, now, Attempt::Known), Err(60 - u64::from(second)));
    }
    assert_eq!(blocked(start + WITHIN), None);
    assert_eq!(attempt(&guesses, EVE, start + WITHIN, Attempt::Known), Ok(()));
}

#[test]
fn every_block_is_twice_as_long_up_to_a_quarter_of_an_hour() {
    let mut now = Instant::now();
    let guesses = Guesses::new();
    for block in [60, 120, 240, 480, 900, 900, 900] {
        assert_eq!(guess(&guesses, now), (10, block));
        now += Duration::from_secs(block) - SECOND;
        assert_eq!(guess(&guesses, now), (0, 1), "what is refused prolongs nothing");
        now += SECOND;
    }
}

#[test]
fn ten_failures_that_take_longer_than_a_minute_are_nothing() {
    let start = Instant::now();
    let guesses = Guesses::new();
    for number in 0..1000 {
        assert_eq!(attempt(&guesses, EVE, start + number * LENGTH_OF_NINTH, Attempt::Guessed), Ok(()));
    }
}

/// Nine in a minute, and the tenth when the first is forgotten.
const LENGTH_OF_NINTH: Duration = Duration::from_millis(WITHIN.as_millis() as u64 / 9 + 1);

#[test]
fn a_failure_is_counted_for_a_minute() {
    for (millis, expected) in [(59_999, Err(60)), (60_000, Ok(()))] {
        let start = Instant::now();
        let later = start + Duration::from_millis(millis);
        let guesses = Guesses::new();
        for number in 0..10 {
            let now = if number == 0 { start } else { later };
            assert_eq!(attempt(&guesses, EVE, now, Attempt::Guessed), Ok(()));
        }
        assert_eq!(attempt(&guesses, EVE, later, Attempt::Known), expected, "{millis}");
    }
}

#[test]
fn success_forgives_nothing_and_costs_nothing() {
    let now = Instant::now();
    let guesses = Guesses::new();
    for _ in 0..9 {
        assert_eq!(attempt(&guesses, EVE, now, Attempt::Guessed), Ok(()));
        assert_eq!(attempt(&guesses, EVE, now, Attempt::Known), Ok(()));
    }
    assert!((0..10_000).all(|_| attempt(&guesses, EVE, now, Attempt::Known).is_ok()));
    assert_eq!(attempt(&guesses, EVE, now, Attempt::Guessed), Ok(()));
    assert_eq!(attempt(&guesses, EVE, now, Attempt::Known), Err(60));
}

#[test]
fn who_has_not_failed_for_half_an_hour_is_forgotten() {
    let start = Instant::now();
    let guesses = Guesses::new();
    assert_eq!(guess(&guesses, start), (10, 60));
    assert_eq!(guess(&guesses, start + FORGOTTEN_AFTER - SECOND), (10, 120));
    let later = start + 2 * FORGOTTEN_AFTER;
    assert_eq!(attempt(&guesses, [192, 0, 2, 67], later, Attempt::Known), Ok(()));
    assert!(guesses.0.lock().of.is_empty() && guesses.0.lock().by_age.is_empty());
    assert_eq!(guess(&guesses, later), (10, 60));
}

#[test]
fn the_addresses_of_one_ipv6_network_guess_together() {
    let now = Instant::now();
    let guesses = Guesses::new();
    let try_from = |text: &str| attempt(&guesses, text.parse::<IpAddr>().expect("an address"), now, Attempt::Guessed);
    let failed = (0..20).filter(|number| try_from(&format!("2001:db8:0:1::{number}")).is_ok());
    assert_eq!(failed.count(), 10);
    assert_eq!(try_from("2001:db8:0:2::1"), Ok(()));
}

#[test]
fn ten_thousand_attempts_at_the_same_moment_are_ten() {
    let now = Instant::now();
    let guesses = Guesses::new();
    let made: usize = std::thread::scope(|scope| {
        let ask = || (0..2500).filter(|_| attempt(&guesses, EVE, now, Attempt::Guessed).is_ok()).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(made, FAILURES);
}

#[test]
fn ten_thousand_who_name_the_same_thing_at_the_same_moment_are_all_heard() {
    let now = Instant::now();
    let guesses = Guesses::new();
    let code = Mutex::new(Some("the code"));
    let redeem = || guesses.attempt(EVE.into(), now, || (Attempt::Known, code.lock().take()));
    let won: usize = std::thread::scope(|scope| {
        let ask = || (0..2500).filter(|_| redeem().expect("heard").is_some()).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(won, 1);
}

#[test]
fn no_more_addresses_are_remembered_than_the_bound() {
    let start = Instant::now();
    let guesses = Guesses::new();
    assert_eq!(guess(&guesses, start), (10, 60));
    let max = MAX_ADDRESSES as u32;
    for number in 0..max + 1000 {
        assert_eq!(attempt(&guesses, v4(number), start + number * SECOND / max, Attempt::Guessed), Ok(()));
        let guessers = guesses.0.lock();
        assert!(guessers.of.len() <= MAX_ADDRESSES && guessers.of.len() == guessers.by_age.len());
    }
    let remembers = |who: IpAddr| guesses.0.lock().of.contains_key(&who.into());
    assert!(!remembers(EVE.into()) && !remembers(v4(0)) && remembers(v4(max)));
}

#[test]
fn while_many_addresses_guess_each_is_blocked_by_its_second_failure() {
    let start = Instant::now();
    let guesses = Guesses::new();
    for number in 0..SIEGE as u32 {
        assert_eq!(attempt(&guesses, v4(number), start, Attempt::Guessed), Ok(()));
    }
    assert_eq!(attempt(&guesses, EVE, start, Attempt::Guessed), Ok(()), "one may be a typing error");
    assert_eq!(attempt(&guesses, EVE, start, Attempt::Known), Ok(()));
    let later = start + WITHIN - SECOND;
    assert_eq!(attempt(&guesses, EVE, later, Attempt::Guessed), Ok(()));
    assert_eq!(attempt(&guesses, EVE, later, Attempt::Known), Err(60));
    // Two minutes after the last of the many.
    let calm = later + 2 * WITHIN + SECOND;
    assert_eq!(guess(&guesses, calm), (10, 120));
}

#[test]
fn where_a_guess_has_no_chance_nobody_is_held_for_others() {
    let start = Instant::now();
    let guesses = Guesses::of_secrets();
    for number in 0..10 * SIEGE as u32 {
        for second in 0..9 {
            assert_eq!(attempt(&guesses, v4(number), start + second * SECOND, Attempt::Guessed), Ok(()));
        }
    }
    assert_eq!(guess(&guesses, start + 9 * SECOND), (10, 60), "everybody may fail as often as ever, and no more often");
}

#[test]
fn an_attack_from_many_addresses_gets_nowhere_however_patient_it_is() {
    const ADDRESSES: u32 = 250;
    let start = Instant::now();
    // As fast as they can, and at a pace that blocks none of them when it is alone.
    for pause in [1, 7, 70, 301] {
        let guesses = Guesses::new();
        let mut looked_at = 0;
        for second in (0..3600).step_by(pause) {
            let now = start + Duration::from_secs(second);
            looked_at +=
                (0..ADDRESSES).filter(|who| attempt(&guesses, v4(*who), now, Attempt::Guessed).is_ok()).count();
        }
        // Of ten thousand codes, each good for ten minutes: a given one is hit with a chance of a few per cent.
        assert!(looked_at < 6 * 1000, "{looked_at} in an hour with pauses of {pause} s");
    }
}

/// Every failure and every block that ever was.
#[derive(Default)]
struct Plain {
    failures: Vec<Instant>,
    blocks: Vec<(Instant, Duration)>,
}

impl Plain {
    fn attempt(&mut self, now: Instant, kind: Attempt) -> Result<(), Duration> {
        if self.failures.last().is_some_and(|latest| now - *latest >= FORGOTTEN_AFTER) {
            *self = Self::default();
        }
        if let Some((begun, length)) = self.blocks.last().filter(|(begun, length)| now < *begun + *length) {
            return Err(*begun + *length - now);
        }
        if kind == Attempt::Guessed {
            self.failures.push(now);
            let begun = self.blocks.last().map(|(begun, _)| *begun);
            let counted =
                self.failures.iter().filter(|at| begun.is_none_or(|begun| **at > begun) && now - **at < WITHIN);
            if counted.count() == FAILURES {
                let seconds = [60, 120, 240, 480, 900][self.blocks.len().min(4)];
                self.blocks.push((now, Duration::from_secs(seconds)));
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn it_holds_people_as_the_plainest_thing_does(
        attempts in proptest::collection::vec((0..3_u32, 0..4_u8, 0..100_u8, any::<u32>()), 1..400),
    ) {
        let guesses = Guesses::new();
        let mut plain: BTreeMap<u32, Plain> = BTreeMap::new();
        let mut now = Instant::now();
        for (who, kind, pace, step) in attempts {
            let longest = match pace {
                0 => 2_000_000,
                1..5 => 900_000,
                5..20 => 60_000,
                _ => 3_000,
            };
            now += Duration::from_millis(u64::from(step % longest));
            let kind = if kind == 0 { Attempt::Known } else { Attempt::Guessed };
            let expected = plain.entry(who).or_default().attempt(now, kind).map_err(RetryAfter);
            prop_assert_eq!(guesses.attempt(v4(who), now, || (kind, ())), expected);
        }
    }

    #[test]
    fn whoever_stays_below_the_limit_is_never_refused(
        attempts in proptest::collection::vec((0..2_u8, 0..20_000_u64), 1..400),
    ) {
        let guesses = Guesses::new();
        let mut now = Instant::now();
        let mut failures: Vec<Instant> = Vec::new();
        for (kind, step) in attempts {
            now += Duration::from_millis(step);
            failures.retain(|failure| now - *failure < WITHIN);
            let kind = if kind == 0 || failures.len() + 1 >= FAILURES { Attempt::Known } else { Attempt::Guessed };
            if kind == Attempt::Guessed {
                failures.push(now);
            }
            prop_assert_eq!(attempt(&guesses, EVE, now, kind), Ok(()));
        }
    }

    #[test]
    fn clocks_that_disagree_a_little_break_nothing(
        attempts in proptest::collection::vec((0..3_u32, 0..5_000_u64, 0..2_000_u64), 1..300),
    ) {
        let guesses = Guesses::new();
        let mut clock = Instant::now() + WITHIN;
        for (who, step, late) in attempts {
            clock += Duration::from_millis(step);
            let _ = attempt(&guesses, v4(who), clock - Duration::from_millis(late), Attempt::Guessed);
            let guessers = guesses.0.lock();
            prop_assert_eq!(guessers.of.len(), guessers.by_age.len());
            prop_assert!(guessers.by_age.iter().all(|(latest, who)| guessers.of[who].latest == *latest));
        }
    }
}

use std::{collections::BTreeMap, net::Ipv4Addr};

use proptest::prelude::*;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn v4(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(number))
}

const ALICE: [u8; 4] = [192, 0, 2, 1];
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn so_many_requests_pass_in_the_minute_that_begins_with_the_first() {
    let start = Instant::now();
    let window = Window::new(3);
    let count = |seconds: u32| window.count(ALICE.into(), start + seconds * SECOND).map_err(RetryAfter::seconds);
    assert_eq!([count(0), count(20), count(59)], [Ok(()); 3]);
    assert_eq!([count(59), count(59)], [Err(1); 2]);
    assert_eq!([count(60), count(61), count(61), count(61)], [Ok(()), Ok(()), Ok(()), Err(59)]);
    assert_eq!(window.count([192, 0, 2, 2].into(), start + 61 * SECOND), Ok(()), "others have windows of their own");
}

#[test]
fn refused_requests_prolong_nothing() {
    let start = Instant::now();
    let window = Window::new(1);
    let passed = (0..600).filter(|tenth| window.count(ALICE.into(), start + *tenth * SECOND / 10).is_ok());
    assert_eq!(passed.collect::<Vec<_>>(), [0]);
    assert_eq!(window.count(ALICE.into(), start + LENGTH), Ok(()));
}

#[test]
fn zero_disables_it() {
    let window = Window::new(0);
    let now = Instant::now();
    assert!(!window.limits() && Window::new(1).limits());
    assert!((0..1000).all(|_| window.count(ALICE.into(), now).is_ok()));
    assert!(window.open.lock().counts.is_empty());
}

#[test]
fn the_addresses_of_one_ipv6_network_share_a_window() {
    let now = Instant::now();
    let window = Window::new(2);
    assert!(window.count(ip("2001:db8:0:1::1"), now).is_ok());
    assert!(window.count(ip("2001:db8:0:1:ffff::2"), now).is_ok());
    assert!(window.count(ip("2001:db8:0:1::3"), now).is_err());
    assert!(window.count(ip("2001:db8:0:2::1"), now).is_ok());
    assert!(window.count(ip("::ffff:192.0.2.1"), now).is_ok());
    assert!(window.count(ALICE.into(), now).is_ok());
    assert!(window.count(ALICE.into(), now).is_err());
}

#[test]
fn how_long_to_wait_is_rounded_up_to_whole_seconds() {
    for (millis, seconds) in [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (59_999, 60), (60_000, 60)] {
        assert_eq!(RetryAfter(Duration::from_millis(millis)).seconds(), seconds, "{millis}");
    }
}

#[test]
fn windows_that_have_ended_are_forgotten_and_the_oldest_gives_way_at_the_bound() {
    let start = Instant::now();
    let window = Window::new(1);
    let open = || {
        let open = window.open.lock();
        assert_eq!(open.counts.len(), open.by_age.len());
        open.counts.len()
    };
    let max = MAX_WINDOWS as u32;
    for number in 0..max {
        let _ = window.count(v4(number), start + number * SECOND / max);
    }
    assert_eq!(open(), MAX_WINDOWS);
    assert!(window.count(v4(0), start + SECOND).is_err());
    for number in max..2 * max + max / 2 {
        assert!(window.count(v4(number), start + SECOND).is_ok());
        assert_eq!(open(), MAX_WINDOWS);
    }
    assert!(window.count(v4(2 * max), start + SECOND).is_err(), "the youngest are still there");
    assert!(window.count(v4(0), start + SECOND).is_ok(), "the oldest is not");
    assert!(window.count(v4(1), start + SECOND + LENGTH).is_ok());
    assert_eq!(open(), 1);
}

#[test]
fn a_thousand_requests_at_once_are_counted_one_by_one() {
    let now = Instant::now();
    let window = Window::new(100);
    let passed: usize = std::thread::scope(|scope| {
        let ask = || (0..250).filter(|_| window.count(ALICE.into(), now).is_ok()).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(passed, 100);
}

proptest! {
    #[test]
    fn it_counts_as_the_plainest_thing_does(
        limit in 1..5_u32,
        requests in proptest::collection::vec((0..4_u32, 0..20_000_u64), 1..200),
    ) {
        let window = Window::new(limit);
        let mut plain: BTreeMap<u32, (Instant, u32)> = BTreeMap::new();
        let mut clock = Instant::now();
        for (who, step) in requests {
            clock += Duration::from_millis(step);
            let of = plain.entry(who).or_insert((clock, 0));
            if clock - of.0 >= LENGTH {
                *of = (clock, 0);
            }
            of.1 += 1;
            let expected = if of.1 > limit { Err(RetryAfter(of.0 + LENGTH - clock)) } else { Ok(()) };
            prop_assert_eq!(window.count(v4(who), clock), expected);
        }
    }

    #[test]
    fn clocks_that_disagree_a_little_break_nothing(
        requests in proptest::collection::vec((0..4_u32, 0..20_000_u64, 0..50_u64), 1..200),
    ) {
        let window = Window::new(2);
        let mut clock = Instant::now() + LENGTH;
        for (who, step, late) in requests {
            clock += Duration::from_millis(step);
            if let Err(RetryAfter(wait)) = window.count(v4(who), clock - Duration::from_millis(late)) {
                prop_assert!(wait <= LENGTH && !wait.is_zero());
            }
            let open = window.open.lock();
            prop_assert_eq!(open.counts.len(), open.by_age.len());
            prop_assert!(open.by_age.iter().is_sorted_by_key(|(begun, _)| *begun));
        }
    }
}

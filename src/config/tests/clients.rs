//! Proxies and rates.

use super::{faults, served};

fn proxies(text: &str) -> Vec<String> {
    served(&["--trusted-proxies", text], &[]).trusted_proxies.iter().map(ToString::to_string).collect()
}

#[test]
fn a_bare_address_is_a_network_of_one_and_repetitions_are_dropped() {
    assert_eq!(
        proxies(" 10.0.0.0/8 ,, 192.0.2.7,2001:DB8::/32,192.0.2.7/32, ::ffff:10.0.0.0/104,"),
        ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]
    );
    assert!(proxies(",").is_empty());
}

#[test]
fn bits_behind_a_prefix_are_refused_with_the_network_that_was_meant() {
    assert_eq!(
        faults(&[], &[("TRUSTED_PROXIES", "127.0.0.1, 10.1.2.3/8")]),
        [
            "invalid TRUSTED_PROXIES: 127.0.0.1, 10.1.2.3/8 (10.1.2.3/8 has bits set behind its prefix: expected 10.0.0.0/8)"
        ]
    );
    assert_eq!(
        faults(&["--trusted-proxies=2001:db8::1/64"], &[]),
        [
            "invalid --trusted-proxies: 2001:db8::1/64 (2001:db8::1/64 has bits set behind its prefix: expected 2001:db8::/64)"
        ]
    );
}

#[test]
fn rates_and_lives_are_what_was_said() {
    let settings = served(
        &["--ws-rate-per-min", "0"],
        &[("HTTP_RATE_PER_MIN", "60"), ("WS_RATE_PER_MIN", "9"), ("ROOM_TTL", "90"), ("MAILBOX_TTL", "1h30m")],
    );
    assert_eq!((settings.rates.http_per_minute, settings.rates.ws_per_minute), (60, 0));
    assert_eq!((settings.noisy.room_ttl.as_secs(), settings.noisy.mailbox_ttl.as_secs()), (90, 5400));
}

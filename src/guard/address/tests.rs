use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr},
};

use http::{HeaderMap, HeaderValue};
use meetpoint_scorecard::{Goal, figure};
use proptest::{collection::vec, prelude::*, sample::subsequence, test_runner::TestRunner};

use super::*;

fn cidr(text: &str) -> Cidr {
    let (address, prefix) = text.split_once('/').expect("a network");
    Cidr::new(ip(address), prefix.parse().expect("a number")).expect("a network")
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn headers(lines: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line).expect("a header's value"));
    }
    headers
}

fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
    let trusted: Vec<_> = trusted.iter().map(|text| cidr(text)).collect();
    let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    TrustedProxies::new(&trusted).client(ip(peer), &headers(&lines)).to_string()
}

const PROXIES: &[&str] = &["10.0.0.0/8", "2001:db8:aaaa::/48"];

#[test]
fn an_untrusted_peer_is_the_client_whatever_it_writes() {
    for lines in [&[] as &[&str], &["1.2.3.4"], &["1.2.3.4, 10.0.0.1"], &["10.0.0.1", "10.0.0.2"], &["junk"]] {
        assert_eq!(client(PROXIES, "192.0.2.1", lines), "192.0.2.1", "{lines:?}");
        assert_eq!(client(&[], "10.0.0.1", lines), "10.0.0.1", "{lines:?}");
        assert_eq!(client(PROXIES, "2001:db8:bbbb::1", lines), "2001:db8:bbbb::1", "{lines:?}");
    }
}

#[test]
fn behind_trusted_proxies_the_client_is_the_first_stranger_from_the_right() {
    for (lines, expected) in [
        (&["1.2.3.4"] as &[&str], "1.2.3.4"),
        (&["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        (&["10.6.6.6, 1.2.3.4"], "1.2.3.4"),
        (&["6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        (&["6.6.6.6, 1.2.3.4, 10.0.0.2, 2001:db8:aaaa::7"], "1.2.3.4"),
        (&["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
        (&["6.6.6.6, 1.2.3.4", "10.0.0.3", "10.0.0.2"], "1.2.3.4"),
        (&["1.2.3.4", "6.6.6.6, 10.0.0.2"], "6.6.6.6"),
        (&["junk, 1.2.3.4"], "1.2.3.4"),
    ] {
        assert_eq!(client(PROXIES, "10.0.0.1", lines), expected, "{lines:?}");
        assert_eq!(client(PROXIES, "2001:db8:aaaa::1", lines), expected, "{lines:?}");
    }
}

#[test]
fn without_a_stranger_the_client_is_the_leftmost_hop() {
    assert_eq!(client(PROXIES, "10.0.0.1", &[]), "10.0.0.1");
    assert_eq!(client(PROXIES, "10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    assert_eq!(client(PROXIES, "10.0.0.1", &["10.0.0.4", "10.0.0.3, 10.0.0.2"]), "10.0.0.4");
}

#[test]
fn at_an_entry_that_cannot_be_read_the_reading_ends() {
    for junk in [
        "",
        " ",
        "unknown",
        "_hidden",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:65536",
        "1.2.3.4:x",
        "[1.2.3.4]",
        "[1.2.3.4]:80",
        "2001:db8::1]:80",
        "[2001:db8::1",
        "[2001:db8::1]80",
        "2001:db8::1/64",
        "::1%lo",
        "\"1.2.3.4\"",
        "for=1.2.3.4",
        "1.2.3.4;5.6.7.8",
        "1.2.3.4 5.6.7.8",
        "0x01020304",
        "16909060",
    ] {
        assert_eq!(client(PROXIES, "10.0.0.1", &[junk]), "10.0.0.1", "{junk:?}");
        assert_eq!(client(PROXIES, "10.0.0.1", &["6.6.6.6", junk]), "10.0.0.1", "{junk:?}");
        assert_eq!(client(PROXIES, "10.0.0.1", &[&format!("6.6.6.6, {junk}, 10.0.0.2")]), "10.0.0.2", "{junk:?}");
        assert_eq!(client(PROXIES, "10.0.0.1", &[&format!("{junk}, 1.2.3.4, 10.0.0.2")]), "1.2.3.4", "{junk:?}");
    }
}

#[test]
fn bytes_beyond_ascii_spoil_their_own_entry_and_no_other() {
    let proxies = TrustedProxies::new(&[cidr("10.0.0.0/8")]);
    for (line, expected) in [
        (b"\xff\xfe" as &[u8], "10.0.0.1"),
        (b"6.6.6.6, \xd9\xa1.2.3.4", "10.0.0.1"),
        (b"6.6.6.6, \xc2\xa01.2.3.4", "10.0.0.1"),
        (b"\xff, 1.2.3.4", "1.2.3.4"),
        (b"6.6.6.6, \xff, 10.0.0.2", "10.0.0.2"),
    ] {
        assert_eq!(proxies.client(ip("10.0.0.1"), &headers(&[line])), ip(expected), "{}", line.escape_ascii());
    }
}

#[test]
fn an_entry_may_have_brackets_a_port_and_space_around_it() {
    for (entry, expected) in [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4:567", "1.2.3.4"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0::0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:567", "2001:db8::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("::ffff:102:304", "1.2.3.4"),
        ("[::ffff:1.2.3.4]:567", "1.2.3.4"),
    ] {
        for spaced in [entry.to_owned(), format!("  {entry}\t"), format!("6.6.6.6,{entry}")] {
            assert_eq!(client(PROXIES, "10.0.0.1", &[&spaced]), expected, "{spaced:?}");
        }
    }
}

#[test]
fn an_ipv4_address_in_its_ipv6_form_is_the_same_address() {
    assert_eq!(client(PROXIES, "::ffff:10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
    assert_eq!(client(PROXIES, "::ffff:192.0.2.1", &["1.2.3.4"]), "192.0.2.1");
    assert_eq!(client(PROXIES, "10.0.0.1", &["1.2.3.4, ::ffff:10.0.0.2"]), "1.2.3.4");
    assert_eq!(AddressKey::from(ip("::ffff:1.2.3.4")), AddressKey::from(ip("1.2.3.4")));
}

#[test]
fn what_is_not_routed_on_the_internet_is_internal() {
    let inside = ["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.0.1", "169.254.1.1", "100.64.0.1", "100.127.9.9"];
    let inside_6 = ["::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1"];
    for address in inside.into_iter().chain(inside_6) {
        assert!(is_internal(ip(address)), "{address}");
    }
    for address in ["1.1.1.1", "172.32.0.1", "192.169.0.1", "100.63.0.1", "100.128.0.1", "2001:db8::1", "ff02::1", "::"]
    {
        assert!(!is_internal(ip(address)), "{address}");
    }
}

#[test]
fn other_headers_say_nothing() {
    let mut headers = HeaderMap::new();
    for name in ["forwarded", "x-real-ip", "x-client-ip", "cf-connecting-ip", "true-client-ip"] {
        headers.insert(name, HeaderValue::from_static("1.2.3.4"));
    }
    headers.append("forwarded", HeaderValue::from_static("for=1.2.3.4"));
    assert_eq!(TrustedProxies::new(&[cidr("10.0.0.0/8")]).client(ip("10.0.0.1"), &headers), ip("10.0.0.1"));
}

#[test]
fn an_ipv6_client_is_its_network_and_an_ipv4_client_is_itself() {
    let key = |text: &str| AddressKey::from(ip(text));
    assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    let all = ["2001:db8:1:2::", "2001:db8:1:3::", "::", "1.2.3.4", "1.2.3.5", "0.0.0.0", "64:ff9b::102:304"];
    assert_eq!(all.iter().map(|text| key(text)).collect::<HashSet<_>>().len(), all.len());
}

/// What an honest reader would say, one whole list and one step at a time.
fn plain(trusted: &[Cidr], peer: IpAddr, lines: &[Vec<Entry>]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(*address));
    let mut hops: Vec<Option<IpAddr>> = lines.iter().flatten().map(|entry| entry.means).collect();
    hops.push(Some(peer));
    let readable = hops.iter().rposition(Option::is_none).map_or(0, |unreadable| unreadable + 1);
    let believed: Vec<_> = hops[readable..].iter().copied().flatten().collect();
    believed.iter().copied().rfind(|hop| !is_trusted(hop)).unwrap_or(believed[0])
}

#[derive(Clone, Debug)]
struct Entry {
    written: Vec<u8>,
    means: Option<IpAddr>,
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        4 => any::<[u8; 2]>().prop_map(|[a, b]| IpAddr::from([10, 0, a & 3, b])),
        2 => any::<u16>().prop_map(|last| IpAddr::from([0x2001, 0xdb8, 0xaaaa, 0, 0, 0, 0, last])),
        2 => any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        1 => any::<[u16; 8]>().prop_map(IpAddr::from),
        1 => any::<u16>().prop_map(|last| IpAddr::from([0x2001, 0xdb8, 0xbbbb, 0, 0, 0, 0, last])),
    ]
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let readable = (any_address(), 0..4_u8, any::<u16>(), "[ \t]{0,2}", "[ \t]{0,2}").prop_map(
        |(address, spelling, port, before, after)| {
            let text = match (address, spelling) {
                (_, 0) => address.to_string(),
                (IpAddr::V4(v4), 1) => v4.to_ipv6_mapped().to_string(),
                (IpAddr::V4(v4), 2) => format!("[{}]:{port}", v4.to_ipv6_mapped()),
                (IpAddr::V4(_), _) => format!("{address}:{port}"),
                (IpAddr::V6(_), 1) => address.to_string().to_uppercase(),
                (IpAddr::V6(_), 2) => format!("[{address}]"),
                (IpAddr::V6(_), _) => format!("[{address}]:{port}"),
            };
            Entry { written: format!("{before}{text}{after}").into(), means: Some(address.to_canonical()) }
        },
    );
    let letters = "[g-z\"=;_ -]{0,12}".prop_map(String::into_bytes);
    let bytes = proptest::collection::vec(128_u8..=255, 1..4);
    let near = any_address().prop_map(|address| format!("{address}.1x").into_bytes());
    let junk = prop_oneof![letters, bytes, near].prop_map(|written| Entry { written, means: None });
    prop_oneof![9 => readable, 1 => junk]
}

#[test]
fn no_list_gets_past_a_trusted_proxy() {
    const LISTS: u32 = 10_000;
    let connections = (
        any_address(),
        vec(vec(any_entry(), 1..6), 0..4),
        vec(any_entry(), 1..4),
        subsequence(vec!["10.0.0.0/23", "10.0.2.7/32", "2001:db8:aaaa::/48"], 0..=3),
    );
    let judged =
        TestRunner::new(ProptestConfig::with_cases(LISTS)).run(&connections, |(peer, lines, forged, proxies)| {
            let trusted: Vec<_> = proxies.iter().map(|text| cidr(text)).collect();
            let told = |lines: &[Vec<Entry>]| {
                let lines: Vec<_> = lines
                    .iter()
                    .map(|line| line.iter().map(|entry| &entry.written[..]).collect::<Vec<_>>().join(&b","[..]))
                    .collect();
                let lines: Vec<_> = lines.iter().map(Vec::as_slice).collect();
                TrustedProxies::new(&trusted).client(peer, &headers(&lines))
            };
            let client = told(&lines);
            prop_assert_eq!(client, plain(&trusted, peer.to_canonical(), &lines));

            let stranger = !trusted.iter().any(|network| network.contains(client));
            let unreadable = lines.iter().flatten().any(|entry| entry.means.is_none());
            if stranger || unreadable {
                let mut more = lines.clone();
                more.insert(0, forged);
                prop_assert_eq!(told(&more), client, "what stands to the left changes nothing");
            }
            Ok(())
        });
    judged.unwrap_or_else(|fault| panic!("{fault}"));
    figure("A5", "lists of headers that were made up", LISTS.into(), "", Goal::AtLeast(10_000.0));
    figure("A5", "of them, lists that passed a client off as another", 0.0, "", Goal::Exactly(0.0));
}

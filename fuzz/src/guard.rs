//! Who may come in, and with which settings.

use std::{ffi::OsString, fs, net::IpAddr, process};

use http::{HeaderMap, HeaderName, HeaderValue, header::ORIGIN};
use meetpoint::{
    config::{self, Cidr, Command, OriginPattern, Origins, Refusal},
    guard::{
        address::TrustedProxies,
        origin::{self, Missing, OriginPolicy},
    },
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// One header for each line, as far as it may be one.
fn headers(name: &HeaderName, data: &[u8]) -> HeaderMap {
    let lines = data.split(|byte| *byte == b'\n').take(16);
    lines.filter_map(|line| HeaderValue::from_bytes(line).ok()).map(|value| (name.clone(), value)).collect()
}

/// `X-Forwarded-For` lists, from a proxy and from anybody.
pub fn forwarded(data: &[u8]) {
    let trusted: Vec<Cidr> = [("10.0.0.0", 8), ("fd00::", 8)]
        .into_iter()
        .map(|(network, prefix)| Cidr::new(network.parse().expect("an address"), prefix).expect("a network"))
        .collect();
    let trusts = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let (proxies, headers) = (TrustedProxies::new(&trusted), headers(&FORWARDED_FOR, data));
    let [stranger, proxy]: [IpAddr; 2] = ["192.0.2.1", "10.0.0.1"].map(|address| address.parse().expect("an address"));
    assert_eq!(proxies.client(stranger, &headers), stranger, "nobody vouches for itself");
    let client = proxies.client(proxy, &headers);
    assert_eq!(client, client.to_canonical());
    // Whoever adds to the left of what its proxy wrote gains nothing.
    let mut forged = HeaderMap::new();
    forged.append(FORWARDED_FOR, HeaderValue::from_static("203.0.113.9, 10.9.9.9"));
    for line in headers.values() {
        forged.append(FORWARDED_FOR, line.clone());
    }
    if !trusts(client) {
        assert_eq!(proxies.client(proxy, &forged), client);
    }
}

/// The first line is an entry of the list, the others are what pages say of themselves.
pub fn origins(data: &[u8]) {
    let (entry, said) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    let page = headers(&ORIGIN, said.get(1..).unwrap_or_default());
    let _ = origin::text_of(&page);
    let values: Vec<&[u8]> = page.get_all(ORIGIN).iter().map(HeaderValue::as_bytes).collect();
    let patterns: Vec<_> = str::from_utf8(entry).ok().and_then(OriginPattern::parse).into_iter().collect();
    let lists_all = patterns.iter().any(OriginPattern::is_any);
    let exact = patterns.iter().find_map(OriginPattern::as_origin).map(str::to_owned);
    let listed = !patterns.is_empty();
    let policy = OriginPolicy::new(&Origins { allowed: patterns, allow_missing: false, dev: false });
    let allowed = policy.allows(values.iter().copied(), Missing::Suspect);
    assert!(values.len() <= 1 || !allowed, "two origins are nobody's");
    if let (true, false, [origin]) = (listed, lists_all, &values[..]) {
        let says = String::from_utf8_lossy(origin);
        let answered = policy.answered(page.get(ORIGIN));
        // Who may come is told so, and nobody else.
        assert_eq!(
            answered.as_ref().is_some_and(|answer| answer.as_bytes() == *origin),
            allowed || exact.as_deref() == Some(&*says),
            "{says:?}"
        );
    }
}

/// Lines `NAME=value` as the environment.
pub fn settings(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let pairs: Vec<_> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let value = |name: &str| pairs.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
    judge(config::load(["meetpoint".into()], |name| match name {
        // What is read from files is not what is asked here.
        "CONFIG_FILE" | "TLS_CERT_FILE" | "TLS_KEY_FILE" => None,
        _ => value(name).filter(|_| !name.ends_with("_FILE")).map(OsString::from),
    }));
}

/// A file of settings.
pub fn file(data: &[u8]) {
    let path = std::env::temp_dir().join(format!("meetpoint-fuzz-{}.env", process::id()));
    fs::write(&path, data).expect("a file for a moment");
    judge(config::load(["meetpoint".into(), "--config".into(), path.clone().into()], |_| None));
    fs::remove_file(path).expect("it was there");
}

/// Whatever is refused is refused with words.
fn judge(loaded: Result<Command, Refusal>) {
    if let Err(Refusal::Faults { lines, exit_code }) = loaded {
        assert!(!lines.is_empty() && lines.iter().all(|line| !line.is_empty()) && exit_code != 0);
    }
}

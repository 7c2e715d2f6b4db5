//! Who has sent a request: the key that has signed its method, its parameters, a time and a nonce.
//!
//! Each request of an array has an `auth` of its own; what it lacks is taken from the headers of the HTTP request. A
//! signature is good for one request, and for a minute before and after the time in it.

use std::time::Duration;

use http::HeaderMap;
use meetpoint_protocol::{
    Timestamp,
    rondevu::{hex, message, offer_id, text},
};
use serde_json::Value;

use super::{
    super::call::{Call, Failure},
    code,
    request::Request,
    words::refused,
};
use crate::{
    core::book::{Digest, Text},
    guard::signature::{PublicKey, Signature},
};

/// How far a client's clock may be from the server's, in milliseconds.
const TOLERANCE: f64 = 60_000.0;

/// How much longer a nonce is remembered than its time is accepted: the clock of records and the clock that clients see
/// may drift apart a little.
const SLACK: Duration = Duration::from_secs(1);

/// Whom a request comes from: a key in hex. The nonce is spent then, and, when the request is one that `changes`
/// something, as durably as the change.
///
/// # Errors
/// In this order: a part that is missing, a time too far away, what is no key, what is no nonce, a wrong signature, a
/// nonce that was spent before.
pub(super) fn caller(call: &mut Call<'_>, request: &Request, changes: bool) -> Result<Text, Failure> {
    let parts = Parts::read(request.auth, call.headers)?;
    let left = time_left(parts.timestamp, call.rondevu.clock.wall())?;
    let key =
        PublicKey::from_hex(parts.key).map_err(|error| Failure::coded(code::INVALID_PUBLIC_KEY, error.to_string()))?;
    if !message::is_nonce(parts.nonce) {
        return Err(Failure::coded(code::INVALID_PARAMS, "Invalid nonce: must be a UUID v4"));
    }
    let signed = message::to_sign(parts.timestamp, parts.nonce, request.method, request.params);
    let signature = Signature::from_base64(parts.signature);
    if !signature.is_some_and(|signature| key.verifies(signed.as_bytes(), &signature)) {
        return Err(Failure::coded(code::INVALID_CREDENTIALS, "Invalid signature"));
    }
    let until = call.now.plus(left).plus(SLACK);
    let spent = call.rondevu.book.spend(call.now, digest(parts.key, parts.nonce), until, changes);
    spent.map_err(|refusal| refused(&refusal))?;
    Ok(parts.key.into())
}

/// The key that a request names, signed or not: whose offers are not to be found.
pub(super) fn named<'a>(request: &Request<'a>, headers: &'a HeaderMap) -> Option<&'a str> {
    part(request.auth, headers, "publicKey", "x-publickey")
}

/// What a caller says of itself.
#[derive(Debug)]
struct Parts<'a> {
    key: &'a str,
    /// Milliseconds since 1970.
    timestamp: f64,
    nonce: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    /// # Errors
    /// The first part that is missing, or of a wrong type.
    fn read(auth: Option<&'a Value>, headers: &'a HeaderMap) -> Result<Self, Failure> {
        let required = |name: &str, header: &str| {
            part(auth, headers, name, &header.to_ascii_lowercase()).ok_or_else(|| missing(name, header))
        };
        let key = required("publicKey", "X-PublicKey")?;
        let timestamp = match member(auth, "timestamp") {
            Some(timestamp) => timestamp.as_f64(),
            None => header(headers, "x-timestamp").and_then(text::leading_integer).map(|millis| millis as f64),
        };
        let timestamp = timestamp.ok_or_else(|| missing("timestamp", "X-Timestamp"))?;
        let (nonce, signature) = (required("nonce", "X-Nonce")?, required("signature", "X-Signature")?);
        Ok(Self { key, timestamp, nonce, signature })
    }
}

fn missing(name: &str, header: &str) -> Failure {
    let error = format!("Missing or invalid {name} (provide in request.auth or {header} header)");
    Failure::coded(code::AUTH_REQUIRED, error)
}

/// A part that is text: the request's own, or, where it has none, the header's. What is there and is no text is none,
/// whatever the header says.
fn part<'a>(auth: Option<&'a Value>, headers: &'a HeaderMap, name: &str, field: &str) -> Option<&'a str> {
    match member(auth, name) {
        Some(own) => own.as_str(),
        None => header(headers, field),
    }
}

/// A member of `auth`. What is `null` or an empty text counts as absent.
fn member<'a>(auth: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    auth?.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn header<'a>(headers: &'a HeaderMap, field: &str) -> Option<&'a str> {
    headers.get(field)?.to_str().ok().filter(|text| !text.is_empty())
}

/// How long a request of that time will still be accepted.
///
/// # Errors
/// It is not.
fn time_left(timestamp: f64, wall: Timestamp) -> Result<Duration, Failure> {
    let age = wall.millis() as f64 - timestamp;
    if age > TOLERANCE {
        return Err(Failure::coded(code::INVALID_PARAMS, "Timestamp too old"));
    }
    if age < -TOLERANCE {
        return Err(Failure::coded(code::INVALID_PARAMS, "Timestamp too far in future"));
    }
    Ok(Duration::from_millis((TOLERANCE - age).ceil() as u64))
}

/// What a spent nonce is known by. The text is taken as it came, for so it is signed: another spelling of the same
/// number needs another signature, which only the key's owner can make.
fn digest(key: &str, nonce: &str) -> Digest {
    let both = offer_id::salted(key, nonce);
    hex::decode(&both[..2 * size_of::<Digest>()]).expect("a SHA-256 in hex is longer than this, and nothing but hex")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    fn read(auth: Value, headers: &HeaderMap) -> Result<String, String> {
        let parts = Parts::read(Some(&auth), headers);
        let parts = parts.map(|parts| format!("{} {} {} {}", parts.key, parts.timestamp, parts.nonce, parts.signature));
        parts.map_err(|failure| {
            assert_eq!(failure.code, Some(code::AUTH_REQUIRED));
            failure.error
        })
    }

    #[test]
    fn each_part_that_a_request_lacks_is_taken_from_the_headers() {
        let all = headers(&[("x-publickey", "K"), ("x-timestamp", "5ms"), ("x-nonce", "N"), ("x-signature", "S")]);
        for (auth, expected) in [
            (json!({}), "K 5 N S"),
            (json!(null), "K 5 N S"),
            (json!("k"), "K 5 N S"),
            (json!({"publicKey": "k", "signature": "s"}), "k 5 N s"),
            (json!({"timestamp": 7.5, "nonce": "n"}), "K 7.5 n S"),
            (json!({"timestamp": null, "publicKey": ""}), "K 5 N S"),
            (json!({"publicKey": "k", "timestamp": 1, "nonce": "n", "signature": "s"}), "k 1 n s"),
        ] {
            assert_eq!(read(auth.clone(), &all).as_deref(), Ok(expected), "{auth}");
        }
        assert_eq!(Parts::read(None, &all).map(|parts| parts.key).ok(), Some("K"));
    }

    #[test]
    fn the_first_part_that_is_missing_is_named() {
        let text = |name: &str, header: &str| {
            format!("Missing or invalid {name} (provide in request.auth or {header} header)")
        };
        let none = HeaderMap::new();
        for (auth, name, header) in [
            (json!({}), "publicKey", "X-PublicKey"),
            (json!({"publicKey": 5}), "publicKey", "X-PublicKey"),
            (json!({"publicKey": "k"}), "timestamp", "X-Timestamp"),
            (json!({"publicKey": "k", "timestamp": "5"}), "timestamp", "X-Timestamp"),
            (json!({"publicKey": "k", "timestamp": 5}), "nonce", "X-Nonce"),
            (json!({"publicKey": "k", "timestamp": 5, "nonce": "n"}), "signature", "X-Signature"),
        ] {
            assert_eq!(read(auth.clone(), &none), Err(text(name, header)), "{auth}");
        }
        let soon = headers(&[("x-publickey", "K"), ("x-timestamp", "soon")]);
        assert_eq!(read(json!({}), &soon), Err(text("timestamp", "X-Timestamp")));
        assert_eq!(read(json!({"timestamp": 5, "nonce": []}), &soon), Err(text("nonce", "X-Nonce")));
    }

    #[test]
    fn a_time_is_accepted_for_a_minute_before_and_after() {
        let wall = Timestamp::from_millis(1_000_000);
        let left = |timestamp: f64| time_left(timestamp, wall).map(|left| left.as_millis());
        for (timestamp, expected) in
            [(1_000_000.0, 60_000), (940_000.0, 0), (940_000.5, 1), (1_060_000.0, 120_000), (999_999.5, 60_000)]
        {
            assert_eq!(left(timestamp), Ok(expected), "{timestamp}");
        }
        for (timestamp, error) in [
            (939_999.5, "Timestamp too old"),
            (0.0, "Timestamp too old"),
            (-1e300, "Timestamp too old"),
            (1_060_000.5, "Timestamp too far in future"),
            (1e300, "Timestamp too far in future"),
        ] {
            assert_eq!(left(timestamp), Err(Failure::coded(code::INVALID_PARAMS, error)), "{timestamp}");
        }
    }

    #[test]
    fn a_nonce_is_known_with_its_key() {
        let digests = [("k", "n"), ("k", "N"), ("kn", ""), ("n", "k")].map(|(key, nonce)| digest(key, nonce));
        assert_eq!(digest("k", "n"), digests[0]);
        assert!(digests.iter().enumerate().all(|(index, one)| !digests[..index].contains(one)));
    }
}

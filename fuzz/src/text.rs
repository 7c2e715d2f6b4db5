//! Readers of text: what they take, they take as others do, and say again.

use meetpoint_protocol::{
    ClientId, Json, UserId, chat, json,
    noisy::{self, AppId, Code, Side},
    rondevu::{
        Bloom, PeerHashes, ServiceFqn, ServiceName, SignedMessage, Tag, Username, Version, base64, canonical, depth,
        hex, message, path, tag, text,
    },
};
use serde_json::Value;

fn as_text(data: &[u8]) -> Option<&str> {
    str::from_utf8(data).ok()
}

/// The scan of JSON against serde_json, and what reads members and frames with it.
pub fn json(data: &[u8]) {
    let Some(text) = as_text(data) else { return };
    let known = serde_json::from_str::<Value>(text);
    let read = Json::read(text);
    // Deeper than serde_json goes, nothing is compared.
    if !depth::nests_deeper_than(data, 100) {
        let is_json = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
        assert_eq!(read.is_some(), is_json, "{text:?}");
        if let Ok(Value::String(string)) = &known {
            assert_eq!(read.and_then(Json::text).as_deref(), Some(string.as_str()), "{text:?}");
        }
    }
    let mut names = Vec::new();
    let is_object = json::members(text, |name, value| {
        assert!(Json::read(value.get()).is_some(), "{text:?}");
        names.push(name.to_owned());
    });
    if let (true, Ok(Value::Object(object))) = (is_object, &known) {
        assert!(object.keys().all(|name| names.contains(name)) && names.iter().all(|name| object.contains_key(name)));
    }
    let _ = chat::parse(text);
    let _ = noisy::parse(text);
    let _ = noisy::read_code(data);
    let _ = noisy::compact(text);
}

/// Names of services, versions, users and tags.
pub fn names(data: &[u8]) {
    let Some(text) = as_text(data) else { return };
    let (one, other) = text.split_once('\n').unwrap_or((text, "1.0.0"));
    let _ = (ServiceFqn::parse(one), ServiceName::parse(one), Username::parse(one), UserId::new(one));
    if let (Some(have), Some(want)) = (Version::parse(one), Version::parse(other)) {
        assert_eq!(
            Version::parse(have.as_str()).map(|again| again.as_str().to_owned()),
            Some(have.as_str().to_owned())
        );
        let _ = (have.satisfies(&want), have.prerelease());
        assert!(have.satisfies(&have), "{one:?}");
    }
    let _ = Tag::parse(one);
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let _ = tag::tags(Some(&value), 20);
    }
    let _ = (text::units(text), text::is_blank(text), text::leading_integer(text));
    let _ = text::by_units(one, other);
    assert_eq!(text::by_units(one, one), std::cmp::Ordering::Equal);
    let _ = path::decode(text);
}

/// What stands for a few bytes: ids, codes, hex, base64, keys, tokens.
pub fn codes(data: &[u8]) {
    use meetpoint::guard::{
        credentials::Credentials,
        signature::{PublicKey, Signature},
        token::Tokens,
    };
    let _ = Credentials::new(&[7; 32]).authorize(Some(data)).map(|_| ());
    let Some(text) = as_text(data) else { return };
    if let Some(id) = ClientId::parse(text) {
        assert_eq!(ClientId::parse(&id.to_string()), Some(id));
    }
    if let Some(id) = AppId::parse(text) {
        assert_eq!(AppId::parse(&id.to_string()), Some(id));
    }
    if let Some(code) = Code::parse(text) {
        assert_eq!(code.to_string(), text);
    }
    if let Some(bytes) = base64::forgiving(text) {
        assert_eq!(base64::forgiving(&base64::encode(&bytes)), Some(bytes));
    }
    if let Some(bytes) = hex::decode::<32>(text) {
        assert_eq!(hex::encode(&bytes), text.to_ascii_lowercase());
    }
    let _ = (Side::parse(text), Side::addressed(text), message::is_nonce(text));
    let _ = (PublicKey::from_base64(text), PublicKey::from_hex(text).is_ok(), Signature::from_base64(text));
    assert!(Tokens::new(&[1; 32]).open(text).is_none(), "a token that was made up: {text:?}");
}

/// A filter of peers, as a parameter of a query.
pub fn bloom(data: &[u8]) {
    let Some(text) = as_text(data) else { return };
    let decoded = path::decode(text);
    if let Ok(Some(filter)) = Bloom::parse(&decoded) {
        assert!(decoded.len() <= Bloom::MAX_TEXT);
        let peers = ["", "a", "peer-1", "\u{1f600}"].map(PeerHashes::of);
        let held = peers.map(|peer| filter.holds(peer));
        let again = Bloom::parse(&filter.to_base64()).expect("base64");
        assert!(again.is_none_or(|again| peers.map(|peer| again.holds(peer)) == held));
    }
}

/// What is signed: the message of a service's user, and canonical JSON.
pub fn message(data: &[u8]) {
    let Some(text) = as_text(data) else { return };
    let _ = SignedMessage::parse(text).timestamp();
    if depth::nests_deeper_than(data, 100) {
        return;
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let written = canonical::canonical(&value);
        let again: Value = serde_json::from_str(&written).expect("canonical JSON is JSON");
        assert_eq!(canonical::canonical(&again), written, "{text:?}");
        let _ = message::to_sign(data.len() as f64, "nonce", "method", Some(&value));
    }
}

//! Whoever judges frames for the other tests is no yes-man.

use bytes::BytesMut;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;

use crate::support::frame::{FIN, TEXT, unmasked};
use crate::support::peer::{Manners, Peer};
use crate::support::schema::{Dialect, Speaker, fault};

const ID: &str = "3f0c6a9e-52d1-4c7b-9a55-0f6f2f1f7f10";

fn chat(words: &str) -> Option<String> {
    fault(Dialect::Chat, Speaker::Server, &words.replace("ID", ID))
}

fn sides(words: &str) -> Option<String> {
    fault(Dialect::Sides, Speaker::Server, words)
}

#[test]
fn the_path_tells_the_wire() {
    for (path, dialect) in [
        ("/ws", Dialect::Chat),
        ("/ws?resumable=1", Dialect::Chat),
        ("/ws?appid=x", Dialect::Chat),
        ("/ws?x=appID", Dialect::Chat),
        ("/ws?appID=x&side=A", Dialect::Sides),
        ("/ws?resumable=1&side", Dialect::Sides),
    ] {
        assert_eq!(Dialect::of(path), dialect, "{path}");
    }
}

#[test]
fn what_is_not_described_is_told() {
    for (words, told) in [
        ("", "no JSON"),
        ("{}{}", "no JSON"),
        ("[]", "no type"),
        (r#"{"type":1}"#, "no type"),
        (r#"{"type":"room_full"}"#, "unknown type"),
        (r#"{"type":"PONG"}"#, "unknown type"),
        (r#"{"type":"pong","extra":1}"#, "extra"),
        (r#"{"type":"partner-left"}"#, "reason"),
        (r#"{"type":"partner-left","reason":"bored"}"#, "bored"),
        (r#"{"type":"offer","from":"me"}"#, "/from"),
        (r#"{"type":"peer-joined","topic":"t","peer":{"clientId":"ID"}}"#, "/peer"),
        (r#"{"type":"left","topic":"t","ref":1e400}"#, "/ref"),
        (r#"{"type":"ready","clientId":"ID","pingInterval":1,"protocol":1,"features":[],"resumed":false}"#, "reason"),
    ] {
        assert!(chat(words).is_some_and(|fault| fault.contains(told)), "{words}: {:?}", chat(words));
    }
    assert!(sides(r#"{"type":"deliver","seq":0,"payload":1}"#).is_some_and(|fault| fault.contains("/seq")));
    assert!(sides(r#"{"type":"pong"}"#).is_some());
}

#[test]
fn payloads_that_no_parser_holds_are_no_fault() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for payload in [r#""\ud800""#, "1e400", r#"{"\ud800":[1e400]}"#, r#"[[["\ud800"]]]"#, &deep] {
        let words = format!(r#"{{"type":"offer","from":"ID","sdp":{payload}}}"#);
        assert_eq!(chat(&words), None, "{}", &words[..60]);
        let peer = format!(r#"{{"clientId":"ID","initiator":true,"info":{payload}}}"#);
        assert_eq!(chat(&format!(r#"{{"type":"peer-joined","topic":"t","peer":{peer}}}"#)), None);
        assert_eq!(sides(&format!(r#"{{"payload":{payload},"seq":1,"type":"send"}}"#)), None);
    }
    assert_eq!(chat(r#"{"type":"left","topic":"t","ref":"\ud800"}"#), None);
}

#[test]
fn what_a_side_passes_on_may_be_spelt_in_any_way() {
    assert_eq!(sides(r#"{"TYPE":"Offer","sdp":1,"SDP":2}"#), None);
    assert_eq!(sides(r#"{"type":"nonsense","Type":"SENDER_READY"}"#), None);
    assert!(sides(r#"{"type":"Room_Full"}"#).is_some());
}

#[tokio::test]
#[should_panic(expected = "the reading failed")]
async fn a_peer_fails_that_was_told_what_is_not_described_even_if_it_never_listened() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stream = TcpStream::connect(address).await.expect("a connection");
    let said = BytesMut::from(&unmasked(FIN | TEXT, br#"{"type":"nonsense"}"#)[..]);
    let peer = Peer::new(stream, said, Manners::default(), Dialect::Chat);
    yield_now().await;
    drop(peer);
}

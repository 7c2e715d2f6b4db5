//! Messages that are well framed and badly meant.

use serde_json::json;

use crate::support::chat::{Guest, assert_unharmed, pair, part, talk};
use crate::support::frame::{self, BINARY, CONTINUATION, FIN, TEXT};
use crate::support::server::Server;

/// Far below the message limit that the tests of nesting set.
const DEEP: usize = 100_000;

/// What the partner hears of an offer with this payload, to the byte.
fn relayed(from: &Guest, sdp: &str) -> String {
    format!(r#"{{"type":"offer","from":"{}","sdp":{sdp}}}"#, from.id)
}

#[tokio::test]
async fn invalid_utf8_closes_its_sender_and_parts_the_pair() {
    let server = Server::start().await;
    let fragments =
        [frame::masked(TEXT, b"{\"type\":\"offer\",\"sdp\":\"\xc3"), frame::masked(FIN | CONTINUATION, b"\"}")];
    let invalid = [
        frame::masked(FIN | TEXT, b"{\"type\":\"offer\",\"sdp\":\"\xff\"}"),
        frame::masked(FIN | TEXT, b"\xed\xa0\x80"),
        frame::masked(FIN | TEXT, b"\xc0\xaf"),
        frame::masked(FIN | TEXT, b"\xf0\x9f\xa5"),
        fragments.concat(),
    ];
    for bytes in invalid {
        let (mut culprit, mut partner) = pair(&server).await;
        culprit.write(&bytes).await.unwrap();
        assert_eq!(culprit.closed().await.code, 1007);
        partner.parted("disconnected").await;
        partner.say("leave").await;
        partner.settle().await;
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_binary_frame_is_read_as_text() {
    let server = Server::start().await;
    let (mut one, mut other) = pair(&server).await;
    one.write(&frame::masked(FIN | BINARY, br#"{"type":"offer","sdp":"bin"}"#)).await.unwrap();
    other.hears_offer(&one, "bin").await;
    for no_text in [&b"\xff\xfe"[..], b"", b"\0\0\0", &[0xff; 4096]] {
        one.write(&frame::masked(FIN | BINARY, no_text)).await.unwrap();
        one.refused("INVALID_FORMAT").await;
    }
    talk(&mut one, &mut other).await;
}

#[tokio::test]
async fn a_payload_is_passed_on_to_the_byte() {
    let server = Server::start().await;
    let (one, mut other) = pair(&server).await;
    let payloads = [
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\u0000\u001f\u2028""#,
        r#""\/\u0041""#,
        "1e400",
        "-0",
        "1.0",
        "123456789012345678901234567890.10",
        r#"{"b":1,"a":2,"b":3}"#,
        r#"{"from":"somebody else","type":"answer"}"#,
        r#"[ 1,	2 ]"#,
        r#""<script>alert(1)</script>""#,
        "null",
        r#""""#,
        r#""v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n""#,
    ];
    for sdp in payloads {
        one.send_text(&format!(r#"{{"type":"offer","sdp":{sdp}}}"#)).await;
        assert_eq!(other.hear_text().await, relayed(&one, sdp));
    }
}

#[tokio::test]
async fn of_a_repeated_key_the_last_counts() {
    let server = Server::start().await;
    let (one, mut other) = pair(&server).await;
    one.send_text(r#"{"sdp":"a","type":"nonsense","sdp":"b","type":"offer","from":"x","from":"y","sdp":"c"}"#).await;
    assert_eq!(other.hear_text().await, relayed(&one, r#""c""#));
}

#[tokio::test]
async fn an_escaped_word_is_the_same_word() {
    let server = Server::start().await;
    let (mut one, mut other) = pair(&server).await;
    one.send_text(r#" {"\u0074ype" : "\u0070ing"} "#).await;
    assert_eq!(one.hear().await, json!({"type": "pong"}));
    one.send_text(r#"{"type":"\u006fffer","\u0073dp":"escaped"}"#).await;
    other.hears_offer(&one, "escaped").await;
}

#[tokio::test]
async fn what_is_no_json_is_an_error_and_nothing_more() {
    let server = Server::start().await;
    let mut guest = Guest::join(&server).await;
    let no_json = [
        "",
        " ",
        "\u{feff}{\"type\":\"ping\"}",
        "{",
        "}",
        "{'type':'ping'}",
        r#"{"type":"ping"}}"#,
        r#"{"type":"ping"} {"type":"ping"}"#,
        r#"{"type":"ping",}"#,
        r#"{"type":ping}"#,
        r#"{type:"ping"}"#,
        r#"{"type":"ping"/**/}"#,
        r#"{"type":"pi	ng"}"#,
        r#"{"type":"ping","x":01}"#,
        r#"{"type":"ping","x":NaN}"#,
        r#"{"type":"\x70ing"}"#,
        "nul",
        "null",
        "\0",
    ];
    for words in no_json {
        guest.send_text(words).await;
        guest.refused("INVALID_FORMAT").await;
    }
    guest.silence().await;
}

#[tokio::test]
async fn what_is_json_without_a_known_type_is_another_error() {
    let server = Server::start().await;
    let mut guest = Guest::join(&server).await;
    let untyped = [
        "[]",
        r#"["ping"]"#,
        r#"[{"type":"ping"}]"#,
        "true",
        "0",
        "-1.5e-3",
        r#""ping""#,
        "{}",
        r#"{"type":1}"#,
        r#"{"type":["ping"]}"#,
        r#"{"type":{"type":"ping"}}"#,
        r#"{"type":"ping "}"#,
        r#"{"type":"ping\u0000"}"#,
        r#"{"type":"\ud800"}"#,
        r#"{"Type":"ping"}"#,
        r#"{"type":"constructor"}"#,
        r#"{"type":"__proto__"}"#,
        r#"{"type":"ready"}"#,
        r#"{"type":"matched"}"#,
        r#"{"type":"partner-left"}"#,
        r#"{"x":{"type":"ping"}}"#,
    ];
    for words in untyped {
        guest.send_text(words).await;
        guest.refused("UNKNOWN_TYPE").await;
    }
    guest.silence().await;
}

#[tokio::test]
async fn deep_nesting_costs_its_sender_alone() {
    let server = Server::with(&[("WS_MAX_MSG", "1MiB"), ("OUTBOX_MAX_BYTES", "2MiB")]).await;
    let (one, mut other) = pair(&server).await;
    let nested = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(DEEP), "}".repeat(DEEP));
    for value in [&nested, &objects] {
        one.send_text(&format!(r#"{{"type":"auth","userId":{value}}}"#)).await;
        one.send_text(&format!(r#"{{"type":{value}}}"#)).await;
        one.send_text(&format!(r#"{{"x":{value},"type":"ping"}}"#)).await;
        one.send_text(&format!(r#"{{"type":"offer","sdp":{value}}}"#)).await;
        one.send_text(value).await;
    }
    one.send_text(&"[".repeat(DEEP)).await;
    one.send_text(&r#"{"a":"#.repeat(DEEP)).await;
    // Whether such a payload is relayed or refused is the server's choice; that both go on is not.
    one.send(json!({"type": "ice", "candidate": "after"})).await;
    while !other.hear_text().await.contains("after") {}
    part(one, other).await;
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn strange_users_are_nobody_s_trouble() {
    let server = Server::start().await;
    for user in [r#""\ud800""#, r#"{"a":[1,{"b":null}]}"#, "1e400", "true", r#""""#, r#""\u0000""#] {
        let (mut strange, mut other) = (Guest::join(&server).await, Guest::join(&server).await);
        strange.send_text(&format!(r#"{{"type":"auth","userId":{user},"token":[]}}"#)).await;
        strange.silence().await;
        strange.available().await;
        other.available().await;
        // Raw text: a lone surrogate is JSON that not every parser reads.
        let heard = other.hear_text().await;
        assert!(heard.starts_with(r#"{"type":"matched","#) && heard.contains(&strange.id), "{heard}");
        strange.matched_with(&other).await;
        talk(&mut strange, &mut other).await;
        part(strange, other).await;
    }
    assert_unharmed(&server).await;
}

use super::*;
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

fn relay(text: &str) -> Option<Relay> {
    match parse(text) {
        Some(Frame::Relay(relay)) => Some(relay),
        _ => None,
    }
}

fn hello(delivered_up_to: u64) -> Option<Frame<'static>> {
    Some(Frame::Hello { delivered_up_to })
}

fn mail(to: Option<Side>, payload: &str) -> Option<Frame<'_>> {
    Some(Frame::Send { to, payload, id: None })
}

fn telemetry(event: Event, mode: Mode) -> Option<Frame<'static>> {
    Some(Frame::Telemetry { event, mode })
}

#[test]
fn what_the_original_relays_is_relayed() {
    for (text, expected) in [
        (r#"{"type":"offer","sdp":{"type":"offer","sdp":"v=0"}}"#, Relay::Offer),
        (r#"{ "type" : "answer", "sdp":"x", "extra":[1,2,3] }"#, Relay::Answer),
        (r#"{"type":"ice","cand":null}"#, Relay::Ice),
        (r#"{"type":"ice","candidate":{"candidate":"c","sdpMid":"0","sdpMLineIndex":0}}"#, Relay::Ice),
        (r#"{"type":"ice","cand":{"candidate":"e"}}"#, Relay::Ice),
        (r#"{"type":"sender_ready"}"#, Relay::SenderReady),
        (r#"{"type":"OFFER","sdp":"case"}"#, Relay::Offer),
        (r#"{"TYPE":"offer","n":1}"#, Relay::Offer),
        (r#"{"type":"offer","bin":1}"#, Relay::Offer),
        (r#"{"type":"offer","sdp":"early"}"#, Relay::Offer),
        (r#"{"type":"offer","sdp":"abc"}"#, Relay::Offer),
        (r#"{"type":"answer","type":"offer","k":1}"#, Relay::Offer),
        (" \t\r\n{\"type\":\"offer\",\"x\":1}\n", Relay::Offer),
        (r#"{"t\u0079pe":"\u006fffer"}"#, Relay::Offer),
        (r#"{"type":"offer","type":null}"#, Relay::Offer),
        (r#"{"\ud800":"\udfff","type":"offer","x":1e400}"#, Relay::Offer),
    ] {
        assert_eq!(relay(text), Some(expected), "{text}");
    }
}

#[test]
fn a_relayed_frame_may_have_the_fields_of_others_with_any_value() {
    let text = r#"{"type":"ice","to":1,"payload":[],"id":{},"deliveredUpTo":-1,"upTo":"x","event":5,"mode":[]}"#;
    assert_eq!(relay(text), Some(Relay::Ice));
}

#[test]
fn what_the_original_ignores_is_no_frame() {
    for text in [
        "not json",
        "",
        "[]",
        r#""offer""#,
        "null",
        r#"{"type":5}"#,
        r#"{"sdp":"x"}"#,
        r#"{"type":"offer","sdp":"x"} trailing"#,
        " ",
        "5",
        "true",
        "{}",
        "{",
        "{}{}",
        r#"["type","offer"]"#,
        r#"{"type":null}"#,
        r#"{"type":["offer"]}"#,
        r#"{"type":{"type":"offer"}}"#,
        r#"{"type":5,"type":"offer"}"#,
        r#"{"type":"offer","type":5}"#,
        r#"{"type":"offer""#,
        r#"{"type":"offer",}"#,
        r#"{"type":"offer","x":01}"#,
        r#"{"type":"offer","x":"\x"}"#,
        r#"{"type":"offer","x":"\u12g4"}"#,
        r#"{"type":"offer"}{"type":"offer"}"#,
        r#"{type:"offer"}"#,
        "{'type':'offer'}",
        "{\"type\":\"offer\",\"x\":\"a\nb\"}",
        "{\"type\":\"offer\",\"a\nb\":1}",
        "{\"type\":\"offer\"}\0",
        "\u{feff}{\"type\":\"offer\"}",
        "\u{a0}{\"type\":\"offer\"}",
    ] {
        assert_eq!(parse(text), None, "{text:?}");
    }
}

#[test]
fn a_type_that_nobody_knows_is_unknown() {
    for text in [
        r#"{"type":"bye"}"#,
        r#"{"type":"candidate","candidate":"x"}"#,
        r#"{"type":" offer"}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"Weird Type"}"#,
        r#"{"type":""}"#,
        r#"{"type":"\ud800"}"#,
        r#"{"type":"deliver"}"#,
        r#"{"type":"room_full","to":5}"#,
    ] {
        assert_eq!(parse(text), Some(Frame::Unknown), "{text}");
    }
}

#[test]
fn hello_tells_what_its_reader_has() {
    for (text, expected) in [
        (r#"{"type":"hello","side":"A"}"#, hello(0)),
        (r#"{"type":"hello"}"#, hello(0)),
        (r#"{"type":"hello","deliveredUpTo":0}"#, hello(0)),
        (r#"{"type":"hello","deliveredUpTo":2}"#, hello(2)),
        (r#"{"type":"hello","sessionId":"s","deliveredUpTo":9}"#, hello(9)),
        (r#"{"type":"hello","deliveredupto":4}"#, hello(4)),
        (r#"{"type":"hello","deliveredUpTo":1,"DELIVEREDUPTO":4}"#, hello(4)),
        (r#"{"type":"hello","deliveredUpTo":null}"#, hello(0)),
        (r#"{"type":"hello","deliveredUpTo":3,"deliveredUpTo":null}"#, hello(3)),
        (r#"{"type":"hello","deliveredUpTo":9007199254740991}"#, hello((1 << 53) - 1)),
        (r#"{"type":"hello","upTo":"x","to":5}"#, hello(0)),
    ] {
        assert_eq!(parse(text), expected, "{text}");
    }
}

#[test]
fn a_count_that_is_none_spoils_its_frame_only() {
    for count in [
        "-1",
        r#""9""#,
        "1.5",
        "1.0",
        "-0",
        "1e3",
        "true",
        "[]",
        "{}",
        "9007199254740992",
        "18446744073709551615",
        "18446744073709551616",
        "1e400",
    ] {
        for (kind, field) in [("hello", "deliveredUpTo"), ("delivered", "upTo")] {
            let text = format!(r#"{{"type":"{kind}","{field}":{count}}}"#);
            assert_eq!(parse(&text), None, "{text}");
            let text = format!(r#"{{"type":"{kind}","{field}":{count},"{field}":5}}"#);
            assert_eq!(parse(&text), None, "{text}");
            let text = format!(r#"{{"type":"offer","{field}":{count}}}"#);
            assert_eq!(relay(&text), Some(Relay::Offer), "{text}");
        }
    }
}

#[test]
fn delivered_tells_up_to_where() {
    for (text, up_to) in [
        (r#"{"type":"delivered","upTo":100}"#, 100),
        (r#"{"type":"delivered","upTo":3}"#, 3),
        (r#"{"TYPE":"Delivered","UPTO":3}"#, 3),
        (r#"{"type":"delivered"}"#, 0),
        (r#"{"type":"delivered","upTo":null}"#, 0),
    ] {
        assert_eq!(parse(text), Some(Frame::Delivered { up_to }), "{text}");
    }
}

#[test]
fn send_is_for_a_or_b_with_any_payload() {
    for (text, to, payload) in [
        (r#"{"type":"send","to":"B","payload":{"n":0}}"#, Some(Side::B), r#"{"n":0}"#),
        (r#"{"type":"send","to":"B","payload":"str"}"#, Some(Side::B), r#""str""#),
        (r#"{"type":"send","to":"b","payload":[1, 2]}"#, Some(Side::B), "[1, 2]"),
        (r#"{"type":"send","to":"B"}"#, Some(Side::B), "null"),
        (
            r#"{"type":"send","to":"B","payload":{ "h": "<&>" , "x" : 1.50 }}"#,
            Some(Side::B),
            r#"{ "h": "<&>" , "x" : 1.50 }"#,
        ),
        (r#"{"type":"send","to":"A","payload":"rev"}"#, Some(Side::A), r#""rev""#),
        (r#"{"type":"send","to":"C","payload":"x"}"#, None, r#""x""#),
        (r#"{"type":"send","payload":"no to"}"#, None, r#""no to""#),
        (r#"{"type":"send","to":"B","payload":0}"#, Some(Side::B), "0"),
        (r#"{"type":"send","to":null,"payload": 1 }"#, None, "1"),
        (r#"{"type":"send","to":"\u0042","payload":1,"PAYLOAD":null}"#, Some(Side::B), "null"),
        (r#"{"type":"send","to":" B","payload":"\ud800"}"#, None, r#""\ud800""#),
        (r#"{"type":"send","to":"A","TO":"B"}"#, Some(Side::B), "null"),
    ] {
        assert_eq!(parse(text), mail(to, payload), "{text}");
    }
    for to in ["5", "true", "[]", r#"{"side":"B"}"#] {
        assert_eq!(parse(&format!(r#"{{"type":"send","to":{to},"payload":1}}"#)), None, "{to}");
    }
}

#[test]
fn an_id_is_a_short_string_or_a_number_as_it_was_written() {
    let id = |json: &str| match parse(&format!(r#"{{"type":"send","to":"A","id": {json} }}"#)) {
        Some(Frame::Send { to: Some(Side::A), id, .. }) => id.map(str::to_owned),
        other => panic!("{json}: {other:?}"),
    };
    let longest = format!(r#""{}""#, "i".repeat(62));
    for json in [r#""x""#, r#""""#, r#""\u0061""#, "0", "-1.50", "1e400", &longest] {
        assert_eq!(id(json).as_deref(), Some(json));
    }
    let too_long = format!(r#""{}""#, "i".repeat(63));
    for json in ["null", "true", "false", "[1]", "{}", &too_long] {
        assert_eq!(id(json), None, "{json}");
    }
}

#[test]
fn telemetry_is_read_from_fixed_lists() {
    for (text, expected) in [
        (r#"{"type":"telemetry","event":"ice-connected"}"#, telemetry(Event::IceConnected, Mode::Unspecified)),
        (r#"{"type":"telemetry","event":"ice-connected","mode":"p2p"}"#, telemetry(Event::IceConnected, Mode::P2p)),
        (r#"{"type":"telemetry","event":"ICE-FAILED","reason":"x"}"#, telemetry(Event::IceFailed, Mode::Unspecified)),
        (r#"{"type":"telemetry","event":"other"}"#, telemetry(Event::Unknown, Mode::Unspecified)),
        (r#"{"type":"telemetry"}"#, telemetry(Event::Unknown, Mode::Unspecified)),
        (
            r#"{"type":"telemetry","event":"ice-connected","mode":" Relay "}"#,
            telemetry(Event::IceConnected, Mode::Relay),
        ),
        (r#"{"type":"telemetry","event":null,"mode":"made up"}"#, telemetry(Event::Unknown, Mode::Other)),
        (r#"{"type":"telemetry","event":5}"#, None),
        (r#"{"type":"telemetry","event":"ice-failed","mode":{}}"#, None),
    ] {
        assert_eq!(parse(text), expected, "{text}");
    }
}

#[test]
fn every_type_has_a_label_that_is_its_name() {
    let known: Vec<_> = SIGNAL_TYPES.iter().map(|frame_type| frame_type.label()).collect();
    assert_eq!(known, ["offer", "answer", "ice", "sender_ready", "hello", "send", "delivered", "telemetry"]);
    for frame_type in SIGNAL_TYPES {
        let text = json!({ "type": frame_type.label() }).to_string();
        assert_eq!(parse(&text).map(|frame| frame.frame_type()), Some(*frame_type));
    }
    assert_eq!(Frame::Unknown.frame_type(), FrameType::Other);
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    assert_eq!(relay(&format!(r#"{{"type":"offer","sdp":{deep}}}"#)), Some(Relay::Offer));
    assert_eq!(parse(&format!(r#"{{"type":"send","to":"A","payload":{deep}}}"#)), mail(Some(Side::A), &deep));
    assert_eq!(parse(&deep), None);
    assert_eq!(parse(&format!(r#"{{"type":{deep}}}"#)), None);
}

fn in_any_case(name: &'static str) -> impl Strategy<Value = String> {
    vec(any::<bool>(), name.len()).prop_map(move |upper| {
        let cased = name.chars().zip(upper);
        cased.map(|(letter, upper)| if upper { letter.to_ascii_uppercase() } else { letter }).collect()
    })
}

/// The fields of a send, as a client may write them.
fn fields() -> impl Strategy<Value = Vec<(String, Value)>> {
    let scalar = prop_oneof![
        Just(json!("A")),
        Just(json!("b")),
        Just(json!("x\\\"")),
        Just(json!(null)),
        Just(json!(7)),
        Just(json!([{"type": "offer"}])),
    ];
    let name = prop_oneof![in_any_case("to"), in_any_case("payload"), in_any_case("id"), "[a-z]{0,3}"];
    vec((name, scalar), 0..8)
}

proptest! {
    #[test]
    fn of_a_repeated_field_the_last_counts(fields in fields(), kind in in_any_case("send")) {
        let mut text = format!(r#"{{"type":"{kind}""#);
        let (mut to, mut to_fits, mut payload, mut id) = (Value::Null, true, Value::Null, Value::Null);
        for (name, value) in &fields {
            text += &format!(",{}:{value}", json!(name));
            match name.to_lowercase().as_str() {
                "to" => {
                    to_fits &= value.is_string() || value.is_null();
                    to = if value.is_null() { to } else { value.clone() };
                }
                "payload" => payload = value.clone(),
                "id" => id = value.clone(),
                _ => {}
            }
        }
        text += "}";
        let payload = payload.to_string();
        let id = (id.is_string() || id.is_number()).then(|| id.to_string());
        let to = to.as_str().and_then(Side::addressed);
        let expected = to_fits.then_some(Frame::Send { to, payload: &payload, id: id.as_deref() });
        prop_assert_eq!(parse(&text), expected, "{}", text);
    }

    #[test]
    fn a_frame_is_known_in_any_case(name in in_any_case("type"), kind in in_any_case("sender_ready")) {
        let text = format!(r#"{{"{name}":"{kind}"}}"#);
        prop_assert_eq!(relay(&text), Some(Relay::SenderReady));
    }

    #[test]
    fn what_is_read_is_json(text in r#"\{("(type|to|upTo)":("(offer|send|delivered)"|[0-9\[\]{}".e+-]{0,6}|null),?){0,4}\}?"#) {
        if parse(&text).is_some() {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_parse_panic(text in ".{0,200}", escapes in r#"\{"(\\[u"ntd8-9a-f]|[a-z":,{}]){0,40}"#) {
        let _ = (parse(&text), parse(&escapes));
    }
}

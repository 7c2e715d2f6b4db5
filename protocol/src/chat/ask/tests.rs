use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chat::{ErrorCode, Reference, Request, parse};

const ID: &str = "01234567-89ab-4def-8123-456789abcdef";

fn asked(text: &str) -> Ask<'_> {
    match parse(text) {
        Ok(Request::Room { ask, .. }) => ask,
        other => panic!("{text}: {other:?}"),
    }
}

fn fault(text: &str) -> Fault {
    parse(text).expect_err(text).fault
}

fn reference(text: &str) -> Option<&str> {
    match parse(text) {
        Ok(Request::Room { reference, .. }) => reference.map(Reference::as_json),
        Ok(other) => panic!("{text}: {other:?}"),
        Err(refused) => refused.reference.map(Reference::as_json),
    }
}

fn target() -> Option<ClientId> {
    Some(ClientId::parse(ID).expect("an id"))
}

/// A frame with these fields beside `type`.
fn frame(kind: &str, fields: &Value) -> String {
    let mut frame = fields.clone();
    frame["type"] = json!(kind);
    frame.to_string()
}

#[test]
fn a_join_may_carry_info_as_it_is_written() {
    match asked(r#"{"type":"join","topic":"\u0074","info": {"a" : 1e400}}"#) {
        Ask::Join { topic, info: Some(info) } => {
            assert_eq!((topic.as_str(), info.get()), ("t", r#"{"a" : 1e400}"#));
        }
        other => panic!("{other:?}"),
    }
    for text in [r#"{"type":"join","topic":"t"}"#, r#"{"type":"join","topic":"t","info":null}"#] {
        assert!(matches!(asked(text), Ask::Join { info: None, .. }), "{text}");
    }
}

#[test]
fn info_of_1024_bytes_passes_and_one_more_does_not() {
    let join = |len: usize| format!(r#"{{"type":"join","topic":"t","info":"{}"}}"#, "i".repeat(len - 2));
    assert!(matches!(asked(&join(1024)), Ask::Join { info: Some(info), .. } if info.get().len() == 1024));
    assert_eq!(fault(&join(1025)), Fault::InfoTooLarge);
    // Bytes, not characters.
    let wide = |count: usize| format!(r#"{{"type":"join","topic":"t","info":"{}"}}"#, "é".repeat(count));
    assert!(matches!(asked(&wide(511)), Ask::Join { .. }));
    assert_eq!(fault(&wide(512)), Fault::InfoTooLarge);
}

#[test]
fn a_topic_is_missing_wherever_there_must_be_one() {
    for kind in ["join", "publish", "peers"] {
        assert_eq!(fault(&frame(kind, &json!({}))), Fault::InvalidTopic, "{kind}");
        assert_eq!(fault(&frame(kind, &json!({"topic": null}))), Fault::InvalidTopic, "{kind}");
    }
}

#[test]
fn what_is_no_topic_is_one_nowhere() {
    let long = "t".repeat(257);
    for topic in [json!(1), json!(""), json!(["t"]), json!({}), json!(false), json!(long)] {
        for kind in ["join", "leave", "publish", "peers"] {
            assert_eq!(fault(&frame(kind, &json!({"topic": topic}))), Fault::InvalidTopic, "{kind} {topic}");
        }
        for kind in ["send", "offer", "answer", "ice"] {
            assert_eq!(fault(&frame(kind, &json!({"to": ID, "topic": topic}))), Fault::InvalidTopic, "{kind} {topic}");
        }
    }
    assert_eq!(fault(r#"{"type":"join","topic":"\ud800"}"#), Fault::InvalidTopic);
}

#[test]
fn a_relay_with_a_target_is_for_that_one() {
    let text = format!(r#"{{"type":"offer","to":"{ID}","sdp": {{"x" : 1}}}}"#);
    match asked(&text) {
        Ask::Relay { relay: Relay::Offer, to, topic: None, payload: Some(payload) } => {
            assert_eq!((to, payload.get()), (target(), r#"{"x" : 1}"#));
        }
        other => panic!("{other:?}"),
    }
    let text = frame("ice", &json!({"to": ID, "topic": "t", "sdp": 1}));
    assert!(matches!(
        asked(&text),
        Ask::Relay { relay: Relay::Ice, to, topic: Some(topic), payload: None } if to == target() && topic.as_str() == "t"
    ));
}

#[test]
fn a_text_that_is_nobodys_id_is_a_target_that_is_gone() {
    for to in ["", "x", &ID[1..], "01234567-89ab-4def-8123-456789abcdeg"] {
        assert!(matches!(asked(&frame("answer", &json!({"to": to}))), Ask::Relay { to: None, .. }), "{to}");
        assert!(matches!(asked(&frame("send", &json!({"to": to}))), Ask::Send { to: None, .. }), "{to}");
    }
    assert!(matches!(asked(r#"{"type":"send","to":"\ud800"}"#), Ask::Send { to: None, .. }));
}

#[test]
fn a_target_that_is_no_text_is_refused() {
    for to in [json!(1), json!([ID]), json!({}), json!(true)] {
        for kind in ["offer", "answer", "ice", "send"] {
            assert_eq!(fault(&frame(kind, &json!({"to": to}))), Fault::InvalidFormat, "{kind} {to}");
        }
    }
    assert_eq!(fault(r#"{"type":"send"}"#), Fault::InvalidFormat);
    assert_eq!(fault(r#"{"type":"send","to":null}"#), Fault::InvalidFormat);
}

#[test]
fn data_is_passed_on_byte_for_byte() {
    for data in ["null", r#""\ud800""#, "[1,  2]", "1e400", r#"{"type":"bye"}"#] {
        let text = format!(r#"{{"type":"publish","topic":"t","data":{data}}}"#);
        assert!(matches!(asked(&text), Ask::Publish { data: Some(said), .. } if said.get() == data), "{data}");
        let text = format!(r#"{{"type":"send","to":"{ID}","data":{data}}}"#);
        assert!(matches!(asked(&text), Ask::Send { data: Some(said), .. } if said.get() == data), "{data}");
    }
    assert!(matches!(asked(r#"{"type":"publish","topic":"t"}"#), Ask::Publish { data: None, .. }));
}

#[test]
fn a_page_is_1_to_100_long() {
    let limit = |text: &str| match asked(text) {
        Ask::Peers { limit, .. } | Ask::Topics { limit, .. } => limit,
        other => panic!("{other:?}"),
    };
    for (written, meant) in [("1", 1), ("99", 99), ("100", 100), ("101", 100), ("1e19", 100), ("2.0", 2), ("null", 100)]
    {
        assert_eq!(limit(&format!(r#"{{"type":"peers","topic":"t","limit":{written}}}"#)), meant, "{written}");
        assert_eq!(limit(&format!(r#"{{"type":"topics","limit":{written}}}"#)), meant, "{written}");
    }
    assert_eq!(limit(r#"{"type":"topics"}"#), MAX_PAGE);
    for written in ["0", "-0", "-1", "0.5", "1.5", "\"1\"", "[]", "true", "1e20", "1e400"] {
        assert_eq!(fault(&format!(r#"{{"type":"topics","limit":{written}}}"#)), Fault::InvalidFormat, "{written}");
        let peers = format!(r#"{{"type":"peers","topic":"t","limit":{written}}}"#);
        assert_eq!(fault(&peers), Fault::InvalidFormat, "{written}");
    }
}

#[test]
fn a_page_begins_behind_what_was_seen_last() {
    let peers = |after: Value| match asked(&frame("peers", &json!({"topic": "t", "after": after}))) {
        Ask::Peers { after, .. } => after,
        other => panic!("{other:?}"),
    };
    assert_eq!(peers(json!(ID)), target());
    assert_eq!((peers(json!("nobody")), peers(Value::Null)), (None, None));
    match asked(r#"{"type":"topics","prefix":"a\u002f","after":"a/b"}"#) {
        Ask::Topics { prefix, after, .. } => assert_eq!((prefix.as_ref(), after.as_deref()), ("a/", Some("a/b"))),
        other => panic!("{other:?}"),
    }
    match asked(r#"{"type":"topics","prefix":null,"after":null}"#) {
        Ask::Topics { prefix, after, .. } => assert_eq!((prefix.as_ref(), after), ("", None)),
        other => panic!("{other:?}"),
    }
    for text in [
        r#"{"type":"peers","topic":"t","after":1}"#,
        r#"{"type":"topics","after":[]}"#,
        r#"{"type":"topics","prefix":1}"#,
        r#"{"type":"topics","prefix":"\ud800"}"#,
    ] {
        assert_eq!(fault(text), Fault::InvalidFormat, "{text}");
    }
}

#[test]
fn of_a_repeated_field_the_last_counts_also_in_rooms() {
    let text = r#"{"type":"leave","topic":"a","type":"join","topic":"b","info":1,"info":2,"ref":3,"ref":"r"}"#;
    assert!(matches!(asked(text), Ask::Join { topic, info: Some(info) } if topic.as_str() == "b" && info.get() == "2"));
    assert_eq!(reference(text), Some("\"r\""));
    assert!(matches!(parse(r#"{"type":"leave","topic":"a","topic":null}"#), Ok(Request::Leave)));
}

#[test]
fn a_reference_comes_with_the_ask_and_with_the_fault() {
    assert_eq!(reference(r#"{"type":"join","topic":"t","ref":"\u0061"}"#), Some(r#""\u0061""#));
    assert_eq!(reference(r#"{"type":"join","topic":1,"ref":"b"}"#), Some("\"b\""));
    assert_eq!(reference(&frame("offer", &json!({"to": 1, "ref": "c"}))), Some("\"c\""));
    assert_eq!(reference(r#"{"type":"topics","ref":null}"#), None);
    assert_eq!(reference(r#"{"type":"unheard-of","ref":"d"}"#), None);
}

#[test]
fn a_reference_of_65_units_is_refused_without_an_echo() {
    for bad in [json!("r".repeat(65)), json!("🎥".repeat(33)), json!(1), json!([]), json!({})] {
        // The reference comes first: whatever else is wrong could not be told apart by its sender.
        for topic in [json!("t"), json!(1)] {
            let text = frame("join", &json!({"topic": topic, "ref": bad}));
            assert_eq!((fault(&text), reference(&text)), (Fault::InvalidFormat, None), "{text}");
        }
    }
    let longest = json!("🎥".repeat(32));
    assert_eq!(reference(&frame("topics", &json!({"ref": longest}))), Some(longest.to_string().as_str()));
}

#[test]
fn every_fault_has_an_error_of_its_own() {
    let wanted = [
        ("{", Fault::InvalidFormat, ErrorCode::InvalidFormat),
        ("{}", Fault::UnknownType, ErrorCode::UnknownType),
        (r#"{"type":"join"}"#, Fault::InvalidTopic, ErrorCode::InvalidTopic),
    ];
    for (text, meant, code) in wanted {
        assert_eq!(fault(text), meant);
        assert_eq!(meant.code(), code);
    }
    assert_eq!(Fault::InfoTooLarge.code(), ErrorCode::InfoTooLarge);
}

proptest! {
    #[test]
    fn every_topic_and_reference_within_its_limit_is_taken_as_it_is(topic in "\\PC{1,128}", mark in "\\PC{0,32}") {
        let text = frame("join", &json!({"topic": topic, "ref": mark}));
        let taken = matches!(asked(&text), Ask::Join { topic: said, .. } if said.as_str() == topic);
        prop_assert!(taken);
        let mark = json!(mark).to_string();
        prop_assert_eq!(reference(&text), Some(mark.as_str()));
    }

    #[test]
    fn fields_may_stand_in_any_order(mut fields in Just(vec![
        r#""type":"send""#, r#""to":"01234567-89ab-4def-8123-456789abcdef""#, r#""topic":"t""#, r#""data":[1]"#, r#""ref":"r""#,
    ]).prop_shuffle(), unknown in "[a-z]{11,14}") {
        let unknown = format!(r#""{unknown}":{{"type":"x"}}"#);
        fields.push(&unknown);
        let text = format!("{{{}}}", fields.join(","));
        let sent = matches!(
            asked(&text),
            Ask::Send { to, topic: Some(topic), data: Some(data) }
                if to == target() && topic.as_str() == "t" && data.get() == "[1]"
        );
        prop_assert!(sent);
        prop_assert_eq!(reference(&text), Some("\"r\""));
    }
}

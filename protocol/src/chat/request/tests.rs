use proptest::prelude::*;

use super::*;

fn relayed(text: &str) -> (Relay, Option<&str>) {
    match parse(text) {
        Ok(Request::Relay(relay, payload)) => (relay, payload.map(Json::get)),
        other => panic!("{text}: {other:?}"),
    }
}

fn fault(text: &str) -> Option<Fault> {
    parse(text).err().map(|refused| refused.fault)
}

fn user(text: &str) -> Option<UserId> {
    match parse(text) {
        Ok(Request::Auth(user)) => user,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_payload_is_passed_on_byte_for_byte() {
    assert_eq!(relayed(r#"{"type":"offer","sdp": {"a" : 1e400} }"#), (Relay::Offer, Some(r#"{"a" : 1e400}"#)));
    assert_eq!(relayed(r#"{"sdp":"\ud800","type":"answer"}"#), (Relay::Answer, Some(r#""\ud800""#)));
    assert_eq!(relayed(r#"{"type":"ice","candidate":null}"#), (Relay::Ice, Some("null")));
    assert_eq!(relayed(r#"{"type":"ice","sdp":1}"#), (Relay::Ice, None));
}

#[test]
fn of_a_repeated_field_the_last_counts() {
    assert_eq!(relayed(r#"{"type":"offer","sdp":1,"type":"answer","sdp":2}"#), (Relay::Answer, Some("2")));
}

#[test]
fn names_may_be_written_with_escapes() {
    assert_eq!(relayed(r#"{"\u0074ype":"\u006fffer","sdp":3}"#), (Relay::Offer, Some("3")));
}

#[test]
fn faults_keep_the_originals_distinction() {
    for text in ["", " ", "null", " null ", "not json", "[", "{", "{}{}", "\u{feff}{}", r#"{"type":"ping",}"#] {
        assert_eq!(fault(text), Some(Fault::InvalidFormat), "{text:?}");
    }
    for text in ["5", "[]", "\"ping\"", "{}", r#"{"type":null}"#, r#"{"type":"PING"}"#, r#"{"type":["ping"]}"#] {
        assert_eq!(fault(text), Some(Fault::UnknownType), "{text:?}");
    }
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!(r#"{{"type":"offer","sdp":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(relayed(&deep).1.map(str::len), Some(200_000));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(fault(&deep), Some(Fault::UnknownType));
    let deep = format!(r#"{{"type":"auth","userId":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(fault(&deep), Some(Fault::InvalidFormat));
}

#[test]
fn the_same_user_written_differently_is_the_same_user() {
    let one = user(r#"{"type":"auth","userId":{"a":1,"b":"x"}}"#);
    assert_eq!(one, user(r#"{"type":"auth","userId": { "b" : "\u0078", "a":1 }}"#));
    assert!(one.is_some());
    assert!(
        user(r#"{"type":"auth","userId":"\ud800"}"#).is_some() && user(r#"{"type":"auth","userId":1e400}"#).is_some()
    );
    assert_eq!(user(r#"{"type":"auth"}"#), None);
    assert_eq!(user(r#"{"type":"auth","userId":null}"#), None);
}

#[test]
fn a_user_id_over_its_limit_is_refused() {
    let auth = |len: usize| format!(r#"{{"type":"auth","userId":"{}"}}"#, "u".repeat(len));
    assert!(user(&auth(UserId::MAX_LEN - 2)).is_some());
    assert_eq!(fault(&auth(UserId::MAX_LEN - 1)), Some(Fault::InvalidFormat));
}

#[test]
fn what_only_rooms_know_is_nothing_to_the_pairing() {
    let aside = r#""topic":"t","ref":7,"data":1,"limit":-1,"info":[],"after":2"#;
    assert_eq!(relayed(&format!(r#"{{"type":"offer","sdp":1,"to":null,{aside}}}"#)), (Relay::Offer, Some("1")));
    assert!(matches!(parse(&format!(r#"{{"type":"available","to":"x",{aside}}}"#)), Ok(Request::Available)));
    assert!(matches!(parse(r#"{"type":"leave","topic":null,"ref":7}"#), Ok(Request::Leave)));
}

#[test]
fn every_type_is_counted_under_its_own_name() {
    for (text, label) in [
        (r#"{"type":"auth"}"#, "auth"),
        (r#"{"type":"available"}"#, "available"),
        (r#"{"type":"offer"}"#, "offer"),
        (r#"{"type":"answer","to":"x"}"#, "answer"),
        (r#"{"type":"ice","to":"x","topic":"t"}"#, "ice"),
        (r#"{"type":"next"}"#, "next"),
        (r#"{"type":"leave"}"#, "leave"),
        (r#"{"type":"leave","topic":"t"}"#, "leave"),
        (r#"{"type":"ping"}"#, "ping"),
        (r#"{"type":"join","topic":"t"}"#, "join"),
        (r#"{"type":"publish","topic":"t"}"#, "publish"),
        (r#"{"type":"send","to":"x"}"#, "send"),
        (r#"{"type":"peers","topic":"t"}"#, "peers"),
        (r#"{"type":"topics"}"#, "topics"),
        (r#"{"type":"hello"}"#, "hello"),
        (r#"{"type":"ack","received":1}"#, "ack"),
        (r#"{"type":"bye"}"#, "bye"),
    ] {
        assert_eq!(parse(text).map(|request| request.frame_type().label()).ok(), Some(label), "{text}");
    }
}

#[test]
fn only_resume_frames_are_refused_as_such() {
    for (text, of_resume) in [
        (r#"{"type":"ack"}"#, true),
        (r#"{"type":"hello","resume":[]}"#, true),
        (r#"{"type":"join"}"#, false),
        (r#"{"type":"acks"}"#, false),
        ("", false),
    ] {
        assert_eq!(parse(text).err().map(|refused| refused.of_resume), Some(of_resume), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_parse_panic(text in ".{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_near_frame_makes_parse_panic(text in r#"\{("(type|sdp|userId)":("(offer|auth)"|[0-9\[\]{}]{0,6}|null),?){0,4}\}?"#) {
        let _ = parse(&text);
    }

    #[test]
    fn no_known_fields_in_any_mix_make_parse_panic(text in FIELDS) {
        let _ = parse(&text);
    }

    #[test]
    fn a_relay_without_a_target_is_read_as_ever(payload in r#"[1-9][0-9]{0,5}|"[a-z ]{0,9}"|\{"a": ?\[1, ?2\]\}"#) {
        for (name, field, relay) in
            [("offer", "sdp", Relay::Offer), ("answer", "sdp", Relay::Answer), ("ice", "candidate", Relay::Ice)]
        {
            let text = format!(r#"{{"{field}":{payload},"type":"{name}"}}"#);
            prop_assert_eq!(relayed(&text), (relay, Some(payload.as_str())));
        }
    }
}

/// Frames of known types and fields, each with values of every kind.
const FIELDS: &str = r#"\{"type":"(auth|offer|ice|leave|join|publish|send|peers|topics|hello|ack|bye)"(,"(to|topic|data|ref|info|prefix|limit|after|resume|token|received|userId)":(null|-?[1-9][0-9]{0,22}(\.[05])?|"(\\u[d0][89c]00|[a-zé🎥]){0,4}"|\{"(token|received)":[0-9]\}|\[\])){0,5}\}"#;

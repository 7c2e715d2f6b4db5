//! The player's own instruments against worked examples: a wrong one would blame the server.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::rondevu::keys::{Key, canonical};
use crate::support::rondevu::{Scope, bloom};

const ALICE: &str = "0101010101010101010101010101010101010101010101010101010101010101";

#[test]
fn signatures_are_those_of_the_worked_examples() {
    let alice = Key::from_seed_hex(ALICE);
    assert_eq!(alice.public_base64(), "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=");
    let signatures = [
        (
            "poll:alice:1733404800000",
            "mPR1B2A7SroUy373IN4JbCkO+zjc3WIVHQhaaIrx4/bLycV9uDqVQZRAYtXaZLjBv4/J//Ic/Z1oG077C+TuAQ==",
        ),
        (
            "claim:alice:1733404800000",
            "3g0X7tGdpclwh1lAMJ1Cn16arR0fiYgsFPQOZdH1AozXzoiGaJp/6voBtcH4R5ZR6BYGP0sWt1EsK1piuGxdDQ==",
        ),
    ];
    for (message, signature) in signatures {
        assert_eq!(alice.sign(message), signature);
    }
}

#[test]
fn filters_are_those_of_the_worked_example() {
    assert_eq!(bloom::filter(64, ["0123456789abcdef0123456789abcdef"]), "AAAQAAAAoAA=");
}

#[test]
fn canonical_json_sorts_by_utf16_units_all_the_way_down() {
    let value = json!({"b": [1, {"z": null, "a": "\n"}], "a": true, "\u{ff5e}": 1, "\u{1f600}": 2});
    assert_eq!(canonical(&value), r#"{"a":true,"b":[1,{"a":"\n","z":null}],"😀":2,"～":1}"#);
}

#[test]
fn templates_fill_and_matchers_tell_differences() {
    let variables = HashMap::from([("id".to_owned(), json!("x1"))]);
    let scope = Scope { variables, keys: HashMap::from([("alice".to_owned(), Key::from_seed_hex(ALICE))]), now: 1_000 };
    let template =
        json!({"a": "${id}/${now-400}", "b": {"$repeatItem": {"n": "q$i"}, "count": 2}, "c": "${repeat:ab:2}"});
    assert_eq!(scope.fill(&template), json!({"a": "x1/600", "b": [{"n": "q0"}, {"n": "q1"}], "c": "abab"}));
    let recorded = json!({"$id": "$time:now+500", "k": "$oneof:id|b"});
    let compare = |heard: Value| scope.compare(&recorded, &heard, |_, field| field == "extra");
    assert_eq!(compare(json!({"x1": 1_500, "k": "b", "extra": 1})), Ok(()));
    for wrong in [
        json!({"x1": 1_500, "k": "b", "other": 1}),
        json!({"x1": 1_500.5, "k": "b"}),
        json!({"x1": 99_500, "k": "x1"}),
        json!({"x1": 1_500, "k": "id"}),
        json!({"k": "b"}),
    ] {
        assert!(compare(wrong.clone()).is_err(), "{wrong}");
    }
}

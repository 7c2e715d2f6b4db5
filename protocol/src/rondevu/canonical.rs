//! One text for one JSON value: what the clients of HEAD sign.

use serde_json::{Map, Value};

use super::text::by_units;

/// Members sorted by the UTF-16 units of their names, at every depth; no white space; numbers and texts as JavaScript's
/// `JSON.stringify` writes them.
///
/// Recurses as deep as `value` is nested: the caller bounds that before it parses.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

/// A number as JavaScript prints it: the shortest text that reads back as the same number.
pub fn number(number: f64) -> String {
    ryu_js::Buffer::new().format(number).to_owned()
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        // JavaScript has no other numbers: beyond 2^53 they are the nearest that it has.
        Value::Number(exact) => match exact.as_f64() {
            Some(float) => text.push_str(ryu_js::Buffer::new().format(float)),
            None => text.push_str(&exact.to_string()),
        },
        Value::String(string) => text.push_str(&quoted(string)),
        Value::Array(values) => list(text, ['[', ']'], values, write),
        Value::Object(members) => list(text, ['{', '}'], sorted(members), |(name, value), text| {
            text.push_str(&quoted(name));
            text.push(':');
            write(value, text);
        }),
    }
}

fn list<T>(text: &mut String, [open, close]: [char; 2], items: impl IntoIterator<Item = T>, write: fn(T, &mut String)) {
    text.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(item, text);
    }
    text.push(close);
}

fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_unstable_by(|(one, _), (other, _)| by_units(one, other));
    members
}

/// The same escapes as JavaScript's: short forms, `\u00xx` in lower case for other controls, nothing else.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn members_are_sorted_at_every_depth_and_there_is_no_white_space() {
        let value =
            json!({"tags": ["chat", "eu"], "offers": [{"z": {"b": 1, "a": null}, "sdp": "v=0"}], "": true, "B": false});
        let expected = r#"{"":true,"B":false,"offers":[{"sdp":"v=0","z":{"a":null,"b":1}}],"tags":["chat","eu"]}"#;
        assert_eq!(canonical(&value), expected);
        assert_eq!(canonical(&json!({})), "{}");
        assert_eq!(canonical(&json!([[], {}, [{}]])), "[[],{},[{}]]");
    }

    #[test]
    fn members_are_sorted_by_utf16_units() {
        let value = json!({"\u{ff01}": 1, "\u{1f600}": 2, "z": 3, "10": 4, "9": 5});
        assert_eq!(canonical(&value), "{\"10\":4,\"9\":5,\"z\":3,\"\u{1f600}\":2,\"\u{ff01}\":1}");
    }

    #[test]
    fn numbers_are_printed_as_javascript_does() {
        for (read, printed) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1.0", "1"),
            ("-5", "-5"),
            ("1733404800000", "1733404800000"),
            ("1.5e3", "1500"),
            ("0.1", "0.1"),
            ("1e-6", "0.000001"),
            ("1e-7", "1e-7"),
            ("1e20", "100000000000000000000"),
            ("1e21", "1e+21"),
            ("123456789012345678901234567890", "1.2345678901234568e+29"),
            ("9007199254740993", "9007199254740992"),
            ("18446744073709551615", "18446744073709552000"),
            ("-9223372036854775808", "-9223372036854776000"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("1e-400", "0"),
        ] {
            let value: Value = serde_json::from_str(read).expect("JSON");
            assert_eq!(canonical(&value), printed, "{read}");
        }
    }

    #[test]
    fn texts_are_escaped_as_javascript_does() {
        let text = "\"\\/\u{8}\t\n\u{c}\r\0\u{1f}\u{7f}é\u{2028}\u{2029}😀<";
        let expected = "\"\\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}é\u{2028}\u{2029}😀<\"";
        assert_eq!(canonical(&json!(text)), expected);
        assert_eq!(canonical(&json!({ text: 1 })), format!("{{{expected}:1}}"));
    }

    proptest! {
        #[test]
        fn a_number_reads_back_as_itself(float in proptest::num::f64::NORMAL) {
            prop_assert_eq!(number(float).parse(), Ok(float));
        }

        #[test]
        fn small_integers_are_their_digits(integer in -(1i64 << 53)..=1 << 53) {
            prop_assert_eq!(canonical(&json!(integer)), integer.to_string());
        }

        #[test]
        fn the_order_of_members_makes_no_difference(names in prop::collection::vec(".{0,4}", 0..6)) {
            let forth: Map<_, _> = names.iter().map(|name| (name.clone(), json!(name))).collect();
            let back: Map<_, _> = names.iter().rev().map(|name| (name.clone(), json!(name))).collect();
            let text = canonical(&Value::Object(forth.clone()));
            prop_assert_eq!(&text, &canonical(&Value::Object(back)));
            prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), Value::Object(forth));
        }
    }
}

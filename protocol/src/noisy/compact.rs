//! A payload as the original hands it on.

/// `json` as Go's `encoding/json` writes it: no white space outside of strings; `<`, `>`, `&`, U+2028 and U+2029, which stand in strings
/// only, as `\u003c` and so on; all else, also the spelling of numbers, as it was. At most six times as long as `json`.
///
/// `json` is one valid JSON value. Any other text gives some text, without a panic.
pub fn compact(json: &str) -> String {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len());
    let mut in_string = false;
    let (mut at, mut copied) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        let (len, instead) = match byte {
            b'"' => {
                in_string = !in_string;
                at += 1;
                continue;
            }
            // What is escaped says nothing about where the string ends.
            b'\\' => {
                at += 2;
                continue;
            }
            b' ' | b'\t' | b'\n' | b'\r' if !in_string => (1, ""),
            b'<' => (1, r"\u003c"),
            b'>' => (1, r"\u003e"),
            b'&' => (1, r"\u0026"),
            0xe2 if bytes[at..].starts_with("\u{2028}".as_bytes()) => (3, r"\u2028"),
            0xe2 if bytes[at..].starts_with("\u{2029}".as_bytes()) => (3, r"\u2029"),
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&json[copied..at]);
        out.push_str(instead);
        at += len;
        copied = at;
    }
    out.push_str(&json[copied..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};
    use serde_json::{Value, ser::PrettyFormatter, ser::Serializer};

    #[test]
    fn white_space_goes_and_the_spelling_of_numbers_stays() {
        for (json, compacted) in [
            (r#"{ "h": "<&>" , "x" : 1.50 }"#, r#"{"h":"\u003c\u0026\u003e","x":1.50}"#),
            ("[ 1e400 ,\t-0.0,\r\n 1E+2 , 12345678901234567890 ]", "[1e400,-0.0,1E+2,12345678901234567890]"),
            (r#"" a  b\t""#, r#"" a  b\t""#),
            ("\"a\u{2028}b\u{2029}c\u{2027}d\"", "\"a\\u2028b\\u2029c\u{2027}d\""),
            (r#"{"a\" b" : "\\" , "c" : "\\\" d" }"#, r#"{"a\" b":"\\","c":"\\\" d"}"#),
            (r#""\u003C\ud800""#, r#""\u003C\ud800""#),
            (r#"{"a":1,"a": 2}"#, r#"{"a":1,"a":2}"#),
            ("null", "null"),
            ("\"\u{7f}ä€😀\"", "\"\u{7f}ä€😀\""),
        ] {
            assert_eq!(compact(json), compacted);
        }
    }

    #[test]
    fn it_grows_sixfold_at_most() {
        let json = format!("\"{}\"", "<>&".repeat(1000));
        assert_eq!(compact(&json).len(), 2 + 6 * 3000);
    }

    fn json() -> impl Strategy<Value = Value> {
        let text = || "[<>&\u{2028}\u{2029} \\\\\"\t\n{}:,aé😀]{0,8}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, move |inner| {
            prop_oneof![
                vec(inner.clone(), 0..6).prop_map(Value::from),
                vec((text(), inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_changes_but_the_writing(value in json(), indent in "[ \t\r\n]{0,5}") {
            let mut wide = Vec::new();
            let mut writer = Serializer::with_formatter(&mut wide, PrettyFormatter::with_indent(indent.as_bytes()));
            serde::Serialize::serialize(&value, &mut writer).expect("a Vec");
            let compacted = compact(&String::from_utf8(wide).expect("UTF-8"));
            let mut expected = value.to_string();
            for (character, escape) in
                [("<", r"\u003c"), (">", r"\u003e"), ("&", r"\u0026"), ("\u{2028}", r"\u2028"), ("\u{2029}", r"\u2029")]
            {
                expected = expected.replace(character, escape);
            }
            prop_assert_eq!(&compacted, &expected);
            prop_assert_eq!(compact(&compacted), compacted.as_str());
            prop_assert_eq!(serde_json::from_str::<Value>(&compacted).expect("JSON"), value);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[\\\\\"<\u{2028}€é a-z]{0,40}", any in ".{0,40}") {
            let _ = (compact(&text), compact(&any));
        }
    }
}

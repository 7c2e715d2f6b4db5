use proptest::prelude::*;
use serde_json::{Value, value::RawValue};

use super::*;

/// serde_json's opinion.
fn known(text: &str) -> Option<&str> {
    serde_json::from_str::<&RawValue>(text).ok().map(RawValue::get)
}

fn agrees(text: &str) {
    assert_eq!(Json::read(text).map(Json::get), known(text), "{text:?}");
}

#[test]
fn every_kind_of_value_is_read_and_nothing_else() {
    let values = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12",
        "-1.5",
        "1e5",
        "1E+5",
        "0.0e-1",
        r#""""#,
        r#""\u00e9\n\/""#,
        "[]",
        "{}",
    ];
    for value in values {
        agrees(value);
        for around in [" ", "\t", "\r\n"] {
            agrees(&format!("{around}{value}{around}"));
        }
        for wrong in [",", "]", "}", "x", "\u{a0}", "\"", "1"] {
            agrees(&format!("{value}{wrong}"));
            agrees(&format!("{wrong}{value}"));
        }
        (0..value.len()).for_each(|cut| agrees(&value[..cut]));
    }
}

#[test]
fn what_only_looks_like_json_is_refused() {
    for text in [
        "",
        " ",
        "nul",
        "True",
        "+1",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "'a'",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{,}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{a:1}"#,
        r#"{1:1}"#,
        r#"{"a":1]"#,
        "[1}",
        r#"{"a" 1}"#,
        r#""\x""#,
        r#""\u12"#,
        r#""\u12g4""#,
        "\"\n\"",
        "\"\u{1f}\"",
        "\"\\",
        "[[]",
        "{\"a\":{}",
        "//",
        "1/**/",
        "\u{feff}1",
    ] {
        assert_eq!(Json::read(text), None, "{text:?}");
        agrees(text);
    }
}

#[test]
fn what_is_special_in_a_string_is_found_wherever_it_stands() {
    for len in [0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 100] {
        for at in 0..len {
            for special in
                ["\"", "\\", "\\n", "\\u0041", "\u{0}", "\u{1f}", "\u{20}", "\u{7f}", "é", "🎥", "!", "#", "[", "]"]
            {
                let mut inside = "x".repeat(len);
                inside.insert_str(at, special);
                agrees(&format!("\"{inside}\""));
            }
        }
    }
}

#[test]
fn depth_is_no_matter() {
    for depth in [1, 63, 64, 65, 128, 129, 20_000] {
        for (open, middle, close) in [("[", "1", "]"), (r#"{"a":"#, "{}", "}"), (r#"[{"a":"#, "[]", "}]")] {
            let text = [open.repeat(depth), middle.to_owned(), close.repeat(depth)].concat();
            assert_eq!(Json::read(&text).map(Json::get), Some(text.as_str()), "{depth} of {open}");
            assert_eq!(Json::read(&text[1..]), None);
            assert_eq!(Json::read(&text[..text.len() - 1]), None);
            let crossed = text.replacen(close, if close == "]" { "}" } else { "]" }, 1);
            assert_eq!(Json::read(&crossed), None);
        }
    }
}

#[test]
fn half_a_surrogate_pair_is_json() {
    agrees(r#""\ud800""#);
    assert!(Json::read(r#"{"\ud800":"\udc00"}"#).is_some());
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_name_with_half_of_a_surrogate_pair_is_nobody_s() {
    let mut names = Vec::new();
    assert!(members(r#"{"\ud800":1,"\ud83c\udfa5":2}"#, |name, _| names.push(name.to_owned())));
    assert_eq!(names, ["\u{fffd}", "🎥"]);
}

#[test]
fn the_text_of_a_string_is_read_and_of_nothing_else() {
    let text = |json| Json::read(json).and_then(Json::text);
    assert!(matches!(text(r#""plain""#), Some(Cow::Borrowed("plain"))));
    assert_eq!(text(r#""\u00e9\n\"""#).as_deref(), Some("é\n\""));
    for json in [r#""\ud800""#, "1", "null", "[]", r#"{"a":"b"}"#] {
        assert_eq!(text(json), None, "{json}");
    }
}

#[test]
fn the_members_of_an_object_come_in_their_order() {
    let read = |text| {
        let mut found = Vec::new();
        members(text, |name, value| found.push(owned((name, value.get())))).then_some(found)
    };
    let text = " { \"a\" : 1 , \"\\u0062\":{\"c\": [ ]} ,\"a\":\"x\" } ";
    assert_eq!(read(text), Some([("a", "1"), ("b", "{\"c\": [ ]}"), ("a", "\"x\"")].map(owned).to_vec()));
    assert_eq!(read("{}"), Some(Vec::new()));
    for text in ["[]", "1", "null", "", "{} x", "{", "{\"a\"", "{\"a\":1", "{\"a\":1,"] {
        assert_eq!(read(text), None, "{text}");
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,80}|[\\x00-\\x7f]{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-c\"\\\\é]{0,3}", inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_and_so_is_what_is_left_when_it_is_damaged(
        value in json(), pretty: bool, at: prop::sample::Index, with in "[\\x00-\\x7f]{0,2}", gone in 0..3_usize,
    ) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.expect("JSON");
        prop_assert_eq!(Json::read(&text).map(Json::get), Some(text.as_str()));
        let characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        let behind = (at + gone).min(characters.len());
        let damaged: String = characters[..at].iter().copied().chain(with.chars()).chain(characters[behind..].iter().copied()).collect();
        prop_assert_eq!(Json::read(&damaged).map(Json::get), known(&damaged), "{:?}", damaged);
    }

    #[test]
    fn members_are_those_that_serde_json_finds(value in json()) {
        let text = value.to_string();
        let mut found = serde_json::Map::new();
        let is_object = members(&text, |name, value| {
            found.insert(name.to_owned(), serde_json::from_str(value.get()).expect("JSON"));
        });
        prop_assert_eq!(is_object.then_some(&found), value.as_object());
    }
}

//! How deep JSON is nested, told before it is parsed: parsers and those that walk the result recurse.

/// How deep a request may be nested.
pub const MAX: usize = 64;

/// Whether arrays and objects lie in each other more than `limit` deep. One pass, no memory. What is no JSON gets some answer: up to
/// its fault a parser sees the same nesting.
pub fn nests_deeper_than(json: &[u8], limit: usize) -> bool {
    // Without as many brackets there is no such depth; to count them takes a fraction of the way through the texts.
    if json.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() <= limit {
        return false;
    }
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_text(&mut bytes),
            b'[' | b'{' if depth == limit => return true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Goes on behind the quote that ends a text.
fn skip_text(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn nesting_is_counted_at_its_deepest() {
        for (json, depth) in [
            ("", 0),
            ("1", 0),
            ("[]", 1),
            ("[[],{}]", 2),
            ("[{\"a\":[]}]", 3),
            ("[[]][[]]", 2),
            (r#"["[[[[", {"{{{": "\"[[["}]"#, 2),
            (r#"["\\", [1]]"#, 2),
            (r#"["\\\"[[["]"#, 1),
        ] {
            assert!(!nests_deeper_than(json.as_bytes(), depth), "{json}");
            assert!(depth == 0 || nests_deeper_than(json.as_bytes(), depth - 1), "{json}");
        }
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!nests_deeper_than(nested(MAX).as_bytes(), MAX));
        assert!(nests_deeper_than(nested(MAX + 1).as_bytes(), MAX));
        assert!(nests_deeper_than("{\"a\":".repeat(100_000).as_bytes(), MAX));
    }

    #[test]
    fn what_is_no_json_does_no_harm() {
        for json in ["]]]]", "\"", "\"\\", "[\"", "}{", "\u{0}"] {
            assert!(!nests_deeper_than(json.as_bytes(), 1), "{json:?}");
        }
        assert!(!nests_deeper_than(&[0xff, b'[', 0xff], 1));
    }

    fn depth_of(value: &Value) -> usize {
        match value {
            Value::Array(values) => 1 + values.iter().map(depth_of).max().unwrap_or(0),
            Value::Object(members) => 1 + members.values().map(depth_of).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn some_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<i32>().prop_map(|number| json!(number)),
            "[\\[\\]{}\"\\\\a]{0,6}".prop_map(Value::from)
        ];
        leaf.prop_recursive(6, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[\\[{\"\\\\]{0,3}", inner), 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_the_depth_of_what_a_parser_makes_of_it(value in some_json()) {
            let (json, depth) = (value.to_string(), depth_of(&value));
            prop_assert!(!nests_deeper_than(json.as_bytes(), depth));
            prop_assert!(depth == 0 || nests_deeper_than(json.as_bytes(), depth - 1));
        }
    }
}

//! Percent-encoding in paths, as the originals' framework (Hono) undoes it.

use std::borrow::Cow;

/// Decodes one segment or parameter of a path. A run of escapes that is not UTF-8 as a whole stays as it is, as does a percent sign
/// without two hex digits; nothing is ever refused. A plus sign is a plus sign.
pub fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (plain, from) = rest.split_at(at);
        let run: Vec<u8> = from.as_bytes().chunks_exact(3).map_while(escaped).collect();
        // Without an escape the percent sign itself is text.
        let (escapes, after) = from.split_at((3 * run.len()).max(1));
        decoded.push_str(plain);
        decoded.push_str(std::str::from_utf8(&run).ok().filter(|run| !run.is_empty()).unwrap_or(escapes));
        rest = after;
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

fn escaped(escape: &[u8]) -> Option<u8> {
    let &[b'%', high, low] = escape else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_decoded() {
        for (text, decoded) in [
            ("", ""),
            ("movie", "movie"),
            ("a+b", "a+b"),
            ("a%20b", "a b"),
            ("a%2Fb%2fc", "a/b/c"),
            ("%F0%9F%98%80", "😀"),
            ("caf%C3%A9", "café"),
            ("café%21", "café!"),
            ("%00%0D%0A", "\0\r\n"),
            ("%2541", "%41"),
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
    }

    #[test]
    fn what_is_malformed_stays_text() {
        for text in
            ["%", "%%", "100%", "%4", "%zz", "%4g", "%é1", "%FF", "%C3", "%ED%A0%80", "%C0%AF", "%F4%90%80%80", "%+1"]
        {
            assert_eq!(decode(text), text);
        }
    }

    #[test]
    fn a_malformed_run_does_not_hinder_another() {
        for (text, decoded) in [
            ("%zz%20", "%zz "),
            ("%20%zz", " %zz"),
            ("%FFx%20", "%FFx "),
            ("%20x%FF", " x%FF"),
            ("%%20", "% "),
            ("%2%20", "%2 "),
            ("%41%FF", "%41%FF"),
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
    }

    #[test]
    fn what_has_no_escape_is_not_copied() {
        assert!(matches!(decode("plain"), Cow::Borrowed("plain")));
    }

    proptest! {
        #[test]
        fn every_text_survives_its_escapes(text: String) {
            let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(decode(&escaped), text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[%0-9a-fé]{0,24}") {
            prop_assert!(decode(&text).len() <= text.len());
        }
    }
}

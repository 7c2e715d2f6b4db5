//! The grammar that usernames, services and tags share.

/// `[a-z0-9]([a-z0-9.-]*[a-z0-9])?`: lower-case letters and digits, between them also dots and dashes.
pub(super) fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let at_an_end = |byte: Option<&u8>| byte.is_some_and(|byte| is_alphanumeric(*byte));
    at_an_end(bytes.first())
        && at_an_end(bytes.last())
        && bytes.iter().all(|byte| is_alphanumeric(*byte) || b".-".contains(byte))
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::is_label;

    #[test]
    fn a_label_begins_and_ends_with_a_letter_or_digit() {
        for label in ["a", "7", "a1", "a-b", "a--b", "com.example.chat", "0.-.0"] {
            assert!(is_label(label), "{label}");
        }
        for other in ["", "-", ".", "-a", "a-", ".a", "a.", "A", "aB", "a_b", "a b", "ä", "a\u{ff41}b", "a\n", "a\0b"]
        {
            assert!(!is_label(other), "{other:?}");
        }
    }
}

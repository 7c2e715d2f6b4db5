//! SQL's `LIKE`, as SQLite has it: `%` stands for any text, `_` for any character, and the case of ASCII letters does not count.

use std::collections::HashMap;

/// The longest pattern, in characters.
pub(super) const MAX: usize = 1024;

const BITS: usize = u64::BITS as usize;

/// One bit for each number of characters that may have been found so far.
const MAX_WORDS: usize = MAX / BITS + 1;

/// How topics begin. A topic is looked through once, whatever the pattern: all ways to match it are followed at the same time, each of them one bit.
pub(super) struct Beginning {
    /// Characters of the pattern, without `%`.
    length: usize,
    /// Where in the pattern a character may stand; of those that are not here, where any may.
    places: HashMap<char, Vec<u64>>,
    any: Vec<u64>,
    /// After how many characters of the pattern any others may come.
    gaps: Vec<u64>,
}

impl Beginning {
    /// Takes at most [`MAX`] characters; `None` for more.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let characters = || pattern.chars().filter(|character| *character != '%').enumerate();
        let length = characters().count();
        if length > MAX {
            return None;
        }
        let mut any = vec![0; length / BITS + 1];
        let mut gaps = any.clone();
        for (place, _) in characters().filter(|(_, character)| *character == '_') {
            set(&mut any, place);
        }
        let mut places = HashMap::new();
        for (place, character) in characters().filter(|(_, character)| *character != '_') {
            set(places.entry(character.to_ascii_lowercase()).or_insert_with(|| any.clone()), place);
        }
        let mut before = 0;
        for character in pattern.chars() {
            match character {
                '%' => set(&mut gaps, before),
                _ => before += 1,
            }
        }
        Some(Self { length, places, any, gaps })
    }

    /// Whether the topic begins so.
    pub(super) fn matches(&self, topic: &str) -> bool {
        // In bytes, of which each character is at least one.
        if topic.len() < self.length {
            return false;
        }
        let mut found = [0; MAX_WORDS];
        found[0] = 1;
        for character in topic.chars() {
            if has(&found, self.length) {
                return true;
            }
            let places = self.places.get(&character.to_ascii_lowercase()).unwrap_or(&self.any);
            let (mut carry, mut alive) = (0, 0);
            for (word, (place, gap)) in found.iter_mut().zip(places.iter().zip(&self.gaps)) {
                let hits = *word & place;
                *word = hits << 1 | carry | *word & gap;
                carry = hits >> (BITS - 1);
                alive |= *word;
            }
            if alive == 0 {
                return false;
            }
        }
        has(&found, self.length)
    }
}

fn set(words: &mut [u64], bit: usize) {
    words[bit / BITS] |= 1 << (bit % BITS);
}

fn has(words: &[u64], bit: usize) -> bool {
    words[bit / BITS] >> (bit % BITS) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn begins(topic: &str, pattern: &str) -> bool {
        Beginning::parse(pattern).expect("a pattern").matches(topic)
    }

    #[test]
    fn a_topic_begins_as_like_says() {
        for (pattern, topic) in [
            ("", ""),
            ("", "movie"),
            ("mo", "movie"),
            ("movie", "movie"),
            ("MO", "movie"),
            ("mo", "MOVIE"),
            ("%ovie", "movie"),
            ("%ie", "movie"),
            ("%", ""),
            ("%%%", "x"),
            ("_ovie", "movie"),
            ("m_v", "movie"),
            ("m%e", "movie"),
            ("_____", "movie"),
            ("_%_", "ab"),
            ("_", "😀"),
            ("É", "École"),
            ("a\0b", "a\0bc"),
            ("100\\%", "100\\ and more"),
            ("%aab", "aaaaaab"),
        ] {
            assert!(begins(topic, pattern), "{topic} like {pattern}%");
        }
        for (pattern, topic) in [
            ("zzz", "movie"),
            ("ovie", "movie"),
            ("movies", "movie"),
            ("______", "movie"),
            ("_", ""),
            ("__", "😀"),
            ("é", "École"),
            ("m%x", "movie"),
            ("%aab", "aaaaaa"),
        ] {
            assert!(!begins(topic, pattern), "{topic} like {pattern}%");
        }
    }

    #[test]
    fn a_pattern_may_be_long_and_no_longer() {
        for length in [BITS - 1, BITS, BITS + 1, 2 * BITS, MAX - 1, MAX] {
            let pattern = "x".repeat(length);
            assert!(begins(&pattern, &pattern) && !begins(&pattern[1..], &pattern), "{length}");
            assert!(begins(&format!("{}{pattern}", "x".repeat(99)), &format!("%{pattern}")));
        }
        assert!(Beginning::parse(&"_".repeat(MAX + 1)).is_none());
        assert!(begins("anything", &"%".repeat(100_000)));
    }

    /// What `LIKE` means, letter by letter.
    fn like(topic: &[char], pattern: &[char]) -> bool {
        match (pattern, topic) {
            ([], _) => true,
            (['%', pattern @ ..], _) => (0..=topic.len()).any(|skipped| like(&topic[skipped..], pattern)),
            (['_', pattern @ ..], [_, topic @ ..]) => like(topic, pattern),
            ([one, pattern @ ..], [other, topic @ ..]) => one.eq_ignore_ascii_case(other) && like(topic, pattern),
            (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_like_matches(topic in "[aAbé😀]{0,12}", pattern in "[aBé_%]{0,8}") {
            let (topic_chars, chars): (Vec<_>, Vec<_>) = (topic.chars().collect(), pattern.chars().collect());
            prop_assert_eq!(begins(&topic, &pattern), like(&topic_chars, &chars));
        }

        #[test]
        fn it_matches_across_words(topic in "[ab]{60,140}", pattern in "[ab_]{0,4}%[ab]{0,3}%[ab_]{55,75}") {
            let (topic_chars, chars): (Vec<_>, Vec<_>) = (topic.chars().collect(), pattern.chars().collect());
            prop_assert_eq!(begins(&topic, &pattern), like(&topic_chars, &chars));
        }
    }
}

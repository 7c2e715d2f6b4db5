//! Versions of services, and which of them may be given to a caller that asks for one.

use std::{cmp::Ordering, fmt, sync::Arc};

/// `major.minor.patch[-prerelease]`. It keeps its spelling, and equal versions are equal texts, because the original looks services
/// up by their text. The order is semver's precedence (2.0.0 §11); where that tells two texts not apart, the texts'.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Version {
    text: Arc<str>,
    /// Greater numbers than there are count as `u64::MAX`.
    numbers: [u64; 3],
}

impl Version {
    /// Bytes. The original knows no limit, but every service keeps a version.
    pub const MAX_LEN: usize = 256;

    /// Reads three numbers and, after a dash, any of `[a-z0-9.-]`. `None` for anything else, also for build metadata, a leading `v`
    /// and more than [`Self::MAX_LEN`].
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > Self::MAX_LEN {
            return None;
        }
        let (release, prerelease) = split(text);
        let mut numbers = release.split('.').map(number);
        let version = Self { text: text.into(), numbers: [numbers.next()??, numbers.next()??, numbers.next()??] };
        (numbers.next().is_none() && prerelease.is_none_or(is_prerelease)).then_some(version)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What follows the first dash.
    pub fn prerelease(&self) -> Option<&str> {
        split(&self.text).1
    }

    /// Whether a service of this version may be given to who asks for `requested`, as the original documents it: the same major, for
    /// 0.x also the same minor, and not older. Who asks for a prerelease gets that one only; who does not may get any.
    pub fn satisfies(&self, requested: &Self) -> bool {
        let ([major, minor, _], [asked_major, asked_minor, _]) = (self.numbers, requested.numbers);
        major == asked_major
            && (major != 0 || minor == asked_minor)
            && self.numbers >= requested.numbers
            && (requested.prerelease().is_none() || requested.prerelease() == self.prerelease())
    }
}

fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once('-').map_or((text, None), |(release, prerelease)| (release, Some(prerelease)))
}

fn number(digits: &str) -> Option<u64> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    // Digits that do not parse are too many.
    all_digits.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn is_prerelease(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
}

/// A field of a prerelease, in the order of semver: numbers by their value, which any number of digits may have, before words.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Field<'a> {
    Number(usize, &'a str),
    Word(&'a str),
}

impl<'a> Field<'a> {
    fn of(text: &'a str) -> Self {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::Word(text);
        }
        let digits = text.trim_start_matches('0');
        Self::Number(digits.len(), digits)
    }
}

/// A release comes after all that lead to it.
fn precedence(one: Option<&str>, other: Option<&str>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => one.split('.').map(Field::of).cmp(other.split('.').map(Field::of)),
        (one, other) => one.is_none().cmp(&other.is_none()),
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| precedence(self.prerelease(), other.prerelease()))
            .then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap_or_else(|| panic!("{text} is a version"))
    }

    #[test]
    fn a_version_is_three_numbers_and_perhaps_a_prerelease() {
        for text in ["0.0.0", "1.0.0", "01.002.3", "2.1.3-beta", "1.0.0-beta.1", "1.0.0--", "1.0.0-a-b", "1.0.0-.."] {
            assert_eq!(version(text).as_str(), text);
        }
        assert_eq!(version("1.0.0-a-b").prerelease(), Some("a-b"));
        assert_eq!(version("1.0.0").prerelease(), None);
    }

    #[test]
    fn nothing_else_is_a_version() {
        for text in [
            "",
            "1",
            "1.0",
            "1.0.0.0",
            "v1.0.0",
            "1.0.0+b1",
            "1.0.0-",
            "1.0.0-B",
            "1.0.0-a_b",
            "1..0",
            ".1.0",
            "1.0.",
            "+1.0.0",
            "1.0.0 ",
            " 1.0.0",
            "1.0.0:2",
            "1.x.0",
            "-1.0.0",
            "1.-1.0",
            "١.0.0",
            "1.0.0-ä",
            "1.0.0\n",
        ] {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn absurd_numbers_are_the_greatest_there_are() {
        let digits = "9".repeat(80);
        let absurd = version(&format!("{digits}.{digits}.{digits}"));
        assert!(absurd > version("18446744073709551614.0.0"));
        assert!(absurd.satisfies(&version(&format!("{digits}.0.0"))));
        assert_eq!(Version::parse(&format!("1.0.{}", "0".repeat(Version::MAX_LEN))), None);
    }

    #[test]
    fn the_order_is_semvers() {
        let ascending = [
            "0.9.9",
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-99999999999999999999999999",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.2.0",
            "1.10.0",
            "2.0.0",
        ];
        assert!(ascending.map(version).is_sorted_by(|one, other| one < other));
    }

    #[test]
    fn another_spelling_is_another_version() {
        let (plain, padded) = (version("1.0.0-1"), version("1.0.0-01"));
        assert_ne!(plain, padded);
        assert_ne!(plain.cmp(&padded), Ordering::Equal);
        assert!(plain.satisfies(&version("01.0.00")) && padded.satisfies(&version("1.0.0")));
    }

    #[test]
    fn the_same_major_and_not_older_satisfies() {
        for available in ["1.2.3", "1.2.4", "1.3.0", "1.10.0", "1.2.3-beta", "1.9.9-rc.1"] {
            assert!(version(available).satisfies(&version("1.2.3")), "{available}");
        }
        for available in ["1.2.2", "1.1.9", "0.9.9", "2.0.0", "12.0.0"] {
            assert!(!version(available).satisfies(&version("1.2.3")), "{available}");
        }
    }

    #[test]
    fn below_1_also_the_minor_must_be_the_same() {
        assert!(version("0.1.2").satisfies(&version("0.1.1")));
        for available in ["0.1.0", "0.2.0", "0.0.1", "1.1.1"] {
            assert!(!version(available).satisfies(&version("0.1.1")), "{available}");
        }
    }

    #[test]
    fn a_requested_prerelease_must_be_that_one() {
        let beta = version("1.0.0-beta");
        assert!(version("1.0.0-beta").satisfies(&beta) && version("1.1.0-beta").satisfies(&beta));
        for available in ["1.0.0", "1.1.0", "1.0.0-rc", "1.0.0-beta.1"] {
            assert!(!version(available).satisfies(&beta), "{available}");
        }
    }

    fn some_version() -> impl Strategy<Value = Version> {
        "[0-3]\\.[0-3]\\.0?[0-3](-[ab.0-2-]{1,4})?".prop_map(|text| version(&text))
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in some_version(), b in some_version(), c in some_version()) {
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
            prop_assert!(!(a <= b && b <= c) || a <= c);
        }

        #[test]
        fn every_version_satisfies_itself_and_no_other_major(a in some_version(), b in some_version()) {
            prop_assert!(a.satisfies(&a));
            prop_assert!(!a.satisfies(&b) || a.numbers[0] == b.numbers[0]);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9.a-z-]{0,300}") {
            let _ = Version::parse(&text);
        }
    }
}

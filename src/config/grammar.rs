//! How the text of a value is read, apart from where the value goes.

use std::{fmt::Display, str::FromStr, time::Duration};

use super::{
    cidr::{Cidr, NoNetwork},
    origin::OriginPattern,
    secret::{Key, Secret},
    units::{ByteSize, read_duration, show_duration},
};

/// A kind of value. [`Grammar::read`] reads what [`Grammar::show`] shows.
pub(super) trait Grammar {
    type Value;

    /// What stands for the value in the help, after the flag.
    const NAME: &'static str;

    /// What is accepted, for the help and for faults.
    fn takes(&self) -> String;

    /// The value of a trimmed text that is not empty; `None` when it is not accepted.
    fn read(&self, text: &str) -> Option<Self::Value>;

    /// What is wrong with a text that is not accepted, in printable characters, where that is more than that it is not
    /// what [`Grammar::takes`] says.
    fn why_not(&self, _: &str) -> Option<String> {
        None
    }

    fn show(&self, value: &Self::Value) -> String;

    /// Whether two values are one.
    fn same(&self, one: &Self::Value, other: &Self::Value) -> bool {
        self.show(one) == self.show(other)
    }
}

/// Yes or no.
pub(super) struct Switch;

impl Grammar for Switch {
    type Value = bool;
    const NAME: &'static str = "BOOL";

    fn takes(&self) -> String {
        "true, false, 1, 0, yes or no".to_owned()
    }

    fn read(&self, text: &str) -> Option<bool> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        }
    }

    fn show(&self, value: &bool) -> String {
        value.to_string()
    }
}

/// A whole number from the first to the second, both included.
pub(super) struct Number<T>(pub T, pub T);

impl<T: FromStr + Display + PartialOrd> Grammar for Number<T> {
    type Value = T;
    const NAME: &'static str = "NUMBER";

    fn takes(&self) -> String {
        format!("a whole number from {} to {}", self.0, self.1)
    }

    fn read(&self, text: &str) -> Option<T> {
        text.parse().ok().filter(|number| (&self.0..=&self.1).contains(&number))
    }

    fn show(&self, value: &T) -> String {
        value.to_string()
    }
}

/// A duration from the first to the second, both included; a bare number is seconds.
pub(super) struct Seconds(pub Duration, pub Duration);

impl Seconds {
    /// The suffix that a bare number gets.
    pub(super) const BARE: &'static str = "s";
}

impl Grammar for Seconds {
    type Value = Duration;
    const NAME: &'static str = "DURATION";

    fn takes(&self) -> String {
        takes_duration(self.0, self.1, "seconds")
    }

    fn read(&self, text: &str) -> Option<Duration> {
        read_duration(text, Self::BARE).filter(|duration| (&self.0..=&self.1).contains(&duration))
    }

    fn show(&self, value: &Duration) -> String {
        show_duration(*value)
    }
}

/// Zero, or what [`Seconds`] takes.
pub(super) struct SecondsIfAny(pub Duration, pub Duration);

impl Grammar for SecondsIfAny {
    type Value = Duration;
    const NAME: &'static str = Seconds::NAME;

    fn takes(&self) -> String {
        format!("0, or {}", Seconds(self.0, self.1).takes())
    }

    fn read(&self, text: &str) -> Option<Duration> {
        read_duration(text, Seconds::BARE)
            .filter(|duration| duration.is_zero() || (&self.0..=&self.1).contains(&duration))
    }

    fn show(&self, value: &Duration) -> String {
        show_duration(*value)
    }
}

/// A duration from the first to the second, both included; a bare number is milliseconds.
pub(super) struct Millis(pub Duration, pub Duration);

impl Grammar for Millis {
    type Value = Duration;
    const NAME: &'static str = Seconds::NAME;

    fn takes(&self) -> String {
        takes_duration(self.0, self.1, "milliseconds")
    }

    fn read(&self, text: &str) -> Option<Duration> {
        read_duration(text, "ms").filter(|duration| (&self.0..=&self.1).contains(&duration))
    }

    fn show(&self, value: &Duration) -> String {
        show_duration(*value)
    }
}

fn takes_duration(from: Duration, to: Duration, bare: &str) -> String {
    format!("a duration from {} to {}, a bare number is {bare}", show_duration(from), show_duration(to))
}

/// A number of bytes from the first to the second, both included.
pub(super) struct Size(pub ByteSize, pub ByteSize);

impl Grammar for Size {
    type Value = ByteSize;
    const NAME: &'static str = "SIZE";

    fn takes(&self) -> String {
        format!("a size from {} to {}, a bare number is bytes", self.0, self.1)
    }

    fn read(&self, text: &str) -> Option<ByteSize> {
        ByteSize::read(text).filter(|size| (&self.0..=&self.1).contains(&size))
    }

    fn show(&self, value: &ByteSize) -> String {
        value.to_string()
    }
}

/// One of these words, in any case.
pub(super) struct OneOf<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Grammar for OneOf<T> {
    type Value = T;
    const NAME: &'static str = "WORD";

    fn takes(&self) -> String {
        self.0.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or ")
    }

    fn read(&self, text: &str) -> Option<T> {
        self.0.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value)
    }

    fn show(&self, value: &T) -> String {
        self.0.iter().find(|(_, known)| known == value).map_or_else(String::new, |(word, _)| (*word).to_owned())
    }
}

/// A key in hexadecimal digits. It has no default, so there is nothing to show, and it is never shown.
pub(super) struct HexKey;

impl Grammar for HexKey {
    type Value = Key;
    const NAME: &'static str = "KEY";

    fn takes(&self) -> String {
        format!("{} hexadecimal digits", 2 * Key::LEN)
    }

    fn read(&self, text: &str) -> Option<Key> {
        Key::read(text)
    }

    fn show(&self, _: &Key) -> String {
        String::new()
    }

    fn same(&self, one: &Key, other: &Key) -> bool {
        one.is(other.reveal())
    }
}

/// A word that opens something. It is shown as little as a key.
pub(super) struct Token;

impl Grammar for Token {
    type Value = Secret;
    const NAME: &'static str = "TOKEN";

    fn takes(&self) -> String {
        format!("a token of at most {} letters, digits and -._~+/=", Secret::MAX_LEN)
    }

    fn read(&self, text: &str) -> Option<Secret> {
        Secret::read(text)
    }

    fn show(&self, _: &Secret) -> String {
        String::new()
    }

    fn same(&self, one: &Secret, other: &Secret) -> bool {
        one.is(other.reveal().as_bytes())
    }
}

/// A text in the form that a function of [`super::text`] asks for and returns.
pub(super) struct Text {
    pub takes: &'static str,
    pub read: fn(&str) -> Option<String>,
}

impl Grammar for Text {
    type Value = String;
    const NAME: &'static str = "TEXT";

    fn takes(&self) -> String {
        self.takes.to_owned()
    }

    fn read(&self, text: &str) -> Option<String> {
        (self.read)(text)
    }

    fn show(&self, value: &String) -> String {
        value.clone()
    }
}

/// Patterns of origins between commas. Empty entries and repetitions are dropped.
pub(super) struct OriginList;

impl Grammar for OriginList {
    type Value = Vec<OriginPattern>;
    const NAME: &'static str = "LIST";

    fn takes(&self) -> String {
        "origins like https://app.example, host names, https://*.example.com, null or * between commas".to_owned()
    }

    fn read(&self, text: &str) -> Option<Vec<OriginPattern>> {
        distinct(entries(text).map(OriginPattern::parse))
    }

    fn show(&self, value: &Vec<OriginPattern>) -> String {
        joined(value)
    }
}

/// Networks and addresses between commas. Empty entries and repetitions are dropped.
pub(super) struct NetworkList;

impl Grammar for NetworkList {
    type Value = Vec<Cidr>;
    const NAME: &'static str = "LIST";

    fn takes(&self) -> String {
        "addresses and networks like 10.0.0.0/8 or 2001:db8::/32 between commas".to_owned()
    }

    fn read(&self, text: &str) -> Option<Vec<Cidr>> {
        distinct(entries(text).map(|entry| Cidr::read(entry).ok()))
    }

    fn why_not(&self, text: &str) -> Option<String> {
        entries(text).find_map(|entry| match Cidr::read(entry) {
            Err(NoNetwork::Beyond(network)) => {
                Some(format!("{entry} has bits set behind its prefix: expected {network}"))
            }
            Err(NoNetwork::Form) | Ok(_) => None,
        })
    }

    fn show(&self, value: &Vec<Cidr>) -> String {
        joined(value)
    }
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// All of them without repetitions; `None` when one is none.
fn distinct<T: PartialEq>(read: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let mut distinct = Vec::new();
    for entry in read {
        let entry = entry?;
        if !distinct.contains(&entry) {
            distinct.push(entry);
        }
    }
    Some(distinct)
}

fn joined(list: &[impl Display]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

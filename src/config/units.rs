//! Durations and sizes as people write them.

use std::{fmt, time::Duration};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const GIB: usize = 1024 * MIB;
const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// A number of bytes. Shown in the largest unit that divides it (`256KiB`), as it is also written in a setting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ByteSize(usize);

impl ByteSize {
    /// `bytes` bytes.
    pub const fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> usize {
        self.0
    }

    /// Reads a whole number of `GiB`, `MiB`, `KiB` or `B` in any case; a bare number is bytes.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (number, suffix) = split_digits(text);
        let scale = match suffix.trim_start().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kib" => KIB,
            "mib" => MIB,
            "gib" => GIB,
            _ => return None,
        };
        number.parse::<usize>().ok()?.checked_mul(scale).map(Self)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0B"),
            bytes if bytes % GIB == 0 => write!(f, "{}GiB", bytes / GIB),
            bytes if bytes % MIB == 0 => write!(f, "{}MiB", bytes / MIB),
            bytes if bytes % KIB == 0 => write!(f, "{}KiB", bytes / KIB),
            bytes => write!(f, "{bytes}B"),
        }
    }
}

/// The digits that `text` starts with, and what follows them.
fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Reads a sequence of decimal numbers with `h`, `m`, `s` or `ms` (`1h30m`, `1.5s`), which add up; a number without
/// any suffix has the suffix `bare`. Exact to the nanosecond.
pub(super) fn read_duration(text: &str, bare: &str) -> Option<Duration> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut rest = text;
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        let (suffix, tail) = tail.split_at(tail.find(is_number).unwrap_or(tail.len()));
        let suffix = if number.len() == text.len() { bare } else { suffix };
        nanos = nanos.checked_add(scaled(number, nanos_of(suffix)?)?)?;
        rest = tail;
    }
    let seconds = u64::try_from(nanos / NANOS_PER_SECOND).ok()?;
    let subsecond = u32::try_from(nanos % NANOS_PER_SECOND).ok()?;
    (!text.is_empty()).then(|| Duration::new(seconds, subsecond))
}

const fn nanos_of(suffix: &str) -> Option<u128> {
    match suffix.as_bytes() {
        b"ms" => Some(1_000_000),
        b"s" => Some(NANOS_PER_SECOND),
        b"m" => Some(60 * NANOS_PER_SECOND),
        b"h" => Some(3600 * NANOS_PER_SECOND),
        _ => None,
    }
}

/// `number`, such as `1.5`, times `scale`, in whole numbers: a float would make `1.1s` something else.
fn scaled(number: &str, scale: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = u32::try_from(fraction.len()).ok()?;
    let whole = u128::from(whole.parse::<u64>().ok()?).checked_mul(scale)?;
    let fraction = u128::from(fraction.parse::<u64>().ok()?).checked_mul(scale)? / 10_u128.checked_pow(digits)?;
    whole.checked_add(fraction)
}

/// A duration as [`read_duration`] reads it, in the units that a person would choose.
pub(super) fn show_duration(duration: Duration) -> String {
    let whole_millis = duration.subsec_nanos().is_multiple_of(1_000_000);
    if duration.is_zero() {
        return "0s".to_owned();
    }
    if duration.as_secs() == 0 && whole_millis {
        return format!("{}ms", duration.subsec_millis());
    }
    let (hours, minutes) = (duration.as_secs() / 3600, duration.as_secs() / 60 % 60);
    let seconds = format!("{}.{:09}", duration.as_secs() % 60, duration.subsec_nanos());
    let seconds = seconds.trim_end_matches('0').trim_end_matches('.');
    [(hours.to_string(), "h"), (minutes.to_string(), "m"), (seconds.to_owned(), "s")]
        .iter()
        .filter(|(number, _)| number != "0")
        .map(|(number, suffix)| format!("{number}{suffix}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("1025", 1025),
            ("7B", 7),
            ("64KiB", 65_536),
            ("64 kib", 65_536),
            ("1MiB", 1_048_576),
            ("1GiB", GIB),
        ] {
            assert_eq!(ByteSize::read(text), Some(ByteSize::new(bytes)), "{text}");
        }
        for text in
            ["", "B", "KiB", "-1", "+1", "1.5MiB", "1KB", "1k", "1 K iB", "0x10", "١", "18446744073709551615KiB"]
        {
            assert_eq!(ByteSize::read(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_unit_that_divides_them() {
        for (bytes, text) in [
            (0, "0B"),
            (1025, "1025B"),
            (4096, "4KiB"),
            (MIB, "1MiB"),
            (1025 * KIB, "1025KiB"),
            (1025 * MIB, "1025MiB"),
            (3 * GIB, "3GiB"),
        ] {
            assert_eq!(ByteSize::new(bytes).to_string(), text);
        }
    }

    #[test]
    fn durations() {
        for (text, millis) in [
            ("0", 0),
            ("20", 20_000),
            ("1.5", 1500),
            ("300ms", 300),
            ("20s", 20_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1500),
            ("0.5h", 1_800_000),
            ("1m1m", 120_000),
        ] {
            assert_eq!(read_duration(text, "s"), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "", "s", "ms", "-1s", "+1s", "1h30", "1.s", ".5s", "1.2.3s", "1 s", "1S", "1d", "1e3", "1,5s", "1..", ".",
            "٣s",
        ] {
            assert_eq!(read_duration(text, "s"), None, "{text}");
        }
        assert_eq!(read_duration("99999999999999999999h", "s"), None, "more than a duration holds");
        assert_eq!(read_duration("18446744073709551615h", "s"), None, "more than a duration holds");
    }

    #[test]
    fn a_bare_number_has_the_unit_of_its_setting() {
        assert_eq!(read_duration("1500", "ms"), Some(Duration::from_millis(1500)));
        assert_eq!(read_duration("2s", "ms"), Some(Duration::from_secs(2)));
    }

    #[test]
    fn durations_are_shown_as_people_write_them() {
        for text in ["0s", "1ms", "300ms", "1s", "1.5s", "20s", "1m", "10m", "1h", "1h30m", "1h30m1.5s", "24h", "10s"] {
            assert_eq!(read_duration(text, "s").map(show_duration).as_deref(), Some(text));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[0-9.hmskKiIbB +-]{0,24}|\\PC*") {
            let _ = read_duration(&text, "s");
            let _ = ByteSize::read(&text);
        }

        #[test]
        fn every_size_is_read_as_it_is_shown(bytes in any::<usize>()) {
            for size in [bytes, bytes / MIB * KIB, bytes / MIB * MIB, bytes / GIB * GIB].map(ByteSize::new) {
                prop_assert_eq!(ByteSize::read(&size.to_string()), Some(size));
            }
        }

        #[test]
        fn every_duration_is_read_as_it_is_shown(seconds in any::<u64>(), nanos in 0..1_000_000_000_u32) {
            let millis = Duration::from_millis(seconds % 100_000_000);
            for duration in [Duration::new(seconds, nanos), millis] {
                prop_assert_eq!(read_duration(&show_duration(duration), "s"), Some(duration));
            }
        }
    }
}

//! Durations, sizes and dates, as options give them and reports print them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serializer;

/// `300ms`, `10s`, `1m30s`, `1h`; a bare number is seconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let invalid = || format!("{text:?} is not a duration such as 300ms, 10s or 1m30s");
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut rest = text;
    let mut total_ms = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let (number, tail) = rest.split_at(digits);
        let unit_len = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_len);
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(invalid()),
        };
        let number: u64 = number.parse().map_err(|_| invalid())?;
        total_ms = number.checked_mul(unit_ms).and_then(|ms| total_ms.checked_add(ms)).ok_or_else(invalid)?;
        rest = tail;
    }
    if text.is_empty() { Err(invalid()) } else { Ok(Duration::from_millis(total_ms)) }
}

/// [`parse_duration`], of at most so many seconds.
pub fn parse_duration_up_to<const SECONDS: u64>(text: &str) -> Result<Duration, String> {
    let (duration, most) = (parse_duration(text)?, Duration::from_secs(SECONDS));
    if duration <= most { Ok(duration) } else { Err(format!("must be at most {most:?}")) }
}

/// Serialises a duration as seconds.
pub fn as_seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// A number of bytes: `1024`, `1KiB`, `1MiB`.
pub fn parse_bytes(text: &str) -> Result<usize, String> {
    let invalid = || format!("{text:?} is not a size such as 120, 4KiB or 1MiB");
    let (number, unit) = match text {
        _ if text.ends_with("KiB") => (&text[..text.len() - 3], 1 << 10),
        _ if text.ends_with("MiB") => (&text[..text.len() - 3], 1 << 20),
        _ => (text, 1),
    };
    let number: usize = number.trim_end().parse().map_err(|_| invalid())?;
    number.checked_mul(unit).ok_or_else(invalid)
}

/// [`parse_bytes`], within these bounds.
pub fn parse_bytes_within<const LEAST: usize, const MOST: usize>(text: &str) -> Result<usize, String> {
    let bytes = parse_bytes(text)?;
    if (LEAST..=MOST).contains(&bytes) { Ok(bytes) } else { Err(format!("must be {LEAST} to {MOST} bytes")) }
}

/// Digits in groups of three, with `decimals` places.
pub fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(w, f)| (w, Some(f)));
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// `2026-01-31T12:00:00Z` (RFC 3339, UTC).
pub fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's civil_from_days: years begin in March, so that the leap day is a year's last. Day 0 is 0000-03-01.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_units_and_compounds() {
        for (text, ms) in [("10", 10_000), ("300ms", 300), ("10s", 10_000), ("1m30s", 90_000), ("1h", 3_600_000)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "s", "10x", "-1s", "1.5s", "10s5", "99999999999999999999s", "99999999999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_take_binary_units() {
        for (text, bytes) in [("120", 120), ("4KiB", 4_096), ("4 KiB", 4_096), ("1MiB", 1 << 20)] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "KiB", "-1", "1KB", "99999999999999999999", "99999999999999999MiB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!(grouped(1_234_567.0, 0), "1,234,567");
        assert_eq!(grouped(-1_234.56, 1), "-1,234.6");
        assert_eq!(grouped(999.0, 2), "999.00");
    }

    #[test]
    fn dates_mind_leap_years() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_767_225_599), "2025-12-31T23:59:59Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
    }
}

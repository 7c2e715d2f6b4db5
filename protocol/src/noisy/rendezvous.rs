//! The JSON of `/rendezvous/code` and `/rendezvous/redeem`.

use serde_json::Deserializer;
use time::{UtcDateTime, format_description::well_known::Rfc3339};

use super::{
    AppId, Code,
    members::{self, Field, Members},
};
use crate::Timestamp;

/// 9999-12-31T23:59:59.999Z: a later year has more digits than RFC 3339 has places for.
const LAST_MILLI: u64 = 253_402_300_799_999;

/// A moment as RFC 3339 writes it: UTC, `Z`, a fraction only where there is one and without zeros at its end.
/// Moments after the year 9999 are its last.
pub fn rfc3339(moment: Timestamp) -> String {
    let nanos = i128::from(moment.millis().min(LAST_MILLI)) * 1_000_000;
    UtcDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .expect("a year from 1970 to 9999 has its text")
}

/// What is answered to who asked for a code.
pub fn minted(app: AppId, code: Code, expires: Timestamp) -> String {
    format!("{{\"appID\":\"{app}\",\"code\":\"{code}\",\"expiresAt\":\"{}\"}}\n", rfc3339(expires))
}

/// What is answered to who redeemed a code.
pub fn redeemed(app: AppId, expires: Timestamp) -> String {
    format!("{{\"appID\":\"{app}\",\"expiresAt\":\"{}\"}}\n", rfc3339(expires))
}

/// The code in the body of a redeem, an object with a field `code` in either case; of a repeated one the last counts, `null` is no value,
/// other fields and what stands behind the object say nothing. `None` for anything else, and where the field is no code.
pub fn read_code(body: &[u8]) -> Option<Code> {
    struct Body<'a>(Field<'a>);

    impl<'a> Members<'a> for Body<'a> {
        fn field(&mut self, name: &str) -> Option<&mut Field<'a>> {
            name.eq_ignore_ascii_case("code").then_some(&mut self.0)
        }
    }

    let Body(code) = members::read_first(&mut Deserializer::from_slice(body), Body(Field::for_text()))?;
    Code::parse(&code.text()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::OffsetDateTime;

    const APP: AppId = AppId::from_bytes([0x11; 16]);

    #[test]
    fn a_moment_has_as_many_digits_as_it_needs() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1, "1970-01-01T00:00:00.001Z"),
            (1_709_210_096_120, "2024-02-29T12:34:56.12Z"),
            (1_709_210_096_700, "2024-02-29T12:34:56.7Z"),
            (1_709_210_096_000, "2024-02-29T12:34:56Z"),
            (LAST_MILLI, "9999-12-31T23:59:59.999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(Timestamp::from_millis(millis)), text);
        }
    }

    #[test]
    fn answers_are_one_line_each() {
        let (code, expires) = (Code::new(42, 4).expect("a code"), Timestamp::from_millis(1_709_210_096_700));
        assert_eq!(
            minted(APP, code, expires),
            "{\"appID\":\"11111111-1111-1111-1111-111111111111\",\"code\":\"0042\",\"expiresAt\":\"2024-02-29T12:34:56.7Z\"}\n"
        );
        assert_eq!(
            redeemed(APP, expires),
            "{\"appID\":\"11111111-1111-1111-1111-111111111111\",\"expiresAt\":\"2024-02-29T12:34:56.7Z\"}\n"
        );
    }

    #[test]
    fn a_code_is_read_as_the_original_reads_it() {
        for (body, code) in [
            (r#"{"code":"12345678"}"#, "12345678"),
            (r#"{"CODE":"0042","extra":[1,2]} trailing garbage"#, "0042"),
            (" \r\n\t{ \"Code\" : \"0042\" }{", "0042"),
            (r#"{"code":"1111","cOdE":"2222"}"#, "2222"),
            (r#"{"code":"1111","code":null}"#, "1111"),
            (r#"{"\u0063ode":"\u0031234"}"#, "1234"),
            (r#"{"\ud800":"\ud800","code":"1234"}"#, "1234"),
        ] {
            assert_eq!(read_code(body.as_bytes()), Code::parse(code), "{body}");
        }
        assert_eq!(read_code(b"{\"code\":\"1234\",\"x\":\"\xff\"}\xff"), Code::parse("1234"));
    }

    #[test]
    fn what_the_original_refuses_is_no_code() {
        for body in [
            "",
            " ",
            "{",
            "{}",
            "null",
            "[]",
            r#""1234""#,
            "1234",
            r#"["1234"]"#,
            r#"{"code":""}"#,
            r#"{"code":1234}"#,
            r#"{"code":null}"#,
            r#"{"code":["1234"]}"#,
            r#"{"code":"123"}"#,
            r#"{"code":"123456789"}"#,
            r#"{"code":"12a4"}"#,
            r#"{"code":" 1234"}"#,
            r#"{"code":"1234\n"}"#,
            r#"{"code":"\ud800"}"#,
            r#"{"code":"1234""#,
            r#"{"code":"1234",}"#,
            r#"{"code":1234,"code":"1234"}"#,
            r#"{code:"1234"}"#,
            "\u{feff}{\"code\":\"1234\"}",
            "code=1234",
        ] {
            assert_eq!(read_code(body.as_bytes()), None, "{body}");
        }
        assert_eq!(read_code(b"{\"code\":\"123\xff\"}"), None);
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = "[".repeat(1_000_000);
        assert_eq!(read_code(deep.as_bytes()), None);
        let deep = format!(r#"{{"x":{deep}{},"code":"1234"}}"#, "]".repeat(1_000_000));
        assert_eq!(read_code(deep.as_bytes()), Code::parse("1234"));
    }

    proptest! {
        #[test]
        fn a_moment_survives_its_text(millis in 0..=LAST_MILLI) {
            let text = rfc3339(Timestamp::from_millis(millis));
            let read = OffsetDateTime::parse(&text, &Rfc3339).expect("RFC 3339");
            prop_assert_eq!(read.unix_timestamp_nanos(), i128::from(millis) * 1_000_000);
            prop_assert!(text.ends_with('Z'));
            prop_assert!(!text.contains('.') || !text.ends_with("0Z"), "{}", text);
        }

        #[test]
        fn no_body_makes_it_panic(body: Vec<u8>) {
            let _ = read_code(&body);
        }
    }
}

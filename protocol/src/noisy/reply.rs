//! What a client is told. What the original says, too, is spelled as there, with its keys in that order and a newline.

use std::io::Write;

/// Both sides are here.
pub const ROOM_FULL: &str = "{\"type\":\"room_full\"}\n";

/// The other side has gone.
pub const PEER_LEFT: &str = "{\"type\":\"peer_left\"}\n";

/// An item of the mailbox for its reader, as the original's documents have it. `payload` is [compact](super::compact()).
pub fn item(seq: u64, payload: &str, out: &mut Vec<u8>) {
    put(out, format_args!("{{\"payload\":{payload},\"seq\":{seq},\"type\":\"send\"}}\n"));
}

/// The same, as the published package understands it.
pub fn deliver(seq: u64, payload: &str, out: &mut Vec<u8>) {
    put(out, format_args!(r#"{{"type":"deliver","seq":{seq},"payload":{payload}}}"#));
}

/// The `send` with this `id`, JSON, is kept as item `seq`.
pub fn sent(id: &str, seq: u64, out: &mut Vec<u8>) {
    put(out, format_args!(r#"{{"type":"sent","id":{id},"seq":{seq}}}"#));
}

/// The errors of this wire. None of them closes the socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorCode {
    BufferFull,
    MailboxFull,
    BadRecipient,
    StorageUnavailable,
}

impl ErrorCode {
    pub const ALL: &'static [Self] =
        &[Self::BufferFull, Self::MailboxFull, Self::BadRecipient, Self::StorageUnavailable];

    /// The `code` on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorCode::BufferFull => "BUFFER_FULL",
            ErrorCode::MailboxFull => "MAILBOX_FULL",
            ErrorCode::BadRecipient => "BAD_RECIPIENT",
            ErrorCode::StorageUnavailable => "STORAGE_UNAVAILABLE",
        }
    }

    /// The `message` on the wire, for people.
    pub const fn message(self) -> &'static str {
        match self {
            ErrorCode::BufferFull => "Too much is waiting for the other side",
            ErrorCode::MailboxFull => "The mailbox is full",
            ErrorCode::BadRecipient => "The recipient must be A or B",
            ErrorCode::StorageUnavailable => "The storage is unavailable",
        }
    }
}

/// An error; `id`, JSON, is that of the `send` which met it.
pub fn error(code: ErrorCode, id: Option<&str>, out: &mut Vec<u8>) {
    put(out, format_args!(r#"{{"type":"error","code":"{}","message":"{}""#, code.name(), code.message()));
    if let Some(id) = id {
        put(out, format_args!(r#","id":{id}"#));
    }
    out.push(b'}');
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every byte");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = b"before ".to_vec();
        write(&mut out);
        String::from_utf8(out).expect("UTF-8").strip_prefix("before ").expect("appended").to_owned()
    }

    #[test]
    fn an_item_is_spelled_as_the_original_does() {
        assert_eq!(written(|out| item(4, "{\"n\":0}", out)), "{\"payload\":{\"n\":0},\"seq\":4,\"type\":\"send\"}\n");
        assert_eq!(
            written(|out| item(u64::MAX, "null", out)).len(),
            r#"{"payload":null,"seq":,"type":"send"}"#.len() + 21
        );
    }

    #[test]
    fn an_item_has_another_envelope_for_the_published_package() {
        assert_eq!(written(|out| deliver(1, "\"p\"", out)), r#"{"type":"deliver","seq":1,"payload":"p"}"#);
    }

    #[test]
    fn a_receipt_repeats_the_id_as_it_was_written() {
        assert_eq!(written(|out| sent("1.50", 7, out)), r#"{"type":"sent","id":1.50,"seq":7}"#);
        assert_eq!(written(|out| sent(r#""\u0061""#, 7, out)), r#"{"type":"sent","id":"\u0061","seq":7}"#);
    }

    #[test]
    fn an_error_names_the_send_that_met_it() {
        assert_eq!(
            written(|out| error(ErrorCode::MailboxFull, Some("\"x\""), out)),
            r#"{"type":"error","code":"MAILBOX_FULL","message":"The mailbox is full","id":"x"}"#
        );
    }

    #[test]
    fn every_error_is_json_with_a_code_of_its_own() {
        for (index, code) in ErrorCode::ALL.iter().enumerate() {
            assert_eq!(*code as usize, index);
            let frame: Value = serde_json::from_str(&written(|out| error(*code, None, out))).expect("JSON");
            assert_eq!(
                (&frame["type"], &frame["code"], &frame["message"]),
                (&"error".into(), &code.name().into(), &code.message().into())
            );
            assert_eq!(ErrorCode::ALL.iter().filter(|other| other.name() == code.name()).count(), 1, "{code:?}");
        }
    }

    #[test]
    fn the_fixed_frames_are_lines() {
        for (frame, name) in [(ROOM_FULL, "room_full"), (PEER_LEFT, "peer_left")] {
            assert_eq!(frame, format!("{{\"type\":\"{name}\"}}\n"));
        }
    }
}

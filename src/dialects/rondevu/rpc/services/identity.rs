//! Who has sent a request: the user that its message names, when the key that holds that name has signed the message.
//!
//! A name that nobody holds is claimed by its first use, for the key that the request brings along. A signature is good
//! for one method, and for five minutes before and after the time in it.

use meetpoint_protocol::{
    Timestamp,
    rondevu::{Username, base64},
};

use super::{
    super::call::{Call, Failure},
    request::Request,
    words::refused,
};
use crate::{
    core::book::Refusal,
    guard::signature::{PublicKey, Signature},
};

/// How far a client's clock may be from the server's, in milliseconds.
const TOLERANCE: u64 = 300_000;

/// Whom a request comes from.
///
/// # Errors
/// In this order: no user in the message, a name that cannot be claimed, a wrong signature, a message that is none of
/// this method, an old one, a key that has another name.
pub(super) fn user<'a>(call: &mut Call<'_>, request: &Request<'a>) -> Result<&'a str, Failure> {
    let name = request.signed.username.ok_or_else(|| {
        Failure::new(match request.method {
            "publishService" => "Username required for service publishing",
            _ => "Username required",
        })
    })?;
    let book = &call.rondevu.book;
    let wall = call.rondevu.clock.wall();
    let Some(held) = book.name(call.now, name) else {
        let key = request.public_key.ok_or_else(|| {
            let error = format!("Username \"{name}\" is not claimed and no public key provided for auto-claim.");
            Failure::new(error)
        })?;
        Username::parse(name).map_err(|error| Failure::new(error.to_string()))?;
        let key = signer(request, key).ok_or_else(|| Failure::new("Invalid signature for auto-claim"))?;
        check_message(request, request.method, wall)?;
        let claimed = book.claim(call.now, name, &spelled(&key)).map_err(|refusal| match refusal {
            // Somebody else was faster, and now the key is a wrong one.
            Refusal::NameTaken => Failure::new(INVALID_SIGNATURE),
            other => refused(other, book.limits()),
        })?;
        call.keep(claimed);
        return Ok(name);
    };
    signer(request, &held.public_key).ok_or_else(|| Failure::new(INVALID_SIGNATURE))?;
    check_message(request, request.method, wall)?;
    // Who only asks is not refused because the storage takes nothing; another use will renew the name.
    if let Ok(renewed) = book.renew(call.now, name) {
        call.keep(renewed);
    }
    Ok(name)
}

/// What a wrong signature is told, on every way.
pub(super) const INVALID_SIGNATURE: &str = "Invalid signature";

/// The key that is spelled so, if its owner has signed the request.
pub(super) fn signer(request: &Request, key: &str) -> Option<PublicKey> {
    let (key, signature) = (PublicKey::from_base64(key)?, Signature::from_base64(request.signature)?);
    key.verifies(request.message.as_bytes(), &signature).then_some(key)
}

/// How a key is kept and told: in one spelling, so that it holds one name.
pub(super) fn spelled(key: &PublicKey) -> String {
    base64::encode(key.as_bytes())
}

/// Whether a message is one for this action, of about this time.
fn check_message(request: &Request, action: &str, wall: Timestamp) -> Result<(), Failure> {
    if request.signed.parts < 3 {
        return Err(Failure::new("Invalid message format: must have at least action:username:timestamp"));
    }
    if request.signed.action != action {
        return Err(Failure::new(format!("Invalid message format: action must be {action}")));
    }
    check_time(request, wall)
}

/// Whether a message is of about this time.
pub(super) fn check_time(request: &Request, wall: Timestamp) -> Result<(), Failure> {
    let signed = request.signed.timestamp().ok_or_else(|| Failure::new("Invalid timestamp in message"))?;
    let apart = i64::try_from(wall.millis()).unwrap_or(i64::MAX).abs_diff(signed);
    if apart > TOLERANCE {
        return Err(Failure::new("Timestamp too old or too far in future (tolerance: 300s)"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: u64 = 1_733_404_800_000;

    fn checked(message: &str) -> Result<(), String> {
        let request = json!({"method": "poll", "message": message, "signature": "s"});
        let request = Request::read(&request).unwrap_or_else(|failure| panic!("{}", failure.error));
        check_message(&request, "poll", Timestamp::from_millis(NOW)).map_err(|failure| failure.error)
    }

    #[test]
    fn a_message_is_good_for_its_method_and_for_five_minutes() {
        for message in [
            "poll:alice:1733404800000",
            "poll:alice:1733404800000ms",
            "poll:alice:chat:1.0.0@alice:1733404800000",
            "poll:alice: 1733404800000",
            "poll:alice:1733404500000",
            "poll:alice:1733405100000",
        ] {
            assert_eq!(checked(message), Ok(()), "{message}");
        }
        let format = "Invalid message format: must have at least action:username:timestamp";
        let action = "Invalid message format: action must be poll";
        let number = "Invalid timestamp in message";
        let stale = "Timestamp too old or too far in future (tolerance: 300s)";
        for (message, error) in [
            ("poll:alice", format),
            ("other", format),
            ("anything:alice:1733404800000", action),
            ("Poll:alice:1733404800000", action),
            (" poll:alice:soon", action),
            (":alice:1733404800000", action),
            ("poll:alice:soon", number),
            ("poll:alice:", number),
            ("poll:alice:NaN", number),
            ("poll:alice:1733404499999", stale),
            ("poll:alice:1733405100001", stale),
            ("poll:alice:0", stale),
            ("poll:alice:-1733404800000", stale),
            ("poll:alice:99999999999999999999999", stale),
            ("poll:alice:-99999999999999999999999", stale),
        ] {
            assert_eq!(checked(message), Err(error.to_owned()), "{message}");
        }
    }

    #[test]
    fn a_signature_is_its_keys_and_its_messages() {
        let key = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=";
        let signature = "mPR1B2A7SroUy373IN4JbCkO+zjc3WIVHQhaaIrx4/bLycV9uDqVQZRAYtXaZLjBv4/J//Ic/Z1oG077C+TuAQ==";
        let signed = |message: &str, signature: &str, key: &str| {
            let request = json!({"method": "poll", "message": message, "signature": signature});
            let request = Request::read(&request).unwrap_or_else(|failure| panic!("{}", failure.error));
            signer(&request, key).map(|key| spelled(&key))
        };
        let message = "poll:alice:1733404800000";
        assert_eq!(signed(message, signature, key).as_deref(), Some(key));
        assert_eq!(signed(message, signature, key.trim_end_matches('=')).as_deref(), Some(key));
        assert_eq!(signed("poll:alice:1733404800001", signature, key), None);
        assert_eq!(signed(message, "AAAA", key), None);
        assert_eq!(signed(message, "====", key), None);
        assert_eq!(signed(message, signature, "AAAA"), None);
        assert_eq!(signed(message, signature, ""), None);
    }
}

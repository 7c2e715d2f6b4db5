//! Names: who has which, and claiming one without doing anything else.

use meetpoint_protocol::{
    Timestamp,
    rondevu::{Username, UsernameError},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::call::{Call, Failure, Outcome, result},
    identity::{INVALID_SIGNATURE, check_time, signer, spelled},
    request::Request,
    words::refused,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a Value>,
    available: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    claim: Option<Claim<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claim<'a> {
    claimed_at: Timestamp,
    expires_at: Timestamp,
    public_key: &'a str,
}

/// Tells whether a name is anybody's, and whose. Whoever asks need not prove anything; what cannot be a name is
/// nobody's.
pub(super) fn get_user(call: &mut Call<'_>, request: &Request) -> Outcome {
    let username = request.param("username");
    let held = username.and_then(Value::as_str).and_then(|name| call.rondevu.book.name(call.now, name));
    let claim = held.as_ref().map(|held| Claim {
        claimed_at: held.claimed,
        expires_at: held.expires,
        public_key: &held.public_key,
    });
    result(&User { username, available: claim.is_none(), claim })
}

#[derive(Serialize)]
struct Claimed<'a> {
    success: bool,
    username: &'a str,
}

/// Claims a name for a key, or renews it.
///
/// # Errors
/// In this order: no name, another message than `claim:{username}:{timestamp}`, an old one, a wrong signature, a name
/// or a key that is taken.
pub(super) fn claim_username(call: &mut Call<'_>, request: &Request) -> Outcome {
    let name = request.param("username").and_then(Value::as_str).ok_or(UsernameError::NotText);
    let name = name.and_then(Username::parse).map_err(|error| Failure::new(error.to_string()))?;
    let signed = &request.signed;
    if signed.parts != 3 || signed.action != "claim" || signed.username != Some(name.as_str()) {
        return Err(Failure::new("Invalid message format (expected: claim:{username}:{timestamp})"));
    }
    check_time(request, call.rondevu.clock.wall())?;
    let key = request.text("publicKey").and_then(|key| signer(request, key));
    let key = key.ok_or_else(|| Failure::new(INVALID_SIGNATURE))?;
    let book = &call.rondevu.book;
    let claimed = book.claim(call.now, name.as_str(), &spelled(&key));
    call.keep(claimed.map_err(|refusal| refused(refusal, book.limits()))?);
    result(&Claimed { success: true, username: name.as_str() })
}

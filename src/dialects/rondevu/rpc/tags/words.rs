//! The sentences of this generation for what the book refuses.

use super::{super::call::Failure, code};
use crate::{
    core::book::Refusal,
    dialects::rondevu::reply::{FULL, UNAVAILABLE},
};

/// What a refusal is called here. Those that tell numbers are the methods' own; whatever does not happen here is not
/// found.
pub(super) fn refused(refusal: &Refusal) -> Failure {
    match refusal {
        Refusal::Answered => Failure::coded(code::OFFER_ALREADY_ANSWERED, "Offer already answered"),
        Refusal::NonceSpent => Failure::coded(code::INVALID_CREDENTIALS, "Nonce already used (replay attack detected)"),
        Refusal::Full => Failure::coded(code::STORAGE_FULL, FULL),
        Refusal::Unavailable => Failure::coded(code::STORAGE_UNAVAILABLE, UNAVAILABLE),
        Refusal::NotFound
        | Refusal::NotYours
        | Refusal::WrongSecret
        | Refusal::IdTaken
        | Refusal::TooManyOffers
        | Refusal::TooManyCandidates
        | Refusal::UnknownTags(_)
        | Refusal::NameTaken
        | Refusal::KeyTaken
        | Refusal::CodeSpent
        | Refusal::NoCodeFree
        | Refusal::MailboxFull => not_found(),
    }
}

pub(super) fn not_found() -> Failure {
    Failure::coded(code::OFFER_NOT_FOUND, "Offer not found")
}

//! The sentences of this generation for what the book refuses.

use super::super::call::Failure;
use crate::{
    core::book::{Limits, Refusal},
    dialects::rondevu::reply::{FULL, UNAVAILABLE},
};

/// What a refusal is called here. Whatever does not happen here is not found.
pub(super) fn refused(refusal: Refusal, limits: &Limits) -> Failure {
    Failure::new(match refusal {
        Refusal::Answered => "Offer already answered".to_owned(),
        Refusal::TooManyOffers => format!("Too many offers per user (max {})", limits.per_owner),
        Refusal::TooManyCandidates => {
            format!("Too many candidates for this offer (max {} per side)", Limits::CANDIDATES_PER_SIDE)
        }
        Refusal::IdTaken => "Offer already exists".to_owned(),
        Refusal::NameTaken => "Username already claimed by different public key".to_owned(),
        Refusal::KeyTaken => "Public key already claimed by a different username".to_owned(),
        Refusal::Full => FULL.to_owned(),
        Refusal::Unavailable => UNAVAILABLE.to_owned(),
        Refusal::NotFound
        | Refusal::NotYours
        | Refusal::WrongSecret
        | Refusal::UnknownTags(_)
        | Refusal::NonceSpent
        | Refusal::CodeSpent
        | Refusal::NoCodeFree
        | Refusal::MailboxFull => OFFER_NOT_FOUND.to_owned(),
    })
}

pub(super) const OFFER_NOT_FOUND: &str = "Offer not found";

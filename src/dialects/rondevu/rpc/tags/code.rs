//! What programs read of an error; people read the sentence. The originals' codes, and one of meetpoint's own.

pub const AUTH_REQUIRED: &str = "AUTH_REQUIRED";
pub const INVALID_CREDENTIALS: &str = "INVALID_CREDENTIALS";
pub const INVALID_PUBLIC_KEY: &str = "INVALID_PUBLIC_KEY";
pub const INVALID_TAG: &str = "INVALID_TAG";
pub const INVALID_SDP: &str = "INVALID_SDP";
pub const INVALID_PARAMS: &str = "INVALID_PARAMS";
pub const MISSING_PARAMS: &str = "MISSING_PARAMS";
pub const UNKNOWN_METHOD: &str = "UNKNOWN_METHOD";
pub const OFFER_NOT_FOUND: &str = "OFFER_NOT_FOUND";
pub const OFFER_ALREADY_ANSWERED: &str = "OFFER_ALREADY_ANSWERED";
pub const OFFER_NOT_ANSWERED: &str = "OFFER_NOT_ANSWERED";
pub const NOT_AUTHORIZED: &str = "NOT_AUTHORIZED";
pub const TOO_MANY_OFFERS: &str = "TOO_MANY_OFFERS";
pub const TOO_MANY_OFFERS_PER_USER: &str = "TOO_MANY_OFFERS_PER_USER";
pub const TOO_MANY_ICE_CANDIDATES: &str = "TOO_MANY_ICE_CANDIDATES";
pub const SDP_TOO_LARGE: &str = "SDP_TOO_LARGE";
pub const BATCH_TOO_LARGE: &str = "BATCH_TOO_LARGE";
pub const RATE_LIMIT_EXCEEDED: &str = "RATE_LIMIT_EXCEEDED";
pub const STORAGE_FULL: &str = "STORAGE_FULL";
/// Of meetpoint: the original has no storage that refuses for a while.
pub const STORAGE_UNAVAILABLE: &str = "STORAGE_UNAVAILABLE";

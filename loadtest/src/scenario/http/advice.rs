//! What to do about an answer that was not due.

use crate::http::{Answer, faults};

/// The words for such an answer.
pub fn wrong(answer: &Answer<'_>) -> String {
    faults::wrong(answer, |status| match status {
        404 => " (expired? SESSION_TIMEOUT must outlast the run)",
        429 | 507 => " (start the server with a larger MAX_OFFERS, or anew: what earlier runs announced counts too)",
        _ => "",
    })
}

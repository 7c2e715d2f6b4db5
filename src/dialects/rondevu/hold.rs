//! Polls that are held open until something arrives.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use crate::core::book::{Book, Heard};

/// The longest that a poll is held.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// How long a client wants to be held, in milliseconds: `wait` of its request.
///
/// # Errors
/// It is no number, or below 0.
pub(super) fn wait(value: Option<&Value>) -> Result<Option<Duration>, InvalidWait> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let millis = value.as_f64().filter(|millis| *millis >= 0.0).ok_or(InvalidWait)?;
    Ok(Some(Duration::from_secs_f64(millis.min(LONGEST.as_millis() as f64) / 1000.0)))
}

/// Not a number of milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct InvalidWait;

/// Looks until there is something, for as long as `wait` says: once when it is absent. `look` tells what there is to answer, and whether that is anything new.
pub(super) async fn hold<T>(
    book: &Book,
    whom: Heard,
    wait: Option<Duration>,
    mut look: impl FnMut() -> (T, bool),
) -> T {
    let Some(wait) = wait else { return look().0 };
    let mut listening = book.arrivals().listen(whom);
    let first = async {
        loop {
            let (found, is_new) = look();
            if is_new {
                break Some(found);
            }
            if !listening.arrival().await {
                break None;
            }
        }
    };
    match timeout(wait, first).await {
        Ok(Some(found)) => found,
        _ => look().0,
    }
}

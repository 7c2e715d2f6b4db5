//! What a connection hears for which there is no place: an answer to a request that nobody has read.

use crate::guard::connections::Full;

/// So many refusals may be under way; whoever comes beyond them hears nothing. They hold descriptors out of the reserve.
pub(super) const AT_ONCE: usize = 32;

/// An answer with everything that HTTP needs, the same for everybody.
macro_rules! answer {
    ($status:literal, $length:literal, $retry_after:literal, $sentence:literal) => {
        concat!(
            "HTTP/1.1 ",
            $status,
            "\r\nContent-Type: application/json\r\nContent-Length: ",
            $length,
            "\r\nRetry-After: ",
            $retry_after,
            "\r\nConnection: close\r\n\r\n{\"error\":\"",
            $sentence,
            "\"}"
        )
    };
}

pub(super) const fn answer(full: Full) -> &'static str {
    match full {
        Full::Server => answer!("503 Service Unavailable", "30", "10", "The server is full"),
        Full::Client => answer!("429 Too Many Requests", "32", "10", "Too many connections"),
        Full::Rate => answer!("503 Service Unavailable", "33", "2", "Too many come at once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_and_times_are_what_they_say() {
        for full in [Full::Server, Full::Client, Full::Rate] {
            let (head, body) = answer(full).split_once("\r\n\r\n").expect("a head");
            assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{} {head}", body.len());
            assert!(head.contains(&format!("\r\nRetry-After: {}\r\n", full.retry_after().seconds())), "{head}");
            assert!(serde_json::from_str::<serde_json::Value>(body).is_ok_and(|body| body["error"].is_string()));
        }
    }
}

//! The forms that texts must have.

use std::net::IpAddr;

use tracing_subscriber::EnvFilter;

/// Paths that the server answers itself, which no setting may take.
const OWN_PATHS: &[&str] = &[
    "/",
    "/rooms",
    "/send",
    "/status",
    "/client.js",
    "/ws",
    "/health",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/asyncapi.json",
    "/topics",
    "/answer",
    "/poll",
    "/register",
    "/offers",
    "/rpc",
    "/rendezvous/code",
    "/rendezvous/redeem",
];

/// The first segments of paths whose rest is anything.
const OWN_TREES: &[&str] = &["assets", "client", "offers", "peers"];

/// The second and last segments of paths whose first is any topic.
const OF_TOPICS: &[&str] = &["offer", "sessions"];

/// The longest version or instance name: both are metric labels and part of answers.
const MAX_NAME: usize = 128;

/// An IP address, for IPv6 with or without brackets, or a host name. Returned without brackets.
pub(super) fn host(text: &str) -> Option<String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    (bare.parse::<IpAddr>().is_ok() || is_name).then(|| bare.to_owned())
}

/// A path of unreserved characters (RFC 3986 §2.3) that a router takes literally and a client does not rewrite.
pub(super) fn route(text: &str) -> Option<String> {
    let plain = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let fits = text.strip_prefix('/').is_some_and(|path| path.split('/').all(plain));
    (fits && !is_own(text)).then(|| text.to_owned())
}

/// Whether the server answers that path itself.
fn is_own(path: &str) -> bool {
    OWN_PATHS.contains(&path)
        || match path.split('/').skip(1).collect::<Vec<_>>().as_slice() {
            [_, last] if OF_TOPICS.contains(last) => true,
            [first, _, ..] => OWN_TREES.contains(first),
            _ => false,
        }
}

/// A path of a file, without control characters.
pub(super) fn file(text: &str) -> Option<String> {
    (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
}

/// A level, or directives for `EnvFilter`. A word that is neither level nor directive would be taken for the name of
/// a module, and `LOG_LEVEL=verbose` would silence the server: it is refused.
pub(super) fn log_filter(text: &str) -> Option<String> {
    let is_level = |word: &str| {
        ["off", "error", "warn", "info", "debug", "trace"].iter().any(|level| level.eq_ignore_ascii_case(word))
    };
    // Commas also stand inside of a span's brackets, where only `EnvFilter` knows what they mean.
    let plain = text.contains('[') || text.split(',').all(|part| part.contains('=') || is_level(part));
    (plain && EnvFilter::builder().parse(text).is_ok()).then(|| text.to_owned())
}

/// Printable ASCII, at most 128 characters.
pub(super) fn name(text: &str) -> Option<String> {
    (text.len() <= MAX_NAME && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for text in ["0.0.0.0", "127.0.0.1", "::", "::1", "localhost", "a-b.example", "db_1"] {
            assert_eq!(host(text).as_deref(), Some(text));
        }
        assert_eq!(host("[::1]").as_deref(), Some("::1"));
        for text in ["", "a b", "http://a", "a/b", "a:80", "[a]", "[::1", "ä.example"] {
            assert_eq!(host(text), None, "{text}");
        }
    }

    #[test]
    fn routes() {
        for text in [
            "/metrics",
            "/internal/metrics",
            "/m-1_.~",
            "/ws2",
            "/offer",
            "/sessions",
            "/peers",
            "/client",
            "/status/metrics",
            "/a/b/offer",
        ] {
            assert_eq!(route(text).as_deref(), Some(text));
        }
        let bad = [
            "", "metrics", "//", "/a/", "/a//b", "/./a", "/..", "/{a}", "/*a", "/:a", "/a?b", "/a#b", "/a b", "/ä",
            "/%41",
        ];
        for text in bad.iter().chain(OWN_PATHS) {
            assert_eq!(route(text), None, "{text}");
        }
        for tree in [
            "/offers/mine",
            "/offers/answers",
            "/offers/by-topic/a",
            "/peers/a/offers",
            "/peers/a",
            "/assets/a",
            "/client/rooms.js",
            "/client/a/b",
        ] {
            assert_eq!(route(tree), None, "{tree}");
        }
        for topic in ["/metrics/offer", "/metrics/sessions", "/ws/offer"] {
            assert_eq!(route(topic), None, "{topic}");
        }
    }

    #[test]
    fn files() {
        for text in ["./meetpoint.db", "/var/lib/meet point/é.db", ":memory:", "a"] {
            assert_eq!(file(text).as_deref(), Some(text));
        }
        for text in ["", "a\0b", "a\nb", "\u{7f}"] {
            assert_eq!(file(text), None, "{text}");
        }
    }

    #[test]
    fn log_filters() {
        for text in [
            "off",
            "error",
            "WARN",
            "info",
            "debug",
            "trace",
            "info,meetpoint=debug",
            "warn,meetpoint::chat=trace",
            "meetpoint[connection{id=3}]=trace",
        ] {
            assert_eq!(log_filter(text).as_deref(), Some(text));
        }
        for text in [
            "verbose",
            "info,verbose",
            "meetpoint",
            "3",
            "meetpoint=loud",
            "info;debug",
            "info, meetpoint=debug",
            "[",
            "a=b=c",
        ] {
            assert_eq!(log_filter(text), None, "{text}");
        }
    }

    #[test]
    fn names() {
        let longest = "x".repeat(MAX_NAME);
        for text in ["1.2.3", "pod 7 (blue)", "~", longest.as_str()] {
            assert_eq!(name(text).as_deref(), Some(text));
        }
        for text in ["é", "a\tb", "a\nb", "\u{7f}", &"x".repeat(MAX_NAME + 1)] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}

//! Origins of web pages (RFC 6454 §4), and the patterns by which an operator names those that are welcome.

use std::fmt;

use url::Url;

/// One entry of the list of origins. Comparison ignores the case of scheme and host, minds the port, and never goes by
/// the end of a text: `evil-example.com` is not below `example.com`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OriginPattern {
    text: String,
    form: Form,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Form {
    /// `*`
    Any,
    /// The literal `null` of sandboxed pages and files.
    Null,
    /// `https://app.example:8443`
    Exact(Origin),
    /// `https://*.example.com`: any name below, not `example.com` itself.
    Below(Origin),
    /// `app.example`: any scheme and port.
    Host(String),
}

/// What a page is identified by.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl OriginPattern {
    /// `None` for what can match no origin.
    pub fn parse(entry: &str) -> Option<Self> {
        let form = if entry == "*" {
            Form::Any
        } else if entry.eq_ignore_ascii_case("null") {
            Form::Null
        } else if let Some((scheme, name)) = entry.split_once("://*.") {
            Form::Below(Origin::parse(&format!("{scheme}://{name}"))?)
        } else if entry.contains("://") {
            Form::Exact(Origin::parse(entry)?)
        } else {
            let bracketed = entry.starts_with('[') && entry.ends_with(']');
            let origin = Origin::parse(&format!("http://{entry}")).filter(|_| bracketed || !entry.contains(':'))?;
            Form::Host(origin.host)
        };
        Some(Self { text: entry.to_owned(), form })
    }

    /// The entry as it was written, where it names one origin in full.
    pub fn as_origin(&self) -> Option<&str> {
        matches!(self.form, Form::Exact(_)).then_some(&self.text)
    }

    /// Whether this is `*`.
    pub fn is_any(&self) -> bool {
        self.form == Form::Any
    }

    /// Whether the pattern stands for `origin`, the value of an `Origin` header.
    pub fn matches(&self, origin: &str) -> bool {
        match &self.form {
            Form::Any => true,
            Form::Null => origin == "null",
            Form::Exact(exact) => Origin::parse(origin).is_some_and(|origin| origin == *exact),
            Form::Below(parent) => Origin::parse(origin).is_some_and(|origin| {
                let below = origin.host.strip_suffix(&parent.host);
                let named = below.is_some_and(|name| name.len() > 1 && name.ends_with('.') && !name.starts_with('.'));
                named && (&origin.scheme, origin.port) == (&parent.scheme, parent.port)
            }),
            Form::Host(host) => Origin::parse(origin).is_some_and(|origin| origin.host == *host),
        }
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Origin {
    /// A scheme, a host and perhaps a port, and nothing else: no user, no path, no query.
    fn parse(text: &str) -> Option<Self> {
        let (_, authority) = text.split_once("://")?;
        if authority.is_empty()
            || authority.ends_with(':')
            || authority.contains(['/', '\\', '?', '#', '@', '*'])
            || !text.is_ascii()
        {
            return None;
        }
        if text.bytes().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()) {
            return None;
        }
        let url = Url::parse(text).ok()?;
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().filter(|host| !host.is_empty())?.to_ascii_lowercase(),
            port: url.port_or_known_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, origin: &str) -> bool {
        OriginPattern::parse(pattern).expect("a pattern").matches(origin)
    }

    #[test]
    fn an_exact_origin_is_compared_by_scheme_host_and_port() {
        for origin in ["https://app.example", "HTTPS://APP.EXAMPLE", "https://app.example:443"] {
            assert!(matches("https://app.example", origin), "{origin}");
        }
        assert!(matches("http://localhost:3000", "http://localhost:3000"));
        assert!(matches("https://[::1]:8443", "https://[::1]:8443"));
        assert!(!matches("http://localhost:3000", "http://localhost"));
        for origin in [
            "http://app.example",
            "https://app.example:8443",
            "https://app.example.evil",
            "https://evil-app.example",
            "https://app.example@evil.example",
            "https://app.example:",
            "https://app.example/",
            "https://app.example?",
            "https://app.example#",
            "https://app.example\\.evil.example",
            "https://app.example\t",
            "https://ap\tp.example",
            "https://app.example.",
            "https://\u{430}pp.example",
            "https://xn--pp-7kc.example",
            "app.example",
            "//app.example",
            "null",
            "*",
            "",
        ] {
            assert!(!matches("https://app.example", origin), "{origin}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_names_below_only() {
        for origin in ["https://a.example.com", "https://a.b.example.com"] {
            assert!(matches("https://*.example.com", origin), "{origin}");
        }
        for origin in [
            "https://example.com",
            "https://evil-example.com",
            "https://.example.com",
            "http://a.example.com",
            "https://a.example.com:8443",
        ] {
            assert!(!matches("https://*.example.com", origin), "{origin}");
        }
    }

    #[test]
    fn a_host_name_stands_for_any_scheme_and_port() {
        assert!(matches("App.Example", "http://app.example:81") && matches("App.Example", "https://app.example"));
        assert!(!matches("app.example", "https://sub.app.example"));
    }

    #[test]
    fn null_is_matched_only_by_name() {
        assert!(matches("null", "null") && matches("*", "null"));
        assert!(!matches("null", "https://null") && !matches("https://null", "null"));
    }

    #[test]
    fn what_can_match_no_origin_is_no_pattern() {
        for entry in ["https://a.example/path", "a b", "https://", "x.example:80", "https://a@b", "*.example.com", ""] {
            assert_eq!(OriginPattern::parse(entry), None, "{entry}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_the_listed_origin_matches(
            origin in "(https?://)?[a-z.@:/\\\\*%\\[\\]0-9-]{0,24}(app\\.example)?[a-z.:/0-9@-]{0,8}"
        ) {
            let listed = ["https://app.example", "https://app.example:443"].contains(&origin.as_str());
            prop_assert_eq!(matches("https://app.example", &origin), listed, "{}", origin);
        }
    }
}

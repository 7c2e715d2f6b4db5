//! What follows the question mark.

use std::borrow::Cow;

use meetpoint_protocol::rondevu::path;

/// A value of the query, decoded as in forms; the first where there are several. Without an equals sign it is empty.
pub(super) fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    let pairs = query?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(key, value)| (decoded(key), value)).find(|(key, _)| key == name).map(|(_, value)| decoded(value))
}

fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains('+') { Cow::Owned(path::decode(&text.replace('+', " ")).into_owned()) } else { path::decode(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_decoded_as_in_forms() {
        for (query, value) in [
            ("limit=2", Some("2")),
            ("page=1&limit=2&limit=3", Some("2")),
            ("limit", Some("")),
            ("limit=", Some("")),
            ("l%69mit=a=b", Some("a=b")),
            ("limit=%25ovie+x%2B", Some("%ovie x+")),
            ("limit=%zz+%FF", Some("%zz %FF")),
            ("", None),
            ("Limit=2&xlimit=3&limits=4", None),
        ] {
            assert_eq!(parameter(Some(query), "limit").as_deref(), value, "{query}");
        }
        assert_eq!(parameter(None, "limit"), None);
    }
}

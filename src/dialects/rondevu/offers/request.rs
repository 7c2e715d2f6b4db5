//! What a request says beside its body: which offer is meant, and how the answer is to be.

use std::borrow::Cow;

use http::Uri;
use meetpoint_protocol::rondevu::path;

use crate::dialects::rondevu::query;

/// The path's segment of that number, counted from 0, decoded.
pub(super) fn segment(uri: &Uri, number: usize) -> Cow<'_, str> {
    path::decode(uri.path().split('/').nth(number + 1).unwrap_or_default())
}

/// A query parameter's value, where there is one and it is not empty.
pub(super) fn parameter<'a>(uri: &'a Uri, name: &str) -> Option<Cow<'a, str>> {
    query::parameter(uri.query(), name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().expect("a URI")
    }

    #[test]
    fn a_segment_is_found_by_its_number_and_decoded() {
        let uri = uri("/offers/by-topic/a%2Fb%20c%zz?x=/y/z");
        assert_eq!(segment(&uri, 0), "offers");
        assert_eq!(segment(&uri, 2), "a/b c%zz");
        assert_eq!(segment(&uri, 3), "");
    }

    #[test]
    fn the_first_parameter_of_a_name_counts() {
        let uri = uri("/t?limit=1&limit=2&bloom=a+b%2Bc&empty=&empty=x&bare");
        assert_eq!(parameter(&uri, "limit").as_deref(), Some("1"));
        assert_eq!(parameter(&uri, "bloom").as_deref(), Some("a b+c"));
        for name in ["empty", "bare", "absent"] {
            assert_eq!(parameter(&uri, name), None, "{name}");
        }
    }
}
